"""Searches everything that the service leaves on disk for any 32 bytes of any picture that went in or came out."""

import os
import random
import shutil
import socket
import time
from pathlib import Path

import numpy

from pictures import METADATA_CHUNKS, riff_chunks
from service import Report, Service, photos, shared

RUN_BYTES = 32
# Of these, so many are other than zero, or the run is not looked for.
FILLED_MIN = 4
# How many accepted files of the corpus, beside all photographs, go in.
CORPUS_FILES = 120
# Needles are hashed so many bytes at a time, to bound memory.
BLOCK_BYTES = 4 << 20
# Where plaintext is found, the verdict is out; going on until every one of its windows is named would take minutes.
MATCHES_PER_NEEDLE_MAX = 1000
# How many finds are printed.
NAMED_MAX = 10
# The first sieve: a table indexed by the top bits of a hash.
SIEVE_BITS = 28
# Odd, so that multiplying by them loses nothing; four different ones, so that the order of the words counts.
FACTORS = [numpy.uint64(factor) for factor in
           (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)]  # fmt: skip


def words(data):
    """The eight bytes from every offset, as one little-endian integer each: `len(data) - 7` of them."""
    found = numpy.empty(len(data) - 7, dtype=numpy.uint64)
    for shift in range(8):
        count = (len(data) - shift) // 8
        found[shift::8] = numpy.frombuffer(data, dtype="<u8", count=count, offset=shift)
    return found


def hashes(data):
    """A hash of the 32 bytes from every offset, and whether they count: they are not one repeated byte, nor next to
    nothing but zeros.

    Every window is hashed on either side, at stride 1: equal windows have equal hashes, so nothing is missed by
    sampling, and what collides is compared byte by byte afterwards.
    """
    word = words(data)
    count = len(data) - RUN_BYTES + 1
    parts = [word[at : at + count] for at in (0, 8, 16, 24)]
    mixed = sum(part * factor for part, factor in zip(parts, FACTORS, strict=True))
    varied = (parts[0] != parts[1]) | (parts[0] != parts[2]) | (parts[0] != parts[3])
    # A word is one repeated byte when it is a multiple of 0x0101…01 by its lowest byte.
    varied |= parts[0] != (parts[0] & numpy.uint64(0xFF)) * numpy.uint64(0x0101010101010101)
    return mixed, varied & tells_something(data)


def tells_something(data):
    """Which windows have at least FILLED_MIN bytes that are not zero.

    The sealed blob's header is padded with zeros by its specification, and SQLite's pages are zeros with small numbers
    among them. Behind the last bytes of a wrapped key's tag, which are random, stand zeros in every blob; so windows of
    zeros with one or two other bytes, now and then three, meet those of some picture by chance (400 blobs, thousands of
    such windows in the corpus; one in 65536 pairs agrees on two bytes). Of four bytes one pair in 4 * 10^9 agrees.
    """
    filled = numpy.concatenate(([0], numpy.cumsum(numpy.frombuffer(data, dtype=numpy.uint8) != 0)))
    return filled[RUN_BYTES:] - filled[:-RUN_BYTES] >= FILLED_MIN


class Haystack:
    """All 32-byte windows of some files, to be asked which of a needle's windows are among them."""

    def __init__(self, files):
        self.files = []
        self.starts = []
        self.text = bytearray()
        offsets, found = [], []
        for name, data in files:
            self.files.append(name)
            self.starts.append(len(self.text))
            if len(data) >= RUN_BYTES:
                mixed, varied = hashes(data)
                at = numpy.flatnonzero(varied)
                found.append(mixed[at])
                offsets.append((at + len(self.text)).astype(numpy.uint32))
            self.text += data
        if len(self.text) >= 1 << 32:
            raise ValueError("the data folder is larger than this search was made for (4 GiB)")
        unsorted = numpy.concatenate(found)
        order = numpy.argsort(unsorted)
        self.hashes = unsorted[order]
        self.offsets = numpy.concatenate(offsets)[order]
        self.sieve = numpy.zeros(1 << SIEVE_BITS, dtype=bool)
        self.sieve[self.hashes >> numpy.uint64(64 - SIEVE_BITS)] = True

    def matches(self, needle):
        """The files of the haystack that share a window with the needle, each with the needle's offset."""
        found = {}
        verified = 0
        for start in range(0, max(len(needle) - RUN_BYTES + 1, 0), BLOCK_BYTES):
            block = needle[start : start + BLOCK_BYTES + RUN_BYTES - 1]
            mixed, varied = hashes(block)
            candidates = numpy.flatnonzero(varied & self.sieve[mixed >> numpy.uint64(64 - SIEVE_BITS)])
            left = numpy.searchsorted(self.hashes, mixed[candidates], side="left")
            right = numpy.searchsorted(self.hashes, mixed[candidates], side="right")
            for at in numpy.flatnonzero(right > left):
                window = block[candidates[at] : candidates[at] + RUN_BYTES]
                for offset in self.offsets[left[at] : right[at]]:
                    if self.text[offset : int(offset) + RUN_BYTES] == window:
                        found.setdefault(self._file(int(offset)), start + int(candidates[at]))
                        verified += 1
                if verified >= MATCHES_PER_NEEDLE_MAX:
                    return found
        return found

    def _file(self, offset):
        index = numpy.searchsorted(numpy.array(self.starts), offset, side="right") - 1
        return self.files[index]


def on_disk(service):
    """Every file of the data folder, and what mediad and its workers hold open though it has no name any more."""
    for path in sorted(service.data.rglob("*")):
        if path.is_file():
            yield path.relative_to(service.data).as_posix(), path.read_bytes()
    if not service.is_alive():
        return
    for pid in [service.pid, *service.workers()]:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(entry)
            # A memfd is memory, and the worker's input by design; sockets, pipes and devices are no files either.
            if target.endswith(" (deleted)") and target.startswith("/") and not target.startswith("/memfd:"):
                yield f"fd of {pid}: {target}", entry.read_bytes()


def half_uploaded(service, picture):
    """A connection on which all but the last byte of an upload has been sent: the spool is on disk now."""
    connection = socket.create_connection(("127.0.0.1", service.port))
    head = f"POST /v1/assets HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(picture)}\r\n\r\n"
    connection.sendall(head.encode() + picture[:-1])
    # There is no answer to wait for; the service needs a moment to read what lies in the socket.
    time.sleep(1)
    return connection


def upload_all(report, service, sources):
    """Uploads them, and returns sources and renditions by name: everything that must not be found."""
    needles = dict(sources)
    chunks = accepted = 0
    for name, picture in sources.items():
        answer = service.upload(picture)
        if answer.status != 201:
            continue
        accepted += 1
        for preset, rendition in answer.json()["renditions"].items():
            made = service.get(rendition["url"]).body
            needles[f"{name} → {preset}"] = made
            carried = METADATA_CHUNKS & set(riff_chunks(made))
            chunks += bool(carried)
            if carried and chunks <= NAMED_MAX:
                report.note(f"{name} → {preset} carries {sorted(carried)}")
    made = len(needles) - len(sources)
    report.expect(accepted >= len(sources) * 0.9, f"{accepted} of {len(sources)} uploads accepted")
    report.expect(
        made > 0 and chunks == 0, f"{chunks} of {made} renditions carry an EXIF, XMP or ICCP chunk (is to be 0)"
    )
    return needles


def controls(needle):
    """Two planted files: one with exactly 32 bytes of a source amid noise, and one with 31 and a run of zeros."""
    noise = random.Random(1)
    at = len(needle) // 2 + 5
    enough = noise.randbytes(1001) + needle[at : at + RUN_BYTES] + noise.randbytes(777)
    # Its neighbours in the source must not lengthen the run by chance.
    after = bytes([needle[at + RUN_BYTES - 1] ^ 0xFF])
    before = bytes([needle[at - 1] ^ 0xFF])
    short = noise.randbytes(501) + before + needle[at : at + RUN_BYTES - 1] + after + bytes(4096)
    return [("planted: 32 bytes", enough), ("planted: 31 bytes and zeros", short)]


def search(report, moment, files, needles, control):
    started = time.monotonic()
    haystack = Haystack([*files, *controls(control)])
    found = {}
    for name, needle in needles.items():
        for where, at in haystack.matches(needle).items():
            found.setdefault(where, []).append(f"{name} at {at}")
    positive = found.pop("planted: 32 bytes", None)
    negative = found.pop("planted: 31 bytes and zeros", None)
    if not found:
        # Where much was found the search stopped early, and the control says nothing.
        report.expect(bool(positive) and not negative, f"{moment}: the control of 32 bytes is found, that of 31 is not")
    for where, names in list(found.items())[:NAMED_MAX]:
        report.note(f"{where} holds bytes of {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")
    plain, total = sum(map(len, needles.values())), sum(len(data) for _, data in files)
    report.expect(
        not found,
        f"{moment}: {len(found)} of {len(files)} files ({total} bytes) hold any of {plain} bytes of "
        f"{len(needles)} pictures (is to be 0); {time.monotonic() - started:.0f} s",
    )


def main():
    rows = [line.split("\t") for line in shared("corpus/MANIFEST.tsv").read_text().splitlines()[1:]]
    takes = [row[0] for row in rows if row[8] == "201"]
    chosen = sorted(random.Random(2).sample(takes, min(CORPUS_FILES, len(takes))))
    sources = {path.name: path.read_bytes() for path in photos()}
    # What is shorter than a run has none to be found.
    sources |= {path: data for path in chosen if len(data := shared(f"corpus/{path}").read_bytes()) >= RUN_BYTES}
    report = Report(f"plaintext: {len(sources)} pictures, every {RUN_BYTES}-byte run of each, in the whole data folder")
    control = sources["bench12.jpg"]
    with Service() as service:
        needles = upload_all(report, service, sources)
        connection = half_uploaded(service, control)
        files = list(on_disk(service))
        report.note("while running: " + ", ".join(kinds(files)))
        search(report, "running, an upload half done", files, needles, control)
        connection.close()
        service.kill()
        search(report, "after kill -9", list(on_disk(service)), needles, control)
        service.start()
        report.expect(service.stop() == 0, "SIGTERM: mediad exits with 0")
        search(report, "after SIGTERM", list(on_disk(service)), needles, control)
        shutil.rmtree(service.data)
    report.finish()


def kinds(files):
    """How many files by suffix or name, so that one sees that catalog and blobs were there to be searched."""
    counts = {}
    for name, _ in files:
        kind = Path(name).suffix or ("deleted" if name.startswith("fd of") else "no suffix")
        counts[kind] = counts.get(kind, 0) + 1
    return [f"{count} × {kind}" for kind, count in sorted(counts.items())]


if __name__ == "__main__":
    main()
