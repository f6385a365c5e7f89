"""`make bench-imaging`, with fewer rounds: what the default pair costs and is worth beside libvips."""

import sys

from service import CHECKOUT


def main():
    sys.path.insert(0, str(CHECKOUT / "Benchmarks"))
    import imaging

    # The file of that name in Benchmarks, not this one: this one runs as __main__.
    sys.exit(imaging.UNMET if imaging.run(imaging.parsed(["--rounds", "5"])) else 0)


if __name__ == "__main__":
    main()
