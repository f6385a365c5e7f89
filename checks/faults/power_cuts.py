"""F3: the power is cut under parallel uploads, on ext4 and XFS; what was acknowledged is on the disk."""

import os
import random
import time

from faults import invariants
from faults.ledger import LATER
from faults.mounts import Disk, enter_namespace
from faults.options import parsed
from faults.uploaders import Crowd
from service import Report, Service, survivors

UPLOADERS = 8
SYSTEMS = ("ext4", "xfs")
# XFS has a least size, and neither shall be filled.
DISK_BYTES = 1 << 30
SETTINGS = {"presets": "thumbnail:w=12,h=12;preview:w=24,h=24"}
RUN_SECONDS = (0.2, 1.5)
# RELIABILITY.md §3.4: a sync that fails ends the process within a second; a loaded machine may take a little longer.
EXIT_SECONDS_MAX = 5
UNSOUND = 70
CONTROL_BYTES = 100_000


class Cuts:
    """One file system and one service on it, through as many cuts as there are to be."""

    def __init__(self, disk, service, seed):
        self.disk = disk
        self.service = service
        self.chance = random.Random(f"{seed}/{disk.kind}")
        # Between the cut and its end the service may say that it cannot write.
        self.crowd = Crowd(service, f"{seed}/{disk.kind}", UPLOADERS, refusals=(*LATER, 500))
        self.cut_off = 0
        self.controls_lost = 0
        self.controls = 0
        self.codes = []
        self.wrong = []

    def cut(self):
        """One cut, and the restart from what is on the disk."""
        control = self.disk.folder / f"control-{self.controls}"
        self.controls += 1

        def end():
            time.sleep(self.chance.uniform(*RUN_SECONDS))
            # Without a sync it must not survive, or the cut is none.
            control.write_bytes(os.urandom(CONTROL_BYTES))
            workers = self.service.workers()
            self.disk.cut()
            self.codes.append(self.service.exit_code(EXIT_SECONDS_MAX))
            if self.service.is_alive():
                self.service.kill()
            survivors(workers, EXIT_SECONDS_MAX)

        self.cut_off += self.crowd.run_until(end)
        self.disk.power_on()
        survived = control.exists() and control.stat().st_size == CONTROL_BYTES and any(control.read_bytes())
        self.controls_lost += not survived
        self.service.start()
        self.crowd.settle()
        self.wrong += self.crowd.taken_wrong()
        self.wrong += self.crowd.broken_lately()
        if damaged := invariants.metric(self.service, *invariants.DAMAGE):
            self.wrong.append(f"I1: {damaged} blobs were not what their rows say, mended or not")


def run(report, options, kind):
    with Disk(kind, DISK_BYTES) as disk, Service(SETTINGS, data=disk.folder / "data") as service:
        cuts = Cuts(disk, service, options.seed)
        for number in range(1, options.cuts + 1):
            cuts.cut()
            if number % 5 == 0 or cuts.wrong:
                report.note(f"{kind}: {number} cuts, {cuts.crowd.acknowledged} acknowledged, {len(cuts.wrong)} wrong")
            if cuts.wrong:
                break
        judge(report, options, kind, cuts)


def judge(report, options, kind, cuts):
    crowd = cuts.crowd
    report.expect(len(cuts.codes) >= options.cuts, f"{kind}: {len(cuts.codes)} cuts of the power")
    report.expect(
        crowd.acknowledged > 0 and cuts.cut_off > 0,
        f"{kind}: {crowd.acknowledged} uploads acknowledged, {cuts.cut_off} requests cut off",
    )
    report.expect(
        cuts.controls_lost > 0,
        f"{kind}: the control, a file without a sync, was lost by {cuts.controls_lost} of {cuts.controls} (over 0)",
    )
    ended = cuts.codes.count(UNSOUND)
    report.expect(
        ended == len(cuts.codes), f"{kind}: {ended} of {len(cuts.codes)} times mediad ended by itself, with {UNSOUND}"
    )
    invariants.expect_none(report, cuts.wrong, f"{kind}: I1, I4, I5: wrong after the restarts")
    invariants.expect_none(report, crowd.broken(), f"{kind}: I1, I5: of {len(crowd.assets)} assets, lost or wrong")
    invariants.expect_none(report, crowd.strangers(), f"{kind}: I4: nobody's, half, or twice")
    report.expect(cuts.service.stop() == 0, f"{kind}: SIGTERM: mediad exits with 0")
    invariants.at_rest(report, cuts.service)


def main():
    enter_namespace("faults.power_cuts", "xfs_io", "mkfs.ext4", "mkfs.xfs")
    options = parsed(__doc__, {"cuts": (10, 200)})
    report = Report(f"F3 power-cuts: {options.cuts} on each of {', '.join(SYSTEMS)}; --seed {options.seed}")
    for kind in SYSTEMS:
        run(report, options, kind)
    report.finish()


if __name__ == "__main__":
    main()
