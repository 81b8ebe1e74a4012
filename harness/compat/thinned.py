"""Evaluations of a log within fixed memory: where there are very many, only every n-th is kept."""

from __future__ import annotations

from typing import NamedTuple

MOST_KEPT = 10_000
"""Most evaluations that are kept of a log, the hit and the last aside; the longest official log has 186."""


class Evaluation(NamedTuple):
    """Both clocks and the metric (NaN: none) of a line of a log."""

    seconds: float
    steps: float
    metric: float


class ThinnedCurve:
    """Collects evaluations.

    Attributes:
        count: how many were added.
        last: the last one added.
        hit: whether the hit was added.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last: Evaluation | None = None
        self.hit = False
        self._stride = 1
        self._kept: list[tuple[int, Evaluation]] = []
        self._hit: tuple[int, Evaluation] | None = None

    def add(self, evaluation: Evaluation, *, hit: bool) -> None:
        """Add the next evaluation; `hit`: it is the first that meets the target."""
        place = (self.count, evaluation)
        if hit:
            self.hit, self._hit = True, place
        if self.count % self._stride == 0:
            self._kept.append(place)
        if len(self._kept) > MOST_KEPT:
            self._kept = self._kept[::2]
            self._stride *= 2
        self.count, self.last = self.count + 1, evaluation

    def result(self) -> tuple[tuple[Evaluation, ...], int]:
        """Return the kept evaluations in their order, and the index of the hit among them, -1 without one."""
        kept = dict(self._kept)
        if self._hit is not None:
            kept.update([self._hit])
        if self.last is not None:
            kept[self.count - 1] = self.last
        places = sorted(kept)
        hit = places.index(self._hit[0]) if self._hit is not None else -1
        return tuple(kept[place] for place in places), hit
