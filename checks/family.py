"""Families of programs (`python -m faults`, `python -m hostile`): run one after the other, with what each found.

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

import results_page
from service import CHECKOUT, SKIPPED


@dataclass(frozen=True)
class Program:
    """One module to run, and how many seconds it may take at the gate and in the release set."""

    module: str
    gate: int
    release: int
    # Whether it knows `--long` and `--seed`.
    has_scales: bool = True


@dataclass(frozen=True)
class Family:
    """Programs that are run together by `python -m NAME`."""

    name: str
    programs: dict
    # Where the release set's results are kept, below the checkout, and what stands before its tables.
    page: str
    head: str


# Every process of a run has this in its environment, so that none can be left behind unseen.
RUN = "CHECKS_RUN"
END_SECONDS_MAX = 60


@dataclass
class Result:
    name: str
    verdict: str
    seconds: float
    # What Report recorded: the title, and figures of `holds` and `text`.
    lines: list = field(default_factory=list)


def run(name, program, options):
    """Runs one program, ends it when its time is over, and sees that it leaves no process behind."""
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


def main(family, description):
    parser = argparse.ArgumentParser(prog=family.name, description=description)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(family.programs))
    parser.add_argument("--long", action="store_true", help=f"the release set; its results become {family.page}")
    parser.add_argument("--seed", type=int, help="for all of them; without it each chooses and prints its own")
    options = parser.parse_args()
    names = options.names or list(family.programs)
    if unknown := [name for name in names if name not in family.programs]:
        parser.error(f"no program {', '.join(unknown)}; there are {', '.join(family.programs)}")
    results = []
    for name in names:
        results.append(run(name, family.programs[name], options))
        print(flush=True)
    print(f"== {family.name}")
    for result in results:
        print(f"{result.name:14} {result.verdict:8} {result.seconds:6.0f} s")
    if options.long and names == list(family.programs):
        page = CHECKOUT / family.page
        page.write_text(results_page.page(family.head, results))
        print(f"results kept in {page.relative_to(CHECKOUT)}")
    sys.exit(any(result.verdict == "FAILED" for result in results))
