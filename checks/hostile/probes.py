"""Clients in processes of their own that time single requests while another process makes the load.

On another machine they would not have to share its cores, and what they are to measure is the service, not how long they
themselves wait for a core. So the reader, which does next to nothing, runs in real time where it may (as root; else it
does without). Uploads take too much of a core for that: the service would wait for them. There the kernel says when the
answer came.
"""

import hashlib
import http.client
import multiprocessing
import os
import random
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from hostile.pictures import stamped

TIMEOUT_SECONDS = 60
# One that is admitted waits for its turn, so that it takes many to see some refused at any time.
PROBES = 24
PROBE_PAUSE_SECONDS = 0.5
# Python's socket module has no name for it: asm-generic/socket.h, SO_TIMESTAMPNS_OLD.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("=qq")
# Python lets another thread go on after 5 ms unless told otherwise: too long for what is timed here.
SWITCH_SECONDS = 0.0002


@dataclass
class Timed:
    """What one client saw."""

    seconds: list = field(default_factory=list)
    # In words: what was answered otherwise than it should.
    wrong: list = field(default_factory=list)
    # When uploads were answered with 201, by the monotonic clock, which all processes share.
    done: list = field(default_factory=list)


def percentile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def hurry():
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def reads(port, url, sha256, per_second, stopped, results):
    """Reads one URL at a steady pace on one connection; each is to be a 200 with the right bytes."""
    hurry()
    timed = Timed()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    due = time.monotonic()
    while not stopped.is_set():
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / per_second, time.monotonic())
        began = time.monotonic()
        try:
            connection.request("GET", url)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as failure:
            connection.close()
            timed.wrong.append(repr(failure))
            continue
        timed.seconds.append(time.monotonic() - began)
        if answer.status != 200 or hashlib.sha256(body).hexdigest() != sha256:
            timed.wrong.append(f"{answer.status}, {len(body)} bytes")
    results.put(timed)


def refusals(port, picture, name, stopped, results):
    """Uploads from PROBES threads, and times those that are refused: from the last byte to the first of the answer.

    An answer that comes before the last byte is out took no time.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    timed = Timed()
    threads = [
        threading.Thread(target=probe, args=(port, picture, f"{name}/{number}", stopped, timed))
        for number in range(PROBES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(timed)


def probe(port, picture, name, stopped, timed):
    number = 0
    while not stopped.wait(random.uniform(0, 2 * PROBE_PAUSE_SECONDS)):
        number += 1
        try:
            status, head, seconds = timed_upload(port, stamped(picture, f"{name}/{number}"))
        except OSError as failure:
            timed.wrong.append(repr(failure))
            continue
        if status == 201:
            timed.done.append(time.monotonic())
        elif status != 503:
            timed.wrong.append(str(status))
        elif b"\r\nretry-after: " not in head.lower():
            timed.wrong.append("503 without Retry-After")
        else:
            timed.seconds.append(seconds)


def timed_upload(port, picture):
    """Status, head, and seconds from the last byte of the request to the first of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        head = (
            "POST /v1/assets HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(picture)}\r\n\r\n"
        )
        request = head.encode() + picture
        sent = time.time()
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request[:-1])
            # Before it, not after: meanwhile this thread may have lost its core.
            sent = time.time()
            connection.sendall(request[-1:])
        answer, came = received(connection)
        seconds = max(0.0, came - sent)
        while b"\r\n\r\n" not in answer and (more := connection.recv(65_536)):
            answer += more
    if not answer:
        raise ConnectionResetError("no answer")
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[0], seconds


def received(connection):
    """The first byte of an answer, and when it came, by the kernel's clock (SO_TIMESTAMPNS, socket(7))."""
    first, notes, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(TIMESPEC.size))
    for level, kind, value in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(value)
            return first, seconds + nanoseconds / 1e9
    return first, time.time()


class Client:
    """One of the functions above in a process of its own, from `with` to `stop` or its end; then `timed` is there."""

    def __init__(self, function, *arguments):
        # Not a fork: this process has threads.
        context = multiprocessing.get_context("spawn")
        self.stopped, self.results = context.Event(), context.Queue()
        self.process = context.Process(target=function, args=(*arguments, self.stopped, self.results))
        self.timed = None

    def __enter__(self):
        self.process.start()
        return self

    def stop(self):
        """Has it begin nothing more. Does not wait."""
        self.stopped.set()

    def __exit__(self, *failure):
        self.stop()
        try:
            if failure[0] is None:
                self.timed = self.results.get(timeout=2 * TIMEOUT_SECONDS)
        finally:
            self.process.join(TIMEOUT_SECONDS)
            self.process.terminate()
