"""CPU of the default pair through the confined worker against the same engine in one process, in alternating blocks."""

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

import pyvips
from service import CHECKOUT, PROGRAMS, Report, shared

RATIO_MAX = 1.05


def progressive(folder):
    """A progressive JPEG of 20 megapixels, made of a photograph."""
    made = Path(folder) / "progressive.jpg"
    photo = pyvips.Image.new_from_file(str(shared("photos/photo-20mp-kleiber.jpg")))
    photo.jpegsave(str(made), interlace=True, Q=85)
    return made


def measure(report, name, picture, options):
    """One run: the blocks of both sides, and their medians."""
    bench = PROGRAMS / "SandboxBench"
    command = [bench, PROGRAMS / "mediaworker", str(options.blocks), str(options.block), picture]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    blocks = [tuple(map(float, line.split())) for line in ran.stdout.splitlines()]
    inside, through = (statistics.median(side) for side in zip(*blocks))
    ratio = statistics.median(there / here for here, there in blocks)
    report.expect(
        ratio <= RATIO_MAX,
        f"{name}: {inside:.1f} ms in one process, {through:.1f} ms through worker and sandbox: median of the blocks' "
        f"ratios {ratio:.3f} × (at most {RATIO_MAX})",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=11)
    parser.add_argument("--block", type=int, default=3, help="how many pictures go before the other side has its turn")
    options = parser.parse_args()
    build = ["swift", "build", "-c", "release", "--product", "SandboxBench", "--quiet"]
    subprocess.run(build, cwd=CHECKOUT, check=True)
    report = Report(f"sandbox cpu: the default pair, {options.blocks} blocks of {options.block} pictures each way")
    with tempfile.TemporaryDirectory() as folder:
        measure(report, "bench12.jpg", shared("photos/bench12.jpg"), options)
        measure(report, "progressive 20 MP", progressive(folder), options)
    report.finish()


if __name__ == "__main__":
    main()
