"""The ranking as a LaTeX table, for a paper: booktabs, no other package."""

from __future__ import annotations

from harness.report import words
from harness.report.colours import marks
from harness.report.views.ranking import labels, ranking
from harness.scoring.board_parts import Board

SPELT = {
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
"""What acts in LaTeX, or is in few fonts, and how it is spelt."""


def latex_escaped(text: object) -> str:
    r"""Return text on one line with every character that LaTeX would act upon spelt out.

    >>> latex_escaped("50 % of $x_1$ \\input{a}")
    '50 \\% of \\$x\\_1\\$ \\textbackslash{}input\\{a\\}'
    """
    return "".join(SPELT.get(character, character) for character in words.one_line(text))


def latex_table(board: Board) -> str:
    """Return the ranking as a ``tabular`` with the verdict as a comment above it; needs ``\\usepackage{booktabs}``.

    Names cannot break the table or bring commands. The best time of a column is bold.
    """
    over = f"speed-up over {board.baseline}" if board.baseline else "speed-up"
    head = ["rank", "submission", "score", "95 % interval", over, "targets", *labels(board)]
    body = []
    for view in ranking(board, marks(row.name for row in board.rows)):
        cells = []
        for cell in view.cells:
            told = cell.misses and cell.text not in ("missed", "cut")
            text = latex_escaped(cell.text)
            cells.append((f"\\textbf{{{text}}}" if cell.best else text) + (f" ({latex_escaped(cell.misses)})" if told else ""))
        plain = (view.rank, view.row.name, view.score, view.interval or words.NONE, view.speedup, view.targets)
        body.append([*(latex_escaped(text) for text in plain), *cells])
    return "\n".join(
        [
            *(f"% {words.one_line(line)}" for line in (board.verdict, *board.pruned_by.values())),
            f"\\begin{{tabular}}{{rl{'r' * (len(head) - 2)}}}",
            "\\toprule",
            f"{' & '.join(latex_escaped(name) for name in head)} \\\\",
            "\\midrule",
            *(f"{' & '.join(row)} \\\\" for row in body),
            "\\bottomrule",
            "\\end{tabular}",
            "",
        ]
    )
