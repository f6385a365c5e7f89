"""What every fault program takes from its command line."""

import argparse
import signal
import sys
import time


def parsed(description, scales=(), **defaults):
    """The options: `--seed`, `--long`, and one for each of `scales` and `defaults`.

    `scales` are those that the release set has more of: `{"kills": (30, 500)}` is `--kills`, 30 or with `--long` 500.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000 % 1_000_000_000, help="runs the same again")
    parser.add_argument("--long", action="store_true", help="the release set")
    for name, (gate, release) in dict(scales).items():
        parser.add_argument(f"--{name}", type=int, help=f"{gate}, with --long {release}")
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"{default}")
    options = parser.parse_args()
    for name, pair in dict(scales).items():
        if getattr(options, name) is None:
            setattr(options, name, pair[options.long])
    # So that a run that is ended from outside ends its services, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return options
