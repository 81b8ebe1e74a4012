"""A page that is open during a run, in headless Chromium: it shows what is written, stays as it was, and ends with the run."""

from __future__ import annotations

import pytest

from harness.report import write_report
from harness.results import BoardInput

from .boards import WORKLOADS, board_trials
from .browsing import tab

PERIOD = 16_000
"""Milliseconds after which a page has loaded itself again."""
PLANNED = 200
PLACE = "Math.round(document.querySelector('#workload-shakespeare_lm').getBoundingClientRect().top)"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the board of some submissions as a run does, and returns its path."""

    def written(*names, goes_on=True):
        trials = board_trials(names, WORKLOADS, studies=2, trials=4, rulers=True)
        out = tmp_path / "leaderboard.html"
        write_report(BoardInput(trials, planned=PLANNED, done=80 if goes_on else PLANNED), out, figures=not goes_on)
        return out

    return written


@pytest.fixture
def open_tab(chromium):
    with tab(chromium, viewport={"width": 400, "height": 500}) as opened:
        # The page's clock stands still but for what a test lets pass, however slow the machine is.
        opened.page.clock.install(time=0)
        opened.page.clock.pause_at(1000)
        yield opened
        assert opened.troubles == []


def pass_a_period(opened):
    """Let a period pass in which the page loads itself again, and lay it out.

    A navigation is no sign of that: the page also changes its history entry.
    """
    with opened.page.expect_event("load"):
        opened.page.clock.run_for(PERIOD)
    opened.page.clock.run_for(100)


def stays(opened, periods=4):
    """Return whether the page does not load itself again in some periods."""
    opened.page.evaluate("window.stayed = true")
    opened.page.clock.run_for(periods * PERIOD)
    return opened.page.evaluate("window.stayed === true")


def test_an_open_page_shows_what_a_run_writes_in_the_same_view_at_the_same_place_until_the_run_ends(open_tab, write):
    open_tab.open(write("cosine", "rex"))
    open_tab.page.check("#reading-time")
    open_tab.page.locator("table.ranking:visible th[data-k=name] button").click()
    open_tab.page.locator("nav a[href='#submissions']").click()  # the address names a part that the reader leaves again
    open_tab.page.locator("table.ranking:visible").evaluate("table => table.closest('.scroll').scrollTo(40, 0)")
    open_tab.page.locator("#reading-time").focus()
    open_tab.page.evaluate("scrollBy(0, document.querySelector('#workload-shakespeare_lm').getBoundingClientRect().top + 30)")
    view, sideways = open_tab.hash(), "document.querySelector('table.ranking').closest('.scroll').scrollLeft"
    place = open_tab.page.evaluate(PLACE)
    assert open_tab.page.evaluate(sideways) == 40 and -40 < place < -20
    for names in (["cosine", "linear", "rex"], ["constant", "cosine", "linear", "rex", "step"]):
        write(*names)
        pass_a_period(open_tab)
        assert open_tab.names() == names and "Partial board" in open_tab.page.inner_text(".warning >> nth=0")
        assert open_tab.hash() == view and open_tab.page.is_checked("#reading-time")
        assert abs(open_tab.page.evaluate(PLACE) - place) <= 2
        assert open_tab.page.evaluate(sideways) == 40
        assert open_tab.page.evaluate("document.activeElement.id") == "reading-time"
    write(*names, goes_on=False)
    pass_a_period(open_tab)
    assert open_tab.page.locator("#workload-shakespeare_lm .figure").count() and "Partial" not in open_tab.page.content()
    assert open_tab.hash() == view and abs(open_tab.page.evaluate(PLACE) - place) <= 2
    assert stays(open_tab)


def test_an_open_page_stays_while_somebody_types_or_has_opened_something_to_read(open_tab, write):
    open_tab.open(write("cosine", "rex"))
    open_tab.page.locator("#find input").fill("re")
    assert stays(open_tab)
    open_tab.page.evaluate("document.activeElement.blur()")
    pass_a_period(open_tab)
    assert open_tab.names() == ["rex"]
    open_tab.page.locator("#workload-digits_mlp details summary").last.click()
    assert stays(open_tab)
    open_tab.page.locator("#workload-digits_mlp details summary").last.click()
    pass_a_period(open_tab)


def test_a_page_of_a_subset_of_the_workloads_goes_on_loading_itself(open_tab, write):
    open_tab.open(write("cosine", "rex"), "#workloads=digits_mlp")
    write("cosine", "linear", "rex")
    pass_a_period(open_tab)
    assert len(open_tab.names()) == 3 and open_tab.page.is_visible("#unofficial")
