"""Counters add up: what k6 counted and what the service counted of the same run."""

import time
from dataclasses import dataclass

from exposition import Exposition

# Of the larger of the two.
DIFFERENCE_MAX = 0.001
# A response is counted when its last byte was handed to the kernel, which may be after the client has read it.
SETTLE_SECONDS_MAX = 5
SETTLE_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Counts:
    """Requests that were answered, bytes of their bodies, and bodies that came from memory."""

    requests: float
    bytes: float
    hits: float

    @classmethod
    def of_service(cls, admin_url):
        said = Exposition.of(admin_url)
        return cls(
            said.sum("http_requests_total"),
            said.sum("http_response_body_bytes_total"),
            said.cache_requests("hit"),
        )

    @classmethod
    def of_k6(cls, metrics):
        """Of k6's summary; headers are in neither count of bytes, which k6's own `data_received` has."""
        names = ("origin_answers", "origin_body_bytes", "origin_cache_hits")
        return cls(*(metrics[name]["values"]["count"] for name in names))

    def since(self, earlier):
        return Counts(self.requests - earlier.requests, self.bytes - earlier.bytes, self.hits - earlier.hits)


@dataclass(frozen=True)
class Comparison:
    name: str
    k6: float
    service: float

    @property
    def difference(self):
        larger = max(self.k6, self.service)
        return abs(self.k6 - self.service) / larger if larger else 0.0

    @property
    def holds(self):
        return self.difference <= DIFFERENCE_MAX

    def __str__(self):
        return (
            f"{self.name}: k6 counted {self.k6:,.0f}, the service {self.service:,.0f}; they differ by "
            f"{100 * self.difference:.4f} % (at most {100 * DIFFERENCE_MAX} %)"
        )


def compare(k6, service):
    return [
        Comparison("requests", k6.requests, service.requests),
        Comparison("bytes of bodies", k6.bytes, service.bytes),
        Comparison("hits of the memory cache", k6.hits, service.hits),
    ]


def settled(admin_url):
    """The service's counts once nothing is under way any more, or the patience is at its end."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while Exposition.of(admin_url).sum("http_requests_in_flight") > 0 and time.monotonic() < deadline:
        time.sleep(SETTLE_PAUSE_SECONDS)
    return Counts.of_service(admin_url)
