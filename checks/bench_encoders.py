"""What the encoders of JPEG and AVIF take in a worker: CPU and memory by the pixel, at each effort, and of noise."""

import argparse
import statistics
import time
from pathlib import Path

import pyvips
from cpu import process_seconds
from service import Report, Service, shared

# Efforts that are different to the encoder of AVIF: libvips counts every second one.
EFFORTS = (0, 2, 4, 6)
PHOTOS = (
    "kodim05.png",
    "kodim23.png",
    "bench12.jpg",
    "photo-6mp-life.jpg",
    "photo-12mp-sunset.jpg",
    "photo-20mp-kleiber.jpg",
)
# A worker that has waited so long has given back what it held of the job before.
IDLE_SECONDS = 1.5
# Nothing here is about waiting: a busy machine is given its time.
SECONDS_MAX = 300


def sources(width):
    """PNGs of three samples a pixel: no decoder leaves anything out of them, so that decoding can be taken away."""
    for name in PHOTOS:
        photo = pyvips.Image.new_from_file(str(shared(f"photos/{name}")), access="sequential")[0:3]
        # Beyond their own size they would say little: what is blown up is smooth.
        if not name.startswith("kodim") or width <= 1800:
            yield name, photo.thumbnail_image(width, height=width, size="down")
    noise = [pyvips.Image.gaussnoise(width, width * 3 // 4, mean=128, sigma=80, seed=band) for band in range(3)]
    yield "noise", noise[0].bandjoin(noise[1:])


def memory(worker, field):
    for line in Path(f"/proc/{worker}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} of {worker}")


def made(service, asset, file):
    """CPU seconds and peak bytes of the worker for one rendition that is made now."""
    (worker,) = service.workers()
    time.sleep(IDLE_SECONDS)
    # proc(5): 5 sets the peak back to what is resident now.
    Path(f"/proc/{worker}/clear_refs").write_text("5")
    resident, before = memory(worker, "VmRSS"), process_seconds(worker)
    answer = service.request("GET", f"/a/{asset}/v1/{file}", timeout=SECONDS_MAX)
    if answer.status != 200:
        raise RuntimeError(f"{file}: {answer.status} {answer.body[:200]!r}")
    return process_seconds(worker) - before, memory(worker, "VmHWM") - resident


def measure(service, report, name, picture):
    """Prints the rates of one picture, and returns them by format and effort, in µs of CPU and bytes by the pixel."""
    pixels = picture.width * picture.height
    answer = service.upload(picture.cast("uchar").write_to_buffer(".png", compression=1), timeout=SECONDS_MAX)
    if answer.status != 201:
        raise RuntimeError(f"{name}: {answer.status} {answer.body[:200]!r}")
    asset = answer.json()["id"]
    decoding, base = made(service, asset, "tiny.jpg")
    rates = {}
    for ending, efforts in (("jpg", (0,)), ("avif", EFFORTS)):
        for effort in efforts:
            seconds, peak = made(service, asset, f"e{effort}.{ending}")
            rates[ending, effort] = ((seconds - decoding) * 1e6 / pixels, (peak - base) / pixels)
    text = ", ".join(f"{ending} {effort}: {cpu:.3f} µs {peak:.0f} B" for (ending, effort), (cpu, peak) in rates.items())
    report.note(f"{name}, {pixels / 1e6:.1f} MP: {text}")
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=1800, help="the longer side; above 3 MP all efforts are one")
    parser.add_argument("--quality", type=int, default=80)
    options = parser.parse_args()
    report = Report(f"encoder rates: a pixel, at most {options.width} wide, q={options.quality}, decoding taken away")
    common = f"q={options.quality},formats=avif+webp+jpeg"
    presets = [f"tiny:w=32,{common}"] + [f"e{effort}:w=16000,effort={effort},{common}" for effort in EFFORTS]
    # Nothing else may happen in the one worker, and no rendition come from anywhere else.
    settings = {
        "workers": 1,
        "presets": ";".join(presets),
        "render.deadline": f"{SECONDS_MAX}s",
        "worker.resident.max": 0,
    }
    with Service(settings) as service:
        every = [measure(service, report, *source) for source in sources(options.width)]
    for key in every[0]:
        figures = [[rates[key][part] for rates in every] for part in (0, 1)]
        report.note(
            f"{key[0]} at effort {key[1]}: photographs {statistics.median(figures[0][:-1]):.3f} µs "
            f"(at most {max(figures[0][:-1]):.3f}), noise {figures[0][-1]:.3f} µs; memory at most "
            f"{max(figures[1]):.0f} bytes"
        )
    report.finish()


if __name__ == "__main__":
    main()
