"""Runs fault programs one after the other and says how each ended. `--long` is the release set, kept in docs/FAULTS.md.

What one finds stops no other. Exits with 1 when any failed. One that exits with 77 was skipped, and said why.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from faults import table
from service import CHECKOUT, SKIPPED


@dataclass(frozen=True)
class Program:
    """One of `make fault-NAME`, and how many seconds it may take at the gate and in the release set."""

    module: str
    gate: int
    release: int
    # Whether it knows `--long` and `--seed`.
    has_scales: bool = True


PROGRAMS = {
    "kill": Program("faults.kill", 600, 7200),
    "crash-points": Program("faults.crash_points", 900, 3600),
    "power-cuts": Program("faults.power_cuts", 600, 7200),
    "io-errors": Program("faults.io_errors", 1200, 3600),
    "full-disk": Program("faults.full_disk", 300, 3600),
    "tamper": Program("faults.tamper", 600, 7200),
    "rotation": Program("faults.rotation", 600, 3600),
    "model": Program("faults.model", 1200, 10800),
    "upload-rate": Program("faults.upload_rate", 900, 3600),
    "catalog-cost": Program("faults.catalog_cost", 900, 3600),
    "sealing-speed": Program("sealing_speed", 900, 900, has_scales=False),
}
# Every process of a run has this in its environment, so that none can be left behind unseen.
RUN = "FAULTS_RUN"
END_SECONDS_MAX = 60


@dataclass
class Result:
    name: str
    verdict: str
    seconds: float
    # What Report recorded: the title, and figures of `holds` and `text`.
    lines: list = field(default_factory=list)


def run(name, options):
    """Runs one program, ends it when its time is over, and sees that it leaves no process behind."""
    program = PROGRAMS[name]
    token = secrets.token_hex(8)
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as record:
        environment = os.environ | {RUN: token, "CHECKS_RECORD": record.name}
        command = [sys.executable, "-m", program.module]
        if program.has_scales and options.long:
            command.append("--long")
        if program.has_scales and options.seed is not None:
            command += ["--seed", str(options.seed)]
        began = time.monotonic()
        with subprocess.Popen(command, env=environment) as process:
            verdict = verdict_of(ended(process, program.release if options.long else program.gate))
        lines = [json.loads(line) for line in record]
    if left := left_behind(token):
        print(f"FAIL  {name} left {len(left)} processes behind: {left}", flush=True)
        verdict = "FAILED"
    return Result(name, verdict, time.monotonic() - began, lines)


def ended(process, seconds):
    """The exit code, also of a program whose time is over and that had to be told so."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"FAIL  not done after {seconds} s", flush=True)
    # It ends its own services then.
    process.terminate()
    try:
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return 1


def verdict_of(code):
    return {0: "passed", SKIPPED: "skipped"}.get(code, "FAILED")


def left_behind(token):
    """The commands of the processes of a run that is over; they are ended."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if f"{RUN}={token}".encode() not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
            os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError):
            # Not a process, or gone meanwhile, or none of ours to look into.
            continue
    return [command for command in found if command]


def main():
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--long", action="store_true", help="the release set; its results become docs/FAULTS.md")
    parser.add_argument("--seed", type=int, help="for all of them; without it each chooses and prints its own")
    options = parser.parse_args()
    names = options.names or list(PROGRAMS)
    if unknown := [name for name in names if name not in PROGRAMS]:
        parser.error(f"no program {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    results = []
    for name in names:
        results.append(run(name, options))
        print(flush=True)
    print("== faults")
    for result in results:
        print(f"{result.name:14} {result.verdict:8} {result.seconds:6.0f} s")
    if options.long and names == list(PROGRAMS):
        page = CHECKOUT / "docs" / "FAULTS.md"
        page.write_text(table.page(results))
        print(f"results kept in {page.relative_to(CHECKOUT)}")
    sys.exit(any(result.verdict == "FAILED" for result in results))


if __name__ == "__main__":
    main()
