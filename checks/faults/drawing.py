"""Pictures of a few hundred bytes, as many different ones as a check wants, each with a mark to search the disk for."""

import hashlib
import random
import struct
import zlib

# Every picture has these bytes in it as they are, followed by 16 of its own: the 32-byte marker of I8.
MARK = b"plaintext-mark: "
SIDE = 24
# The picture is drawn as so many coloured squares a side.
SQUARES = 4


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def marker(name):
    """The 32 bytes by which the picture of that name is known."""
    return MARK + hashlib.sha256(name.encode()).hexdigest()[:16].encode()


def picture(name, bytes_min=0):
    """The PNG of that name: equal names give equal bytes, and no two names give the same pixels.

    `bytes_min` makes it larger by a chunk that no decoder looks into.
    """
    chance = random.Random(name)
    squares = [[chance.randbytes(3) for _ in range(SQUARES)] for _ in range(SQUARES)]
    rows = bytearray()
    for row in range(SIDE):
        line = squares[row * SQUARES // SIDE]
        rows += b"\0" + b"".join(line[column * SQUARES // SIDE] for column in range(SIDE))
    parts = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)),
        chunk(b"tEXt", b"Comment\0" + marker(name)),
        chunk(b"IDAT", zlib.compress(bytes(rows), 1)),
    ]
    short = bytes_min - sum(map(len, parts))
    if short > 0:
        parts.append(chunk(b"paDd", chance.randbytes(short)))
    return b"".join([*parts, chunk(b"IEND", b"")])
