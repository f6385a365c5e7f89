"""A service and an in-memory model of it, to which the same is done: they have to agree after every step (F21)."""

import hashlib
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from faults import disk, mediactl
from faults.client import Call, Client, Lost, deleting, uploading
from faults.drawing import picture
from faults.ledger import GONE
from service import Service

READY_SECONDS_MAX = 20
PICTURES = 6
# Two sets, changed by restarts: a version keeps its own, `reprocess` takes today's.
PRESET_SETS = (
    {"thumbnail": "w=12,h=12", "preview": "w=24,h=24"},
    {"thumbnail": "w=8,h=8", "preview": "w=24,h=24", "square": "w=10,h=10,fit=cover"},
)
# What is done, and how often. `cut` is kill -9 while a request is under way.
WEIGHTS = {
    "put": 14, "put_async": 8, "version": 8, "get": 16, "latest": 8, "part": 6, "head": 4, "unchanged": 4,
    "delete": 5, "erase": 3, "undelete": 4, "rollback": 4, "reprocess": 4, "show": 4,
    "rotate": 1, "rewrap": 1, "retire": 1, "collect": 1, "crash": 2, "cut": 2, "restart": 1,
}  # fmt: skip


class Disagreement(Exception):
    """The service did not do what the model did."""


@dataclass(frozen=True)
class Step:
    """One operation, with a number from which it makes its choices: a step keeps its meaning when others go."""

    name: str
    number: int

    def __str__(self):
        return f"{self.name}:{self.number}"

    @classmethod
    def parsed(cls, text):
        name, _, number = text.partition(":")
        return cls(name, int(number))


def sequence(seed, length):
    chance = random.Random(seed)
    names = chance.choices(list(WEIGHTS), WEIGHTS.values(), k=length)
    return [Step(name, chance.randrange(1 << 30)) for name in names]


@dataclass
class Version:
    picture: str
    presets: dict


@dataclass
class Asset:
    id: str
    versions: dict = field(default_factory=dict)
    latest: int = 0
    # present, deleted, erased
    standing: str = "present"


class Store:
    """One service, used by sequence after sequence."""

    def __init__(self, presets=0):
        self.presets = presets
        self.service = Service({"presets": self.presets_text, "cache.bytes.max": "1MiB", "workers": "1"})
        # By picture and recipe: the digest of what is made of it, the same every time.
        self.digests = {}
        # The ETag of a URL, which never changes.
        self.tags = {}

    @property
    def presets_text(self):
        return ";".join(f"{name}:{recipe}" for name, recipe in PRESET_SETS[self.presets].items())

    def close(self):
        self.service.close()

    def restart(self, presets):
        self.presets = presets
        self.service.settings["presets"] = self.presets_text
        self.service.start()


class World:
    """One sequence on a store: the model, and the steps."""

    def __init__(self, store, name):
        self.store = store
        self.name = name
        self.service = store.service
        self.client = Client(store.service)
        self.assets = []
        self.uploads = 0

    def run(self, steps):
        """Raises ``Disagreement``, with the number of the step."""
        try:
            for at, step in enumerate(steps):
                try:
                    getattr(self, step.name)(random.Random(step.number))
                except (Disagreement, Lost, mediactl.Refused) as failure:
                    raise Disagreement(f"step {at + 1}, {step}: {failure}") from failure
            try:
                self.compare_all()
            except (Disagreement, Lost) as failure:
                raise Disagreement(f"after the last step: {failure}") from failure
        finally:
            self.client.close()

    # Helpers.

    def expect(self, answer, status, what):
        if answer.status != status:
            raise Disagreement(f"{what}: {answer.status} {answer.body[:200]!r}, the model says {status}")
        return answer

    def an_asset(self, chance):
        return chance.choice(self.assets) if self.assets else None

    def a_picture(self, chance):
        """From a small pool, so that equal ones meet."""
        return f"model/{chance.randrange(PICTURES)}"

    def state(self, asset, when_present=200):
        return when_present if asset.standing == "present" else GONE

    def add(self, asset, manifest, name):
        """Takes a new version into the model, once it is ready."""
        number = manifest["version"]
        if number <= max(asset.versions, default=0):
            raise Disagreement(f"{asset.id} v{number} is new, and the model has v{max(asset.versions)}")
        asset.versions[number] = Version(name, PRESET_SETS[self.store.presets])
        if manifest["state"] == "processing":
            manifest = self.ready(asset, number)
        asset.latest = number
        self.compare(asset, number, manifest)

    def ready(self, asset, number):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            shown = self.expect(self.client.get(f"/v1/assets/{asset.id}/versions"), 200, "versions").json()
            manifest = next((each for each in shown["versions"] if each["version"] == number), None)
            if manifest is None:
                raise Disagreement(f"{asset.id} v{number} is lost")
            if manifest["state"] != "processing":
                return manifest
            if time.monotonic() > deadline:
                raise Disagreement(f"{asset.id} v{number} is processing after {READY_SECONDS_MAX} s")
            time.sleep(0.005)

    def compare(self, asset, number, manifest):
        """A manifest with the model's version."""
        version = asset.versions[number]
        source = hashlib.sha256(picture(version.picture)).hexdigest()
        if (manifest["id"], manifest["version"], manifest["state"]) != (asset.id, number, "ready"):
            raise Disagreement(f"{asset.id} v{number}: the manifest is {manifest}")
        if manifest["source"]["sha256"] != source:
            raise Disagreement(f"{asset.id} v{number}: its source is another picture's")
        if manifest["renditions"].keys() != version.presets.keys():
            raise Disagreement(
                f"{asset.id} v{number}: presets {list(manifest['renditions'])}, not {list(version.presets)}"
            )
        for preset, recipe in version.presets.items():
            made = manifest["renditions"][preset]["sha256"]
            if self.store.digests.setdefault((version.picture, recipe), made) != made:
                raise Disagreement(f"{asset.id} v{number} {preset}: made otherwise than before of the same picture")

    def compare_all(self):
        for asset in self.assets:
            answer = self.expect(self.client.get(f"/v1/assets/{asset.id}/versions"), self.state(asset), asset.id)
            if asset.standing != "present":
                continue
            shown = answer.json()
            numbers = sorted(each["version"] for each in shown["versions"])
            if numbers != sorted(asset.versions) or shown["latest"] != asset.latest:
                raise Disagreement(
                    f"{asset.id}: versions {numbers}, latest {shown['latest']}; "
                    f"the model has {sorted(asset.versions)}, {asset.latest}"
                )
            for manifest in shown["versions"]:
                self.compare(asset, manifest["version"], manifest)
                for preset in asset.versions[manifest["version"]].presets:
                    self.read(asset, manifest["version"], preset)

    def read(self, asset, number, preset):
        """A whole rendition, as the model has it. Returns the answer where there is one to have."""
        url = f"/a/{asset.id}/v{number}/{preset}.webp"
        answer = self.client.get(url)
        if asset.standing != "present":
            self.expect(answer, GONE, url)
            return None
        version = asset.versions.get(number)
        if version is None or preset not in version.presets:
            self.expect(answer, 404, url)
            return None
        self.expect(answer, 200, url)
        if answer.sha256 != self.store.digests[version.picture, version.presets[preset]]:
            raise Disagreement(f"{url}: other bytes than this picture's")
        if self.store.tags.setdefault(url, answer.header("etag")) != answer.header("etag"):
            raise Disagreement(f"{url}: its ETag changed to {answer.header('etag')}")
        return answer

    def a_rendition(self, chance):
        """The number may be one that the asset does not have, and the preset one that the version does not."""
        asset = self.an_asset(chance)
        number = chance.randint(1, max(asset.versions) + 1) if asset else 0
        return asset, number, chance.choice(["thumbnail", "preview", "square"])

    # Steps: uploads.

    def put(self, chance, responds_async=False, asset=None):
        name = self.a_picture(chance)
        self.uploads += 1
        key = f"{self.name}/{self.uploads}" if chance.random() < 0.5 else None
        call = uploading(picture(name), asset and asset.id, responds_async, multipart=chance.random() < 0.2, key=key)
        answer = self.client.send(call)
        if asset and asset.standing != "present":
            self.expect(answer, GONE, "a version of what is gone")
            return
        manifest = self.expect(answer, 202 if responds_async else 201, "upload").json()
        self.take(asset, manifest, name)
        if key and chance.random() < 0.3:
            again = self.client.send(call).json()
            if (again["id"], again["version"]) != (manifest["id"], manifest["version"]):
                raise Disagreement(f"sent again under its key: {again['id']} v{again['version']}, was {manifest['id']}")

    def take(self, asset, manifest, name):
        if asset is None:
            asset = Asset(manifest["id"])
            self.assets.append(asset)
        self.add(asset, manifest, name)

    def put_async(self, chance):
        self.put(chance, responds_async=True)

    def version(self, chance):
        asset = self.an_asset(chance)
        if asset:
            self.put(chance, responds_async=chance.random() < 0.3, asset=asset)

    def reprocess(self, chance):
        asset = self.an_asset(chance)
        if asset is None:
            return
        answer = self.client.send(Call("POST", f"/v1/assets/{asset.id}/reprocess"))
        self.expect(answer, self.state(asset, 201), "reprocess")
        if asset.standing == "present":
            self.add(asset, answer.json(), asset.versions[asset.latest].picture)

    # Steps: reads.

    def get(self, chance):
        asset, number, preset = self.a_rendition(chance)
        if asset:
            self.read(asset, number, preset)

    def latest(self, chance):
        asset, _, preset = self.a_rendition(chance)
        if asset is None:
            return
        version = asset.versions[asset.latest]
        answer = self.client.get(f"/a/{asset.id}/latest/{preset}.webp")
        if asset.standing == "present" and preset not in version.presets:
            self.expect(answer, 404, "latest")
            return
        self.expect(answer, self.state(asset), "latest")
        if answer.status == 200 and answer.sha256 != self.store.digests[version.picture, version.presets[preset]]:
            raise Disagreement(f"{asset.id} latest/{preset}: not that of v{asset.latest}")

    def part(self, chance):
        asset, number, preset = self.a_rendition(chance)
        whole = self.read(asset, number, preset) if asset else None
        if whole is None:
            return
        first = chance.randrange(len(whole.body))
        last = chance.randrange(first, len(whole.body))
        url = f"/a/{asset.id}/v{number}/{preset}.webp"
        answer = self.expect(self.client.get(url, {"Range": f"bytes={first}-{last}"}), 206, f"{url} {first}-{last}")
        if answer.body != whole.body[first : last + 1]:
            raise Disagreement(f"{url} {first}-{last}: not that part")

    def head(self, chance):
        asset, number, preset = self.a_rendition(chance)
        whole = self.read(asset, number, preset) if asset else None
        if whole is None:
            return
        answer = self.client.send(Call("HEAD", f"/a/{asset.id}/v{number}/{preset}.webp"))
        self.expect(answer, 200, "HEAD")
        if answer.header("content-length") != str(len(whole.body)) or answer.header("etag") != whole.header("etag"):
            raise Disagreement("HEAD is not GET without its body")

    def unchanged(self, chance):
        asset, number, preset = self.a_rendition(chance)
        whole = self.read(asset, number, preset) if asset else None
        if whole is not None:
            url = f"/a/{asset.id}/v{number}/{preset}.webp"
            self.expect(self.client.get(url, {"If-None-Match": whole.header("etag")}), 304, url)

    def show(self, chance):
        asset = self.an_asset(chance)
        if asset is None:
            return
        answer = self.expect(self.client.get(f"/v1/assets/{asset.id}"), self.state(asset), "manifest")
        if answer.status == 200:
            self.compare(asset, max(asset.versions), answer.json())

    # Steps: the rest of a life.

    def delete(self, chance, immediate=False):
        asset = self.an_asset(chance)
        if asset is None:
            return
        self.expect(self.client.send(deleting(asset.id, immediate)), 204, "delete")
        self.model_delete(asset, immediate)

    @staticmethod
    def model_delete(asset, immediate):
        if asset.standing != "erased":
            asset.standing = "erased" if immediate else "deleted"

    def erase(self, chance):
        self.delete(chance, immediate=True)

    def undelete(self, chance):
        asset = self.an_asset(chance)
        if asset is None:
            return
        # What is not deleted is as the client wants it: the answer may have been lost.
        status = GONE if asset.standing == "erased" else 200
        self.expect(self.client.send(Call("POST", f"/v1/assets/{asset.id}/undelete")), status, "undelete")
        if asset.standing == "deleted":
            asset.standing = "present"

    def rollback(self, chance):
        asset = self.an_asset(chance)
        if asset is None:
            return
        number = chance.randint(1, max(asset.versions) + 1)
        body = f'{{"version":{number}}}'.encode()
        call = Call("PUT", f"/v1/assets/{asset.id}/latest", {"Content-Type": "application/json"}, body)
        answer = self.client.send(call)
        self.expect(answer, self.state(asset, 200 if number in asset.versions else 404), "rollback")
        if answer.status == 200:
            asset.latest = number
            self.compare(asset, number, answer.json())

    # Steps: the operator.

    def rotate(self, _):
        mediactl.rotate(self.service.data)

    def rewrap(self, _):
        mediactl.rewrap(self.service.data)

    def retire(self, _):
        """Every key that it lets go: what it refuses, blobs need. That all can be read is seen by the reads."""
        for key in mediactl.keys(self.service.data):
            try:
                mediactl.retire(self.service.data, key["id"])
            except mediactl.Refused:
                continue

    def collect(self, _):
        mediactl.collect(self.service.data)

    # Steps: faults.

    def crash(self, _):
        self.service.kill()
        self.store.restart(self.store.presets)
        self.compare_all()

    def restart(self, chance):
        code = self.service.stop()
        if code != 0:
            raise Disagreement(f"SIGTERM: exit code {code}")
        found = disk.census(self.service.data)
        if found.dangling or found.integrity or not found.usage_holds:
            raise Disagreement(f"at rest: {found}")
        self.store.restart(chance.randrange(len(PRESET_SETS)))
        self.compare_all()

    def cut(self, chance):
        """kill -9 while an upload or a deletion is under way; without an answer it happened wholly or not at all."""
        asset = self.an_asset(chance)
        delay = chance.uniform(0, 0.012)
        if asset and asset.standing == "present" and chance.random() < 0.4:
            self.cut_deletion(asset, delay, immediate=chance.random() < 0.5)
        else:
            self.cut_upload(self.a_picture(chance), delay)
        self.compare_all()

    def killed_during(self, call, delay):
        """The answer, or None."""
        answers = []

        def send():
            with suppress(Lost):
                answers.append(self.client.send(call))

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(delay)
        self.service.kill()
        sender.join()
        self.store.restart(self.store.presets)
        return answers[0] if answers else None

    def cut_upload(self, name, delay):
        self.uploads += 1
        call = uploading(picture(name), key=f"{self.name}/{self.uploads}")
        first = self.killed_during(call, delay)
        again = self.client.send(call)
        if again.status not in (201, 202):
            raise Disagreement(f"sent again after the crash: {again.status} {again.body[:200]!r}")
        manifest = again.json()
        if first is not None and first.status == 201 and first.json()["id"] != manifest["id"]:
            raise Disagreement(f"sent again after the crash: {manifest['id']}, acknowledged was {first.json()['id']}")
        self.take(None, manifest, name)

    def cut_deletion(self, asset, delay, immediate):
        call = deleting(asset.id, immediate)
        first = self.killed_during(call, delay)
        if first is not None:
            self.expect(first, 204, "delete")
            self.model_delete(asset, immediate)
        status = self.client.get(f"/v1/assets/{asset.id}").status
        if first is not None and status != GONE:
            raise Disagreement(f"{asset.id}: {status} after its deletion was acknowledged")
        self.expect(self.client.send(call), 204, "delete again after the crash")
        self.model_delete(asset, immediate)
