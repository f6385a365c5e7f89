"""Seal and open throughput against `openssl speed` at 16 KiB, in CPU time, in alternating rounds of one run."""

import argparse
import re
import statistics
import subprocess
from collections import defaultdict

from service import CHECKOUT, Report

RATIO_MIN = 0.8
BENCH = CHECKOUT / ".build" / "release" / "SealingBench"
# openssl speed -mr: `+F:22:AES-256-GCM:4105926776.47`, bytes a second of user time.
SPEED = re.compile(r"^\+F:\d+:[^:]+:([\d.]+)", re.MULTILINE)


def openssl(*arguments):
    """Bytes per second of the algorithm, in blocks of 16 KiB for a second."""
    command = ["openssl", "speed", "-mr", *arguments, "-bytes", "16384", "-seconds", "1"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(SPEED.search(ran.stdout)[1])


def bench(seconds):
    """Bytes per second by the name of the measurement."""
    ran = subprocess.run([BENCH, str(seconds)], check=True, capture_output=True, text=True)
    return {name: float(speed) for name, speed in map(str.split, ran.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU seconds of each of our measurements")
    options = parser.parse_args()
    build = ["swift", "build", "-c", "release", "--product", "SealingBench", "--quiet"]
    subprocess.run(build, cwd=CHECKOUT, check=True)
    version = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split(" (")[0]
    report = Report(f"sealing speed: {options.rounds} rounds against {version.strip()}, medians, GB per CPU second")
    figures = defaultdict(list)
    for _ in range(options.rounds):
        round_of = {
            **bench(options.seconds),
            "gcm-seal": openssl("-evp", "aes-256-gcm"),
            "gcm-open": openssl("-decrypt", "-evp", "aes-256-gcm"),
            "sha256": openssl("-evp", "sha256"),
        }
        # An upload is hashed and sealed: as fast as both one after the other can be.
        round_of["gcm-seal+sha256"] = 1 / (1 / round_of["gcm-seal"] + 1 / round_of["sha256"])
        for name, speed in round_of.items():
            figures[name].append(speed / 1e9)
    median = {name: statistics.median(values) for name, values in figures.items()}
    for name, values in figures.items():
        report.note(f"{name:16} {median[name]:6.3f}   ({min(values):.3f} to {max(values):.3f})")

    def compare(ours, theirs, what):
        ratio = median[ours] / median[theirs]
        text = f"{what}: {median[ours]:.2f} GB/s, {theirs} {median[theirs]:.2f}: {ratio:.3f} ×"
        return ratio, f"{text} (at least {RATIO_MIN})"

    for ours, theirs, what in [
        ("chunks-seal", "gcm-seal", "sealing, the chunks alone, from memory to memory"),
        ("chunks-open", "gcm-open", "opening, the chunks alone, from memory to memory"),
        ("blob-open", "gcm-open", "opening a blob of 4 MB as the product does, key, header and commitment included"),
        ("blob-seal", "gcm-seal+sha256", "sealing a blob of 4 MB as the product does, its SHA-256 included"),
        ("uneven-seal", "gcm-seal+sha256", "the same in pieces that end in no chunk's end"),
    ]:
        ratio, text = compare(ours, theirs, what)
        report.expect(ratio >= RATIO_MIN, text)
    report.note(f"the same sealing against AES-256-GCM without SHA-256: {median['blob-seal'] / median['gcm-seal']:.3f} ×")
    for name in ("small-seal", "small-open"):
        report.note(f"a blob of 30,000 bytes, {name.removeprefix('small-')}: {30 / median[name]:.0f} µs")
    report.finish()


if __name__ == "__main__":
    main()
