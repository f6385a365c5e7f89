"""What counting costs a hit: the service's CPU a request with metrics and without, in turns, in one run.

Both are the same program on the same machine; what counts is the median of the rounds' ratios, for absolute figures
drift. A small rendition makes a hit cheap, and so the share of counting as large as it gets.
"""

import argparse
import statistics

from bench_delivery import Server, run
from service import CHECKOUT, Report, Service

# Issue 6: observability costs at most 3 % of the CPU of a hit.
RATIO_MAX = 1.03


def published(service):
    picture = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
    entry = service.upload(picture).json()["renditions"]["thumbnail"]
    service.get(entry["url"])
    return entry


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=4, help="how long each has in a round")
    options = parser.parse_args()
    report = Report(f"metrics-cost: {options.rounds} rounds of {options.seconds} s")
    settings = {"workers": 1, "connections.per.address.max": 2048}
    with Service(settings | {"metrics.enabled": "true"}) as counting, Service(
        settings | {"metrics.enabled": "false"}
    ) as bare:
        entry, other = published(counting), published(bare)
        on, off = Server("on", counting.port, pid=counting.pid), Server("off", bare.port, pid=bare.pid)
        for server, path in ((on, entry["url"]), (off, other["url"])):
            run(server, path, 1)
        ratios, costs = [], {"on": [], "off": []}
        for number in range(options.rounds):
            turns = [(on, entry["url"]), (off, other["url"])]
            for server, path in turns if number % 2 else turns[::-1]:
                costs[server.name].append(run(server, path, options.seconds).micros)
            ratios.append(costs["on"][-1] / costs["off"][-1])
            report.note(f"on {costs['on'][-1]:6.2f} µs, off {costs['off'][-1]:6.2f} µs: {ratios[-1]:.3f}")
    medians = {name: statistics.median(values) for name, values in costs.items()}
    ratio = statistics.median(ratios)
    report.expect(
        ratio <= RATIO_MAX,
        f"a hit of {entry['bytes']} bytes takes {medians['on']:.2f} µs of CPU counted, {medians['off']:.2f} µs not: "
        f"{ratio:.3f} (at most {RATIO_MAX})",
    )
    report.finish()


if __name__ == "__main__":
    main()
