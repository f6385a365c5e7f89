"""What was acknowledged, kept outside of the service, and whether the service still keeps it (RELIABILITY.md §3.6)."""

import hashlib
import time
from dataclasses import dataclass, field

# A version that nobody waits for is tried again after 1, 2, 4 … s where it failed for reasons of ours.
READY_SECONDS_MAX = 20
# What a client is told that comes too early, or when others have the place: try again.
LATER = (409, 429, 503)
GONE = 410


@dataclass
class Rendition:
    url: str
    sha256: str
    # As it was first served; from then on it never changes.
    etag: str | None = None


@dataclass
class Version:
    number: int
    source: str
    # By preset; none until the version was seen to be ready.
    renditions: dict = field(default_factory=dict)


@dataclass
class Asset:
    id: str
    versions: dict = field(default_factory=dict)
    # Acknowledged: from then on all its URLs are 410.
    deleted: bool = False
    # A deletion was sent and not answered: it may be either, until a repetition is answered.
    doubtful: bool = False


class Ledger:
    """The acknowledged uploads and deletions of one client. Not for two threads at once."""

    def __init__(self):
        self.assets = {}
        self.acknowledged = 0

    def upload_acknowledged(self, manifest, picture):
        """Takes in what a 201 or a 202 promises. Returns what is wrong with the promise itself."""
        asset = self.assets.setdefault(manifest["id"], Asset(manifest["id"]))
        version = Version(manifest["version"], hashlib.sha256(picture).hexdigest())
        if version.number in asset.versions:
            return [f"{asset.id} v{version.number} was given to two uploads"]
        asset.versions[version.number] = version
        self.acknowledged += 1
        return list(seen(version, manifest))

    def deletion_acknowledged(self, asset):
        self.assets[asset].deleted = True
        self.assets[asset].doubtful = False

    def merge(self, other):
        self.assets |= other.assets
        self.acknowledged += other.acknowledged
        return self


def seen(version, manifest):
    """Compares a manifest with what was promised, and remembers the renditions of a version that is ready."""
    name = f"{manifest['id']} v{version.number}"
    if manifest["version"] != version.number:
        yield f"{name}: the manifest is that of v{manifest['version']}"
        return
    if manifest["source"]["sha256"] != version.source:
        yield f"{name}: the source's digest is {manifest['source']['sha256']}, not {version.source}"
    if manifest["state"] != "ready":
        return
    made = {preset: Rendition(each["url"], each["sha256"]) for preset, each in manifest["renditions"].items()}
    if not made:
        yield f"{name}: ready, without renditions"
    if not version.renditions:
        version.renditions = made
    for preset, known in version.renditions.items():
        if preset not in made or (made[preset].url, made[preset].sha256) != (known.url, known.sha256):
            yield f"{name} {preset}: was {known.url} {known.sha256}, is {made.get(preset)}"


def listed_now(client, asset):
    """All versions of an asset by number, as they are now; None for one that is gone."""
    answer = client.get(f"/v1/assets/{asset}/versions")
    if answer.status == GONE:
        return None
    if answer.status != 200:
        raise ValueError(f"{asset}: GET versions: {answer.status} {answer.body[:200]!r}")
    return {manifest["version"]: manifest for manifest in answer.json()["versions"]}


def manifests(client, asset):
    """The same, once none is `processing` any more, or READY_SECONDS_MAX have passed."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while True:
        listed = listed_now(client, asset)
        if listed is None:
            return None
        states = [manifest["state"] for manifest in listed.values()]
        if "processing" not in states or time.monotonic() > deadline:
            return listed
        time.sleep(0.02)


def broken(client, asset):
    """I1 and I5 for one asset: everything that is not as it was acknowledged, in words."""
    try:
        listed = manifests(client, asset.id)
    except ValueError as failure:
        yield str(failure)
        return
    if asset.doubtful:
        return
    if listed is None and not asset.deleted:
        yield f"{asset.id}: gone, and nobody deleted it"
    elif listed is None:
        yield from still_served(client, asset)
    elif asset.deleted:
        yield f"{asset.id}: there, after its deletion was acknowledged"
    else:
        yield from broken_versions(client, asset, listed)


def still_served(client, asset):
    """The URLs of a deleted asset that are not gone."""
    for version in asset.versions.values():
        for rendition in version.renditions.values():
            status = client.get(rendition.url).status
            if status != GONE:
                yield f"{rendition.url}: {status} after the deletion was acknowledged"


def broken_versions(client, asset, listed):
    for version in asset.versions.values():
        if version.number not in listed:
            yield f"{asset.id} v{version.number}: lost"
            continue
        yield from seen(version, listed[version.number])
        if listed[version.number]["state"] != "ready":
            yield f"{asset.id} v{version.number}: {listed[version.number]['state']}"
        for rendition in version.renditions.values():
            yield from served_wrongly(client, rendition)


def served_wrongly(client, rendition):
    served = client.get(rendition.url)
    if served.status != 200 or served.sha256 != rendition.sha256:
        yield f"{rendition.url}: {served.status}, {len(served.body)} bytes of {served.sha256}, not {rendition.sha256}"
        return
    rendition.etag = rendition.etag or served.header("etag")
    if served.header("etag") != rendition.etag:
        yield f"{rendition.url}: the ETag was {rendition.etag} and is {served.header('etag')}"
