"""The vectors of the sealed blob format: runs the tests named for them, and counts the cases of each."""

import re
import subprocess
import sys

from service import CHECKOUT, Report

COBBLESTONE_VECTORS = 35
# A test over a table: Swift Testing prints how many cases it had, and how many issues those had.
TABLE = re.compile(
    r"^([✔✘]) Test (.+?) with (\d+) test cases? (?:passed|failed) after [^ ]+ seconds(?: with (\d+) issues?)?"
)
# A test of one case.
SINGLE = re.compile(r"^([✔✘]) Test (?!run |case )(.+?) (?:passed|failed) after [^ ]+ seconds")
SKIPPED = re.compile(r"^➜ Test (.+?) skipped")


def run():
    """Builds the tests where they are not built, runs those with `Vectors` in their name, and returns the output."""
    subprocess.run(["swift", "build", "--build-tests", "--quiet"], cwd=CHECKOUT, check=True)
    command = ["swift", "test", "--skip-build", "--disable-xctest", "--filter", "Vectors"]
    ran = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return ran.returncode, ran.stdout.splitlines()


def main():
    report = Report("vectors: Cobblestone-256, XAES-256-GCM, envelope")
    code, lines = run()
    counts = {}
    for line in lines:
        if match := TABLE.match(line):
            mark, name, cases, issues = match.groups()
            counts[name] = (int(cases) - (int(issues or 1) if mark == "✘" else 0), int(cases))
        elif match := SINGLE.match(line):
            counts[match[2]] = (int(match[1] == "✔"), 1)
        elif match := SKIPPED.match(line):
            counts[match[1]] = (0, 1)
    for name, (passed, cases) in sorted(counts.items()):
        report.expect(passed == cases, f"{name}: {passed} of {cases}")
    if code != 0 or not counts:
        sys.stdout.write("".join(f"      {line}\n" for line in lines[-20:]))
    report.expect(code == 0 and bool(counts), f"swift test --filter Vectors: {len(counts)} tests, exit code {code}")
    cobblestone = [count for name, count in counts.items() if "cobblestone" in name.lower()]
    whole = (COBBLESTONE_VECTORS, COBBLESTONE_VECTORS)
    found = whole if whole in cobblestone else max(cobblestone, default=(0, 0))
    report.expect(found == whole, f"Cobblestone-256: {found[0]} of {COBBLESTONE_VECTORS}")
    for topic in ("xaes", "envelope"):
        found = [count for name, count in counts.items() if topic in name.lower()]
        passed, cases = sum(count[0] for count in found), sum(count[1] for count in found)
        report.expect(0 < passed == cases, f"{topic}: {passed} of {cases}")
    report.finish()


if __name__ == "__main__":
    main()
