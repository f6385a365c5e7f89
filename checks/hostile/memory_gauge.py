"""How much memory mediad and its workers have together.

A page of a program or library that several of them share counts once, whoever else on the machine has it mapped (so
not by Pss_File, which is less the more others there are), and memory files, in which pictures cross, count even while
nobody maps them. Reading that of a process that is not dumpable takes root. Anybody else gets the sum of resident sets,
where shared pages count once a process: more, never less. The peak is that of samples every SAMPLE_SECONDS; what came
and went between two of them is not in it. (A memory cgroup's own peak would miss nothing, but counts the page cache of
what is stored as well, and many a machine that runs the checks lets nobody make one.)
"""

import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from service import descendants

MIB = 1 << 20
SAMPLE_SECONDS = 0.02
# Freed memory goes back to the system a while after the work: a calm reading is the lowest of so many seconds.
CALM_SECONDS = 5
ROLLUP = re.compile(r"^(Pss_Anon|Pss_Shmem): +(\d+) kB$", re.MULTILINE)
# A mapping of a file: its offset, device and inode, and how much of it is resident.
MAPPED = re.compile(r"^\w+-\w+ \S+ (\w+) (\S+) ([1-9]\d*) +(\S.*)\n(?:.*\n)*?Rss: +(\d+) kB$", re.MULTILINE)
RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
HIGHEST = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def unit():
    """What the readings are, for the report."""
    return "each page once, and memory files" if os.geteuid() == 0 else "RSS"


def memory_files(pid):
    """Bytes of the memory files that a process has open, by inode."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if os.readlink(entry).startswith("/memfd:"):
                status = entry.stat()
                found[status.st_ino] = status.st_blocks * 512
    return found


def file_pages(pids):
    """Bytes of programs and libraries. Where two processes have other pages of one mapping, the larger part counts."""
    resident = {}
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            for offset, device, inode, path, size in MAPPED.findall(Path(f"/proc/{pid}/smaps").read_text()):
                if path.startswith(("/memfd:", "/dev/", "/SYSV")):
                    continue
                key = (device, inode, offset)
                resident[key] = max(resident.get(key, 0), int(size) * 1024)
    return sum(resident.values())


def own(pids):
    """Bytes of all that is no file's: what programs allocate, and memory files."""
    private = shared = 0
    files = {}
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            sizes = {name: int(size) * 1024 for name, size in ROLLUP.findall(rollup)}
            private += sizes.get("Pss_Anon", 0)
            shared += sizes.get("Pss_Shmem", 0)
            files |= memory_files(pid)
    # A memory file that is mapped is in both of the last two, one in flight between two processes in neither.
    return private + max(shared, sum(files.values()))


def in_status(pids, pattern):
    total = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            found = pattern.search(Path(f"/proc/{pid}/status").read_text())
            total += int(found[1]) * 1024 if found else 0
    return total


def used(service):
    """Bytes of all processes of the service now."""
    pids = [service.pid, *descendants(service.pid)]
    return own(pids) + file_pages(pids) if os.geteuid() == 0 else in_status(pids, RESIDENT)


def shares(service):
    """What each process has allocated, the service first, then its workers; and what is programs and libraries."""
    pids = [service.pid, *descendants(service.pid)]
    if os.geteuid() != 0:
        return " + ".join(f"{in_status([pid], RESIDENT) / MIB:.0f}" for pid in pids) + " MiB"
    sizes = " + ".join(f"{own([pid]) / MIB:.0f}" for pid in pids)
    return f"{sizes} MiB allocated, {file_pages(pids) / MIB:.0f} MiB of programs and libraries"


def calm(service):
    """Bytes of all processes while nothing is asked of them."""
    deadline = time.monotonic() + CALM_SECONDS
    lowest = used(service)
    while time.monotonic() < deadline:
        time.sleep(0.25)
        lowest = min(lowest, used(service))
    return lowest


def highest_resident(service):
    """The sum of what each living process ever had resident: above any peak, for they did not have it together."""
    return in_status([service.pid, *descendants(service.pid)], HIGHEST)


class Peak:
    """Samples of what is allocated, from `with` to its end; `bytes` is the most that was seen, with the programs and
    libraries that were there at the end."""

    def __init__(self, service):
        self.service = service
        self.samples = []
        self.files = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.over.set()
        self.thread.join()
        pids = [self.service.pid, *descendants(self.service.pid)]
        self.files = file_pages(pids) if os.geteuid() == 0 else 0

    def _sample(self):
        while True:
            pids = [self.service.pid, *descendants(self.service.pid)]
            self.samples.append(own(pids) if os.geteuid() == 0 else in_status(pids, RESIDENT))
            if self.over.wait(SAMPLE_SECONDS):
                return

    @property
    def bytes(self):
        return max(self.samples) + self.files
