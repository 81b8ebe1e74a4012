"""The matrix of pairs: the submission of each row compared with the submission of each column."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report import words
from harness.scoring.board_parts import Board, Pair
from harness.scoring.sentences import rests_on


@dataclass(frozen=True)
class PairView:
    """One cell of the matrix.

    Attributes:
        ratio: how many times faster the row's submission is than the column's, with its bound sign.
        interval: 95 % interval of the ratio, unadjusted.
        faster: share of studies in which the row's submission is faster.
        verdict: "faster", "slower" or "not separable".
        p: the p-value after Holm's correction, in words; after it, why the two are not separable where only one workload keeps
            them from it.
    """

    ratio: str
    interval: str
    faster: str
    verdict: str
    p: str


def pair_matrix(board: Board, most: int) -> list[tuple[str, list[PairView | None]]]:
    """Return (name, cells) for each of the best `most` submissions, best first; the cell on the diagonal is None."""
    known = {(pair.a, pair.b): pair for pair in board.pairs}
    names = [row.name for row in board.rows[:most]]
    rows = []
    for a in names:
        cells: list[PairView | None] = []
        for b in names:
            pair, reverse = known.get((a, b)), known.get((b, a))
            cells.append(pair_view(pair) if pair else pair_view(reverse, reverse=True) if reverse else None)
        rows.append((a, cells))
    return rows


def pair_view(pair: Pair, *, reverse: bool = False) -> PairView:
    """Return how `pair.a` compares with `pair.b` in words; the other way round if `reverse`."""
    if reverse:
        pair = pair.flipped()
    ratio = pair.ratio
    verdict = "not separable"
    if pair.separable and ratio is not None:
        verdict = "faster" if ratio > 1 else "slower"
    p = f"p = {pair.p_holm:.2g} after Holm" if pair.p_holm is not None else "too few studies for a p-value"
    return PairView(
        ratio=words.bounded_ratio(pair.bound, ratio),
        interval=words.ratio_span(pair.low, pair.high),
        faster=f"{pair.faster:.0%}" if pair.faster is not None else words.NO_VALUE,
        verdict=verdict,
        p=f"{p}, {rests_on(pair.rests_on)}" if pair.rests_on else p,
    )
