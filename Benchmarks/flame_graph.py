"""Draws folded stacks (`root;caller;function 12`, as Brendan Gregg's tools have them) as a flame graph in SVG.

A rectangle is a function, on top of the one that called it, as wide as the part of the samples it is in. The page is one
file without scripts: the name and the figures are in each rectangle's tooltip.
"""

import hashlib
from html import escape

WIDTH = 1600
ROW = 17
MARGIN = 8
HEAD = 40
# Narrower ones are left out.
PIXELS_MIN = 0.4
CHARACTER_PIXELS = 6.6


class Frame:
    """A function where it was called from one place."""

    def __init__(self):
        self.samples = 0
        self.callees = {}

    def add(self, stack, samples):
        self.samples += samples
        frame = self
        for name in stack:
            frame = frame.callees.setdefault(name, Frame())
            frame.samples += samples

    def depth(self):
        return 1 + max((callee.depth() for callee in self.callees.values()), default=0)


def draw(folded, title):
    """The SVG of a dictionary from stacks (tuples, the root first) to samples."""
    root = Frame()
    for stack, samples in folded.items():
        root.add(stack, samples)
    height = HEAD + ROW * root.depth() + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fffdf5"/>',
        f'<text x="{MARGIN}" y="20" font-size="14">{escape(title)}</text>',
    ]
    rectangles(lines, root, "all", MARGIN, height - MARGIN - ROW, (WIDTH - 2 * MARGIN) / max(1, root.samples), root.samples)
    return "\n".join([*lines, "</svg>", ""])


def rectangles(lines, frame, name, left, top, scale, total):
    width = frame.samples * scale
    if width < PIXELS_MIN:
        return
    part = 100 * frame.samples / max(1, total)
    characters = int(width / CHARACTER_PIXELS)
    shown = name if len(name) <= characters else name[: max(0, characters - 1)] + "…" if characters > 3 else ""
    lines.append(
        f'<g><title>{escape(name)}: {frame.samples} samples, {part:.2f} %</title>'
        f'<rect x="{left:.1f}" y="{top}" width="{max(0.3, width - 0.5):.1f}" height="{ROW - 1}" fill="{colour(name)}"/>'
        f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(shown)}</text></g>'
    )
    for callee, below in sorted(frame.callees.items()):
        rectangles(lines, below, callee, left, top - ROW, scale, total)
        left += below.samples * scale


def colour(name):
    """The same for the same name; the kernel's are blue, ours green."""
    shade = hashlib.sha256(name.encode()).digest()[0] % 50
    if name.endswith("_[k]"):
        return f"rgb({130 + shade},{170 + shade},235)"
    if "Media" in name:
        return f"rgb({120 + shade},{205 + shade // 2},{120 + shade})"
    return f"rgb({225 + shade // 2},{140 + shade},{80 + shade})"
