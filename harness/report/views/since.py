"""What changed since an older board: ranks and speed-ups of its leaderboard.json beside those of today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput
from harness.report import words
from harness.results.regular_files import read_json
from harness.scoring.board_parts import Board, Row


@dataclass(frozen=True)
class OlderBoard:
    """A board that was written before.

    Attributes:
        name: of its file, without the suffix.
        track, clock, baseline, ranked_by: of the board.
        rows: {submission: (rank, speed-up)}; None where it has none.
    """

    name: str
    track: str
    clock: str
    baseline: str
    ranked_by: str
    rows: Mapping[str, tuple[int | None, float | None]]


def older_board(path: Path) -> OlderBoard:
    """Return the board in a leaderboard.json that `timetrial report` or `run` wrote.

    Raises:
        BadInput: the file does not exist, or is not such a board.
    """
    try:
        value: Any = read_json(path)
        rows = {str(row["name"]): (_number(row["rank"]), _number(row["speedup"])) for row in value["submissions"]}
        facts = {name: str(value[name] or "") for name in ("track", "clock", "baseline", "ranked_by")}
    except FileNotFoundError:
        raise BadInput(
            f"--since {path}: no such file; copy leaderboard.json before a run or a report writes it again"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"--since {path}: not a board; name a leaderboard.json that `timetrial report` wrote") from error
    return OlderBoard(path.stem, rows={name: (None if r is None else int(r), s) for name, (r, s) in rows.items()}, **facts)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def changes(board: Board, older: OlderBoard) -> dict[str, str]:
    """Return {submission: what changed}: by how many places, and the older speed-up where both have the same baseline.

    Raises:
        BadInput: the older board is of another track, or ranks by something else.
    """
    for what, own, other in (("track", board.track, older.track), ("ranking", board.ranked_by, older.ranked_by)):
        if own != other:
            raise BadInput(f"--since {older.name}: that board is of another {what} ({other or 'none'}, this one {own})")
    same = board.baseline == older.baseline and board.clock == older.clock
    return {row.name: _change(row, older.rows.get(row.name), same and row.name != board.baseline) for row in board.rows}


def _change(row: Row, before: tuple[int | None, float | None] | None, comparable: bool) -> str:
    if before is None:
        return "new"
    rank, speed = before
    places = 0 if rank is None else rank - row.rank
    text = f"▲{places}" if places > 0 else f"▼{-places}" if places < 0 else "="
    moved = comparable and speed and row.speedup and words.ratio_text(speed) != words.ratio_text(row.speedup)
    return f"{text} from {words.ratio_text(speed)}" if moved else text


def change_line(found: Mapping[str, str], older: OlderBoard) -> str:
    """Return what changed as one line for a terminal: the rows that moved, the new ones, and those that are gone."""
    moved = [f"{name} {text}" for name, text in found.items() if text not in ("=", "new")]
    new = [name for name, text in found.items() if text == "new"]
    gone = sorted(set(older.rows) - set(found))
    parts = [*moved, *(f"{name} is new" for name in new), *(f"{name} is gone" for name in gone)]
    return f"since {older.name}: {', '.join(words.one_line(part, 60) for part in parts) or 'nothing changed'}"
