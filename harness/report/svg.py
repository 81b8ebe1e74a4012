"""Makes matplotlib's SVG fit for a page: small, without outside names, themed by the page's own colours, accessible."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from harness.report.colours import COLOURS
from harness.report.words import visible

INK, GRID, ALERT = "#14181d", "#d5dae1", "#b3001b"
"""Stand-ins that figures draw with; the page's text, rule and target colours take their place."""

LINE_ID = "tt-line-{}-{}"
"""Group id of a drawn line: the index of its submission's mark, and a running number."""


def inline(svg: str, prefix: str, title: str, description: str) -> Markup:
    """Return `svg` ready to stand in a page: ids start with `prefix`, colours follow the theme, text says what is shown.

    `title` and `description` are plain text; they are escaped here.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    # Matplotlib's style sheet has a rule for every element: inside a page it would hold for the whole page.
    svg = re.sub(r"<style.*?</style>\s*", "", svg, flags=re.S)
    svg = re.sub(r'\sid="tt-line-(\d+)-\d+"', r' class="line line\1"', svg)
    svg = re.sub(r'(\sid="|xlink:href="#|url\(#)', lambda found: found[1].replace("xlink:", "") + prefix, svg)
    svg = _unused_ids(svg)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), svg)
    svg = svg.replace("\n", " ").replace("> <", "><")
    svg = re.sub(r" {2,}", " ", svg)
    for index, colour in enumerate(COLOURS):
        svg = svg.replace(colour, f"var(--s{index})")
    for colour, name in ((INK, "currentColor"), (GRID, "var(--line)"), (ALERT, "var(--alert)")):
        svg = svg.replace(colour, name)
    box = re.search(r'viewBox="([^"]*)"', svg)
    head = f'<svg class="figure" viewBox="{box[1] if box else ""}" role="img" aria-labelledby="{prefix}t {prefix}d">'
    words = f'<title id="{prefix}t">{escape(visible(title))}</title><desc id="{prefix}d">{escape(visible(description))}</desc>'
    return Markup(re.sub(r"^<svg[^>]*>", lambda _: head + words, svg, count=1))


def _unused_ids(svg: str) -> str:
    """Drop ids that nothing refers to: matplotlib names every group."""
    used = set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg))
    names = {name for pair in used for name in pair if name}
    return re.sub(r'\sid="([^"]*)"', lambda found: found[0] if found[1] in names else "", svg)
