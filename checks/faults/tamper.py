"""F19: stored blobs are changed behind the service's back; every change is found, and none is served."""

import random
import shutil
import time
from contextlib import closing
from dataclasses import dataclass, field

from faults import disk, invariants, mediactl
from faults.client import Client, uploading
from faults.drawing import picture
from faults.options import parsed
from faults.points import Seed
from service import Report

PRESETS = 2
# Of the assets, so many have two versions: an old file of the same asset can be put back in place of the new.
REPLACED_SHARE = 0.25


@dataclass
class Store:
    """What lies in one copy of the seed: which blob is which rendition or source of the ledger's versions."""

    service: object
    # By blob id: the file.
    files: dict
    # By blob id: (asset, version, variant).
    names: dict
    changed: set = field(default_factory=set)

    @classmethod
    def of(cls, service):
        with disk.catalog_copy(service.data) as catalog:
            rows = catalog.execute("SELECT lower(hex(id)), asset, version, variant FROM blobs WHERE removed = 0")
            names = {blob: tuple(name) for blob, *name in rows}
        return cls(service, disk.blob_files(service.data), names)

    def write(self, blob, data):
        self.files[blob].write_bytes(data)
        self.changed.add(blob)


def flip(store, chance, count):
    for blob in chance.sample(sorted(store.names), count):
        data = bytearray(store.files[blob].read_bytes())
        at = chance.randrange(len(data) * 8)
        data[at // 8] ^= 1 << at % 8
        store.write(blob, data)


def swap(store, chance, count):
    """Pairs: half of equal length where there are such, so that the length gives nothing away."""
    blobs = chance.sample(sorted(store.names), len(store.names))
    by_length = sorted(blobs, key=lambda blob: store.files[blob].stat().st_size)
    pairs = list(zip(by_length[::2], by_length[1::2], strict=False))[: count // 2]
    free = [blob for blob in blobs if blob not in {each for pair in pairs for each in pair}]
    pairs += list(zip(free[::2], free[1::2], strict=False))[: count - len(pairs)]
    for one, other in pairs:
        first, second = store.files[one].read_bytes(), store.files[other].read_bytes()
        store.write(one, second)
        store.write(other, first)


def cut(store, chance, count):
    """Tails: a byte, any number, all of the body, all of the file."""
    for number, blob in enumerate(chance.sample(sorted(store.names), count)):
        data = store.files[blob].read_bytes()
        lengths = [len(data) - 1, chance.randrange(len(data)), disk.HEADER_BYTES, 0]
        store.write(blob, data[: lengths[number % len(lengths)]])


def append(store, chance, count):
    for blob in chance.sample(sorted(store.names), count):
        store.write(blob, store.files[blob].read_bytes() + chance.randbytes(chance.randint(1, 20_000)))


def remove(store, chance, count):
    for blob in chance.sample(sorted(store.names), count):
        store.files[blob].unlink()
        store.changed.add(blob)


def put_back(store, chance, count):
    """Version 1's file in the place of version 2's, and one rendition's in the place of the other's."""
    blob_of = {name: blob for blob, name in store.names.items()}
    places = []
    for (asset, version, variant), blob in blob_of.items():
        if version == 2:
            places.append((blob, blob_of[asset, 1, variant]))
        elif variant == "preview.webp":
            places.append((blob, blob_of[asset, version, "thumbnail.webp"]))
    for place, other in chance.sample(places, min(count, len(places))):
        shutil.copyfile(store.files[other], store.files[place])
        store.changed.add(place)


def read_all(client, seed, blob_of, changed):
    """Every rendition, whole and in part. Returns what was served wrongly, and how many of the changed were whole."""
    wrong, mended, asked = [], 0, 0
    for asset in seed.ledger.assets.values():
        for version in asset.versions.values():
            for preset, rendition in version.renditions.items():
                blob = blob_of[asset.id, version.number, f"{preset}.webp"]
                part = client.get(rendition.url, {"Range": "bytes=8-15"})
                whole = client.get(rendition.url)
                right = whole.status == 200 and whole.sha256 == rendition.sha256
                asked += blob in changed
                mended += blob in changed and right
                if not right and (whole.status < 500 or blob not in changed):
                    wrong.append(
                        f"{rendition.url}: {whole.status}, {len(whole.body)} bytes, changed: {blob in changed}"
                    )
                if part.status < 500 and not (right and part.status == 206 and part.body == whole.body[8:16]):
                    wrong.append(f"{rendition.url}: {part.status} for a part, {whole.status} for the whole")
    return wrong, mended, asked


def tampered(report, seed, chance, change, count, text):
    """One kind of change to a fresh copy: found by fsck, not served, and mended where the source is sound."""
    service = seed.copy()
    with closing(service):
        store = Store.of(service)
        change(store, chance, count)
        findings = {mediactl.blob_of(finding) for finding in mediactl.fsck(service.data)}
        report.expect(
            findings >= store.changed,
            f"{text}: {len(store.changed & findings)} of {len(store.changed)} blobs found by fsck",
        )
        invariants.expect_none(report, findings - store.changed, f"{text}: sound blobs that fsck found fault with")
        blob_of = {name: blob for blob, name in store.names.items()}
        with Client(service.start()) as client:
            wrong, mended, asked = read_all(client, seed, blob_of, store.changed)
            counted = invariants.metric(service, invariants.INTEGRITY_FAILURES)
        invariants.expect_none(report, wrong, f"{text}: of {asked} changed renditions, served wrongly")
        report.expect(counted >= asked, f"{text}: media_integrity_failures_total {counted} (at least {asked})")
        report.note(f"{text}: {mended} were mended from their source as they were read")
        repaired(report, service, seed, store, text)


def repaired(report, service, seed, store, text):
    """`fsck --repair`: every rendition of a source that was not changed is what it was, to the byte."""
    mediactl.fsck(service.data, repair=True)
    sound = {(asset, version) for blob, (asset, version, variant) in store.names.items() if variant == "original"
             and blob not in store.changed}  # fmt: skip
    blob_of = {name: blob for blob, name in store.names.items()}
    broken = count = 0
    with Client(service) as client:
        for asset in seed.ledger.assets.values():
            for version in asset.versions.values():
                for preset, rendition in version.renditions.items():
                    blob = blob_of[asset.id, version.number, f"{preset}.webp"]
                    if (asset.id, version.number) not in sound or blob not in store.changed:
                        continue
                    count += 1
                    served = client.get(rendition.url)
                    broken += served.status != 200 or served.sha256 != rendition.sha256
    report.expect(
        not broken, f"{text}: of {count} changed renditions with a sound source, not mended by --repair: {broken}"
    )


def filled(assets, chance):
    """A `prepare` for a seed: so many assets, some with two versions."""

    def prepare(service, client, ledger):
        for number in range(assets):
            chosen = picture(f"tamper/{number}")
            manifest = client.send(uploading(chosen)).json()
            ledger.upload_acknowledged(manifest, chosen)
            if chance.random() < REPLACED_SHARE:
                chosen = picture(f"tamper/{number}/2")
                answer = client.send(uploading(chosen, asset=manifest["id"]))
                ledger.upload_acknowledged(answer.json(), chosen)

    return prepare


def main():
    options = parsed(__doc__, {"blobs": (1000, 30_000)})
    report = Report(f"F19 tamper: changes to a store of over {options.blobs} blobs; --seed {options.seed}")
    chance = random.Random(options.seed)
    began = time.monotonic()
    with Seed({}, filled(options.blobs // (1 + PRESETS), chance)) as seed:
        report.note(f"{len(disk.blob_files(seed.service.data))} blobs made in {time.monotonic() - began:.0f} s")
        few = options.blobs // 5
        tampered(report, seed, chance, flip, options.blobs, "a bit flipped")
        tampered(report, seed, chance, swap, few, "pairs swapped")
        tampered(report, seed, chance, cut, few, "tails cut")
        tampered(report, seed, chance, append, few, "bytes appended")
        tampered(report, seed, chance, put_back, few, "old files put back")
        tampered(report, seed, chance, remove, few, "files removed")
    report.finish()


if __name__ == "__main__":
    main()
