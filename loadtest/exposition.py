"""Reads /metrics: the text format 0.0.4 of Prometheus, as far as the service uses it."""

import re
import urllib.request

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
TIMEOUT_SECONDS = 10


class Exposition:
    """One scrape."""

    def __init__(self, text):
        self.samples = [
            (name, dict(LABEL.findall(labels or "")), float(value))
            for name, labels, value in (match.groups() for match in map(SAMPLE.match, text.splitlines()) if match)
        ]

    @classmethod
    def of(cls, admin_url):
        with urllib.request.urlopen(f"{admin_url}/metrics", timeout=TIMEOUT_SECONDS) as answer:
            return cls(answer.read().decode())

    def of_name(self, name):
        """`(labels, value)` each."""
        return [(labels, value) for found, labels, value in self.samples if found == name]

    def sum(self, name, **wanted):
        """Of all series of that name whose labels have these values; 0 where there is none."""
        return sum(
            value
            for labels, value in self.of_name(name)
            if all(labels.get(label) == text for label, text in wanted.items())
        )

    def cache_requests(self, result):
        """Lookups in the memory cache of renditions. Other tiers have the same metric, another `tier`."""
        return sum(
            value
            for labels, value in self.of_name("media_cache_requests_total")
            if labels["result"] == result and labels.get("tier", "memory") == "memory"
        )

    def buckets(self, name):
        """Of all series of a histogram together: `{upper bound: requests up to that}`."""
        counts = {}
        for labels, value in self.of_name(f"{name}_bucket"):
            bound = float(labels["le"].replace("+Inf", "inf"))
            counts[bound] = counts.get(bound, 0) + value
        return dict(sorted(counts.items()))


def quantile(part, buckets):
    """As Prometheus' `histogram_quantile`: linear within the bucket. None where nothing was counted."""
    bounds = list(buckets)
    total = buckets[bounds[-1]] if bounds else 0
    if total <= 0:
        return None
    rank = part * total
    below, lower = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((rank - below) / inside if inside else 1)
        below, lower = buckets[bound], bound
    return lower
