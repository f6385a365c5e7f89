"""F1: kill -9 at random moments under parallel uploads, again and again; what was promised is kept."""

import os
import random
import threading
import time
from contextlib import suppress

from faults import invariants, ledger, mediactl
from faults.client import Client
from faults.options import parsed
from faults.uploaders import Crowd
from service import Report, Service, survivors

UPLOADERS = 8
PRESETS = 2
# In so many rounds orphans of any age are collected while uploads are under way.
COLLECTED_SHARE = 0.25
# A rendition of another size than the other: two that are equal could be mistaken for each other unseen.
SETTINGS = {"presets": "thumbnail:w=12,h=12;preview:w=24,h=24"}
# Workers that mediad no longer reads from must notice and go.
WORKER_EXIT_SECONDS_MAX = 5
RUN_SECONDS = (0.02, 1.2)
# Of the starts, so many are themselves killed half-way.
KILLED_START_SHARE = 0.15
START_SECONDS = 0.2
SECONDS_MAX = 7200
# How many renditions are searched for on the disk.
SEARCHED = 100
UNUSED_VERSION = 99
# How many versions are developed at once that nobody waits for: one a worker, and there is a worker a core.
BACKLOG_WIDTH = os.cpu_count()


def killed(service, crowd, chance):
    """One round: uploads until a kill. Returns how many requests were under way, and the workers that outlived it."""
    left = []

    def end():
        collection = threading.Thread(target=collect, args=(service,)) if chance.random() < COLLECTED_SHARE else None
        if collection:
            collection.start()
        # The moment is what varies: this is the fault, not a wait for anything.
        time.sleep(chance.uniform(*RUN_SECONDS))
        workers = service.workers()
        service.kill()
        left.extend(survivors(workers, WORKER_EXIT_SECONDS_MAX))
        if collection:
            # It has the folder's lock where it came after the service.
            collection.join()

    return crowd.run_until(end), left


def collect(service):
    """What is on its way is no orphan, whatever its age; the kill may cut the collection off, too."""
    with suppress(mediactl.Refused):
        mediactl.collect(service.data)


def restarted(service, chance):
    """Starts the service, now and then after killing it while it starts. Returns how often it was."""
    kills = 0
    while chance.random() < KILLED_START_SHARE:
        service.launch()
        time.sleep(chance.uniform(0, START_SECONDS))
        service.kill()
        kills += 1
    service.start()
    return kills


def rounds(report, options, service, crowd, chance):
    """Kills until there were as many kills and as many acknowledged uploads as asked for.

    Returns how many blobs without a row all that can have left.
    """
    began = time.monotonic()
    kills = under_way = start_kills = orphans_max = 0
    orphan_workers, wrong = [], []
    while kills < options.kills or crowd.acknowledged < options.acknowledged:
        if time.monotonic() - began > SECONDS_MAX:
            report.expect(False, f"{SECONDS_MAX} s were not enough")
            break
        busy, left = killed(service, crowd, chance)
        kills += 1
        under_way += busy
        orphan_workers += left
        orphans_max += crowd.blobs_in_flight_max(PRESETS) + BACKLOG_WIDTH * PRESETS
        starts = restarted(service, chance)
        start_kills += starts
        orphans_max += starts * BACKLOG_WIDTH * PRESETS
        crowd.settle()
        wrong += crowd.taken_wrong()
        wrong += crowd.broken_lately()
        if damaged := invariants.metric(service, *invariants.DAMAGE):
            wrong.append(f"I1: {damaged} blobs were not what their rows say, mended or not")
        if kills % 10 == 0 or wrong:
            report.note(f"{kills} kills, {crowd.acknowledged} acknowledged, {len(wrong)} wrong")
        if wrong:
            break
    report.expect(kills >= options.kills, f"{kills} × kill -9, and {start_kills} × during the start that followed")
    report.expect(
        crowd.acknowledged >= options.acknowledged,
        f"{crowd.acknowledged} uploads acknowledged (at least {options.acknowledged}), {under_way} requests cut off",
    )
    invariants.expect_none(report, orphan_workers, f"workers that outlive mediad by {WORKER_EXIT_SECONDS_MAX} s")
    invariants.expect_none(report, wrong, "I1, I4, I5: wrong answers and broken promises after the restarts")
    return orphans_max


def unpromised(client, assets):
    """I3: what has no row is not served, by the URL of a version that no asset has."""
    for asset in assets:
        url = f"/a/{asset.id}/v{UNUSED_VERSION}/preview.webp"
        status = client.get(url).status
        if status not in (404, ledger.GONE):
            yield f"{url}: {status}"


def thorough(report, service, crowd):
    """Every promise of the whole run, on the service as the last restart left it."""
    invariants.expect_none(report, crowd.broken(), f"I1, I5: of {len(crowd.assets)} assets, lost or with other bytes")
    invariants.expect_none(report, crowd.strangers(), "I4: assets and versions that nobody uploaded, half or twice")
    with Client(service) as client:
        sample = list(crowd.assets.values())[:: max(1, len(crowd.assets) // SEARCHED)]
        invariants.expect_none(report, unpromised(client, sample), f"I3: of {len(sample)} URLs without a row, served")
        made = [each for asset in sample for version in asset.versions.values() for each in version.renditions.values()]
        return [served.body for each in made if (served := client.get(each.url)).status == 200]


def main():
    options = parsed(__doc__, {"kills": (30, 500), "acknowledged": (1000, 50_000)})
    report = Report(f"F1 kill: {options.kills} × kill -9 under {UPLOADERS} parallel uploads; --seed {options.seed}")
    chance = random.Random(options.seed)
    with Service(SETTINGS) as service:
        crowd = Crowd(service, options.seed, UPLOADERS)
        orphans_max = rounds(report, options, service, crowd, chance)
        made = thorough(report, service, crowd)
        # Once more, so that what lies on the disk is what a crash leaves.
        killed(service, crowd, chance)
        orphans_max += crowd.blobs_in_flight_max(PRESETS) + BACKLOG_WIDTH * PRESETS
        invariants.at_rest(report, service, made, orphans_max)
        service.start()
        crowd.settle()
        invariants.expect_none(report, crowd.taken_wrong(), "I4: wrong answers to what was sent again")
        invariants.expect_none(report, crowd.broken(), "I1, I5: lost or with other bytes after the collection")
        report.expect(service.stop() == 0, "SIGTERM: mediad exits with 0")
    report.finish()


if __name__ == "__main__":
    main()
