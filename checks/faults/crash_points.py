"""F2: kill -9 before every single call that touches the data folder, of one upload, deletion, rotation, collection."""

import itertools
import time

from faults import invariants, mediactl
from faults.client import Client, Lost
from faults.operations import (
    AsyncUploadOperation,
    CollectOperation,
    DeleteOperation,
    EraseOperation,
    FirstUploadOperation,
    PairOperation,
    RotateOperation,
    UploadOperation,
    VersionOperation,
)
from faults.options import parsed
from faults.points import Outcome, Seed, look, look_after, sweep, untouched
from faults.syscall_fault import SyscallFault, compiled
from service import Report

OPERATIONS = [
    FirstUploadOperation,
    UploadOperation,
    AsyncUploadOperation,
    VersionOperation,
    DeleteOperation,
    EraseOperation,
    CollectOperation,
    RotateOperation,
]


class CrashPoint:
    """One operation of a service that is killed before its N-th call, and what is there after the restart."""

    def __init__(self, program, seed, kind):
        self.program = program
        self.seed = seed
        self.kind = kind

    def run(self, number):
        outcome = Outcome(number)
        operation = self.kind(self.seed)
        service = self.seed.copy()
        with service:
            operation.begin(service)
            with SyscallFault(self.program, service.pid, service.data, at=number) as fault:
                try:
                    answer = operation.act(service)
                    outcome.acknowledged = operation.is_acknowledged(answer)
                    outcome.answer = str(answer)
                except (Lost, mediactl.Refused) as failure:
                    outcome.answer = type(failure).__name__
                if outcome.acknowledged:
                    operation.settle(service, fault)
            outcome.call = fault.first_hit
            if outcome.call is None and not outcome.acknowledged:
                outcome.wrong.append(f"without a fault: {outcome.answer}")
            service.kill()
            look(service, outcome)
            service.start()
            with Client(service) as client:
                for is_lost, text in operation.check(client, service, outcome.acknowledged):
                    (outcome.lost if is_lost else outcome.wrong).append(text)
                outcome.wrong += untouched(client, self.seed, operation.touched)
            look_after(service, outcome)
        return outcome


def swept(report, program, kind, every=1):
    began = time.monotonic()
    with Seed(kind.settings, kind.prepare, kind.assets) as seed:
        point = CrashPoint(program, seed, kind)
        outcomes = sweep(point.run, itertools.count(1, every))
    hit = [outcome for outcome in outcomes if not outcome.is_last]
    acknowledged = sum(outcome.acknowledged for outcome in hit)
    lost = sum(len(outcome.lost) for outcome in outcomes)
    dangling = sum(outcome.dangling for outcome in outcomes)
    orphans = sum(outcome.orphans for outcome in outcomes)
    wrong = [
        f"point {outcome.point}, {outcome.call}, {outcome.answer}: {text}"
        for outcome in outcomes
        for text in outcome.lost + outcome.wrong
    ]
    seconds = time.monotonic() - began
    report.expect(
        len(hit) > 0 and not wrong,
        f"{kind.name:22} {len(hit):4} points, {acknowledged:3} acknowledged, {lost} lost, {dangling} dangling rows, "
        f"{orphans:3} orphans, {len(wrong)} wrong, {seconds:4.0f} s",
    )
    for text in wrong[: invariants.NAMED_MAX]:
        report.note(text)


def main():
    options = parsed(__doc__, {}, only="")
    report = Report("F2 crash-points: a kill before every call on the data folder; lost, dangling, wrong: 0")
    program = compiled("syscall_fault")
    for kind in OPERATIONS:
        if not options.only or kind.name == options.only:
            swept(report, program, kind)
    if options.long:
        swept(report, program, PairOperation, every=2)
    report.finish()


if __name__ == "__main__":
    main()
