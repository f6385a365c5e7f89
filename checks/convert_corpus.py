"""`mediactl convert` over a folder with every file of the corpus: the run ends, every file has its line, and what is
refused has no output. What is converted and what is not are as the corpus' manifest says of uploads.
"""

import tempfile
from pathlib import Path

from convert import convert, outputs
from corpus import exceptions, manifest
from service import Report, shared

SECONDS_MAX = 300


def expected():
    """Whether a file is to be converted, by its path: both answers, where the manifest allows both."""
    known = exceptions()
    answers = {}
    for row in manifest():
        statuses = {known[row.path][0].partition(" ")[0]} if row.path in known else row.statuses
        answers[row.path] = {status == "201" for status in statuses}
    return answers


def main():
    report = Report("mediactl convert over the corpus")
    corpus = shared("corpus")
    found = [path.relative_to(corpus) for path in corpus.rglob("*") if path.is_file() and not path.is_symlink()]
    files = {path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)}
    with tempfile.TemporaryDirectory(prefix="convert-") as scratch:
        out = Path(scratch, "out")
        run = convert(scratch, [corpus, "--out", out])
        made = outputs(out)
    report.expect(run.code == 1 and run.seconds <= SECONDS_MAX, f"ends with {run.code} after {run.seconds:.0f} s")
    lines = {Path(line["file"]).relative_to(corpus).as_posix(): line for line in run.lines[:-1]}
    missing, repeated = files - lines.keys(), len(run.lines) - 1 - len(lines)
    report.expect(
        not missing and not repeated,
        f"{len(run.lines) - 1} lines for {len(files)} files; without: {sorted(missing)[:5]}, twice: {repeated}",
    )
    outputs_of = [output["path"] for line in lines.values() for output in line["outputs"]]
    written = {Path(path).relative_to(out).as_posix() for path in outputs_of}
    refused = [path for path, line in lines.items() if line["state"] != "converted"]
    report.expect(
        written == made.keys() and not any(lines[path]["outputs"] for path in refused),
        f"{len(made)} outputs, all of the {len(lines) - len(refused)} files that were converted; "
        f"{len(refused)} refused or skipped have none",
    )
    wrong = {
        path: (lines[path]["state"], lines[path].get("reason"))
        for path, answers in expected().items()
        if path in lines and (lines[path]["state"] == "converted") not in answers
    }
    report.expect(not wrong, f"refused is what an upload would be refused as; otherwise: {dict(list(wrong.items())[:5])}")
    report.finish()


if __name__ == "__main__":
    main()
