"""A look of our own into a data folder, past every program under test: what the catalog names, and what lies there."""

import mmap
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faults.drawing import MARK

# BLOB-FORMAT.md: the header, then salt and commitment; chunks follow.
HEADER_BYTES = 568
NAMED = "SELECT lower(hex(id)), sealed_bytes FROM blobs WHERE removed = 0"
VERSIONS = "SELECT count(*) FROM versions"
USAGE = "SELECT coalesce(sum(bytes), 0), coalesce(sum(files), 0) FROM usage"


@dataclass(frozen=True)
class Census:
    """What the catalog and the folder say of each other."""

    integrity: list
    blobs: int
    # Rows without a file, or with one of another size.
    dangling: list
    # Files without a row.
    orphans: list
    # What the catalog keeps as the sum, and the sum: (bytes, versions).
    usage: tuple
    summed: tuple

    @property
    def usage_holds(self):
        return self.usage == self.summed


@contextmanager
def opened(path):
    """A SQLite file that no program uses."""
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def catalog_copy(data):
    """The catalog, opened in a copy: looking must not change what is looked at. The service must not be running."""
    with tempfile.TemporaryDirectory(prefix="catalog-copy-") as folder:
        for suffix in ("", "-wal"):
            source = Path(data) / f"catalog.sqlite{suffix}"
            if source.exists():
                shutil.copyfile(source, Path(folder) / source.name)
        with opened(Path(folder) / "catalog.sqlite") as connection:
            yield connection


def blob_files(data):
    """Every file below `blobs/` by its name, whatever the name."""
    return {path.name: path for path in (Path(data) / "blobs").glob("*/*")}


def census(data):
    with catalog_copy(data) as catalog:
        integrity = [row[0] for row in catalog.execute("PRAGMA integrity_check")]
        integrity = [] if integrity == ["ok"] else integrity
        integrity += [f"foreign key {row}" for row in catalog.execute("PRAGMA foreign_key_check")]
        named = dict(catalog.execute(NAMED))
        summed = (sum(named.values()), catalog.execute(VERSIONS).fetchone()[0])
        usage = catalog.execute(USAGE).fetchone()
    files = blob_files(data)
    dangling = [blob for blob, size in named.items() if blob not in files or files[blob].stat().st_size != size]
    return Census(integrity, len(named), dangling, sorted(files.keys() - named.keys()), usage, summed)


def sealed_sources(data):
    """How many versions there are of each source, by its SHA-256 in hex."""
    with catalog_copy(data) as catalog:
        return dict(
            catalog.execute(
                "SELECT lower(hex(b.sha256)), count(*) FROM versions v JOIN blobs b ON b.id = v.source_blob GROUP BY 1"
            )
        )


def readable(folders, needles=()):
    """The files below the folders with a mark of a picture in them, or any of the needles (of 32 bytes each)."""
    files = {path for folder in folders for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()}
    found = []
    for path in sorted(files):
        if path.stat().st_size < len(MARK):
            continue
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if any(data.find(needle) >= 0 for needle in (MARK, *needles)):
                found.append(path)
    return found
