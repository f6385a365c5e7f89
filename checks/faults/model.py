"""F21: random sequences of operations, crashes and restarts against an in-memory model; a failing one is shrunk."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from faults.options import parsed
from faults.world import Disagreement, Step, Store, World, sequence
from service import Report

LANES = 2
# A store grows by every sequence on it, and so does the time of what looks at all of it.
SEQUENCES_PER_STORE = 20
SHRINK_SECONDS_MAX = 120
FAILURES_MAX = 3


class Check:
    """All sequences, in lanes with a service each."""

    def __init__(self, report, options):
        self.report = report
        self.options = options
        self.numbers = iter(range(1, options.sequences + 1))
        self.mutex = threading.Lock()
        self.done = 0
        self.steps = 0
        self.counts = {}
        # (number, presets at its beginning, failure)
        self.failures = []

    def run(self):
        with ThreadPoolExecutor(LANES) as pool:
            for lane in [pool.submit(self.lane) for _ in range(LANES)]:
                lane.result()

    def lane(self):
        while chunk := self.taken():
            with closing(Store()) as store:
                store.service.start()
                for number in chunk:
                    presets = store.presets
                    try:
                        self.one(store, number)
                    except Disagreement as failure:
                        with self.mutex:
                            self.failures.append((number, presets, str(failure)))
                        # The store is not what the model of the next sequence begins with.
                        break

    def taken(self):
        with self.mutex:
            if len(self.failures) >= FAILURES_MAX:
                return []
            return list(itertools.islice(self.numbers, SEQUENCES_PER_STORE))

    def one(self, store, number):
        steps = sequence(f"{self.options.seed}/{number}", self.options.length)
        World(store, f"{self.options.seed}/{number}").run(steps)
        with self.mutex:
            self.done += 1
            self.steps += len(steps)
            for step in steps:
                self.counts[step.name] = self.counts.get(step.name, 0) + 1
            if self.done % 50 == 0:
                self.report.note(f"{self.done} sequences")


def failure_of(steps, presets, name):
    """What a sequence does wrong on a store of its own; None where it agrees."""
    with closing(Store(presets)) as store:
        store.service.start()
        try:
            World(store, name).run(steps)
        except Disagreement as failure:
            return str(failure)
    return None


def shrunk(steps, presets, name):
    """A shorter sequence that still fails: leaves out halves, quarters, … as long as what is left fails."""
    deadline = time.monotonic() + SHRINK_SECONDS_MAX
    size = len(steps) // 2
    attempts = itertools.count()
    while size >= 1:
        at = 0
        while at < len(steps) and time.monotonic() < deadline:
            fewer = steps[:at] + steps[at + size :]
            if fewer and failure_of(fewer, presets, f"{name}/{next(attempts)}"):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


def explain(report, options, number, presets, failure):
    """How to run a failing sequence again, and the shortest form of it that was found."""
    name = f"{options.seed}/{number}"
    report.note(f"sequence {number}: {failure}")
    steps = sequence(name, options.length)
    if failure_of(steps, presets, f"{name}/again") is None:
        report.note("run again by itself it agrees: it depends on the moment of a kill, or on what was there before")
        report.note(" ".join(map(str, steps)))
        return
    short = shrunk(steps, presets, name)
    report.note(f"{len(short)} steps do: --steps '{' '.join(map(str, short))}' --presets {presets}")
    report.note(f"then: {failure_of(short, presets, f'{name}/short')}")


def main():
    options = parsed(__doc__, {"sequences": (500, 5000)}, length=40, steps="", presets=0)
    if options.steps:
        report = Report("F21 model: one sequence")
        steps = [Step.parsed(text) for text in options.steps.split()]
        failure = failure_of(steps, options.presets, f"{options.seed}/0")
        report.expect(failure is None, failure or f"{len(steps)} steps agree with the model")
        report.finish()
    report = Report(f"F21 model: {options.sequences} sequences of {options.length} steps; --seed {options.seed}")
    check = Check(report, options)
    check.run()
    report.expect(
        check.done == options.sequences and not check.failures,
        f"{check.done} of {options.sequences} sequences, {check.steps} steps, agree with the model",
    )
    report.note(", ".join(f"{count} {name}" for name, count in sorted(check.counts.items())))
    for number, presets, failure in check.failures:
        explain(report, options, number, presets, failure)
    report.finish()


if __name__ == "__main__":
    main()
