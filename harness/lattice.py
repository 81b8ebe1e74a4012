"""The points at which a study tunes: shifted peak learning rates, and quasi-random draws of a search space."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.contracts.errors import BadInput
from harness.contracts.spaces import Space
from harness.rules import HALTON_DIMENSIONS, ShiftedRates


def check_dimensions(name: str, space: Space) -> None:
    """Check that quasi-random points can be drawn in a search space.

    Raises:
        BadInput: it has too many hyperparameters; `name` is the submission's.
    """
    if len(space) > HALTON_DIMENSIONS:
        raise BadInput(f"'{name}' has {len(space)} hyperparameters to tune, and at most {HALTON_DIMENSIONS} are possible")


def halton_rows(count: int, seed: int) -> list[list[float]]:
    """Return `count` scrambled Halton points of [0, 1) in `HALTON_DIMENSIONS` dimensions; d hyperparameters use the first d."""
    from scipy.stats import qmc  # it takes two thirds of a second, and most commands draw nothing

    rows: list[list[float]] = qmc.Halton(HALTON_DIMENSIONS, scramble=True, rng=seed % 2**32).random(count).tolist()
    return rows


def shifted_rates(lattice: ShiftedRates, seed: int) -> list[float]:
    """Return the multiples of the reference rate of one study, in the order of their indices."""
    points = shifted_lattice(lattice.points, seed)
    rates = [lattice.step ** (lattice.points * (u - 0.5)) for u in points]
    return [rates[i] for i in lattice.order] if lattice.order else nearest_first(rates)


def nearest_first(rates: Sequence[float]) -> list[float]:
    """Return multiples of the reference rate, from the one nearest to it outwards."""
    return sorted(rates, key=lambda rate: abs(math.log(rate)))


def shifted_lattice(points: int, seed: int) -> list[float]:
    """Return `points` equidistant points of [0, 1), all shifted by one random amount (mod 1), in ascending order."""
    shift = (seed % 2**53) / 2**53
    return sorted(((i + shift) / points) % 1.0 for i in range(points))
