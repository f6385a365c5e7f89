"""Uploads acknowledged per second, against a program that only makes as many files and rows durable, turn by turn."""

import statistics
import subprocess
from pathlib import Path

import numpy
import pyvips

from faults.mounts import Disk, enter_namespace
from faults.options import parsed
from faults.syscall_fault import compiled
from faults.wrk import run_wrk
from service import Report, Service

CLIENTS = 8
CLIENT_THREADS = 2
PICTURE_BYTES = 16 * 1024
WIDTH, HEIGHT = 320, 240
RATIO_MIN = 0.5
# BLOB-FORMAT.md: header, salt and commitment, a tag for each chunk of 16 KiB.
SEALED_EXTRA_BYTES, CHUNK_BYTES, TAG_BYTES = 568, 16_384, 16
DISK_BYTES = 4 << 30
SCRIPT = Path(__file__).with_name("upload_rate.lua")


def jpeg():
    """A picture of WIDTH × HEIGHT with some texture, of the quality at which it is closest to PICTURE_BYTES."""
    chance = numpy.random.default_rng(1)
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = numpy.stack([columns * 0.6, rows * 0.8, (rows + columns) * 0.4], axis=-1)
    noise = chance.normal(0, 14, (HEIGHT, WIDTH, 1))
    image = pyvips.Image.new_from_array(numpy.clip(smooth + noise, 0, 255).astype(numpy.uint8))
    made = [image.copy(interpretation="srgb").jpegsave_buffer(Q=quality) for quality in range(20, 100)]
    return min(made, key=lambda each: abs(len(each) - PICTURE_BYTES))


def sealed(count):
    return count + SEALED_EXTRA_BYTES + TAG_BYTES * (count // CHUNK_BYTES + 1)


def plain(program, folder, count, seconds):
    """Files a second of the plain program, and files a transaction."""
    said = subprocess.run(
        [program, folder, str(sealed(count)), str(CLIENTS), str(seconds)], check=True, capture_output=True, text=True
    ).stdout
    rate, files, transactions, cpu = said.split()
    return float(rate), int(files) / max(int(transactions), 1), int(cpu) / 1e6 / seconds


def turn(picture, program, number, options):
    """One turn of each on a file system of its own: (plain rate, files a commit, cores), what wrk ran.

    A new file system, since one without a journal takes ever longer to find a free inode after many removals, in some
    folders more than in others. A new service, since none shall pay for the backlog of the turn before.
    """
    with Disk("ext4", DISK_BYTES) as disk, Service({}, disk.folder / "data") as service:
        folder = disk.folder / "plain"
        folder.mkdir()
        path = service.scratch / "picture.jpg"
        path.write_bytes(picture)
        run_wrk(service, SCRIPT, CLIENTS, CLIENT_THREADS, 1, path, "warm-up")
        ran = run_wrk(service, SCRIPT, CLIENTS, CLIENT_THREADS, options.seconds, path, f"turn-{number}")
        service.kill()
        return plain(program, folder, len(picture), options.seconds), ran


def main():
    enter_namespace("faults.upload_rate", "wrk", "mkfs.ext4")
    options = parsed(__doc__, {"rounds": (7, 15)}, seconds=4)
    picture = jpeg()
    report = Report(
        f"upload-rate: {len(picture)} bytes, respond-async, {CLIENTS} clients, {options.seconds} s after 1 s; "
        f"{options.rounds} turns each"
    )
    report.note("renditions wait while uploads keep the machine busy, 10 s at most: this is the rate of such a rush")
    program = compiled("plain_writes", "-lsqlite3", "-lpthread")
    theirs, ours, refused, client_cpu = [], [], 0, []
    for number in range(options.rounds):
        (rate, batch, cpu), ran = turn(picture, program, number, options)
        theirs.append(rate)
        ours.append(ran.rate)
        refused += ran.errors
        client_cpu.append(ran.client_cpu / ran.seconds)
        report.note(
            f"plain {rate:7.0f}/s ({batch:.1f} files a commit, {cpu:.2f} cores), "
            f"service {ran.rate:7.0f}/s (client {client_cpu[-1]:.2f} cores): {ran.rate / rate:.2f} ×"
        )
    report.note(f"wrk, compiled, took {statistics.median(client_cpu):.2f} of the machine's cores for itself")
    report.expect(refused == 0, f"{refused} uploads were refused or failed (is to be 0)")
    ratio = statistics.median(ours) / statistics.median(theirs)
    report.expect(
        ratio >= RATIO_MIN,
        f"median {statistics.median(ours):.0f} uploads acknowledged a second, {statistics.median(theirs):.0f} plain "
        f"writes: {ratio:.2f} × (at least {RATIO_MIN})",
    )
    report.finish()


if __name__ == "__main__":
    main()
