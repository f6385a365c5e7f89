"""The memory cache's policy against published ones over seeded traces: hit ratios, and what an operation costs."""

import argparse
import json
import math
import subprocess

from service import CHECKOUT, Report

BENCH = CHECKOUT / ".build" / "release" / "CacheBench"
PRODUCT = "product"
# PERFORMANCE.md: on a Zipf(1.0) trace with a tenth of the bytes, and against the best published policy.
VIEWS_MIN = 0.90
BEHIND_BEST_MAX = 0.02
# Where popularity is constant, of what the best choice has that knows it.
BOUND_SHARE_MIN = 0.95
OVER_LRU_MIN = 0.05
FIRST_PULLS_MIN = 0.90
INSERTION_MICROSECONDS_MAX = 20


def measure(options):
    """The traces, each with what every policy made of it, and what an operation costs."""
    command = [BENCH, str(options.assets), str(options.requests)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    *lines, speed = map(json.loads, ran.stdout.splitlines())
    traces = []
    for line in lines:
        if "trace" in line:
            traces.append({**line, "policies": {}})
        else:
            traces[-1]["policies"][line["policy"]] = line
    return traces, speed


def table(report, trace):
    lru = trace["policies"]["LRU"]["objects"]
    report.note("")
    report.note(
        f"{trace['trace']}: {trace['objects']} objects, {trace['requests']} events, {trace['budget'] / 2**20:.0f} MiB"
        + (f", at most {trace['bound']:.1%} by a choice that never changes" if trace["bound"] else "")
    )
    report.note(f"  {'policy':28} {'objects':>8} {'bytes':>8} {'over LRU':>9}")
    for name, policy in sorted(trace["policies"].items(), key=lambda item: -item[1]["objects"]):
        first = "" if policy["first"] is None else f"   first pulls {policy['first']:.1%}"
        over = (policy["objects"] - lru) * 100
        report.note(f"  {name:28} {policy['objects']:8.1%} {policy['bytes']:8.1%} {over:+9.1f}{first}")


def judge(report, trace):
    name, bound = trace["trace"], trace["bound"]
    policies = dict(trace["policies"])
    product = policies.pop(PRODUCT)
    best, ratio = max(((name, policy["objects"]) for name, policy in policies.items()), key=lambda item: item[1])
    lru = policies["LRU"]["objects"]
    if name == "views":
        report.expect(
            product["objects"] >= VIEWS_MIN,
            f"{name}: {product['objects']:.1%} of all requests hit (at least {VIEWS_MIN:.0%})",
        )
    report.expect(
        product["objects"] >= ratio - BEHIND_BEST_MAX,
        f"{name}: {(product['objects'] - ratio) * 100:+.1f} points from the best that is published, {best} "
        f"(at most {BEHIND_BEST_MAX * 100:.0f} behind)",
    )
    report.expect(
        product["objects"] >= lru + OVER_LRU_MIN,
        f"{name}: {(product['objects'] - lru) * 100:+.1f} points over LRU (at least {OVER_LRU_MIN * 100:.0f})",
    )
    if bound:
        share = product["objects"] / bound
        report.expect(share >= BOUND_SHARE_MIN, f"{name}: {share:.1%} of the bound (at least {BOUND_SHARE_MIN:.0%})")
    if product["first"] is not None:
        report.expect(
            product["first"] >= FIRST_PULLS_MIN,
            f"{name}: {product['first']:.1%} of all first pulls of new renditions hit (at least {FIRST_PULLS_MIN:.0%})",
        )


def equal_sizes(objects):
    """What the most popular tenth of so many objects has of all requests by Zipf's law."""
    harmonic = lambda count: math.log(count) + 0.5772156649 + 1 / (2 * count)
    return harmonic(objects / 10) / harmonic(objects)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=30_000, help="a tenth of their bytes is the default budget")
    parser.add_argument("--requests", type=int, default=3_000_000, help="of each trace; a third warms up")
    options = parser.parse_args()
    build = ["swift", "build", "-c", "release", "--product", "CacheBench", "--quiet"]
    subprocess.run(build, cwd=CHECKOUT, check=True)
    report = Report(f"cache: {options.assets} assets, {options.requests} requests a trace, a tenth of the bytes in memory")
    report.note(
        "objects of one size, Zipf(1.0), a tenth of them in memory: at most "
        + ", ".join(f"{equal_sizes(count):.1%} of {count:,}" for count in (60_000, 10**6, 10**8))
    )
    traces, speed = measure(options)
    for trace in traces:
        table(report, trace)
    report.note("")
    for trace in traces:
        judge(report, trace)
    microseconds = speed["insertion"] / 1000
    report.expect(
        microseconds <= INSERTION_MICROSECONDS_MAX,
        f"an insertion with its eviction: {microseconds:.1f} µs of CPU (at most {INSERTION_MICROSECONDS_MAX})",
    )
    report.note(f"the same where all others were asked for meanwhile: {speed['among visited'] / 1000:.1f} µs")
    report.note(f"a look-up: {speed['look-up'] / 1000:.2f} µs")
    report.finish()


if __name__ == "__main__":
    main()
