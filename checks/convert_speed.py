"""`mediactl convert` of all photographs to the default pair, against `vipsthumbnail` run twice over the same files.

The two take turns in one run, each with as many processes as there are cores; what counts is the median of the rounds'
ratios of wall time. vipsthumbnail decodes twice, in a process a picture; that is what a script of it does.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from convert import environment, program
from service import SKIPPED, Report, photos

RATIO_MAX = 0.6
ROUNDS = 7
SIDES = (320, 1280)


def timed(command):
    """Seconds of wall time and of CPU."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit code {done.returncode}: {done.stderr[-500:]}")
    return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def with_mediactl(pictures, out):
    return timed([program(), "convert", *pictures, "--out", out, "--quiet"])


def with_vipsthumbnail(pictures, out):
    # One process a picture and size; both sizes' lines stand in one list, so that no core is idle between the two.
    names = "\n".join(f"{side}x{side}>\n{out}/%s.{side}.webp[Q=80]\n{path}" for side in SIDES for path in pictures)
    (out / "list").write_text(names)
    cores = len(os.sched_getaffinity(0))
    return timed(
        ["xargs", "-a", out / "list", "-d", "\n", "-P", str(cores), "-n", "3", "sh", "-c",
         'exec vipsthumbnail --size "$1" -o "$2" "$3"', "sh"]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    report = Report("mediactl convert against vipsthumbnail, twice")
    if not shutil.which("vipsthumbnail"):
        print("SKIPPED  vipsthumbnail is absent: scripts/install-checks installs libvips-tools")
        sys.exit(SKIPPED)
    pictures = photos()
    ways = {"mediactl convert": with_mediactl, "vipsthumbnail": with_vipsthumbnail}
    ran = {name: [] for name in ways}
    # The first round warms the page cache, and does not count.
    for number in range(options.rounds + 1):
        for name in list(ways) if number % 2 else list(ways)[::-1]:
            with tempfile.TemporaryDirectory(prefix="convert-") as out:
                figures = ways[name](pictures, Path(out))
                made = sum(path.suffix == ".webp" for path in Path(out).iterdir())
                if made != len(SIDES) * len(pictures):
                    report.expect(False, f"{name} made {made} files of {len(pictures)} pictures")
                    report.finish()
            if number:
                ran[name].append(figures)
    for name, figures in ran.items():
        wall, cpu = (statistics.median(column) for column in zip(*figures))
        report.note(f"{name:18} {wall:6.2f} s of wall time, {cpu:6.2f} s of CPU (medians of {options.rounds})")
    ratios = [ours[0] / theirs[0] for ours, theirs in zip(*ran.values())]
    report.expect(
        statistics.median(ratios) <= RATIO_MAX,
        f"{len(pictures)} photographs, both renditions: {statistics.median(ratios):.2f} × the wall time of "
        f"vipsthumbnail (at most {RATIO_MAX}; rounds from {min(ratios):.2f} to {max(ratios):.2f})",
    )
    report.finish()


if __name__ == "__main__":
    main()
