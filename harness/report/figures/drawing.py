"""What all figures share: the style, the tags that tie a part to its submission, and the output as inline SVG or files."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter

from harness.report.colours import GREY, Mark
from harness.report.figures.svg import BAND_ID, GRID, INK, LINE_ID, svg_for_page
from harness.report.words import one_line, visible

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "timetrial",
    "pdf.fonttype": 42,
    "font.size": 10,
    "axes.labelsize": 10,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": INK,
    "grid.color": GRID,
    "axes.linewidth": 0.8,
    "grid.linewidth": 0.7,
    "text.parse_math": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.unicode_minus": True,
}
SVG_DPI = 72
"""Resolution at which matplotlib draws SVG and PDF."""

CLOCK_LABELS = {"examples": "charged examples", "seconds": "training seconds", "steps": "steps"}


@dataclass(frozen=True)
class Drawing:
    """A figure in memory.

    Attributes:
        name: stem of its files; letters, digits and ``_ . -`` only.
        title: its title for screen readers, plain text.
        description: what it shows in words, for screen readers, plain text.
        figure: the matplotlib figure.
        named: whether the names of the submissions stand in the figure; if not, files get a legend (the page has its key).
    """

    name: str
    title: str
    description: str
    figure: Figure
    named: bool = False


@contextmanager
def style() -> Iterator[None]:
    """Apply the board's style; matplotlib reads it both when it draws and when it writes."""
    with sns.axes_style("whitegrid"), mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def file_stem(text: str) -> str:
    """Return `text` as the stem of a file name: at most 60 characters, letters, digits and ``_ . -``; others become ``_``.

    >>> file_stem("fashion_mnist_mlp"), file_stem("../a b")
    ('fashion_mnist_mlp', '_.._a_b')
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", text)[:60]
    return re.sub(r"^\.", "_.", safe) or "_"


def tag_line(part: Any, mark: Mark, number: str) -> None:
    """Tag `part` as a line of the submission of `mark`, so that the page's key can hide it."""
    part.set_gid(LINE_ID.format(mark.index, number))


def tag_band(part: Any, mark: Mark, number: str) -> None:
    """Tag `part` as a band of the submission of `mark`; it is hidden when the submission turns grey."""
    part.set_gid(BAND_ID.format(mark.index, number))


def dash(line: Any, mark: Mark) -> None:
    """Give a line the dash pattern of its submission."""
    if mark.dashes:
        line.set_dashes(mark.dashes)
    line.set_solid_capstyle("round")


def clock_axis(axes: Axes, clock: str) -> None:
    """Label the ticks of the x axis as readings of `clock`: ``20k`` examples or steps, ``2,500`` seconds."""
    thousands = FuncFormatter(lambda value, _: f"{value:,.10g}")
    axes.xaxis.set_major_formatter(thousands if clock == "seconds" else EngFormatter(sep=""))


def inline_svg(drawing: Drawing, prefix: str) -> Markup:
    """Return the figure as SVG for the page; its ids start with `prefix`."""
    with style():
        _lay_out(drawing.figure)
        text = io.StringIO()
        drawing.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
        axes = _axes_json(drawing.figure)
    return svg_for_page(text.getvalue(), prefix, drawing.title, drawing.description, axes)


def _axes_json(figure: Figure) -> str:
    """Return where each axes is in the SVG and what its ends mean, so that the page can turn a position into values.

    A list of ``[left, top, right, bottom, x at left, x at right, y at bottom, y at top, x is logarithmic, y is logarithmic,
    name of x, name of y]``; the name of an axis without numbers is empty.
    """
    height = figure.bbox.height
    shared = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    found = []
    for axes in figure.axes:
        box = axes.bbox
        corners = [round(float(v), 1) for v in (box.x0, height - box.y1, box.x1, height - box.y0)]
        ends = [float(f"{v:.6g}") for v in (*axes.get_xlim(), *axes.get_ylim())]
        logs = [int(scale == "log") for scale in (axes.get_xscale(), axes.get_yscale())]
        names = [axes.get_xlabel() or next(iter(shared), ""), axes.get_ylabel()]
        found.append([*corners, *ends, *logs, *(visible(name.split(":", 1)[0]) for name in names)])
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _lay_out(figure: Figure) -> None:
    """Place the axes once: `savefig` would draw the whole figure a second time, for every format, only to place them."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasSVG(figure)  # the text is measured as the SVG backend draws it
        figure.set_dpi(SVG_DPI)
        engine.execute(figure)
        figure.set_layout_engine("none")


def save(drawing: Drawing, directory: Path, marks: Mapping[str, Mark], coloured: Collection[str]) -> list[Path]:
    """Write the figure as SVG and PDF on white; submissions that are not in `coloured` turn grey and are not in the legend.

    Equal drawings give equal bytes. Returns the two paths.
    """
    parts = _tagged_parts(drawing.figure)
    present = {_submission_index(part) for part in parts}
    for part in parts:
        if _submission_index(part) not in {marks[name].index for name in coloured}:
            if part.get_gid().startswith(BAND_ID.split("{", 1)[0]):
                part.set_visible(False)
            else:
                _turn_grey(part)
    listed = [name for name in coloured if marks[name].index in present]
    handles = [_legend_line(marks[name]) for name in listed]
    # The leading blank is needed: matplotlib leaves a label that starts with an underscore out of the legend.
    names = [f" {one_line(name, 40)}" for name in listed]
    paths = [directory / f"{drawing.name}.svg", directory / f"{drawing.name}.pdf"]
    with style():
        if handles and not drawing.named:
            drawing.figure.legend(handles, names, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
        _lay_out(drawing.figure)
        for path, dates in zip(paths, ({"Date": None}, {"CreationDate": None}), strict=True):
            drawing.figure.savefig(path, facecolor="white", metadata={**dates, "Title": one_line(drawing.title, 120)})
    return paths


def _tagged_parts(figure: Figure) -> list[Any]:
    starts = tuple(name.split("{", 1)[0] for name in (LINE_ID, BAND_ID))
    return [part for part in figure.findobj() if (part.get_gid() or "").startswith(starts)]


def _submission_index(part: Any) -> int:
    return int(part.get_gid().split("-")[2])


def _turn_grey(part: Any) -> None:
    part.set_color(GREY)
    part.set_zorder(1.6)
    part.set_alpha(0.35 if part.get_alpha() is None else min(part.get_alpha(), 0.35))


def _legend_line(mark: Mark) -> Line2D:
    line = Line2D([], [], color=mark.hex, linewidth=1.8)
    dash(line, mark)
    return line
