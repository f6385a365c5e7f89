"""A worker that crashes, hangs, lies, leaks and forks at random under load: what the others get, and what is left.

The worker that mediad starts is hostile/bad_worker.c, which passes every message between mediad and a real mediaworker
on as it is, and at jobs that the seed chooses does one of these:

    crash   SIGSEGV up to 30 ms into the job                                     0.5 % of the jobs
    hang    no answer, for ever; the pool has to end it                          0.2 %
    lie     garbage, half an answer, no memory, memory without seals, no WebP,
            an earlier job's answer, two answers, a datagram too long            1.0 %
    leak    keeps 32 MiB, and does the job                                       2.0 %
    fork    leaves four children that hold what it holds, and does the job       0.5 %

1.7 % of the jobs cannot be done by that, unless they are tried again; the rest of the 5 % is for what their ends cost
the others. The load is open: uploads arrive at half of what the undisturbed service can do, each of other bytes, and
none is sent again. Goodput is how many get 201 with renditions that are right to the byte, which those of an honest run
are compared with, both in the answer and as they are served. The same process serves the undisturbed run, through the
same worker with all shares at 0, so that what the go-between itself costs is in both.

A lie that no one could find out is not among them: a sound WebP of the right size with another content.
"""

import asyncio
import mmap
import os
import random
import signal
import struct
from collections import Counter
from contextlib import suppress
from pathlib import Path

from faults import invariants
from faults.options import parsed
from faults.syscall_fault import compiled
from hostile import crowd, memory_gauge
from hostile.memory_gauge import MIB
from hostile.pictures import small_photos, stamped
from service import PROGRAMS, Report, Service, is_running, survivors

# Of bad_worker.c: `leak_bytes`, and `struct plan`.
LEAK_BYTES = 32 * MIB
DEEDS = ("crash", "hang", "lie", "leak", "fork")
LIES = ("garbage", "cut short", "no memory", "unsealed", "spoiled", "stale", "twice", "endless")
PLAN = struct.Struct(f"=4096s Q {len(DEEDS)}Q Q {len(DEEDS)}Q {len(LIES)}Q")
# Of every thousand jobs.
SHARES = {"crash": 5, "hang": 2, "lie": 10, "leak": 20, "fork": 5}
LOAD = 0.5
GOODPUT_MIN = 0.95
CAPACITY_SECONDS = 8
# A hang holds a worker for as long as its deadline; two seconds are twenty times what the slowest picture here takes.
SETTINGS = {"render.deadline": "2s"}
# The leaks of a long run would be gigabytes; the pool has to replace a worker before.
GROWTH_MAX_BYTES = 300 * MIB
# Then leaks alone, so that no crash takes the leaked memory with it: every tenth job leaves 32 MiB.
LEAKS = {"leak": 100}
LEAKED_BYTES_MIN = 1024 * MIB
# `worker.resident.max`. A worker above it serves, and leaks, on until another is warm, and one at a time is replaced.
RESIDENT_BYTES_MAX = 128 * MIB
LEAKS_MEANWHILE = 2
PEAK_GROWTH_MAX_BYTES = (os.cpu_count() + 1) * (RESIDENT_BYTES_MAX + LEAKS_MEANWHILE * LEAK_BYTES)
EXIT_SECONDS_MAX = 5


class Plan:
    """The memory that all bad workers of a service share."""

    def __init__(self, program, worker, seed):
        path = Path(f"{program}.plan")
        path.write_bytes(PLAN.pack(os.fsencode(worker), seed, *[0] * (PLAN.size // 8 - 4096 // 8 - 1)))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), PLAN.size)

    def disturb(self, shares):
        """From the next job on."""
        struct.pack_into(f"={len(DEEDS)}Q", self.memory, 4096 + 8, *(shares.get(deed, 0) for deed in DEEDS))

    def done(self):
        """How many jobs there were, and how often what was done to them."""
        _, _, *numbers = PLAN.unpack(self.memory)
        jobs, *rest = numbers[len(DEEDS) :]
        return jobs, dict(zip(DEEDS, rest, strict=False)), dict(zip(LIES, rest[len(DEEDS) :], strict=True))


class Load:
    """Uploads of small JPEGs of the Kodak suite, each with a comment of its own."""

    def __init__(self, service, seed):
        self.service = service
        self.seed = seed
        self.pictures = small_photos()
        self.sent = 0
        # By picture: its renditions' digests in an honest run.
        self.references = [self.renditions(service.upload(picture).json()) for picture in self.pictures]
        self.wrong = []
        self.statuses = Counter()
        # Of the answers of the last run.
        self.seconds = []

    @staticmethod
    def renditions(manifest):
        return {name: each["sha256"] for name, each in manifest["renditions"].items()}

    async def send(self, _):
        """One upload, and a read of what was made. Whether all of it was right."""
        self.sent += 1
        number = self.sent % len(self.pictures)
        picture = stamped(self.pictures[number], f"{self.seed}/{self.sent}")
        answer = await crowd.once(self.service, crowd.upload(picture))
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        if answer.status != 201:
            return False
        manifest = answer.json()
        if self.renditions(manifest) != self.references[number]:
            self.wrong.append(f"{manifest['id']}: {self.renditions(manifest)}, not {self.references[number]}")
            return False
        for rendition in manifest["renditions"].values():
            served = await crowd.once(self.service, crowd.encoded("GET", rendition["url"]))
            if served.status == 200 and served.sha256 != rendition["sha256"]:
                self.wrong.append(f"{rendition['url']}: other bytes than its manifest says")
            if served.status != 200 or served.sha256 != rendition["sha256"]:
                return False
        return True

    def run(self, rate, seconds, chance):
        """Right answers, of how many."""
        self.statuses.clear()
        self.seconds = []

        async def done():
            return await asyncio.gather(*await crowd.open_loop(rate, seconds, chance, self.send))

        right = asyncio.run(done())
        return sum(right), len(right)

    def said(self):
        return f"answers {dict(self.statuses)}, the slowest {max(self.seconds):.2f} s"


def running(program):
    """The processes of a program, whoever their parent is by now."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and os.readlink(entry / "exe") == str(program) and is_running(int(entry.name)):
                found.append(int(entry.name))
    return found


def main():
    options = parsed(__doc__, {"jobs": (1500, 15_000)})
    report = Report(f"chaos: {options.jobs} jobs on a bad worker; --seed {options.seed}")
    chance = random.Random(options.seed)
    program = compiled("bad_worker", folder=Path(__file__).parent)
    plan = Plan(program, PROGRAMS / "mediaworker", options.seed)
    with Service(SETTINGS | {"worker.path": program}) as service:
        load = Load(service, options.seed)
        capacity = asyncio.run(crowd.capacity(CAPACITY_SECONDS, 2 * os.cpu_count(), load.send))
        rate = capacity * LOAD
        seconds = options.jobs / rate
        base = memory_gauge.calm(service)
        right, asked = load.run(rate, seconds, chance)
        undisturbed = right / asked
        report.note(f"capacity {capacity:.1f}/s; undisturbed at {rate:.1f}/s: {right} of {asked} right; {load.said()}")
        plan.disturb(SHARES)
        jobs_before, _, _ = plan.done()
        right, asked = load.run(rate, seconds, chance)
        plan.disturb({})
        jobs, done, told = plan.done()
        report.note(f"disturbed: of {jobs - jobs_before} jobs {done}; lies {told}")
        report.note(load.said())
        expect_done(report, done, told)
        report.expect(
            right / asked >= GOODPUT_MIN * undisturbed,
            f"goodput {right} of {asked}: {right / asked / undisturbed:.1%} of the undisturbed (at least "
            f"{GOODPUT_MIN:.0%})",
        )
        leaking(report, service, load, plan, rate, chance, base)
        afterwards(report, service, load, rate, chance, base)
        invariants.expect_none(report, load.wrong, "renditions with a wrong byte")
        report.expect(service.is_alive(), f"mediad is alive, and still process {service.pid}")
        service.stop()
        left = survivors(running(program), EXIT_SECONDS_MAX)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        invariants.expect_none(report, left, f"processes of it {EXIT_SECONDS_MAX} s after the service's end")
    report.finish()


def expect_done(report, done, told):
    never = [name for name, count in (done | told).items() if not count]
    report.expect(not never, f"every disturbance and every lie happened ({', '.join(never) or 'none'} did not)")


def leaking(report, service, load, plan, rate, chance, base):
    """Leaks until more than LEAKED_BYTES_MIN was leaked: workers have to be replaced for the memory they hold."""
    plan.disturb(LEAKS)
    _, before, _ = plan.done()
    right = asked = 0
    with memory_gauge.Peak(service) as peak:
        while (leaked := (plan.done()[1]["leak"] - before["leak"]) * LEAK_BYTES) < LEAKED_BYTES_MIN:
            more = load.run(rate, CAPACITY_SECONDS, chance)
            right, asked = right + more[0], asked + more[1]
    plan.disturb({})
    report.expect(
        peak.bytes <= base + PEAK_GROWTH_MAX_BYTES,
        f"leaks alone, {leaked // MIB} MiB in all: peak {peak.bytes / MIB:.0f} MiB, {base / MIB:.0f} before (at most "
        f"{PEAK_GROWTH_MAX_BYTES // MIB} more); {memory_gauge.unit()}",
    )
    report.expect(
        right >= GOODPUT_MIN * asked, f"leaks alone: goodput {right} of {asked} (at least {GOODPUT_MIN:.0%})"
    )


def afterwards(report, service, load, rate, chance, base):
    """Nothing stays of it: neither a worker that is gone for good nor memory."""
    right, asked = load.run(rate, CAPACITY_SECONDS, chance)
    report.expect(right == asked, f"afterwards, undisturbed again: {right} of {asked} right; {load.said()}")
    after = memory_gauge.calm(service)
    report.expect(
        after <= base + GROWTH_MAX_BYTES,
        f"memory of all processes {after / MIB:.0f} MiB afterwards, {base / MIB:.0f} before (at most "
        f"{GROWTH_MAX_BYTES // MIB} more); {memory_gauge.unit()}",
    )


if __name__ == "__main__":
    main()
