"""What a rendition costs that is not in memory, and what a range of a large blob reads.

Two services, one without a memory cache, take turns in one run; what counts is the median of the ratios of their CPU per
request for one picture of about 100 KB (as `bench_delivery.py` measures it; its blob is in the kernel's page cache, as
what is asked for mostly is). Then one range of an original of 50 MB, by the bytes that mediad read meanwhile
(/proc/PID/io).
"""

import argparse
import statistics
from pathlib import Path

import pyvips

from bench_delivery import Server, run
from service import Report, Service, shared

RATIO_MAX = 3.0
ROUNDS = 7
SECONDS = 2
TOKEN = "a-token-of-the-check-for-originals"
WANTED_BYTES = 102_400
PRESETS = {"presets": ";".join(f"w{width}:w={width},h={width}" for width in range(1600, 2600, 100)), "workers": 1}
# 16.8 megapixels without compression.
WIDTH, HEIGHT = 4200, 4000
RANGE_BYTES = 1 << 20
CHUNK_BYTES = 16 * 1024
# Header and first chunk are always read; a range begins and ends within chunks; some bytes are of sockets.
READ_BYTES_MAX = RANGE_BYTES + 3 * (CHUNK_BYTES + 16) + 568 + CHUNK_BYTES


def rendition(service):
    """The path of the picture's rendition that is nearest to the wanted size, and its size."""
    answer = service.upload(shared("photos/bench12.jpg").read_bytes(), timeout=120)
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {answer.body[:200]!r}")
    entry = min(answer.json()["renditions"].values(), key=lambda entry: abs(entry["bytes"] - WANTED_BYTES))
    return entry["url"], entry["bytes"]


def measure(report, options):
    settings = {**PRESETS, "render.deadline": "120s"}
    with Service(settings) as warm, Service({**settings, "cache.bytes.max": "0"}) as cold:
        paths = {service: rendition(service) for service in (warm, cold)}
        servers = {service: Server(name, service.port, pid=service.pid) for service, name in ((warm, "hit"), (cold, "cold"))}
        for service, (path, _) in paths.items():
            run(servers[service], path, 1)
        ran = {warm: [], cold: []}
        for _ in range(options.rounds):
            for service in (warm, cold):
                ran[service].append(run(servers[service], paths[service][0], options.seconds).micros)
    ratio = statistics.median(there / here for here, there in zip(ran[warm], ran[cold]))
    report.expect(
        ratio <= RATIO_MAX,
        f"{paths[cold][1]} bytes, {options.rounds} rounds: {statistics.median(ran[cold]):.0f} µs of CPU a request from "
        f"the sealed store, {statistics.median(ran[warm]):.0f} from memory: {ratio:.2f} × (at most {RATIO_MAX})",
    )


def bytes_read(service):
    lines = Path(f"/proc/{service.pid}/io").read_text().split("\n")
    return int(lines[0].removeprefix("rchar: "))


def touch(report):
    noise = pyvips.Image.gaussnoise(WIDTH, HEIGHT, mean=128, sigma=40)
    picture = noise.bandjoin([noise, noise]).cast("uchar").pngsave_buffer(compression=0)
    token = {"Authorization": f"Bearer {TOKEN}"}
    settings = {"presets": "thumbnail:w=64,h=64", "workers": 1, "render.deadline": "120s", "api.token": TOKEN}
    with Service(settings) as service:
        answer = service.request("POST", "/v1/assets", body=picture, headers=token, timeout=120)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status} {answer.body[:200]!r}")
        path = f"/a/{answer.json()['id']}/v1/original"
        first = len(picture) // 2 + 1
        before = bytes_read(service)
        part = service.request("GET", path, headers={**token, "Range": f"bytes={first}-{first + RANGE_BYTES - 1}"})
        read = bytes_read(service) - before
    report.expect(
        part.status == 206 and part.body == picture[first : first + RANGE_BYTES],
        f"{part.status}, {len(part.body)} bytes from {first} of {len(picture)}: those of the picture",
    )
    report.expect(read <= READ_BYTES_MAX, f"mediad read {read} bytes for them (at most {READ_BYTES_MAX})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long each service has in a round")
    report = Report("cold-reads: what is not in memory")
    measure(report, parser.parse_args())
    touch(report)
    report.finish()


if __name__ == "__main__":
    main()
