"""What the release set of a family of programs found, as a page of tables."""

import datetime
import os
import platform
import subprocess

from service import CHECKOUT

def said_by(*command):
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()


def about():
    """When, what and where, a row each."""
    commit = said_by("git", "rev-parse", "--short=12", "HEAD")
    changed = bool(said_by("git", "status", "--porcelain", "--untracked-files=no"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    rows = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit + (" with changes that are not committed" if changed else ""),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, "
        f"{said_by('stat', '--file-system', '--format=%T', '/tmp')}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def page(head, results):
    """`head` is what the page says before its tables."""
    parts = [head, about() + "\n"]
    parts.append("\n".join(["| program | result | time |", "|---|---|---|", *map(summary, results)]) + "\n")
    parts += map(section, results)
    return "\n".join(parts)


def summary(result):
    return f"| [{result.name}](#{result.name}) | {result.verdict} | {result.seconds:.0f} s |"


def section(result):
    """The figures of one program, as it printed them."""
    lines = [f"## {result.name}", ""]
    lines += [f"{line['title']}\n" for line in result.lines if "title" in line]
    figures = [line for line in result.lines if "text" in line]
    if not figures:
        return "\n".join([*lines, f"No figures: {result.verdict}.", ""])
    lines += ["| figure | |", "|---|---|"]
    lines += [f"| {cell(line['text'])} | {'met' if line['holds'] else '**not met**'} |" for line in figures]
    return "\n".join([*lines, ""])


def cell(text):
    return " ".join(text.replace("|", "\\|").split())
