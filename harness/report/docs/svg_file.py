"""Figures of the documentation as SVG files that read well on a light and on a dark page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from harness.report.colours import COLOURS, DARK_COLOURS
from harness.report.figures import STYLE
from harness.report.figures.svg import GRID, INK

PAPER = "#ffffff"
"""The background of a figure. It is always drawn, so that a page whose theme is not the reader's system's shows a card."""

IN_THE_DARK = {PAPER: "#15181d", INK: "#e8ebef", GRID: "#39414c", **dict(zip(COLOURS, DARK_COLOURS, strict=True))}
"""What the colours of a figure become where the reader's system asks for dark pages."""


@contextmanager
def file_style() -> Iterator[None]:
    """Apply the style of figures in files; matplotlib reads it when it draws and when it writes."""
    with mpl.rc_context({**sns.axes_style("whitegrid"), **STYLE, "figure.facecolor": PAPER}):
        yield


def svg_file(figure: Figure) -> str:
    """Return the figure as SVG with text as text; call it within `file_style`. Equal figures give equal text."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    rules = "".join(
        f'[style*="{what}: {light}"]{{{what}: {dark} !important}}'
        for light, dark in IN_THE_DARK.items()
        for what in ("fill", "stroke")
    )
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return "\n".join(lines).replace("</style>", f"\n@media (prefers-color-scheme: dark) {{{rules}}}</style>", 1) + "\n"
