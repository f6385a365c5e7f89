"""What a hit costs, beside nginx that sends the same bytes from a file.

Server CPU per request (user and system time of all processes of the server, divided by the requests), for a picture of
about 16 KB and one of about 100 KB, with wrk on 64 connections. The servers take turns in one run, several rounds; what
counts are the medians, for absolute figures drift between machines and ratios of one run hold. Then 304s, and hits on
1,000 connections. Varnish and nginx's proxy_cache, each in front of this service, stand beside it where they are
installed. Absolute bounds are those of issue 5.
"""

import argparse
import http.client
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from service import CHECKOUT, Report, Service, descendants, free_port, shared

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
MANY_CONNECTIONS = 1000
CPU_RATIO_MAX = 1.0
NOT_MODIFIED_RATIO_MIN = 2.0
RATE_MIN = 10_000
P95_MS_MAX = 200
# "No worse"; on a busy machine two runs of one server differ by more than that.
P99_RATIO_MAX = 1.0
RAN = re.compile(r"^RAN (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
# From a 12-megapixel photograph: the widths among which there is one of about the wanted size.
SIZES = {"16 KB": (16_384, range(440, 640, 20)), "100 KB": (102_400, range(1600, 2600, 100))}

NGINX = """
worker_processes auto;
pid nginx.pid;
error_log error.log;
daemon off;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush off;
    keepalive_requests 1000000000;
    keepalive_timeout 60s;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    default_type image/webp;
    {http}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {server}
    }}
}}
"""
STATIC = dict(
    http="open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h; open_file_cache_errors on;",
    server="root {files}; location / {{ }}",
)
CACHE = dict(
    http="proxy_cache_path cache keys_zone=pictures:10m max_size=1g;"
    " upstream origin {{ server 127.0.0.1:{origin}; keepalive 16; }}",
    server="location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection '';"
    " proxy_cache pictures; proxy_cache_lock on; }}",
)


@dataclass
class Ran:
    """One run of wrk against one server."""

    rate: float
    micros: float
    p50: float
    p95: float
    p99: float


class Server:
    """Something that listens, and its processes."""

    def __init__(self, name, port, process=None, pid=None):
        self.name, self.port, self.process = name, port, process
        self.pid = pid or process.pid

    def cpu(self):
        """Seconds that its processes have used, those of mediad's workers not counted: they decode nothing here."""
        pids = [self.pid]
        if self.process:
            pids += descendants(self.pid)
        return sum(map(seconds_of, pids))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)


def seconds_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def listening(name, command, port, folder):
    errors = open(folder / "stderr", "wb")
    # A session of its own, as `Service` has and as a system's services have. Linux schedules by session (sched(7),
    # autogroup): a server in the one of wrk would be woken later, with more to do at a time, and take less CPU for each.
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Server(name, port, process)
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not come up: {(folder / 'stderr').read_text()}")


def nginx(name, scratch, parts, **values):
    port = free_port()
    folder = scratch / name.replace(" ", "-")
    folder.mkdir()
    filled = {key: text.format(**values) for key, text in parts.items()}
    (folder / "nginx.conf").write_text(NGINX.format(port=port, **filled))
    return listening(name, ["nginx", "-p", folder, "-c", "nginx.conf", "-e", "error.log"], port, folder)


def varnish(scratch, origin):
    port = free_port()
    folder = scratch / "varnish"
    folder.mkdir()
    command = ["varnishd", "-F", "-n", folder / "work", "-a", f"127.0.0.1:{port}", "-b", f"127.0.0.1:{origin}"]
    return listening("varnish", command + ["-s", "malloc,256m"], port, folder)


def run(server, path, seconds, connections=CONNECTIONS, etag=None):
    """Errors, or answers that are none, end the check: a cheap wrong answer is no result."""
    command = ["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "-s", CHECKOUT / "checks/bench_delivery.lua"]
    command += ["--timeout", "10s", f"http://127.0.0.1:{server.port}", "--", path] + ([etag] if etag else [])
    before = server.cpu()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = server.cpu() - before
    requests, duration, failed, p50, p95, p99 = map(int, RAN.search(out).groups())
    if failed:
        raise RuntimeError(f"{server.name}: {failed} of {requests} failed")
    return Ran(requests / (duration / 1e6), used * 1e6 / requests, p50 / 1000, p95 / 1000, p99 / 1000)


def rounds(servers, path, options, etags=None):
    """The medians of each server, by its name."""
    ran = {server.name: [] for server in servers}
    for round_number in range(options.rounds):
        # Each has each place in the order.
        for server in servers[round_number % len(servers) :] + servers[: round_number % len(servers)]:
            etag = etags and etags[server.name]
            ran[server.name].append(run(server, path, options.seconds, etag=etag))
    return {name: median(each) for name, each in ran.items()}


def median(ran):
    return Ran(*(statistics.median(values) for values in zip(*map(astuple, ran))))


def table(report, title, medians):
    report.note(title)
    report.note(f"  {'':20} {'µs CPU/request':>15} {'requests/s':>11} {'p50 ms':>8} {'p99 ms':>8}")
    for name, ran in medians.items():
        report.note(f"  {name:20} {ran.micros:15.1f} {ran.rate:11.0f} {ran.p50:8.2f} {ran.p99:8.2f}")


def publish(service):
    """Uploads a photograph; the renditions of about the wanted sizes, by the names of these."""
    answer = service.upload(shared("photos/bench12.jpg").read_bytes())
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {answer.body[:200]!r}")
    renditions = answer.json()["renditions"].values()
    return {
        name: min(renditions, key=lambda entry: abs(entry["bytes"] - wanted)) for name, (wanted, _) in SIZES.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="how long each server has in a round")
    options = parser.parse_args()
    widths = [width for _, range_of in SIZES.values() for width in range_of]
    presets = ";".join(f"w{width}:w={width},h={width}" for width in widths)
    report = Report(f"bench-delivery: {options.rounds} rounds of {options.seconds} s, {CONNECTIONS} connections")
    scratch = Path(tempfile.mkdtemp(prefix="bench-delivery-"))
    servers = []
    settings = {"presets": presets, "workers": 1, "render.deadline": "120s", "connections.per.address.max": 2048}
    with Service(settings) as service:
        try:
            entries = publish(service)
            ours = Server("image-origin", service.port, pid=service.pid)
            files = scratch / "files"
            for entry in entries.values():
                file = files / entry["url"].lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(service.get(entry["url"]).body)
            scratch.chmod(0o755)
            static = nginx("nginx static", scratch, STATIC, files=files)
            servers = [static]
            caches = [nginx("nginx proxy_cache", scratch, CACHE, origin=service.port)]
            if shutil.which("varnishd"):
                caches.append(varnish(scratch, service.port))
            servers += caches
            measure(report, ours, static, caches, entries, options)
        finally:
            for server in servers:
                server.stop()
            shutil.rmtree(scratch, ignore_errors=True)
    report.finish()


def measure(report, ours, static, caches, entries, options):
    everyone = [ours, static, *caches]
    for name, entry in entries.items():
        path = entry["url"]
        for server in everyone:
            run(server, path, 1)
        medians = rounds(everyone, path, options)
        table(report, f"{name} ({entry['bytes']} bytes):", medians)
        mine, theirs = medians[ours.name], medians[static.name]
        ratio = mine.micros / theirs.micros
        report.expect(ratio <= CPU_RATIO_MAX, f"{name}: {ratio:.2f} × the CPU of nginx static (at most {CPU_RATIO_MAX})")
        slower = mine.p99 / theirs.p99
        report.expect(
            slower <= P99_RATIO_MAX, f"{name}: p99 {mine.p99:.2f} ms, nginx {theirs.p99:.2f} ms (at most {P99_RATIO_MAX} ×)"
        )
    path = entries["16 KB"]["url"]
    etags = {server.name: etag_of(server, path) for server in everyone}
    medians = rounds(everyone, path, options, etags)
    table(report, "304:", medians)
    if "varnish" in medians:
        mine, theirs = medians[ours.name], medians["varnish"]
        ratio = theirs.micros / mine.micros
        report.expect(
            ratio >= NOT_MODIFIED_RATIO_MIN,
            f"304s a second of the server's CPU: {ratio:.2f} × varnish (at least {NOT_MODIFIED_RATIO_MIN})",
        )
        # wrk has the same cores, and what it takes of them for a request is the same for all.
        report.note(f"304s a second beside wrk: {mine.rate / theirs.rate:.2f} × varnish")
    many = run(ours, path, options.seconds, connections=MANY_CONNECTIONS)
    report.expect(
        many.rate >= RATE_MIN and many.p95 <= P95_MS_MAX,
        f"{MANY_CONNECTIONS} connections: {many.rate:.0f} hits a second (at least {RATE_MIN}), p95 {many.p95:.1f} ms "
        f"(at most {P95_MS_MAX})",
    )


def etag_of(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("ETag")
    finally:
        connection.close()


if __name__ == "__main__":
    main()
