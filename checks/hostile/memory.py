"""Memory of all processes together under 2,000 mixed uploads, and whether it is the same after 20,000.

One in five is a 12 MP photograph, one in twenty one of 24 MP (upscaled from 20 MP), the others are of the Kodak suite;
each is other bytes. A version's presets are the service's, so every upload makes the default pair, 320 and 1280, where
the figures of PERFORMANCE.md that the bound goes with are of one size each: this asks for more. The memory cache, which
is a budget of its own, is set to nothing: what is measured is the work.
"""

import asyncio
import os
import random
import time
from collections import Counter

from faults import invariants
from faults.options import parsed
from hostile import crowd, memory_gauge
from hostile.pictures import kodak, photo, resized, stamped
from service import Report, Service

MB = 1_000_000
PEAK_MAX_BYTES = 250 * MB
DRIFT_MAX = 0.1
FIRST = 2000
# Always busy workers, and a queue of as many.
WIDTH = 2 * os.cpu_count()
SETTINGS = {"cache.bytes.max": "0"}


class Mix:
    """Pictures in the shares that the bound is for, in the order that the seed gives."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.seed = seed
        self.large = photo("bench12.jpg")
        self.largest = resized("photo-20mp-kleiber.jpg", 6000, 4000)
        self.small = kodak()
        self.sent = 0

    def next(self):
        self.sent += 1
        draw = self.chance.random()
        if draw < 0.2:
            picture = self.large
        elif draw < 0.25:
            picture = self.largest
        else:
            picture = self.small[self.sent % len(self.small)]
        return stamped(picture, f"{self.seed}/{self.sent}")


def sent(report, service, mix, count):
    """So many uploads. Returns the peak, and what is in use once they are done."""
    began = time.monotonic()
    with memory_gauge.Peak(service) as peak:
        requests = (crowd.upload(mix.next()) for _ in range(count))
        answers = asyncio.run(crowd.closed_loop(service, requests, WIDTH))
    seconds = time.monotonic() - began
    statuses = Counter(answer.status for answer in answers)
    report.expect(statuses[201] == count, f"{count} uploads, {WIDTH} at once, in {seconds:.0f} s: {dict(statuses)}")
    return peak, memory_gauge.calm(service)


def main():
    options = parsed(__doc__, {"uploads": (2000, 20_000)})
    first = min(FIRST, options.uploads)
    report = Report(f"memory: {options.uploads} mixed uploads; --seed {options.seed}")
    mix = Mix(options.seed)
    with Service(SETTINGS) as service:
        report.note(f"at rest, before the first: {memory_gauge.calm(service) / MB:.0f} MB; {memory_gauge.unit()}")
        peak, after_first = sent(report, service, mix, first)
        report.expect(
            peak.bytes <= PEAK_MAX_BYTES,
            f"peak of all processes {peak.bytes / MB:.0f} MB (at most {PEAK_MAX_BYTES // MB}), {len(peak.samples)} "
            f"samples; each process's own highest together {memory_gauge.highest_resident(service) / MB:.0f}",
        )
        report.note(f"after {first}: {after_first / MB:.0f} MB; {memory_gauge.shares(service)}")
        if options.uploads > first:
            more, after = sent(report, service, mix, options.uploads - first)
            report.expect(
                after <= (1 + DRIFT_MAX) * after_first,
                f"after {options.uploads}: {after / MB:.0f} MB, {after / after_first:.2f} × that after {first} "
                f"(at most {1 + DRIFT_MAX})",
            )
            report.expect(
                more.bytes <= PEAK_MAX_BYTES,
                f"peak meanwhile {more.bytes / MB:.0f} MB (at most {PEAK_MAX_BYTES // MB})",
            )
            report.note(f"after {options.uploads}: {memory_gauge.shares(service)}")
        lost = invariants.metric(service, "media_worker_restarts_total")
        report.note(f"{lost} workers were lost or replaced on the way")
    report.finish()


if __name__ == "__main__":
    main()
