"""CPU of the default pair through the service, against two plain libvips calls, in alternating blocks of one run."""

import argparse
import os
import statistics
import subprocess
import time
from pathlib import Path

from service import CHECKOUT, Report, Service, shared

RATIO_MAX = 1.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def process_seconds(pid):
    """CPU of all threads of another process, those that have ended included, to the nanosecond.

    The clock id is what clock_getcpuclockid(3) computes; /proc/PID/stat has ticks of 10 ms only.
    """
    return time.clock_gettime((~pid << 3) | 2)


def reaped_seconds(pid):
    """CPU of the children that have ended and been waited for: a worker that was recycled takes its time with it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # cutime and cstime, fields 16 and 17 of proc(5), of which the first two stand before the parenthesis.
    return (int(fields[13]) + int(fields[14])) / TICKS_PER_SECOND


def service_seconds(service):
    pids = [service.pid, *service.workers()]
    return sum(map(process_seconds, pids)) + reaped_seconds(service.pid)


def compiled():
    """Builds checks/plain_vips.c; returns the program."""
    program = CHECKOUT / ".build" / "plain_vips"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vips"], check=True, capture_output=True, text=True)
    source = CHECKOUT / "checks" / "plain_vips.c"
    subprocess.run(["cc", "-O2", "-Wall", "-o", program, source, *flags.stdout.split()], check=True)
    return program


def plain_block(plain, pairs):
    """CPU seconds per pair of plain libvips, and the bytes of the two pictures."""
    plain.stdin.write(f"{pairs}\n")
    plain.stdin.flush()
    microseconds, *made = map(int, plain.stdout.readline().split())
    return microseconds / 1e6 / pairs, made


def service_block(service, picture, pairs):
    """CPU seconds per upload of mediad and its workers together, and the last manifest."""
    before = service_seconds(service)
    for _ in range(pairs):
        answer = service.upload(picture)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status} {answer.body[:200]!r}")
    # The answer is sent before the last of the work is done; a moment, so that the block pays for all of its own.
    time.sleep(0.2)
    return (service_seconds(service) - before) / pairs, answer.json()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=30)
    parser.add_argument("--block", type=int, default=5, help="how many go before the other side has its turn")
    options = parser.parse_args()
    photo = shared("photos/bench12.jpg")
    picture = photo.read_bytes()
    report = Report(f"cpu: {options.uploads} × bench12.jpg, thumbnail and preview, in blocks of {options.block}")
    ours, theirs = [], []
    with (
        Service() as service,
        subprocess.Popen([compiled(), photo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as plain,
    ):
        # The first of either side pays for start-up: libraries, worker processes, the first page of everything. Four,
        # so that every worker of the pool has had its first picture.
        plain_block(plain, 1)
        service_block(service, picture, 4)
        for _ in range(options.uploads // options.block):
            seconds, manifest = service_block(service, picture, options.block)
            ours.append(seconds * 1000)
            seconds, made = plain_block(plain, options.block)
            theirs.append(seconds * 1000)
            report.note(f"service {ours[-1]:6.1f} ms, plain libvips {theirs[-1]:6.1f} ms a pair")
        plain.stdin.close()
    sizes = [manifest["renditions"][name]["bytes"] for name in ("thumbnail", "preview")]
    report.note(f"bytes: service {sizes[0]} + {sizes[1]}, plain libvips {made[0]} + {made[1]}")
    ratio = statistics.median(ours) / statistics.median(theirs)
    report.expect(
        ratio <= RATIO_MAX,
        f"median {statistics.median(ours):.1f} ms through the service, {statistics.median(theirs):.1f} ms by plain "
        f"libvips: {ratio:.3f} × (at most {RATIO_MAX})",
    )
    report.finish()


if __name__ == "__main__":
    main()
