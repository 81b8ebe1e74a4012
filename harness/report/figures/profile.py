"""Performance profiles: the share of workloads whose target is reached within tau times the best time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from harness.report.colours import Mark
from harness.report.figures.drawing import Drawing, dash, style, tag_band, tag_line
from harness.report.words import one_line
from harness.scoring.board_parts import Profile

STRONG_BANDS = 4
"""Number of profiles up to which bands are strongly shaded; more strong bands would hide one another."""


def profile_drawing(profiles: Sequence[Profile], marks: Mapping[str, Mark], *, clock: str) -> Drawing:
    """Return the figure of the performance profiles with pointwise 95 % bands; the mean height of a line is the score."""
    with style():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        shade = 0.16 if len(profiles) <= STRONG_BANDS else 0.07
        for count, profile in enumerate(profiles):
            mark = marks[profile.name]
            taus, values = np.asarray(profile.taus, float), np.asarray(profile.values, float)
            if profile.band_low:
                low, high = np.asarray(profile.band_low, float), np.asarray(profile.band_high, float)
                corners = _corners(low, high)
                band = axes.fill_between(
                    taus[corners],
                    low[corners],
                    high[corners],
                    step="post",
                    facecolor=(mark.hex, shade),
                    edgecolor=(mark.hex, 0.5),
                    linewidth=0.5,
                )
                tag_band(band, mark, f"{count}0")
            corners = _corners(values)
            line = axes.step(taus[corners], values[corners], where="post", color=mark.hex, linewidth=1.8)[0]
            dash(line, mark)
            tag_line(line, mark, f"{count}1")
        axes.set_xlim(1, 4)
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("time to target over the best submission's time (τ)")
        axes.set_ylabel("share of workloads reached")
        sns.despine(fig=figure)
        description = "; ".join(
            f"{one_line(p.name, 40)} {p.values[0]:.0%} at the best time, {p.values[-1]:.0%} within 4 times" for p in profiles
        )
        return Drawing(f"profiles_{clock}", "Performance profiles", description, figure)


def _corners(*values: np.ndarray) -> np.ndarray:
    """Return the indices at which any of the step functions changes, and the first and last: the other points add nothing."""
    changed = np.any([np.diff(v) != 0 for v in values], axis=0)
    corners: np.ndarray = np.flatnonzero(np.r_[True, changed])
    return np.unique(np.r_[corners, len(values[0]) - 1])
