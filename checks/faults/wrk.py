"""Drives wrk: a compiled client, so that what is measured is the service."""

import re
import resource
import subprocess
from dataclasses import dataclass

RATE = re.compile(r"^RATE (\d+) (\d+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    requests: int
    seconds: float
    # Answers other than 2xx and 3xx, and connections that failed.
    errors: int
    # CPU seconds of wrk itself.
    client_cpu: float

    @property
    def rate(self):
        return (self.requests - self.errors) / self.seconds


def run_wrk(service, script, connections, threads, seconds, *arguments):
    """Runs a script whose `done` prints `RATE requests microseconds errors`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "-s", script]
    ran = subprocess.run(
        [*command, f"http://127.0.0.1:{service.port}", "--", *arguments], check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, microseconds, errors = map(int, RATE.search(ran.stdout).groups())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(requests, microseconds / 1e6, errors, cpu)
