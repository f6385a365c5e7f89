"""`promtool check metrics` on what /metrics says after some traffic."""

import subprocess

from service import CHECKOUT, Report, Service

# What the metrics are to cover; each is looked for in the names of the families.
TOPICS = ("request", "duration", "bytes", "upload", "render", "cache")


def make_traffic(service):
    """An upload, hits, a 304, a 206, a refusal, a 404 and a 405, so that no family is empty for want of events."""
    picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    url = service.upload(picture).json()["renditions"]["thumbnail"]["url"]
    tag = service.get(url).header("etag")
    service.get(url, {"If-None-Match": tag})
    service.get(url, {"Range": "bytes=0-9"})
    service.upload(b"no picture at all")
    service.get("/a/00000000000000000000000000/v1/thumbnail.webp")
    service.request("PUT", url, body=b"")


def main():
    report = Report("metrics: promtool on /metrics")
    with Service() as service:
        make_traffic(service)
        for path in ("/livez", "/readyz"):
            status = service.admin(path).status
            report.expect(status == 200, f"{path} answers {status}")
        exposed = service.admin("/metrics")
    report.expect(
        (exposed.header("content-type") or "").startswith("text/plain"), f"type: {exposed.header('content-type')}"
    )
    families = [line.split()[2] for line in exposed.body.decode().splitlines() if line.startswith("# TYPE ")]
    for topic in TOPICS:
        found = [family for family in families if topic in family]
        report.expect(bool(found), f"families on {topic}: {', '.join(found) or 'none'}")
    linted = subprocess.run(["promtool", "check", "metrics"], input=exposed.body, capture_output=True)
    for line in (linted.stdout + linted.stderr).decode().splitlines():
        report.note(line)
    report.expect(
        linted.returncode == 0,
        f"promtool check metrics on {len(families)} families exits {linted.returncode} (is to be 0)",
    )
    report.finish()


if __name__ == "__main__":
    main()
