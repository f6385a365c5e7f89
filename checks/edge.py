"""The service behind the real nginx, Varnish and HAProxy of Debian, with the configurations of cdn/.

Absolute bounds are those of issue 5: 1,000 readers of one cold object reach the origin once; with the origin stopped,
stale is served for as long as the headers say; after a publish `latest` is new within a second, after a delete every URL
is 410 within a second; a killed purge target gets its purge when it returns; behind HAProxy, one of two origins restarted
under load costs no read. What the origin got is counted by its own metrics.
"""

import asyncio
import http.client
import http.server
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

from fronts import NGINX_MODULE, HAProxy, Nginx, Varnish, free_port
from service import CHECKOUT, PROGRAMS, SKIPPED, Report, Service

READERS = 1000
ROUNDS = 10
SECONDS_MAX = 1.0
# `latest` is fresh for a minute (DeliveryHeaders).
LATEST_FRESH_SECONDS = 60
STALE_CONTROL = "public, max-age=2, stale-while-revalidate=2, stale-if-error=6"
STALE_END_SECONDS = 8
# Caches count whole seconds somewhere.
ROUNDING_SECONDS = 1.5
RESTARTS = 4
LOAD_CONNECTIONS = 32
PICTURES = [CHECKOUT / "fixtures/pictures" / name for name in ("gradient.png", "noise.png")]


def deliveries(service):
    """What the origin has answered below /a/, whatever it was."""
    text = service.admin("/metrics").body.decode()
    # A route has braces of its own.
    lines = re.findall(r'^http_requests_total\{route="/a/.*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, lines))


def metric(service, name):
    text = service.admin("/metrics").body.decode()
    return sum(map(float, re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)))


def get(port, path, timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("ETag"), answer.getheader("Cache-Status") or "", answer.read()
    finally:
        connection.close()


def until(port, path, is_right, seconds=30):
    """How long it took until an answer is right; None where none was in so many seconds."""
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        if is_right(get(port, path)):
            return waited
        time.sleep(0.002)
    return None


def publish(service, picture, asset=None):
    path = f"/v1/assets/{asset}/versions" if asset else "/v1/assets"
    answer = service.request("POST", path, body=picture.read_bytes())
    if answer.status != 201:
        raise RuntimeError(f"upload: {answer.status} {answer.body[:200]!r}")
    return answer.json()


def etag(manifest, preset="preview"):
    return f'"{manifest["renditions"][preset]["sha256"]}"'


# A crowd


async def read_once(port, path, gate):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await gate.wait()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(-1), 60)
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.split(b" ", 2)[1] == b"200", len(body)
    finally:
        writer.close()


async def crowd(port, path):
    """All are connected before the first asks."""
    gate = asyncio.Event()
    tasks = [asyncio.create_task(read_once(port, path, gate)) for _ in range(READERS)]
    await asyncio.sleep(1)
    start = time.monotonic()
    gate.set()
    return await asyncio.gather(*tasks), time.monotonic() - start


def check_crowd(report, service, front):
    entry = publish(service, PICTURES[0])["renditions"]["preview"]
    before = deliveries(service)
    answers, seconds = asyncio.run(crowd(front.port, entry["url"]))
    reached = deliveries(service) - before
    whole = sum(is_ok and size == entry["bytes"] for is_ok, size in answers)
    report.expect(
        reached == 1 and whole == READERS,
        f"{front.name}: {READERS} readers of one cold object: {whole} got it whole in {seconds:.2f} s, "
        f"{reached:.0f} request reached the origin (is to be 1)",
    )


# Publishing and deleting


def check_publish(report, service, front):
    manifest = publish(service, PICTURES[0])
    asset, latest = manifest["id"], f"/a/{manifest['id']}/latest/preview.webp"
    until(front.port, latest, lambda answer: answer[0] == 200)
    times = []
    for number in range(ROUNDS):
        manifest = publish(service, PICTURES[(number + 1) % 2], asset)
        times.append(until(front.port, latest, lambda answer, tag=etag(manifest): answer[1] == tag))
    tell(report, front, "after a publish `latest` is new", times)


def check_delete(report, service, front):
    times = []
    for _ in range(ROUNDS):
        manifest = publish(service, PICTURES[0])
        asset = manifest["id"]
        publish(service, PICTURES[1], asset)
        urls = [f"/a/{asset}/{version}/{name}.webp" for version in ("v1", "v2", "latest") for name in manifest["renditions"]]
        for url in urls:
            get(front.port, url)
        if not all(get(front.port, url)[2].endswith("; hit") for url in urls):
            raise RuntimeError(f"{front.name} does not keep what it is to lose")
        start = time.monotonic()
        if service.request("DELETE", f"/v1/assets/{asset}").status != 204:
            raise RuntimeError("the asset was not deleted")
        gone = [until(front.port, url, lambda answer: answer[0] == 410) for url in urls]
        times.append(None if None in gone else time.monotonic() - start)
    tell(report, front, f"after a delete all {len(urls)} URLs of the asset are 410", times)


def tell(report, front, what, times):
    if None in times:
        report.expect(False, f"{front.name}: {what}: {times.count(None)} of {len(times)} times not within 30 s")
        return
    report.expect(
        max(times) <= SECONDS_MAX,
        f"{front.name}: {what}: median {statistics.median(times) * 1000:.0f} ms, at most {max(times) * 1000:.0f} ms "
        f"of {len(times)} (at most {SECONDS_MAX * 1000:.0f})",
    )


def check_return(report, service, front):
    """Killed with the old in it, and started again: nginx's cache is on its disk, so only the purge makes it new."""
    manifest = publish(service, PICTURES[0])
    latest = f"/a/{manifest['id']}/latest/preview.webp"
    get(front.port, latest)
    until(front.port, latest, lambda answer: answer[2].endswith("; hit"))
    sent, failures = metric(service, "media_purges_sent_total"), metric(service, "media_purge_failures_total")
    front.kill()
    manifest = publish(service, PICTURES[1], manifest["id"])
    deadline = time.monotonic() + 30
    while metric(service, "media_purge_failures_total") == failures and time.monotonic() < deadline:
        time.sleep(0.05)
    front.start()
    waited = until(front.port, latest, lambda answer: answer[1] == etag(manifest))
    while metric(service, "media_purges_pending") > 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    told = metric(service, "media_purges_sent_total") - sent
    report.expect(
        waited is not None and told >= 1 and metric(service, "media_purges_pending") == 0,
        f"{front.name}: killed, then started again: it got the purge that it had missed, `latest` is new "
        f"{'never' if waited is None else f'{waited * 1000:.0f} ms'} after its return (pauses are up to 1 s)",
    )


# Stale


class ShortLived(http.server.BaseHTTPRequestHandler):
    """An origin whose answers are stale soon: the real one's are fresh for a minute, and then served for a day."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        is_probe = self.path == "/a/"
        body = b"" if is_probe else b"old"
        self.send_response(404 if is_probe else 200)
        self.send_header("Content-Length", str(len(body)))
        # A connection that stays would be answered when the server is gone.
        self.send_header("Connection", "close")
        if not is_probe:
            self.send_header("Cache-Control", STALE_CONTROL)
            self.send_header("ETag", '"old"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check_stale_end(report, make):
    """The same configuration, and headers of some seconds in place of a day: when it ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ShortLived)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with make(server.server_port) as front:
        fetched = time.monotonic()
        status = get(front.port, "/a/x/latest/p.webp")[0]
        server.shutdown()
        server.server_close()
        last, ended = 0.0, None
        while ended is None and time.monotonic() - fetched < 4 * STALE_END_SECONDS:
            asked = time.monotonic() - fetched
            if get(front.port, "/a/x/latest/p.webp")[0] == 200:
                last = asked
                time.sleep(0.1)
            else:
                ended = time.monotonic() - fetched
    is_right = (
        status == 200
        and ended is not None
        and last > 2 + ROUNDING_SECONDS
        and abs(ended - STALE_END_SECONDS) <= ROUNDING_SECONDS
    )
    report.expect(
        is_right,
        f"{front.name}: origin stopped, answers with `{STALE_CONTROL}`: the old was served until {last:.1f} s after it was "
        f"fetched, and from {ended or float('nan'):.1f} s on no more (are to be {STALE_END_SECONDS}, to the second)",
    )


def check_stale_begins(report, service, fronts):
    """The real headers: fresh for a minute, then stale while the origin is away. Stops the service for good."""
    manifest = publish(service, PICTURES[0])
    paths = [f"/a/{manifest['id']}/{version}/preview.webp" for version in ("v1", "latest")]
    for front in fronts:
        for path in paths:
            until(front.port, path, lambda answer: answer[1] == etag(manifest) and answer[2].endswith("; hit"))
    service.stop()
    time.sleep(LATEST_FRESH_SECONDS + 5)
    for front in fronts:
        answers = [get(front.port, path) for path in paths for _ in range(20)]
        served = sum(answer[0] == 200 and answer[1] == etag(manifest) for answer in answers)
        never = get(front.port, f"/a/{manifest['id']}/v1/thumbnail.webp")[0]
        report.expect(
            served == len(answers) and never >= 500,
            f"{front.name}: origin stopped for {LATEST_FRESH_SECONDS + 5} s, `latest` beyond its max-age: {served} of "
            f"{len(answers)} reads got the picture ({answers[-1][2]}); what it never had is {never}",
        )


# HAProxy


class Load:
    """Readers on connections that stay, each of which counts what it got."""

    def __init__(self, port, entries):
        self.port, self.entries = port, entries
        self.whole, self.failures = 0, []
        self.is_over = False
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join(60)

    async def _run(self):
        await asyncio.gather(*(self._read(number) for number in range(LOAD_CONNECTIONS)))

    async def _read(self, number):
        reader = writer = None
        while not self.is_over:
            entry = self.entries[number % len(self.entries)]
            number += 1
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(f"GET {entry['url']} HTTP/1.1\r\nHost: edge\r\n\r\n".encode())
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
                length = int(re.search(r"content-length: (\d+)", head)[1])
                body = await asyncio.wait_for(reader.readexactly(length), 20)
                if head.split(" ", 2)[1] == "200" and entry["sha256"] in head and len(body) == entry["bytes"]:
                    self.whole += 1
                else:
                    self.failures.append(head.split("\r\n")[0])
                if "connection: close" in head:
                    writer.close()
                    writer = None
            except Exception as error:
                self.failures.append(repr(error))
                if writer:
                    writer.close()
                writer = None
            # Some thousand reads a second are load enough, and leave the machine to the others.
            await asyncio.sleep(0.005)
        if writer:
            writer.close()


def mediactl(*arguments):
    done = subprocess.run([PROGRAMS / "mediactl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"mediactl {arguments[0]}: {done.stdout}{done.stderr}")


def check_haproxy(report):
    """The second origin is the first one's back-up, restored: catalogs are not shared."""
    places = [(free_port(), free_port()) for _ in range(2)]
    settings = [
        {"http.port": port, "admin.port": admin, "drain.lead": "3s", "workers": 1} for port, admin in places
    ]
    with ExitStack() as stack:
        one = stack.enter_context(Service(settings[0]))
        entries = []
        for picture in PICTURES * 8:
            entries += publish(one, picture)["renditions"].values()
        two = Service(settings[1])
        stack.callback(two.close)
        mediactl("backup", "--data-dir", one.data, "--to", two.scratch / "backup")
        two.data.mkdir(mode=0o700)
        shutil.copy(one.data / "keys", two.data / "keys")
        mediactl("restore", "--full", "--from", two.scratch / "backup", "--data-dir", two.data)
        two.start()
        front = stack.enter_context(HAProxy(places))
        shares, start = [], time.monotonic()
        with Load(front.port, entries) as load:
            time.sleep(2)
            for number in range(RESTARTS):
                origin = (one, two)[number % 2]
                shares.append(deliveries(origin))
                if (code := origin.stop()) != 0:
                    raise RuntimeError(f"the origin ended with {code}")
                origin.start()
                # Until it is back in the rotation and has work.
                deadline = time.monotonic() + 30
                while deliveries(origin) == 0 and time.monotonic() < deadline:
                    time.sleep(0.1)
                time.sleep(1)
        seconds = time.monotonic() - start
        both = min(shares) > 0 and min(deliveries(one), deliveries(two)) > 0
        report.expect(
            not load.failures and load.whole > 1000 and both,
            f"haproxy: two origins, each restarted {RESTARTS // 2} times under load: {load.whole} reads in {seconds:.0f} s "
            f"on {LOAD_CONNECTIONS} connections, {len(load.failures)} failed (is to be 0)",
        )
        for failure in load.failures[:5]:
            report.note(failure)


def missing():
    programs = [name for name in ("nginx", "varnishd", "haproxy") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return programs + ([] if NGINX_MODULE.exists() else ["libnginx-mod-http-cache-purge"])


def main():
    if absent := missing():
        print(f"SKIPPED  {', '.join(absent)}: not installed (scripts/install-checks)")
        sys.exit(SKIPPED)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    report = Report("edge: nginx, Varnish and HAProxy before the service")
    for make in (Nginx, Varnish):
        check_stale_end(report, make)
    ports = {name: free_port() for name in ("nginx", "purge", "varnish")}
    targets = f"{Nginx.target(ports['purge'])};{Varnish.target(ports['varnish'])}"
    settings = {"purge.targets": targets, "purge.retry.max": "1s", "connections.per.address.max": 2048}
    with Service(settings) as service, ExitStack() as stack:
        fronts = [
            stack.enter_context(Nginx(service.port, ports["nginx"], ports["purge"])),
            stack.enter_context(Varnish(service.port, ports["varnish"])),
        ]
        for front in fronts:
            check_crowd(report, service, front)
            check_publish(report, service, front)
            check_delete(report, service, front)
            check_return(report, service, front)
        check_stale_begins(report, service, fronts)
    check_haproxy(report)
    report.finish()


if __name__ == "__main__":
    main()
