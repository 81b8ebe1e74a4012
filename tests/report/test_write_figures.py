"""Figures as files: complete, equal for equal records, with a limited number of lines and points."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.text import Text

from harness.records import Status
from harness.report import scored_board, write_figures
from harness.report.colours import GREY, assign_marks
from harness.report.figures import cost_drawing, inline_svg, strip_drawing
from harness.report.figures.drawing import file_stem
from harness.report.figures.race_lines import CROWD_POINTS, MAX_LINES, race_lines
from harness.report.figures.strip import times_by_outcome
from harness.report.figures.svg import shorten_path
from harness.report.words import one_line
from harness.results import BoardInput
from harness.scoring.board import score_board

from .boards import WORKLOADS, board_trials, budget_trials, sensitivity_trials
from .hostile import HOSTILE, hostile_input


@pytest.fixture(scope="module")
def figures(trials, board, tmp_path_factory):
    return write_figures(BoardInput(trials), board, tmp_path_factory.mktemp("figures"))


def test_every_figure_is_written_as_svg_and_pdf_and_equal_records_give_equal_bytes(trials, board, figures, tmp_path):
    stems = {"profiles_examples", "cost_examples", *(f"{w}_{kind}" for w in WORKLOADS for kind in ("race", "times"))}
    assert {path.name for path in figures} == {f"{stem}.{suffix}" for stem in stems for suffix in ("svg", "pdf")}
    write_figures(BoardInput(trials.sample(frac=1, random_state=1)), board, tmp_path)
    for path in figures:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_figure_file_is_complete_and_an_svg_names_its_lines_as_text(trials, figures):
    for path in figures:
        if path.suffix == ".pdf":
            assert path.read_bytes().startswith(b"%PDF-") and path.read_bytes().rstrip().endswith(b"%%EOF")
            continue
        text = " ".join(ElementTree.parse(path).getroot().itertext())
        for name in set(trials["submission"]):
            assert name in text, path.name


def test_sensitivity_and_budget_have_figures_where_there_are_such_trials(tmp_path):
    trials = board_trials(["cosine"], {"w": (2.3, 0.9)}, studies=1, trials=1)
    given = BoardInput(trials, sensitivity=sensitivity_trials(), budget=budget_trials())
    paths = write_figures(given, score_board(trials), tmp_path)
    assert {"w_sensitivity.svg", "v_sensitivity.svg", "w_budget.pdf", "v_budget.pdf"} <= {path.name for path in paths}


def test_a_board_without_a_race_has_figures_too(tmp_path):
    given = BoardInput(budget_trials())
    paths = write_figures(given, scored_board(given.trials), tmp_path)
    assert {path.name for path in paths} == {"v_budget.svg", "v_budget.pdf", "w_budget.svg", "w_budget.pdf"}


@pytest.fixture(scope="module")
def hostile_figures(tmp_path_factory):
    """Return the files of a board whose workloads are the hostile names, and some whose file names would be equal."""
    directory = tmp_path_factory.mktemp("hostile") / "figures"
    trials = hostile_input(HOSTILE[:1], workloads=HOSTILE_WORKLOADS).trials
    return write_figures(BoardInput(trials), score_board(trials), directory)


@pytest.fixture(scope="module")
def hostile_rows(tmp_path_factory):
    """Return the files of a board whose submissions are the hostile names, on one workload."""
    trials = hostile_input(workloads=["w"]).trials
    return write_figures(BoardInput(trials), score_board(trials), tmp_path_factory.mktemp("rows"))


HOSTILE_WORKLOADS = (*(f"../{name}" for name in HOSTILE), "..:_hidden", "../=cmd|'/c calc'!a0")


def test_no_name_of_a_workload_leaves_the_directory_or_overwrites_another(hostile_figures):
    assert len({path.name.lower() for path in hostile_figures}) == len(hostile_figures) == 2 * (2 + 2 * len(HOSTILE_WORKLOADS))
    (directory,) = {path.parent for path in hostile_figures}
    assert [path.name for path in directory.parent.iterdir()] == [directory.name]
    assert {path.name for path in hostile_figures} == {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_text_in_a_figure_file(hostile_figures, hostile_rows, name):
    (of_workload,) = [path for path in hostile_figures if path.name == f"{file_stem(f'../{name}')}_times.svg"]
    (of_rows,) = [path for path in hostile_rows if path.name == "w_times.svg"]
    roots = [ElementTree.parse(path).getroot() for path in (of_workload, of_rows)]
    for root in roots:
        assert not {element.tag.rsplit("}", 1)[-1] for element in root.iter()} & {"script", "image", "foreignObject", "a"}
    assert one_line(name, 24) in [text.strip() for text in roots[1].itertext()]


def test_of_many_submissions_all_but_the_best_few_are_grey(tmp_path):
    names = [f"s{i:02}" for i in range(20)]
    trials = board_trials(names, {"w": (2.3, 0.9)}, studies=1, trials=1)
    write_figures(BoardInput(trials), score_board(trials), tmp_path)
    text = (tmp_path / "profiles_examples.svg").read_text()
    assert text.count(f"stroke: {GREY}") == 12
    assert sum(name in text for name in names) == 8


def test_every_trial_is_once_in_a_strip_as_reached_censored_or_broken(trials):
    own = trials[(trials["workload"] == "digits_mlp") & (trials["submission"] == "constant")].copy()
    own.loc[own.index[:2], ["hit_examples", "status"]] = [
        [math.inf, str(Status.DIVERGED)],
        [math.inf, str(Status.FAILED)],
    ]
    own.loc[own.index[2], ["hit_examples", "status"]] = [math.inf, str(Status.PRUNED)]
    own.loc[own.index[3], ["hit_examples", "status", "end_examples"]] = [math.inf, str(Status.SKIPPED), 0.0]
    counts = {kind: len(x) for kind, x in times_by_outcome(own, "examples").items()}
    reached = int(np.isfinite(own["hit_examples"]).sum())
    assert counts["reached"] == reached
    assert counts["broken"] == (own["status"].isin([Status.DIVERGED, Status.FAILED])).sum()
    assert sum(counts.values()) == len(own) - 1


def test_a_strip_has_a_description_in_words(trials):
    own = trials[trials["workload"] == "digits_mlp"]
    drawing = strip_drawing(
        own, ["cosine", "linear", "constant"], assign_marks(own["submission"]), workload="digits_mlp", clock="steps"
    )
    hits = own[own["submission"] == "cosine"]["hit_steps"]
    assert f"cosine: {np.isfinite(hits).sum()} reached" in drawing.description
    assert "steps</text>" in inline_svg(drawing, "x-")


def test_of_many_studies_the_median_fastest_and_slowest_are_drawn():
    trials = board_trials([f"s{i}" for i in range(10)], {"w": (2.3, 0.9)}, studies=40, trials=1, evaluations=120)
    assert len(trials) > MAX_LINES
    chosen = race_lines(trials, "examples")
    assert len(chosen) <= MAX_LINES + 10
    for name in {line.submission for line in chosen}:
        own = [line for line in chosen if line.submission == name]
        hits = sorted(trials.loc[trials["submission"] == name, "hit_examples"])
        times = sorted(line.hit[0] if line.hit else math.inf for line in own)
        assert [line.median for line in own].count(True) == 1
        assert (times[0], times[-1]) == (hits[0], hits[-1])
        middle = next(line for line in own if line.median)
        assert (middle.hit[0] if middle.hit else math.inf) == hits[(len(hits) - 1) // 2]
        assert max(len(line.x) for line in own) <= CROWD_POINTS


def test_names_beside_the_points_of_score_against_cost_do_not_overlap(board):
    drawing = cost_drawing(board.rows, assign_marks(row.name for row in board.rows), clock="examples")
    drawing.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in drawing.figure.axes[0].texts]
    assert len(boxes) == len(board.rows)
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
def test_a_shortened_path_has_the_same_points(long, short):
    assert shorten_path(long) == short


def test_rounding_errors_do_not_accumulate_along_a_path():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 600, (400, 2)).cumsum(axis=0) % 600
    path = "M " + " L ".join(f"{x:.4f} {y:.4f}" for x, y in points)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", shorten_path(path))]
    places = np.array(numbers).reshape(-1, 2).cumsum(axis=0)
    assert np.abs(places - points).max() < 0.051


def test_a_file_stem_keeps_plain_names_and_replaces_other_characters():
    assert file_stem("fashion_mnist_mlp") == "fashion_mnist_mlp"
    assert "/" not in file_stem("../../etc/passwd") and not file_stem("..").startswith(".")
    assert file_stem("") == "_" and len(file_stem("x" * 300)) == 60
