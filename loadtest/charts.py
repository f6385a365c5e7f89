"""Line charts as inline SVG. Colours come from the page's style sheet, so that they follow light and dark."""

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 26
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
TICKS = 5
# What may be between two times that are written below.
STEPS_SECONDS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]
# A line is interrupted where there was nothing for so many times the usual distance of its points.
GAP_FACTOR = 3.5


@dataclass
class Line:
    """`points` are `(seconds, value)`; None is where there is nothing. `style` is a class of the style sheet."""

    name: str
    points: list
    style: str


@dataclass
class Limit:
    name: str
    value: float


class Axis:
    """From values to heights, and the values that are written beside the axis. `base` is what round numbers are of."""

    def __init__(self, values, is_logarithmic, top=None, base=1):
        most = max([*values, 0]) or 1
        if is_logarithmic:
            least = min((value for value in values if value > 0), default=most / 10)
            self.low, self.high = math.floor(math.log10(least)), math.ceil(math.log10(most))
            self.high = max(self.high, self.low + 1)
            self.ticks = [10**exponent for exponent in range(self.low, self.high + 1)]
        else:
            step = top / TICKS if top else nice(most / TICKS, base)
            self.low, self.high = 0, top or step * math.ceil(most / step)
            self.ticks = [step * index for index in range(round(self.high / step) + 1)]
        self.is_logarithmic = is_logarithmic

    def height(self, value):
        place = math.log10(value) if self.is_logarithmic and value > 0 else value
        if self.is_logarithmic and value <= 0:
            place = self.low
        part = (place - self.low) / (self.high - self.low)
        return TOP + PLOT_HEIGHT * (1 - min(1, max(0, part)))


def nice(step, base=1):
    """The next of 1, 2, 2.5 and 5 with a power of ten; for bytes, whose base is 1024, of the largest unit below."""
    unit = base ** math.floor(math.log(step, base)) if base > 1 and step >= base else 1
    power = 10 ** math.floor(math.log10(step / unit))
    return unit * next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step / unit * 0.999)


def chart(title, unit, lines, seconds, limits=(), is_logarithmic=False, top=None, base=1, marks=(), about=""):
    """A figure. `unit` writes a value; `marks` are `(seconds, text)`, upright lines; `about` says what is seen."""
    lines = [line for line in lines if any(value is not None for _, value in line.points)]
    values = [value for line in lines for _, value in line.points if value is not None]
    if not values:
        return ""
    axis = Axis([*values, *(limit.value for limit in limits)], is_logarithmic, top, base)
    across = Across(seconds)
    parts = [grid(axis, unit), across.grid()]
    parts += [mark(across.place(at), text) for at, text in marks]
    parts += [bound(axis, limit) for limit in limits]
    parts += [drawn(line, axis, across) for line in lines]
    keys = "".join(
        f'<li><span class="key {line.style}"></span>{escape(line.name)} <b>{escape(unit(last(line)))}</b></li>'
        for line in lines
    )
    return (
        f'<figure><figcaption><h3>{escape(title)}</h3><p>{escape(about)}</p></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<ul class="legend">{keys}</ul></figure>'
    )


def last(line):
    """The highest of the line: the number that is asked for first."""
    return max(value for _, value in line.points if value is not None)


class Across:
    """From seconds to places across."""

    def __init__(self, seconds):
        self.seconds = max(seconds, 1e-6)

    def place(self, at):
        return LEFT + PLOT_WIDTH * min(1, max(0, at / self.seconds))

    def grid(self):
        step = next((step for step in STEPS_SECONDS if self.seconds / step <= 10), STEPS_SECONDS[-1])
        parts = []
        for index in range(int(self.seconds / step + 1e-9) + 1):
            at = index * step
            place = self.place(at)
            # The last one ends at the edge, for it would be cut off there.
            kind = "across" if place < WIDTH - RIGHT - 16 else "across edge"
            parts.append(f'<text x="{place:.1f}" y="{HEIGHT - 8}" class="{kind}">{clock(at)}</text>')
        return "".join(parts)


def clock(seconds):
    if seconds < 60:
        return f"{seconds:g} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours}:{minutes:02} h" if hours else f"{minutes}:{seconds % 60:02.0f}"


def grid(axis, unit):
    rows = [(axis.height(tick), escape(unit(tick))) for tick in axis.ticks]
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{height + 3.5:.1f}" class="up">{text}</text>'
        for height, text in rows
    )


def mark(place, text):
    return (
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{TOP}" y2="{TOP + PLOT_HEIGHT}" class="mark"/>'
        f'<text x="{place + 4:.1f}" y="{TOP + PLOT_HEIGHT - 6}" class="marked">{escape(text)}</text>'
    )


def bound(axis, limit):
    height = axis.height(limit.value)
    # Above its line, unless that is at the very top.
    label = height - 4 if height > TOP + 12 else height + 12
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" class="limit"/>'
        f'<text x="{WIDTH - RIGHT - 4}" y="{label:.1f}" class="limited">{escape(limit.name)}</text>'
    )


def drawn(line, axis, across):
    """A path, with a dot where a point stands alone."""
    points = [(at, value) for at, value in line.points if value is not None]
    distance = across.seconds / max(len(line.points), 1)
    path, dots, before = [], [], None
    for index, (at, value) in enumerate(points):
        place = f"{across.place(at):.1f} {axis.height(value):.1f}"
        joins = before is not None and at - before <= GAP_FACTOR * distance
        goes_on = index + 1 < len(points) and points[index + 1][0] - at <= GAP_FACTOR * distance
        path.append(f"{'L' if joins else 'M'}{place}")
        if not joins and not goes_on:
            dots.append('<circle cx="{}" cy="{}" r="1.8" class="dot {}"/>'.format(*place.split(), line.style))
        before = at
    return f'<path d="{"".join(path)}" class="line {line.style}"/>{"".join(dots)}'
