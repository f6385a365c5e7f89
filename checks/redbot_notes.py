"""REDbot against a live service: what each kind of answer says, and whether it does what it says when asked again.

REDbot asks a resource several times by itself: with its validators, for a part, without compression. It runs one
resource in one process, which this file is, too, when it is given a URL.
"""

import json
import subprocess
import sys
from configparser import ConfigParser

from explained_notes import ExplainedNotes
from service import CHECKOUT, Report, Service

UNKNOWN = "00000000000000000000000000"
TIMEOUT_SECONDS = 60
# REDbot's name for each resource of its own that it asks for.
ROOT = "default"


def examine(method, url, *headers):
    """Prints the notes of one resource as JSON: (who asked, level, class, summary)."""
    import thor
    from redbot.resource import HttpResource

    config = ConfigParser()
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(config["redbot"])
    resource.set_request(url, method=method, headers=[tuple(header.split(": ", 1)) for header in headers])

    @thor.events.on(resource)
    def check_done():
        thor.stop()

    resource.check()
    thor.run()
    asked = [(ROOT, resource), *resource.subreqs.items()]
    print(
        json.dumps(
            {
                "status": resource.response.status_code,
                "notes": [
                    (name, note.level.name, type(note).__name__, str(note))
                    for name, each in asked
                    for note in each.response.notes
                ],
            }
        )
    )


def asked(method, url, headers):
    """What REDbot says, from a process of its own."""
    command = [sys.executable, __file__, method, url, *(f"{name}: {value}" for name, value in headers.items())]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"REDbot failed: {answer.stderr[-2000:]}")
    return json.loads(answer.stdout)


def cases(service):
    """(name, status, method, path, fields, port), in the order of the asset's life."""
    manifest = service.upload((CHECKOUT / "fixtures/pictures/noise.png").read_bytes()).json()
    for _ in range(4):
        service.upload((CHECKOUT / "fixtures/pictures/gradient.png").read_bytes())
    asset = f"/v1/assets/{manifest['id']}"
    url = manifest["renditions"]["preview"]["url"]
    latest = url.replace("/v1/", "/latest/")
    tag = service.get(url).header("etag")
    size = manifest["renditions"]["preview"]["bytes"]
    for kind, path in (("versioned", url), ("latest", latest)):
        yield f"{kind} 200", 200, "GET", path, {}, service.port
        yield f"{kind} HEAD", 200, "HEAD", path, {}, service.port
        yield f"{kind} 304", 304, "GET", path, {"If-None-Match": tag}, service.port
        yield f"{kind} 206", 206, "GET", path, {"Range": "bytes=10-99"}, service.port
        yield f"{kind} 416", 416, "GET", path, {"Range": f"bytes={size}-"}, service.port
        # A preflight is httplint's (http_responses.py): REDbot does not tell it from another OPTIONS.
        yield f"{kind} OPTIONS", 204, "OPTIONS", path, {}, service.port
        yield f"{kind} 405", 405, "POST", path, {}, service.port
    yield "404", 404, "GET", url.replace("/v1/", "/v2/"), {}, service.port
    yield "manifest", 200, "GET", asset, {}, service.port
    yield "page", 200, "GET", "/v1/assets", {}, service.port
    yield "problem", 400, "GET", "/v1/assets?limit=x", {}, service.port
    yield "404 manifest", 404, "GET", f"/v1/assets/{UNKNOWN}", {}, service.port
    yield "metrics", 200, "GET", "/metrics", {}, service.admin_port
    yield "livez", 200, "GET", "/livez", {}, service.admin_port
    service.request("DELETE", asset)
    yield "410", 410, "GET", url, {}, service.port
    yield "410 latest", 410, "GET", latest, {}, service.port


def main():
    report = Report("redbot: what each kind of answer says, and whether it keeps to it")
    explained = ExplainedNotes()
    good = 0
    with Service() as service:
        number = 0
        for number, (name, status, method, path, headers, port) in enumerate(cases(service), 1):
            found = asked(method, f"http://127.0.0.1:{port}{path}", headers)
            if str(found["status"]) != str(status):
                report.expect(False, f"{name}: status {found['status']}, is to be {status}")
            for who, level, note, text in found["notes"]:
                where = name if who == ROOT else f"{name}, {who}"
                good += level == "GOOD"
                if level == "BAD" or (level == "WARN" and not explained.is_explained(note, where)):
                    report.expect(False, f"{where}: {level} {note}: {text}")
        report.expect(service.is_alive(), "mediad is alive")
    for line in explained.report():
        report.note(line)
    report.expect(
        not report.failures, f"{number} kinds of answers: REDbot finds no BAD and no unexplained WARN, {good} GOOD"
    )
    report.finish()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        examine(*sys.argv[1:])
    else:
        main()
