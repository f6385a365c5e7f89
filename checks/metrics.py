"""What /metrics says after some traffic, read by others: promtool, the parsers of prometheus_client, a real Prometheus.

And that what it says does not grow with the number of assets.
"""

import json
import re
import struct
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from service import CHECKOUT, Report, Service, free_port

# What Prometheus 2.42 and 3 send.
ACCEPTS = {
    "Prometheus 2": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Prometheus 3": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
}
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SCRAPE_SECONDS_MAX = 30
# Assets before and between two looks at the series: the first bring up what is there once, the others nothing.
ASSETS_FIRST = 20
ASSETS_MORE = 200
# Magic, then IHDR's length, name, 13 bytes and checksum.
PNG_HEAD_BYTES = 33


def make_traffic(service):
    """An upload, hits, a 304, a 206, a refusal, a 404 and a 405, so that no family is empty for want of events."""
    picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    url = service.upload(picture).json()["renditions"]["thumbnail"]["url"]
    tag = service.get(url).header("etag")
    service.get(url)
    service.get(url, {"If-None-Match": tag})
    service.get(url, {"Range": "bytes=0-9"})
    service.get(url.replace(".webp", ".jpg"))
    service.upload(b"no picture at all")
    service.get("/a/00000000000000000000000000/v1/thumbnail.webp")
    service.request("PUT", url, body=b"")


def scrape(service, accept=None):
    return service.request("GET", "/metrics", headers={"Accept": accept} if accept else None, port=service.admin_port)


def samples(families):
    """Name and labels of every sample with its value; the parser has found fault with what is no exposition."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def other(picture, number):
    """The same PNG with a comment of its own: another asset."""
    chunk = b"tEXtComment\0%d" % number
    text = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return picture[:PNG_HEAD_BYTES] + text + picture[PNG_HEAD_BYTES:]


def make_assets(service, numbers):
    """Each is uploaded, read by all its names, and every tenth deleted."""
    picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    for number in numbers:
        asset = service.upload(other(picture, number)).json()
        urls = [rendition["url"] for rendition in asset["renditions"].values()]
        for url in urls:
            service.get(url)
            service.get(re.sub("/v[0-9]+/", "/latest/", url))
        service.get(urls[0].replace(".webp", ".jpg"))
        if number % 10 == 0:
            service.request("DELETE", f"/v1/assets/{asset['id']}")
            service.get(urls[0])


def check_growth(report, service):
    """Names and labels are as many with ten times the assets."""
    make_assets(service, range(ASSETS_FIRST))
    before = set(samples(read_text(scrape(service).body.decode())))
    make_assets(service, range(ASSETS_FIRST, ASSETS_FIRST + ASSETS_MORE))
    after = set(samples(read_text(scrape(service).body.decode())))
    new = sorted(after - before)
    report.expect(not new, f"{ASSETS_MORE} further assets: {len(before)} series, {len(new)} new ones {new[:3]}")


def check_promtool(report, exposed):
    linted = subprocess.run(["promtool", "check", "metrics"], input=exposed.body, capture_output=True)
    said = (linted.stdout + linted.stderr).decode().strip()
    for line in said.splitlines():
        report.note(line)
    report.expect(linted.returncode == 0 and not said, f"promtool check metrics exits {linted.returncode}, says nothing")


def check_parsers(report, text, opened):
    plain = samples(read_text(text.body.decode()))
    families = list(read_openmetrics(opened.body.decode()))
    strict = samples(families)
    report.expect(len(plain) > 200, f"text 0.0.4: {len(plain)} samples read by prometheus_client")
    report.expect(len(strict) > 200, f"OpenMetrics: {len(strict)} samples read by prometheus_client")
    both = {key for key in plain if key in strict}
    report.expect(len(both) == len(plain) == len(strict), f"{len(both)} samples have the same name and labels in both")
    units = {family.name: family.unit for family in families if family.unit}
    wanted = {
        "http_request_duration_seconds": "seconds",
        "media_upload_bytes": "bytes",
        "media_scrub_progress_ratio": "ratio",
        "process_cpu_seconds": "seconds",
    }
    report.expect(wanted.items() <= units.items(), f"units of {len(units)} families, such as {wanted}")
    kinds = {family.name: family.type for family in families}
    report.expect(kinds.get("media_build") == "info", "media_build is an info")
    report.expect(kinds.get("http_requests") == "counter", "http_requests is a counter")


def check_page(report, text):
    """docs/METRICS.md names every family."""
    page = set(re.findall(r"^\| `(\w+)` \|", (CHECKOUT / "docs/METRICS.md").read_text(), re.MULTILINE))
    names = set(re.findall(r"^# TYPE (\w+) ", text.body.decode(), re.MULTILINE))
    report.expect(names <= page, f"{len(names)} families, all in docs/METRICS.md; missing: {sorted(names - page)}")


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def query(port, expression):
    found = ask(port, f"/api/v1/query?query={urllib.parse.quote(expression)}")["data"]["result"]
    return [(series["metric"], float(series["value"][1])) for series in found]


def check_prometheus(report, service):
    """A Prometheus of our own scrapes the service, and has what the service says."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="prometheus-") as folder:
        configuration = Path(folder, "prometheus.yml")
        configuration.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"  - {{job_name: media, static_configs: [{{targets: ['127.0.0.1:{service.admin_port}']}}]}}\n"
        )
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
            ],
            stderr=subprocess.PIPE,
        )
        try:
            up = []
            deadline = time.monotonic() + SCRAPE_SECONDS_MAX
            while time.monotonic() < deadline and not (up and up[0][1] == 1):
                time.sleep(0.5)
                try:
                    up = query(port, 'up{job="media"}')
                except OSError:
                    pass
            target = ask(port, "/api/v1/targets")["data"]["activeTargets"][0]
            report.expect(up and up[0][1] == 1, f"Prometheus scrapes the service ({target['lastError'] or 'no error'})")
            metadata = ask(port, "/api/v1/metadata?metric=http_request_duration_seconds")["data"]
            unit = metadata.get("http_request_duration_seconds", [{}])[0].get("unit")
            report.expect(unit == "seconds", f"it was given OpenMetrics: the unit is {unit!r}")
            uploads = query(port, 'media_uploads_total{outcome="ready"}')
            report.expect(uploads and uploads[0][1] == 1, f"it has what was counted: {uploads}")
            series = query(port, 'count({job="media"})')
            report.note(f"{int(series[0][1]) if series else 0} series")
        finally:
            server.terminate()
            server.communicate(timeout=30)


def main():
    report = Report("metrics: /metrics as others read it")
    with Service() as service:
        make_traffic(service)
        for path in ("/livez", "/readyz"):
            status = service.admin(path).status
            report.expect(status == 200, f"{path} answers {status}")
        text = scrape(service)
        report.expect(text.header("content-type") == TEXT, f"without Accept: {text.header('content-type')}")
        check_promtool(report, text)
        for name, accept in ACCEPTS.items():
            opened = scrape(service, accept)
            report.expect(opened.header("content-type") == OPENMETRICS, f"{name}: {opened.header('content-type')}")
            check_parsers(report, text, opened)
        check_page(report, text)
        check_prometheus(report, service)
        check_growth(report, service)
    report.finish()


if __name__ == "__main__":
    main()
