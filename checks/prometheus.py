"""A real Prometheus, as Debian has it, that scrapes what a check starts; and questions to it."""

import http.client
import json
import urllib.parse

from fronts import Front

SCRAPE_SECONDS = 1
TIMEOUT_SECONDS = 30


class Prometheus(Front):
    """Scrapes `targets` (`host:port`) as the job `media` every second, and evaluates the rules of `rules` as often."""

    name = "prometheus"

    def __init__(self, targets, rules=()):
        super().__init__()
        self.targets = targets
        self.rules = rules

    def command(self):
        # JSON is YAML, too.
        configuration = {
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"},
            "rule_files": [str(path) for path in self.rules],
            "scrape_configs": [{"job_name": "media", "static_configs": [{"targets": self.targets}]}],
        }
        (self.folder / "prometheus.yml").write_text(json.dumps(configuration))
        return [
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def ask(self, path, **parameters):
        """The `data` of an answer of its API; ValueError with its words where it does not understand the question."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        return answer["data"]

    def values(self, query, start, end, step=SCRAPE_SECONDS):
        """All values of a query over a range, as numbers, of all of its series together."""
        found = self.ask("query_range", query=query, start=start, end=end, step=step)["result"]
        return [float(value) for series in found for _, value in series["values"]]

    def groups(self):
        """Groups of rules, with the health of each rule once it was evaluated."""
        return self.ask("rules")["groups"]
