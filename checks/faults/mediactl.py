"""The operator's commands, as an operator gives them. The one place that knows how they are called and answer."""

import json
import os
import subprocess

from service import PROGRAMS

SECONDS_MAX = 600
# ARCHITECTURE.md §6.
DONE = 0
FINDINGS = 3


class Refused(Exception):
    """A command ended with another exit code than it should have."""


def run(data, *arguments, codes=(DONE,)):
    """Runs `mediactl`, on the service that has the data folder, or on the folder itself where none has it."""
    command = [PROGRAMS / "mediactl", *arguments, "--data-dir", data]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MEDIA_")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX)
    if ran.returncode not in codes:
        said = (ran.stderr or ran.stdout).strip()[-500:]
        raise Refused(f"mediactl {' '.join(map(str, arguments))}: exit code {ran.returncode}: {said}")
    return ran


def lines(ran, kind):
    """What an operation said with `--json` (OperationLine.swift), of one kind: row, finding, progress, done, failed."""
    said = [json.loads(line) for line in ran.stdout.splitlines() if line.strip()]
    return [line for line in said if line["kind"] == kind]


def fsck(data, repair=False):
    """The findings of `fsck`, a dict each: `text` and `fields`. Those that were repaired are among them."""
    ran = run(data, "fsck", "--json", *(["--repair"] if repair else []), codes=(DONE, FINDINGS))
    findings = lines(ran, "finding")
    left = [finding for finding in findings if finding["fields"].get("repaired") != "true"]
    if bool(left) != (ran.returncode == FINDINGS) or not lines(ran, "done"):
        raise Refused(f"fsck: {len(left)} findings, exit code {ran.returncode}: {ran.stdout.strip()[-500:]}")
    return findings


def blob_of(finding):
    """The id of the blob that a finding is about; what it says where it is about none."""
    return finding["fields"].get("blob", finding["text"])


def collect(data):
    """Removes orphans of any age, and the blobs of deleted assets whose grace is over."""
    return run(data, "collect", "--orphan-age", "0s")


def keys(data):
    """All keys, the `fields` of each."""
    return [line["fields"] for line in lines(run(data, "keys", "list", "--json"), "row")]


def rotate(data):
    return run(data, "keys", "rotate")


def rewrap(data):
    return run(data, "keys", "rewrap")


def retire(data, key):
    return run(data, "keys", "retire", key)
