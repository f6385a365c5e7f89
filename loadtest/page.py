"""The page of one run: what was asked, what had to hold, and graphs of both sides. It asks for nothing from outside."""

from html import escape
from pathlib import Path

from charts import Limit, Line, chart

STYLE = Path(__file__).resolve().parent / "page.css"
KIND_STYLES = {
    "hit": "c1", "latest": "c2", "unchanged": "c3", "range": "c4", "cold": "c5", "upload": "c6", "manifest": "c7",
    "absent": "c8",
}  # fmt: skip


def milliseconds(value):
    """Written as a person would: three digits that count."""
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    if value >= 100:
        return f"{value:.0f} ms"
    return f"{value:.3g} ms"


def plain(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def percent(value):
    return f"{100 * value:.0f} %" if value in (0, 1) else f"{100 * value:.3g} %"


def size(value):
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.3g} GiB"


def page(run):
    """`run` is a `Run` of run.py."""
    title = f"{run.name}: {'all thresholds hold' if run.holds else 'not all thresholds hold'}"
    body = [head(run), figures(run), thresholds(run)]
    body.append(section("What the clients saw", graphs(client_charts(run))))
    if run.looks:
        body.append(section("What the service says of itself", graphs(service_charts(run))))
    body += [kinds(run), counters(run), checks(run), foot(run)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{STYLE.read_text()}</style></head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body></html>\n"
    )


def section(title, inside):
    return f"<section><h2>{escape(title)}</h2>{inside}</section>"


def graphs(charts):
    return f'<div class="graphs">{"".join(charts)}</div>'


def head(run):
    word = "passed" if run.holds else "failed"
    return (
        f'<header><h1>Load test: {escape(run.name)}</h1><span class="verdict {word}">{word}</span>'
        f"<p>{escape(run.about)}</p></header>"
    )


def figures(run):
    trend, rate = run.values("origin_duration"), run.values("origin_errors")
    shown = [
        (plain(run.values("origin_answers")["count"]), "requests"),
        (plain(trend["count"] / run.seconds), "requests a second"),
        (milliseconds(trend["med"]), "median"),
        (milliseconds(trend["p(95)"]), "95th percentile"),
        (milliseconds(trend["p(99)"]), "99th percentile"),
        (percent(rate["rate"]), "errors"),
        (plain(run.values("origin_refused")["count"]), "of them refused, with Retry-After"),
    ]
    if run.recovery:
        shown.append((run.recovery, "to recover from the peak"))
    items = "".join(f"<li><b>{big}</b><span>{small}</span></li>" for big, small in shown)
    return f'<ul class="figures">{items}</ul>'


def table(titles, rows, texts=()):
    """Cells are HTML; columns of `texts` are read and not compared."""
    kind = ["text" if index in texts else "" for index in range(len(titles))]
    top = "".join(f'<th class="{kind[index]}">{title}</th>' for index, title in enumerate(titles))
    lines = "".join(
        "<tr>" + "".join(f'<td class="{kind[index]}">{cell}</td>' for index, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def verdict(holds):
    return '<span class="good">holds</span>' if holds else '<span class="bad">broken</span>'


def thresholds(run):
    rows = [(escape(bound.text), bound.measured, verdict(bound.holds)) for bound in run.bounds]
    return section("Thresholds", table(["what has to hold", "measured", ""], rows))


def client_charts(run):
    def trend(figure, name="origin_duration"):
        return [(window.at - run.start, window.trend(name, figure)) for window in run.windows]

    def a_second(name):
        return [(window.at - run.start, window.count(name) / run.window_seconds) for window in run.windows]

    marks = [(run.peak_end, "end of the peak")] if run.peak_end else []
    limits = [Limit(f"p{bound.percentile} < {milliseconds(bound.limit)}", bound.limit) for bound in run.duration_limits]
    yield chart(
        "Time to the whole answer", milliseconds,
        [Line("median", trend("med"), "c1"), Line("p95", trend("p95"), "c2"), Line("p99", trend("p99"), "c3")],
        run.span, limits, is_logarithmic=True, marks=marks,
        about="All kinds, from the first byte out to the last one in. In bold each line's highest.",
    )  # fmt: skip
    yield chart(
        "p95 by kind", milliseconds,
        [Line(kind, trend("p95", f"origin_duration_{kind}"), style) for kind, style in KIND_STYLES.items()],
        run.span, is_logarithmic=True, marks=marks,
        about="What comes from memory, what is rendered at the request, what is uploaded.",
    )  # fmt: skip
    yield chart(
        "Requests a second", plain,
        [
            Line("arrivals planned", run.planned, "c8 dashed"),
            Line("answered", a_second("origin_answers"), "c1"),
            *([Line("the service counted", [(look.at - run.start, look.requests) for look in run.looks], "c4")]
              if run.looks else []),
        ],
        run.span, marks=marks,
        about="Arrivals follow the clock, not the answers; an upload is four requests.",
    )  # fmt: skip
    yield chart(
        "Errors a second", plain,
        [
            Line("refused (503 with Retry-After)", a_second("origin_refused"), "c6"),
            Line("unanswered", a_second("origin_unanswered"), "c5"),
            Line("wrong", a_second("origin_wrong"), "c2"),
            Line("arrivals that found all users waiting", a_second("dropped_iterations"), "c8"),
        ],
        run.span, marks=marks,
        about="A refusal counts as an error; a wrong answer fails the run.",
    )  # fmt: skip


def service_charts(run):
    def seen(figure, factor=1):
        return [
            (look.at - run.start, None if getattr(look, figure) is None else getattr(look, figure) * factor)
            for look in run.looks
        ]

    marks = [(run.peak_end, "end of the peak")] if run.peak_end else []
    k6 = [(window.at - run.start, window.trend("origin_duration", "p95")) for window in run.windows]
    yield chart(
        "p95 of both sides", milliseconds,
        [Line("k6", k6, "c2"), Line("http_request_duration_seconds", seen("p95", 1000), "c4")],
        run.span, is_logarithmic=True, marks=marks,
        about="k6 waits in its own queues, too; the service's is interpolated within its buckets.",
    )  # fmt: skip
    yield chart(
        "Under way", plain,
        [
            Line("requests", seen("in_flight"), "c1"), Line("renders that wait", seen("queue"), "c5"),
            Line("busy workers", seen("busy"), "c4"), Line("renders refused a second", seen("refusals"), "c6"),
        ],
        run.span, marks=marks, about="At the moment of each scrape.",
    )  # fmt: skip
    yield chart(
        "Hit ratio of the memory cache", percent, [Line("hits of all lookups", seen("hit_ratio"), "c1")],
        run.span, top=1, marks=marks, about="Bodies that were in memory; 304s have none and do not count.",
    )  # fmt: skip
    yield chart(
        "Bodies a second", size, [Line("http_response_body_bytes_total", seen("bytes"), "c3")],
        run.span, base=1024, marks=marks, about="Bytes of response bodies.",
    )  # fmt: skip
    yield chart(
        "Processor time", plain, [Line("cores of mediad, without its workers", seen("cpu"), "c2")],
        run.span, marks=marks, about="process_cpu_seconds_total.",
    )  # fmt: skip
    yield chart(
        "Memory", size, [Line("mediad", seen("memory"), "c7"), Line("its workers", seen("worker_memory"), "c5")],
        run.span, base=1024, marks=marks, about="Resident.",
    )  # fmt: skip
    yield chart(
        "Made a second", plain, [Line("uploads", seen("uploads"), "c6"), Line("renditions", seen("renders"), "c5")],
        run.span, marks=marks, about="Renditions of uploads, and those that were made at a request.",
    )  # fmt: skip
    yield chart(
        "Descriptors and threads", plain,
        [Line("open descriptors", seen("descriptors"), "c1"), Line("threads", seen("threads"), "c8")],
        run.span, marks=marks, about="Of mediad; what only grows here is a leak.",
    )  # fmt: skip


def kinds(run):
    rows = []
    for kind in run.kinds:
        trend, errors = run.values(f"origin_duration_{kind}"), run.values(f"origin_errors_{kind}")["count"]
        times = [milliseconds(trend[figure]) for figure in ("med", "p(95)", "p(99)", "max")] if trend else ["–"] * 4
        share = f'<span class="bad">{errors:,.0f}</span>' if errors else "0"
        rows.append((escape(kind), f"{run.values(f'origin_count_{kind}')['count']:,.0f}", *times, share))
    titles = ["kind", "requests", "median", "p95", "p99", "longest", "errors"]
    return section("By kind of request", table(titles, rows))


def counters(run):
    if not run.comparisons:
        return section("Counters", "<p>Not compared: there was no ADMIN_URL to read the service's own from.</p>")
    rows = [
        (escape(one.name), f"{one.k6:,.0f}", f"{one.service:,.0f}", f"{100 * one.difference:.4f} %", verdict(one.holds))
        for one in run.comparisons
    ]
    return section("Counters of both sides", table(["", "k6", "the service", "difference", ""], rows))


def checks(run):
    rows = [
        (escape(name), f"{passes:,}", f'<span class="bad">{fails:,}</span>' if fails else "0")
        for name, passes, fails in run.checks
    ]
    return section("What was looked at in each answer", table(["claim", "held", "did not"], rows))


def foot(run):
    return f"<footer>{escape(run.footer)}</footer>"
