"""Writes the dashboards of dashboards/ from pages/; `--check` only says whether they are up to date, and exits with 1
where they are not."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from pages import delivery, overview, processing, storage, system  # noqa: E402
from panels import dashboard  # noqa: E402

FOLDER = HERE / "dashboards"
PAGES = {"overview": overview, "delivery": delivery, "processing": processing, "storage": storage, "system": system}


def dashboards():
    """`{file name: text}` of all of them."""
    return {
        f"{name}.json": json.dumps(dashboard(name, page.TITLE, page.ABOUT, page.ROWS), indent=1) + "\n"
        for name, page in PAGES.items()
    }


def outdated():
    """Names of files that are not what the pages say, and of those that no page makes."""
    made = dashboards()
    there = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def main():
    if sys.argv[1:] == ["--check"]:
        names = outdated()
        for name in names:
            print(f"{FOLDER / name} is not up to date: run {HERE / 'make_dashboards.py'}")
        sys.exit(1 if names else 0)
    FOLDER.mkdir(exist_ok=True)
    for name in outdated():
        path = FOLDER / name
        text = dashboards().get(name)
        path.write_text(text) if text else path.unlink()
        print(f"{'wrote' if text else 'removed'} {path}")


if __name__ == "__main__":
    main()
