"""The page in headless Chromium: offline, sorted, filtered, on a subset of workloads, from a link, without scripts."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from harness.report import write_report
from harness.report.words import visible
from harness.results import BoardInput
from harness.scoring.board import score_board
from harness.scoring.rules import ScoringRules

from .boards import board_trials
from .browsing import tab
from .hostile import HOSTILE


@pytest.fixture
def open_tab(chromium):
    with tab(chromium) as opened:
        yield opened
        assert opened.troubles == []


def test_the_page_loads_offline_without_an_error_or_a_request(open_tab, page):
    open_tab.open(page)
    assert len(open_tab.names()) == 5
    open_tab.page.wait_for_timeout(100)


def test_a_header_sorts_both_ways_by_keyboard_and_the_order_is_in_the_address(open_tab, page, board):
    open_tab.open(page)
    head = open_tab.page.locator("table.ranking:visible th[data-k=score]")
    head.locator("button").focus()
    open_tab.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    scores = {row.name: row.score for row in board.rows}
    assert [scores[name] for name in open_tab.names()] == sorted(scores.values())
    open_tab.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [scores[name] for name in open_tab.names()] == sorted(scores.values(), reverse=True)
    order, address = open_tab.names(), open_tab.hash()
    open_tab.open(page, address)
    assert open_tab.names() == order
    assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("clock", ["seconds", "steps"])
def test_the_clock_switch_shows_the_board_that_python_scores_on_that_clock(open_tab, page, trials, clock):
    open_tab.open(page)
    open_tab.page.check(f"#clock-{clock}")
    board = score_board(trials, ScoringRules(clock))
    assert open_tab.names() == [row.name for row in board.rows]
    assert open_tab.page.inner_text(".verdict:visible") == board.verdict
    scores = open_tab.page.locator(f"table[data-clock={clock}] tbody tr td:nth-child(4)").evaluate_all(
        "c => c.map(x => x.dataset.v)"
    )
    assert [float(text) for text in scores] == [row.score for row in board.rows]
    assert open_tab.hash() == f"#clock={clock}"


def test_times_can_be_relative_to_the_best_or_to_the_baseline(open_tab, page, board):
    open_tab.open(page)
    row, workload = board.rows[0], board.workloads[0]
    best = min(r.cells[workload].time for r in board.rows)
    pace = next(r.cells[workload].time for r in board.rows if r.name == "cosine")
    cell = open_tab.page.locator("table[data-clock=examples] tbody tr").first.locator("td.cell").first
    for switch, ratio in (("best", row.cells[workload].time / best), ("baseline", row.cells[workload].time / pace)):
        open_tab.page.check(f"#times-{switch}")
        assert cell.inner_text().startswith(f"×{ratio:.2f}")
        assert f"times={switch}" in open_tab.hash()


def test_a_ranking_on_a_subset_of_the_workloads_says_that_it_is_unofficial_and_can_be_undone(open_tab, page, trials):
    open_tab.open(page)
    rows = "Array.from(document.querySelectorAll('table[data-clock=examples] tbody tr'), row => row.innerHTML)"
    before = open_tab.page.evaluate(rows)
    open_tab.page.locator("#chooser summary").click()
    open_tab.page.uncheck("#chooser input[value=shakespeare_lm]")
    chosen = ["digits_mlp", "fashion_mnist_resnet"]
    board = score_board(trials[trials["workload"].isin(chosen)])
    assert open_tab.names() == [row.name for row in board.rows]
    badge = open_tab.page.inner_text("#unofficial")
    assert "Unofficial ranking on 2 of 3 workloads: digits_mlp, fashion_mnist_resnet" in badge
    assert not open_tab.page.is_visible("th[data-workload=shakespeare_lm] >> nth=0")
    assert not open_tab.page.is_visible("#workload-shakespeare_lm")
    assert "no interval" in open_tab.page.inner_text("table[data-clock=examples] tbody tr:first-child td:nth-child(4)")
    open_tab.page.locator("#every").click()
    assert not open_tab.page.is_visible("#unofficial")
    assert open_tab.page.evaluate(rows) == before
    assert open_tab.hash() in ("", "#")


def test_the_last_workload_cannot_be_deselected(open_tab, page):
    open_tab.open(page, "#workloads=digits_mlp")
    open_tab.page.locator("#chooser input[value=digits_mlp]").click()
    assert open_tab.page.is_checked("#chooser input[value=digits_mlp]")
    assert "1 of 3" in open_tab.page.inner_text("#unofficial")


def test_a_deselected_submission_has_no_row_and_no_lines_and_no_score_changes(open_tab, page, trials):
    open_tab.open(page)
    scores = "c => c.map(x => x.textContent)"
    before = open_tab.page.locator("table[data-clock=examples] tbody td:nth-child(3) b").evaluate_all(scores)
    open_tab.page.uncheck(".key input[value=step]")
    assert "step" not in open_tab.names()
    index = re.search(r"\d+", open_tab.page.get_attribute(".key input[value=step]", "id"))[0]
    hidden = open_tab.page.locator(f"#workload-digits_mlp .figure .line{index}").evaluate_all(
        "e => e.map(x => getComputedStyle(x).display)"
    )
    assert hidden and set(hidden) == {"none"}
    assert open_tab.page.locator("table[data-clock=examples] tbody td:nth-child(3) b").evaluate_all(scores) == before
    open_tab.page.check("#grey")
    assert "step" in open_tab.names()
    faint = open_tab.page.locator(f"#workload-digits_mlp .figure .line{index}").first.evaluate(
        "e => getComputedStyle(e).opacity"
    )
    assert faint == "0.25"


def test_the_address_of_a_view_shows_the_same_view(open_tab, page):
    open_tab.open(page)
    open_tab.page.check("#clock-seconds")
    open_tab.page.check("#times-best")
    open_tab.page.uncheck(".key input[value=step]")
    open_tab.page.locator("#chooser summary").click()
    open_tab.page.uncheck("#chooser input[value=digits_mlp]")
    open_tab.page.locator("table.ranking:visible th[data-k=name] button").click()
    open_tab.page.locator("#theme").click()
    address = open_tab.hash()
    look = """[document.querySelector('table[data-clock=seconds]').innerText, document.documentElement.dataset.theme,
      document.querySelector('#unofficial').innerText]"""
    before = open_tab.page.evaluate(look)
    for part in ("clock=seconds", "times=best", "workloads=", "submissions=", "order=", "theme=dark"):
        assert part in address
    open_tab.open(page, address)
    assert open_tab.page.evaluate(look) == before
    assert open_tab.hash() == address


def test_a_link_to_a_panel_keeps_the_view_and_scrolls_there_when_it_is_opened(open_tab, page):
    open_tab.open(page, "#clock=steps")
    open_tab.page.locator("#workload-shakespeare_lm h3 a").click()
    assert open_tab.hash() == "#at=workload-shakespeare_lm&clock=steps"
    open_tab.open(page, open_tab.hash())
    assert 0 <= open_tab.page.evaluate("document.getElementById('workload-shakespeare_lm').getBoundingClientRect().top") < 300
    assert open_tab.page.is_checked("#clock-steps")


@pytest.mark.parametrize(
    "address",
    [
        "#clock=noon&times=never&order=ranking:nothing:up&theme=pink",
        "#workloads=nothing,%3Cscript%3E&submissions=%2C%2C",
        "#at=%E0%A4%A&clock=%",
        "#__proto__=x&constructor=y&order=__proto__:score:up",
        "#<img src=x onerror=alert(1)>",
        "#=&&==&at",
    ],
)
def test_a_broken_or_hostile_address_shows_the_page_without_an_error(open_tab, page, address):
    open_tab.open(page, address)
    assert open_tab.page.is_visible(".verdict >> nth=0")
    assert open_tab.page.locator("table[data-clock=examples] tbody tr").count() == 5
    assert open_tab.page.locator("img").count() == 0


def test_the_theme_is_that_of_the_system_until_the_switch_changes_it(chromium, page):
    colour = "getComputedStyle(document.body).backgroundColor"
    with tab(chromium, color_scheme="dark") as dark:
        dark.open(page)
        assert dark.page.evaluate(colour) == "rgb(21, 24, 29)"
        dark.page.locator("#theme").click()
        assert dark.page.evaluate(colour) == "rgb(255, 255, 255)"
        assert dark.hash() == "#theme=light"
        dark.open(page, dark.hash())
        assert dark.page.evaluate(colour) == "rgb(255, 255, 255)"
        assert dark.troubles == []


def test_the_tables_and_the_clock_switch_work_with_scripts_off(chromium, page, board):
    with tab(chromium, java_script_enabled=False) as still:
        still.open(page)
        texts = still.page.locator("table[data-clock=examples] tbody tr").all_inner_texts()
        assert [row.name in text and f"{row.score:.3f}" in text for row, text in zip(board.rows, texts, strict=True)] == [
            True
        ] * 5
        assert not still.page.locator("table[data-clock=seconds]").is_visible()
        still.page.check("#clock-seconds")
        assert still.page.locator("table[data-clock=seconds]").is_visible()
        assert not still.page.locator("#chooser").is_visible()
        assert not still.page.locator("#theme").is_visible()
        assert still.page.locator("#workload-digits_mlp .figure").first.is_visible()
        assert still.troubles == []


def test_the_table_as_text_follows_the_view(open_tab, page):
    open_tab.open(page)
    for part in open_tab.page.locator("#take details summary").all():
        part.click()
    official = open_tab.page.text_content("pre[data-kind=Markdown]")
    assert "| 1 |" in official or "| 1 (" in official
    open_tab.page.uncheck(".key input[value=step]")
    text = open_tab.page.text_content("pre[data-kind=Markdown]")
    assert "| step |" not in text and "| rex |" in text
    assert len({line.count("|") for line in text.strip().splitlines()}) == 1
    latex = open_tab.page.text_content("pre[data-kind=LaTeX]")
    assert "digits\\_mlp" in latex and "step" not in latex
    open_tab.open(page, "#workloads=digits_mlp")
    open_tab.page.locator("#take details summary").first.click()
    open_tab.page.wait_for_timeout(50)
    assert open_tab.page.text_content("pre[data-kind=Markdown]").startswith("Unofficial ranking on 1 of 3")
    open_tab.page.evaluate("location.hash = '#theme=light'")
    open_tab.page.wait_for_timeout(50)
    assert open_tab.page.text_content("pre[data-kind=Markdown]") == official


def test_a_phone_needs_no_sideways_scrolling_of_the_page(chromium, page):
    with tab(chromium, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True) as phone:
        phone.open(page)
        for part in phone.page.locator("details > summary:visible").all():
            part.click()
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 360
        assert phone.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_four_and_a_half(chromium, page, scheme):
    with tab(chromium, color_scheme=scheme) as seen:
        seen.open(page)
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert seen.page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = (c) => .2126 * linear(c[0]) + .7152 * linear(c[1]) + .0722 * linear(c[2]);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const found = new Set(), unseen = ["SCRIPT", "STYLE", "TITLE", "DESC"];
  for (const e of document.querySelectorAll("body *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || unseen.includes(e.tagName.toUpperCase())) continue;
    const style = getComputedStyle(e), a = light(rgb(e instanceof SVGElement ? style.fill : style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.add([e.tagName, e.getAttribute("class"), e.textContent.slice(0, 30), ratio.toFixed(2)].join(" "));
  }
  return Array.from(found);
}"""


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(open_tab, page):
    open_tab.open(page)
    nameless = open_tab.page.evaluate(
        """() => Array.from(document.querySelectorAll("button, input, a[href], select, [tabindex]"))
        .filter((e) => e.getClientRects().length)
        .filter((e) => {
          const label = e.labels && e.labels[0] ? e.labels[0].textContent.trim() : "";
          return !(e.textContent.trim() || e.getAttribute("aria-label") || label) || e.tabIndex < 0;
        }).map((e) => e.outerHTML.slice(0, 100))"""
    )
    assert nameless == []


def test_print_shows_the_tables_on_white_without_the_controls(chromium, page):
    with tab(chromium, color_scheme="dark") as paper:
        paper.open(page)
        paper.page.emulate_media(media="print")
        assert paper.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not paper.page.locator("nav").is_visible()
        assert paper.page.locator("table[data-clock=examples]").is_visible()
        assert len(paper.page.pdf()) > 10_000


def test_of_forty_submissions_the_best_are_in_colour_and_the_others_grey(chromium, tmp_path):
    names = [f"schedule_{i:02}" for i in range(40)]
    out = tmp_path / "leaderboard.html"
    write_report(BoardInput(board_trials(names, {"digits_mlp": (2.3, 0.9)}, studies=1, trials=1)), out)
    with tab(chromium) as crowd:
        crowd.open(out)
        assert len(crowd.names()) == 40
        assert crowd.page.locator(".key input.show:checked").count() == 8
        lines = crowd.page.locator("#workload-digits_mlp .figure >> nth=0").locator("[class^=line]")
        faint = lines.evaluate_all("e => e.map(x => getComputedStyle(x).opacity === '0.25')")
        assert 0 < faint.count(False) < faint.count(True)
        shown = crowd.page.locator(".key label:has(:checked) .swatch line").evaluate_all(
            "e => e.map(x => getComputedStyle(x).stroke)"
        )
        assert len(set(shown)) == 8
        chosen = crowd.page.locator(".key input.show:not(:checked)").first
        name = chosen.get_attribute("value")
        chosen.check()
        assert quote(name) in crowd.hash()
        assert crowd.troubles == []


def test_a_panel_with_too_many_trials_lists_those_of_one_submission_from_the_download(open_tab, tmp_path):
    trials = board_trials(["cosine", "linear"], {"digits_mlp": (2.3, 0.9)}, studies=150, trials=3, evaluations=8)
    out = tmp_path / "leaderboard.html"
    write_report(BoardInput(trials), out)
    open_tab.open(out)
    open_tab.page.locator("#workload-digits_mlp details summary").click()
    open_tab.page.locator(".every select").select_option("linear")
    rows = open_tab.page.locator(".every tbody tr")
    rows.first.wait_for()
    assert rows.count() == 450
    own = trials[trials["submission"] == "linear"].sort_values(["study", "trial"])
    assert open_tab.page.locator(".every tbody tr").first.inner_text().split("\t")[-1] == own["id"].iloc[0]


@pytest.mark.parametrize("first", range(0, len(HOSTILE), 4))
def test_no_hostile_name_acts_in_the_browser(open_tab, hostile_page, first):
    names = HOSTILE[first : first + 4]
    open_tab.open(hostile_page)
    assert open_tab.page.locator("img, iframe, b#x").count() == 0
    assert open_tab.page.locator("script").count() == 2
    boxes = [box.get_attribute("value") for box in open_tab.page.locator("#chooser input").all()]
    indexes = [boxes.index(visible(name)) for name in names]
    open_tab.page.locator("#chooser summary").click()
    for index in indexes:
        open_tab.page.uncheck(f"#chooser input >> nth={index}")
    open_tab.page.locator("table.ranking:visible th[data-k=name] button").click()
    before, address = open_tab.names(), open_tab.hash()
    assert set(map(visible, names)) <= set(before)
    open_tab.open(hostile_page, address)
    assert open_tab.names() == before
    assert open_tab.page.is_visible("#unofficial")
    assert not any(open_tab.page.is_checked(f"#chooser input >> nth={index}") for index in indexes)
    table = [line for line in open_tab.page.text_content("pre[data-kind=Markdown]").splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert len(json.loads(open_tab.page.text_content("#board"))["workloads"]) == len(HOSTILE)
