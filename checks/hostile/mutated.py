"""F6: pictures of the corpus, mutated by zzuf: 201 or 4xx for each, soon, and nothing is left of it.

Each mutation is named by its number: the seed of the run and the number choose the picture, the share of bits that
change and whether the picture is cut as well, and are zzuf's own seed. What one gets wrong is printed with the command
that makes its bytes again.
"""

import hashlib
import random
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from faults import invariants
from faults.mounts import skip
from faults.options import parsed
from hostile import memory_gauge
from hostile.memory_gauge import MIB
from hostile.pictures import corpus_rows, kodak
from service import Report, Service, shared

# Few enough that none waits long: a refusal for want of room would be right, and is not what is looked for here.
CLIENTS = 4
ANSWER_SECONDS_MAX = 10
# A hang is told from slowness by waiting longer than anything may take.
TIMEOUT_SECONDS = 60
# Of all bits, so many change: from one in a small file to what leaves little but the magic bytes.
RATIOS = (0.0001, 0.0004, 0.001, 0.004, 0.02)
# The first bytes stay in so many cases, so that the picture gets past the look at its magic.
KEPT_HEAD_BYTES, KEPT_HEAD_SHARE = 16, 0.5
CUT_SHARE = 0.1
# Half of them from pictures that are accepted as they are, or most would fail by what is wrong with them already.
SOUND_SHARE = 0.5
# Allocators keep some of what they had; what grows with the number of pictures would be far above this.
GROWTH_MAX_BYTES = 64 * MIB
WARM_UP_ROUNDS = 2


@dataclass(frozen=True)
class Mutation:
    """One mutated picture, made again from the run's seed and its number."""

    path: str
    seed: int
    ratio: float
    keeps_head: bool
    # Bytes that are left; None: all.
    length: int | None

    @classmethod
    def numbered(cls, run_seed, number, sound, all_paths):
        """`sound` are those of all paths that are accepted."""
        chance = random.Random(f"{run_seed}/{number}")
        path = chance.choice(sound if chance.random() < SOUND_SHARE else all_paths)
        size = shared(path).stat().st_size
        return cls(
            path,
            chance.randrange(1 << 31),
            chance.choice(RATIOS),
            chance.random() < KEPT_HEAD_SHARE,
            chance.randrange(1, max(2, size)) if chance.random() < CUT_SHARE else None,
        )

    @property
    def command(self):
        command = ["zzuf", "-s", str(self.seed), "-r", str(self.ratio)]
        if self.keeps_head:
            command += ["-b", f"{KEPT_HEAD_BYTES}-"]
        return command

    def bytes(self):
        with open(shared(self.path), "rb") as file:
            made = subprocess.run(self.command, stdin=file, check=True, capture_output=True).stdout
        return made[: self.length]

    def __str__(self):
        cut = f" | head -c {self.length}" if self.length else ""
        return f"{' '.join(self.command)} < shared/{self.path}{cut}"


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.statuses = {}
        self.wrong = []
        self.hangs = []
        self.slowest = (0.0, "")
        # Of the mutated bytes, in the order of their numbers: two runs with one seed show that they did the same.
        self.digests = {}

    def count(self, number, mutation, digest, answer):
        with self.lock:
            self.digests[number] = digest
            status = answer.status if answer else None
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if answer is None or answer.seconds > ANSWER_SECONDS_MAX:
                self.hangs.append(f"{status}: {mutation}")
            if answer:
                self.slowest = max(self.slowest, (answer.seconds, str(mutation)))
                if status != 201 and not 400 <= status < 500:
                    self.wrong.append(f"{status} {answer.body[:120]!r}: {mutation}")

    @property
    def digest(self):
        joined = "".join(self.digests[number] for number in sorted(self.digests))
        return hashlib.sha256(joined.encode()).hexdigest()[:16]


def ask(service, tally, number, mutation):
    picture = mutation.bytes()
    answer = None
    try:
        answer = service.upload(picture, timeout=TIMEOUT_SECONDS)
    except OSError as failure:
        # Without an answer it is a hang, or mediad is gone; either is a failure and is counted as one.
        with tally.lock:
            tally.wrong.append(f"{failure!r}: {mutation}")
    tally.count(number, mutation, hashlib.sha256(picture).hexdigest(), answer)


def warm_up(service):
    """Has every worker do what it will do: the memory of that is the base."""
    pictures = kodak() + [shared("photos/bench12.jpg").read_bytes()]
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(service.upload, pictures * WARM_UP_ROUNDS))


def main():
    options = parsed(__doc__, {"pictures": (10_000, 100_000)})
    if subprocess.run(["which", "zzuf"], capture_output=True).returncode:
        skip("zzuf not found: scripts/install-checks installs it")
    report = Report(f"F6 mutated: {options.pictures} pictures mutated by zzuf; --seed {options.seed}")
    rows = corpus_rows()
    paths = [f"corpus/{row.path}" for row in rows]
    sound = [f"corpus/{row.path}" for row in rows if row.statuses == {"201"}]
    tally = Tally()
    # Nothing is kept in the memory cache: what that holds would be taken for what the work left.
    with Service({"cache.bytes.max": "0"}) as service:
        warm_up(service)
        base = memory_gauge.calm(service)
        report.note(f"at rest, before: {memory_gauge.shares(service)}")
        began = time.monotonic()
        mutations = (
            Mutation.numbered(options.seed, number, sound, paths) for number in range(options.pictures)
        )
        with memory_gauge.Peak(service) as peak, ThreadPoolExecutor(CLIENTS) as clients:
            asked = [
                clients.submit(ask, service, tally, number, mutation) for number, mutation in enumerate(mutations)
            ]
            for each in asked:
                each.result()
        seconds = time.monotonic() - began
        report.note(f"{seconds:.0f} s; answers {dict(sorted(tally.statuses.items(), key=str))}; bytes {tally.digest}")
        report.note(f"the slowest: {tally.slowest[0]:.2f} s, {tally.slowest[1]}")
        ended = service.process.poll()
        report.expect(ended is None, f"mediad is alive, and still process {service.pid} (exit code {ended})")
        invariants.expect_none(report, tally.wrong, "answers outside 201 and 4xx")
        invariants.expect_none(report, tally.hangs, f"hangs: no answer within {ANSWER_SECONDS_MAX} s")
        if service.is_alive():
            compare(report, service, base, peak)
    report.finish()


def compare(report, service, base, peak):
    """Memory, and what the workers went through."""
    lost = invariants.metric(service, "media_worker_restarts_total")
    report.note(f"{lost} workers were lost on the way; peak {peak.bytes / MIB:.0f} MiB ({memory_gauge.unit()})")
    after = memory_gauge.calm(service)
    report.note(f"at rest, afterwards: {memory_gauge.shares(service)}")
    report.expect(
        after <= base + GROWTH_MAX_BYTES,
        f"memory of all processes {after / MIB:.0f} MiB afterwards, {base / MIB:.0f} before "
        f"(at most {GROWTH_MAX_BYTES // MIB} more)",
    )
    good = service.upload(kodak()[0])
    report.expect(good.status == 201, f"a good picture afterwards: {good.status}")


if __name__ == "__main__":
    main()
