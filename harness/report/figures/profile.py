"""Performance profiles: the share of workloads reached within tau times the best time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from harness.report.colours import Mark
from harness.report.figures.drawing import Drawing, dash, owned, owned_band, style
from harness.report.words import one_line
from harness.scoring.board_parts import Profile

FEW = 4
"""Profiles up to which bands are shaded strongly; more would cover each other, and their edges say where they are."""


def profile_drawing(profiles: Sequence[Profile], marks: Mapping[str, Mark], *, clock: str) -> Drawing:
    """Return the performance profiles with their pointwise bands; the area under a line is the score."""
    with style():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        axes = figure.subplots()
        shade = 0.16 if len(profiles) <= FEW else 0.07
        for count, profile in enumerate(profiles):
            mark = marks[profile.name]
            taus, values = np.asarray(profile.taus, float), np.asarray(profile.values, float)
            if profile.band_low:
                low, high = np.asarray(profile.band_low, float), np.asarray(profile.band_high, float)
                turns = _turns(low, high)
                band = axes.fill_between(
                    taus[turns],
                    low[turns],
                    high[turns],
                    step="post",
                    facecolor=(mark.hex, shade),
                    edgecolor=(mark.hex, 0.5),
                    linewidth=0.5,
                )
                owned_band(band, mark, f"{count}0")
            turns = _turns(values)
            drawn = axes.step(taus[turns], values[turns], where="post", color=mark.hex, linewidth=1.8)[0]
            dash(drawn, mark)
            owned(drawn, mark, f"{count}1")
        axes.set_xlim(1, 4)
        axes.set_ylim(-0.02, 1.04)
        axes.set_xlabel("τ: time to target over the best submission's time")
        axes.set_ylabel("share of workloads reached")
        sns.despine(fig=figure)
        words = "; ".join(
            f"{one_line(p.name, 40)} {p.values[0]:.0%} at the best time, {p.values[-1]:.0%} within 4 times" for p in profiles
        )
        return Drawing(f"profiles_{clock}", "Performance profiles", words, figure)


def _turns(*values: np.ndarray) -> np.ndarray:
    """Return where a step function changes, its two ends included: nothing between them is seen."""
    changed = np.any([np.diff(v) != 0 for v in values], axis=0)
    turns: np.ndarray = np.flatnonzero(np.r_[True, changed])
    return np.unique(np.r_[turns, len(values[0]) - 1])
