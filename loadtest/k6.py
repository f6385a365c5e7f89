"""Runs a scenario with k6, and reads what it says: the plan before, the windows and the summary after."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = Path(os.environ.get("K6", HERE.parent / ".build" / "load-venv" / "bin" / "k6"))
# k6's exit code when all went well but thresholds did not hold.
THRESHOLDS_BROKEN = 99
# How many points a graph gets, about.
WINDOWS = 150
WINDOW_SECONDS_MIN = 0.5
# In this order k6's dashboard writes the figures of a trend.
TREND = ("avg", "max", "med", "min", "p90", "p95", "p99")
DURATION = re.compile(r"([\d.]+)(ms|h|m|s)")
UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds_of(text):
    """Of a duration as Go writes it: `1m30s`."""
    return sum(float(number) * UNIT_SECONDS[unit] for number, unit in DURATION.findall(text or "0s"))


@dataclass
class Plan:
    """What a scenario asks for: corners `(seconds, requests a second)` of the line that arrivals follow."""

    corners: list
    seconds: float

    @classmethod
    def of(cls, options):
        corners = []
        for scenario in sorted(options["scenarios"].values(), key=lambda one: seconds_of(one.get("startTime"))):
            at = seconds_of(scenario.get("startTime"))
            corners.append((at, scenario["startRate"]))
            for stage in scenario["stages"]:
                at += seconds_of(stage["duration"])
                corners.append((at, stage["target"]))
        return cls(corners, corners[-1][0])

    @property
    def peak_end(self):
        """When the arrivals are last at their most; None where that is the end."""
        most = max(rate for _, rate in self.corners)
        end = max(at for at, rate in self.corners if rate == most)
        return end if end < self.seconds else None


@dataclass
class Window:
    """A part of the run: by metric, what was counted in it. Trends as dictionaries, counters as numbers."""

    at: float
    values: dict = field(default_factory=dict)

    def count(self, name):
        return self.values.get(name, 0)

    def trend(self, name, figure):
        """In milliseconds; None where nothing was timed."""
        found = self.values.get(name)
        return found[figure] if found and found["max"] > 0 else None


class Scenario:
    """One of scenarios/, with what its caller decides."""

    def __init__(self, name, environment, folder):
        self.name = name
        self.script = HERE / "scenarios" / f"{name}.js"
        self.environment = environment | {"SUMMARY": str(folder / "summary.json")}
        self.folder = folder
        self.plan = Plan.of(self._inspect())
        self.window_seconds = max(WINDOW_SECONDS_MIN, self.plan.seconds / WINDOWS)

    def _variables(self, **more):
        # By the environment, for everybody on the machine may read a command line, and these have secrets.
        return os.environ | self.environment | more

    def _inspect(self):
        command = [PROGRAM, "inspect", "--include-system-env-vars", self.script]
        shown = subprocess.run(command, env=self._variables(), capture_output=True, text=True)
        if shown.returncode != 0:
            raise RuntimeError(f"k6 does not understand {self.script}: {shown.stderr[-2000:]}")
        return json.loads(shown.stdout)

    def run(self):
        """Runs it to its end, and returns k6's summary and the windows."""
        record = self.folder / "windows.ndjson"
        # k6's own dashboard is not served (port -1): it is what cuts the run into windows, and writes them down.
        dashboard = {
            "K6_WEB_DASHBOARD": "true",
            "K6_WEB_DASHBOARD_PORT": "-1",
            "K6_WEB_DASHBOARD_PERIOD": f"{round(1000 * self.window_seconds)}ms",
            "K6_WEB_DASHBOARD_RECORD": str(record),
        }
        command = [PROGRAM, "run", "--include-system-env-vars", "--quiet", "--no-usage-report", "--no-color"]
        with open(self.folder / "k6.log", "wb") as log:
            ended = subprocess.run(
                [*command, self.script], env=self._variables(**dashboard), stdout=log, stderr=subprocess.STDOUT
            )
        if ended.returncode not in (0, THRESHOLDS_BROKEN):
            raise RuntimeError(f"k6 ended with {ended.returncode}: {self.log_tail()}")
        return json.loads((self.folder / "summary.json").read_text()), windows(record.read_text())

    def log_tail(self, lines=20):
        log = self.folder / "k6.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "no log"


def windows(record):
    """Of the record of k6's dashboard: a line an event. `metric` events name the columns of all later rows, in the
    order of their names."""
    kinds, found = {}, []
    for line in record.splitlines():
        event = json.loads(line)
        if event["event"] == "metric":
            kinds |= {name: about["type"] for name, about in event["data"].items()}
        if event["event"] == "snapshot":
            values = {}
            for name, figures in zip(sorted(kinds), event["data"], strict=True):
                # Nothing was counted in this window, and never before.
                if not figures:
                    continue
                values[name] = dict(zip(TREND, figures)) if kinds[name] == "trend" else figures[0]
            found.append(Window(values.pop("time") / 1000, values))
    return found
