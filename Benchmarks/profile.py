"""A flame graph of the release service under load, in .build/profiles: hits of about 16 KB and 100 KB, misses, uploads.

perf samples the stacks where it may (frame pointers; by the processor's cycles, or by the clock where a virtual machine
has no such counter). Where it may not, valgrind's callgrind counts instructions: about fifty times slower, and a stack is
then put together of which function calls which, in proportion. Names are demangled by `swift demangle`.
"""

import argparse
import collections
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "checks"))
import flame_graph  # noqa: E402
from service import CHECKOUT, PROGRAMS, Service, shared  # noqa: E402

HERTZ = 497
LOADS = ("hits-16k", "hits-100k", "misses", "uploads")
# Widths at which the photograph comes to about 16 KB and about 100 KB.
PRESETS = "small:w=460,h=460;large:w=1900,h=1900"
PRESET_OF = {"hits-16k": "small", "hits-100k": "large", "misses": "small"}
ADDRESS = re.compile(r"\+0x[0-9a-f]+$")


def perf_works():
    """By trying: whether there is one, and whether it may look into a process of ours."""
    if not shutil.which("perf"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = ["perf", "record", "-o", f"{folder}/data", "-F", "99", "-g", "--", sys.executable, "-c", "sum(range(10**7))"]
        ran = subprocess.run(command, capture_output=True)
        return ran.returncode == 0 and bool(perf_stacks(Path(folder) / "data"))


def perf_stacks(data):
    """Samples by stack, the root first."""
    command = ["perf", "script", "-i", data, "-F", "comm,ip,sym,dso"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, errors="replace").stdout
    folded = collections.Counter()
    for sample in text.split("\n\n"):
        lines = [line for line in sample.splitlines() if line.strip()]
        if len(lines) < 2:
            continue
        frames = [frame(line.strip()) for line in lines[1:]]
        folded[tuple(reversed(frames))] += 1
    return folded


def frame(line):
    """`7f.. symbol (library)`; the kernel's get a mark."""
    found = re.match(r"[0-9a-f]+ (.*) \((.*)\)$", line)
    if not found:
        return line
    symbol, library = ADDRESS.sub("", found[1]), found[2]
    if symbol == "[unknown]":
        return f"[{Path(library).name}]"
    return symbol + ("_[k]" if "kernel" in library or library.startswith("[k") else "")


def callgrind_stacks(data):
    """Stacks from the calls that callgrind has counted: below a function, its callees' costs in proportion."""
    own, calls, names, incoming = collections.Counter(), collections.defaultdict(collections.Counter), {}, set()

    def name(text):
        key, _, spelt = text.partition(" ")
        if spelt:
            names[key] = spelt
        return names.get(key, text)

    function = callee = None
    for line in data.read_text(errors="replace").splitlines():
        if line.startswith("fn="):
            function = name(line[3:])
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif re.match(r"[+\-*\d]", line) and function:
            cost = int(line.split()[1]) if len(line.split()) > 1 else 0
            if callee:
                if callee != function:
                    calls[function][callee] += cost
                    incoming.add(callee)
                callee = None
            else:
                own[function] += cost
    folded = collections.Counter()
    for root in set(own) | set(calls):
        if root not in incoming:
            unfold(folded, own, calls, (root,), own[root] + sum(calls[root].values()))
    return folded


def unfold(folded, own, calls, stack, cost):
    function = stack[-1]
    whole = own[function] + sum(calls[function].values())
    if whole == 0 or cost < 1:
        return
    folded[stack] += round(cost * own[function] / whole)
    for callee, below in calls[function].items():
        # Recursion ends here; what it took stays with the caller.
        if callee not in stack and len(stack) < 80:
            unfold(folded, own, calls, (*stack, callee), cost * below / whole)


def demangled(folded):
    """The same with Swift's names as they are written, without what makes them long."""
    names = sorted({name for stack in folded for name in stack})
    ran = subprocess.run(["swift", "demangle", "--simplified"], input="\n".join(names), capture_output=True, text=True)
    if ran.returncode != 0:
        print("      names stay mangled: there is no `swift demangle`")
        return folded
    spelt = dict(zip(names, ran.stdout.splitlines()))
    result = collections.Counter()
    for stack, samples in folded.items():
        result[tuple(spelt.get(name, name) for name in stack)] += samples
    return result


def load(service, name, seconds):
    """A function that loads it for so long."""
    if name == "uploads":
        return lambda: upload(service, seconds)
    made = service.upload(shared("photos/bench12.jpg").read_bytes())
    path = made.json()["renditions"][PRESET_OF[name]]["url"]
    service.get(path)
    print(f"      {name}: {len(service.get(path).body)} bytes a body", flush=True)
    url = f"http://127.0.0.1:{service.port}{path}"
    return lambda: subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", url], check=True, capture_output=True)


def upload(service, seconds):
    """Two clients; each picture is another one by a comment at its end."""
    picture = shared("photos/bench12.jpg").read_bytes()
    end = time.monotonic() + seconds

    def client(number):
        turn = 0
        while time.monotonic() < end:
            turn += 1
            answer = service.upload(picture + f"{number}-{turn}".encode())
            if answer.status != 201:
                print(f"      an upload was answered with {answer.status}: {answer.body[:100]!r}")
                return

    threads = [threading.Thread(target=client, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def profile_by_perf(name, settings, seconds, scratch):
    with Service(settings) as service:
        run = load(service, name, seconds)
        data = scratch / "perf.data"
        pids = ",".join(map(str, [service.pid, *(service.workers() if name == "uploads" else [])]))
        command = ["perf", "record", "-o", data, "-F", str(HERTZ), "-g", "-p", pids]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as perf:
            try:
                run()
            finally:
                perf.send_signal(signal.SIGINT)
    return perf_stacks(data)


def profile_by_valgrind(name, settings, seconds, scratch):
    """The service is started through a script in the place of the program."""
    programs = scratch / "programs"
    programs.mkdir()
    for program in ("mediaworker", "mediactl"):
        (programs / program).symlink_to(PROGRAMS / program)
    script = programs / "mediad"
    out = scratch / "callgrind.out"
    script.write_text(
        "#!/bin/sh\n"
        f"exec valgrind --tool=callgrind --callgrind-out-file={out} -q {programs}/mediad.stripped \"$@\"\n"
    )
    # Debian 12's valgrind gives up at the debugging information of today's compilers; the names are enough.
    strip = ["strip", "--strip-debug", "-o", programs / "mediad.stripped", PROGRAMS / "mediad"]
    subprocess.run(strip, check=True)
    script.chmod(0o755)
    import service as services

    services.PROGRAMS = programs
    services.START_SECONDS_MAX = 300
    with Service(settings) as service:
        load(service, name, seconds)()
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(timeout=300)
    return callgrind_stacks(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", default=[], metavar="LOAD", help=", ".join(LOADS) + " (default: all)")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--valgrind", action="store_true", help="also where perf works")
    options = parser.parse_args()
    if unknown := set(options.loads) - set(LOADS):
        parser.error(f"no load {', '.join(unknown)}; there are {', '.join(LOADS)}")
    by_perf = not options.valgrind and perf_works()
    print("== profile by " + ("perf" if by_perf else "valgrind's callgrind, since perf may not look into processes here"))
    folder = CHECKOUT / ".build" / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.loads or LOADS:
        settings = {} if name == "uploads" else {"presets": PRESETS, "render.deadline": "120s"}
        if name == "misses":
            settings["cache.bytes.max"] = "0"
        with tempfile.TemporaryDirectory() as scratch:
            method = profile_by_perf if by_perf else profile_by_valgrind
            folded = demangled(method(name, settings, options.seconds, Path(scratch)))
        if not folded:
            sys.exit(f"FAIL  {name}: no samples")
        total = sum(folded.values())
        lines = [";".join(stack) + f" {samples}\n" for stack, samples in sorted(folded.items())]
        (folder / f"{name}.folded").write_text("".join(lines))
        picture = folder / f"{name}.svg"
        picture.write_text(flame_graph.draw(folded, f"{name}: {total} samples"))
        print(f"{name}: {total} samples, {picture.relative_to(CHECKOUT)}", flush=True)
        for function, samples in leaves(folded).most_common(5):
            print(f"      {100 * samples / total:5.1f} %  {function[:110]}", flush=True)


def leaves(folded):
    """Samples by the function they were taken in."""
    result = collections.Counter()
    for stack, samples in folded.items():
        result[stack[-1]] += samples
    return result


if __name__ == "__main__":
    main()
