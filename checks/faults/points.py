"""Sweeps a fault over every point of an operation: point 1, point 2, … until the operation ends without meeting it.

Every point begins with the same data folder, a copy of one that was made for the purpose, so that a point can be run
again by itself and means the same.
"""

import itertools
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from faults import disk, invariants, ledger, mediactl
from faults.client import Client, uploading
from faults.drawing import picture
from faults.ledger import Ledger
from service import Service

# Two at a time: a point waits for processes and disks more than it computes.
LANES = 2
POINTS_MAX = 2000
# After so many points that went wrong a sweep ends: the verdict is out, and each may have cost a timeout.
WRONG_MAX = 6
# One worker, for the time that starting another takes at every point. No scrub: an operation is to be alone.
SETTINGS = {
    "presets": "thumbnail:w=12,h=12;preview:w=24,h=24",
    "cache.bytes.max": "0",
    "workers": "1",
    "scrub.bytes.per.second": "0",
}


class Seed:
    """A stopped service's data folder with a few assets in it, to be copied."""

    def __init__(self, settings, prepare=None, assets=0):
        """`prepare(service, client, ledger)` adds to it what an operation needs."""
        self.settings = SETTINGS | settings
        self.ledger = Ledger()
        self.service = Service(self.settings)
        with Client(self.service.start()) as client:
            for number in range(assets):
                chosen = picture(f"seed/{number}")
                self.ledger.upload_acknowledged(client.send(uploading(chosen)).json(), chosen)
            if prepare:
                prepare(self.service, client, self.ledger)
        self.service.stop()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.service.close()

    def copy(self):
        """A service that does not run yet, on a copy of the folder."""
        service = Service(self.settings)
        subprocess.run(["cp", "-a", self.service.data, service.data], check=True)
        return service


@dataclass
class Outcome:
    """What became of one point."""

    point: int
    # The call that was hit; None: the operation ended before.
    call: object = None
    acknowledged: bool = False
    # The status, exit code or failure that the client saw.
    answer: str = ""
    dangling: int = 0
    orphans: int = 0
    # Acknowledged, and not so afterwards.
    lost: list = field(default_factory=list)
    # All else that is not as it should be.
    wrong: list = field(default_factory=list)

    @property
    def is_last(self):
        return self.call is None


def sweep(run, points=None):
    """Runs `run(point)` for 1, 2, … in parallel lanes until an outcome is the last, or WRONG_MAX of them are wrong.

    Returns the outcomes in order.
    """
    numbers = iter(points or itertools.count(1))
    outcomes = []
    mutex = threading.Lock()
    ended = threading.Event()

    def lane():
        while not ended.is_set():
            with mutex:
                number = next(numbers, None)
            if number is None:
                return
            if number > POINTS_MAX:
                raise RuntimeError(f"more than {POINTS_MAX} points")
            try:
                outcome = run(number)
            except BaseException:
                ended.set()
                raise
            outcomes.append(outcome)
            bad = sum(bool(each.wrong or each.lost) for each in outcomes)
            if outcome.is_last or bad >= WRONG_MAX:
                ended.set()

    with ThreadPoolExecutor(LANES) as pool:
        for done in [pool.submit(lane) for _ in range(LANES)]:
            done.result()
    return sorted(outcomes, key=lambda outcome: outcome.point)


def look(service, outcome):
    """Counts in the folder of a service that does not run what has no blob and what has no row."""
    found = disk.census(service.data)
    outcome.dangling += len(found.dangling)
    outcome.orphans = max(outcome.orphans, len(found.orphans))
    outcome.wrong += [f"I2: the row {blob} has no blob" for blob in found.dangling]
    outcome.wrong += [f"I7: {finding}" for finding in found.integrity]
    if not found.usage_holds:
        outcome.wrong.append(f"I6: usage {found.usage}, the sum is {found.summed}")
    return found


def look_after(service, outcome):
    """Collects and checks while the service runs, then stops it: nothing without a row, nothing that fsck finds."""
    if damaged := invariants.metric(service, *invariants.DAMAGE):
        outcome.wrong.append(f"I1: {damaged} blobs were not what their rows say, mended or not")
    mediactl.collect(service.data)
    outcome.wrong += [f"fsck: {finding['text']}" for finding in mediactl.fsck(service.data)]
    code = service.stop()
    if code != 0:
        outcome.wrong.append(f"SIGTERM: exit code {code}")
    orphans = outcome.orphans
    left = look(service, outcome)
    outcome.orphans = orphans
    outcome.wrong += [f"I3: {Path(blob).name} without a row after a collection" for blob in left.orphans]


def untouched(client, seed, besides=()):
    """What of the seed's assets, but those named, is not as it was."""
    for asset in seed.ledger.assets.values():
        if asset.id not in besides:
            yield from ledger.broken(client, asset)
