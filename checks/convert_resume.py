"""Many small pictures, converted by a run that is killed at random ten times and resumed, beside one that is not.

What has a line in the journal is not converted again; what was in work at a kill is. `--long` takes 100,000 pictures.
"""

import argparse
import os
import random
import struct
import tempfile
import zlib
from pathlib import Path

from convert import convert, journal, outputs
from service import Report

FILES = 5_000
FILES_LONG = 100_000
FILES_PER_FOLDER = 1_000
KILLS = 10
SIDE = 24
# Of the memory with a tenth of the files: what is kept of a file is 16 bytes, and a table has room to spare.
MEMORY_RATIO_MAX = 1.25
ARGUMENTS = ("--recipe", "tiny:w=16,q=60")


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(number):
    """A small picture, above of a colour that tells its number, below grey."""
    colour = bytes(((number & 63) * 4, (number >> 6 & 63) * 4, (number >> 12 & 63) * 4))
    # A row is the type of its filter, then three bytes a pixel.
    rows = (b"\0" + colour * SIDE) * (SIDE // 2) + (b"\0" + b"\x80" * 3 * SIDE) * (SIDE // 2)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    )


def generate(folder, count):
    for number in range(count):
        path = folder / f"{number // FILES_PER_FOLDER:03}" / f"{number:06}.png"
        if number % FILES_PER_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(png(number))


def width():
    """Pictures that may be in work at once: as many as workers, and as many again that are read ahead."""
    return 2 * len(os.sched_getaffinity(0))


def killed_and_resumed(report, scratch, source, out, seconds, count):
    """Runs until it is done; what was converted, and what of it was in work when a kill came."""
    lost = kills = 0
    while True:
        # Ten kills come before the work is done, whatever the machine.
        limit = random.uniform(0, seconds / 8) + 0.2 if kills < KILLS else None
        run = convert(scratch, [source, "--out", out, "--resume", *ARGUMENTS], kill_after=limit)
        if run.code >= 0:
            report.expect(run.code == 0, f"the last run ends with {run.code} {run.errors[-300:]}")
            report.expect(kills == KILLS, f"{kills} runs were killed in the middle (wanted: {KILLS})")
            return lost, kills
        kills += 1
        noted = set(journal(out))
        left = [path for path in out.rglob("*") if path.is_file() and path.suffix in (".webp", ".part")]
        unnoted = sum(path.relative_to(out).as_posix() not in noted for path in left)
        lost += unnoted
        report.note(f"kill {kills:2} after {run.seconds:5.2f} s: {len(noted)} of {count} noted, {unnoted} in the middle")


def check(report, scratch, count):
    source, small = scratch / "in", scratch / "small"
    generate(source, count)
    generate(small, count // 10)
    tenth = convert(scratch, [small, "--out", scratch / "out-small", *ARGUMENTS])
    whole = convert(scratch, [source, "--out", scratch / "out", *ARGUMENTS])
    report.expect(whole.code == 0 and tenth.code == 0, f"undisturbed runs end with {tenth.code} and {whole.code}")
    report.note(f"{count} files in {whole.seconds:.1f} s, {count / whole.seconds:.0f} files/s")
    resumed = scratch / "resumed"
    lost, kills = killed_and_resumed(report, scratch, source, resumed, whole.seconds, count)
    wanted, got = outputs(scratch / "out"), outputs(resumed)
    report.expect(len(wanted) == count, f"an undisturbed run has {len(wanted)} outputs of {count} files")
    report.expect(got == wanted, f"the outputs of the killed run equal them, and nothing else is there ({len(got)})")
    lines = journal(resumed)
    report.expect(
        len(lines) == len(set(lines)) == count,
        f"{len(lines)} lines in the journal, {len(set(lines))} of different outputs: nothing noted is made again",
    )
    allowed = width() * kills
    report.expect(
        len(lines) + lost <= count + allowed,
        f"{len(lines) + lost} conversions reached the disk (at most {count} + {allowed}: {width()} in work at each kill)",
    )
    again = convert(scratch, [source, "--out", resumed, "--resume", *ARGUMENTS])
    summary = again.lines[-1]["summary"]
    report.expect(
        summary["unchanged"] == count and summary["converted"] == 0,
        f"resumed once more: {summary['unchanged']} unchanged, {summary['converted']} converted, {again.seconds:.1f} s",
    )
    mib = 1 << 20
    report.expect(
        max(whole.peak, again.peak) <= MEMORY_RATIO_MAX * tenth.peak,
        f"peak memory of mediactl: {whole.peak / mib:.1f} MiB with {count} files, {again.peak / mib:.1f} resumed, "
        f"{tenth.peak / mib:.1f} with {count // 10} (at most {MEMORY_RATIO_MAX} ×)",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{FILES_LONG} files")
    parser.add_argument("--files", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    random.seed(options.seed)
    count = options.files or (FILES_LONG if options.long else FILES)
    report = Report(f"mediactl convert, killed and resumed: {count} files, --seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="convert-") as scratch:
        check(report, Path(scratch), count)
    report.finish()


if __name__ == "__main__":
    main()
