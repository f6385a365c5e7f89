"""Where the hostile programs have their pictures from, and how one picture becomes as many different ones as wanted."""

import struct

import pyvips

import corpus
from faults.drawing import chunk
from service import shared

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
# IHDR has a fixed length: magic, length, name, 13 bytes, CRC.
PNG_HEAD_BYTES = 8 + 4 + 4 + 13 + 4
BOMBS = "hostile/bombs/"


def photo(name):
    return shared(f"photos/{name}").read_bytes()


def kodak():
    """The Kodak suite, 768×512 each, as PNG."""
    return [path.read_bytes() for path in sorted(shared("photos").glob("kodim*.png"))]


def small_photos():
    """The same at 480×320, as JPEG: little work each, so that there are many jobs in a short time."""
    return [resized(path.name, 480, 320) for path in sorted(shared("photos").glob("kodim*.png"))]


def resized(name, width, height, **saving):
    """A photograph at another size, as JPEG of quality 85 unless `saving` says otherwise."""
    image = pyvips.Image.thumbnail(str(shared(f"photos/{name}")), width, height=height, size="force")
    return image.jpegsave_buffer(**{"Q": 85, "strip": True} | saving)


def stamped(picture, text):
    """The same picture with `text` in a comment: other bytes, so that it is no duplicate, and the same pixels."""
    words = text.encode()
    if picture.startswith(PNG_MAGIC):
        return picture[:PNG_HEAD_BYTES] + chunk(b"tEXt", b"Comment\0" + words) + picture[PNG_HEAD_BYTES:]
    if not picture.startswith(b"\xff\xd8"):
        raise ValueError("only a PNG or a JPEG can be stamped")
    # FFFE is a JPEG comment; its length counts itself.
    return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(words) + 2) + words + picture[2:]


def corpus_rows():
    return list(corpus.manifest())


def bombs():
    return [row for row in corpus.manifest() if row.path.startswith(BOMBS)]


def corpus_bytes(row):
    return shared(f"corpus/{row.path}").read_bytes()
