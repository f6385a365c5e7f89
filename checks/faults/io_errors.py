"""F4: every N-th write, sync, link, rename, unlink of an operation fails, with EIO and ENOSPC, once and for good."""

import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass

from faults import invariants, ledger
from faults.client import Client, Lost
from faults.ledger import LATER
from faults.operations import AsyncUploadOperation, DeleteOperation, EraseOperation, UploadOperation
from faults.options import parsed
from faults.points import Outcome, Seed, look_after, sweep, untouched
from faults.syscall_fault import SyscallFault, compiled
from faults.uploaders import Crowd
from service import Report, Service

OPERATIONS = [UploadOperation, AsyncUploadOperation, DeleteOperation, EraseOperation]
WRITES = {"write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate"}
SYNCS = {"fsync", "fdatasync"}
NAMES = {"link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat"}
# RELIABILITY.md §3.4: the process ends with this, within a second.
UNSOUND = 70
EXIT_SECONDS_MAX = 1
FULL = 507
REFUSALS = (500, 503, FULL)
UPLOADERS = 8
# Which call fails under load: one of so many that come next.
CALLS_MAX = 200
HIT_SECONDS_MAX = 10
LOAD_SETTINGS = {"presets": "thumbnail:w=12,h=12;preview:w=24,h=24"}


@dataclass(frozen=True)
class Fault:
    error: str
    stays: bool

    def __str__(self):
        return f"{self.error} {'for good' if self.stays else 'once'}"


FAULTS = [Fault(error, stays) for error in ("EIO", "ENOSPC") for stays in (False, True)]


class FailingCall:
    """One operation whose N-th call fails, what it answers, and what is there once the fault is gone."""

    def __init__(self, program, seed, kind, fault):
        self.program = program
        self.seed = seed
        self.kind = kind
        self.fault = fault

    def run(self, number):
        outcome = Outcome(number)
        operation = self.kind(self.seed)
        service = self.seed.copy()
        calls = ",".join(sorted(WRITES | SYNCS | NAMES))
        with service:
            operation.begin(service)
            with SyscallFault(
                self.program, service.pid, service.data, calls, number, self.fault.error, self.fault.stays
            ) as fault:
                self.act(operation, service, outcome, fault)
            outcome.call = fault.first_hit
            if outcome.call is None and not outcome.acknowledged:
                outcome.wrong.append("refused, without a fault")
            if not service.is_alive():
                self.ended(service, outcome)
                service.start()
            with Client(service) as client:
                for is_lost, text in operation.check(client, service, outcome.acknowledged):
                    (outcome.lost if is_lost else outcome.wrong).append(text)
                outcome.wrong += untouched(client, self.seed, operation.touched)
            look_after(service, outcome)
        return outcome

    def act(self, operation, service, outcome, fault):
        """The operation, and reads while the fault is there."""
        try:
            answer = operation.act(service)
            outcome.answer = str(answer)
            outcome.acknowledged = operation.is_acknowledged(answer)
            if not outcome.acknowledged and answer not in REFUSALS:
                outcome.wrong.append(f"{answer} is neither a success nor a refusal of ours")
        except Lost as failure:
            outcome.answer = "Lost"
            outcome.wrong += self.excused(service, str(failure))
            return
        if outcome.acknowledged:
            operation.settle(service, fault)
        hit = next((call for call in fault.calls if call.hit), None)
        if hit and hit.name in SYNCS and self.fault.error == "EIO":
            if service.exit_code(EXIT_SECONDS_MAX) is None:
                outcome.wrong.append(f"still there {EXIT_SECONDS_MAX} s after a sync failed")
            return
        if hit and self.fault.error == "ENOSPC" and hit.name in WRITES and answer not in (FULL, 201, 202, 204):
            outcome.wrong.append(f"{answer} for a full disk, is to be {FULL}")
        outcome.wrong += self.unreadable(service, operation)

    def excused(self, service, failure):
        """No answer is a refusal only where the process ended because it had to."""
        if service.exit_code(EXIT_SECONDS_MAX) is None:
            yield f"no answer, and the process lives: {failure}"

    def ended(self, service, outcome):
        if service.process.returncode != UNSOUND:
            outcome.wrong.append(f"exit code {service.process.returncode}, is to be {UNSOUND}")

    def unreadable(self, service, operation):
        """Reads go on, whatever cannot be written."""
        try:
            with Client(service) as client:
                for asset in self.seed.ledger.assets.values():
                    if asset.id in operation.touched:
                        continue
                    for rendition in asset.versions[1].renditions.values():
                        yield from ledger.served_wrongly(client, rendition)
        except Lost as failure:
            if service.exit_code(EXIT_SECONDS_MAX) is None:
                yield f"unreadable while the fault is there: {failure}"


class MixedLoad:
    """Calls fail one at a time, whichever it is, while eight clients upload, read and delete."""

    def __init__(self, program, service, seed):
        self.program = program
        self.service = service
        self.chance = random.Random(seed)
        self.crowd = Crowd(service, seed, UPLOADERS, refusals=(*LATER, *REFUSALS))
        self.hits = Counter()
        self.ended = 0
        self.wrong = []

    def inject(self):
        """One fault, and whatever of the clients' requests it hits. Afterwards what was refused is sent again."""
        error = self.chance.choice(["EIO", "ENOSPC"])
        fault = SyscallFault(
            self.program,
            self.service.pid,
            self.service.data,
            ",".join(sorted(WRITES | SYNCS | NAMES)),
            self.chance.randint(1, CALLS_MAX),
            error,
            under_load=True,
        )

        def end():
            with fault:
                fault.hit.wait(HIT_SECONDS_MAX)
                # Where it has to end, it does so now; where it lives, it goes on with the fault behind it.
                self.service.exit_code(EXIT_SECONDS_MAX)

        self.crowd.run_until(end)
        if fault.first_hit:
            self.hits[f"{fault.first_hit.name} {error}"] += 1
        if not self.service.is_alive():
            self.ended += 1
            if self.service.process.returncode != UNSOUND:
                self.wrong.append(f"{fault.first_hit}: exit code {self.service.process.returncode}")
            self.service.start()
        elif fault.first_hit and fault.first_hit.name in SYNCS and error == "EIO":
            self.wrong.append(f"{fault.first_hit}: still there {EXIT_SECONDS_MAX} s after a sync failed")
        self.crowd.settle()
        self.wrong += self.crowd.taken_wrong()
        self.wrong += self.crowd.broken_lately()


def under_load(report, options, program):
    with Service(LOAD_SETTINGS) as service:
        load = MixedLoad(program, service, options.seed)
        for number in range(1, options.injections + 1):
            load.inject()
            if number % 50 == 0:
                report.note(f"under load: {number} faults, {load.crowd.acknowledged} uploads acknowledged")
            if load.wrong:
                break
        hits = sum(load.hits.values())
        report.expect(
            hits >= options.injections,
            f"under load: {hits} of {options.injections} faults, {load.crowd.acknowledged} uploads acknowledged, "
            f"mediad ended {load.ended} times with {UNSOUND}",
        )
        report.note(", ".join(f"{count} × {name}" for name, count in sorted(load.hits.items())))
        invariants.expect_none(report, load.wrong, "under load: wrong answers and broken promises")
        invariants.expect_none(
            report, load.crowd.broken(), f"under load: of {len(load.crowd.assets)} assets, lost or wrong"
        )
        invariants.expect_none(report, load.crowd.strangers(), "under load: refused or nobody's, and there")
        report.expect(service.stop() == 0, "under load: SIGTERM: mediad exits with 0")
        invariants.at_rest(report, service)


def swept(report, program, kind, fault, seed):
    began = time.monotonic()
    outcomes = sweep(FailingCall(program, seed, kind, fault).run)
    hit = [outcome for outcome in outcomes if not outcome.is_last]
    acknowledged = sum(outcome.acknowledged for outcome in hit)
    ended = sum(outcome.answer == "Lost" for outcome in hit)
    lost = sum(len(outcome.lost) for outcome in outcomes)
    wrong = [
        f"point {outcome.point}, {outcome.call}, {outcome.answer}: {text}"
        for outcome in outcomes
        for text in outcome.lost + outcome.wrong
    ]
    answers = ", ".join(f"{len(list(group))} × {answer}" for answer, group in by_answer(hit))
    report.expect(
        len(hit) > 0 and not wrong,
        f"{kind.name:22} {str(fault):16} {len(hit):4} points, {acknowledged:3} acknowledged, ended {ended:3} times, "
        f"{lost} lost, {len(wrong)} wrong, {time.monotonic() - began:4.0f} s: {answers}",
    )
    for text in wrong[: invariants.NAMED_MAX]:
        report.note(text)


def by_answer(outcomes):
    return itertools.groupby(sorted(outcome.answer for outcome in outcomes))


def main():
    options = parsed(__doc__, {"injections": (30, 1000)}, only="")
    report = Report(f"F4 io-errors: every N-th call fails; lost and wrong are to be 0; --seed {options.seed}")
    program = compiled("syscall_fault")
    for kind in OPERATIONS:
        if options.only and kind.name != options.only:
            continue
        with Seed(kind.settings, kind.prepare, kind.assets) as seed:
            for fault in FAULTS:
                swept(report, program, kind, fault, seed)
    if not options.only or options.only == "load":
        under_load(report, options, program)
    report.finish()


if __name__ == "__main__":
    main()
