"""Every query of every dashboard returns data, and every rule evaluates: a real Prometheus scrapes a loaded service.

Two services are scraped. One is asked by k6 (the load scenario, shortened) and has all that a panel may be about: a
purge target that fails once before it takes what it is told, and a CDN that it warms. The other one has TLS. What a
service that is well does not have has to be shown as 0 by the panel's own query; so that such a query does not hide a
mistyped name, all names are held against the sources.
"""

import base64
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus import Prometheus
from service import CHECKOUT, SKIPPED, Report, Service

GRAFANA = CHECKOUT / "deploy" / "grafana"
RULES = sorted((CHECKOUT / "deploy" / "prometheus" / "rules").glob("*.yml"))
# Of the load scenario's five minutes.
SCALE = 0.15
# What Grafana puts in place of its variables, for all jobs and all instances.
VARIABLES = {"$job": ".+", "$instance": ".+", "$__rate_interval": "15s", "$datasource": "prometheus"}
EVALUATION_SECONDS_MAX = 30
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=\{)")
DECLARED = re.compile(r'"((?:http|media|process|tls)_[a-z_]+)"')
SUFFIX = re.compile(r"_(bucket|sum|count)$")
LABEL_VALUES = re.compile(r"^label_values\((.+), (\w+)\)$")


class Elsewhere(BaseHTTPRequestHandler):
    """What stands for a webhook (POST) and for a CDN (GET). The first purge is refused: a failure is counted."""

    refused = False

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        first, Elsewhere.refused = not Elsewhere.refused, True
        self._answer(503 if first else 204)

    def do_GET(self):
        self._answer(200)

    def _answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def elsewhere():
    """The URL of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def self_signed(folder):
    """Paths of a certificate and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return certificate, key


def settings_of_loaded(folder, other_url):
    """Settings of the service that k6 asks, as words of loadtest/run.py."""
    secret = folder / "webhook-secret"
    secret.write_text("whsec_" + base64.b64encode(os.urandom(24)).decode())
    secret.chmod(0o600)
    settings = {
        "purge.targets": f"hook:webhook,url={other_url},secret-file={secret}",
        "purge.rebound": "0ms",
        "warm.base.url": other_url,
    }
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def in_place(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def documents():
    """`(name, dashboard)` of all of them."""
    for path in sorted((GRAFANA / "dashboards").glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def panels():
    return [panel for _, document in documents() for panel in document["panels"]]


def queries():
    """`(dashboard, panel, query)` of all panels."""
    for name, document in documents():
        for panel in document["panels"]:
            for target in panel.get("targets", []):
                yield name, panel["title"], in_place(target["expr"])


def check_names(report):
    """Metrics of panels are declared, and their runbooks written: a query that shows 0 without one would hide that."""
    sources = (CHECKOUT / "Sources" / "MediaMetrics").glob("*.swift")
    known = {name for path in sources for name in DECLARED.findall(path.read_text())} | {"up", "ALERTS"}
    known |= {name for path in RULES for name in re.findall(r"record: (\S+)", path.read_text())}
    asked = {name for _, _, query in queries() for name in METRIC.findall(query)}
    unknown = sorted(name for name in asked if name not in known and SUFFIX.sub("", name) not in known)
    report.expect(asked and not unknown, f"{len(asked)} metrics are asked for; not declared: {unknown or 'none'}")
    headings = re.findall(r"^#+ (\S+)$", (CHECKOUT / "docs" / "OPERATIONS.md").read_text(), re.MULTILINE)
    anchors = {heading.lower() for heading in headings}
    named = {link["url"].rpartition("#")[2] for panel in panels() for link in panel.get("links", [])}
    missing = sorted(named - anchors)
    report.expect(not missing, f"{len(named)} runbooks are named; not in docs/OPERATIONS.md: {missing or 'none'}")


def check_queries(report, prometheus, start, end):
    """Each has a number at one moment of the load at least."""
    asked, empty = 0, []
    for name, title, query in queries():
        asked += 1
        try:
            values = prometheus.values(query, start, end)
            if not any(map(math.isfinite, values)):
                empty.append(f"{name}, '{title}': {query} has {'no number' if values else 'no data'}")
        except ValueError as error:
            empty.append(f"{name}, '{title}': {query}: {error}")
    report.expect(asked > 0 and not empty, f"{asked} queries of panels, {len(empty)} of them without data")
    for line in empty:
        report.note(line)


def check_variables(report, prometheus, start, end):
    """Variables have values to choose from, and annotations are understood; they may well have nothing to show."""
    for name, document in documents():
        for one in document["templating"]["list"]:
            if match := LABEL_VALUES.match(in_place(one.get("definition", ""))):
                series = prometheus.ask("series", **{"match[]": match[1], "start": start, "end": end})
                values = {labels.get(match[2]) for labels in series} - {None}
                report.expect(values, f"{name}: variable {one['name']} has {len(values)} values")
        for one in document["annotations"]["list"]:
            prometheus.values(in_place(one["expr"]), start, end)


def check_rules(report, prometheus):
    """All of them were evaluated, none with an error, and those that record have recorded something."""
    deadline = time.monotonic() + EVALUATION_SECONDS_MAX
    while True:
        rules = [rule for group in prometheus.groups() for rule in group["rules"]]
        if all(rule["health"] != "unknown" for rule in rules) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    bad = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    report.expect(rules and not bad, f"{len(rules)} rules were evaluated, {len(bad)} of them with an error")
    names = sorted({rule["name"] for rule in rules if rule["type"] == "recording"})
    silent = [name for name in names if not prometheus.ask("query", query=name)["result"]]
    report.expect(not silent, f"{len(names)} rules record, {len(silent)} of them nothing")
    for line in bad + silent:
        report.note(line)
    firing = [rule["name"] for rule in rules if rule["type"] == "alerting" and rule["state"] == "firing"]
    report.note(f"alerts that fire: {', '.join(sorted(set(firing))) or 'none'}")


def main():
    if not shutil.which("prometheus"):
        print("SKIPPED  prometheus is absent: scripts/install-test installs it")
        sys.exit(SKIPPED)
    sys.path.insert(0, str(CHECKOUT / "loadtest"))
    import run as loadtest

    report = Report("dashboards: every query against a Prometheus that scrapes a loaded service")
    made = subprocess.run([sys.executable, GRAFANA / "make_dashboards.py", "--check"], capture_output=True, text=True)
    report.expect(made.returncode == 0, f"dashboards are what their pages say {made.stdout.strip()}")
    check_names(report)
    scratch = Path(tempfile.mkdtemp(prefix="dashboards-"))
    try:
        certificate, key = self_signed(scratch)
        with (
            elsewhere() as other_url,
            Service({"tls.certificate.file": certificate, "tls.key.file": key}) as with_tls,
        ):
            arguments = loadtest.parsed(
                ["load", "--scale", str(SCALE), "--out", str(scratch), *settings_of_loaded(scratch, other_url)]
            )
            with loadtest.target(arguments) as loaded:
                targets = [loaded.admin_url.removeprefix("http://"), f"127.0.0.1:{with_tls.admin_port}"]
                with Prometheus(targets, RULES) as prometheus:
                    start = time.time()
                    run = loadtest.measured("load", arguments, loaded, scratch)
                    end = time.time()
                    report.expect(not run.values("origin_wrong")["count"], "no wrong answer under the load")
                    check_queries(report, prometheus, start, end)
                    check_variables(report, prometheus, start, end)
                    check_rules(report, prometheus)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    report.finish()


if __name__ == "__main__":
    main()
