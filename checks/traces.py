"""What mediad sends to a collector of traces, held against the published schema (opentelemetry-proto).

A small collector takes what comes by OTLP/HTTP and parses it as ExportTraceServiceRequest, refusing fields that the schema
does not have. Then: ids, parents and times; the trace of a caller goes on; the spans of an upload, of a miss and of a purge,
each by name; what is not to be recorded is not. Last, collectors that are away, slow or short of room: they harm nothing,
and get what there was room for when they are back.
"""

import base64
import http.server
import json
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service import CHECKOUT, Report, Service

PICTURE = (CHECKOUT / "fixtures/pictures/gradient.png").read_bytes()
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
# Each time is read from the same clock; what a worker has timed is rounded to microseconds.
SLACK_NANOSECONDS = 50_000
COMES_SECONDS_MAX = 20
# Of an upload or a delivery while the collector is in trouble; without it they take a fraction.
TROUBLED_SECONDS_MAX = 10
UPLOAD = {
    "POST /v1/assets": {
        "first-bytes": {}, "receive": {}, "find-duplicate": {}, "publish": {}, "commit-source": {},
        "render": {
            "worker": {"queue": {}, "decode": {}, "resize": {}, "encode": {}},
            "store-renditions": {"seal": {}, "publish": {}},
            "commit-renditions": {},
        },
    }
}
MISS = {"GET /a/{asset}/v{n}/{preset}": {"catalog": {}, "open": {}, "decrypt": {}}}
FIRST_REQUEST = {
    "GET /a/{asset}/v{n}/{preset}": {
        "catalog": {},
        "render": {
            "worker": {"queue": {}, "decode": {}, "resize": {}, "encode": {}},
            "seal": {}, "publish": {}, "commit-renditions": {},
        },
        "open": {}, "decrypt": {},
    }
}


class Listener:
    """An HTTP server in a thread, that keeps what is posted and answers as it is told to."""

    def __init__(self, port=0):
        listener = self
        self.bodies, self.heads = [], []
        # Of the next answers: status, seconds to wait, fields.
        self.plan = []
        self.default = (200, 0, {})

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heads.append((self.path, dict(self.headers)))
                status, seconds, fields = listener.plan.pop(0) if listener.plan else listener.default
                time.sleep(seconds)
                if status == 200:
                    listener.bodies.append(body)
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments):
                pass

            def handle(self):
                try:
                    super().handle()
                except (BrokenPipeError, ConnectionResetError):
                    pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def parsed(body):
    """A request by the schema. OTLP's JSON has ids in hexadecimal where protobuf's has base64; all else is protobuf's."""

    def translated(value, key=""):
        if isinstance(value, dict):
            return {name: translated(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [translated(item) for item in value]
        if key in ("traceId", "spanId", "parentSpanId"):
            assert value == value.lower() and len(value) == (32 if key == "traceId" else 16), value
            return base64.b64encode(bytes.fromhex(value)).decode()
        return value

    return json_format.ParseDict(translated(json.loads(body)), ExportTraceServiceRequest(), ignore_unknown_fields=False)


class Collector(Listener):
    def requests(self):
        return [parsed(body) for body in list(self.bodies)]

    def spans(self):
        """All that came; raises where anything is not by the schema."""
        return [
            span
            for request in self.requests()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait(self, holds):
        """Until `holds` is true of the spans, or too long."""
        end = time.monotonic() + COMES_SECONDS_MAX
        while not holds(spans := self.spans()) and time.monotonic() < end:
            time.sleep(0.05)
        return spans


def attributes(span):
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in span.attributes}


def tree(spans, parent=b""):
    """The spans below one, by their names; those of one name are one."""
    below = {}
    for span in spans:
        if span.parent_span_id == parent:
            inner = tree(spans, span.span_id)
            below[span.name] = {**below.get(span.name, {}), **inner}
    return below


def settings(url, more=None):
    return {
        "trace.otlp.endpoint": url,
        "trace.sample.ratio": "1",
        "workers": 1,
        "presets": "thumbnail:w=64,h=64,formats=webp+jpeg;preview:w=128,h=128",
        "render.deadline": "60s",
        **(more or {}),
    }


def path_of(answer, preset="thumbnail"):
    return answer.json()["renditions"][preset]["url"]


def check_times(report, spans, root, seconds):
    by_id = {span.span_id: span for span in spans}
    nested = all(
        parent.start_time_unix_nano - SLACK_NANOSECONDS <= span.start_time_unix_nano
        and span.start_time_unix_nano <= span.end_time_unix_nano
        and span.end_time_unix_nano <= parent.end_time_unix_nano + SLACK_NANOSECONDS
        for span in spans
        if (parent := by_id.get(span.parent_span_id))
    )
    took = (root.end_time_unix_nano - root.start_time_unix_nano) / 1e9
    now = time.time_ns()
    recent = all(now - 600e9 < span.start_time_unix_nano <= now for span in spans)
    report.expect(nested and recent and 0 < took <= seconds + 0.005, f"times lie in each other; {took:.3f} s of {seconds:.3f}")


def check_trace(report, name, spans, expected, seconds, caller=True):
    """One trace, whole: its tree by name, its ids, its times."""
    parent = bytes.fromhex(CALLER) if caller else b""
    found = tree(spans, parent)
    report.expect(found == expected, f"{name}: {len(spans)} spans, by name and parent as they should be" if found == expected else f"{name}: {json.dumps(found)}")
    ids = [span.span_id for span in spans]
    one_trace = len({span.trace_id for span in spans}) == 1 and len(set(ids)) == len(ids)
    report.expect(one_trace and all(any(id) for id in ids), f"{name}: one trace, each span once")
    roots = [span for span in spans if span.parent_span_id == parent]
    if roots:
        check_times(report, spans, roots[0], seconds)
    return roots[0] if roots else None


def trees(report):
    collector = Collector()
    with Service(settings(collector.url, {"cache.bytes.max": "0"})) as service:
        traced = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=a, other=b"}
        start = time.monotonic()
        answer = service.request("POST", "/v1/assets", body=PICTURE, headers=traced, timeout=60)
        seconds = time.monotonic() - start
        spans = collector.wait(lambda spans: any(span.name.startswith("POST") for span in spans))
        report.expect(bool(spans), f"{len(collector.bodies)} requests are ExportTraceServiceRequests, no field unknown")
        root = check_trace(report, "an upload", spans, UPLOAD, seconds)
        report.expect(all(span.trace_id == bytes.fromhex(TRACE) for span in spans), "the caller's trace goes on")
        report.expect(all(span.trace_state == "vendor=a,other=b" for span in spans), "and its tracestate")
        resource = collector.requests()[0].resource_spans[0].resource
        named = {entry.key: entry.value.string_value for entry in resource.attributes}
        report.expect(named.get("service.name") == "mediad" and named.get("service.instance.id"), f"resource: {sorted(named)}")
        facts = attributes(root)
        expected = {"http.request.method": "POST", "http.route": "/v1/assets", "http.response.status_code": 201}
        report.expect(expected.items() <= facts.items() and "url.path" not in facts, f"the server's span: {sorted(facts)}")
        report.expect(root.kind == Span.SPAN_KIND_SERVER, "is of kind server")
        report.expect(facts["media.request.id"] == answer.header("X-Request-Id"), "and has the request's id")

        for name, path, expected in (
            ("a miss", path_of(answer), MISS),
            ("a rendition made at its first request", path_of(answer).replace(".webp", ".jpg"), FIRST_REQUEST),
        ):
            collector.bodies.clear()
            start = time.monotonic()
            service.request("GET", path, headers=traced, timeout=60)
            seconds = time.monotonic() - start
            spans = collector.wait(lambda spans: any(span.name.startswith("GET") for span in spans))
            root = check_trace(report, name, spans, expected, seconds)
            report.expect(root is not None and attributes(root).get("url.path") == path, f"{name}: url.path is {path}")


def sampling(report):
    collector = Collector()
    with Service(settings(collector.url)) as service:
        answer = service.upload(PICTURE)
        path = path_of(answer)
        spans = collector.wait(lambda spans: any(span.name.startswith("POST") for span in spans))
        check_trace(report, "an upload without a caller's trace", spans, UPLOAD, 60, caller=False)
        # The first one puts it into the table of hits.
        for _ in range(2):
            service.request("GET", path)
        collector.wait(lambda spans: any(span.name.startswith("GET") for span in spans))

        def roots_after(headers, target=path, wanted=1):
            collector.bodies.clear()
            for _ in range(3):
                service.request("GET", target, headers=headers)
            end = time.monotonic() + (2 if wanted == 0 else COMES_SECONDS_MAX)
            while time.monotonic() < end:
                roots = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
                if wanted and len(roots) >= 3:
                    break
                time.sleep(0.05)
            return roots

        report.expect(not roots_after({}, wanted=0), "a hit begins no trace")
        report.expect(not roots_after({"traceparent": f"00-{TRACE}-{CALLER}-00"}, wanted=0), "nor one that is not recorded")
        report.expect(not roots_after({"traceparent": f"00-{TRACE}-{CALLER}-01-x"}, wanted=0), "nor one whose traceparent is none")
        hits = roots_after({"traceparent": f"00-{TRACE}-{CALLER}-01"})
        report.expect(
            len(hits) == 3 and all(span.parent_span_id.hex() == CALLER for span in hits), "a hit that the caller records has a span"
        )
        for wrong in (f"00-{TRACE}-{CALLER}-01-x", f"ff-{TRACE}-{CALLER}-01", f"00-{TRACE.upper()}-{CALLER}-01", "00-" + "0" * 32 + f"-{CALLER}-01"):
            roots = roots_after({"traceparent": wrong}, "/v1/assets")
            fresh = len(roots) == 3 and len({span.trace_id for span in roots} | {bytes.fromhex(TRACE)}) == 4
            report.expect(fresh and not any(span.parent_span_id for span in roots), f"a new trace instead of {wrong[:20]}…")
        refused = roots_after({}, "/nowhere/at-all")
        facts = attributes(refused[0])
        report.expect(
            facts["http.response.status_code"] == 404 and "url.path" not in facts and "nowhere" not in str(refused[0]),
            "a refusal's span names no path, and is no error of ours",
        )


def outgoing(report):
    collector, hook = Collector(), Listener()
    secret = "whsec_" + base64.b64encode(b"a-secret-of-the-check-0123456789").decode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hook"
        file.write_text(secret)
        target = f"hook:webhook,url={hook.url}/hidden,secret-file={file}"
        with Service(settings(collector.url, {"purge.targets": target})) as service:
            asset = service.upload(PICTURE).json()["id"]
            service.request("DELETE", f"/v1/assets/{asset}")
            spans = collector.wait(lambda spans: any(span.name == "purge" for span in spans))
            purges = [span for span in spans if span.name == "purge"]
            posts = [span for span in spans if purges and span.parent_span_id == purges[0].span_id]
            report.expect(
                bool(purges) and [span.name for span in posts] == ["POST"] and posts[0].kind == Span.SPAN_KIND_CLIENT,
                "a purge has a span, and its request one of kind client",
            )
            report.expect(attributes(purges[0]).get("media.target") == "hook", "by the target's name")
            told = [fields.get("traceparent", "") for _, fields in hook.heads]
            known = {f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01" for span in spans if span.name == "POST"}
            report.expect(bool(told) and told[0] in known, "the target is told of it by traceparent")
            said = b"".join(collector.bodies)
            report.expect(b"hidden" not in said and b"url.full" not in said and secret.encode() not in said, "no URL, no secret")


def work(service, count):
    """Uploads and deliveries, and the longest that one took."""
    longest = 0.0
    statuses = Counter()
    for _ in range(count):
        for method, path, body in (("POST", "/v1/assets", PICTURE), ("GET", None, None), ("GET", "/v1/assets", None)):
            start = time.monotonic()
            answer = service.request(method, path or rendition, body=body, timeout=60)
            longest = max(longest, time.monotonic() - start)
            statuses[answer.status] += 1
            if method == "POST":
                rendition = path_of(answer)
    return longest, statuses


def troubles(report):
    trouble = {
        "slow (30 s an answer)": (200, 30, {}),
        "answering 503": (503, 0, {"Retry-After": "1"}),
        "answering 429": (429, 0, {}),
        "answering 400": (400, 0, {}),
    }
    for name, plan in trouble.items():
        collector = Collector()
        collector.default = plan
        with Service(settings(collector.url)) as service:
            longest, statuses = work(service, 5)
            fine = set(statuses) == {200, 201} and longest < TROUBLED_SECONDS_MAX
            start = time.monotonic()
            code = service.stop()
            ended = time.monotonic() - start
            report.expect(fine and bool(collector.heads), f"{name}: {dict(statuses)}, at most {longest:.2f} s")
            report.expect(code == 0 and ended < 15, f"{name}: ends with {code} in {ended:.1f} s")
        collector.close()

    away = Collector()
    port = away.port
    away.close()
    with Service(settings(f"http://127.0.0.1:{port}")) as service:
        longest, statuses = work(service, 5)
        report.expect(set(statuses) == {200, 201} and longest < TROUBLED_SECONDS_MAX, f"away: {dict(statuses)}, at most {longest:.2f} s")
        time.sleep(1)
        back = Collector(port)
        spans = back.wait(lambda spans: sum(span.name == "POST /v1/assets" for span in spans) >= 5)
        uploads = sum(span.name == "POST /v1/assets" for span in spans)
        ids = Counter(span.span_id for span in spans)
        report.expect(uploads == 5 and max(ids.values()) == 1, f"back: the spans of {uploads} of 5 uploads came, none twice")

    failing = Collector()
    failing.plan = [(503, 0, {"Retry-After": "1"}), (502, 0, {}), (429, 0, {"Retry-After": "1"})]
    with Service(settings(failing.url)) as service:
        service.upload(PICTURE)
        spans = failing.wait(lambda spans: any(span.name == "POST /v1/assets" for span in spans))
        report.expect(tree(spans) == UPLOAD and len(failing.heads) >= 4, f"after 503, 502 and 429 all came at the {len(failing.heads)}. try")


def main():
    # What the collector may answer with is of the schema, too.
    json_format.ParseDict({}, ExportTraceServiceResponse())
    report = Report("traces: OTLP by the published schema")
    trees(report)
    sampling(report)
    outgoing(report)
    troubles(report)
    report.finish()


if __name__ == "__main__":
    main()
