"""F8: small files that unpack to gigabytes, 16 at once: refused for next to nothing, and nothing of it stays.

CPU is that of mediad and its workers together, by their clocks, divided by the requests. What a bomb costs is looked at
twice: one file at a time, so that the dearest has a name, and all of them at once. The corpus also has bombs that are
to be answered with 201, since they unpack to little where they are decoded with care: those have to be answered as the
manifest says, and share the memory's bound, but nobody refuses them. How memory is read: hostile/memory_gauge.py.
"""

import asyncio
import random
import statistics
import time

import corpus
from cpu import service_seconds
from faults import invariants
from faults.options import parsed
from hostile import crowd, memory_gauge
from hostile.memory_gauge import MIB
from hostile.mutated import warm_up
from hostile.pictures import bombs, corpus_bytes
from service import Report, Service

WIDTH = 16
CPU_SECONDS_MAX = 0.2
PEAK_GROWTH_MAX_BYTES = 300 * MIB
SINGLE_ROUNDS = 3
# A calm reading after every tenth of the requests; the first ones, while every part of the service warms up, are left
# out of the slope.
READINGS, WARM_UP_READINGS = 10, 3
# A leak of 4 KiB a request would be 24 MiB over the 6,000 between the fourth reading and the last of 10,000.
SLOPE_GROWTH_MAX_BYTES = 16 * MIB
READING_SECONDS = 1


def single(report, service, rows):
    """Each by itself: what its answer is, and what it costs."""
    excused = corpus.exceptions()
    wrong, costs = [], {}
    for row in rows:
        picture = corpus_bytes(row)
        before = service_seconds(service)
        for _ in range(SINGLE_ROUNDS):
            got, _ = corpus.ask(service, row)
            if not corpus.matches(row, got) and excused.get(row.path, (None,))[0] != got:
                wrong.append(f"{row.path}: {got} for {'|'.join(sorted(row.statuses))}, {len(picture)} bytes")
        costs[row.path] = (service_seconds(service) - before) / SINGLE_ROUNDS
    refused = {row.path: costs[row.path] for row in rows if "201" not in row.statuses}
    for path, seconds in sorted(costs.items(), key=lambda cost: -cost[1])[:5]:
        report.note(f"{seconds * 1000:6.0f} ms of CPU: {path}{'' if path in refused else ' (is to be accepted)'}")
    invariants.expect_none(report, wrong, f"of {len(rows)} bombs, answered otherwise than the manifest says")
    dearest = max(refused, key=refused.get)
    report.expect(
        refused[dearest] <= CPU_SECONDS_MAX,
        f"one at a time, the dearest of {len(refused)} refusals takes {refused[dearest] * 1000:.0f} ms of CPU "
        f"(at most {CPU_SECONDS_MAX * 1000:.0f}): {dearest}",
    )


def together(service, rows, count, chance):
    """So many requests, WIDTH at a time. Returns the answers, and CPU seconds a request."""
    chosen = [rows[number % len(rows)] for number in range(count)]
    chance.shuffle(chosen)
    requests = (crowd.upload(corpus_bytes(row)) for row in chosen)
    before = service_seconds(service)
    answers = asyncio.run(crowd.closed_loop(service, requests, WIDTH))
    return list(zip(chosen, answers, strict=True)), (service_seconds(service) - before) / count


def unexpected(answered):
    excused = corpus.exceptions()
    for row, answer in answered:
        known = excused.get(row.path, (None,))[0]
        if str(answer.status) not in row.statuses and str(answer.status) != (known or "").split(" ")[0]:
            yield f"{answer.status} {answer.failure} {answer.body[:100]!r}: {row.path}"


def crowded(report, service, rows, options, base, chance):
    """All of them, WIDTH at once, in some order."""
    with memory_gauge.Peak(service) as peak:
        answered, _ = together(service, rows, options.rounds * len(rows), chance)
    invariants.expect_none(report, unexpected(answered), f"{len(answered)} requests, {WIDTH} at once: wrong answers")
    report.expect(
        peak.bytes <= base + PEAK_GROWTH_MAX_BYTES,
        f"peak of all processes {peak.bytes / MIB:.0f} MiB, base {base / MIB:.0f} (at most "
        f"{PEAK_GROWTH_MAX_BYTES // MIB} more); {memory_gauge.unit()}, {len(peak.samples)} samples; each process's own "
        f"highest together {memory_gauge.highest_resident(service) / MIB:.0f}",
    )
    refused = [row for row in rows if "201" not in row.statuses]
    answered, seconds = together(service, refused, options.rounds * len(refused), chance)
    slowest = max(answer.seconds for _, answer in answered)
    report.expect(
        seconds <= CPU_SECONDS_MAX,
        f"{WIDTH} at once, {len(answered)} refusals take {seconds * 1000:.0f} ms of CPU each (at most "
        f"{CPU_SECONDS_MAX * 1000:.0f}); the slowest answer came after {slowest:.2f} s",
    )


def settled(service):
    """One reading for the slope: the lowest of a moment, so that a job's last memory is given back."""
    deadline = time.monotonic() + READING_SECONDS
    readings = []
    while time.monotonic() < deadline:
        readings.append(memory_gauge.used(service))
        time.sleep(0.1)
    return min(readings)


def slope(report, service, rows, count, chance):
    """Memory over many requests: it may not grow with their number."""
    readings, wrong = [], []
    for _ in range(READINGS):
        answered, _ = together(service, rows, count // READINGS, chance)
        wrong += unexpected(answered)
        readings.append(settled(service))
    invariants.expect_none(report, wrong, f"{count} requests: wrong answers")
    report.note("memory after each tenth, MiB: " + " ".join(f"{each / MIB:.0f}" for each in readings))
    steady = readings[WARM_UP_READINGS:]
    growth = statistics.linear_regression(range(len(steady)), steady).slope * (len(steady) - 1)
    report.expect(
        growth <= SLOPE_GROWTH_MAX_BYTES,
        f"the line through the last {len(steady)} grows by {growth / MIB:.1f} MiB over "
        f"{count * (len(steady) - 1) // READINGS} requests (at most {SLOPE_GROWTH_MAX_BYTES // MIB})",
    )


def main():
    options = parsed(__doc__, {"rounds": (4, 20), "requests": (2000, 10_000)})
    report = Report(f"F8 bombs: {WIDTH} at once; --seed {options.seed}")
    chance = random.Random(options.seed)
    rows = bombs()
    # Nothing of what is accepted is kept in memory: what the cache holds would be taken for a slope.
    with Service({"cache.bytes.max": "0"}) as service:
        warm_up(service)
        base = memory_gauge.calm(service)
        single(report, service, rows)
        crowded(report, service, rows, options, base, chance)
        slope(report, service, rows, options.requests, chance)
        report.expect(service.is_alive(), f"mediad is alive, and still process {service.pid}")
        report.note(f"{invariants.metric(service, 'media_worker_restarts_total')} workers were lost on the way")
    report.finish()


if __name__ == "__main__":
    main()
