"""Parallel clients that upload, replace, retry and delete until the service is gone, and remember what it promised."""

import hashlib
import random
import threading
from collections import Counter
from dataclasses import dataclass

from faults import ledger
from faults.client import Call, Client, Lost, deleting, uploading
from faults.drawing import picture
from faults.ledger import LATER, Ledger

VERSIONS_MAX = 4
# Pictures that every uploader sends now and then, so that equal sources meet: stored once, deleted by one, kept by
# another.
POPULAR = 8
POPULAR_SHARE = 0.15
KEYED_SHARE = 0.6
ACTIONS = {"upload": 42, "async": 20, "multipart": 10, "version": 12, "read": 8, "delete": 5, "erase": 3}


@dataclass
class Doubt:
    """A request whose answer was lost."""

    call: Call
    # What was to be uploaded, and under which key; None for a deletion.
    picture: bytes | None = None
    key: str | None = None
    # The asset of a new version or of a deletion; None for a new asset.
    asset: str | None = None


class Uploader:
    """One client. Its assets are its own, so that it knows what has to become of them."""

    def __init__(self, service, seed, number, refusals):
        self.service = service
        self.refusals = refusals
        self.name = f"{seed}/{number}"
        self.chance = random.Random(self.name)
        self.popular = [picture(f"{seed}/popular/{each}") for each in range(POPULAR)]
        self.ledger = Ledger()
        self.sent = 0
        # The request that is under way, or was when the service went.
        self.doubt = None
        # What was refused, to be sent again.
        self.refused = []
        # In words: everything that was answered and should not have been.
        self.wrong = []
        self.lately = []

    def run(self, stopped):
        """Goes on until `stopped` is set or an answer is lost."""
        self.lately = []
        with Client(self.service) as client:
            while not stopped.is_set():
                try:
                    self.act(client)
                except Lost:
                    return
                self.doubt = None

    def act(self, client):
        action = self.chance.choices(list(ACTIONS), ACTIONS.values())[0]
        mine = [asset for asset in self.ledger.assets.values() if not asset.deleted and not asset.doubtful]
        if action in ("version", "read", "delete", "erase") and not mine:
            action = "upload"
        if action in ("upload", "async", "multipart"):
            self.upload(client, None, responds_async=action == "async", multipart=action == "multipart")
        elif action == "version":
            asset = self.chance.choice(mine)
            if len(asset.versions) < VERSIONS_MAX:
                self.upload(client, asset.id, responds_async=self.chance.random() < 0.3)
        elif action == "read":
            self.read(client, self.chance.choice(mine))
        else:
            self.delete(client, self.chance.choice(mine), immediate=action == "erase")

    def upload(self, client, asset, responds_async=False, multipart=False):
        self.sent += 1
        key = f"{self.name}/{self.sent}" if self.chance.random() < KEYED_SHARE else None
        chosen = picture(f"{self.name}/{self.sent}")
        if self.chance.random() < POPULAR_SHARE:
            chosen = self.chance.choice(self.popular)
        call = uploading(chosen, asset, responds_async, multipart, key, digest=self.chance.random() < 0.3)
        self.doubt = Doubt(call, chosen, key, asset)
        answer = client.send(call)
        if answer.status in (201, 202):
            self.acknowledge(answer, chosen)
            self.doubt = None
            if key and self.chance.random() < 0.1:
                self.repeat(client, call, answer.json())
        elif answer.status in self.refusals:
            self.refused += [self.doubt] if key else []
        else:
            self.wrong.append(f"upload: {answer.status} {answer.body[:200]!r}")

    def acknowledge(self, answer, chosen):
        manifest = answer.json()
        self.wrong += self.ledger.upload_acknowledged(manifest, chosen)
        if manifest["id"] not in self.lately:
            self.lately.append(manifest["id"])

    def repeat(self, client, call, first):
        """The same request under the same key: the same asset and version."""
        answer = client.send(call)
        again = answer.json()
        if answer.status not in (201, 202) or (again["id"], again["version"]) != (first["id"], first["version"]):
            self.wrong.append(f"repeated under its key: {answer.status} {answer.body[:200]!r}, was {first['id']}")

    def read(self, client, asset):
        for version in asset.versions.values():
            for rendition in version.renditions.values():
                self.wrong += ledger.served_wrongly(client, rendition)

    def delete(self, client, asset, immediate):
        call = deleting(asset.id, immediate)
        self.doubt = Doubt(call, asset=asset.id)
        asset.doubtful = True
        answer = client.send(call)
        if answer.status == 204:
            self.ledger.deletion_acknowledged(asset.id)
            self.lately.append(asset.id)
        elif answer.status in self.refusals:
            self.refused.append(self.doubt)
        else:
            self.wrong.append(f"delete: {answer.status} {answer.body[:200]!r}")

    def blobs_in_flight_max(self, presets):
        """How many blobs without a row a crash may leave of the request that was under way."""
        if self.doubt is None:
            return 0
        if self.doubt.picture is None:
            return len(self.ledger.assets[self.doubt.asset].versions) * (1 + presets)
        return 1 + presets

    def settle(self, client):
        """After the restart: sends what was not answered, and what was refused, again, where that is safe.

        An upload without a key cannot be sent again; where its answer was lost it is returned, for it may be there.
        """
        doubts = [*self.refused, *([self.doubt] if self.doubt else [])]
        lost = self.doubt if self.doubt and self.doubt.picture and not self.doubt.key else None
        self.doubt, self.refused = None, []
        for doubt in doubts:
            if doubt.picture is None:
                self.delete_again(client, doubt)
            elif doubt.key:
                self.upload_again(client, doubt)
        return lost

    def delete_again(self, client, doubt):
        answer = client.send(doubt.call)
        if answer.status == 204:
            self.ledger.deletion_acknowledged(doubt.asset)
            self.lately.append(doubt.asset)
        else:
            self.wrong.append(f"repeated deletion: {answer.status} {answer.body[:200]!r}")

    def upload_again(self, client, doubt):
        answer = client.send(doubt.call)
        if answer.status in (201, 202):
            self.acknowledge(answer, doubt.picture)
            self.repeat(client, doubt.call, answer.json())
        else:
            self.wrong.append(f"repeated under its key: {answer.status} {answer.body[:200]!r}")


class Crowd:
    """All uploaders together."""

    def __init__(self, service, seed, count, refusals=LATER):
        """`refusals`: the statuses with which an upload may be refused. Such an upload is not there."""
        self.service = service
        self.uploaders = [Uploader(service, seed, number, refusals) for number in range(count)]
        # Uploads that may be there or not: their answer was lost, and they had no key.
        self.doubts = []

    def run_until(self, end):
        """Lets them work while `end()` runs, which mostly ends the service. Returns how many requests that cut off."""
        stopped = threading.Event()
        threads = [threading.Thread(target=uploader.run, args=(stopped,)) for uploader in self.uploaders]
        for thread in threads:
            thread.start()
        try:
            end()
        finally:
            stopped.set()
            for thread in threads:
                thread.join()
        return sum(uploader.doubt is not None for uploader in self.uploaders)

    def settle(self):
        with Client(self.service) as client:
            for uploader in self.uploaders:
                doubt = uploader.settle(client)
                if doubt:
                    self.doubts.append(doubt)

    def broken_lately(self):
        """What was touched since the last start and is not as it was acknowledged."""
        with Client(self.service) as client:
            for uploader in self.uploaders:
                for asset in dict.fromkeys(uploader.lately):
                    yield from ledger.broken(client, uploader.ledger.assets[asset])

    def broken(self):
        with Client(self.service) as client:
            for uploader in self.uploaders:
                for asset in uploader.ledger.assets.values():
                    yield from ledger.broken(client, asset)

    def strangers(self):
        """Assets and versions that nobody was promised: each is to be an upload whose answer was lost, whole."""
        unanswered = Counter(hashlib.sha256(doubt.picture).hexdigest() for doubt in self.doubts)
        known = self.assets
        with Client(self.service) as client:
            for listed in list(client.assets()):
                mine = known.get(listed["id"], ledger.Asset(listed["id"]))
                versions = ledger.manifests(client, listed["id"]) or {}
                for number in versions.keys() - mine.versions.keys():
                    source = versions[number]["source"]["sha256"]
                    unanswered[source] -= 1
                    if unanswered[source] < 0:
                        yield f"{mine.id} v{number}: nobody uploaded it, or its upload was done twice"
                    whole = ledger.Version(number, source)
                    yield from ledger.seen(whole, versions[number])
                    yield from ledger.broken(client, ledger.Asset(mine.id, {number: whole}))

    def taken_wrong(self):
        """What was answered and should not have been, since it was last asked."""
        wrong = [text for uploader in self.uploaders for text in uploader.wrong]
        for uploader in self.uploaders:
            uploader.wrong = []
        return wrong

    @property
    def acknowledged(self):
        return sum(uploader.ledger.acknowledged for uploader in self.uploaders)

    @property
    def assets(self):
        return {id: asset for uploader in self.uploaders for id, asset in uploader.ledger.assets.items()}

    def blobs_in_flight_max(self, presets):
        return sum(uploader.blobs_in_flight_max(presets) for uploader in self.uploaders)
