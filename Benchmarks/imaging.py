"""The imaging table of PERFORMANCE.md on this machine: the default pair (320 and 1280, WebP q80) by us and by libvips.

Ours is the engine in one process, and the same through a worker in its sandbox. Beside it, in turns, in one run:
vips_thumbnail and webpsave at effort 4 in one process, as image servers have it; libvips with the decoder's shrink chosen
by hand; `vipsthumbnail` and `cwebp` as whole processes, twice each. For every picture the CPU of a pair (user and
system, medians of the rounds), bytes, and the SSIM of either size against one reference: decoded in full and reduced by
Lanczos 3, not encoded; told by `mediactl compare`.

Exits with 3 where a threshold is missed.
"""

import argparse
import concurrent.futures
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pyvips

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "checks"))
from sandbox_cpu import Bench, progressive  # noqa: E402
from service import CHECKOUT, PROGRAMS, shared, without_settings  # noqa: E402

SIZES = {"thumbnail": 320, "preview": 1280}
WAYS = {
    "inside": "ours, in process",
    "worker": "ours, through a worker",
    "thumbnail": "vips_thumbnail",
    "shrink": "libvips, shrunk by hand",
    "vipsthumbnail": "vipsthumbnail (processes)",
    "cwebp": "cwebp (processes)",
}
OURS, THEIRS = "inside", "thumbnail"
SSIM_LOWER_MAX = 0.001
BYTES_MORE_MAX = 0.01
PIXELS_LARGE = 24e6
UNMET = 3


@dataclass
class Case:
    """A picture, or several that count as one; and what the ways took for it."""

    name: str
    pictures: list
    # Of the CPU of vips_thumbnail; None where nothing is promised.
    cpu_max: float | None
    # Whether likeness and bytes are promised, too.
    is_strict: bool = False
    # By way, a figure a round: CPU milliseconds of a pair.
    cpu: dict = field(default_factory=lambda: {way: [] for way in WAYS})
    # By way, name and picture.
    ssim: dict = field(default_factory=dict)
    bytes: dict = field(default_factory=dict)

    def ratio(self, way):
        """Of CPU: the median of what it is in each round, since a round's ways ran beside the same neighbours."""
        return statistics.median(one / other for one, other in zip(self.cpu[way], self.cpu[THEIRS]))

    def milliseconds(self, way):
        return statistics.median(self.cpu[way])

    def likeness(self, way, name):
        """The mean over the pictures."""
        return statistics.mean(self.ssim[way, name, picture] for picture in self.pictures)

    def total_bytes(self, way):
        return sum(self.bytes[way, name, picture] for name in SIZES for picture in self.pictures)


class LibvipsPair:
    """libvips_pair.c, compiled and running."""

    def __init__(self):
        program = CHECKOUT / ".build" / "libvips_pair"
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vips"], check=True, capture_output=True, text=True)
        source = CHECKOUT / "Benchmarks" / "libvips_pair.c"
        command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", program, source, *flags.stdout.split()]
        subprocess.run(command, check=True)
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.stdin.close()
        self.process.wait()

    def milliseconds(self, way, times, picture, folder="-"):
        self.process.stdin.write(f"{way} {times} {picture} {folder}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"libvips_pair ended at {way} {picture}")
        return float(answer)


def whole_processes(way, picture, folder):
    """CPU milliseconds of the two processes that make a pair."""
    image = pyvips.Image.new_from_file(str(picture))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name, side in SIZES.items():
        out = Path(folder) / f"{name}.webp"
        if way == "vipsthumbnail":
            command = ["vipsthumbnail", picture, "--size", f"{side}x{side}>", "-o", f"{out}[Q=80,effort=4]"]
        else:
            width, height = fitted(image, side)
            command = ["cwebp", "-quiet", "-q", "80", "-m", "4", "-resize", str(width), str(height), picture, "-o", out]
        subprocess.run(command, check=True, env={**os.environ, "VIPS_CONCURRENCY": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def fitted(image, side):
    """The size of a picture within a square, never larger than it is."""
    scale = min(1, side / max(image.width, image.height))
    return round(image.width * scale), round(image.height * scale)


def make(way, times, picture, folder, bench, libvips):
    """CPU milliseconds for a pair; it goes to the folder, where one is given."""
    if way in ("inside", "worker"):
        return bench.milliseconds(way, times, picture, folder or "")
    if way in ("thumbnail", "shrink"):
        return libvips.milliseconds(way, times, picture, folder or "-")
    with tempfile.TemporaryDirectory() as scratch:
        return whole_processes(way, picture, folder or scratch)


def reference(picture, side, path):
    """The picture decoded in full and reduced to the size, as a PNG."""
    image = pyvips.Image.new_from_file(str(picture))
    width, height = fitted(image, side)
    if width < image.width:
        image = image.reduce(image.width / width, image.height / height, kernel="lanczos3")
    image.write_to_file(str(path), compression=1)


def likeness(first, second):
    command = [PROGRAMS / "mediactl", "compare", "--json", first, second]
    ran = subprocess.run(command, capture_output=True, text=True, env=without_settings())
    if ran.returncode != 0:
        raise RuntimeError(f"mediactl compare {first} {second}: {ran.stderr[-500:]}")
    return json.loads(ran.stdout)["ssim"]


def judge_pictures(case, folder, bench, libvips):
    """The bytes and the likeness of what all ways make."""
    waiting = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for picture in case.pictures:
            place = Path(folder) / case.name.replace(" ", "-") / picture.stem
            for way in WAYS:
                (place / way).mkdir(parents=True)
                make(way, 1, picture, place / way, bench, libvips)
            for name, side in SIZES.items():
                whole = place / f"{name}.png"
                reference(picture, side, whole)
                for way in WAYS:
                    made = place / way / f"{name}.webp"
                    case.bytes[way, name, picture] = made.stat().st_size
                    waiting[way, name, picture] = pool.submit(likeness, whole, made)
        case.ssim = {key: answer.result() for key, answer in waiting.items()}


def measure(case, rounds, bench, libvips):
    for index in range(rounds):
        # In another order each time: who comes after whom is part of what it costs.
        ways = list(WAYS)[index % len(WAYS) :] + list(WAYS)[: index % len(WAYS)]
        for way in ways:
            spent = [make(way, 1, picture, None, bench, libvips) for picture in case.pictures]
            case.cpu[way].append(statistics.mean(spent))


def show(case):
    print(f"\n{case.name}")
    print(f"  {'':26} {'CPU ms':>8} {'ratio':>6} {'bytes':>8} {'SSIM 320':>9} {'SSIM 1280':>9}")
    for way, text in WAYS.items():
        print(
            f"  {text:26} {case.milliseconds(way):8.1f} {case.ratio(way):6.3f} {case.total_bytes(way):8} "
            f"{case.likeness(way, 'thumbnail'):9.5f} {case.likeness(way, 'preview'):9.5f}",
            flush=True,
        )


class Verdicts:
    """Prints whether each threshold is met, and counts those that are not."""

    def __init__(self):
        self.missed = 0

    def expect(self, holds, text):
        self.missed += not holds
        print(f"{'PASS' if holds else 'FAIL'}  {text}", flush=True)

    def judge(self, case):
        if case.cpu_max is not None:
            ratio = case.ratio(OURS)
            self.expect(ratio <= case.cpu_max, f"{case.name}: CPU {ratio:.3f} × (at most {case.cpu_max})")
        if not case.is_strict:
            return
        for name, side in SIZES.items():
            change = case.likeness(OURS, name) - case.likeness(THEIRS, name)
            text = f"{case.name}, {side} px: SSIM {change:+.5f} (at most {SSIM_LOWER_MAX} lower)"
            self.expect(change >= -SSIM_LOWER_MAX, text)
        change = case.total_bytes(OURS) / case.total_bytes(THEIRS) - 1
        self.expect(change <= BYTES_MORE_MAX, f"{case.name}: bytes {change:+.2%} (at most {BYTES_MORE_MAX:.0%} more)")


def large(folder):
    """A baseline JPEG of 24 megapixels, made of a photograph."""
    made = Path(folder) / "large.jpg"
    photo = pyvips.Image.new_from_file(str(shared("photos/photo-20mp-kleiber.jpg")))
    photo.resize((PIXELS_LARGE / (photo.width * photo.height)) ** 0.5).jpegsave(str(made), Q=85)
    return made


def cases(folder):
    kodak = sorted(shared("photos").glob("kodim*.png"))
    return [
        Case("bench12.jpg", [shared("photos/bench12.jpg")], 0.55, is_strict=True),
        Case("progressive 20 MP", [progressive(folder)], 0.6),
        Case("baseline 24 MP", [large(folder)], None),
        Case(f"Kodak, {len(kodak)} pictures", kodak, 0.9),
    ]


def machine():
    """A line on what the figures are of."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").open() if line.startswith("model name")), "?"
    )
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    webp = subprocess.run(["cwebp", "-version"], capture_output=True, text=True).stdout.split("\n")[0]
    return f"{os.cpu_count()} × {model}; libvips {version}, cwebp {webp}, load {os.getloadavg()[0]:.1f}"


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", help="a part of the name of the cases to measure")
    parser.add_argument("--json", help="a file for the figures")
    return parser.parse_args(arguments)


def figures(case):
    ways = {
        way: {
            "cpuMilliseconds": case.milliseconds(way),
            "cpuRatio": case.ratio(way),
            "bytes": case.total_bytes(way),
            "ssim": {name: case.likeness(way, name) for name in SIZES},
        }
        for way in WAYS
    }
    return {"name": case.name, "ways": ways}


def run(options):
    """How many thresholds were missed."""
    print(f"== imaging: the default pair, WebP q80, {options.rounds} rounds\n{machine()}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Bench() as bench, LibvipsPair() as libvips:
        chosen = [case for case in cases(folder) if (options.only or "") in case.name]
        for case in chosen:
            judge_pictures(case, folder, bench, libvips)
            measure(case, options.rounds, bench, libvips)
            show(case)
    print()
    verdicts = Verdicts()
    for case in chosen:
        verdicts.judge(case)
    if options.json:
        Path(options.json).write_text(json.dumps([figures(case) for case in chosen], indent=2) + "\n")
    print("-- " + ("all thresholds met" if not verdicts.missed else f"{verdicts.missed} not met"), flush=True)
    return verdicts.missed


def main():
    sys.exit(UNMET if run(parsed(sys.argv[1:])) else 0)


if __name__ == "__main__":
    main()
