"""File systems of a check's own. All of it happens in a mount namespace that goes with the check."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service import SKIPPED

NAMESPACE = "FAULTS_MOUNT_NAMESPACE"
UNMOUNT_SECONDS_MAX = 20


def skip(reason):
    print(f"SKIPPED  {reason}", flush=True)
    sys.exit(SKIPPED)


def enter_namespace(module, *programs):
    """Runs this check again in a mount namespace of its own, where it is not in one yet; skips where that cannot be."""
    if os.environ.get(NAMESPACE):
        return
    missing = [program for program in ("unshare", "mount", *programs) if not shutil.which(program)]
    if missing:
        skip(f"{', '.join(missing)} not found: scripts/install-checks installs what the checks use")
    if os.geteuid() != 0:
        skip("mounting needs root")
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if tried := failure([*unshare, "true"]):
        skip(f"no mount namespace here: {tried}")
    os.environ[NAMESPACE] = "1"
    os.execvp("unshare", [*unshare, sys.executable, "-m", module, *sys.argv[1:]])


def failure(command):
    """What a command says when it fails; nothing where it does not."""
    ran = subprocess.run(command, capture_output=True, text=True)
    return (ran.stderr.strip() or f"exit code {ran.returncode}") if ran.returncode else ""


class Tmpfs:
    """A file system in memory of a fixed size."""

    def __init__(self, size):
        self.size = size
        self.folder = Path(tempfile.mkdtemp(prefix="tmpfs-check-"))

    def __enter__(self):
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=0700", "tmpfs", self.folder]
        if said := failure(command):
            self.folder.rmdir()
            skip(f"no tmpfs can be mounted: {said}")
        return self

    def __exit__(self, *why):
        unmount(self.folder)
        self.folder.rmdir()

    def free(self):
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


class Disk:
    """A file system on a loop device, whose power can be cut."""

    MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}

    def __init__(self, kind, size):
        self.kind = kind
        self.scratch = Path(tempfile.mkdtemp(prefix="disk-check-"))
        self.image = self.scratch / "image"
        self.folder = self.scratch / "mounted"
        self.size = size

    def __enter__(self):
        self.folder.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(self.size)
        subprocess.run([*self.MAKE[self.kind], self.image], check=True, capture_output=True)
        if said := self.mount():
            shutil.rmtree(self.scratch)
            skip(f"no {self.kind} can be mounted from a file: {said}")
        return self

    def __exit__(self, *why):
        unmount(self.folder)
        shutil.rmtree(self.scratch)

    def mount(self):
        """Mounts it, which replays its journal. Returns what went wrong."""
        return failure(["mount", "-t", self.kind, "-o", "loop", self.image, self.folder])

    def cut(self):
        """The power is gone: what is not on the disk now never will be, the log's own buffers included."""
        subprocess.run(["xfs_io", "-x", "-c", "shutdown", self.folder], check=True, capture_output=True)

    def power_on(self):
        unmount(self.folder)
        if said := self.mount():
            raise RuntimeError(f"{self.kind} does not mount after the cut: {said}")


def unmount(folder):
    """Unmounts; a process that was just killed may hold it for a moment."""
    deadline = time.monotonic() + UNMOUNT_SECONDS_MAX
    while said := failure(["umount", folder]):
        if "not mounted" in said or time.monotonic() > deadline:
            return said
        time.sleep(0.05)
    return ""
