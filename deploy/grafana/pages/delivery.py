"""How pictures are delivered: by route, from where, how fast; caches, connections, and caches in front."""

from panels import BAD, GOOD, WARNING, Row, increase, lines, or_none, quantile, rate, stat

TITLE = "delivery"
ABOUT = "Deliveries by route and by where their bytes came from, the caches in memory, connections, purges."

HITS = rate("media_cache_requests_total", selector='tier="memory", result="hit"')
LOOKUPS = rate("media_cache_requests_total", selector='tier="memory"')

ROWS = [
    Row(
        "Requests",
        [
            stat("Requests a second", "On the public listener.", rate("http_requests_total"), unit="reqps"),
            stat("Under way", "Requests that are being answered.", "sum(http_requests_in_flight{$scope})"),
            stat(
                "Hit ratio", "Bodies that were in memory, of all bodies. Alerted below 50 %.",
                f"{HITS} / ({LOOKUPS} > 0) or vector(1)", unit="percentunit", highest=1,
                steps=[(None, BAD), (0.5, WARNING), (0.8, GOOD)], runbook="mediacachehitratiolow",
            ),
            stat("Bytes out", "Bodies of answers.", rate("http_response_body_bytes_total"), unit="Bps"),
            stat(
                "Mean body", "Bytes of an answer's body.",
                "sum(rate(http_response_size_bytes_sum{$scope}[$__rate_interval])) / "
                "sum(rate(http_response_size_bytes_count{$scope}[$__rate_interval])) >= 0", unit="bytes",
            ),
            stat("Connections", "Open ones on the public listener.", "sum(http_connections_open{$scope})"),
            lines(
                "Requests a second by route", "A route is its template.",
                (rate("http_requests_total", "route"), "{{route}}"), unit="reqps", is_stacked=True,
            ),
            lines(
                "p95 by route", "Time from a request's head to the end of its answer.",
                (quantile(0.95, "http_request_duration_seconds", "route"), "{{route}}"), unit="s",
                steps=[(None, GOOD), (0.5, BAD)], runbook="medialatencyp95burn",
            ),
            lines(
                "Answers a second by status", "304s cost next to nothing; 404s in numbers are somebody trying.",
                (rate("http_requests_total", "status"), "{{status}}"), unit="reqps",
            ),
            lines(
                "Size of bodies", "Thumbnails have about 10 KB, previews about 60 KB.",
                (quantile(0.5, "http_response_size_bytes"), "median"),
                (quantile(0.95, "http_response_size_bytes"), "p95"), unit="bytes",
            ),
        ],
    ),
    Row(
        "Where the bytes came from",
        [
            lines(
                "Deliveries a second", "hit: memory; miss: the sealed store; render: made at this request.",
                (rate("media_delivery_duration_seconds_count", "result"), "{{result}}"), unit="reqps", is_stacked=True,
            ),
            lines(
                "p95 of deliveries", "Objective for hits: below 200 ms.",
                (quantile(0.95, "media_delivery_duration_seconds", "result"), "{{result}}"), unit="s",
                steps=[(None, GOOD), (0.2, BAD)], runbook="mediahitlatencyburn",
            ),
            lines(
                "p99 of deliveries", "Renders wait for a worker, too.",
                (quantile(0.99, "media_delivery_duration_seconds", "result"), "{{result}}"), unit="s",
            ),
            lines(
                "Bodies cut midway",
                "peer: the connection ended; store: a chunk did not verify, and a short 200 is never completed.",
                (or_none(rate("http_responses_cut_total", "cause"), "cause"), "{{cause}}"), unit="reqps",
                runbook="mediaintegrityfailure",
            ),
        ],
    ),
    Row(
        "Caches in memory",
        [
            lines(
                "Hit ratio by tier", "memory: renditions in clear; keys: envelope keys, opened.",
                ('sum by (tier) (rate(media_cache_requests_total{$scope, result="hit"}[$__rate_interval])) / '
                 "(sum by (tier) (rate(media_cache_requests_total{$scope}[$__rate_interval])) > 0) or "
                 'label_replace(vector(0), "tier", "idle", "", "")', "{{tier}}"),
                unit="percentunit", highest=1, runbook="mediacachehitratiolow",
            ),
            lines(
                "Bytes", "What the cache of renditions holds, and what it may.",
                ("sum(media_cache_bytes{$scope})", "held"), ("sum(media_cache_limit_bytes{$scope})", "may be held"),
                unit="bytes",
            ),
            lines(
                "Objects", "By tier; hot ones are answered on the event loop.",
                ("sum by (tier) (media_cache_objects{$scope})", "{{tier}}"),
                ("sum(media_cache_hot_objects{$scope})", "hot"),
            ),
            lines(
                "Evictions and misses a second",
                "A rate of evictions near that of misses means that the cache is too small for what is asked for.",
                (rate("media_cache_evictions_total"), "evictions"),
                (rate("media_cache_requests_total", selector='tier="memory", result="miss"'), "misses"), unit="ops",
            ),
        ],
    ),
    Row(
        "Connections",
        [
            lines(
                "Open connections", "On the public listener, and requests under way.",
                ("sum(http_connections_open{$scope})", "connections"),
                ("sum(http_requests_in_flight{$scope})", "requests"),
                width=8,
            ),
            lines(
                "Connections cut a second", "For what the client does: too slow, or too many of its address.",
                (or_none(rate("http_connections_cut_total", "reason"), "reason"), "{{reason}}"), unit="ops", width=8,
            ),
            lines(
                "Requests without an answer",
                "Of all that came: who asked gave up, or was cut off, before anything was sent. Alerted above 5 %.",
                ("media:http_requests:unanswered_ratio_rate5m{$jobs} >= 0 or vector(0)", "{{job}}"),
                unit="percentunit", steps=[(None, GOOD), (0.05, BAD)], runbook="mediaunanswered", width=8,
            ),
            lines(
                "Certificate", "How long it is valid yet; only where the service speaks TLS.",
                ("min by (instance) (tls_certificate_expiry_timestamp_seconds{$scope}) - time()", "{{instance}}"),
                unit="s", steps=[(None, BAD), (3 * 86400, WARNING), (14 * 86400, GOOD)],
                runbook="mediacertificateexpiring",
            ),
            lines(
                "Certificates read anew", "failed: the one before stays.",
                (or_none(increase("tls_certificate_reloads_total", "outcome"),
                         "outcome"), "{{outcome}}"),
                runbook="mediacertificatereloadfailed",
            ),
        ],
    ),
    Row(
        "Caches in front",
        [
            lines(
                "Lag of purges", "Age of the oldest purge that a target was not told of.",
                ("max by (target) (media_purge_lag_seconds{$scope})", "{{target}}"), unit="s", runbook="mediapurgelag",
            ),
            lines(
                "Purges that wait", "By target.", ("sum by (target) (media_purges_pending{$scope})", "{{target}}"),
                runbook="mediapurgelag",
            ),
            lines(
                "Purges a second", "Taken, failed by reason, given up.",
                (rate("media_purges_sent_total", "target"), "{{target}}: taken"),
                (or_none(rate("media_purge_failures_total", "target, reason"), "target", "reason"),
                 "{{target}}: {{reason}}"),
                (or_none(rate("media_purges_given_up_total", "target"), "target"), "{{target}}: given up"),
                unit="ops", runbook="mediapurgesgivenup",
            ),
            lines(
                "Time to a purge", "From the change until the target had taken it; p95.",
                (quantile(0.95, "media_purge_delivery_duration_seconds", "target"), "{{target}}"), unit="s",
            ),
            lines(
                "Warming", "New URLs that were pulled through the CDN a second, by outcome.",
                (or_none(rate("media_warm_pulls_total", "outcome"), "outcome"), "{{outcome}}"), unit="ops",
            ),
            lines(
                "New URLs that wait to be pulled", "0 where nothing is warmed.",
                ("sum(media_warm_waiting{$scope}) or vector(0)", "waiting"),
            ),
        ],
    ),
]  # fmt: skip
