"""What came of a run, as its report shows it."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass

from k6 import HERE

# Recovered: so many windows in a row without an error, and with hits as their objective has them. Of all kinds together
# a window of an ordinary day has so few that one upload makes its p95.
RECOVERED_WINDOWS = 6
RECOVERED_HIT_P95_MS = 200
THRESHOLD = re.compile(r"^(\w+|p\((\d+)\))\s*(<=?|>=?|==)\s*([\d.]+)$")
FIGURES = {
    "origin_duration": "of all answers",
    "origin_duration_hit": "of hits",
    "origin_errors": "errors, refusals among them",
    "origin_wrong": "wrong answers",
    "dropped_iterations": "arrivals that found all users waiting",
}


@dataclass
class Bound:
    """A threshold, in words, with what was measured."""

    text: str
    measured: str
    holds: bool
    metric: str
    limit: float
    percentile: int | None = None

    @classmethod
    def of(cls, metric, threshold, values, holds):
        figure, percentile, sign, limit = THRESHOLD.match(threshold).groups()
        name, _, part = metric.partition("{")
        what = FIGURES.get(name, name) + (f" in {part.rstrip('}').split(':')[1]}" if part else "")
        limit = float(limit)
        sign = {"<": "below", "==": "exactly"}.get(sign, sign)
        value = values.get(figure, 0)
        if percentile:
            text, measured = f"p{percentile} {what} {sign} {limit:,.0f} ms", f"{value:,.1f} ms"
        elif figure == "rate":
            text, measured = f"{what}: {sign} {100 * limit:g} %", f"{100 * value:.3f} %"
        else:
            text, measured = f"{what}: {sign} {limit:,.0f}", f"{value:,.0f}"
        return cls(text, measured, holds, metric, limit, percentile and int(percentile))


class Run:
    """One scenario's figures; `looks` and `comparisons` are empty where the service's metrics could not be read."""

    def __init__(self, scenario, summary, windows, arguments, looks=(), comparisons=()):
        self.name = scenario.name
        self.scenario = scenario
        self.metrics = summary["metrics"]
        self.window_seconds = scenario.window_seconds
        self.seconds = scenario.plan.seconds
        # The set-up is not timed: with the first timed answer the run began.
        timed = [window for window in windows if window.trend("origin_duration", "max") is not None]
        self.start = timed[0].at - self.window_seconds if timed else 0.0
        self.windows = [window for window in windows if timed and self.start < window.at <= timed[-1].at]
        # Later than planned, where answers came that late.
        self.span = max(self.seconds, self.windows[-1].at - self.start) if self.windows else self.seconds
        end = self.start + self.span + self.window_seconds
        self.looks = [look for look in looks if self.start < look.at <= end]
        self.comparisons = list(comparisons)
        self.bounds = list(self._bounds())
        self.checks = claims_of(summary)
        self.peak_end = scenario.plan.peak_end
        self.planned = scenario.plan.corners
        self.about = about(scenario, arguments)
        self.footer = footer()

    def _bounds(self):
        # In the order of FIGURES, and what is of a part of the run last.
        names = [name for figure in FIGURES for name in self.metrics if name.partition("{")[0] == figure]
        for metric in sorted(names, key=lambda name: "{" in name):
            found = self.metrics[metric]
            for threshold, outcome in found.get("thresholds", {}).items():
                yield Bound.of(metric, threshold, found["values"], outcome["ok"])

    @property
    def holds(self):
        return all(one.holds for one in [*self.bounds, *self.comparisons])

    def values(self, name):
        """Of a metric; empty where it has none."""
        return self.metrics.get(name, {}).get("values", {})

    @property
    def kinds(self):
        prefix = "origin_count_"
        named = [name.removeprefix(prefix) for name in self.metrics if name.startswith(prefix)]
        return sorted(named, key=lambda kind: -self.values(prefix + kind)["count"])

    @property
    def duration_limits(self):
        return [bound for bound in self.bounds if bound.metric == "origin_duration" and bound.percentile]

    @property
    def recovery_seconds(self):
        """How long after the peak it was as on an ordinary day again; None where it was not, or there was no peak."""
        if self.peak_end is None:
            return None
        after = [window for window in self.windows if window.at - self.start > self.peak_end]
        for index in range(len(after) - RECOVERED_WINDOWS + 1):
            if all(map(is_ordinary, after[index : index + RECOVERED_WINDOWS])):
                return max(0.0, after[index].at - self.window_seconds - self.start - self.peak_end)
        return None

    @property
    def recovery(self):
        """The same in words; None without a peak."""
        if self.peak_end is None:
            return None
        seconds = self.recovery_seconds
        return "longer than the run" if seconds is None else f"{seconds:.1f} s"

    @property
    def wrong_lines(self):
        """What k6's log says of wrong answers."""
        log = (self.scenario.folder / "k6.log").read_text(errors="replace")
        return [line for line in log.splitlines() if "wrong " in line][:10]


def is_ordinary(window):
    p95 = window.trend("origin_duration_hit", "p95")
    errors = sum(window.count(name) for name in ("origin_refused", "origin_unanswered", "dropped_iterations"))
    return (p95 is None or p95 < RECOVERED_HIT_P95_MS) and errors == 0


def claims_of(summary):
    """`(name, held, broken)` of each claim; k6 is told only of those that broke."""
    checks = summary["root_group"]["checks"]
    found = checks.values() if isinstance(checks, dict) else checks
    broken = {check["name"]: check["fails"] for check in found}

    def count(kind, what):
        return summary["metrics"][f"origin_{what}_{kind}"]["values"]["count"]

    rows = []
    for kind, names in summary["claims"].items():
        wrong = max((broken.get(f"{kind}: {name}", 0) for name in names), default=0)
        # Refusals and what was not answered make no claims.
        right = count(kind, "count") - count(kind, "errors")
        for name in (f"{kind}: {claim}" for claim in names):
            fails = broken.get(name, 0)
            rows.append((name, right + wrong - fails, fails))
    return rows


def about(scenario, arguments):
    first = scenario.script.read_text().split("\n\n")[0]
    text = " ".join(line.removeprefix("//").strip() for line in first.splitlines())
    scaled = "" if arguments.scale == 1 else f" All durations are × {arguments.scale:g}."
    photos = scenario.environment["PHOTOS"].split(",")
    where = os.path.dirname(photos[0])
    return (
        f"{text} Each user asks {arguments.requests_per_user:g} × a second.{scaled} "
        f"Uploaded are {len(photos)} pictures of {where}."
    )


def footer():
    said = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=HERE, capture_output=True, text=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"Commit {said.stdout.strip() or 'unknown'}; {os.cpu_count()} cores, {memory:.0f} GiB, Linux "
        f"{platform.release()}. k6 and the service share the machine, unless BASE_URL named another one."
    )
