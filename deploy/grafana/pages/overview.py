"""Whether it keeps its promises, and who uses what there is of it."""

from panels import BAD, GOOD, WARNING, Row, bars, lines, or_none, quantile, rate, stat, states

TITLE = "overview"
ABOUT = "The objectives, traffic, errors and what is nearly used up. Where to begin; the other four say why."

AVAILABILITY = [(None, BAD), (0.999, GOOD)]
STATES = {0: ("meeting", GOOD), 1: ("at risk", WARNING), 2: ("breaching", BAD)}


def over_days(ratio, window):
    """What is left of a ratio of errors."""
    return f"1 - max(media:http_requests:{ratio}_rate{window}{{$jobs}})"


ROWS = [
    Row(
        "Objectives",
        [
            stat(
                "Available, 1 h", "Requests that were not answered with 5xx, nor cut. Objective: 99.9 %.",
                over_days("unavailable_ratio", "1h"), unit="percentunit", steps=AVAILABILITY, lowest=0.99, highest=1,
                runbook="mediaavailabilityburn",
            ),
            stat(
                "Available, 3 d", "The same over the longest window that is alerted on.",
                over_days("unavailable_ratio", "3d"), unit="percentunit", steps=AVAILABILITY, lowest=0.99, highest=1,
                runbook="mediaavailabilityburn",
            ),
            stat(
                "p95", "95 of 100 requests were answered within this. Objective: below 500 ms.",
                "max(media:http_request_duration_seconds:p95_rate5m{$jobs})", unit="s",
                steps=[(None, GOOD), (0.4, WARNING), (0.5, BAD)], runbook="medialatencyp95burn",
            ),
            stat(
                "p99", "99 of 100 requests were answered within this. Objective: below 1 s.",
                "max(media:http_request_duration_seconds:p99_rate5m{$jobs})", unit="s",
                steps=[(None, GOOD), (0.8, WARNING), (1, BAD)], runbook="medialatencyp99burn",
            ),
            stat(
                "p95 of hits", "Of deliveries from memory. Objective: below 200 ms.",
                "max(media:delivery_duration_seconds:hit_p95_rate5m{$jobs})", unit="s",
                steps=[(None, GOOD), (0.15, WARNING), (0.2, BAD)], runbook="mediahitlatencyburn",
            ),
            stat(
                "Server errors, 5 min", "5xx less refusals, of all requests. Objective: below 0.1 %.",
                "max(media:http_requests:error_ratio_rate5m{$jobs})", unit="percentunit",
                steps=[(None, GOOD), (0.0005, WARNING), (0.001, BAD)], runbook="mediaservererrorsburn",
            ),
            states(
                "State of each objective",
                "As the service itself has it in /healthz: of the worst instance.",
                "max by (objective) (media_objective_state{$scope})", "{{objective}}", STATES, height=7,
            ),
            lines(
                "Latency objectives",
                "What the service itself measures over its window, of the slowest instance, and what is allowed.",
                ('max by (objective) (media_objective_current{$scope, objective=~".*latency.*"})', "{{objective}}"),
                ('max by (objective) (media_objective_target{$scope, objective=~".*latency.*"})',
                 "{{objective}}: allowed"),
                unit="s", height=7,
            ),
            lines(
                "Ratio objectives",
                "The same of requests, of the worst instance: availability is to be above, server errors below.",
                ('min by (objective) (media_objective_current{$scope, objective="availability"})', "{{objective}}"),
                ('max by (objective) (media_objective_current{$scope, objective="server-errors"})', "{{objective}}"),
                ('max by (objective) (media_objective_target{$scope, objective!~".*latency.*"})',
                 "{{objective}}: objective"),
                unit="percentunit", height=7,
            ),
            lines(
                "Budget burnt",
                "How many times as fast as the objective allows the month's budget of errors goes: at 1 it lasts the "
                "month, 14.4 for an hour wakes somebody.",
                ("max(media:http_requests:unavailable_ratio_rate1h{$jobs}) / 0.001", "available, 1 h"),
                ("max(media:http_requests:unavailable_ratio_rate6h{$jobs}) / 0.001", "available, 6 h"),
                ("max(media:http_requests:over_500ms_ratio_rate1h{$jobs}) / 0.05", "p95, 1 h"),
                ("max(media:http_requests:over_1s_ratio_rate1h{$jobs}) / 0.01", "p99, 1 h"),
                ("max(media:deliveries:hits_over_200ms_ratio_rate1h{$jobs}) / 0.05", "hits, 1 h"),
                steps=[(None, GOOD), (1, WARNING), (14.4, BAD)], height=7,
            ),
        ],
    ),
    Row(
        "Traffic",
        [
            lines(
                "Requests a second", "By what was answered.",
                (rate("http_requests_total", "status"), "{{status}}"), unit="reqps", is_stacked=True,
            ),
            lines(
                "Time to the answer", "Of all requests. Objectives: p95 below 500 ms, p99 below 1 s.",
                (quantile(0.5, "http_request_duration_seconds"), "median"),
                (quantile(0.95, "http_request_duration_seconds"), "p95"),
                (quantile(0.99, "http_request_duration_seconds"), "p99"),
                unit="s", steps=[(None, GOOD), (0.5, WARNING), (1, BAD)], runbook="mediahighlatency",
            ),
            lines(
                "Errors a second",
                "Answers 5xx by status; bodies that were cut; of the 5xx those that were meant; clients that left.",
                (or_none(rate("http_requests_total", "status", 'status=~"5.."'), "status"), "{{status}}"),
                (or_none(rate("http_responses_cut_total", "cause"), "cause"), "cut: {{cause}}"),
                (or_none(rate("http_refusals_total", "problem"), "problem"), "refused: {{problem}}"),
                (or_none(rate("http_requests_unanswered_total", "route"), "route"), "client gone: {{route}}"),
                unit="reqps", runbook="mediahigherrorrate",
            ),
            lines(
                "Bytes a second", "Bodies of answers, and sources that were uploaded.",
                (rate("http_response_body_bytes_total"), "out"), (rate("media_upload_bytes_total"), "uploaded"),
                unit="Bps",
            ),
        ],
    ),
    Row(
        "What is used of what there is",
        [
            bars(
                "Memory", "Service and workers together, of the limit. Alerted above 80 %.",
                "max by (instance) (instance:media_memory:used_ratio{$scope})", "{{instance}}",
                unit="percentunit", highest=1, steps=[(None, GOOD), (0.7, WARNING), (0.8, BAD)],
                runbook="mediamemoryhigh", width=6,
            ),
            bars(
                "Queue of renders", "Places that are taken, of queue.max. Alerted above 80 %.",
                "max by (instance) (instance:media_render_queue:used_ratio{$scope})", "{{instance}}",
                unit="percentunit", highest=1, steps=[(None, GOOD), (0.5, WARNING), (0.8, BAD)],
                runbook="mediarenderqueuenearfull", width=6,
            ),
            bars(
                "Disk", "What is used of the data folder's disk.",
                "1 - min by (instance) (instance:media_storage:free_ratio{$scope})", "{{instance}}",
                unit="percentunit", highest=1, steps=[(None, GOOD), (0.8, WARNING), (0.9, BAD)],
                runbook="mediadiskspacelow", width=6,
            ),
            bars(
                "Hit ratio of the memory cache", "Over half an hour. Alerted below 50 %.",
                "media:cache_requests:hit_ratio_rate30m{$jobs}", "{{job}}",
                unit="percentunit", highest=1, steps=[(None, BAD), (0.5, WARNING), (0.8, GOOD)],
                runbook="mediacachehitratiolow", width=6,
            ),
            states(
                "Up", "Whether Prometheus reaches each instance.", "up{$scope}", "{{instance}}",
                {0: ("down", BAD), 1: ("up", GOOD)}, runbook="mediatargetdown", height=6,
            ),
            lines(
                "Alerts that fire", "Of this service.",
                ('count by (alertname) (ALERTS{alertstate="firing", $jobs}) or '
                 'label_replace(vector(0), "alertname", "none", "", "")', "{{alertname}}"),
                height=6,
            ),
        ],
    ),
]  # fmt: skip
