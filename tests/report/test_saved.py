"""Compute saved on the page and in its texts: cells, whiskers, figures, sentences."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.report import latex_table, markdown_table, terminal_table, write_figures, write_report
from harness.report.colours import assign_marks
from harness.report.figures import RulerAxes, Standing, ruler_drawing
from harness.report.text.exports import csv_text
from harness.report.views.content import quality_content, race_content
from harness.report.views.lead import conditions, coverage_lines, raced, tuned
from harness.report.views.ranking import ranking
from harness.report.views.saved import SHADES, WIDTH, example_of, scale_of, shade
from harness.report.views.standings import pooled_drawing, pooled_example
from harness.results import BoardInput
from harness.scoring.board import score_board
from harness.scoring.board_parts import RowSpeedUp
from harness.scoring.quality_board import quality_board
from harness.scoring.rules import ScoringRules

from .boards import WORKLOADS, board_trials, budget_trials
from .reading import read


@pytest.fixture(scope="module")
def saved(saved_trials):
    return score_board(saved_trials)


def test_a_cell_is_the_speed_up_on_its_workload(saved):
    for view in ranking(saved, assign_marks(row.name for row in saved.rows)):
        assert [cell.workload for cell in view.saved] == list(saved.workloads)
        for cell in view.saved:
            here = view.row.speed_up.workloads[cell.workload]
            assert cell.order == here.ratio
            assert cell.text == f"{here.bound} ×{here.ratio:.2f}".strip()


@given(st.floats(0.01, 100))
def test_the_shades_are_symmetrical_about_one(ratio):
    near = any(abs(abs(math.log(ratio)) - step) < 1e-9 for step in SHADES)
    assert near or shade(ratio) == -shade(1 / ratio)
    assert shade(1.0) == 0 and abs(shade(ratio)) <= len(SHADES)


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(1, 3)), min_size=1, max_size=8))
def test_every_whisker_is_on_the_scale_in_the_order_of_the_numbers(found):
    own = [RowSpeedUp(value=value, low=value / width, high=value * width) for value, width in found]
    scale = scale_of(own)
    whiskers = [scale.whisker(one) for one in own]
    for one, whisker in zip(own, whiskers, strict=True):
        assert 0 <= whisker.low <= whisker.at <= whisker.high <= WIDTH
        assert whisker.cut or (whisker.at >= scale.one) == (one.value >= 1) or abs(one.value - 1) < 0.01
    places = [at for at, _ in scale.ticks]
    assert "×1" in [text for _, text in scale.ticks] and places == sorted(places)


def test_the_example_says_what_the_best_and_the_worst_speed_up_mean(saved):
    text = example_of(saved)
    others = [row for row in saved.rows if row.name != "cosine"]
    assert text.startswith(f"×{others[0].speedup:.2f} ({others[0].name}) means that cosine, the baseline, needs ")
    assert f"×{others[-1].speedup:.2f} ({others[-1].name}), that cosine needs " in text
    assert example_of(score_board(board_trials(["cosine", "rex"], studies=1, trials=2))) == ""


def test_a_workload_without_a_ruler_is_said_to_count_in_no_speed_up(saved, saved_trials):
    assert coverage_lines(saved) == []
    trials, unruled = saved_trials.copy(), saved.workloads[0]
    trials["facts"] = [
        {**facts, "workload": {**facts["workload"], "ruler": None}} if workload == unruled else facts
        for workload, facts in zip(trials["workload"], trials["facts"], strict=True)
    ]
    (line,) = coverage_lines(score_board(trials))
    width = len(saved.workloads)
    assert line.startswith(f"The speed-ups are over {width - 1} of {width} workloads: for {unruled} no ruler was measured ")
    assert f"`timetrial targets --suite laptop -w {unruled} --only-rulers`" in line
    alone = saved_trials[saved_trials["submission"] != "cosine"]
    assert coverage_lines(score_board(alone)) == []  # without the baseline there is no speed-up, whatever the rulers


def test_the_head_of_the_page_says_what_was_raced_and_what_counts(saved, saved_trials, saved_page):
    raced_here = "5 learning-rate schedules, raced on 3 training tasks, 3 times each (180 trials)"
    assert raced(saved, saved_trials) == raced_here
    optimizers = saved_trials.assign(facts=[{"submission": {"kind": "optimizer"}}] * len(saved_trials))
    assert "its own defaults" in tuned(replace(saved, track="self-tuning"), optimizers)
    assert "the best of 4 settings counts" in tuned(replace(saved, track="external"), optimizers)
    mixed = saved_trials.assign(facts=[{"submission": {"kind": kind}} for kind in ("optimizer", "schedule") * 90])
    assert raced(saved, mixed).startswith("5 training algorithms, ")
    assert "the same starting weights" not in conditions(saved, saved_trials.assign(paired=False))
    text = " ".join(" ".join(read(saved_page).text).split())
    how = "Each drives the same optimizer; the better of 2 peak learning rates counts, for every length of run."
    assert tuned(saved, saved_trials) == how and f"{raced_here}. {how} Each gets the same compute, the same starting" in text
    assert saved.verdict in text and example_of(saved) in text
    assert text.index(saved.verdict) < text.index("How to read this page")


def test_both_readings_are_columns_of_one_table_with_named_heads(saved, saved_page):
    reader = read(saved_page)
    heads = [a for tag, a in reader.tags if tag == "th" and a.get("data-k")]
    assert all(a["scope"] == "col" for a in heads)
    own = [a for a in heads if a["data-k"].startswith(("e-", "w-"))]
    assert {(a["data-k"], "c-saved" in a["class"], "c-time" in a["class"]) for a in own} == {
        (f"{kind}-{w}", kind == "e", kind == "w") for w in WORKLOADS for kind in "ew"
    }
    radios = {a["id"]: "checked" in a for tag, a in reader.tags if tag == "input" and a.get("name") == "reading"}
    assert radios == {"reading-saved": True, "reading-time": False}


def test_a_board_ranked_by_score_opens_with_the_times(saved_trials, tmp_path):
    write_report(BoardInput(saved_trials), tmp_path / "b.html", ScoringRules(rank_by="score"), figures=False)
    inputs = [a for tag, a in read(tmp_path / "b.html").tags if tag == "input" and a.get("name") == "reading"]
    assert [a["id"] for a in inputs if "checked" in a] == ["reading-time"]
    assert markdown_table(score_board(saved_trials, ScoringRules(rank_by="score"))).index("AlgoPerf") < 200


def test_limits_are_explained_only_where_there_are_some(saved, saved_page, tmp_path):
    trials = board_trials(["cosine", "rex"], trials=4, rulers=True)
    broken = (trials["submission"] == "rex") & (trials["workload"] == "digits_mlp")
    trials.loc[broken, "status"] = "diverged"
    write_report(BoardInput(trials), tmp_path / "b.html", figures=False)
    text = " ".join(" ".join(read(tmp_path / "b.html").text).split())
    assert "it is at most this, because a run of the submission broke off" in text
    assert re.search(r"≤ ×0\.\d\d", text) and "3/9" in text
    plain = " ".join(" ".join(read(saved_page).text).split())
    assert ("because a run of the submission broke off" in plain) == any(row.speed_up.limited for row in saved.rows)


def test_the_page_has_the_figure_over_all_workloads_and_one_per_workload(saved, saved_page):
    text = saved_page.read_text("utf-8")
    titles = re.findall(r"<title id=[^>]*>([^<]*)</title>", text)
    assert titles.count("How far the same compute gets, over all workloads") == 3
    assert [t for t in titles if t.endswith(": final cross_entropy against compute")] == [
        f"{w}: final cross_entropy against compute" for w in saved.workloads
    ]
    rows = [(row.name, row.speed_up) for row in saved.rows]
    drawing = pooled_drawing(rows, assign_marks(name for name, _ in rows), baseline="cosine", clock="examples")
    best = max((own.horizons[1.0].value, name) for name, own in rows if name != "cosine")
    assert f"{best[1]} {0.5 * dict(rows)[best[1]].horizons[0.5].value:.3g} for 0.5, {best[0]:.3g} for 1" in drawing.description
    whole = dict(rows)[best[1]].horizons[1.0]
    ends = f"{whole.low:.2f} to {whole.high:.2f}"
    assert pooled_example(rows, baseline="cosine", clock="examples") == (
        f"{best[1]} gets as far with the whole budget as cosine with {best[0]:.2f} budgets (95 % interval: {ends}): "
        f"it needs {1 / best[0]:.2f} of the compute that cosine needs. "
        "The speed-up above is the mean over all lengths of run, of which this is the longest."
    )


def test_the_points_of_the_figures_are_in_the_json(saved_trials, saved_page):
    board = json.loads(saved_page.with_suffix(".json").read_text(), parse_constant=pytest.fail)
    content = race_content(BoardInput(saved_trials), score_board(saved_trials))
    assert len(board["quality_points"]) == len(content.points) == 5 * 3 * 2
    for point, own in zip(board["quality_points"], content.points, strict=True):
        assert (point["submission"], point["horizon"]) == (own.submission, own.horizon)
        assert point["equivalent"] == pytest.approx(own.equivalent)


def test_the_files_of_figures_include_those_of_compute(saved, saved_trials, tmp_path):
    names = {path.name for path in write_figures(BoardInput(saved_trials), saved, tmp_path)}
    assert {"compute_examples.svg", "compute_examples.pdf", *(f"{w}_compute.svg" for w in WORKLOADS)} <= names


def test_markdown_and_latex_have_a_table_for_each_reading(saved):
    lines = markdown_table(saved).splitlines()
    heads = [line for line in lines if line.startswith("| rank |")]
    assert len(heads) == 2 and "| at 0.5 | at 1 |" in heads[0] and "score" in heads[1]
    assert len([line for line in lines if line.startswith("|")]) == 2 * (2 + len(saved.rows))
    for row in saved.rows:
        cells = next(line for line in lines if f" | {row.name} | " in line).split(" | ")
        assert cells[2] == f"**×{row.speedup:.2f}**"
        assert cells[-1].removesuffix(" |") == f"×{row.speed_up.workloads[saved.workloads[-1]].ratio:.2f}"
    latex = latex_table(saved)
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 2


def test_the_csv_has_the_speed_up_of_every_cell_with_its_bound(saved):
    for line in csv.DictReader(io.StringIO(csv_text(saved))):
        here = next(r for r in saved.rows if r.name == line["submission"]).speed_up.workloads[line["workload"]]
        assert float(line["speedup_here"]) == here.ratio and line["speedup_here_bound"] == here.bound


def printed(board, width, *, terminal=False, encoding="utf-8"):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, errors="replace")
    terminal_table(board, Console(file=out, width=width, force_terminal=terminal, color_system=None))
    out.flush()
    return raw.getvalue().decode(encoding)


def test_the_terminal_shows_cells_where_they_fit_and_bars_where_there_is_room(saved):
    wide = printed(saved, 160, terminal=True)
    assert "digits_mlp" in wide and "●" in wide
    for row in saved.rows:
        (line,) = [line for line in wide.splitlines() if f"  {row.name}  " in line]
        assert line.split()[-3:] == [f"{row.speed_up.workloads[w].ratio:.2f}" for w in saved.workloads]
    assert "●" not in printed(saved, 160)
    assert "●" not in printed(saved, 160, terminal=True, encoding="ascii")
    narrow = printed(saved, 80)
    assert "the speed-ups on 3 workloads do not fit here" in narrow and max(map(len, narrow.splitlines())) <= 80


def test_the_budget_track_has_the_same_figures_where_its_records_carry_rulers(tmp_path):
    trials = budget_trials(rulers=True)
    board = quality_board(trials)
    assert board.ranked_by == "speedup" and len(quality_content(BoardInput(trials), board).points) == 3 * 2 * 4
    write_report(BoardInput(trials), tmp_path / "b.html")
    text = (tmp_path / "b.html").read_text("utf-8")
    assert 'id="compute"' in text and text.count("final cross_entropy against compute</title>") == 2
    assert 'class="whisker"' in text
    names = {path.name for path in write_figures(BoardInput(trials), board, tmp_path / "figures")}
    assert {"compute_examples.svg", "w_compute.svg", "w_budget.svg"} <= names


def test_a_point_far_below_all_others_is_counted_instead_of_flattening_them():
    names = [f"s{place}" for place in range(10)]
    standings = [Standing(name, 1.0, 1.0 - place / 20, 0.5 + place / 100, "1") for place, name in enumerate(names)]
    lost = Standing("lost", 1.0, 0.05, 40.0, "0.05")
    axes_text = RulerAxes("the reference", "reference", "loss", lower_is_better=True)

    def drawn(*shown):
        marks = assign_marks([s.submission for s in shown])
        drawing = ruler_drawing([(0.5, 0.6), (1.0, 0.5)], shown, marks, name="x", title="x", axes_text=axes_text)
        (axes,) = drawing.figure.axes
        return len(axes.lines), max(axes.get_ylim()), {text.get_text() for text in axes.texts}, drawing.description

    lines, worst, texts, _ = drawn(*standings)
    with_lost = drawn(*standings, lost)
    assert with_lost[0] == lines and with_lost[1] < 1 and worst < 1
    assert "1 point lies further below" in with_lost[2] - texts and "lost 0.05 for 1" in with_lost[3]
