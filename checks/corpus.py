"""Every odd and hostile file gets the answer that its manifest expects, soon, and the service outlives them all."""

import csv
import re
import time
from dataclasses import dataclass

from service import CHECKOUT, Report, Service, shared

ANSWER_SECONDS_MAX = 10
# A temporary file may go a moment after the answer went out; what is there after this long stays.
CLEANUP_SECONDS_MAX = 2
EXCEPTIONS = CHECKOUT / "checks" / "corpus_exceptions.tsv"
# SQLite's own files come and go with checkpoints, and say nothing of what an upload left.
CATALOG_FILE = re.compile(r"\.(db|sqlite3?)(-wal|-shm|-journal)?$")


@dataclass
class Row:
    path: str
    statuses: set
    size: str
    note: str


def manifest():
    """The rows with an expected answer. Those without are ICC profiles, no pictures."""
    with open(shared("corpus/MANIFEST.tsv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["http"] != "-":
                verdict, _, size = row["expect"].partition(" ")
                yield Row(row["path"], set(row["http"].split("|")), size if verdict == "accept" else "", row["note"])


def exceptions():
    """What is known to differ from the manifest, with its reason: `{path: (got, reason)}`."""
    with open(EXCEPTIONS, newline="", encoding="utf-8") as file:
        rows = csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t")
        return {row["path"]: (row["got"], row["reason"]) for row in rows}


def stored(service):
    return {name for name in service.files() if not CATALOG_FILE.search(name)}


def left_behind(service, before):
    """The files that a refused upload left, once clean-up has had its moment."""
    deadline = time.monotonic() + CLEANUP_SECONDS_MAX
    while (left := stored(service) - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def ask(service, row):
    """What the service makes of one file: `201 WxH` or the status, and how long it took."""
    try:
        answer = service.upload(shared(f"corpus/{row.path}").read_bytes(), timeout=3 * ANSWER_SECONDS_MAX)
    except (
        Exception
    ) as failure:  # Whatever went wrong on the wire is this file's answer, and the next file is still due.
        return f"no answer: {failure!r}", float(3 * ANSWER_SECONDS_MAX)
    got = str(answer.status)
    if answer.status == 201:
        source = answer.json()["source"]
        got += f" {source['width']}x{source['height']}"
    return got, answer.seconds


def matches(row, got):
    """Frames (`WxHxN`) are not in the answer's manifest; width and height are."""
    status, _, size = got.partition(" ")
    if status not in row.statuses:
        return False
    return status != "201" or not row.size or "x".join(row.size.split("x")[:2]) == size


class Tally:
    def __init__(self, report):
        self.report = report
        self.excused = exceptions()
        self.matched = 0
        self.answers = {}
        self.differing = []
        self.unexplained = []
        self.slow = []
        self.litter = []

    def count(self, row, got, seconds):
        self.answers[row.path] = got
        if seconds > ANSWER_SECONDS_MAX:
            self.slow.append((row.path, seconds))
        if matches(row, got):
            self.matched += 1
            return
        known, reason = self.excused.get(row.path, (None, None))
        wanted = "|".join(sorted(row.statuses)) + (f" {row.size}" if row.size else "")
        if known == got:
            self.differing.append(f"{row.path}: {got} for {wanted}; {reason}")
        else:
            self.unexplained.append(f"{row.path}: {got} for {wanted}; {row.note or 'no note in the manifest'}")

    def print(self, total):
        report = self.report
        for text in self.differing:
            report.note(f"differs, with a reason: {text}")
        for text in self.unexplained:
            report.note(f"differs, unexplained: {text}")
        report.expect(
            not self.unexplained,
            f"{self.matched} of {total} answers as the manifest expects, {len(self.differing)} differ with a reason, "
            f"{len(self.unexplained)} without (is to be 0)",
        )
        stale = [path for path, (got, _) in self.excused.items() if self.answers.get(path, got) != got]
        report.expect(not stale, f"{len(stale)} of the exceptions no longer hold (is to be 0) {', '.join(stale[:5])}")
        report.expect(
            not self.slow, f"{len(self.slow)} files took longer than {ANSWER_SECONDS_MAX} s {self.slow[:5] or ''}"
        )
        report.expect(
            not self.litter, f"{len(self.litter)} refused files left something behind {self.litter[:5] or ''}"
        )


def check(report, service, rows):
    """Asks for each of them, and prints what came of it."""
    tally = Tally(report)
    slowest = (0.0, "")
    # More than alive: before and after it does its work.
    good = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    service.upload(good)
    started = time.monotonic()
    for row in rows:
        before = stored(service)
        got, seconds = ask(service, row)
        tally.count(row, got, seconds)
        slowest = max(slowest, (seconds, row.path))
        if not service.is_alive():
            report.expect(False, f"mediad died at {row.path} (exit code {service.process.returncode})")
            print(service.log_tail(), end="")
            break
        if not got.startswith("201") and (left := left_behind(service, before)):
            tally.litter.append((row.path, sorted(left)[:3]))
    report.note(f"{time.monotonic() - started:.0f} s in all; the slowest: {slowest[0]:.2f} s, {slowest[1]}")
    tally.print(len(rows))
    if report.expect(service.is_alive(), f"mediad is alive, and still process {service.pid}"):
        after = service.upload(good)
        report.expect(after.status == 201, f"a good picture afterwards: {after.status}")


def ordered(rows):
    """Those to be refused go first: while nothing is stored, what one of them leaves behind is plain to see."""
    return sorted(rows, key=lambda row: "201" in row.statuses)


def main():
    rows = ordered(manifest())
    report = Report(f"corpus: {len(rows)} odd and hostile files")
    with Service() as service:
        check(report, service, rows)
    report.finish()


if __name__ == "__main__":
    main()
