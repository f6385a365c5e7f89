"""What the checks of `mediactl convert` share: the program, a run of it, and what it left."""

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from service import PROGRAMS, without_settings

JOURNAL = ".mediactl-convert"


@dataclass
class Run:
    """One run that has ended."""

    code: int
    seconds: float
    # Lines of `--json`, parsed; the last is the summary, where the run was not killed.
    lines: list
    errors: str
    # Of mediactl alone, in bytes, as /proc last said.
    peak: int


def program():
    path = PROGRAMS / "mediactl"
    if not path.exists():
        print(f"FAIL  {path} is absent: `make build` makes it")
        sys.exit(1)
    return path


def convert(scratch, arguments, kill_after=None):
    """Runs `mediactl convert` to its end, or kills it (SIGKILL) after so many seconds."""
    out, err = Path(scratch, "stdout"), Path(scratch, "stderr")
    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        started = time.monotonic()
        process = subprocess.Popen(
            [program(), "convert", *map(str, arguments), "--json"],
            stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL, env=without_settings(), start_new_session=True,
        )
        peak = 0
        while process.poll() is None:
            if kill_after is not None and time.monotonic() - started >= kill_after:
                process.kill()
                process.wait()
                break
            peak = peak_bytes(process.pid) or peak
            time.sleep(0.01)
        seconds = time.monotonic() - started
    text = out.read_text().splitlines()
    lines = [] if process.returncode < 0 else [json.loads(line) for line in text]
    return Run(process.returncode, seconds, lines, err.read_text(), peak)


def peak_bytes(pid):
    """The most memory that a process has had at once, or None when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    rows = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(rows[0].split()[1]) * 1024 if rows else None


def outputs(folder):
    """The digest of every file below a folder but the journals', by its path."""
    folder = Path(folder)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(JOURNAL)
    }


def journal(folder):
    """The outputs that a journal has lines of, one for each line."""
    lines = []
    for path in Path(folder).glob(f"{JOURNAL}*.journal"):
        for line in path.read_text().splitlines():
            fields = line.split(" ", 7)
            if len(fields) == 8 and fields[1] == "r":
                lines.append(fields[7])
    return lines
