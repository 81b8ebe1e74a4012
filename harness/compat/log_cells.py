"""Cells and numbers of a line of a log, as programs and spreadsheets write them."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

BLANK = frozenset({"", "na", "n/a", "#n/a", "<na>", "null", "none", "nan", "-nan"})
"""What stands for no value, in lower case; AlgoPerf's own reader, pandas, takes these for NaN too."""

_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[, \u00a0\u202f'][0-9]{3})+(?:\.[0-9]+)?")
_GROUPED_DOTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[. \u00a0\u202f'][0-9]{3})+(?:,[0-9]+)?")


@dataclass(frozen=True)
class Dialect:
    """How the cells of a file are written.

    Attributes:
        delimiter: between cells.
        decimal_comma: a comma is the decimal mark, and a dot separates thousands.
    """

    delimiter: str = ","
    decimal_comma: bool = False


def dialect_of(lines: Sequence[str]) -> Dialect:
    """Return the dialect of a file from its first lines.

    >>> dialect_of(["score;global_step", "0,5;100"])
    Dialect(delimiter=';', decimal_comma=True)
    """
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    comma = delimiter != "," and any(re.search(r"[0-9],[0-9]", line) for line in lines)
    return Dialect(delimiter, comma)


def cells_of(line: str, dialect: Dialect) -> list[str]:
    """Return the cells of a line without surrounding spaces. A quoted cell never goes on in the next line.

    >>> cells_of('"1,100.5",7', Dialect())
    ['1,100.5', '7']
    """
    if '"' in line:
        try:
            line_cells = next(csv.reader((line,), delimiter=dialect.delimiter), [])
        except csv.Error:
            line_cells = line.split(dialect.delimiter)
    else:
        line_cells = line.split(dialect.delimiter)
    return [cell.strip() for cell in line_cells]


def number_of(cell: str, dialect: Dialect) -> float:
    """Return the number in a cell, NaN if the cell is blank.

    >>> number_of("1,100.5", Dialect()), number_of("1.100,5", Dialect(";", decimal_comma=True))
    (1100.5, 1100.5)

    Raises:
        ValueError: it is not a number.
    """
    if not dialect.decimal_comma:
        try:
            return _plain(cell)
        except ValueError:
            pass
    if cell.lower() in BLANK:
        return math.nan
    mark = "," if dialect.decimal_comma else "."
    if is_grouped(cell, dialect):
        return float("".join(c for c in cell if c.isdigit() or c in "+-" or c == mark).replace(mark, "."))
    return _plain(cell.replace(",", ".", 1) if dialect.decimal_comma else cell)


def is_grouped(cell: str, dialect: Dialect) -> bool:
    """Return whether a cell is a number with thousands separators."""
    return bool((_GROUPED_DOTS if dialect.decimal_comma else _GROUPED).fullmatch(cell))


def _plain(cell: str) -> float:
    if "_" in cell or not cell.isascii():
        raise ValueError(f"'{cell}' is not a number")
    return float(cell)
