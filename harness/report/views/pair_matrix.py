"""The matrix of pairs: each submission against each other one, seen from the row's side."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report import words
from harness.scoring.board_parts import Board, Pair

OPPOSITE = {"≤": "≥", "≥": "≤"}


@dataclass(frozen=True)
class PairView:
    """One cell of the matrix: the row's submission against the column's.

    Attributes:
        ratio: how many times faster the row's submission is, with its bound sign.
        interval: 95 %, unadjusted.
        faster: share of studies in which it is faster.
        verdict: "faster", "slower" or "not separable".
        p: the p-value after Holm's correction, in words.
    """

    ratio: str
    interval: str
    faster: str
    verdict: str
    p: str


def matrix(board: Board) -> list[tuple[str, list[PairView | None]]]:
    """Return one row a submission in the board's order: (name, cells), None on the diagonal."""
    known = {(pair.a, pair.b): pair for pair in board.pairs}
    names = [row.name for row in board.rows]
    rows = []
    for a in names:
        cells: list[PairView | None] = []
        for b in names:
            forth, back = known.get((a, b)), known.get((b, a))
            cells.append(view(forth) if forth else view(back, turned=True) if back else None)
        rows.append((a, cells))
    return rows


def view(pair: Pair, *, turned: bool = False) -> PairView:
    """Return `pair` in words, seen from `a`, or from `b` if `turned`."""
    ratio, low, high, faster, bound = pair.ratio, pair.low, pair.high, pair.faster, pair.bound
    if turned:
        ratio, low, high = _inverse(ratio), _inverse(high), _inverse(low)
        faster = None if faster is None else 1 - faster
        bound = OPPOSITE.get(bound, bound)
    verdict = "not separable"
    if pair.separable and ratio is not None:
        verdict = "faster" if ratio > 1 else "slower"
    return PairView(
        ratio=f"{bound} {words.times(ratio)}" if bound and ratio is not None else words.times(ratio),
        interval=words.ratio_span(low, high),
        faster=f"{faster:.0%}" if faster is not None else words.NONE,
        verdict=verdict,
        p=f"p = {pair.p_holm:.2g} after Holm" if pair.p_holm is not None else "too few studies for a p-value",
    )


def _inverse(value: float | None) -> float | None:
    return 1 / value if value else None
