"""Fills a catalog with assets as if they had been uploaded: what look-ups and uploads cost among many can be measured.

The blobs are not in the store, and their envelope key opens nothing: only the catalog is full.
"""

import argparse
import json
import os
import random
import sqlite3
import time

# The program's schema (`PRAGMA user_version`) that the rows below are of.
SCHEMA = 7
TENANT = "default"
KEY = "ek-00000000000000000000000000"
CHUNK_BYTES = 16384
# docs/BLOB-FORMAT.md: a header of 512 bytes, a prefix of 56, a tag of 16 for each chunk; the last one is never full.
SEALED_EXTRA_BYTES = 512 + 56

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PRESETS = {"thumbnail": 320, "preview": 1280}


def ulid(milliseconds, chance):
    """An asset's id (https://github.com/ulid/spec), in lower case as the program writes it."""
    value = milliseconds << 80 | chance.getrandbits(80)
    return "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def sealed(size):
    return size + SEALED_EXTRA_BYTES + 16 * (size // CHUNK_BYTES + 1)


def recipe(name):
    side = PRESETS[name]
    return {
        "animated": name == "preview",
        "background": "ffffffff",
        "effort": 4,
        "fit": "scale-down",
        "format": "webp",
        "height": side,
        "lossless": False,
        "quality": 80,
        "width": side,
    }


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


RECIPES = {name: canonical(recipe(name)) for name in PRESETS}
PRESETS_JSON = canonical([{"name": name, "recipe": recipe(name)} for name in PRESETS])


def envelope_key(database):
    """The newest key of the catalog, or one that is made up: every blob must be under one."""
    found = database.execute("SELECT id FROM envelope_keys ORDER BY created_ms DESC, id DESC").fetchone()
    if found:
        return found[0]
    database.execute("INSERT INTO envelope_keys VALUES (?, ?, 0, 'none', zeroblob(60))", (KEY, TENANT))
    return KEY


class Rows:
    """Rows of assets: a source and two renditions each, one version, ready. The same for the same seed."""

    def __init__(self, key, seed, now):
        self.key = key
        self.chance = random.Random(seed)
        self.milliseconds = now
        self.assets, self.blobs, self.versions, self.renditions = [], [], [], []

    def add(self):
        self.milliseconds += self.chance.randrange(1, 2000)
        asset = ulid(self.milliseconds, self.chance)
        source = self.blob(asset, "original", "image/jpeg", self.chance.randrange(500_000, 6_000_000))
        self.assets.append((asset, TENANT, self.milliseconds))
        self.versions.append((asset, self.milliseconds, source, 4032, 3024, PRESETS_JSON))
        for name, side in PRESETS.items():
            size = self.chance.randrange(side * 20, side * 150)
            blob = self.blob(asset, f"{name}.webp", "image/webp", size)
            self.renditions.append((asset, name, RECIPES[name], side, side * 3 // 4, blob))

    def blob(self, asset, variant, media_type, size):
        name = self.chance.randbytes(16)
        digest = self.chance.randbytes(32)
        row = (name, TENANT, asset, variant, media_type, self.milliseconds, size, sealed(size), digest, self.key)
        self.blobs.append(row)
        return name

    def write(self, database):
        database.executemany(
            "INSERT INTO assets (id, tenant, created_ms, last_version, latest_ready) VALUES (?, ?, ?, 1, 1)",
            self.assets,
        )
        database.executemany(
            "INSERT INTO blobs (id, tenant, asset, version, variant, media_type, created_ms, bytes, sealed_bytes,"
            " sha256, envelope_key) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
            self.blobs,
        )
        database.executemany(
            "INSERT INTO versions (asset, number, state, created_ms, source_blob, holds_source, width, height,"
            " presets_json, announced) VALUES (?, 1, 'ready', ?, ?, 1, ?, ?, ?, 0)",
            self.versions,
        )
        database.executemany(
            "INSERT INTO renditions (asset, version, preset, recipe_json, width, height, blob)"
            " VALUES (?, 1, ?, ?, ?, ?, ?)",
            self.renditions,
        )
        self.assets, self.blobs, self.versions, self.renditions = [], [], [], []


def fill(path, assets, seed=1, cache_bytes=3 << 30):
    """Adds assets to a catalog that the program has made and closed.

    Rows go in one after the other in the order of their making, with random ids, as uploads put them: pages are as full
    and as scattered as theirs. Without a journal: a fill that is cut off leaves a broken file.

    cache_bytes: memory for pages; less than the file in the end makes it slow (about 1 GB for a million assets).
    """
    database = sqlite3.connect(path, isolation_level=None)
    try:
        schema = database.execute("PRAGMA user_version").fetchone()[0]
        if schema != SCHEMA:
            raise SystemExit(f"{path} has schema {schema}, these rows are of schema {SCHEMA}")
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA cache_size = -{cache_bytes >> 10}")
        database.execute("BEGIN")
        # Uploads of the last months, so that what is uploaded next is newer.
        rows = Rows(envelope_key(database), seed, int(time.time() * 1000) - assets * 2000)
        for number in range(1, assets + 1):
            rows.add()
            if number % 5000 == 0 or number == assets:
                rows.write(database)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
    finally:
        database.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", help="catalog.sqlite of a data folder that no program uses")
    parser.add_argument("assets", type=int, help="how many to add")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    fill(arguments.catalog, arguments.assets, arguments.seed)
    seconds = time.monotonic() - began
    size = os.path.getsize(arguments.catalog)
    print(f"{arguments.assets} assets in {seconds:.0f} s; the catalog has {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
