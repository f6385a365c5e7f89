"""Runs load scenarios with k6 against a release build of the service, or against BASE_URL, and writes what they found.

Each scenario gets a `mediad serve` of its own, on free ports and a temporary data folder. What is written into
`--out`/{scenario}: `report.html`, `summary.json` (thresholds, counters, figures, windows), k6's own log, and what k6
recorded. Exits with 1 when a threshold was broken, an answer was wrong, or k6 and the service counted differently.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "checks"), str(HERE)]

from counters import Counts, compare, settled  # noqa: E402
from k6 import PROGRAM, Scenario  # noqa: E402
from observer import Observer  # noqa: E402
from page import page  # noqa: E402
from results import Run  # noqa: E402
from service import CHECKOUT, SHARED, Report, Service  # noqa: E402

SCENARIOS = ("smoke", "load", "stress", "spike", "soak")
# Where there are no photographs beside the checkout; small, but with all the steps.
FIXTURES = ("gradient-large.jpg", "noise.jpg", "gradient.jpg")
# The most that a version may have: cold renders are pictures by signed options.
RECIPES_MAX = 10_000


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="+", choices=[*SCENARIOS, "all"])
    variable = os.environ.get
    parser.add_argument("--scale", type=float, default=float(variable("SCALE") or 1), help="all durations times this")
    parser.add_argument("--base-url", default=variable("BASE_URL"), help="a service that runs already")
    parser.add_argument("--admin-url", default=variable("ADMIN_URL"), help="its admin listener, for the counters")
    parser.add_argument("--requests-per-user", type=float, default=1, help="that each user asks for in a second")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the service")
    parser.add_argument("--out", type=Path, default=CHECKOUT / ".build" / "load", help="folder of the reports")
    return parser.parse_args(arguments)


def photographs():
    """JPEG, for each upload gets a comment of its own."""
    found = sorted((SHARED / "photos").glob("*.jpg"))
    return found or [CHECKOUT / "fixtures" / "pictures" / name for name in FIXTURES]


@dataclass(frozen=True)
class Target:
    """The service that is asked. `admin_url` is None where its metrics cannot be read, `signing_key` is `id:secret`."""

    base_url: str
    admin_url: str | None
    signing_key: str


@contextmanager
def target(arguments):
    """The service that the arguments name; one of its own, where they name none."""
    if arguments.base_url:
        yield Target(arguments.base_url.rstrip("/"), arguments.admin_url, os.environ.get("SIGNING_KEY", ""))
        return
    secret = secrets.token_hex(32)
    service = Service()
    key = service.scratch / "signing-key"
    key.write_text(secret)
    key.chmod(0o600)
    service.settings = {"url.signing.keys": f"load:{key}", "url.signing.recipes.max": RECIPES_MAX}
    service.settings |= dict(setting.split("=", 1) for setting in arguments.set)
    with service:
        base, admin = (f"http://127.0.0.1:{port}" for port in (service.port, service.admin_port))
        yield Target(base, admin, f"load:{secret}")


def measured(name, arguments, asked, folder):
    """Runs one scenario against the target `asked`, and reads what came of it."""
    environment = {
        "BASE_URL": asked.base_url,
        "SCALE": str(arguments.scale),
        "REQUESTS_PER_USER": str(arguments.requests_per_user),
        "PHOTOS": ",".join(map(str, photographs())),
        "SIGNING_KEY": asked.signing_key,
        "API_TOKEN": os.environ.get("API_TOKEN", ""),
    }
    scenario = Scenario(name, environment, folder)
    admin = asked.admin_url
    if not admin:
        summary, windows = scenario.run()
        return Run(scenario, summary, windows, arguments)
    before = Counts.of_service(admin)
    with Observer(admin, scenario.window_seconds) as observer:
        summary, windows = scenario.run()
    comparisons = compare(Counts.of_k6(summary["metrics"]), settled(admin).since(before))
    return Run(scenario, summary, windows, arguments, observer.looks, comparisons)


def write(run, folder):
    document = {
        "scenario": run.name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "holds": run.holds,
        "bounds": [asdict(bound) for bound in run.bounds],
        "counters": [asdict(one) | {"difference": one.difference, "holds": one.holds} for one in run.comparisons],
        "recoverySeconds": run.recovery_seconds,
        "metrics": {name: metric["values"] for name, metric in run.metrics.items()},
        "windows": [asdict(window) for window in run.windows],
        "service": [asdict(look) for look in run.looks],
    }
    (folder / "summary.json").write_text(json.dumps(document, indent=1))
    (folder / "report.html").write_text(page(run))


def run_one(report, name, arguments):
    """Runs a scenario against a service, writes what came of it, and reports each figure with its bound."""
    folder = arguments.out.resolve() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with target(arguments) as asked:
        run = measured(name, arguments, asked, folder)
    write(run, folder)
    for bound in run.bounds:
        report.expect(bound.holds, f"{name}: {bound.text}; measured: {bound.measured}")
    for comparison in run.comparisons:
        report.expect(comparison.holds, f"{name}: {comparison}")
    for line in run.wrong_lines:
        report.note(line)
    if run.recovery:
        report.note(f"{name}: time to recover from the peak: {run.recovery}")
    report.note(f"report: {folder / 'report.html'}")


def main(arguments=None):
    arguments = parsed(arguments)
    if not PROGRAM.exists():
        print(f"FAIL  {PROGRAM} is absent: scripts/install-load installs it")
        sys.exit(1)
    names = SCENARIOS if "all" in arguments.scenario else arguments.scenario
    report = Report(f"load: {', '.join(names)}")
    for name in names:
        run_one(report, name, arguments)
    report.finish()


if __name__ == "__main__":
    main()
