"""Compiles and drives syscall_fault.c, which counts a process's calls and kills it at, or fails, the N-th."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from service import CHECKOUT, SKIPPED

SECONDS_MAX = 60


@dataclass(frozen=True)
class Call:
    """One call that was counted."""

    number: int
    name: str
    # Relative to the folder that is watched.
    file: str
    # Whether it was prevented or failed.
    hit: bool


def compiled(name, *libraries, folder=Path(__file__).parent):
    """Builds NAME.c of `folder`, which is checks/faults; returns the program."""
    program = CHECKOUT / ".build" / name
    source = folder / f"{name}.c"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["cc", *flags, "-o", program, source, *libraries], check=True)
    return program


class SyscallFault:
    """Attached to a process from `with` to its end. `calls` are those counted, complete once detached.

    `under_load`: counting begins at once, not when the process makes no call of its own any more.
    """

    def __init__(self, program, pid, folder, calls="all", at=0, action="kill", stays=False, under_load=False):
        words = ["on" if stays else "once", "now" if under_load else "quiet"]
        self.command = [program, str(pid), folder, calls, str(at), action, *words]
        self.calls = []
        self.process = None
        self.reader = None
        # Set with the first call that is hit.
        self.hit = threading.Event()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "attached\n":
            said = self.process.communicate()[1].strip()
            if "not permitted" in said:
                print(f"SKIPPED  no process may trace another here: {said}")
                sys.exit(SKIPPED)
            raise RuntimeError(f"syscall_fault: {said}")
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        for line in self.process.stdout:
            if line[0].isdigit():
                number, name, rest = line.rstrip("\n").split(" ", 2)
                hit = rest.endswith(" !")
                self.calls.append(Call(int(number), name, rest.removesuffix(" !"), hit))
                if hit:
                    self.hit.set()

    def __exit__(self, *failure):
        # Where the process is gone, so is its tracer, or soon.
        self.process.terminate()
        self.reader.join()
        try:
            self.process.wait(SECONDS_MAX)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()

    @property
    def first_hit(self):
        return next((call for call in self.calls if call.hit), None)
