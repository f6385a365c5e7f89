"""How often the service takes memory for a request: hit, 304, `latest`, range, miss. Exits with 3 above a threshold.

The release service runs with count_allocations.c preloaded. Requests go one after the other on one connection, so that
the count is the same in every run but for what the service does besides; the least of some rounds is taken, which has
least of that. Thresholds are in thresholds.json. With perf's hardware counters also the instructions of a hit are told.
"""

import contextlib
import json
import mmap
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "checks"))
from service import CHECKOUT, Service  # noqa: E402

HERE = CHECKOUT / "Benchmarks"
PICTURE = CHECKOUT / "fixtures/pictures/gradient.jpg"
ROUNDS = 5
REQUESTS = 2000
WARM_UP = 200
UNMET = 3


@dataclass(frozen=True)
class Case:
    """One kind of request, and what must come of it."""

    status: int
    fields: str = ""
    is_latest: bool = False
    is_cached: bool = True


def cases(etag):
    return {
        "hit": Case(200),
        "not-modified": Case(304, f"If-None-Match: {etag}\r\n"),
        "latest": Case(200, is_latest=True),
        "range": Case(206, "Range: bytes=0-99\r\n"),
        "miss": Case(200, is_cached=False),
    }


@contextlib.contextmanager
def preloaded(library, counter):
    """Whoever is started meanwhile counts."""
    added = {"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": str(counter)}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


class Connection:
    """Asks for the same again and again, and reads no more than it has to."""

    def __init__(self, port, path, case):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{case.fields}\r\n".encode()
        self.status = f"HTTP/1.1 {case.status} ".encode()

    def ask(self, times):
        for _ in range(times):
            self.socket.sendall(self.request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += self.more()
            head, _, body = answer.partition(b"\r\n\r\n")
            if not head.startswith(self.status):
                sys.exit(f"FAIL  answered with {head.splitlines()[0].decode()}, expected {self.status.decode()}")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            left = 0 if b" 304 " in self.status or not length else int(length[1]) - len(body)
            while left > 0:
                left -= len(self.more())

    def more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            sys.exit("FAIL  the service closed the connection")
        return part


def allocations(service, path, case, read):
    """The least of some rounds, for a request."""
    connection = Connection(service.port, path, case)
    connection.ask(WARM_UP)
    counts = []
    for _ in range(ROUNDS):
        before = read()
        connection.ask(REQUESTS)
        counts.append((read() - before) / REQUESTS)
    return min(counts)


def instructions(service, path):
    """User-mode instructions of a hit by the processor's own counter; None where the machine has none for us."""
    connection = Connection(service.port, path, Case(200))
    connection.ask(WARM_UP)
    command = ["perf", "stat", "-x", ",", "-e", "instructions:u", "-p", str(service.pid)]
    try:
        perf = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        return None
    connection.ask(REQUESTS)
    perf.send_signal(2)
    counted = perf.communicate()[1].split(",")[0].strip()
    return int(counted) / REQUESTS if counted.isdigit() else None


def main():
    thresholds = json.loads((HERE / "thresholds.json").read_text())["allocations"]
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        counter = Path(scratch) / "counter"
        counter.write_bytes(bytes(8))
        library = Path(scratch) / "count_allocations.so"
        compiler = ["gcc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "count_allocations.c"]
        subprocess.run(compiler, check=True)
        with open(counter, "r+b") as file, mmap.mmap(file.fileno(), 8) as mapped:
            def read():
                return struct.unpack("Q", mapped[:8])[0]

            for is_cached, settings in ((True, {}), (False, {"cache.bytes.max": "0"})):
                with preloaded(library, counter):
                    service = Service(settings)
                    service.start()
                with contextlib.closing(service):
                    failures += measure(service, is_cached, thresholds, read)
    print("-- " + ("all thresholds held" if not failures else f"{failures} not held"))
    sys.exit(UNMET if failures else 0)


def measure(service, is_cached, thresholds, read):
    """How many thresholds are not held."""
    made = service.upload(PICTURE.read_bytes())
    if made.status != 201:
        sys.exit(f"FAIL  the upload was answered with {made.status}: {made.body[:200]!r}")
    path = made.json()["renditions"]["thumbnail"]["url"]
    etag = service.get(path).header("etag")
    failures = 0
    for name, case in cases(etag).items():
        if case.is_cached != is_cached:
            continue
        count = allocations(service, path.replace("/v1/", "/latest/") if case.is_latest else path, case, read)
        holds = count <= thresholds[name]
        failures += not holds
        print(f"{'PASS' if holds else 'FAIL'}  {name}: {count:.2f} allocations (at most {thresholds[name]})", flush=True)
    if is_cached:
        counted = instructions(service, path)
        told = f"{counted:.0f}" if counted else "the machine has no counter of them"
        print(f"      instructions of a hit in user mode: {told}", flush=True)
    return failures


if __name__ == "__main__":
    main()
