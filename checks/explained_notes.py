"""The warnings that are explained (explained_notes.tsv), and those that are not."""

import csv
import re
from collections import Counter
from pathlib import Path

TABLE = Path(__file__).with_suffix(".tsv")


class ExplainedNotes:
    def __init__(self):
        lines = (line for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))
        self.rows = list(csv.DictReader(lines, delimiter="\t"))
        self.uses = Counter()

    def is_explained(self, note, where):
        """Whether a warning of that class about the answer of that name has its reason."""
        for number, row in enumerate(self.rows):
            if row["note"] == note and re.fullmatch(row["where"], where):
                self.uses[number] += 1
                return True
        return False

    def report(self):
        """A line for each reason that was needed."""
        for number, row in enumerate(self.rows):
            if self.uses[number]:
                yield f"{self.uses[number]:4} × {row['note']}: {row['reason']}"
