"""What Grafana's dashboards are made of, as far as ours need it: variables, rows and panels as JSON.

Queries select by the dashboard's variables: `$scope` in them stands for `job=~"$job", instance=~"$instance"`, `$jobs`
for `job=~"$job"` alone, which is all that recording rules over replicas have. Rates are over `$__rate_interval`.
"""

from dataclasses import dataclass, field

SCHEMA = 39
COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUNBOOKS = "https://docs.example.org/image-origin/OPERATIONS.md"
GOOD, WARNING, BAD, NEUTRAL = "green", "orange", "red", "blue"


def expanded(query):
    return query.replace("$scope", 'job=~"$job", instance=~"$instance"').replace("$jobs", 'job=~"$job"')


def rate(metric, by="", selector=""):
    """The sum of a counter's rates; `by` are labels separated by commas, as in a query, and so is `selector`."""
    return f"{total(by)}(rate({metric}{{{scope(selector)}}}[$__rate_interval]))"


def increase(metric, by="", selector=""):
    """How often it happened within each interval."""
    return f"{total(by)}(increase({metric}{{{scope(selector)}}}[$__rate_interval]))"


def total(by):
    return f"sum by ({by}) " if by else "sum"


def scope(selector):
    return f"$scope, {selector}" if selector else "$scope"


def or_none(query, *labels):
    """For what has its first series with its first event: 0 under the name `none` until then."""
    none = "vector(0)"
    for label in labels:
        none = f'label_replace({none}, "{label}", "none", "", "")'
    return f"{query} or {none}"


def quantile(part, histogram, by="", selector=""):
    """Of a histogram; no data where nothing happened in the interval: Prometheus would say that it is no number."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({part}, {rate(f'{histogram}_bucket', labels, selector)}) >= 0"


@dataclass
class Query:
    text: str
    legend: str
    is_instant: bool = False


@dataclass
class Panel:
    """One panel. `width` is of 24 columns; `steps` are `(from, colour)`, the first from None."""

    kind: str
    title: str
    about: str
    queries: list
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: list = None
    lowest: float = 0
    highest: float = None
    is_stacked: bool = False
    names: dict = None
    runbook: str = None
    more: dict = field(default_factory=dict)

    def document(self, number, x, y):
        document = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [self._target(index, query) for index, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
        }
        if self.runbook:
            document["links"] = [{"title": "Runbook", "url": f"{RUNBOOKS}#{self.runbook}", "targetBlank": True}]
        return document | self.more

    def _target(self, index, query):
        return {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "expr": expanded(query.text),
            "legendFormat": query.legend,
            "instant": query.is_instant,
            "range": not query.is_instant,
        }

    def _defaults(self):
        steps = self.steps or [(None, NEUTRAL if self.kind == "timeseries" else GOOD)]
        defaults = {
            "unit": self.unit,
            "min": self.lowest,
            "thresholds": {
                "mode": "absolute",
                "steps": [{"value": value, "color": colour} for value, colour in steps],
            },
        }
        if self.highest is not None:
            defaults["max"] = self.highest
        if self.names:
            values = {str(value): {"text": text, "color": colour} for value, (text, colour) in self.names.items()}
            defaults["mappings"] = [{"type": "value", "options": values}]
        if self.kind == "timeseries":
            defaults["color"] = {"mode": "palette-classic"}
            defaults["custom"] = {
                "drawStyle": "line",
                "lineWidth": 1,
                "fillOpacity": 25 if self.is_stacked else 8,
                "showPoints": "never",
                "spanNulls": False,
                "stacking": {"mode": "normal" if self.is_stacked else "none", "group": "A"},
                # A line where it begins to be bad, and no colour below it.
                "thresholdsStyle": {"mode": "line" if self.steps else "off"},
            }
        else:
            defaults["color"] = {"mode": "thresholds"}
        return defaults

    def _options(self):
        if self.kind == "timeseries":
            return {
                "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max", "lastNotNull"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        if self.kind == "stat":
            return {
                "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
                "colorMode": "value",
                "graphMode": "area",
                "textMode": "auto",
            }
        if self.kind == "state-timeline":
            return {"showValue": "never", "rowHeight": 0.8, "mergeValues": True, "legend": {"displayMode": "list"}}
        if self.kind == "bargauge":
            return {
                "orientation": "horizontal",
                "displayMode": "basic",
                "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
            }
        return {}


def lines(title, about, *queries, **more):
    """Values over time; `queries` are `(query, legend)`."""
    return Panel("timeseries", title, about, [Query(*query) for query in queries], **more)


def stat(title, about, query, legend="", **more):
    """One number, and where it came from."""
    return Panel("stat", title, about, [Query(query, legend)], **({"width": 4, "height": 5} | more))


def bars(title, about, query, legend, **more):
    """One number each."""
    return Panel("bargauge", title, about, [Query(query, legend)], **({"width": 8} | more))


def states(title, about, query, legend, names, **more):
    """Which of a few states each was in; `names` are `{value: (text, colour)}`."""
    return Panel("state-timeline", title, about, [Query(query, legend)], names=names, **more)


@dataclass
class Row:
    title: str
    panels: list


def variable(name, label, query):
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": expanded(query), "refId": name},
        "definition": expanded(query),
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def dashboard(uid, title, about, rows):
    return {
        "uid": f"image-origin-{uid}",
        "title": f"Image origin: {title}",
        "description": about,
        "tags": ["image-origin"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [
            {"type": "dashboards", "title": "Image origin", "tags": ["image-origin"], "keepTime": True,
             "includeVars": True, "asDropdown": True},
            {"type": "link", "title": "Runbooks", "url": RUNBOOKS, "targetBlank": True, "icon": "doc"},
        ],
        "templating": {
            "list": [
                {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus",
                 "current": {}},
                variable("job", "Job", "label_values(media_build_info, job)"),
                variable("instance", "Instance", "label_values(media_build_info{$jobs}, instance)"),
            ]
        },
        "annotations": {
            "list": [
                {"name": "Restarts", "enable": True, "iconColor": "orange", "datasource": DATASOURCE,
                 "expr": expanded("changes(process_start_time_seconds{$scope}[$__rate_interval]) > 0"),
                 "titleFormat": "{{instance}} was started"},
                {"name": "Alerts", "enable": True, "iconColor": "red", "datasource": DATASOURCE,
                 "expr": expanded('ALERTS{alertstate="firing", $jobs}'), "titleFormat": "{{alertname}}",
                 "textFormat": "{{severity}}"},
            ]
        },
        "panels": placed(rows),
    }  # fmt: skip


def placed(rows):
    """Panels from left to right, in a new line where one does not fit."""
    documents, y, number = [], 0, 1
    for row in rows:
        grid = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        documents.append({"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": grid,
                          "panels": []})  # fmt: skip
        x, y, number, height = 0, y + 1, number + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, height = 0, y + height, 0
            documents.append(panel.document(number, x, y))
            x, height, number = x + panel.width, max(height, panel.height), number + 1
        y += height
    return documents
