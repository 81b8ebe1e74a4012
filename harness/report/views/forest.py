"""The forest plot at the head of a page: the speed-up of every row with its interval and the range of its rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.report import words
from harness.report.colours import Mark
from harness.report.views.saved import Scale, Whisker
from harness.scoring.board_parts import RowSpeedUp


class _Ranked(Protocol):
    """What the plot needs of a row of a board."""

    @property
    def name(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def rank_low(self) -> int | None: ...
    @property
    def rank_high(self) -> int | None: ...
    @property
    def speed_up(self) -> RowSpeedUp: ...


@dataclass(frozen=True)
class ForestRow:
    """One row: `rank` as "6–7" or "1", `speed` and `interval` in words, `title` all of it as one sentence.

    `whisker` has the positions on the scale of the board; None without a speed-up. `signed`: a sign stands before the speed-up.
    """

    name: str
    mark: Mark
    rank: str
    whisker: Whisker | None
    speed: str
    interval: str
    title: str
    signed: bool = False


def forest(rows: Sequence[_Ranked], marks: Mapping[str, Mark], *, baseline: str, scale: Scale | None) -> tuple[ForestRow, ...]:
    """Return a row per submission, best first; none where the board has no speed-ups, or nothing to compare.

    Args:
        rows: of the board, best first.
        marks: mark of each submission.
        baseline: the submission that speed-ups refer to.
        scale: of the board's whiskers.
    """
    if scale is None or len(rows) < 2:
        return ()
    return tuple(_row(row, marks[row.name], baseline, scale) for row in rows)


def _row(row: _Ranked, mark: Mark, baseline: str, scale: Scale) -> ForestRow:
    own = row.speed_up
    speed = words.bounded_ratio(own.bound, own.value)
    interval = "" if row.name == baseline else words.ratio_span(own.low, own.high)
    ranged = words.is_finite(row.rank_low) and words.is_finite(row.rank_high) and row.rank_low != row.rank_high
    sure = f", 95 % interval {interval}" if interval else ""
    place = f"rank {row.rank}" + (f", 95 % range {row.rank_low} to {row.rank_high}" if ranged else "")
    return ForestRow(
        name=row.name,
        mark=mark,
        rank=f"{row.rank_low}–{row.rank_high}" if ranged else str(row.rank),
        whisker=scale.whisker(own),
        speed=speed,
        interval=interval,
        title=f"{row.name}: {speed}{sure}; {place}",
        signed=bool(own.bound),
    )
