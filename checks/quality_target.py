"""A preset that asks for a likeness, over all photographs: where it lands, what it takes, and what it saves.

Both sizes of the default pair. `exact` is the rendition without loss: what was given to the encoder. SSIM is measured
here as well, by numpy from the pixels of the served files; the service measures the Y planes.
"""

import math

import pyvips

from pictures import GAUSSIAN, decoded, luma, ssim
from service import Report, Service, photos

TARGET = 0.985
LANDING = 0.002
ENCODES_MEAN_MAX = 4
SAVED_MIN = 0.10
# Between planes that both went to RGB and back, and planes that did not.
MEASURES_APART_MAX = 0.002
SIDES = (320, 1280)
# What the best fixed quality is looked for among.
QUALITIES = range(60, 101)


def preset(name, side, options):
    return f"{name}-{side}:w={side},h={side},{options},lossless={int(name == 'exact')}".replace(",,", ",")


def presets():
    return ";".join(
        preset(name, side, options)
        for side in SIDES
        for name, options in (("target", f"ssim={TARGET}"), ("exact", ""))
    )


def measure(service, path, side, manifest):
    """A row: what the search found, and how far that is from what a client can measure."""
    target, exact = (manifest["renditions"][f"{name}-{side}"] for name in ("target", "exact"))
    files = [service.get(one["url"]).body for one in (target, exact)]
    seen = likeness(*files)
    return {
        "photo": path.name,
        "quality": target["quality"],
        "ssim": target["ssim"],
        "seen": seen,
        "encodes": target["encodes"],
        "bytes": target["bytes"],
        "exact": files[1],
    }


def bare_bytes(webp):
    """The length of a WebP with loss without what libvips 8.14.1 puts around it: header and one chunk."""
    at = 12
    while webp[at : at + 4] != b"VP8 ":
        at += 8 + (int.from_bytes(webp[at + 4 : at + 8], "little") + 1) // 2 * 2
    return 12 + 8 + (int.from_bytes(webp[at + 4 : at + 8], "little") + 1) // 2 * 2


def likeness(file, exact):
    return ssim(luma(decoded(file)), luma(decoded(exact)), window=GAUSSIAN)


def fixed(rows):
    """The lowest whole quality that gives every photograph the target, and the bytes that all have then."""
    pictures = [pyvips.Image.new_from_buffer(row["exact"], "") for row in rows]
    lowest = math.floor(max(row["quality"] for row in rows)) - 1
    for quality in (one for one in QUALITIES if one >= lowest):
        files = [picture.webpsave_buffer(Q=quality, effort=4) for picture in pictures]
        if min(likeness(file, row["exact"]) for file, row in zip(files, rows)) >= TARGET:
            return quality, [bare_bytes(file) for file in files]
    return None, []


def judge(report, side, rows):
    print(f"      {side} px{'':20} {'quality':>8} {'ssim':>8} {'numpy':>8} {'encodes':>8} {'bytes':>9} {'fixed':>9}")
    quality, lengths = fixed(rows)
    for row, length in zip(rows, lengths or [0] * len(rows)):
        figures = f"{row['quality']:8.1f} {row['ssim']:8.4f} {row['seen']:8.4f} {row['encodes']:8} {row['bytes']:9}"
        print(f"      {row['photo']:26} {figures} {length:9}")
    landed = [row for row in rows if TARGET <= row["ssim"] <= TARGET + LANDING]
    report.expect(
        len(landed) == len(rows),
        f"{side} px: {len(landed)} of {len(rows)} photographs are within {LANDING} of {TARGET}, none below",
    )
    apart = max(abs(row["seen"] - row["ssim"]) for row in rows)
    report.expect(apart <= MEASURES_APART_MAX, f"numpy sees the same to {apart:.4f} (at most {MEASURES_APART_MAX})")
    encodes = sum(row["encodes"] for row in rows) / len(rows)
    report.expect(encodes <= ENCODES_MEAN_MAX, f"{encodes:.2f} encodings on average (at most {ENCODES_MEAN_MAX})")
    if quality is None:
        report.expect(False, f"no quality of {QUALITIES} gives all of them {TARGET}")
        return
    saved = 1 - sum(row["bytes"] for row in rows) / sum(lengths)
    report.expect(
        saved >= SAVED_MIN,
        f"{sum(row['bytes'] for row in rows)} bytes are {saved:.1%} under the {sum(lengths)} of q={quality}, "
        f"the lowest that gives all of them {TARGET} (at least {SAVED_MIN:.0%})",
    )


def main():
    report = Report(f"quality by target: ssim={TARGET} over all photographs")
    rows = {side: [] for side in SIDES}
    with Service({"presets": presets()}) as service:
        for path in photos():
            answer = service.upload(path.read_bytes())
            if answer.status != 201:
                report.expect(False, f"{path.name}: {answer.status} {answer.body[:200]!r}")
                continue
            for side in SIDES:
                rows[side].append(measure(service, path, side, answer.json()))
    for side in SIDES:
        judge(report, side, rows[side])
    report.finish()


if __name__ == "__main__":
    main()
