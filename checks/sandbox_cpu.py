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


class Bench:
    """checks/SandboxBench, running: makes the default pair in its own process or through a worker."""

    def __init__(self):
        build = ["swift", "build", "-c", "release", "--product", "SandboxBench", "--quiet"]
        subprocess.run(build, cwd=CHECKOUT, check=True)
        command = [PROGRAMS / "SandboxBench", PROGRAMS / "mediaworker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.stdin.close()
        self.process.wait()

    def milliseconds(self, side, times, picture, folder=""):
        """CPU for a picture, `inside` or through a `worker`; the renditions go to the folder."""
        self.process.stdin.write(f"{side} {times} {picture} {folder}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"SandboxBench ended at {side} {picture}")
        return float(answer)


def measure(report, bench, name, picture, options):
    """One run: the blocks of both sides, and their medians."""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for side in ("inside", "worker"):
            bench.milliseconds(side, 0, picture, folder)
            made.append([path.read_bytes() for path in sorted(Path(folder).iterdir())])
    report.expect(made[0] == made[1], f"{name}: both ways make the same bytes")
    sides = "inside", "worker"
    blocks = [[bench.milliseconds(side, options.block, picture) for side in sides] for _ in range(options.blocks)]
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
    report = Report(f"sandbox cpu: the default pair, {options.blocks} blocks of {options.block} pictures each way")
    with tempfile.TemporaryDirectory() as folder, Bench() as bench:
        measure(report, bench, "bench12.jpg", shared("photos/bench12.jpg"), options)
        measure(report, bench, "progressive 20 MP", progressive(folder), options)
    report.finish()


if __name__ == "__main__":
    main()
