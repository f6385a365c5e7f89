"""What deploy/prometheus has: accepted by its own tools, tested, and each alert with its runbook.

promtool reads the configuration and the rules and runs their tests; amtool reads Alertmanager's and says whom an alert
reaches. What those cannot know is looked at here: that every rule has a test in which it fires and one in which its
alert stays quiet, that its runbook is there, that the metrics exist, and that the figures are the service's own.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from service import CHECKOUT, SKIPPED, Report

DEPLOY = CHECKOUT / "deploy/prometheus"
OPERATIONS = CHECKOUT / "docs/OPERATIONS.md"
METRICS = CHECKOUT / "Sources/MediaMetrics"
SEVERITIES = {"critical", "warning"}
# What a runbook says, as its paragraphs begin.
RUNBOOK_PARTS = ("**Means.**", "**Look at.**", "**Do.**")
# Of Prometheus itself.
FOREIGN = {"up"}


def run(report, text, *command):
    """One tool; what it says is shown where it complains."""
    ended = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True)
    if not report.expect(ended.returncode == 0, f"{text}: exit code {ended.returncode} (is to be 0)"):
        for line in (ended.stdout + ended.stderr).splitlines()[:60]:
            report.note(line)
    return ended.stdout


def load(path):
    return yaml.safe_load(path.read_text())


def rules():
    """All rules, of all groups of all files."""
    found = []
    for path in sorted((DEPLOY / "rules").glob("*.yml")):
        found += [rule for group in load(path)["groups"] for rule in group["rules"]]
    return found


def anchors():
    """The sections of docs/OPERATIONS.md by the anchors that GitHub gives their headings."""
    sections, anchor = {}, None
    for line in OPERATIONS.read_text().splitlines():
        if heading := re.match(r"#+ (.*)", line):
            anchor = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            sections[anchor] = ""
        elif anchor:
            sections[anchor] += line + "\n"
    return sections


def check_runbooks(report, alerts):
    sections = anchors()
    wrong = []
    for rule in alerts:
        name, labels, notes = rule["alert"], rule.get("labels", {}), rule.get("annotations", {})
        if labels.get("severity") not in SEVERITIES:
            wrong.append(f"{name}: the severity is {labels.get('severity')}")
        if missing := {"summary", "description", "runbook_url"} - notes.keys():
            wrong.append(f"{name}: no {', '.join(sorted(missing))}")
        anchor = notes.get("runbook_url", "").rpartition("OPERATIONS.md#")[2]
        if anchor != name.lower():
            wrong.append(f"{name}: its runbook is said to be at #{anchor}")
        elif absent := [part for part in RUNBOOK_PARTS if part not in sections.get(anchor, "")]:
            wrong.append(f"{name}: docs/OPERATIONS.md#{anchor} lacks {', '.join(absent)}")
    names = {rule["alert"] for rule in alerts}
    known = {name.lower() for name in names}
    wrong += [f"#{anchor} is no alert's" for anchor in sections if anchor.startswith("media") and anchor not in known]
    report.expect(not wrong, f"{len(names)} alerts of {len(alerts)} rules have severity, texts and runbook")
    for text in wrong:
        report.note(text)


def check_tests(report, alerts):
    """Every rule fires in a test, told apart by its own labels, and every alert is quiet in another one."""
    fired, quiet = [], set()
    for path in sorted((DEPLOY / "tests").glob("*.yml")):
        for test in load(path)["tests"]:
            for look in test.get("alert_rule_test", []):
                expected = look.get("exp_alerts") or []
                fired += [{"alert": look["alertname"], **alert["exp_labels"]} for alert in expected]
                if not expected:
                    quiet.add(look["alertname"])
    wrong = []
    for rule in alerts:
        wanted = {"alert": rule["alert"], **rule["labels"]}
        if not any(wanted.items() <= alert.items() for alert in fired):
            wrong.append(f"no test in which {wanted} fires")
        if rule["alert"] not in quiet:
            wrong.append(f"no test in which {rule['alert']} stays quiet")
    report.expect(not wrong, f"{len(fired)} expected alerts and {len(quiet)} quiet ones cover all rules")
    for text in sorted(set(wrong)):
        report.note(text)


def check_divisions(report, all_rules):
    """Every recorded division has a value in a test whose series all have more labels than job and instance."""
    tested = set()
    for path in sorted((DEPLOY / "tests").glob("*.yml")):
        for test in load(path)["tests"]:
            if all("namespace=" in series["series"] for series in test["input_series"]):
                for look in test.get("promql_expr_test", []):
                    tested |= {sample["labels"].partition("{")[0] for sample in look["exp_samples"]}
    divisions = {rule["record"] for rule in all_rules if "record" in rule and "/" in rule["expr"]}
    missing = sorted(divisions - tested)
    report.expect(
        divisions and not missing, f"{len(divisions)} ratios, tested with further labels; not: {missing or 'none'}"
    )


def check_metrics(report, all_rules):
    """Rules of metrics that are not there are silent for ever."""
    declared = FOREIGN.union(
        *(re.findall(r'MetricDefinition\(\s*"(\w+)"', path.read_text()) for path in METRICS.rglob("*.swift"))
    )
    recorded = {rule["record"] for rule in all_rules if "record" in rule}
    used = set()
    for rule in all_rules:
        for name in re.findall(r"\b(?:media|http|process|tls|instance|route)[\w:]*|\bup\b", rule["expr"]):
            used.add(name if ":" in name else re.sub(r"_(bucket|count|sum)$", "", name))
    # Labels are words, too.
    unknown = sorted(used - declared - recorded - {"instance", "route", "media"})
    report.expect(not unknown, f"{len(used)} names in the rules are metrics or recorded; unknown: {unknown or 'none'}")


def check_objectives(report, alerts):
    """The figures of the rules are those of MediaMetrics/Objective.swift."""
    source = (METRICS / "Objective.swift").read_text()
    found = re.findall(r'Objective\(name: "([\w-]+)", measure: \.(\w+)(?:\(([\d.]+)\))?, target: ([\d.]+)\)', source)
    burns = [rule for rule in alerts if "objective" in rule["labels"]]
    wrong = []
    for name, measure, quantile, target in found:
        budget = 1 - float(quantile or (target if measure == "availability" else 1 - float(target)))
        for rule in (rule for rule in burns if rule["labels"]["objective"] == name):
            budgets = {float(text) for text in re.findall(r"\* ([\d.]+)", rule["expr"])}
            if {round(number, 9) for number in budgets} != {round(budget, 9)}:
                wrong.append(f"{name}: the budget is {budget:.4g}, {rule['labels']['burn']} has {budgets}")
            milliseconds = 1000 * float(target)
            over = f"over_{milliseconds:.0f}ms_" if milliseconds < 1000 else f"over_{milliseconds / 1000:.0f}s_"
            if quantile and over not in rule["expr"]:
                wrong.append(f"{name}: the target is {target} s, {rule['labels']['burn']} does not ask for {over}")
    speeds = {name: set() for name, *_ in found}
    for rule in burns:
        name = rule["labels"]["objective"]
        if name in speeds:
            speeds[name].add(rule["labels"]["burn"])
        else:
            wrong.append(f"{name} is no objective")
    wrong += [f"{name}: windows {speed}" for name, speed in speeds.items() if speed != {"fast", "medium", "slow"}]
    report.expect(found and not wrong, f"{len(found)} objectives, each with three burn rates and the service's figures")
    for text in wrong:
        report.note(text)


def check_routes(report):
    """Whom Alertmanager tells."""
    for severity, receivers in (("critical", "record,on-call"), ("warning", "record,team"), ("other", "record")):
        said = subprocess.run(
            ["amtool", "config", "routes", "test", "--config.file=alertmanager.yml", f"severity={severity}"],
            cwd=DEPLOY,
            capture_output=True,
            text=True,
        ).stdout.strip()
        report.expect(said == receivers, f"what is {severity} reaches {said or 'nobody'} (is to be {receivers})")
    text = (DEPLOY / "alertmanager.yml").read_text()
    secrets = re.findall(r"^\s*(\w*(?:password|url|key|token|credentials)\w*): ", text, re.M)
    open_ones = [name for name in secrets if name not in ("url", "title_link") and not name.endswith("_file")]
    report.expect(secrets and not open_ones, f"secrets in alertmanager.yml itself: {open_ones or 'none'}")


def notification(alerts):
    """What Alertmanager hands to a receiver's templates: `alerts` are (name, its labels, summary, status)."""
    all_labels = [{"alertname": name, "job": "media", **labels} for name, labels, _, _ in alerts]
    all_notes = [
        {"summary": summary, "description": f"{summary}.", "runbook_url": f"https://docs/#{name}"}
        for name, _, summary, _ in alerts
    ]

    def common(pairs):
        return dict(set(pairs[0].items()).intersection(*(one.items() for one in pairs)))

    return {
        "receiver": "any",
        "status": "firing" if any(status == "firing" for *_, status in alerts) else "resolved",
        "alerts": [
            {"status": status, "labels": labels, "annotations": notes, "startsAt": "2026-01-01T00:00:00Z"}
            for labels, notes, (*_, status) in zip(all_labels, all_notes, alerts, strict=True)
        ],
        "groupLabels": {"alertname": alerts[0][0], "job": "media"},
        "commonLabels": common(all_labels),
        "commonAnnotations": common(all_notes),
        "externalURL": "http://alertmanager.example.org",
    }


def templates():
    """`(receiver, key, text)` of all that Alertmanager fills in, but what takes templates of its own."""
    for receiver in load(DEPLOY / "alertmanager.yml")["receivers"]:
        for integrations in (value for value in receiver.values() if isinstance(value, list)):
            for integration in integrations:
                fields = {**integration, **integration.get("details", {})}
                for key, text in fields.items():
                    if "{{" in str(text) and "{{ template" not in str(text):
                        yield receiver["name"], key, text


def check_texts(report):
    """No message is without its words, whatever alerts are told together, and its title is what an alert says."""
    down = ("MediaTargetDown", {"severity": "critical"})
    burn = "MediaAvailabilityBurn"
    a, b = "a:9090 cannot be scraped", "b:9090 cannot be scraped"
    fast, medium = ("Requests are not answered as they should (fast burn)", "… (medium burn)")
    groups = {
        "one": ([(*down, a, "firing")], a),
        "two instances": ([(*down, a, "firing"), (*down, b, "firing")], f"{a} (1 of 2)"),
        "two burn rates": (
            [
                (burn, {"severity": "critical", "burn": "fast"}, fast, "firing"),
                (burn, {"severity": "critical", "burn": "medium"}, medium, "firing"),
            ],
            f"{fast} (1 of 2)",
        ),
        "one of two is over": ([(*down, a, "resolved"), (*down, b, "firing")], b),
        "both are over": ([(*down, a, "resolved"), (*down, b, "resolved")], f"{a} (1 of 2)"),
    }
    wrong, seen = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (alerts, title) in groups.items():
            data = Path(folder) / "data.json"
            data.write_text(json.dumps(notification(alerts)))
            for receiver, key, text in templates():
                ended = subprocess.run(
                    ["amtool", "template", "render", "--template.glob=/dev/null", f"--template.data={data}",
                     f"--template.text={text}"],
                    capture_output=True,
                    text=True,
                )  # fmt: skip
                seen += 1
                if ended.returncode or not ended.stdout.strip():
                    wrong.append(f"{name}, {receiver}: {key} is empty {ended.stderr.strip()}")
                elif key in ("title", "description") and ended.stdout != title:
                    wrong.append(f"{name}, {receiver}: {key} is '{ended.stdout}' (is to be '{title}')")
    report.expect(seen and not wrong, f"{seen} texts of {len(groups)} groups of alerts, {len(wrong)} of them wrong")
    for text in wrong:
        report.note(text)


def main():
    for tool in ("promtool", "amtool"):
        if not shutil.which(tool):
            print(f"SKIPPED  {tool} is absent: scripts/install-checks installs it")
            sys.exit(SKIPPED)
    report = Report("alerts: deploy/prometheus by promtool and amtool")
    run(report, "promtool check config prometheus.yml", "promtool", "check", "config", "prometheus.yml")
    files = sorted(str(path.relative_to(DEPLOY)) for path in (DEPLOY / "rules").glob("*.yml"))
    run(report, "promtool check rules", "promtool", "check", "rules", *files)
    tests = sorted(str(path.relative_to(DEPLOY)) for path in (DEPLOY / "tests").glob("*.yml"))
    run(report, f"promtool test rules, {len(tests)} files", "promtool", "test", "rules", *tests)
    run(report, "amtool check-config alertmanager.yml", "amtool", "check-config", "alertmanager.yml")
    all_rules = rules()
    alerts = [rule for rule in all_rules if "alert" in rule]
    check_runbooks(report, alerts)
    check_tests(report, alerts)
    check_divisions(report, all_rules)
    check_metrics(report, all_rules)
    check_objectives(report, alerts)
    check_routes(report)
    check_texts(report)
    report.finish()


if __name__ == "__main__":
    main()
