"""What deploy/prometheus has: accepted by its own tools, tested, and each alert with its runbook.

promtool reads the configuration and the rules and runs their tests; amtool reads Alertmanager's and says whom an alert
reaches. What those cannot know is looked at here: that every rule has a test in which it fires and one in which its
alert stays quiet, that its runbook is there, that the metrics exist, and that the figures are the service's own.
"""

import re
import shutil
import subprocess
import sys
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
            for look in test["alert_rule_test"]:
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
    check_metrics(report, all_rules)
    check_objectives(report, alerts)
    check_routes(report)
    report.finish()


if __name__ == "__main__":
    main()
