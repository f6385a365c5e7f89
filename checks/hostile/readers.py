"""F23: 1,000 readers at once of one rendition whose file is gone: one render, and 1,000 right answers.

The file is removed behind the service's back while it does not run, so that it lies in no memory cache either. All
connections are open before the first request goes out, and the source is one that takes a worker several times as long
to decode as the requests take to arrive. In every second round the first reader leaves as soon as its request is under
way: the others must not notice.
"""

import asyncio
import random
import resource

from faults import disk, invariants
from faults.options import parsed
from hostile.crowd import Answer, encoded, exchange, opened
from hostile.pictures import resized, stamped
from service import Report, Service

RENDITION = "preview"
# What counts renders: those for an upload or a backlog, and those in the place of a rendition that is damaged or gone.
RENDERS = ("media_renders_total", "media_mends_total")
# A reader may wait for one render and the answers to the others.
ANSWER_SECONDS_MAX = 30
LEAVES_AFTER_SECONDS = 0.05
SETTINGS = {"scrub.bytes.per.second": "0"}


def files_max():
    """As many descriptors as this process may have; the service inherits the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def remove_file(service, asset):
    """Removes the blob of the asset's rendition; the service must not be running."""
    with disk.catalog_copy(service.data) as catalog:
        rows = catalog.execute(
            "SELECT lower(hex(id)), asset FROM blobs WHERE removed = 0 AND variant = ?", (f"{RENDITION}.webp",)
        )
        blobs = [blob for blob, owner in rows if owner == asset]
    (blob,) = blobs
    disk.blob_files(service.data)[blob].unlink()


async def read_together(service, url, count, first_leaves):
    """The answers to `count` readers; the first one's is left out where it leaves."""
    connections = [await opened(service) for _ in range(count)]
    request = encoded("GET", url)
    tasks = [asyncio.create_task(exchange(each, request, ANSWER_SECONDS_MAX)) for each in connections]
    if first_leaves:
        await asyncio.sleep(LEAVES_AFTER_SECONDS)
        tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    return [answer for answer in answers if isinstance(answer, Answer)]


def round_of(report, service, options, number, picture):
    """One upload whose rendition is then lost and asked for."""
    manifest = service.upload(picture).json()
    rendition = manifest["renditions"][RENDITION]
    service.stop()
    remove_file(service, manifest["id"])
    service.start()
    renders = invariants.metric(service, *RENDERS)
    first_leaves = number % 2 == 1
    answers = asyncio.run(read_together(service, rendition["url"], options.readers, first_leaves))
    renders = invariants.metric(service, *RENDERS) - renders
    wanted = options.readers - first_leaves
    right = sum(answer.status == 200 and answer.sha256 == rendition["sha256"] for answer in answers)
    name = f"round {number + 1}" + (", the first leaves" if first_leaves else "")
    report.expect(renders == 1, f"{name}: {renders} renders (is to be 1)")
    slowest = max(answer.seconds for answer in answers)
    report.expect(right == wanted, f"{name}: {right} of {wanted} answers right; the slowest {slowest:.2f} s")
    odd = sorted({f"{answer.status} {answer.failure}" for answer in answers if answer.status != 200})
    if odd:
        report.note(f"{name}: {', '.join(odd[:5])}")


def main():
    options = parsed(__doc__, {"rounds": (4, 20)}, readers=1000)
    report = Report(f"F23 readers: {options.readers} of one missing rendition; --seed {options.seed}")
    files_max()
    chance = random.Random(options.seed)
    # Progressive: it cannot be decoded at a part of its size.
    slow = resized("photo-20mp-kleiber.jpg", 5400, 3600, interlace=True)
    report.note(f"source: a progressive JPEG of 5400×3600, {len(slow)} bytes")
    with Service(SETTINGS | {"connections.max": options.readers + 100}) as service:
        for number in range(options.rounds):
            round_of(report, service, options, number, stamped(slow, f"reader {chance.random()}"))
    report.finish()


if __name__ == "__main__":
    main()
