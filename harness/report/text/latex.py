"""The ranking as a LaTeX table for a paper; it needs the package booktabs and no other."""

from __future__ import annotations

from harness.report import words
from harness.report.text.sheets import Entry, sheets
from harness.scoring.board_parts import Board

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "±": r"$\pm$",
    **{character: f"\\{character}" for character in "{}$&#%_"},
}
"""Characters that mean something in LaTeX, or that few fonts have, and what to write instead."""


def latex_escaped(text: object) -> str:
    r"""Return text on one line with every character of `ESCAPES` replaced.

    >>> latex_escaped("50 % of $x_1$ \\input{a}")
    '50 \\% of \\$x\\_1\\$ \\textbackslash{}input\\{a\\}'
    """
    return "".join(ESCAPES.get(character, character) for character in words.one_line(text))


def latex_table(board: Board) -> str:
    """Return the ranking as a ``tabular`` for each reading below the verdict as a comment; needs ``\\usepackage{booktabs}``.

    Text in names is escaped. The speed-ups, and the best time of a column, are bold.
    """
    lines = [f"% {words.one_line(line)}" for line in (board.verdict, *board.pruned_by.values())]
    tables = sheets(board)
    for sheet in tables:
        lines += [
            *([f"% {words.one_line(sheet.title)}"] if len(tables) > 1 else []),
            f"\\begin{{tabular}}{{rl{'r' * (len(sheet.head) - 2)}}}",
            "\\toprule",
            f"{' & '.join(latex_escaped(name) for name in sheet.head)} \\\\",
            "\\midrule",
            *(f"{' & '.join(_latex(entry) for entry in row)} \\\\" for row in sheet.rows),
            "\\bottomrule",
            "\\end{tabular}",
        ]
    return "\n".join([*lines, ""])


def _latex(entry: Entry) -> str:
    text = latex_escaped(entry.text)
    text = f"\\textbf{{{text}}}" if entry.bold else text
    return f"{text} ({latex_escaped(entry.after)})" if entry.after else text
