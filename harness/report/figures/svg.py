"""Fits matplotlib's SVG into a page: small, no ids that clash, the page's own colours, a title and a description."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from harness.report.colours import COLOURS
from harness.report.words import visible

INK, GRID, ALERT = "#14181d", "#d5dae1", "#b3001b"
"""Colours that figures are drawn with; in a page they become the page's colours of text, of rules and of alerts."""

LINE_ID = "tt-line-{}-{}"
"""Id of a line: the index of its submission's mark, and a number that is unique in the figure."""
BAND_ID = "tt-band-{}-{}"
"""Id of a band; a band is shown only while its submission is in colour."""
NAME_ID = "tt-name-{}-{}"
"""Id of a submission's name in a figure; it is hidden with the line, but in grey it stays readable."""


def svg_for_page(svg: str, prefix: str, title: str, description: str, axes: str = "") -> Markup:
    """Return `svg` as an element of a page: its ids start with `prefix`, its colours follow the page's theme.

    `title` and `description` are plain text for screen readers; `axes` is what the page's script needs to turn a position into
    values. This function escapes them.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    # Matplotlib's style sheet applies to every element, so in a page it would apply to the whole page.
    svg = re.sub(r"<style.*?</style>\s*", "", svg, flags=re.S)
    svg = re.sub(r'\sid="tt-(line|band|name)-(\d+)-\d+"', r' class="\1\2"', svg)
    svg = _shared_markers(svg)
    for index, name in enumerate(dict.fromkeys(re.findall(r"url\(#([^)]*)\)", svg))):
        svg = re.sub(rf'(id="|url\(#){re.escape(name)}(?=["\)])', rf"\g<1>{index}", svg)
    svg = re.sub(r'(\sid="|xlink:href="#|url\(#)', lambda match: match[1].replace("xlink:", "") + prefix, svg)
    svg = _without_unused_ids(svg)
    svg = re.sub(r' d="([^"]*)"', lambda match: f' d="{shorten_path(match[1])}"', svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), svg)
    svg = re.sub(r' style="([^"]*)"', lambda match: _short_style(match[1]), svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(" />", "/>").replace("<defs></defs>", "")
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    while True:  # A group without an id around a single element has no effect.
        svg, changes = re.subn(r"<g>(<(?:path|use)[^>]*/>|<text[^>]*>[^<]*</text>|)</g>", r"\1", svg)
        if not changes:
            break
    for index, colour in enumerate(COLOURS):
        svg = svg.replace(colour, f"var(--s{index})")
    svg = re.sub(r'clip-path="[^"]*" class="gl"', 'class="gl"', svg)
    svg = re.sub(r' style="([^"]*)"', lambda match: _as_classes(match[1]), svg)
    svg = re.sub(r'<g class="((?:line|band)\d+)"><path ([^>]*)class="([^"]*)"([^>]*)/></g>', r'<path \2class="\1 \3"\4/>', svg)
    for colour, name in ((INK, "currentColor"), (GRID, "var(--line)"), (ALERT, "var(--alert)")):
        svg = svg.replace(colour, name)
    box = re.search(r'viewBox="([^"]*)"', svg)
    values = f' data-axes="{escape(axes)}"' if axes else ""
    head = f'<svg class="figure"{values} viewBox="{box[1] if box else ""}" role="img" aria-labelledby="{prefix}t {prefix}d">'
    words = f'<title id="{prefix}t">{escape(visible(title))}</title><desc id="{prefix}d">{escape(visible(description))}</desc>'
    return Markup(re.sub(r"^<svg[^>]*>", lambda _: head + words, svg, count=1))


def _shared_markers(svg: str) -> str:
    """Define every marker once, under a short id: matplotlib defines it once per colour, which its uses state anyway."""
    names: dict[str, str] = {}
    found: dict[str, str] = {}

    svg = re.sub(r'(?<= d=")M 0 ([\d.]+)\s+(?:C[-\d.\s]*){8}z\s*(?=")', lambda match: _circle(float(match[1])), svg)

    def define(match: re.Match[str]) -> str:
        known = match[2] in names
        found[match[1]] = names.setdefault(match[2], f"m{len(names)}")
        return "" if known else f'<path id="{found[match[1]]}"{match[2]}/>'

    svg = re.sub(r'<path id="(m[0-9a-f]{10})"([^>]*)/>', define, svg)
    return re.sub(r'href="#(m[0-9a-f]{10})"', lambda match: f'href="#{found[match[1]]}"', svg)


def _circle(radius: float) -> str:
    """Return a circle around the origin as two arcs: matplotlib draws eight curves."""
    r, twice = f"{radius:g}", f"{2 * radius:g}"
    return f"M-{r} 0a{r} {r} 0 1 0 {twice} 0a{r} {r} 0 1 0 -{twice} 0z"


def shorten_path(path: str) -> str:
    """Return a path's data in relative steps, to a tenth of a unit; a path that is not made of straight lines stays as it is.

    >>> shorten_path("M 52.62 233.53 L 52.6 3.004 L 60 3 ")
    'M52.6 233.5l0-230.5 7.4 0'
    """
    curve = re.fullmatch(r"M (\S+) (\S+)\s+Q (\S+) (\S+) (\S+) (\S+)\s*", path)
    if curve and _is_straight([float(number) for number in curve.groups()]):
        path = f"M {curve[1]} {curve[2]} L {curve[5]} {curve[6]}"
    if not re.fullmatch(r"[MLz\d.eE\s-]*", path):
        return path
    parts: list[str] = []
    position, last = (0, 0), ""
    for command, x, y in re.findall(r"([ML])\s*(\S+)\s+(\S+)|z", path):
        if not command:
            parts.append("z")
            last = "z"
            continue
        point = round(10 * float(x)), round(10 * float(y))
        if command == "M":
            parts.append("M" + _numbers(*point))
        else:
            step = _numbers(point[0] - position[0], point[1] - position[1])
            parts.append(("l" if last != "L" else "" if step.startswith("-") else " ") + step)
        position, last = point, command
    return "".join(parts)


def _is_straight(curve: Sequence[float]) -> bool:
    """Return whether the middle point of a quadratic curve (start, middle, end) lies half-way, to a tenth of a unit."""
    a, b, x, y, c, d = curve
    return abs((a + c) / 2 - x) < 0.1 and abs((b + d) / 2 - y) < 0.1


def _numbers(x: int, y: int) -> str:
    first, second = (f"{v / 10:.1f}".removesuffix(".0") for v in (x, y))
    return first + ("" if second.startswith("-") else " ") + second


DEFAULTS = {
    f"fill: none; stroke: {GRID}; stroke-width: 0.7; stroke-linecap: round": "gl",
    f"fill: none; stroke: {INK}; stroke-width: 0.8; stroke-linejoin: miter; stroke-linecap: square": "ax",
}
"""Frequent style attributes, and the class in the page's style sheet that means the same."""
PARTS = {
    "fill:none;": "",
    "stroke-linecap:round": "",
    "stroke-dashoffset:0;": "",
    "stroke-opacity:0.7;stroke-width:0.8": "thin",
    "opacity:0.5;stroke-width:0.5": "le",
    f"fill:{INK};stroke:{INK}": "ink",
    f"font-size:10px;text-anchor:end;fill:{INK}": "te",
    f"font-size:10px;text-anchor:middle;fill:{INK}": "tm",
}
"""Frequent parts of a style, and their class; "" where the page's style sheet sets them on every coloured line."""


def _as_classes(text: str) -> str:
    """Return a style attribute as classes of the page's style sheet (colours, thin lines, tick labels) and what they lack.

    What stays a style takes its colour from ``--c`` where the page's script gives a submission another one, as the classes do.
    """
    line = re.search(r"stroke:var\(--s(\d)\);?", text)
    dot = re.fullmatch(r"fill:var\(--s(\d)\)", text)
    if dot:
        return f' class="f{dot[1]}"'
    beside = re.fullmatch(r"font-size:8.5px;text-anchor:start;fill:var\(--s(\d)\)", text)
    if beside:
        return f' class="tn f{beside[1]}"'
    if not line and text not in PARTS:
        return f' style="{_own_colour(text)}"'
    classes = [f"c{line[1]}"] if line else []
    text = text.replace(line[0], "") if line else text
    for part, name in PARTS.items():
        if part in text:
            text = text.replace(part, "")
            classes += [name] if name else []
    text = text.strip(";")
    return f' class="{" ".join(classes)}"' + (f' style="{_own_colour(text)}"' if text else "")


def _own_colour(text: str) -> str:
    return re.sub(r"var\(--s(\d)\)", r"var(--c,var(--s\1))", text)


def _short_style(text: str) -> str:
    """Return a style attribute in short form, without what the page's style sheet sets on every figure."""
    text = re.sub(r"font: ([\d.]+)px [^;]*", r"font-size: \1px", text)
    text = "; ".join(part for part in text.split("; ") if not part.startswith("font-family"))
    known = DEFAULTS.get(text)
    return f' class="{known}"' if known else f' style="{text.replace(": ", ":").replace("; ", ";")}"'


def _without_unused_ids(svg: str) -> str:
    """Drop ids that nothing refers to, since matplotlib gives every group one."""
    used = set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg))
    names = {name for pair in used for name in pair if name}
    return re.sub(r'\sid="([^"]*)"', lambda match: match[0] if match[1] in names else "", svg)
