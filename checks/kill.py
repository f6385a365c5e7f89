"""kill -9 in the middle of parallel uploads, again and again: what was answered 201 is there afterwards."""

import argparse
import http.client
import random
import threading
import time

from service import Report, Service, photos, survivors

UPLOADERS = 8
# Workers that mediad no longer reads from must notice and go.
WORKER_EXIT_SECONDS_MAX = 5
# Start-up recovery finishes what was `processing`.
RECOVERY_SECONDS_MAX = 60


class Round:
    """Eight uploaders that go on until the service is gone, and remember what it promised."""

    def __init__(self, service, pictures, seed):
        self.service = service
        self.pictures = pictures
        self.promised = []
        self.refused = []
        self.in_flight = 0
        self.mutex = threading.Lock()
        self.stopped = threading.Event()
        self.threads = [
            threading.Thread(target=self.upload, args=(random.Random(f"{seed}/{number}"),))
            for number in range(UPLOADERS)
        ]

    def upload(self, chance):
        while not self.stopped.is_set():
            picture = chance.choice(self.pictures)
            with self.mutex:
                self.in_flight += 1
            try:
                answer = self.service.upload(picture)
                with self.mutex:
                    (self.promised if answer.status == 201 else self.refused).append(answer)
            except (OSError, http.client.HTTPException):
                # An answer that was cut short is no promise.
                pass
            finally:
                with self.mutex:
                    self.in_flight -= 1

    def run_until_killed(self, seconds):
        """Returns how many uploads were in flight when the signal fell, and the workers that outlived it."""
        for thread in self.threads:
            thread.start()
        time.sleep(seconds)
        workers = self.service.workers()
        in_flight = self.in_flight
        self.service.kill()
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        return in_flight, survivors(workers, WORKER_EXIT_SECONDS_MAX)


def broken(service, manifests):
    """Of the renditions of all acknowledged uploads, those that are not served with the right digest."""
    wrong = []
    for manifest in manifests:
        for name, rendition in manifest["renditions"].items():
            served = service.get(rendition["url"])
            if served.status != 200 or served.sha256 != rendition["sha256"]:
                wrong.append(f"{rendition['url']} ({name}): {served.status}, {served.sha256}")
        shown = service.get(f"/v1/assets/{manifest['id']}")
        if shown.status != 200 or shown.json()["source"]["sha256"] != manifest["source"]["sha256"]:
            wrong.append(f"/v1/assets/{manifest['id']}: {shown.status}")
    return wrong


def unfinished(service):
    """How many assets the catalog still has as `processing`, once recovery has had its time."""
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while True:
        states = [asset["state"] for asset in listed(service)]
        if "processing" not in states or time.monotonic() > deadline:
            return states.count("processing"), len(states)
        time.sleep(0.5)


def listed(service):
    """All assets, page by page."""
    path = "/v1/assets?limit=100"
    while path:
        page = service.get(path).json()
        yield from page["assets"]
        path = f"/v1/assets?limit=100&cursor={page['nextCursor']}" if page.get("nextCursor") else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    # The small ones: more uploads a round, so more moments that a kill can fall into.
    pictures = [path.read_bytes() for path in photos() if path.suffix == ".png"]
    report = Report(f"kill: {options.rounds} × kill -9 during {UPLOADERS} parallel uploads; --seed {options.seed}")
    chance = random.Random(options.seed)
    acknowledged = []
    with Service() as service:
        for number in range(1, options.rounds + 1):
            seconds = chance.uniform(0.3, 4)
            attempt = Round(service, pictures, f"{options.seed}/{number}")
            in_flight, orphans = attempt.run_until_killed(seconds)
            report.expect(
                not orphans, f"round {number}: {len(orphans)} workers outlive mediad by {WORKER_EXIT_SECONDS_MAX} s"
            )
            report.expect(
                in_flight > 0, f"round {number}: killed after {seconds:.2f} s with {in_flight} uploads in flight"
            )
            for answer in attempt.refused:
                if answer.status not in (429, 503):
                    report.expect(False, f"round {number}: {answer.status} {answer.body[:200]!r}")
            acknowledged += [answer.json() for answer in attempt.promised]
            service.start()
            wrong = broken(service, [answer.json() for answer in attempt.promised])
            report.expect(
                not wrong, f"round {number}: {len(attempt.promised)} acknowledged, {len(wrong)} wrong after restart"
            )
            for text in wrong[:5]:
                report.note(text)
        wrong = broken(service, acknowledged)
        processing, assets = unfinished(service)
    report.expect(bool(acknowledged), f"{len(acknowledged)} uploads answered 201 in all")
    report.expect(not wrong, f"{len(wrong)} of them lost or with wrong bytes after the last restart (is to be 0)")
    report.expect(processing == 0, f"{processing} of {assets} assets in the catalog still `processing` (is to be 0)")
    report.finish()


if __name__ == "__main__":
    main()
