"""The ranking as a LaTeX table for a paper; it needs the package booktabs and no other."""

from __future__ import annotations

from harness.report import words
from harness.report.colours import assign_marks
from harness.report.views.ranking import ranking, workload_labels
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
    """Return the ranking as a ``tabular`` below the verdict as a comment; it needs ``\\usepackage{booktabs}``.

    Text in names is escaped. The best time of a column is bold.
    """
    speedup = f"speed-up over {board.baseline}" if board.baseline else "speed-up"
    head = ["rank", "submission", speedup, "95 % interval", "score", "95 % interval", "targets", *workload_labels(board)]
    body = []
    for view in ranking(board, assign_marks(row.name for row in board.rows)):
        cells = []
        for cell in view.cells:
            with_misses = cell.misses and not cell.lost
            text = latex_escaped(cell.text)
            cells.append(
                (f"\\textbf{{{text}}}" if cell.best else text) + (f" ({latex_escaped(cell.misses)})" if with_misses else "")
            )
        plain = (
            *(view.rank, view.row.name, view.speedup, view.speedup_interval or words.NO_VALUE),
            *(view.score, view.interval or words.NO_VALUE, view.targets),
        )
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
