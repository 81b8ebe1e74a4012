"""docs/schedules.md, its gallery and docs/optimizers.md agree with the plug-ins and with the conformance tests."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness import schedule
from harness.cli.app import run_app
from harness.registry import all_submissions
from harness.report.docs.families import FAMILIES
from harness.report.docs.gallery import HORIZON, gallery_curve, gallery_figure
from harness.report.docs.optimizers import conformance, optimizers_markdown
from harness.report.docs.schedules import schedules_markdown
from tests.submissions.conformance.stored import compared

ROOT = Path(__file__).parents[2]
OURS = [found for found in all_submissions() if found.facts["source"].startswith("submissions.")]
SCHEDULES = {found.name: found.schedule for found in OURS if found.schedule}


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    place = tmp_path_factory.mktemp("docs")
    shutil.copy(ROOT / "docs" / "step_cost.json", place)
    assert run_app(["list", "submissions", "--docs", str(place)]) == 0
    return place


def test_the_page_of_schedules_is_up_to_date(docs):
    assert (docs / "schedules.md").read_text() == (ROOT / "docs" / "schedules.md").read_text(), "run `make docs`"


def test_the_page_of_optimizers_is_up_to_date(docs):
    assert (docs / "optimizers.md").read_text() == (ROOT / "docs" / "optimizers.md").read_text(), "run `make docs`"


def test_every_optimizer_has_one_family():
    named = [name for names in FAMILIES.values() for name in names]
    assert len(named) == len(set(named))
    assert {found.name for found in OURS if found.kind == "optimizer"} <= set(named), (
        "add it to harness/report/docs/families.py"
    )


def test_the_page_says_what_the_conformance_tests_compare():
    assert conformance() == compared(), "run `python -m tests.submissions.conformance.stored`"


def test_the_page_has_the_figures_of_the_board():
    row = {"name": "soap+cosine", "speedup": 1.234, "speedup_low": 1.1, "speedup_high": 1.4, "speedup_bound": "≤"}
    row |= {"rank": 2, "rank_low": 1, "rank_high": 3, "workloads": {"v": {"studies": 3}}}
    board = {"track": "t", "suite": "s", "clock": "c", "baseline": "b", "workloads": ["v"]}
    board["submissions"] = [{**row, "name": "soap:defaults=paper+cosine", "rank": 1}, row]
    about = {"description": "", "wraps": "", "declared": {}, "hyperparameters": {}}
    facts = {found.name: {**found.facts, **about} for found in OURS}
    page = optimizers_markdown([facts["soap"], facts["lion"]], board)
    assert (
        "| to 1e-4 | ≤ ×1.23 [1.10–1.40] | 2 (1–3) |" in page and "- *Board*: `soap+cosine` ≤ ×1.23 [1.10–1.40], rank 2" in page
    )
    assert page.count("not recorded yet") == 2 and "[`lion`](#lion)" in page  # in the table, and one by one


def test_the_committed_gallery_has_a_panel_with_its_name_as_text_for_every_schedule():
    words = re.findall(r"<text[^>]*>([^<]*)</text>", (ROOT / "docs" / "schedules.svg").read_text())
    assert set(SCHEDULES) <= set(words), "run `make docs`"


def test_the_gallery_is_the_same_bytes_every_time(docs):
    assert gallery_figure(list(SCHEDULES.values())) == (docs / "schedules.svg").read_text()


def test_a_shape_that_changes_changes_the_gallery():
    @schedule
    def linear(step, horizon):
        """Another one under the old name."""
        return (1 - step / horizon) ** 3

    assert gallery_figure([linear]) != gallery_figure([SCHEDULES["linear"]])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_drawn(name):
    values = gallery_curve(SCHEDULES[name])
    assert len(values) == HORIZON and all(0 <= value < 100 for value in values)


def test_a_schedule_that_listens_is_drawn_for_a_run_that_stops_improving():
    values = gallery_curve(SCHEDULES["plateau"], {"patience": 0, "factor": 0.5})
    assert values[: HORIZON // 2] == [1.0] * (HORIZON // 2) and values[-1] < 0.01


def test_a_rate_above_the_peak_has_a_scale_of_its_own_and_its_neighbours_label_theirs():
    @schedule(anytime=True, listens="training_loss")
    class high:
        """Three times the peak."""

        def observe(self, feedback): ...

        def multiplier(self, step):
            return 3.0

    def ticks(*plugins):
        figure = gallery_figure(list(plugins))
        return [word for word in re.findall(r"<text[^>]*>([^<]*)</text>", figure) if word in ("0", "1", "3")]

    linear = SCHEDULES["linear"]
    assert ticks(linear, linear).count("1") == 2 + 1, "two panels' right ends, one scale"
    assert sorted(ticks(high, linear)) == ["0"] * 4 + ["1"] * 4 + ["3"]


def test_markdown_characters_are_escaped_except_in_code():
    row = {
        **OURS[0].facts,
        "kind": "schedule",
        "summary": "a | b_c * `d_e`",
        "paper": "",
        "cost": "",
        "deviation": "<b>",
        "description": "",
    }
    page = schedules_markdown([row])
    assert r"a \| b\_c \* `d_e` | none named |" in page and r"\<b\>" in page


def test_a_user_s_plug_in_is_not_on_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submissions").mkdir()
    code = "from harness import schedule\n@schedule\ndef mine(step, horizon):\n    'Mine.'\n    return 1 - step / horizon\n"
    (tmp_path / "submissions" / "mine.py").write_text(code)
    assert run_app(["list", "submissions", "--docs", "."]) == 0
    assert "`mine`" not in (tmp_path / "schedules.md").read_text() and "mine" in [s.name for s in all_submissions()]
