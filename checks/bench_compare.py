"""`mediactl bench compare` on two services of one build, and on one that was made 30 % slower on purpose; ten times each.

The slower build is the same one with checks/slow_down.c preloaded, which burns CPU before each answer: as much as makes a
hit cost 30 % more, found by measuring. Each time a service of the plain build is measured side by side with another of
it, and with a slower one, both started anew: two processes of one build are not quite alike either. What else the
machine does is left to it.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from service import CHECKOUT, PROGRAMS, Report, Service, without_settings

SLOWER = 1.3
# What the slower one has to be found at by its own figures, or the check would say nothing of 30 %.
SLOWER_RANGE = (1.2, 1.4)
PROBE_STEPS = 20_000
REGRESSION = 3
ENDPOINT = "thumbnail"


class Bench:
    """Runs of `mediactl bench` against two services side by side."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options

    def measure(self, one, other):
        """The paths of the JSON files of one run."""
        before, after = self.folder / "before.json", self.folder / "after.json"
        command = [PROGRAMS / "mediactl", "bench", "--endpoint", ENDPOINT, "--rate", "500"]
        command += ["--rounds", str(self.options.rounds), "--slot", "100ms"]
        command += ["--origin", origin(one), "--pid", str(one.pid), "--out", before]
        command += ["--against", origin(other), "--against-pid", str(other.pid), "--against-out", after]
        ran = subprocess.run(command, capture_output=True, text=True, env=without_settings())
        if ran.returncode != 0:
            print(f"FAIL  mediactl bench ended with {ran.returncode}: {ran.stderr[-1000:]}")
            sys.exit(1)
        return before, after

    @staticmethod
    def compare(before, after):
        """The exit code, the change of the CPU for a request, and what else is called a regression."""
        command = [PROGRAMS / "mediactl", "bench", "compare", "--json", before, after]
        ran = subprocess.run(command, capture_output=True, text=True, env=without_settings())
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        bad = [f"{line['metric']} {line['estimate']}" for line in lines if line["verdict"] == "regression"]
        cpu = next(line for line in lines if line["metric"] == "cpu")
        return ran.returncode, cpu, bad


def origin(service):
    return f"http://127.0.0.1:{service.port}"


def cpu_of(path):
    return json.loads(path.read_text())["endpoints"][0]["cpuSecondsPerRequest"]


@contextlib.contextmanager
def slowed(library, steps):
    """A service that burns so many steps an answer."""
    added = {"LD_PRELOAD": str(library), "SLOW_DOWN_STEPS": str(steps)}
    service = Service()
    os.environ.update(added)
    try:
        service.start()
    finally:
        for name in added:
            del os.environ[name]
    try:
        yield service
    finally:
        service.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    report = Report(f"bench compare: one build twice, and one made {SLOWER - 1:.0%} slower, {options.times} times")
    with tempfile.TemporaryDirectory() as scratch, Service() as plain:
        folder = Path(scratch)
        library = folder / "slow_down.so"
        compiler = ["gcc", "-O2", "-shared", "-fPIC", "-o", library, CHECKOUT / "checks/slow_down.c", "-ldl"]
        subprocess.run(compiler, check=True)
        bench = Bench(folder, options)
        with slowed(library, PROBE_STEPS) as probe:
            base, slow = map(cpu_of, bench.measure(plain, probe))
            step = (slow - base) / PROBE_STEPS
        steps = round(base * (SLOWER - 1) / step)
        report.note(f"a hit takes {base * 1e6:.1f} µs of CPU, a step {step * 1e9:.2f} ns: {steps} steps make it 30 % more")
        rounds(report, bench, plain, (library, steps), options.times)
    report.finish()


def rounds(report, bench, plain, slow_down, times):
    found, quiet, factors = 0, 0, []
    for turn in range(1, times + 1):
        with slowed(*slow_down) as slower:
            code, cpu, _ = bench.compare(*bench.measure(plain, slower))
        found += code == REGRESSION
        factors.append(cpu["estimate"]["ratio"])
        report.note(text(f"{turn}: slower", code, cpu))
        with Service() as same:
            code, cpu, bad = bench.compare(*bench.measure(plain, same))
        quiet += code == 0
        report.note(text(f"{turn}: same", code, cpu) + "".join(f"; {line}" for line in bad))
    middle = sorted(factors)[len(factors) // 2]
    low, high = SLOWER_RANGE
    report.expect(low <= middle <= high, f"the slower build takes {middle:.2f} × the CPU ({low} to {high})")
    report.expect(found == times, f"the slower build is a regression {found} times of {times}")
    report.expect(quiet == times, f"two services of one build are none {quiet} times of {times}")


def text(name, code, cpu):
    estimate = cpu["estimate"]
    interval = f"{estimate['ratio']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
    return f"{name}: exit code {code}, CPU {interval}: {cpu['verdict']}"


if __name__ == "__main__":
    main()
