"""The page of compute saved in headless Chromium: two readings as tabs of one table, with and without scripts."""

from __future__ import annotations

import pytest

from .browsing import tab
from .test_browser import CONTRAST

COLUMNS = """() => Array.from(document.querySelectorAll("table[data-clock=examples] thead th"))
  .filter((head) => head.offsetParent).map((head) => head.dataset.k)"""


def expected(kind):
    workloads = ("digits_mlp", "fashion_mnist_resnet", "shakespeare_lm")
    return [f"{kind}-{workload}" for workload in workloads]


def cells(columns):
    return [name for name in columns if name[:2] in ("e-", "w-")]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_tab_shows_its_reading_with_and_without_scripts(chromium, saved_page, scripts):
    with tab(chromium, java_script_enabled=True) as seen:
        first = seen.open(saved_page).page.evaluate(COLUMNS)
    with tab(chromium, java_script_enabled=scripts) as seen:
        seen.open(saved_page)
        heads = seen.page.locator("table[data-clock=examples] thead th")
        shown = [h.get_attribute("data-k") for h in heads.all() if h.is_visible()]
        assert shown == first and cells(shown) == expected("e") and "score" not in shown
        seen.page.check("#reading-time")
        shown = [h.get_attribute("data-k") for h in heads.all() if h.is_visible()]
        assert cells(shown) == expected("w") and "score" in shown and "speedup" in shown
        assert seen.page.is_visible("#times")
        assert seen.troubles == []


def test_the_tab_is_in_the_address_and_the_text_follows_it(chromium, saved_page):
    with tab(chromium) as seen:
        seen.open(saved_page)
        seen.page.locator("#take details summary").first.click()
        official = seen.page.text_content("pre[data-kind=Markdown]")
        seen.page.check("#reading-time")
        assert seen.hash() == "#reading=time"
        assert "AlgoPerf" in seen.page.text_content("pre[data-kind=Markdown]").splitlines()[0]
        seen.open(saved_page, seen.hash())
        assert seen.page.is_checked("#reading-time")
        seen.page.check("#reading-saved")
        assert seen.page.text_content("pre[data-kind=Markdown]") == official and seen.hash() in ("", "#")
        seen.open(saved_page, "#reading=never")
        assert seen.page.is_checked("#reading-saved") and seen.troubles == []


def test_a_subset_of_the_workloads_has_no_numbers_of_the_whole_board(chromium, saved_page):
    with tab(chromium) as seen:
        seen.open(saved_page)
        rows = "Array.from(document.querySelectorAll('table[data-clock=examples] tbody tr'), row => row.innerHTML)"
        before = seen.page.evaluate(rows)
        seen.open(saved_page, "#workloads=digits_mlp,shakespeare_lm")
        columns = seen.page.evaluate(COLUMNS)
        assert cells(columns) == ["e-digits_mlp", "e-shakespeare_lm"]
        first = seen.page.locator("table[data-clock=examples] tbody tr").first
        for name in ("h1", "h2"):
            at = columns.index(name)
            assert first.locator("td, th").locator("visible=true").nth(at).inner_text() == "–"
        assert "no interval" in first.locator("td.speed").inner_text()
        seen.page.evaluate("location.hash = '#theme=light'")
        seen.page.wait_for_timeout(50)
        assert seen.page.evaluate(rows) == before and seen.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("reading", ["saved", "time"])
def test_every_text_has_enough_contrast_on_every_shade(chromium, saved_page, scheme, reading):
    with tab(chromium, color_scheme=scheme) as seen:
        seen.open(saved_page, f"#reading={reading}")
        # Every shade is tried, whichever the board has.
        seen.page.evaluate(
            """() => { let shade = -5; document.querySelectorAll(".ranking td[class^=e]").forEach((cell) => {
              shade = shade === 4 ? -4 : shade + 1; cell.className = cell.className.replace(/^e-?\\d/, "e" + shade); }); }"""
        )
        assert seen.page.evaluate(CONTRAST) == []


def test_a_phone_needs_no_sideways_scrolling_and_shows_the_speed_ups(chromium, saved_page):
    with tab(chromium, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as phone:
        phone.open(saved_page)
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
        box = phone.page.locator("table[data-clock=examples] td.speed b").first.bounding_box()
        assert box["x"] + box["width"] < 390


def test_print_shows_the_chosen_tab_without_the_controls(chromium, saved_page):
    with tab(chromium) as paper:
        paper.open(saved_page)
        paper.page.emulate_media(media="print")
        assert not paper.page.is_visible("#readings")
        assert cells(paper.page.evaluate(COLUMNS)) == expected("e")
