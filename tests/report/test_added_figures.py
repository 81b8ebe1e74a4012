"""A figure in one of the tables of `page_figures` is on the page and among the files, without another change."""

import pytest

from harness.report import scored_board, write_figures, write_report
from harness.report.figures import curves_drawing
from harness.report.figures.curves import Curve, CurveAxes
from harness.report.views import page_figures
from harness.report.views.page_figures import BoardFigure, WorkloadFigure
from harness.results import BoardInput
from harness.scoring.rules import ScoringRules

from .boards import WORKLOADS, board_trials

AXES = CurveAxes(x_label="x", y_label="y", x_ticks=(1.0, 10.0), write_x=str)


def drawing(name, marks):
    first = next(iter(marks))
    return curves_drawing(
        [Curve(first, (1.0, 10.0), (2.0, 1.0), False)], marks, name=name, title=f"Added: {name}", axes_text=AXES
    )


@pytest.fixture
def added(monkeypatch):
    of_board = BoardFigure("profiles", lambda board, marks: drawing("extra_board", marks))
    of_workload = WorkloadFigure("An added figure", lambda label, trials, content: drawing(f"{label}_extra", content.marks))
    monkeypatch.setattr(page_figures, "BOARD_FIGURES", (*page_figures.BOARD_FIGURES, of_board))
    monkeypatch.setattr(page_figures, "WORKLOAD_FIGURES", (*page_figures.WORKLOAD_FIGURES, of_workload))


def test_an_added_figure_is_on_the_page_and_among_the_files(added, tmp_path):
    given = BoardInput(board_trials(["cosine", "linear"], studies=3, trials=2))
    write_report(given, tmp_path / "page.html", ScoringRules("examples"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    profiles = page[page.index('id="profiles"') : page.index('id="robustness"')]
    assert profiles.count('aria-label="Performance profiles"') >= 1
    assert profiles.count('aria-label="Added: extra_board"') == profiles.count('aria-label="Performance profiles"')
    assert page.count("<h4>An added figure</h4>") == page.count("<h4>Time to target of every trial</h4>") == len(WORKLOADS)
    written = write_figures(given, scored_board(given.trials, ScoringRules("examples")), tmp_path / "figures")
    assert {"extra_board.svg", *(f"{w}_extra.pdf" for w in WORKLOADS)} <= {path.name for path in written}
