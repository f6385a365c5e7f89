"""What is made of pictures: uploads, renders, workers, pictures that cost workers."""

from panels import BAD, GOOD, WARNING, Row, increase, lines, or_none, quantile, rate, stat

TITLE = "processing"
ABOUT = "Uploads, renders by stage, the queue and the workers, sources in quarantine."

ROWS = [
    Row(
        "Uploads",
        [
            stat("Uploads a second", "Kept ones.", rate("media_uploads_total", selector='outcome="ready"'), unit="ops"),
            stat("Renditions a second", "Made.", rate("media_renders_total", selector='outcome="done"'), unit="ops"),
            stat(
                "Megapixels a second", "Decoded, of sources.", f"{rate('media_rendered_pixels_total')} / 1e6",
            ),
            stat("Busy workers", "Now.", "sum(media_workers_busy{$scope})"),
            stat(
                "Renders that wait", "Of queue.max in all.", "sum(media_render_queue_length{$scope})",
                steps=[(None, GOOD), (32, WARNING), (51, BAD)], runbook="mediarenderqueuenearfull",
            ),
            stat(
                "In quarantine", "Sources that cost two workers each.", "max(media_poison_sources{$scope})",
                steps=[(None, GOOD), (1, WARNING), (20, BAD)], runbook="mediaquarantinegrowth",
            ),
            lines(
                "Uploads a second by outcome", "refused: no picture that we take, or no room; failed: ours.",
                (rate("media_uploads_total", "outcome"), "{{outcome}}"), unit="ops", is_stacked=True,
            ),
            lines(
                "Time of an upload", "From the head to the answer, renditions and all.",
                (quantile(0.5, "http_request_duration_seconds", "", 'route="/v1/assets"'), "median"),
                (quantile(0.95, "http_request_duration_seconds", "", 'route="/v1/assets"'), "p95"),
                (quantile(0.99, "http_request_duration_seconds", "", 'route="/v1/assets"'), "p99"), unit="s",
            ),
            lines(
                "Bytes a second", "Sources kept, renditions made of them, and what was saved.",
                (rate("media_upload_bytes_total"), "sources"), (rate("media_rendition_bytes_total"), "renditions"),
                (rate("media_saved_bytes_total"), "saved"),
                (rate("http_request_body_bytes_total"), "received, refused ones too"), unit="Bps",
            ),
            lines(
                "Versions nobody waits for", "Uploads with Prefer: respond-async, and what a restart left to be done.",
                ("sum(media_backlog_versions{$scope})", "to be made"), runbook="mediabackloggrowing",
            ),
        ],
    ),
    Row(
        "Renders",
        [
            lines(
                "p95 by stage",
                "queue: waiting for a worker; decode, resize, encode in it; seal, store, commit after it.",
                (quantile(0.95, "media_render_duration_seconds", "stage"), "{{stage}}"), unit="s",
            ),
            lines(
                "Where the time goes", "Seconds of each stage in a second.",
                (rate("media_render_duration_seconds_sum", "stage"), "{{stage}}"), unit="s", is_stacked=True,
            ),
            lines(
                "Renditions a second", "failed ones are in the log with their cause.",
                (rate("media_renders_total", "outcome"), "{{outcome}}"), unit="ops",
            ),
            lines(
                "Megapixels a second", "Decoded, of sources.",
                (f"{rate('media_rendered_pixels_total')} / 1e6", "megapixels"),
            ),
        ],
    ),
    Row(
        "Queue and workers",
        [
            lines(
                "Renders that wait", "By who waits for them, and how many may.",
                ("sum by (priority) (media_render_queue_length{$scope})", "{{priority}}"),
                ("sum(media_render_queue_limit{$scope})", "queue.max"), runbook="mediarenderqueuenearfull",
            ),
            lines(
                "p95 of the wait for a worker", "Of jobs that were done.",
                (quantile(0.95, "media_render_wait_seconds", "priority"), "{{priority}}"), unit="s",
            ),
            lines(
                "Refusals a second",
                "full: no place; late: would wait too long; overdue: has; displaced: background gave way; "
                "closed: at the stop.",
                (or_none(rate("media_render_refusals_total", "reason"), "reason"), "{{reason}}"), unit="ops",
                runbook="mediarenderqueuenearfull",
            ),
            lines(
                "Workers", "Processes that decode and encode.",
                ("sum(media_workers_busy{$scope})", "busy"), ("sum(media_workers_idle{$scope})", "idle"),
                ("sum(media_workers_limit{$scope})", "workers"),
            ),
            lines(
                "Workers replaced",
                "crash, deadline, protocol, system: something was wrong. jobs, memory, gave-up: in order.",
                (or_none(increase("media_worker_restarts_total", "reason"), "reason"),
                 "{{reason}}"),
                (increase("media_worker_recycled_total", "reason"),
                 "{{reason}} (in order)"),
                runbook="mediaworkerrestarts",
            ),
            lines(
                "Memory of renders", "Estimated of those that run, the budget, and what all workers really hold.",
                ("sum(media_render_memory_bytes{$scope})", "estimated"),
                ("sum(media_render_memory_limit_bytes{$scope})", "render.memory.max"),
                ("sum(media_worker_resident_bytes{$scope})", "resident"), unit="bytes", runbook="mediamemoryhigh",
            ),
            lines(
                "Pace",
                "How much longer jobs take than their headers tell; far above 1, something else has the processors.",
                ("max by (instance) (media_render_pace_ratio{$scope})", "{{instance}}"),
            ),
            lines(
                "Sandbox", "1: the piece is in force; 0: settings let it be missing.",
                ("min by (piece) (media_sandbox_info{$scope})", "{{piece}}"), highest=1,
            ),
        ],
    ),
    Row(
        "Pictures that cost workers",
        [
            lines(
                "Strikes a second", "Renders that cost the worker.",
                (rate("media_poison_strikes_total"), "strikes"),
                (rate("media_quarantine_refusals_total"), "refused: in quarantine"), unit="ops",
                runbook="mediaquarantinegrowth",
            ),
            lines(
                "Sources in quarantine", "`mediactl quarantine list` names them.",
                ("max by (instance) (media_poison_sources{$scope})", "{{instance}}"), runbook="mediaquarantinegrowth",
            ),
        ],
    ),
]  # fmt: skip
