"""slowhttptest in its three modes: slow clients are closed in time, and whoever is not slow notices nothing.

The service has its defaults but for the connections of one address, since all of these come from one.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from hostile.probes import Client, percentile, reads
from service import CHECKOUT, SKIPPED, Report, Service

CONNECTIONS = 1000
# A second: more would measure how fast the machine makes connections.
CONNECTIONS_PER_SECOND = 200
CLOSED_SECONDS_MAX = 30
# slowhttptest gives up by itself after so long; far beyond what is asked of the service.
TEST_SECONDS_MAX = 120
BASE_SECONDS = 20
READS_PER_SECOND = 100
# What it may take a machine that is shared to be done, besides.
SLACK_SECONDS = 1.5
LOOK_SECONDS = 0.1


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def modes(service, manifest):
    """slowhttptest's arguments by mode."""
    asset = f"http://127.0.0.1:{service.port}/v1/assets/{manifest['id']}"
    picture = f"http://127.0.0.1:{service.port}{manifest['renditions']['preview']['url']}"
    return {
        # A field of up to 24 bytes every second.
        "headers": ["-H", "-u", picture, "-i", "1", "-x", "24"],
        # A body of 1000 bytes, a few of them every second.
        "body": ["-B", "-u", f"{asset}/latest", "-t", "PUT", "-f", "application/json", "-s", "1000", "-i", "1",
                 "-x", "4"],
        # The same picture over and over, with a window of 512 bytes, 32 bytes a second.
        "read": ["-X", "-u", picture, "-w", "512", "-y", "512", "-n", "1", "-z", "32", "-k", "10"],
    }  # fmt: skip


def yield_processors():
    """What comes last among the threads of a session, and its session last among all (sched(7), autogroups)."""
    os.nice(19)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


def attack(service, arguments):
    """Seconds from the first connection to the last one's end, and the most descriptors there were."""
    before = descriptors(service.pid)
    command = ["slowhttptest", "-c", str(CONNECTIONS), "-r", str(CONNECTIONS_PER_SECOND), "-l", str(TEST_SECONDS_MAX)]
    # Elsewhere it would not take the service's time.
    with subprocess.Popen(
        [*command, "-p", "30", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=yield_processors,
    ) as attacker:
        began, most = None, before
        born, oldest = [], 0.0
        try:
            while attacker.poll() is None:
                now, count = time.monotonic(), descriptors(service.pid) - before
                if began is None and count > CONNECTIONS // 100:
                    began = now
                most = max(most, count + before)
                # How long the oldest has been there: first in, first out, since all do the same.
                while len(born) < count:
                    born.append(now)
                while len(born) > max(count, 0):
                    oldest = max(oldest, now - born.pop(0))
                if began and now - began > TEST_SECONDS_MAX:
                    break
                if began and count <= 0 and most - before >= CONNECTIONS // 2:
                    break
                time.sleep(LOOK_SECONDS)
        finally:
            attacker.terminate()
    return oldest, most


def run(report, service, manifest, mode, arguments):
    rendition = manifest["renditions"]["thumbnail"]
    reader = (reads, service.port, rendition["url"], rendition["sha256"], READS_PER_SECOND)
    with Client(*reader) as healthy:
        time.sleep(BASE_SECONDS)
    base = percentile(healthy.timed.seconds, 0.99)
    with Client(*reader) as healthy_too:
        # Its own connection is one of the descriptors.
        time.sleep(1)
        idle = descriptors(service.pid)
        oldest, most = attack(service, arguments)
        deadline = time.monotonic() + 5
        while (left := descriptors(service.pid)) > idle and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
    during = percentile(healthy_too.timed.seconds, 0.99)
    wrong = healthy.timed.wrong + healthy_too.timed.wrong
    report.expect(
        most - idle >= 0.9 * CONNECTIONS
        and oldest <= CLOSED_SECONDS_MAX + SLACK_SECONDS
        and left <= idle
        and during < 2 * base
        and not wrong,
        f"slow {mode}: {most - idle} connections, each closed within {oldest:.1f} s (at most {CLOSED_SECONDS_MAX}), "
        f"descriptors {idle} → {most} → {left}, a healthy reader's p99 {1000 * during:.2f} ms, "
        f"base {1000 * base:.2f} ms: {during / base:.2f} × (under 2), {len(wrong)} of its reads wrong",
    )
    for text in wrong[:3]:
        report.note(text)


def main():
    if not shutil.which("slowhttptest"):
        print("SKIPPED  slowhttptest is absent: scripts/install-checks installs it")
        sys.exit(SKIPPED)
    report = Report("slow: slowhttptest against headers, body and reading")
    settings = {"connections.per.address.max": 2048}
    with Service(settings) as service:
        manifest = service.upload((CHECKOUT / "fixtures/pictures/noise.png").read_bytes()).json()
        for mode, arguments in modes(service, manifest).items():
            run(report, service, manifest, mode, arguments)
        metrics = service.admin("/metrics").body.decode()
        for line in metrics.splitlines():
            if line.startswith("http_connections_cut_total"):
                report.note(line)
        report.expect(service.is_alive(), "mediad is alive")
    report.finish()


if __name__ == "__main__":
    main()
