"""httplint on the raw responses of every delivery route and kind, and of the API; statuses and problem documents."""

import base64
import hashlib
import json
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

from httplint import HttpRequestLinter, HttpResponseLinter, levels

from explained_notes import ExplainedNotes
from service import CHECKOUT, Report, Service

# A ULID that was never given out: its time lies in 1970.
UNKNOWN = "00000000000000000000000000"
PREFLIGHT = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}


@dataclass
class Case:
    name: str
    status: int
    path: str
    method: str = "GET"
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    port: int | None = None


def exchange(port, case):
    """Sends one request over a socket of its own and returns (request fields, raw response)."""
    fields = {"Host": f"127.0.0.1:{port}", "User-Agent": "checks", "Connection": "close", **case.headers}
    if case.body or case.method in ("POST", "PUT"):
        fields.setdefault("Content-Length", str(len(case.body)))
    head = f"{case.method} {case.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(head.encode() + b"\r\n" + case.body)
        except (BrokenPipeError, ConnectionResetError):
            # A refusal may come before the body is read.
            pass
        raw = b""
        while piece := connection.recv(1 << 16):
            raw += piece
    return [(name.encode(), value.encode()) for name, value in fields.items()], raw


def parsed(raw):
    """(version, status, phrase, fields, content) of a raw response; chunks are joined."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    version, _, status = first.partition(b" ")
    status, _, phrase = status.partition(b" ")
    fields = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    if any(name.lower() == b"transfer-encoding" for name, _ in fields):
        rest = b"".join(chunks(rest))
    return version.partition(b"/")[2], status, phrase, fields, rest


def chunks(rest):
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return
        yield rest[:length]
        rest = rest[length + 2 :]


def linted(case, request_fields, raw):
    """The notes of httplint. It is told of the request: what is right for HEAD is wrong for GET."""
    request = HttpRequestLinter()
    request.process_request_topline(case.method.encode(), case.path.encode(), b"1.1")
    request.process_headers(request_fields)
    request.finish_content(True)
    response = HttpResponseLinter(start_time=time.time())
    response.request = request
    response.is_head_response = case.method == "HEAD"
    version, status, phrase, fields, content = parsed(raw)
    response.process_response_topline(version, status, phrase)
    response.process_headers(fields)
    response.feed_content(content)
    response.finish_content(True)
    return response.notes


def upload(service):
    picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    return service.upload(picture)


def delivery_cases(url, tag, modified, size):
    """Every kind of answer on one delivery URL."""
    middle = f"bytes=2-{size // 2}"
    return [
        Case("200", 200, url),
        Case("HEAD", 200, url, "HEAD"),
        Case("304 by ETag", 304, url, headers={"If-None-Match": tag}),
        Case("304 by weak ETag in a list", 304, url, headers={"If-None-Match": f'"other", W/{tag}'}),
        Case("304 by *", 304, url, headers={"If-None-Match": "*"}),
        Case("304 HEAD", 304, url, "HEAD", {"If-None-Match": tag}),
        Case("200 for another ETag", 200, url, headers={"If-None-Match": '"other"'}),
        # `latest` may go back to an older version: its date says nothing (ConditionalRequest).
        Case("by date", 200 if "/latest/" in url else 304, url, headers={"If-Modified-Since": modified}),
        Case("206", 206, url, headers={"Range": middle}),
        Case("206 of the end", 206, url, headers={"Range": "bytes=-5"}),
        Case("206 by If-Range", 206, url, headers={"Range": middle, "If-Range": tag}),
        Case("200 by If-Range that is another", 200, url, headers={"Range": middle, "If-Range": '"other"'}),
        Case("200 for a range of another unit", 200, url, headers={"Range": "lines=1-2"}),
        Case("416", 416, url, headers={"Range": f"bytes={size}-"}),
        Case("412", 412, url, headers={"If-Match": '"other"'}),
        Case("200 for several ranges", 200, url, headers={"Range": "bytes=0-1,4-5"}),
        Case("416 HEAD is 200", 200, url, "HEAD", {"Range": f"bytes={size}-"}),
        Case("204 OPTIONS", 204, url, "OPTIONS"),
        Case("204 preflight", 204, url, "OPTIONS", PREFLIGHT),
        Case("405 POST", 405, url, "POST"),
        Case("405 DELETE", 405, url, "DELETE"),
        Case("404 with a query", 404, url + "?x=1"),
        Case("404 unknown preset", 404, url.rpartition("/")[0] + "/poster.webp"),
        Case("404 HEAD", 404, url.rpartition("/")[0] + "/poster.webp", "HEAD"),
    ]


def api_cases(service, manifest):
    asset = f"/v1/assets/{manifest['id']}"
    picture = (CHECKOUT / "fixtures/pictures/noise.jpg").read_bytes()
    raw = {"Content-Type": "application/octet-stream"}
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    torn = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + picture
    return [
        Case("201", 201, "/v1/assets", "POST", raw, picture),
        Case("201 version", 201, asset + "/versions", "POST", raw, picture),
        Case("201 multipart", 201, "/v1/assets", "POST", boundary, torn + b"\r\n--b--\r\n"),
        Case("400 torn multipart", 400, "/v1/assets", "POST", boundary, torn),
        Case("415", 415, "/v1/assets", "POST", raw, b"plain text is no picture"),
        Case("422", 422, "/v1/assets", "POST", raw, (CHECKOUT / "fixtures/pictures/truncated.jpg").read_bytes()),
        Case("413", 413, "/v1/assets", "POST", {**raw, "Content-Length": str(1 << 40)}),
        Case("404 version of none", 404, f"/v1/assets/{UNKNOWN}/versions", "POST", raw, picture),
        Case("manifest", 200, asset),
        Case("manifest HEAD", 200, asset, "HEAD"),
        Case("page", 200, "/v1/assets?limit=1"),
        Case("page in gzip", 200, "/v1/assets", headers={"Accept-Encoding": "gzip"}),
        Case("page in gzip HEAD", 200, "/v1/assets", "HEAD", {"Accept-Encoding": "gzip"}),
        Case("/metrics in gzip", 200, "/metrics", headers={"Accept-Encoding": "gzip"}, port=service.admin_port),
        Case("400 cursor", 400, "/v1/assets?cursor=%21"),
        Case("404 manifest", 404, f"/v1/assets/{UNKNOWN}"),
        Case("405 PUT", 405, "/v1/assets", "PUT", raw, picture),
        Case("404 nowhere", 404, "/nowhere"),
        Case("/metrics", 200, "/metrics", port=service.admin_port),
        Case("/livez", 200, "/livez", port=service.admin_port),
        Case("/readyz", 200, "/readyz", port=service.admin_port),
        Case("404 admin", 404, "/nowhere", port=service.admin_port),
        Case("404 /metrics in public", 404, "/metrics"),
    ]


def digest(algorithm, content):
    """As RFC 9530 writes it between colons."""
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


def life_cases(service):
    """What becomes of an asset after its upload, in the order of its life."""
    picture = (CHECKOUT / "fixtures/pictures/alpha.png").read_bytes()
    manifest = service.upload(picture).json()
    asset, url = f"/v1/assets/{manifest['id']}", manifest["renditions"]["preview"]["url"]
    document = {"Content-Type": "application/json"}
    keyed = {"Content-Type": "application/octet-stream", "Idempotency-Key": '"life"'}
    raw = {"Content-Type": "application/octet-stream"}
    both = f"sha-256=:{digest('sha256', picture)}:, sha-512=:{digest('sha512', picture)}:"
    wrong = both.replace(digest("sha512", picture), digest("sha512", b""))
    return [
        Case("201 reprocess", 201, asset + "/reprocess", "POST"),
        Case("202 reprocess", 202, asset + "/reprocess", "POST", {"Prefer": "respond-async"}),
        Case("400 reprocess with a body", 400, asset + "/reprocess", "POST", document, b"{}"),
        Case("404 reprocess of none", 404, f"/v1/assets/{UNKNOWN}/reprocess", "POST"),
        Case("versions", 200, asset + "/versions?limit=1"),
        Case("versions HEAD", 200, asset + "/versions", "HEAD"),
        Case("400 versions", 400, asset + "/versions?cursor=x"),
        Case("version", 200, asset + "/versions/1"),
        Case("404 version", 404, asset + "/versions/99"),
        Case("latest", 200, asset + "/latest", "PUT", document, b'{"version": 1}'),
        Case("400 latest", 400, asset + "/latest", "PUT", document, b'{"version": "1"}'),
        Case("404 latest", 404, asset + "/latest", "PUT", document, b'{"version": 99}'),
        Case("413 latest", 413, asset + "/latest", "PUT", document, b" " * 2000),
        Case("415 latest", 415, asset + "/latest", "PUT", {"Content-Type": "text/plain"}, b'{"version": 1}'),
        Case("405 latest", 405, asset + "/latest"),
        Case("400 delete", 400, asset + "?immediate=yes", "DELETE"),
        Case("204 delete", 204, asset, "DELETE"),
        Case("204 delete again", 204, asset, "DELETE"),
        Case("404 delete of none", 404, f"/v1/assets/{UNKNOWN}", "DELETE"),
        Case("410 manifest", 410, asset),
        Case("410 manifest HEAD", 410, asset, "HEAD"),
        Case("410 delivery", 410, url),
        Case("410 latest delivery", 410, url.replace("/v1/", "/latest/")),
        Case("410 upload", 410, asset + "/versions", "POST", {}, picture),
        Case("200 undelete", 200, asset + "/undelete", "POST"),
        Case("200 delivery", 200, url),
        Case("204 takedown", 204, asset + "?immediate=true", "DELETE"),
        Case("410 undelete", 410, asset + "/undelete", "POST"),
        Case("201 with a key", 201, "/v1/assets", "POST", keyed, picture),
        Case("201 again", 201, "/v1/assets", "POST", keyed, picture),
        Case("422 another picture", 422, "/v1/assets", "POST", keyed, picture + b"\0"),
        Case("400 key", 400, "/v1/assets", "POST", {"Idempotency-Key": "a b"}, picture),
        Case("201 with its digests", 201, "/v1/assets", "POST", {**raw, "Content-Digest": both}, picture),
        Case("400 digest", 400, "/v1/assets", "POST", {**raw, "Content-Digest": wrong}, picture),
        Case("400 digest field", 400, "/v1/assets", "POST", {"Content-Digest": "sha-256=x"}, picture),
    ]


def problems_of(case, raw):
    """What is wrong with an answer that httplint does not look at: ARCHITECTURE.md §3's rules for all of them."""
    _, status, _, fields, content = parsed(raw)
    header = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in fields}
    if int(status or 0) != case.status:
        yield f"status {status.decode() or 'none'}, is to be {case.status}"
        return
    for name in ("set-cookie", "surrogate-control"):
        if name in header:
            yield f"has {name}"
    if "s-maxage" in header.get("cache-control", ""):
        yield "has s-maxage"
    if case.status in (204, 304) and content or case.method == "HEAD" and content:
        yield "has a body"
    if case.status == 204 and "content-length" in header:
        yield "has a Content-Length"
    if case.status == 405 and not header.get("allow"):
        yield "has no Allow"
    if case.status == 416 and not header.get("content-range", "").startswith("bytes */"):
        yield f"Content-Range: {header.get('content-range')}"
    if case.status >= 400:
        yield from problem_document(case, header, content)


def problem_document(case, header, content):
    if header.get("content-type", "").partition(";")[0] != "application/problem+json":
        yield f"type {header.get('content-type')}, is to be application/problem+json"
    if header.get("cache-control") != "no-store":
        yield f"cache-control: {header.get('cache-control')}, is to be no-store"
    if case.method == "HEAD":
        return
    try:
        problem = json.loads(content)
    except ValueError:
        yield f"no JSON: {content[:60]!r}"
        return
    if problem.get("status") != case.status or not problem.get("type") or not problem.get("title"):
        yield f"problem document {problem}"
    # Nothing of the inside: neither a path nor the name of a library.
    for leak in ("/tmp", "/work", "vips", "sqlite", "errno", ".swift"):
        if leak in content.decode().lower():
            yield f"names {leak!r}"


def main():
    report = Report("http: httplint on every route and kind of answer")
    with Service() as service:
        manifest = upload(service).json()
        cases = []
        for name, rendition in manifest["renditions"].items():
            for version in ("v1", "latest"):
                url = rendition["url"].replace("/v1/", f"/{version}/")
                whole = service.get(url)
                modified = whole.header("last-modified") or ""
                kinds = delivery_cases(url, whole.header("etag") or '""', modified, len(whole.body))
                cases += [(f"{name} {version}", case) for case in kinds]
        url = manifest["renditions"]["preview"]["url"]
        for path in (url.upper(), url.replace("/v1/", "/v01/"), url.replace("/v1/", "/v2/"), url + "/", "/" + url,
                     url.replace(manifest["id"], UNKNOWN), url.replace("preview", "%70review")):  # fmt: skip
            cases.append(("delivery", Case(f"404 {path}", 404, path)))
        cases += [("api", case) for case in api_cases(service, manifest)]
        cases += [("life", case) for case in life_cases(service)]
        worst = Counter()
        explained = ExplainedNotes()
        for group, case in cases:
            request_fields, raw = exchange(case.port or service.port, case)
            wrong = list(problems_of(case, raw))
            notes = linted(case, request_fields, raw) if raw else []
            where = f"{group} {case.name}"
            bad = [
                f"[{note.level.name}] {type(note).__name__}: {note}"
                for note in notes
                if note.level is levels.BAD
                or (note.level is levels.WARN and not explained.is_explained(type(note).__name__, where))
            ]
            worst.update(f"{note.level.name}: {note}" for note in notes if note.level in (levels.BAD, levels.WARN))
            if wrong or bad:
                report.expect(False, f"{where}: " + "; ".join(wrong + bad))
        report.expect(service.is_alive(), "mediad is alive")
    for text, count in worst.most_common():
        report.note(f"{count:4} × {text}")
    for line in explained.report():
        report.note(line)
    report.expect(
        not report.failures, f"{len(cases)} responses: httplint finds no BAD and no unexplained WARN, each as it is to be"
    )
    report.finish()


if __name__ == "__main__":
    main()
