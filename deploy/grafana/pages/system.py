"""What the processes take of the machine."""

from panels import BAD, GOOD, WARNING, Row, lines, rate, stat

TITLE = "system"
ABOUT = "Processor, memory, descriptors and threads of the service; memory of its workers."

ROWS = [
    Row(
        "Now",
        [
            stat("Instances", "That run.", "count(media_build_info{$scope})"),
            stat("Up since", "Of the one that was started last.",
                 "time() - max(process_start_time_seconds{$scope})", unit="s", runbook="mediarestarting"),
            stat("Cores", "Processor time of the service in a second, without its workers.",
                 rate("process_cpu_seconds_total")),
            stat(
                "Memory", "Service and workers, of the limit.", "max(instance:media_memory:used_ratio{$scope})",
                unit="percentunit", highest=1, steps=[(None, GOOD), (0.7, WARNING), (0.8, BAD)],
                runbook="mediamemoryhigh",
            ),
            stat(
                "Descriptors", "Of those that may be open.",
                "max(process_open_fds{$scope} / process_max_fds{$scope})", unit="percentunit", highest=1,
                steps=[(None, GOOD), (0.6, WARNING), (0.8, BAD)], runbook="mediadescriptorsnearlimit",
            ),
            stat("Series folded", "Metrics' labels that had too many values; 0 is how it should be.",
                 "sum(media_metrics_series_folded_total{$scope}) or vector(0)", steps=[(None, GOOD), (1, WARNING)]),
        ],
    ),
    Row(
        "Processor and memory",
        [
            lines("Processor", "Seconds in a second, of the service without its workers.",
                  (rate("process_cpu_seconds_total", "instance"), "{{instance}}")),
            lines(
                "Memory",
                "Resident, of the service and of all its workers; large bodies, which are neither's; the limit of all.",
                ("sum by (instance) (process_resident_memory_bytes{$scope})", "{{instance}}"),
                ("sum by (instance) (media_worker_resident_bytes{$scope})", "{{instance}}: workers"),
                ("sum by (instance) (media_cache_file_bytes{$scope})", "{{instance}}: large bodies"),
                ("min by (instance) (media_memory_limit_bytes{$scope})", "{{instance}}: limit"), unit="bytes",
                runbook="mediamemoryhigh",
            ),
            lines("Address space", "What is mapped, resident or not.",
                  ("sum by (instance) (process_virtual_memory_bytes{$scope})", "{{instance}}"), unit="bytes"),
            lines("Page faults a second", "major: read from the disk.",
                  (rate("process_page_faults_total", "instance, kind"), "{{instance}}: {{kind}}"), unit="ops"),
        ],
    ),
    Row(
        "Descriptors, threads, versions",
        [
            lines(
                "Descriptors", "Open ones, and how many may be.",
                ("sum by (instance) (process_open_fds{$scope})", "{{instance}}"),
                ("min by (instance) (process_max_fds{$scope})", "{{instance}}: limit"),
                runbook="mediadescriptorsnearlimit",
            ),
            lines("Threads", "Of the service.", ("sum by (instance) (process_threads{$scope})", "{{instance}}")),
            lines("Context switches a second", "involuntary: the processor was taken away.",
                  (rate("process_context_switches_total", "instance, kind"), "{{instance}}: {{kind}}"), unit="ops"),
            lines("Versions", "Instances of each.", ("count by (version) (media_build_info{$scope})", "{{version}}"),
                  is_stacked=True),
        ],
    ),
]  # fmt: skip
