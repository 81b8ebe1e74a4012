"""The board's figures, drawn by matplotlib in seaborn's style.

`drawing` holds what all share and writes a figure into the page or into files; `svg` fits matplotlib's SVG into a page. The
figures: `ruler` (quality against compute beside the reference recipe), `race` (its curves are chosen in `race_lines`), `strip`
(time to target of every trial), `profile`, `cost`, `curves` (lines over a logarithmic axis: sensitivity, quality against the
budget). `names` places the names beside points.
"""

from harness.report.figures.cost import cost_drawing
from harness.report.figures.curves import Curve, CurveAxes, curves_drawing
from harness.report.figures.drawing import CLOCK_LABELS, STYLE, Drawing, inline_svg, save
from harness.report.figures.profile import profile_drawing
from harness.report.figures.race import race_drawing
from harness.report.figures.ruler import RulerAxes, Standing, ruler_drawing
from harness.report.figures.strip import strip_drawing

__all__ = [
    "CLOCK_LABELS",
    "STYLE",
    "Curve",
    "CurveAxes",
    "Drawing",
    "RulerAxes",
    "Standing",
    "cost_drawing",
    "curves_drawing",
    "inline_svg",
    "profile_drawing",
    "race_drawing",
    "ruler_drawing",
    "save",
    "strip_drawing",
]
