"""A real Prometheus scrapes a service while its store fails, then while it is slow: the right alerts fire, no others.

The rules are deploy/prometheus/rules, with every duration (windows, `for`, `offset`) divided by SCALE: an hour is a
minute. Names of recorded series stay. The store is broken by checks/faults/store_fault.c, preloaded.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from service import CHECKOUT, SKIPPED, Report, Service

RULES = CHECKOUT / "deploy/prometheus/rules"
# An hour of the rules is a minute here, five minutes are five seconds: as few as a scrape a second lets rate() have.
SCALE = 60
# Of a `for`: a scrape that is late on a busy machine is no outage.
FOR_SECONDS_MIN = 5
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TOKEN = "breach-check-token"
HEALTHY_SECONDS = 20
REQUESTS_PER_SECOND = 20
# Of these go to the store; the others are hits.
FROM_STORE = 0.9
# Beyond the 500 ms of p95, and as far as can be from the second of p99; at a pace at which the store's eight threads do
# not queue.
SLOW_MILLISECONDS = 530
SLOW_REQUESTS_PER_SECOND = 5
FIRE_SECONDS_MAX = 75
QUIET_SECONDS_MAX = 20

# What each fault is to bring about, and what follows from that by definition: errors are also unavailability, and a
# burn that is fast is also one over the longer windows.
FAILING = {"MediaHighErrorRate", "MediaServerErrorsBurn fast", "MediaAvailabilityBurn fast"}
FAILING_IMPLIES = {
    f"{name} {burn}" for name in ("MediaServerErrorsBurn", "MediaAvailabilityBurn") for burn in ("medium", "slow")
}
SLOW = {"MediaHighLatency", "MediaLatencyP95Burn fast"}
SLOW_IMPLIES = {"MediaLatencyP95Burn medium", "MediaLatencyP95Burn slow"}


def scaled(text):
    """Rules with their durations divided. None becomes less than a second, which PromQL does not know."""

    def divide(match):
        seconds = max(FOR_SECONDS_MIN if match[1] == "for: " else 1, int(match[2]) * SECONDS[match[3]] // SCALE)
        return f"{match[1]}{seconds}s"

    return re.sub(r"(\[|offset |for: )(\d+)([smhd])\b", divide, text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """The server on the service's admin port, with the scaled rules and a scrape a second."""

    def __init__(self, admin_port):
        self.scratch = Path(tempfile.mkdtemp(prefix="prometheus-check-"))
        self.admin_port = admin_port
        self.port = free_port()
        self.process = None

    def __enter__(self):
        names = []
        for path in sorted(RULES.glob("*.yml")):
            (self.scratch / path.name).write_text(scaled(path.read_text()))
            names.append(path.name)
        (self.scratch / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                    "rule_files": names,
                    "scrape_configs": [
                        {
                            "job_name": "media",
                            "static_configs": [{"targets": [f"127.0.0.1:{self.admin_port}"]}],
                        }
                    ],
                }
            )
        )
        with open(self.scratch / "log", "wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self.scratch}/prometheus.yml",
                    f"--storage.tsdb.path={self.scratch}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *failure):
        # What it has scraped is not needed any more.
        self.process.kill()
        self.process.wait()
        if failure[0] is not None:
            sys.stderr.write((self.scratch / "log").read_text()[-3000:])
        shutil.rmtree(self.scratch, ignore_errors=True)

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def is_up(self):
        """Whether it has scraped the service, and forgotten that there was none to scrape at first."""
        try:
            return self.value("up") == 1 and not self.firing()
        except OSError:
            return False

    def firing(self):
        """The alerts that fire, each with its burn where it has one."""
        alerts = [alert["labels"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]
        return {f"{labels['alertname']} {labels.get('burn', '')}".strip() for labels in alerts}

    def broken_rules(self):
        """Rules whose last evaluation failed."""
        groups = self.ask("rules")["groups"]
        return [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"]

    def value(self, series):
        """The newest value of a series without labels of note; None where there is none."""
        result = self.ask(f"query?query={series}")["result"]
        return float(result[0]["value"][1]) if result else None


class Load:
    """Requests at a steady pace, whatever becomes of them: each has a thread, so that a slow one holds none up."""

    def __init__(self, service, hot, cold, per_second):
        self.service, self.hot, self.cold, self.per_second = service, hot, cold, per_second
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.statuses = []

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.stopped.set()
        self.thread.join()

    def _run(self):
        due, number = time.monotonic(), 0
        while not self.stopped.wait(max(0.0, due - time.monotonic())):
            due += 1 / self.per_second
            number += 1
            path = self.cold if number % 10 < 10 * FROM_STORE else self.hot
            threading.Thread(target=self._one, args=(path,), daemon=True).start()

    def _one(self, path):
        try:
            answer = self.service.get(path, {"Authorization": f"Bearer {TOKEN}"})
            self.statuses.append(answer.status)
        except OSError as failure:
            self.statuses.append(repr(failure))


class Fault:
    """What store_fault.c does from `with` to its end."""

    def __init__(self, file, text):
        self.file, self.text = file, text

    def __enter__(self):
        # At once and whole: it is read with every open.
        draft = self.file.with_suffix(".new")
        draft.write_text(self.text)
        draft.rename(self.file)

    def __exit__(self, *failure):
        self.file.unlink()


def watched(prometheus, until, seconds):
    """All alerts that fire until the condition on those that fire at a time holds; and how long that took."""
    began, seen = time.monotonic(), set()
    while time.monotonic() - began < seconds:
        now = prometheus.firing()
        seen |= now
        if until(now):
            break
        time.sleep(0.5)
    return seen, time.monotonic() - began


def provoke(report, library, name, text, per_second, wanted, implied):
    """One service, one Prometheus, one fault."""
    scratch = Path(tempfile.mkdtemp(prefix="breach-"))
    fault = scratch / "fault"
    os.environ.update(LD_PRELOAD=str(library), STORE_FAULT=str(fault))
    service = Service({"api.token": TOKEN, "workers": 1, "log.level": "critical"})
    try:
        service.start()
    finally:
        del os.environ["LD_PRELOAD"], os.environ["STORE_FAULT"]
    try:
        picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
        manifest = service.request("POST", "/v1/assets", picture, {"Authorization": f"Bearer {TOKEN}"}).json()
        hot = manifest["renditions"]["thumbnail"]["url"]
        cold = f"/a/{manifest['id']}/v1/original"
        with Prometheus(service.admin_port) as prometheus, Load(service, hot, cold, per_second) as load:
            deadline = time.monotonic() + 30
            while not prometheus.is_up() and time.monotonic() < deadline:
                time.sleep(0.2)
            early, _ = watched(prometheus, lambda now: False, HEALTHY_SECONDS)
            bad = [status for status in load.statuses if status != 200]
            report.expect(
                not early and not bad and len(load.statuses) > HEALTHY_SECONDS * per_second / 2,
                f"{name}: before it {len(load.statuses)} requests in {HEALTHY_SECONDS} s, {len(bad)} not 200, "
                f"alerts: {sorted(early) or 'none'}",
            )
            with Fault(fault, text):
                seen, seconds = watched(prometheus, lambda now: wanted <= now, FIRE_SECONDS_MAX)
                report.expect(
                    wanted <= seen,
                    f"{name}: {', '.join(sorted(wanted))} after {seconds:.0f} s (at most {FIRE_SECONDS_MAX})"
                    + (f"; missing: {sorted(wanted - seen)}" if wanted - seen else ""),
                )
                objectives = {
                    labels: prometheus.value(f'media_objective_state%7Bobjective=%22{labels}%22%7D')
                    for labels in ("availability", "server-errors", "latency-p95")
                }
                health = service.admin("/healthz").json()
            report.expect(
                seen <= wanted | implied,
                f"{name}: no other alert fired but what follows: {sorted(seen - wanted) or 'none'}"
                + (f"; unexpected: {sorted(seen - wanted - implied)}" if seen - wanted - implied else ""),
            )
            report.note(f"{name}: the service itself says {objectives}, /healthz {health['status']}")
            report.expect(
                any(value == 2 for value in objectives.values()) and health["status"] == "degraded",
                f"{name}: the service's own objectives are breaching, and /healthz says so",
            )
            broken = prometheus.broken_rules()
            report.expect(not broken, f"{name}: every rule evaluates; failed: {broken or 'none'}")
            short = {alert for alert in wanted if "Burn" not in alert}
            _, seconds = watched(prometheus, lambda now: not short & now, QUIET_SECONDS_MAX)
            report.expect(
                not short & prometheus.firing(),
                f"{name}: {', '.join(sorted(short))} ends {seconds:.0f} s after the fault",
            )
    finally:
        service.close()
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    if not shutil.which("prometheus"):
        print("SKIPPED  prometheus is absent: scripts/install-checks installs it")
        sys.exit(SKIPPED)
    library = CHECKOUT / ".build" / "store_fault.so"
    source = CHECKOUT / "checks/faults/store_fault.c"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", library, source, "-ldl"], check=True)
    report = Report("breach: a store that fails and a store that is slow, seen by Prometheus")
    provoke(report, library, "errors", "EIO", REQUESTS_PER_SECOND, FAILING, FAILING_IMPLIES)
    slow = f"slow {SLOW_MILLISECONDS}"
    provoke(report, library, "slowness", slow, SLOW_REQUESTS_PER_SECOND, SLOW, SLOW_IMPLIES)
    report.finish()


if __name__ == "__main__":
    main()
