"""The programs that hold keys and sockets link no image codec."""

import subprocess
import sys

from service import PROGRAMS, Report

CODECS = ("libvips", "libwebp", "libjpeg", "libheif")


def linked(program):
    """All libraries that the loader would map, those of libraries included."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in said.splitlines() if line.strip()]


def main():
    report = Report("links: no codec in mediad and mediactl")
    for name in ("mediad", "mediactl", "mediaworker"):
        program = PROGRAMS / name
        if not program.exists():
            print(f"FAIL  {program} is absent: `make build` makes it")
            sys.exit(1)
    for name in ("mediad", "mediactl"):
        libraries = linked(PROGRAMS / name)
        found = [library for library in libraries if library.startswith(CODECS)]
        report.expect(not found, f"{name}: {len(libraries)} libraries, codecs among them: {found or 'none'}")
    # The control: were ldd's output read wrongly, the worker would seem to link none either.
    found = [library for library in linked(PROGRAMS / "mediaworker") if library.startswith("libvips")]
    report.expect(bool(found), f"mediaworker, the control, links {found}")
    report.finish()


if __name__ == "__main__":
    main()
