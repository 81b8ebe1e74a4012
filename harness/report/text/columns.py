"""The columns of the terminal's table in words: only those that are shown, and signs only where they occur."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.report.views.saved import horizons_of
from harness.report.words import budgets
from harness.scoring.board_parts import Board

COUNTED = {"examples": "training examples", "seconds": "seconds of training", "steps": "steps"}
"""What each clock counts compute in."""

SIGNS = {"≤": "at most", "≥": "at least", "~": "roughly"}
"""Signs before a speed-up."""

LIMITED = "studies in which it is only a bound, as a run ended beyond what the ruler covers"


def horizon_head(horizon: float) -> str:
    """Return the head of the column of the speed-up at a horizon.

    >>> horizon_head(0.5), horizon_head(1.0)
    ('at 0.5', 'at 1')
    """
    return f"at {horizon:.3g}"


def column_words(board: Board, heads: Sequence[str], texts: Iterable[str]) -> str:
    """Return what columns and signs of a table mean, in one line; "" if they need no words.

    Args:
        board: what the table shows.
        heads: of the columns that are shown.
        texts: of the cells.
    """
    meanings = _meanings(board)
    parts = [f"{head}: {meanings[head]}" for head in heads if head in meanings]
    cells = set("".join(texts))
    parts += [f"{sign}: {text}" for sign, text in SIGNS.items() if sign in cells and board.saves_compute]
    return "; ".join(parts)


def _meanings(board: Board) -> Mapping[str, str]:
    """Return {head: what its column has}."""
    common = {
        "range": "95 % range of the rank of this row alone, blank where it is one rank",
        "score": "AlgoPerf's, of the times to the target",
    }
    if not board.saves_compute:
        return {**common, "targets": "workloads whose target most studies reached"}
    horizons = {horizon_head(h): f"of the runs over {budgets(h)} alone" for h in horizons_of(board)}
    return {**common, **horizons, "limited": LIMITED}
