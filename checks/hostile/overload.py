"""F22: three times as many uploads as the service can do: it does what it can, refuses the rest at once, and recovers.

The load is open: uploads of a 12 MP photograph, each with other bytes, arrive at random at 3 × the capacity whatever
becomes of those before; those of the refusals' clients come on top. Capacity is what a closed loop of four uploads a
worker gets done, before and after: the mean of both, for the machine's pace drifts. Goodput counts all 201s that came
before the load ended. The photograph has few bytes for its pixels, so that what it costs is the worker's time, and what
is sent of it after the last call of the client does not count as time to the refusal.

Meanwhile two kinds of client in processes of their own time single requests (hostile/probes.py): reads of one rendition
that lies in the memory cache, at a steady pace, and uploads of which the refused are timed from their last byte to the
first of the answer. The base of the reads is the same reading while nothing else is asked of the service.
"""

import asyncio
import os
import random
import time
from collections import Counter

from faults import invariants
from faults.options import parsed
from hostile import crowd
from hostile.pictures import resized, stamped
from hostile.probes import Client, percentile, reads, refusals
from service import Report, Service

FACTOR = 3
GOODPUT_MIN = 0.9
REFUSAL_SECONDS_MAX = 0.005
READ_RATIO_MAX = 3
RECOVERY_SECONDS_MAX = 10
# Recovered: an upload takes at most so many times as long as it did before the load.
RECOVERED_RATIO = 2
BASE_SECONDS = 10
CAPACITY_SECONDS = 10
# There are as many workers as cores.
CAPACITY_WIDTH = 4 * os.cpu_count()
READS_PER_SECOND = 200
# Below this many there is no 99th percentile to speak of.
REFUSALS_MIN = 50
RECOVERY_PAUSE_SECONDS = 0.1


class Uploads:
    def __init__(self, service, picture, seed):
        self.service = service
        self.seed = seed
        self.picture = picture
        self.sent = 0
        self.statuses = Counter()
        # When each 201 came.
        self.done = []
        self.wrong = []

    def begin(self):
        """Forgets what was answered until now."""
        self.done.clear()
        self.statuses.clear()

    def next(self):
        self.sent += 1
        return stamped(self.picture, f"{self.seed}/{self.sent}")

    async def send(self, _):
        answer = await crowd.once(self.service, crowd.upload(self.next()))
        self.statuses[answer.status] += 1
        if answer.status == 201:
            self.done.append(time.monotonic())
        elif answer.status != 503:
            self.wrong.append(f"{answer.status} {answer.failure} {answer.body[:100]!r}")
        elif "retry-after" not in answer.headers:
            self.wrong.append("503 without Retry-After")
        return answer.status == 201

    def capacity(self):
        return asyncio.run(crowd.capacity(CAPACITY_SECONDS, CAPACITY_WIDTH, self.send))

    def single_seconds(self):
        answer = self.service.upload(self.next(), timeout=crowd.ANSWER_SECONDS_MAX)
        return answer.seconds if answer.status == 201 else float("inf")


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def said(seconds):
    return f"median {milliseconds(percentile(seconds, 0.5))}, p99 {milliseconds(percentile(seconds, 0.99))}"


async def loaded(uploads, rate, seconds, chance, single, clients):
    """The load, and the recovery from it.

    Returns when the load ended, and how long after that an upload took no longer than RECOVERED_RATIO × `single`.
    """
    sent = await crowd.open_loop(rate, seconds, chance, uploads.send)
    ended = time.monotonic()
    for client in clients:
        client.stop()
    # What was admitted is still being answered meanwhile.
    recovered = await asyncio.to_thread(recovery_seconds, uploads, single)
    await asyncio.gather(*sent)
    return ended, recovered


def recovery_seconds(uploads, single):
    """Infinity where it did not recover within three times as long as it may take."""
    began = time.monotonic()
    while time.monotonic() - began < 3 * RECOVERY_SECONDS_MAX:
        if uploads.single_seconds() <= RECOVERED_RATIO * single:
            return time.monotonic() - began
        time.sleep(RECOVERY_PAUSE_SECONDS)
    return float("inf")


def main():
    options = parsed(__doc__, {"seconds": (20, 60)})
    report = Report(f"F22 overload: {FACTOR} × capacity for {options.seconds} s; --seed {options.seed}")
    chance = random.Random(options.seed)
    picture = resized("bench12.jpg", 4000, 3000, Q=20)
    with Service() as service:
        uploads = Uploads(service, picture, options.seed)
        rendition = service.upload(uploads.next()).json()["renditions"]["thumbnail"]
        reading = (service.port, rendition["url"], rendition["sha256"], READS_PER_SECOND)
        single = percentile([uploads.single_seconds() for _ in range(5)], 0.5)
        with Client(reads, *reading) as base:
            time.sleep(BASE_SECONDS)
        with Client(reads, *reading) as busy:
            capacity_before = uploads.capacity()
        uploads.begin()
        rate = FACTOR * capacity_before
        with (
            Client(reads, *reading) as read,
            Client(refusals, service.port, picture, f"probe/{options.seed}") as refused,
        ):
            began = time.monotonic()
            ended, recovered = asyncio.run(
                loaded(uploads, rate, options.seconds, chance, single, (read, refused))
            )
        statuses = dict(uploads.statuses)
        done = [*uploads.done, *refused.timed.done]
        good = sum(each <= ended for each in done) / (ended - began)
        capacity = (capacity_before + uploads.capacity()) / 2
        report.note(f"a picture of {len(picture)} bytes; {len(refused.timed.done)} of the refusals' clients got 201")
        report.note(f"capacity {capacity_before:.1f}/s before, {capacity:.1f} mean; load {rate:.1f}/s: {statuses}")
        report.expect(
            good / capacity >= GOODPUT_MIN,
            f"goodput {good:.1f}/s, {good / capacity:.0%} of capacity (at least {GOODPUT_MIN:.0%})",
        )
        judge(report, uploads, base.timed, busy.timed, read.timed, refused.timed)
        report.expect(
            recovered <= RECOVERY_SECONDS_MAX,
            f"recovered {recovered:.1f} s after the load (at most {RECOVERY_SECONDS_MAX}): an upload in at most "
            f"{RECOVERED_RATIO} × {milliseconds(single)}",
        )
        report.expect(service.is_alive(), f"mediad is alive, and still process {service.pid}")
    report.finish()


def judge(report, uploads, base, busy, read, refused):
    wrong = uploads.wrong + refused.wrong
    invariants.expect_none(report, wrong, "uploads answered neither 201 nor 503 with Retry-After")
    count = len(refused.seconds)
    report.expect(count >= REFUSALS_MIN, f"{count} refusals timed (at least {REFUSALS_MIN})")
    slow = percentile(refused.seconds, 0.99)
    report.expect(
        slow <= REFUSAL_SECONDS_MAX,
        f"refusals: {said(refused.seconds)} (p99 at most {milliseconds(REFUSAL_SECONDS_MAX)})",
    )
    wrong = base.wrong + busy.wrong + read.wrong
    invariants.expect_none(report, wrong, f"of {len(read.seconds)} cached reads, not 200 or wrong bytes")
    report.note(f"cached reads alone: {said(base.seconds)}; at capacity: {said(busy.seconds)}")
    ratio = percentile(read.seconds, 0.99) / percentile(base.seconds, 0.99)
    report.expect(
        ratio <= READ_RATIO_MAX,
        f"cached reads under load: {said(read.seconds)}: p99 {ratio:.1f} × base (at most {READ_RATIO_MAX})",
    )


if __name__ == "__main__":
    main()
