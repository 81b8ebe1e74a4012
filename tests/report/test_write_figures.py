"""Figures as files, and what they draw: whole, equal for equal records, never more than a figure can hold."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.text import Text

from harness.report import scored_board, write_figures
from harness.report.colours import GREY, assign_marks
from harness.report.figures import cost_drawing, inline_svg, strip_drawing
from harness.report.figures.drawing import file_stem
from harness.report.figures.race_lines import CROWD_POINTS, MAX_LINES, race_lines
from harness.report.figures.strip import times_by_outcome
from harness.report.figures.svg import shorten_path
from harness.results import BoardInput
from harness.scoring.board import score_board

from .boards import WORKLOADS, board_trials, unraced
from .test_hostile import HOSTILE


@pytest.fixture(scope="module")
def trials():
    return board_trials(["cosine", "linear", "constant"], studies=3, trials=3)


@pytest.fixture(scope="module")
def board(trials):
    return score_board(trials)


def test_each_figure_becomes_an_svg_and_a_pdf_the_same_bytes_for_the_same_records(trials, board, tmp_path):
    made = write_figures(BoardInput(trials), board, tmp_path / "a")
    names = {"profiles_examples", "cost_examples", *(f"{w}_{kind}" for w in WORKLOADS for kind in ("race", "times"))}
    assert {path.name for path in made} == {f"{name}.{suffix}" for name in names for suffix in ("svg", "pdf")}
    write_figures(BoardInput(trials.sample(frac=1, random_state=1)), board, tmp_path / "b")
    for path in made:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_figure_file_is_whole_has_text_as_text_and_names_its_lines(trials, board, tmp_path):
    for path in write_figures(BoardInput(trials), board, tmp_path):
        if path.suffix == ".pdf":
            assert path.read_bytes().startswith(b"%PDF-") and path.read_bytes().rstrip().endswith(b"%%EOF")
            continue
        words = " ".join(ElementTree.parse(path).getroot().itertext())
        for name in ("cosine", "linear", "constant"):
            assert name in words, path.name


def test_sensitivity_and_budget_are_drawn_where_there_are_such_trials(trials, board, tmp_path):
    made = write_figures(BoardInput(trials, sensitivity=unraced("sensitivity"), budget=unraced("budget")), board, tmp_path)
    assert {"w_sensitivity.svg", "v_sensitivity.svg", "w_budget.pdf", "v_budget.pdf"} <= {path.name for path in made}


def test_a_board_of_quality_has_its_figures_too(tmp_path):
    given = BoardInput(unraced("budget"))
    paths = write_figures(given, scored_board(given.trials), tmp_path / "figures")
    assert {path.name for path in paths} == {"v_budget.svg", "v_budget.pdf", "w_budget.svg", "w_budget.pdf"}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_of_a_workload_leaves_the_directory_or_overwrites_another(tmp_path, name):
    trials = board_trials([name, "cosine"], {f"../{name}": (2.3, 0.9), f"__/{name}": (2.3, 1.0)}, studies=1, trials=1)
    made = write_figures(BoardInput(trials), score_board(trials), tmp_path / "figures")
    assert len({path.name.lower() for path in made}) == len(made) == 2 * (2 + 4)
    assert {path.parent for path in made} == {tmp_path / "figures"}
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]
    for path in made:
        if path.suffix == ".svg":
            tags = {element.tag.rsplit("}", 1)[-1] for element in ElementTree.parse(path).getroot().iter()}
            assert not tags & {"script", "image", "foreignObject", "a"}


def test_a_crowd_turns_grey_beyond_the_best_few(tmp_path):
    names = [f"s{i:02}" for i in range(20)]
    trials = board_trials(names, {"w": (2.3, 0.9)}, studies=1, trials=1)
    write_figures(BoardInput(trials), score_board(trials), tmp_path)
    text = (tmp_path / "profiles_examples.svg").read_text()
    assert text.count(f"stroke: {GREY}") == 12
    assert sum(name in text for name in names) == 8


def test_a_strip_has_every_trial_once_reached_censored_or_broken(trials):
    own = trials[(trials["workload"] == "digits_mlp") & (trials["submission"] == "constant")].copy()
    own.loc[own.index[:2], ["hit_examples", "status"]] = [[math.inf, "diverged"], [math.inf, "failed"]]
    own.loc[own.index[2], ["hit_examples", "status"]] = [math.inf, "pruned"]
    own.loc[own.index[3], ["hit_examples", "status", "end_examples"]] = [math.inf, "skipped", 0.0]
    found = {kind: len(x) for kind, x in times_by_outcome(own, "examples").items()}
    reached = int(np.isfinite(own["hit_examples"]).sum())
    assert found["reached"] == reached
    assert found["broken"] == (own["status"].isin(["diverged", "failed"])).sum()
    assert sum(found.values()) == len(own) - 1


def test_a_strip_says_in_words_what_it_shows(trials):
    own = trials[trials["workload"] == "digits_mlp"]
    drawing = strip_drawing(
        own, ["cosine", "linear", "constant"], assign_marks(own["submission"]), workload="digits_mlp", clock="steps"
    )
    hits = own[own["submission"] == "cosine"]["hit_steps"]
    assert f"cosine: {np.isfinite(hits).sum()} reached" in drawing.description
    assert "steps</text>" in inline_svg(drawing, "x-")


def test_many_studies_are_thinned_but_keep_median_fastest_and_slowest():
    trials = board_trials([f"s{i}" for i in range(10)], {"w": (2.3, 0.9)}, studies=40, trials=1, evaluations=120)
    assert len(trials) > MAX_LINES
    drawn = race_lines(trials, "examples")
    assert len(drawn) <= MAX_LINES + 10
    for name in {line.submission for line in drawn}:
        own = [line for line in drawn if line.submission == name]
        hits = sorted(trials.loc[trials["submission"] == name, "hit_examples"])
        shown = sorted(line.hit[0] if line.hit else math.inf for line in own)
        assert [line.median for line in own].count(True) == 1
        assert (shown[0], shown[-1]) == (hits[0], hits[-1])
        middle = next(line for line in own if line.median)
        assert (middle.hit[0] if middle.hit else math.inf) == hits[(len(hits) - 1) // 2]
        assert max(len(line.x) for line in own) <= CROWD_POINTS


def test_names_beside_the_points_of_score_against_cost_do_not_overlap(board):
    drawing = cost_drawing(board.rows, assign_marks(row.name for row in board.rows), clock="examples")
    drawing.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in drawing.figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("M 52.62 233.53 L 52.6 3.004 L 60 3 ", "M52.6 233.5l0-230.5 7.4 0"),
        ("M 0 0 L 1 1 z M 2 2 L 2 2 z ", "M0 0l1 1zM2 2l0 0z"),
        ("M 1 2 C 1 2 3 4 5 6", "M 1 2 C 1 2 3 4 5 6"),
        ("", ""),
    ],
)
def test_a_path_is_shorten_path_and_leads_to_the_same_places(long, short):
    assert shorten_path(long) == short


def test_rounding_never_adds_up_along_a_path():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 600, (400, 2)).cumsum(axis=0) % 600
    path = "M " + " L ".join(f"{x:.4f} {y:.4f}" for x, y in points)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", shorten_path(path))]
    places = np.array(numbers).reshape(-1, 2).cumsum(axis=0)
    assert np.abs(places - points).max() < 0.051


def test_a_file_name_keeps_plain_names_and_disarms_others():
    assert file_stem("fashion_mnist_mlp") == "fashion_mnist_mlp"
    assert "/" not in file_stem("../../etc/passwd") and not file_stem("..").startswith(".")
    assert file_stem("") == "_" and len(file_stem("x" * 300)) == 60
