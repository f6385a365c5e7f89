"""Many requests at once from one thread: connections that are opened first and used at a given moment.

`http.client` would need a thread for each, whose switching would be measured with the service.
"""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass, field

ANSWER_SECONDS_MAX = 60


@dataclass
class Answer:
    # None: there was no whole answer, and `failure` says why.
    status: int | None
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    # From the start of the request to the end of the answer.
    seconds: float = 0.0
    failure: str = ""

    @property
    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()

    def json(self):
        return json.loads(self.body)


def encoded(method, path, body=b"", headers=None):
    """One request, as bytes, whose connection ends with its answer."""
    fields = {"Host": "127.0.0.1", "Connection": "close", **(headers or {})}
    if body or method == "POST":
        fields |= {"Content-Length": str(len(body)), "Content-Type": "application/octet-stream"}
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode() + b"\r\n" + body


def upload(picture):
    return encoded("POST", "/v1/assets", picture)


async def opened(service):
    return await asyncio.open_connection("127.0.0.1", service.port)


async def exchange(connection, request, seconds=ANSWER_SECONDS_MAX):
    """Sends one request and reads its answer, which may come before the request is out."""
    reader, writer = connection
    began = time.monotonic()
    try:
        writer.write(request)
        status, headers, body = await asyncio.wait_for(_answer(reader), seconds)
        return Answer(status, headers, body, time.monotonic() - began)
    except (OSError, EOFError, TimeoutError, ValueError, asyncio.IncompleteReadError) as failure:
        return Answer(None, seconds=time.monotonic() - began, failure=repr(failure))
    finally:
        # Not `close`, which would wait for what is still to be sent.
        writer.transport.abort()


async def once(service, request, seconds=ANSWER_SECONDS_MAX):
    try:
        connection = await opened(service)
    except OSError as failure:
        return Answer(None, failure=repr(failure))
    return await exchange(connection, request, seconds)


async def _answer(reader):
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        # 100 Continue comes before the answer.
        if status >= 200:
            break
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return status, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def closed_loop(service, requests, width, seconds=ANSWER_SECONDS_MAX):
    """All of `requests`, `width` under way at any time. Returns the answers in the requests' order."""
    answers = {}
    waiting = iter(enumerate(requests))

    async def lane():
        for number, request in waiting:
            answers[number] = await once(service, request, seconds)

    await asyncio.gather(*(lane() for _ in range(width)))
    return [answers[number] for number in sorted(answers)]


async def open_loop(rate, seconds, chance, send):
    """Starts `send(number)` at random moments, `rate` a second for so many seconds, whether or not others are done.

    Returns their tasks in the order of their start once the last has begun; they need not be done.
    """
    tasks = []
    due = began = time.monotonic()
    while due < began + seconds:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.append(asyncio.create_task(send(len(tasks))))
        due += chance.expovariate(rate)
    return tasks


async def capacity(seconds, width, send):
    """How often a second `send(number)` returns true, `width` at any time, over so many seconds."""
    began = time.monotonic()
    numbers = iter(range(1 << 62))
    done = 0

    async def lane():
        nonlocal done
        while time.monotonic() < began + seconds:
            if await send(next(numbers)):
                done += 1

    await asyncio.gather(*(lane() for _ in range(width)))
    return done / (time.monotonic() - began)
