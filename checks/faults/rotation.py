"""F20: a store's blobs are wrapped under a new key while they are read; the files stay, the old key goes."""

import hashlib
import random
import threading
import time

from faults import disk, invariants, ledger, mediactl
from faults.client import Client, Lost, uploading
from faults.drawing import picture
from faults.ledger import LATER, Ledger
from faults.options import parsed
from service import Report, Service

READERS = 4
UPLOADERS = 8
# Many renditions a picture: what is rotated is blobs, and uploads are dear.
PRESETS = ";".join(f"p{width}:w={width},h={width}" for width in range(1, 25))
BLOBS_PER_UPLOAD = 25
# No cache: every read unwraps a data key, or has it from the cache of open blobs at the most.
SETTINGS = {"presets": PRESETS, "cache.bytes.max": "0"}


def upload_all(service, uploads, seed):
    """Fills the store; returns the ledger."""
    numbers = iter(range(uploads))
    ledgers = [Ledger() for _ in range(UPLOADERS)]
    mutex = threading.Lock()
    failures = []

    def upload(mine):
        with Client(service) as client:
            while True:
                with mutex:
                    number = next(numbers, None)
                if number is None or failures:
                    return
                chosen = picture(f"{seed}/{number}")
                while (answer := client.send(uploading(chosen))).status in LATER:
                    pass
                if answer.status != 201:
                    failures.append(f"{answer.status} {answer.body[:200]!r}")
                    return
                mine.upload_acknowledged(answer.json(), chosen)

    threads = [threading.Thread(target=upload, args=(mine,)) for mine in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"an upload was refused: {failures[0]}")
    whole = Ledger()
    for mine in ledgers:
        whole.merge(mine)
    return whole


class Readers:
    """Clients that read renditions at random until told to stop, and remember what was not right."""

    def __init__(self, service, renditions, seed):
        self.service = service
        self.renditions = renditions
        self.stopped = threading.Event()
        self.counts = [0] * READERS
        self.wrong = []
        self.threads = [
            threading.Thread(target=self.read, args=(number, random.Random(f"{seed}/{number}")))
            for number in range(READERS)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    @property
    def count(self):
        return sum(self.counts)

    def read(self, number, chance):
        with Client(self.service) as client:
            while not self.stopped.is_set():
                try:
                    self.wrong += ledger.served_wrongly(client, chance.choice(self.renditions))
                except Lost as failure:
                    self.wrong.append(str(failure))
                self.counts[number] += 1


def digests(data):
    return {name: hashlib.sha256(path.read_bytes()).digest() for name, path in disk.blob_files(data).items()}


def rotate_all(report, service, readers):
    """Rotate, rewrap, retire; what each took, and how many reads there were meanwhile."""
    old = {key["id"] for key in mediactl.keys(service.data)}
    early = None
    for name, command in (
        ("keys rotate", lambda: mediactl.rotate(service.data)),
        ("keys retire, too early", lambda: [refusal(service, key) for key in old]),
        ("keys rewrap", lambda: mediactl.rewrap(service.data)),
        ("keys retire", lambda: [mediactl.retire(service.data, key) for key in old]),
    ):
        began, before = time.monotonic(), readers.count
        done = command()
        meanwhile = readers.count - before
        text = f"{name}: {time.monotonic() - began:.2f} s, {meanwhile} reads meanwhile"
        if name == "keys rewrap":
            report.expect(meanwhile > 0, f"{text} (over 0)")
        else:
            report.note(text)
        if "early" in name:
            early = done
    report.expect(all(early), f"a key that blobs need cannot be retired: {early}")
    left = old & {key["id"] for key in mediactl.keys(service.data)}
    report.expect(not left, f"of {len(old)} old keys, still there after they were retired: {sorted(left)}")


def refusal(service, key):
    """What `keys retire` says to a key that is needed; nothing where it takes it."""
    try:
        mediactl.retire(service.data, key)
    except mediactl.Refused as failure:
        return str(failure)
    return ""


def main():
    options = parsed(__doc__, {"blobs": (10_000, 100_000)})
    report = Report(f"F20 rotation: {options.blobs} blobs wrapped anew while they are read; --seed {options.seed}")
    with Service(SETTINGS) as service:
        began = time.monotonic()
        whole = upload_all(service, -(-options.blobs // BLOBS_PER_UPLOAD), options.seed)
        before = digests(service.data)
        report.expect(len(before) >= options.blobs, f"{len(before)} blobs made in {time.monotonic() - began:.0f} s")
        versions = [version for asset in whole.assets.values() for version in asset.versions.values()]
        renditions = [rendition for version in versions for rendition in version.renditions.values()]
        with Readers(service, renditions, options.seed) as readers:
            rotate_all(report, service, readers)
        report.expect(readers.count > 0, f"{readers.count} reads by {READERS} readers (over 0)")
        invariants.expect_none(report, readers.wrong, "of them, wrong or failed")
        after = digests(service.data)
        changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        invariants.expect_none(report, changed, f"of {len(before)} blob files, changed, gone or new (by SHA-256)")
        service.kill()
        service.start()
        with Client(service) as client:
            sample = random.Random(options.seed).sample(renditions, min(len(renditions), 2000))
            wrong = [text for rendition in sample for text in ledger.served_wrongly(client, rendition)]
        invariants.expect_none(report, wrong, f"after kill -9 and a restart, of {len(sample)} reads, wrong or failed")
        report.expect(service.stop() == 0, "SIGTERM: mediad exits with 0")
        invariants.at_rest(report, service)
    report.finish()


if __name__ == "__main__":
    main()
