"""The operations that faults are swept over, each with what has to be true of it after a fault."""

import hashlib
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

from faults import disk, ledger, mediactl
from faults.client import Call, Client, Lost, deleting, uploading
from faults.drawing import picture
from faults.ledger import GONE, Asset

SETTLE_SECONDS_MAX = 30
ORPHANS = 3


class Operation:
    """One operation on a fresh copy of a seed. An instance is for one point.

    `act` does it and returns the answer's status; a fault may end it by ``Lost`` or ``mediactl.Refused``. `settle`
    waits for what goes on after the answer. `check` is asked after the restart (or, where the service lived, after the
    fault is gone) for what is `lost` and what else is wrong, and ends with the operation done.
    """

    name = ""
    settings = {}
    # How many assets the seed has.
    assets = 4
    # Those of the seed's assets that it changes.
    touched = ()

    def __init__(self, seed):
        self.seed = seed

    @staticmethod
    def prepare(service, client, assets):
        """Adds to the seed what the operation needs."""

    def begin(self, service):
        """Before there is a fault: does what has to be done while the service runs."""

    def act(self, service):
        raise NotImplementedError

    def is_acknowledged(self, answer):
        return answer in (200, 201, 202, 204)

    def settle(self, service, fault):
        """Returns once nothing of the operation is under way after its answer, or the fault was met."""

    def check(self, client, service, acknowledged):
        """Yields `(is_lost, text)`."""
        raise NotImplementedError


class UploadOperation(Operation):
    """One upload, answered when it is ready."""

    name = "upload"
    responds_async = False

    def __init__(self, seed, word="the"):
        super().__init__(seed)
        self.picture = picture(f"{word} upload")
        self.call = uploading(self.picture, responds_async=self.responds_async, key=f"{word}-upload-key", digest=True)
        self.manifest = None

    def act(self, service):
        with Client(service) as client:
            answer = client.send(self.call)
        if self.is_acknowledged(answer.status):
            self.manifest = answer.json()
        return answer.status

    def check(self, client, service, acknowledged):
        digest = hashlib.sha256(self.picture).hexdigest()
        found = [listed for listed in client.assets() if listed["source"]["sha256"] == digest]
        if acknowledged and [listed["id"] for listed in found] != [self.manifest["id"]]:
            yield True, f"{self.manifest['id']} was acknowledged, {[listed['id'] for listed in found]} is there"
        if len(found) > 1:
            yield False, f"I4: {len(found)} assets of one upload"
        again = client.send(self.call)
        if again.status not in (201, 202):
            yield False, f"I4: sent again under its key: {again.status} {again.body[:200]!r}"
            return
        manifest = again.json()
        if found and manifest["id"] != found[0]["id"]:
            yield False, f"I4: sent again under its key: {manifest['id']}, there was {found[0]['id']}"
        version = ledger.Version(1, digest)
        yield from ((acknowledged, text) for text in ledger.broken(client, Asset(manifest["id"], {1: version})))
        if len([listed for listed in client.assets() if listed["source"]["sha256"] == digest]) != 1:
            yield False, "I4: sent again under its key, there are two"


class PairOperation(Operation):
    """Two uploads at once."""

    name = "two uploads at once"

    def __init__(self, seed):
        super().__init__(seed)
        self.pair = [UploadOperation(seed, word) for word in ("one", "other")]

    def act(self, service):
        with ThreadPoolExecutor(len(self.pair)) as pool:
            answers = [pool.submit(each.act, service) for each in self.pair]
        return max(answer.result() for answer in answers)

    def check(self, client, service, acknowledged):
        # One may have been answered before the fault met the other.
        for each in self.pair:
            yield from each.check(client, service, each.manifest is not None)


class FirstUploadOperation(UploadOperation):
    """The first upload of all."""

    name = "first upload"
    assets = 0


class AsyncUploadOperation(UploadOperation):
    """One upload, answered when its source is durable."""

    name = "upload, respond-async"
    responds_async = True

    def settle(self, service, fault):
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        with Client(service) as client:
            while not fault.hit.is_set() and time.monotonic() < deadline:
                try:
                    if client.get(f"/v1/assets/{self.manifest['id']}").json()["state"] != "processing":
                        return
                except Lost:
                    return
                time.sleep(0.005)


class VersionOperation(UploadOperation):
    """One upload of a new version."""

    name = "new version"

    def __init__(self, seed):
        super().__init__(seed)
        self.asset = next(iter(seed.ledger.assets))
        self.call = uploading(self.picture, asset=self.asset, key="fault-version-key")

    def check(self, client, service, acknowledged):
        asset = deepcopy(self.seed.ledger.assets[self.asset])
        digest = hashlib.sha256(self.picture).hexdigest()
        numbers = {
            number for number, each in ledger.manifests(client, self.asset).items() if number not in asset.versions
        }
        if acknowledged and numbers != {self.manifest["version"]}:
            yield True, f"v{self.manifest['version']} was acknowledged, {numbers} is there"
        again = client.send(self.call)
        if again.status not in (201, 202):
            yield False, f"I4: sent again under its key: {again.status} {again.body[:200]!r}"
            return
        number = again.json()["version"]
        if numbers - {number}:
            yield False, f"I4: sent again under its key: v{number}, there was {numbers}"
        asset.versions[number] = ledger.Version(number, digest)
        yield from ((acknowledged, text) for text in ledger.broken(client, asset))


class DeleteOperation(Operation):
    """One deletion; the blobs stay for the grace."""

    name = "delete"
    immediate = False

    def __init__(self, seed):
        super().__init__(seed)
        self.asset = next(iter(seed.ledger.assets))
        self.touched = (self.asset,)

    def act(self, service):
        with Client(service) as client:
            return client.send(deleting(self.asset, self.immediate)).status

    def check(self, client, service, acknowledged):
        asset = deepcopy(self.seed.ledger.assets[self.asset])
        asset.deleted = acknowledged or ledger.manifests(client, self.asset) is None
        # All of it is there, or all of it is gone.
        yield from ((acknowledged, text) for text in ledger.broken(client, asset))
        again = client.send(deleting(self.asset, self.immediate))
        if again.status != 204:
            yield False, f"deleted again: {again.status} {again.body[:200]!r}"
        asset.deleted = True
        yield from ((False, text) for text in ledger.broken(client, asset))


class EraseOperation(DeleteOperation):
    """One deletion that does not wait for the grace."""

    name = "delete, immediate"
    immediate = True


class CollectOperation(Operation):
    """One collection: of blobs without a row, and of an asset whose grace is over."""

    name = "collection"
    settings = {"delete.grace": "0s"}

    def __init__(self, seed):
        super().__init__(seed)
        self.doomed = next(iter(seed.ledger.assets))
        self.touched = (self.doomed,)

    @staticmethod
    def prepare(service, client, assets):
        blobs = list(disk.blob_files(service.data).values())
        for each in range(ORPHANS):
            name = secrets.token_hex(16)
            (service.data / "blobs" / name[:2] / name).write_bytes(blobs[each].read_bytes())

    def begin(self, service):
        # Not in the seed: the service collects when it starts.
        with Client(service) as client:
            answer = client.send(deleting(self.doomed))
        if answer.status != 204:
            raise RuntimeError(f"delete: {answer.status} {answer.body[:200]!r}")

    def act(self, service):
        mediactl.collect(service.data)
        return 200

    def check(self, client, service, acknowledged):
        if acknowledged and not self.is_erased(client):
            yield True, "the collection was done, and the deleted asset can be taken back"
        mediactl.collect(service.data)
        doomed = deepcopy(self.seed.ledger.assets[self.doomed])
        doomed.deleted = True
        yield from ((False, text) for text in ledger.broken(client, doomed))
        if not self.is_erased(client):
            yield False, "collected again, and the deleted asset can be taken back"

    def is_erased(self, client):
        return client.send(Call("POST", f"/v1/assets/{self.doomed}/undelete")).status == GONE


class RotateOperation(Operation):
    """One rotation: a new key, and every blob's data key wrapped under it."""

    name = "rotation"

    def act(self, service):
        mediactl.rotate(service.data)
        mediactl.rewrap(service.data)
        return 200

    def check(self, client, service, acknowledged):
        # Whatever keys the crash left: they can all go.
        before = [key["id"] for key in mediactl.keys(service.data)]
        mediactl.rotate(service.data)
        mediactl.rewrap(service.data)
        for key in before:
            mediactl.retire(service.data, key)
        # What is in memory must not help: only the new key and the disk.
        service.kill()
        service.start()
        for asset in self.seed.ledger.assets.values():
            yield from ((acknowledged, text) for text in ledger.broken(client, asset))
