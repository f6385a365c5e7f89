"""The five load scenarios, short: thresholds hold, no answer is wrong, and k6 and the service count the same.

Durations are a part of the real ones, so that all five take three minutes; `make load-all` runs them whole. Their pages
are in .build/load.
"""

import sys

from service import CHECKOUT, Report

# Of 30 s, 5 min, 10 min, 2 min and 1 h.
SCALES = {"smoke": 0.5, "load": 0.08, "stress": 0.08, "spike": 0.2, "soak": 0.006}


def main():
    sys.path.insert(0, str(CHECKOUT / "loadtest"))
    import run as loadtest

    report = Report("load: all scenarios, short")
    for name, scale in SCALES.items():
        arguments = loadtest.parsed([name, "--scale", str(scale)])
        loadtest.run_one(report, name, arguments)
    report.finish()


if __name__ == "__main__":
    main()
