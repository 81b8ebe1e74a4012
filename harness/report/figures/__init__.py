"""The board's figures, drawn by matplotlib in seaborn's style.

`drawing` holds what all share and writes a figure into the page or into files; `svg` fits matplotlib's SVG into a page. The
figures: `race` (its curves are chosen in `race_lines`), `strip` (time to target of every trial), `profile`, `cost`, `curves`
(lines over a logarithmic axis: sensitivity, quality against the budget).
"""

from harness.report.figures.cost import cost_drawing
from harness.report.figures.curves import Curve, CurveAxes, curves_drawing
from harness.report.figures.drawing import CLOCK_LABELS, STYLE, Drawing, inline_svg, save
from harness.report.figures.profile import profile_drawing
from harness.report.figures.race import race_drawing
from harness.report.figures.strip import strip_drawing

__all__ = [
    "CLOCK_LABELS",
    "STYLE",
    "Curve",
    "CurveAxes",
    "Drawing",
    "cost_drawing",
    "curves_drawing",
    "inline_svg",
    "profile_drawing",
    "race_drawing",
    "save",
    "strip_drawing",
]
