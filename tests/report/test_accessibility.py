"""axe-core, the usual checker of accessible pages, finds nothing in any page, theme, tab or width."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records import Status
from harness.report import write_report
from harness.results import BoardInput

from .accessibility import CONTRAST_ONLY, WITHOUT_CONTRAST, unfold, violations
from .boards import WORKLOADS, board_trials, budget_trials, sensitivity_trials
from .browsing import tab
from .test_browser import CONTRAST

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
OTHER_TABS = "#reading=time&rows=wide&clock=seconds&workloads=digits_mlp"
"""The address of everything that the page shows elsewhere than as it opens."""
FAILED = {
    Status.FAILED: "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    Status.TIMEOUT: "the limit of 900 s was reached",
    Status.OUT_OF_MEMORY: "the trial needed more than 2 GB",
    Status.KILLED: "slower than 3 of 4 at half of the budget",
}


def race():
    return board_trials(["cosine", "rex", "constant"], dict(list(WORKLOADS.items())[:2]), studies=2, trials=4, rulers=True)


@pytest.fixture(scope="module")
def race_page(tmp_path_factory):
    out = tmp_path_factory.mktemp("race") / "leaderboard.html"
    write_report(BoardInput(race(), sensitivity=sensitivity_trials()), out)
    return out


@pytest.fixture(scope="module")
def failing_page(tmp_path_factory):
    """Return the page of a run that goes on, with every kind of failure, two machines and workloads that did not run."""
    out = tmp_path_factory.mktemp("failing") / "leaderboard.html"
    trials = race()
    statuses = list(FAILED)
    for place, status in zip(trials.index[trials["submission"] == "constant"][:8], statuses * 2, strict=True):
        trials.loc[place, ["status", "reason"]] = str(status), FAILED[status]
        for clock in ("examples", "seconds", "steps"):
            trials.loc[place, f"hit_{clock}"] = float("inf")
        trials.loc[place, "hit_index"] = -1
    trials.loc[trials["study"] == 1, "machine"] = "another laptop"
    given = BoardInput(
        trials,
        planned=90,
        done=len(trials),
        skipped={"mri_unet": "its data could not be downloaded"},
        damaged={Path("trials/broken.json"): "not JSON"},
        workloads=("qm9_gnn",),
    )
    write_report(given, out, figures=False)
    return out


@pytest.fixture(scope="module")
def budget_page(tmp_path_factory):
    out = tmp_path_factory.mktemp("budget") / "leaderboard.html"
    write_report(BoardInput(budget_trials(rulers=True)), out)
    return out


def checked(chromium, page, address, scheme, options=None, width=1440):
    """Return what axe finds in a page, and the texts whose contrast is too low."""
    with tab(chromium, color_scheme=scheme, viewport={"width": width, "height": 1000}) as seen:
        seen.page.set_default_navigation_timeout(120_000)
        seen.open(page, address)
        unfold(seen)
        return violations(seen, options), seen.page.evaluate(CONTRAST)


def test_axe_sees_a_missing_name_and_a_low_contrast(chromium):
    with tab(chromium) as seen:
        seen.page.set_content(
            "<!DOCTYPE html><html lang=en><title>t</title><main><h1>t</h1><details><summary>s</summary><input>"
            "<p style='color:#999;background:#fff'>pale words</p></details></main>"
        )
        unfold(seen)
        assert {line.split(" | ")[0] for line in violations(seen)} == {"label", "color-contrast"}


@pytest.mark.parametrize("address", ["", OTHER_TABS])
@pytest.mark.parametrize(("scheme", "options"), [("light", None), ("dark", CONTRAST_ONLY)])
def test_axe_finds_nothing_in_the_page_of_a_race(chromium, race_page, address, scheme, options):
    assert checked(chromium, race_page, address, scheme, options) == ([], [])


@pytest.mark.parametrize(("scheme", "options"), [("light", None), ("dark", CONTRAST_ONLY)])
def test_axe_finds_nothing_in_the_page_of_a_run_that_goes_on_and_has_failures(chromium, failing_page, scheme, options):
    assert checked(chromium, failing_page, "", scheme, options) == ([], [])


@pytest.mark.parametrize(("scheme", "options"), [("light", None), ("dark", CONTRAST_ONLY)])
def test_axe_finds_nothing_in_the_page_of_the_budget_track(chromium, budget_page, scheme, options):
    assert checked(chromium, budget_page, "", scheme, options) == ([], [])


@pytest.mark.parametrize("address", ["", OTHER_TABS])
def test_axe_finds_nothing_at_the_width_of_a_phone(chromium, race_page, address):
    assert checked(chromium, race_page, address, "light", WITHOUT_CONTRAST, width=390) == ([], [])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("address", ["", "#reading=time&rows=wide&clock=seconds"])
@pytest.mark.parametrize(("scheme", "options"), [("light", None), ("dark", CONTRAST_ONLY)])
@pytest.mark.parametrize("name", ["leaderboard", "self-tuning", "external"])
def test_axe_finds_nothing_in_the_pages_of_the_reference_result(chromium, name, address, scheme, options):
    assert checked(chromium, REFERENCE / f"{name}.html", address, scheme, options) == ([], [])
