"""A photograph goes in by curl; what comes out has the promised size, likeness, digests and headers."""

import json
import re
import subprocess
import tempfile
from email.utils import parsedate_to_datetime

from pictures import GAUSSIAN, decoded, luma, plain_preview, psnr, resized_in_full, ssim
from service import Report, Response, Service, shared

PREVIEW_BYTES_MAX = 57_000
THUMBNAIL_BYTES_MAX = 9_000
PREVIEW_SSIM_MIN = 0.980

# ARCHITECTURE.md §3, and what docs/API.md has beside.
IMMUTABLE = "public, max-age=31536000, immutable, stale-while-revalidate=86400, stale-if-error=604800"
LATEST = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
FIXED = {
    "content-type": "image/webp",
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
    "content-security-policy": "default-src 'none'; sandbox",
    "access-control-allow-origin": "*",
}
VARYING = {
    *("cache-control", "content-length", "date", "etag", "last-modified", "cache-tag", "surrogate-key"),
    *("repr-digest", "cache-status", "content-disposition", "access-control-expose-headers"),
}
TAGS = re.compile(r"[a-z0-9._-]+(?:[ ,]+[a-z0-9._-]+)*")


def upload_by_curl(service, photo):
    """As in the README, so that it is curl's multipart that is parsed and not one of our own making."""
    with tempfile.NamedTemporaryFile() as body:
        said = subprocess.run(
            [
                *("curl", "--silent", "--show-error", "--output", body.name),
                *("--write-out", "%{http_code} %header{location}"),
                *("-F", f"file=@{photo}", f"http://127.0.0.1:{service.port}/v1/assets"),
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        status, _, location = said.stdout.partition(" ")
        return Response(int(status), [("location", location)], body.read())


def check_rendition(report, service, manifest, name, size, bytes_max):
    """One rendition's figures against the manifest and the bounds; returns its bytes."""
    promised = manifest["renditions"][name]
    served = service.get(promised["url"])
    report.expect(served.status == 200, f"{name}: GET {promised['url']} answers {served.status}")
    pixels = decoded(served.body)
    found = f"{pixels.shape[1]}x{pixels.shape[0]}"
    report.expect(found == size, f"{name}: {found} (is to be {size})")
    report.expect(f"{promised['width']}x{promised['height']}" == found, f"{name}: the manifest's size is the picture's")
    report.expect(len(served.body) <= bytes_max, f"{name}: {len(served.body)} bytes (at most {bytes_max})")
    report.expect(
        promised["bytes"] == len(served.body), f"{name}: the manifest's {promised['bytes']} bytes are those served"
    )
    report.expect(promised["sha256"] == served.sha256, f"{name}: the manifest's digest is that of the bytes served")
    check_headers(report, name, served, IMMUTABLE)
    latest = service.get(re.sub(r"/v1/", "/latest/", promised["url"]))
    report.expect(latest.status == 200 and latest.body == served.body, f"{name}: `latest` serves the same bytes")
    check_headers(report, f"{name} (latest)", latest, LATEST)
    head = service.request("HEAD", promised["url"])
    same = [field for field in head.fields if field[0] != "date"] == [
        field for field in served.fields if field[0] != "date"
    ]
    report.expect(head.status == 200 and same and not head.body, f"{name}: HEAD is GET without its body")
    return served.body


def check_headers(report, name, served, cache_control):
    """The header section is exactly what the design and docs/API.md have: nothing missing, more, or twice."""
    names = [field for field, _ in served.fields]
    wanted = set(FIXED) | VARYING
    report.expect(
        set(names) == wanted,
        f"{name}: header names; missing {sorted(wanted - set(names))}, extra {sorted(set(names) - wanted)}",
    )
    report.expect(len(names) == len(set(names)), f"{name}: no header field comes twice")
    for field, value in {**FIXED, "cache-control": cache_control}.items():
        report.expect(served.header(field) == value, f"{name}: {field}: {served.header(field)}")
    report.expect(served.header("content-length") == str(len(served.body)), f"{name}: content-length is the body's")
    tag = served.header("etag") or ""
    made_of_digest = re.fullmatch(r'"([0-9a-f]{16,64})[^"]*"', tag)
    report.expect(
        bool(made_of_digest) and served.sha256.startswith(made_of_digest[1]),
        f"{name}: etag {tag} is strong, and the digest's",
    )
    for field in ("date", "last-modified"):
        value = served.header(field) or ""
        report.expect(is_http_date(value), f"{name}: {field}: {value}")
    for field in ("cache-tag", "surrogate-key"):
        value = served.header(field) or ""
        report.expect(bool(TAGS.fullmatch(value)), f"{name}: {field}: {value}")


def check_likeness(report, photo, preview):
    reference, made = resized_in_full(photo, 1280), decoded(preview)
    likeness = ssim(luma(reference), luma(made))
    report.expect(
        likeness >= PREVIEW_SSIM_MIN,
        f"preview: luma SSIM {likeness:.4f} (at least {PREVIEW_SSIM_MIN:.3f}; 8×8 windows), "
        f"PSNR {psnr(reference, made):.2f} dB",
    )
    report.note(f"with the 11×11 Gaussian window: {ssim(luma(reference), luma(made), GAUSSIAN):.4f}")
    # The control: were the ruler another than PERFORMANCE.md's, plain libvips would not measure .9805 and 39.13 dB.
    plain = plain_preview(photo, 1280)
    likeness = ssim(luma(reference), luma(decoded(plain)))
    report.note(f"plain libvips: {likeness:.4f}, {psnr(reference, decoded(plain)):.2f} dB, {len(plain)} bytes")


def is_http_date(value):
    """IMF-fixdate, the only form that a sender may use (RFC 9110 §5.6.7)."""
    if not re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value):
        return False
    return parsedate_to_datetime(value) is not None


def main():
    photo = shared("photos/bench12.jpg")
    report = Report("first light: bench12.jpg through the service")
    with Service() as service:
        answer = upload_by_curl(service, photo)
        if not report.expect(answer.status == 201, f"curl -F file=@{photo.name}: {answer.status} (is to be 201)"):
            report.note(answer.body[:500].decode(errors="replace"))
            report.finish()
        manifest = answer.json()
        report.note(json.dumps(manifest))
        report.expect(
            answer.header("location") == f"/v1/assets/{manifest['id']}", f"location: {answer.header('location')}"
        )
        source = manifest["source"]
        report.expect(
            (source["width"], source["height"]) == (4000, 3000), f"source: {source['width']}x{source['height']}"
        )
        report.expect(source["bytes"] == photo.stat().st_size, f"source: {source['bytes']} bytes")
        preview = check_rendition(report, service, manifest, "preview", "1280x960", PREVIEW_BYTES_MAX)
        check_rendition(report, service, manifest, "thumbnail", "320x240", THUMBNAIL_BYTES_MAX)
    check_likeness(report, photo, preview)
    report.finish()


if __name__ == "__main__":
    main()
