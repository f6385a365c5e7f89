"""F5: a small disk is filled, emptied and filled again, without a restart; reads never stop."""

import random

from faults import invariants, ledger
from faults.client import Client, deleting, uploading
from faults.drawing import picture
from faults.ledger import LATER, Ledger
from faults.mounts import Tmpfs, enter_namespace
from faults.options import parsed
from service import Report, Service

DISK_BYTES = 64 << 20
# The folders and the catalog take some of the disk, the pictures the rest.
PICTURE_BYTES = (20_000, 400_000)
UPLOADS_MAX = 5000
# A disk that is full refuses, and so does the next request and the one after: no upload slips in between.
REFUSALS = 5
# Uploads are refused while deletions can still commit.
FREE_BYTES_MIN = DISK_BYTES // 100
FULL = 507
# No cache: a read is a read of the disk. As few renditions as may be: the sources fill the disk.
SETTINGS = {"presets": "preview:w=24,h=24", "cache.bytes.max": "0"}


class Filling:
    """One client that fills and empties a disk, and knows what has to be there."""

    def __init__(self, report, disk, service, client, seed):
        self.report = report
        self.disk = disk
        self.service = service
        self.client = client
        self.chance = random.Random(seed)
        self.seed = seed
        self.ledger = Ledger()
        self.sent = 0

    def upload(self, size=None):
        self.sent += 1
        chosen = picture(f"{self.seed}/{self.sent}", size or self.chance.randint(*PICTURE_BYTES))
        answer = self.client.send(uploading(chosen, responds_async=self.chance.random() < 0.3))
        if answer.status in (201, 202):
            wrong = self.ledger.upload_acknowledged(answer.json(), chosen)
            if wrong:
                self.report.expect(False, str(wrong))
        return answer

    def fill(self):
        """Uploads until the smallest is refused. Returns how many were taken, the last refusal, and all of them."""
        before = self.ledger.acknowledged
        for size in (None, PICTURE_BYTES[0]):
            while self.upload(size).status in (201, 202, *LATER) and self.sent < UPLOADS_MAX:
                pass
        answers = [self.upload(PICTURE_BYTES[0]) for _ in range(REFUSALS)]
        return self.ledger.acknowledged - before, answers[-1], {answer.status for answer in answers}

    def present(self):
        return [asset for asset in self.ledger.assets.values() if not asset.deleted]

    def unreadable(self):
        """Of everything that was promised, what is not served as it was. An upload that was answered early may wait."""
        for asset in self.present():
            listed = ledger.listed_now(self.client, asset.id) or {}
            for version in asset.versions.values():
                if version.number not in listed:
                    yield f"{asset.id} v{version.number}: lost"
                    continue
                yield from ledger.seen(version, listed[version.number])
                for rendition in version.renditions.values():
                    yield from ledger.served_wrongly(self.client, rendition)

    def empty(self, share):
        """Deletes a share of the assets, at once. Returns what was answered otherwise than it should be."""
        present = self.present()
        for asset in self.chance.sample(present, int(len(present) * share)):
            status = self.client.send(deleting(asset.id, immediate=True)).status
            if status != 204:
                yield f"{asset.id}: {status}"
                continue
            self.ledger.deletion_acknowledged(asset.id)

    def gone(self):
        for asset in self.ledger.assets.values():
            if asset.deleted:
                yield from ledger.broken(self.client, asset)


def cycle(filling, number):
    report = filling.report
    taken, refusal, statuses = filling.fill()
    free = filling.disk.free()
    report.expect(
        taken > 0 and statuses == {FULL}, f"cycle {number}: {taken} uploads taken, then {REFUSALS} × {statuses}"
    )
    report.expect(free >= FREE_BYTES_MIN, f"cycle {number}: {free >> 10} KiB free (at least {FREE_BYTES_MIN >> 10})")
    problem = refusal.header("content-type")
    report.expect(problem == "application/problem+json", f"cycle {number}: the refusal is {problem}")
    present = len(filling.present())
    invariants.expect_none(report, filling.unreadable(), f"cycle {number}: full: of {present} assets, not readable")
    brim(filling, number)
    invariants.expect_none(report, filling.empty(0.6), f"cycle {number}: deletions of a full disk that were refused")
    report.expect(
        filling.disk.free() > free, f"cycle {number}: {filling.disk.free() >> 10} KiB free after the deletions"
    )
    invariants.expect_none(report, filling.gone(), f"cycle {number}: deleted assets that are not gone")


def brim(filling, number):
    """Somebody else takes the last byte, and gives it back: reads go on, no answer is false, nothing breaks."""
    report = filling.report
    foreign = filling.disk.folder / "foreign"
    with open(foreign, "wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            pass
    upload = filling.upload().status
    victim = filling.present()[0]
    deletion = filling.client.send(deleting(victim.id, immediate=True)).status
    if deletion == 204:
        filling.ledger.deletion_acknowledged(victim.id)
    invariants.expect_none(report, filling.unreadable(), f"cycle {number}: not a byte free: assets not readable")
    foreign.unlink()
    if deletion != 204:
        again = filling.client.send(deleting(victim.id, immediate=True)).status
        if again == 204:
            filling.ledger.deletion_acknowledged(victim.id)
        report.expect(again == 204, f"cycle {number}: the deletion sent again when there is room: {again}")
    report.expect(
        upload == FULL and deletion in (204, FULL) and filling.service.is_alive(),
        f"cycle {number}: not a byte free: upload {upload}, deletion {deletion}",
    )


def main():
    enter_namespace("faults.full_disk")
    options = parsed(__doc__, {"cycles": (2, 20)})
    report = Report(f"F5 full-disk: {DISK_BYTES >> 20} MiB, {options.cycles} cycles; --seed {options.seed}")
    with Tmpfs(DISK_BYTES) as disk, Service(SETTINGS, data=disk.folder / "data") as service, Client(service) as client:
        pid = service.pid
        filling = Filling(report, disk, service, client, options.seed)
        for number in range(1, options.cycles + 1):
            cycle(filling, number)
        taken, _, _ = filling.fill()
        report.expect(taken > 0, f"at last: {taken} uploads taken until it was full again")
        invariants.expect_none(report, filling.empty(0.1), "at last: deletions that were refused")
        every = [asset for asset in filling.ledger.assets.values()]
        wrong = [text for asset in every for text in ledger.broken(client, asset)]
        invariants.expect_none(report, wrong, f"at last: of {len(every)} assets, lost, wrong or not gone")
        report.expect(service.is_alive() and service.pid == pid, "mediad is still the process that was started")
        report.expect(service.stop() == 0, "SIGTERM: mediad exits with 0")
        invariants.at_rest(report, service)
    report.finish()


if __name__ == "__main__":
    main()
