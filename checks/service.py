"""Starts, feeds and stops the service under test. Standard library only, so that a check fails for its own reason."""

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MEDIA_SHARED_DIR", CHECKOUT.parent / "shared"))
PROGRAMS = Path(os.environ.get("CHECKS_PROGRAMS", CHECKOUT / ".build" / "release")).resolve()

START_SECONDS_MAX = 60
# ARCHITECTURE.md §6: a drain takes at most 30 s.
DRAIN_SECONDS_MAX = 35
SKIPPED = 77

LISTENING = re.compile(r"^listening http=127\.0\.0\.1:(\d+) admin=127\.0\.0\.1:(\d+)$", re.MULTILINE)


def without_settings():
    """The environment for a program of ours: a setting of the caller's would make another run of it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MEDIA_")}


def shared(path):
    """A file or folder of the test data beside the checkout; where that is absent, the check is skipped, not failed."""
    found = SHARED / path
    if not found.exists():
        print(f"SKIPPED  {found} is absent: this check needs ../shared beside the checkout (or MEDIA_SHARED_DIR)")
        sys.exit(SKIPPED)
    return found


def photos():
    """The photographs, in a stable order."""
    return sorted(path for path in shared("photos").iterdir() if path.suffix in (".jpg", ".png"))


class Report:
    """Prints each figure with its bound as it comes, and decides the exit code.

    Where CHECKS_RECORD names a file, the title and the figures are also added to that, as a line of JSON each:
    docs/FAULTS.md is made of those.
    """

    def __init__(self, title):
        self.failures = 0
        print(f"== {title}", flush=True)
        self._record(title=title)

    def expect(self, holds, text):
        self.failures += not holds
        print(f"{'PASS' if holds else 'FAIL'}  {text}", flush=True)
        self._record(holds=bool(holds), text=text)
        return holds

    def note(self, text):
        print(f"      {text}", flush=True)

    def finish(self):
        print("-- " + ("all checks met" if not self.failures else f"{self.failures} not met"), flush=True)
        sys.exit(1 if self.failures else 0)

    @staticmethod
    def _record(**line):
        if path := os.environ.get("CHECKS_RECORD"):
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


@dataclass
class Response:
    """One answer, with the header fields as they came: order and repetitions kept, names in lower case."""

    status: int
    fields: list
    body: bytes
    seconds: float = 0.0

    def header(self, name):
        return ", ".join(value for field, value in self.fields if field == name.lower()) or None

    def json(self):
        return json.loads(self.body)

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()


class Service:
    """`mediad serve` on a data folder of its own, on ports that the system chooses.

    Used as a context manager it is stopped, and its temporary folder removed, however the check ends. Its working
    folder and its TMPDIR are in there, too, so that what it leaves anywhere can be found.
    """

    def __init__(self, settings=None, data=None):
        """`settings` by their keys (`cache.bytes.max`); `data` where the data folder is not to be a temporary one."""
        self.scratch = Path(tempfile.mkdtemp(prefix="mediad-check-"))
        self.data = Path(data or self.scratch / "data")
        self.settings = settings or {}
        self.process = None
        self.port = None
        self.admin_port = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(self, *failure):
        if failure[0] is not None and failure[0] is not SystemExit:
            sys.stderr.write(self.log_tail())
        self.close()

    def close(self):
        """Ends it, where it runs, and removes its temporary folder (not where CHECKS_KEEP is set, to look into it)."""
        if self.process and self.process.poll() is None:
            self.kill()
        if not os.environ.get("CHECKS_KEEP"):
            shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Starts it on the same data folder as before, and returns when it says that it listens."""
        self.launch()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (ports := LISTENING.search(self.said())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.stderr.write(self.log_tail())
                print(f"FAIL  mediad did not come up (exit code {self.process.poll()}); its stdout: {self.said()!r}")
                sys.exit(1)
            time.sleep(0.01)
        self.port, self.admin_port = (int(port) for port in ports.groups())
        return self

    def launch(self):
        """Starts the process, and does not wait for anything."""
        program = PROGRAMS / "mediad"
        if not program.exists():
            print(f"FAIL  {program} is absent: `make build` makes it")
            sys.exit(1)
        folder = self.scratch / "tmp"
        folder.mkdir(exist_ok=True)
        environment = without_settings()
        environment["TMPDIR"] = str(folder)
        command = [program, "serve", "--http-port", "0", "--admin-port", "0", "--data-dir", self.data]
        for key, value in self.settings.items():
            command += ["--" + key.replace(".", "-"), str(value)]
        with open(self.scratch / "stdout", "wb") as out, open(self.scratch / "stderr", "ab") as log:
            # A session of its own: a kill of the whole group can never reach the check itself.
            self.process = subprocess.Popen(
                command, stdout=out, stderr=log, env=environment, cwd=folder, start_new_session=True
            )

    def said(self):
        """Its standard output since the last start."""
        return (self.scratch / "stdout").read_text()

    def stop(self):
        """SIGTERM, and the exit code after the drain."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DRAIN_SECONDS_MAX)

    def kill(self):
        """SIGKILL to mediad alone. That its workers follow is the service's own duty; see `survivors`."""
        self.process.kill()
        self.process.wait()

    def is_alive(self):
        return self.process.poll() is None

    def exit_code(self, seconds):
        """How it ended, should it end by itself within so many seconds; else None."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def workers(self):
        """The pids of all processes below mediad."""
        return descendants(self.pid)

    def log_tail(self, lines=20):
        log = self.scratch / "stderr"
        text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
        return "".join(f"mediad: {line}\n" for line in text)

    def request(self, method, path, body=None, headers=None, port=None, timeout=30):
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        started = time.monotonic()
        try:
            try:
                connection.request(method, path, body=body, headers=headers or {})
            except (BrokenPipeError, ConnectionResetError):
                # A 413 is sent before the body is read, and the connection closed: the answer is there all the same.
                pass
            answer = connection.getresponse()
            fields = [(name.lower(), value) for name, value in answer.getheaders()]
            return Response(answer.status, fields, answer.read(), time.monotonic() - started)
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def admin(self, path):
        return self.request("GET", path, port=self.admin_port)

    def upload(self, picture, timeout=30):
        """The bytes as a raw body. The type is a lie on purpose: the service goes by its own magic bytes."""
        return self.request(
            "POST", "/v1/assets", body=picture, headers={"Content-Type": "application/octet-stream"}, timeout=timeout
        )

    def files(self):
        """Every file of the data folder, as paths relative to it."""
        return {path.relative_to(self.data).as_posix() for path in self.data.rglob("*") if path.is_file()}


def free_port():
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid):
    """The living processes below `pid`, children before grandchildren."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except FileNotFoundError:
        pass
    return found


def is_running(pid):
    """Whether the process runs; a zombie, which only waits for its parent, does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def survivors(pids, seconds):
    """Those of the processes that still run after at most so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
