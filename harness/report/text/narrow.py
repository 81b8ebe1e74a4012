"""A table that fits the terminal: columns that matter less are left out, then names are cut, never a number."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.words import one_line

SUBMISSION = "submission"
"""Head of the column of names."""
LEFT = ("range", SUBMISSION)
"""Heads of columns that begin at the left, beside that of the bars."""
LEAST_NAME = 8
"""Least characters of a name."""


def fitting(heads: Sequence[str], rows: Sequence[Sequence[Text]], least_needed: Sequence[str], console: Console) -> Table:
    """Return the table without as many columns as it takes to fit `console`; plain if that is not a terminal.

    Args:
        heads: of the columns, one of them `SUBMISSION`.
        rows: a text per column.
        least_needed: heads of the columns that a narrow terminal does without, the least needed first.
        console: where the table will be printed.
    """
    names = max((len(row[heads.index(SUBMISSION)].plain) for row in rows), default=0)
    wide, plain = console.options.update(width=10_000), not console.is_terminal
    away: list[str] = []
    for head in ("", *least_needed):
        away.append(head)
        table = _table(heads, rows, away, names, plain=plain)
        excess = console.measure(table, options=wide).maximum - console.width
        if excess <= 0:
            return table
    return _table(heads, rows, away, max(LEAST_NAME, names - excess), plain=plain)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Text]], away: Sequence[str], names: int, *, plain: bool) -> Table:
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2 if plain else 1, 0, 0), show_edge=False)
    kept = [place for place, head in enumerate(heads) if head not in away]
    name = heads.index(SUBMISSION)
    for place in kept:
        left = heads[place] in LEFT or heads[place].strip() == "×1"
        table.add_column(Text(heads[place]), justify="left" if left else "right", no_wrap=True)
    for row in rows:
        cut = Text(one_line(row[name].plain, names), style=row[name].style)
        table.add_row(*(cut if place == name else row[place] for place in kept))
    return table
