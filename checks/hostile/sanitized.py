"""F7 under AddressSanitizer: the whole corpus through a worker that reports every touch of memory that is not its own.

The worker is built for release with AddressSanitizer in a scratch path of its own; mediad is the ordinary one, told by
settings which worker to start and to leave its address space unlimited, of which a sanitizer reserves terabytes. The
codec libraries are Debian's and have no checks compiled in: of theirs, the sanitizer sees the heap (its own allocator,
with guards and quarantine, and the checked string and memory functions), not every access.
"""

import argparse
import os
import re
import subprocess
import time
from pathlib import Path

import corpus
from faults import invariants
from service import CHECKOUT, Report, Service

SCRATCH = CHECKOUT / ".build" / "asan"
BUILD = ["swift", "build", "-c", "release", "--product", "mediaworker", "--sanitize", "address"]
# A leak report at the end of a process would be about what libvips keeps until then. An allocation that the release
# worker would be refused by its address space is refused here by the allocator.
OPTIONS = "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1:max_allocation_size_mb=2048"
SETTINGS = {"worker.memory.max": "0"}
REPORTED = re.compile(r"AddressSanitizer[^\n]*")
# The shadow of 47 bits of address space takes 2 to the power of 44.
SHADOW_BYTES_MIN = 1 << 43
VIRTUAL = re.compile(r"^VmSize:\s+(\d+) kB$", re.MULTILINE)


def built():
    """The worker with AddressSanitizer; nothing is done where it is up to date."""
    subprocess.run([*BUILD, "--scratch-path", SCRATCH], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return SCRATCH / "release" / "mediaworker"


def is_sanitized(pid):
    try:
        size = VIRTUAL.search(Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return False
    return size is not None and int(size[1]) * 1024 >= SHADOW_BYTES_MIN


def are_sanitized(service, seconds=10):
    """Waits: a worker that is just being started has no shadow yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        workers = service.workers()
        if workers and all(map(is_sanitized, workers)):
            return True
        time.sleep(0.1)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", help="one that is built already")
    options = parser.parse_args()
    rows = corpus.ordered(corpus.manifest())
    report = Report(f"F7 sanitized: {len(rows)} odd and hostile files, worker with AddressSanitizer")
    worker = Path(options.worker) if options.worker else built()
    os.environ["ASAN_OPTIONS"] = OPTIONS
    with Service(SETTINGS | {"worker.path": worker}) as service:
        report.expect(are_sanitized(service), f"{len(service.workers())} workers, each with the sanitizer's shadow")
        corpus.check(report, service, rows)
        reports = REPORTED.findall((service.scratch / "stderr").read_text(errors="replace"))
        invariants.expect_none(report, reports, "lines of AddressSanitizer in the log")
        if service.is_alive():
            lost = invariants.metric(service, "media_worker_restarts_total")
            report.expect(lost == 0, f"{lost} workers were lost (is to be 0)")
    report.finish()


if __name__ == "__main__":
    main()
