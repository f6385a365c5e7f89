"""What a look-up and an upload cost among a thousand assets and among a million, turn by turn."""

import random
import shutil
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from catalog_size import fill

from cpu import process_seconds
from faults import disk
from faults.client import Client, uploading
from faults.drawing import picture
from faults.mounts import skip
from faults.options import parsed
from faults.wrk import run_wrk
from service import Report, Service

SMALL, LARGE = 1_000, 1_000_000
RATIO_MAX = 1.3
# So many different assets are asked for, in random order: of the large catalog far more than any cache holds.
ASKED = 200_000
# The scrub would look for blobs that were never there.
SETTINGS = {"presets": "thumbnail:w=12,h=12;preview:w=24,h=24", "scrub.bytes.per.second": "0", "workers": "1"}
CONNECTIONS = 4
SECONDS = 2
UPLOADS = 60
SCRIPT = Path(__file__).with_name("catalog_cost.lua")


class Side:
    """A service with so many assets, and what was measured on it by name."""

    def __init__(self, assets, seed):
        self.assets = assets
        self.service = Service(SETTINGS)
        self.chance = random.Random(seed)
        self.measured = {}
        self.uploaded = 0

    def fill(self):
        self.service.start()
        self.service.stop()
        catalog = self.service.data / "catalog.sqlite"
        fill(catalog, self.assets)
        with disk.opened(catalog) as opened:
            ids = [row[0] for row in opened.execute("SELECT id FROM assets")]
        asked = self.chance.choices(ids, k=ASKED)
        for name, path in (("renditions", "/a/{}/v1/preview.webp"), ("manifests", "/v1/assets/{}")):
            (self.service.scratch / name).write_text("\n".join(map(path.format, asked)))
        self.service.start()

    def look_up(self, name, word):
        """A block of look-ups: CPU of mediad and wall time, in microseconds a request. Returns what failed."""
        before = process_seconds(self.service.pid)
        # Others than in the turn before: what that asked for may be at hand.
        start = str(self.chance.randrange(ASKED))
        ran = run_wrk(self.service, SCRIPT, CONNECTIONS, 1, SECONDS, self.service.scratch / name, start, word)
        self.note(f"{name}, CPU", (process_seconds(self.service.pid) - before) / ran.requests)
        self.note(f"{name}, wall", ran.seconds * CONNECTIONS / ran.requests)
        return ran.errors

    def upload(self):
        """A block of uploads, one after the other: CPU of mediad, without its workers. Returns what failed."""
        failed = 0
        with Client(self.service) as client:
            before, began = process_seconds(self.service.pid), time.monotonic()
            for _ in range(UPLOADS):
                self.uploaded += 1
                failed += client.send(uploading(picture(f"{self.assets}/{self.uploaded}"))).status != 201
            self.note("uploads, CPU", (process_seconds(self.service.pid) - before) / UPLOADS)
            self.note("uploads, wall", (time.monotonic() - began) / UPLOADS)
        return failed

    def note(self, name, seconds):
        self.measured.setdefault(name, []).append(seconds * 1e6)

    def turn(self):
        return self.look_up("renditions", "unchanged") + self.look_up("manifests", "whole") + self.upload()

    def median(self, name):
        return statistics.median(self.measured[name])


def main():
    options = parsed(__doc__, {"rounds": (7, 15)})
    if not shutil.which("wrk"):
        skip("wrk not found: scripts/install-checks installs it")
    report = Report(f"catalog-cost: {SMALL} and {LARGE} assets, {options.rounds} turns each; --seed {options.seed}")
    with ExitStack() as stack:
        sides = [Side(assets, options.seed) for assets in (SMALL, LARGE)]
        for side in sides:
            stack.callback(side.service.close)
            began = time.monotonic()
            side.fill()
            report.note(f"{side.assets} assets: filled, and the service up, in {time.monotonic() - began:.0f} s")
            # What a cold start costs is none of this.
            side.turn()
            side.measured.clear()
        failed = sum(side.turn() for _ in range(options.rounds) for side in sides)
    report.expect(failed == 0, f"{failed} requests failed (is to be 0)")
    small, large = sides
    for name in small.measured:
        ratio = large.median(name) / small.median(name)
        text = f"{name}: {small.median(name):.0f} µs among {SMALL}, {large.median(name):.0f} µs among {LARGE}"
        if name.endswith("CPU"):
            report.expect(ratio <= RATIO_MAX, f"{text}: {ratio:.2f} × (at most {RATIO_MAX})")
        else:
            report.note(f"{text}: {ratio:.2f} ×")
    report.finish()


if __name__ == "__main__":
    main()
