"""RELIABILITY.md §3.6: what holds after every fault, looked at from outside and in a data folder at rest."""

import re

from faults import disk, drawing, mediactl

NAMED_MAX = 5
INTEGRITY_FAILURES = "media_integrity_failures_total"
# What grows by a blob that is not what its row says, also by one that was missing and mended before anybody saw.
DAMAGE = (INTEGRITY_FAILURES, "media_mends_total", "media_damaged_blobs")


def expect_none(report, wrong, text):
    """One figure that is to be 0, with the first of what was found."""
    wrong = list(wrong)
    report.expect(not wrong, f"{text}: {len(wrong)} (is to be 0)")
    for each in wrong[:NAMED_MAX]:
        report.note(str(each))
    return not wrong


def metric(service, *names):
    """The sum of some metrics over all their labels."""
    exposed = service.admin("/metrics").body.decode()
    return sum(
        int(value) for name in names for value in re.findall(rf"^{name}(?:{{.*}})? (\d+)$", exposed, re.MULTILINE)
    )


def at_rest(report, service, renditions=(), orphans_max=None):
    """I2, I3, I6, I7, I8 in the folder of a service that does not run; fsck before and after orphans are collected.

    `renditions`: bytes of some; no 32 of them may lie anywhere.
    """
    before = disk.census(service.data)
    expect_none(report, before.dangling, f"I2: of {before.blobs} rows, those without a blob of their size")
    if orphans_max is not None:
        found = len(before.orphans)
        report.expect(
            found <= orphans_max, f"I3: {found} blobs without a row (at most {orphans_max}, what was under way)"
        )
    expect_none(report, before.integrity, "I7: findings of integrity_check and foreign_key_check")
    report.expect(
        before.usage_holds, f"I6: usage {before.usage} is the sum over rows {before.summed} (bytes, versions)"
    )
    mediactl.collect(service.data)
    after = disk.census(service.data)
    expect_none(report, after.orphans, "I3: blobs without a row after a collection")
    expect_none(report, after.dangling, "I2: rows without a blob after a collection")
    findings = mediactl.fsck(service.data)
    expect_none(report, [finding["text"] for finding in findings], "I1, I2: findings of mediactl fsck")
    needles = [made[len(made) // 2 - 16 : len(made) // 2 + 16] for made in renditions if len(made) >= 64]
    # The control, without which a search that finds nothing says nothing.
    planted = service.scratch / "planted"
    planted.write_bytes(bytes(1000) + drawing.MARK + bytes(1000))
    found = disk.readable({service.scratch, service.data}, needles)
    planted.unlink()
    report.expect(planted in found, "I8: the control, a planted mark, is found")
    found = [path for path in found if path != planted]
    made = f", or 32 bytes of any of {len(needles)} renditions" if needles else ""
    expect_none(report, found, f"I8: files with the mark of a picture{made}")
