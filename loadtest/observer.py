"""Looks at the service's own /metrics while k6 asks it, for the graphs that stand beside k6's."""

import threading
import time
from dataclasses import dataclass

from exposition import Exposition, quantile

DURATION = "http_request_duration_seconds"


@dataclass
class Look:
    """What the service said of itself between two scrapes. Rates are a second's; None where there was nothing."""

    at: float
    requests: float
    bytes: float
    p50: float | None
    p95: float | None
    p99: float | None
    hit_ratio: float | None
    in_flight: float
    queue: float
    busy: float
    refusals: float
    uploads: float
    renders: float
    cpu: float
    memory: float
    worker_memory: float
    descriptors: float
    threads: float


class Observer:
    """Scrapes in a thread of its own, from entry to exit of its context."""

    def __init__(self, admin_url, seconds):
        self.admin_url = admin_url
        self.seconds = seconds
        self.looks = []
        self.missed = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failure):
        self.ending.set()
        self.thread.join()

    def _run(self):
        before = None
        while not self.ending.wait(self.seconds):
            try:
                now = (time.time(), Exposition.of(self.admin_url))
            except OSError:
                # A scrape that fails is a gap in the graphs; that the service is gone, k6 says.
                self.missed += 1
                continue
            if before:
                self.looks.append(between(*before, *now))
            before = now


def between(began, earlier, ended, later):
    seconds = max(ended - began, 1e-6)

    def rate(name, **labels):
        return (later.sum(name, **labels) - earlier.sum(name, **labels)) / seconds

    before = earlier.buckets(DURATION)
    counted = {bound: count - before.get(bound, 0) for bound, count in later.buckets(DURATION).items()}
    hits = later.cache_requests("hit") - earlier.cache_requests("hit")
    misses = later.cache_requests("miss") - earlier.cache_requests("miss")
    return Look(
        at=ended,
        requests=rate("http_requests_total"),
        bytes=rate("http_response_body_bytes_total"),
        p50=quantile(0.50, counted),
        p95=quantile(0.95, counted),
        p99=quantile(0.99, counted),
        hit_ratio=hits / (hits + misses) if hits + misses else None,
        in_flight=later.sum("http_requests_in_flight"),
        queue=later.sum("media_render_queue_length"),
        busy=later.sum("media_workers_busy"),
        refusals=rate("media_render_refusals_total"),
        uploads=rate("media_uploads_total", outcome="ready"),
        renders=rate("media_renders_total", outcome="done"),
        cpu=rate("process_cpu_seconds_total"),
        memory=later.sum("process_resident_memory_bytes"),
        worker_memory=later.sum("media_worker_resident_bytes"),
        descriptors=later.sum("process_open_fds"),
        threads=later.sum("process_threads"),
    )
