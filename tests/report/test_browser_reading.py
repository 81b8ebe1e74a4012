"""What helps to read the page, in headless Chromium: the first screen, values under the pointer, search, columns, structure."""

from __future__ import annotations

import pytest

from harness.report import write_report
from harness.results import BoardInput

from .boards import trials_of_long_names
from .browsing import tab

VISIBLE_HEADS = """() => Array.from(document.querySelectorAll("table[data-clock=examples] thead th"))
  .filter((head) => head.offsetParent).map((head) => head.dataset.k)"""

# Sections get their height when they first come into view (content-visibility), some frames after the scroll.
AT_REST = """async (part) => { let still = 0, last = NaN;
  while (still < 10) { await new Promise(requestAnimationFrame);
    const top = part.getBoundingClientRect().top; still = top === last ? still + 1 : 0; last = top; } }"""


@pytest.fixture
def open_tab(chromium):
    with tab(chromium, viewport={"width": 1440, "height": 1000}) as opened:
        yield opened
        assert opened.troubles == []


def test_the_first_screen_has_the_verdict_beside_every_speed_up_and_then_the_compact_table(open_tab, saved_page, saved_trials):
    open_tab.open(saved_page)
    verdict = open_tab.page.locator(".verdict:visible").bounding_box()
    plot = open_tab.page.locator(".plot:visible").bounding_box()
    assert verdict["y"] < 150 and abs(verdict["y"] - plot["y"]) < 60
    assert verdict["x"] + verdict["width"] <= plot["x"]
    names = open_tab.page.locator(".forest:visible li").evaluate_all("e => e.map(x => x.dataset.v)")
    assert names == open_tab.names() and set(names) == set(saved_trials["submission"])
    title = open_tab.page.locator(".forest:visible li title").first.text_content()
    assert title.startswith(f"{names[0]}: ×") and "95 % interval" in title and "rank 1" in title
    table = open_tab.page.locator("table.ranking:visible").bounding_box()
    assert table["x"] + table["width"] <= 1440
    ahead = open_tab.page.evaluate("document.body.innerText").split("Speed-up over")[0]
    assert not any(word in ahead for word in ("τ", "charged", "approximate"))


@pytest.mark.parametrize("width", [390, 768, 1440, 1920])
def test_rows_and_axis_of_the_plot_have_one_scale_at_every_width(chromium, saved_page, width):
    with tab(chromium, viewport={"width": width, "height": 1000}) as opened:
        opened.open(saved_page)
        line, label, dots = opened.page.evaluate(
            """() => { const middle = (e) => { const box = e.getBoundingClientRect(); return box.x + box.width / 2; };
            const plot = Array.from(document.querySelectorAll(".plot")).find((part) => part.getClientRects().length);
            const texts = Array.from(plot.querySelectorAll(".forest-axis text"));
            const ratio = (row) => Number(row.querySelector(".speed-text").textContent.replace(/[^0-9.]/g, ""));
            const rows = Array.from(plot.querySelectorAll(".forest li"));
            const dots = rows.map((row) => [middle(row.querySelector("circle")), ratio(row)]);
            return [middle(plot.querySelector(".track")), middle(texts.find((t) => t.textContent === "×1")), dots]; }"""
        )
        assert line == pytest.approx(label, abs=1)
        assert all((x > line) == (ratio > 1) for x, ratio in dots if abs(ratio - 1) > 0.02)


def test_the_point_nearest_to_the_pointer_is_told_and_its_row_and_band_are_shown(open_tab, page, trials):
    open_tab.open(page)
    figure = open_tab.page.locator("#profiles .figure:visible").first
    figure.scroll_into_view_if_needed()
    assert not open_tab.page.locator("#profiles .figure:visible [class^=band]:visible").count()
    figure.evaluate(AT_REST)
    place = figure.evaluate(
        """svg => { const path = svg.querySelector("path[class^=line], [class^=line] path"),
        at = path.getPointAtLength(0).matrixTransform(path.getScreenCTM());
        return [at.x, at.y]; }"""
    )
    open_tab.page.mouse.move(place[0] + 3, place[1] + 3)
    tip = open_tab.page.locator("#tip")
    tip.wait_for(state="visible")
    lines = tip.inner_text().splitlines()
    assert lines[0] in set(trials["submission"])
    assert lines[1] == "time to target over the best submission's time (τ): 1"
    assert lines[2].startswith("share of workloads reached: ")
    outlined = open_tab.page.evaluate(
        """() => Array.from(document.querySelectorAll("table[data-clock=examples] tbody tr"))
        .filter((row) => getComputedStyle(row).outlineStyle === "solid").map((row) => row.cells[1].dataset.v)"""
    )
    assert outlined == [lines[0]]
    bands = figure.locator("[class^=band]").evaluate_all("e => e.filter(x => getComputedStyle(x).display !== 'none').length")
    assert bands == 1
    open_tab.page.mouse.click(place[0] + 3, place[1] + 3)
    assert open_tab.hash() == f"#focus={lines[0]}"
    open_tab.page.mouse.move(5, 5)
    tip.wait_for(state="hidden")
    assert "outline" in open_tab.page.locator("#lit").text_content()
    open_tab.page.keyboard.press("Escape")
    assert open_tab.hash() in ("", "#") and open_tab.page.locator("#lit").text_content() == ""


def test_the_last_of_several_moves_within_one_frame_counts_and_a_click_before_the_frame_chooses_its_line(open_tab, page):
    """A frame can be late: what the pointer did meanwhile must not be lost."""
    open_tab.open(page)
    figure = open_tab.page.locator("#profiles .figure:visible").first
    figure.scroll_into_view_if_needed()
    figure.evaluate(AT_REST)
    outcome = figure.evaluate(
        """async (svg) => {
        const path = svg.querySelector("path[class^=line], [class^=line] path");
        const at = path.getPointAtLength(0).matrixTransform(path.getScreenCTM()), tip = document.getElementById("tip");
        const event = (kind, x, y) => new PointerEvent(kind, { bubbles: true, clientX: x, clientY: y });
        const send = (kind, part, x, y) => part.dispatchEvent(event(kind, x, y));
        const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const told = [];
        send("pointermove", document.body, 5, 5);
        send("pointermove", svg, at.x + 3, at.y + 3);
        await frames();
        told.push(!tip.hidden);
        send("pointermove", svg, at.x + 3, at.y + 3);
        send("pointermove", document.body, 5, 5);
        await frames();
        told.push(!tip.hidden);
        send("pointermove", svg, at.x + 3, at.y + 3);
        send("click", svg, at.x + 3, at.y + 3);
        told.push(location.hash.startsWith("#focus="));
        return told; }"""
    )
    assert outcome == [True, False, True]


def test_arrow_keys_go_from_line_to_line_and_from_point_to_point(open_tab, page):
    open_tab.open(page)
    region = open_tab.page.locator("#workload-digits_mlp .scroll:has(.figure)").first
    region.focus()
    told = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        open_tab.page.keyboard.press(key)
        told.append(open_tab.page.locator("#tip").inner_text().splitlines())
    assert told[0][0] == told[1][0] and told[0][1:] != told[1][1:]
    assert told[1] != told[2] and told[0][1].startswith("charged examples: ")


def test_search_columns_and_rows_are_in_the_address(open_tab, page):
    open_tab.open(page)
    open_tab.page.locator("#find input").fill("lin rex")
    assert sorted(open_tab.names()) == ["linear", "rex"]
    open_tab.page.locator("#columns summary").click()
    assert "targets" in open_tab.page.evaluate(VISIBLE_HEADS)
    open_tab.page.uncheck("#columns input[value=targets]")
    assert "targets" not in open_tab.page.evaluate(VISIBLE_HEADS)
    strips = "document.querySelector('table[data-clock=examples] tbody tr:not([hidden]) .strip').getClientRects().length"
    assert open_tab.page.evaluate(strips) == 0
    open_tab.page.check("#rows-wide")
    assert open_tab.page.evaluate(strips) == 1
    address = open_tab.hash()
    assert all(part in address for part in ("find=lin%20rex", "hide=targets", "rows=wide"))
    open_tab.open(page, address)
    assert sorted(open_tab.names()) == ["linear", "rex"] and "targets" not in open_tab.page.evaluate(VISIBLE_HEADS)


def test_a_list_of_trials_is_filtered_by_words(open_tab, page, trials):
    open_tab.open(page)
    panel = open_tab.page.locator("#workload-digits_mlp")
    panel.locator("details summary").last.click()
    panel.locator(".filter input").fill("linear reached")
    own = trials[(trials["workload"] == "digits_mlp") & (trials["submission"] == "linear") & (trials["status"] == "reached")]
    assert panel.locator("table.trials tbody tr:visible").count() == len(own) > 0
    assert panel.locator(".filter [role=status]").inner_text().startswith(f"{len(own)} of ")


def test_the_head_of_the_ranking_stays_and_the_theme_is_remembered(open_tab, page):
    open_tab.open(page)
    head = open_tab.page.locator("table.ranking:visible thead th").first
    row = open_tab.page.locator("table.ranking:visible tbody tr").last
    open_tab.page.set_viewport_size({"width": 1440, "height": 300})
    row.evaluate("e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 200)")
    open_tab.page.wait_for_timeout(100)
    assert 0 <= head.bounding_box()["y"] < 40
    open_tab.page.locator("#theme").click()
    open_tab.open(page)
    assert open_tab.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_page_that_a_run_writes_loads_itself_again_and_links_to_its_records(open_tab, trials, tmp_path):
    out = tmp_path / "leaderboard.html"
    write_report(BoardInput(trials, planned=90, done=80), out, figures=False, records=tmp_path)
    open_tab.page.clock.install()
    open_tab.open(out)
    with open_tab.page.expect_event("load"):
        open_tab.page.clock.run_for(16_000)
    open_tab.page.locator("#workload-digits_mlp details summary").last.click()
    link = open_tab.page.locator("#workload-digits_mlp table.trials tbody a").first
    link.wait_for()
    files = {(tmp_path / file).as_uri() for file in trials.loc[trials["workload"] == "digits_mlp", "file"]}
    assert link.evaluate("e => e.href") in files
    write_report(BoardInput(trials, planned=90, done=90), out, figures=False)
    assert '<html lang="en">' in out.read_text()


def test_a_record_s_link_is_that_of_its_file_however_long_the_submission_s_name_is(open_tab, tmp_path):
    out = tmp_path / "leaderboard.html"
    trials, far = trials_of_long_names()
    write_report(BoardInput(trials, from_reference=(far,)), out, figures=False, records=tmp_path)
    open_tab.open(out)
    open_tab.page.locator("#workload-digits_mlp details summary").last.click()
    table = open_tab.page.locator("#workload-digits_mlp table.trials tbody")
    table.locator("a").first.wait_for()
    links = table.locator("a").evaluate_all("links => links.map((e) => e.href)")
    here = trials.loc[trials["submission"] != far, "file"]
    assert sorted(links) == sorted((tmp_path / file).as_uri() for file in here)


def test_the_page_is_built_for_screen_readers(open_tab, page, saved_page):
    for each in (page, saved_page):
        open_tab.open(each)
        assert open_tab.page.evaluate(STRUCTURE) == []


STRUCTURE = """() => {
  const found = [], all = (selector) => Array.from(document.querySelectorAll(selector));
  const tell = (what, e) => found.push(what + ": " + e.outerHTML.slice(0, 90));
  for (const [name, number] of [["h1", 1], ["main", 1], ["header", 1], ["nav", 1], ["title", 1]])
    if (all((name === "title" ? "head > " : "") + name).length !== number) found.push(name);
  const ids = all("[id]").map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push("twice: " + id));
  let level = 0;
  all("h1,h2,h3,h4").filter((e) => e.getClientRects().length).forEach((e) => {
    const own = Number(e.tagName[1]);
    if (own > level + 1) tell("heading", e);
    level = own;
  });
  for (const name of ["aria-labelledby", "aria-describedby"])
    all("[" + name + "]").forEach((e) => e.getAttribute(name).split(" ").forEach((id) => {
      if (!document.getElementById(id)) tell("names nothing", e);
    }));
  all("svg").filter((e) => !["aria-hidden", "aria-label", "aria-labelledby"].some((name) => e.hasAttribute(name)))
    .forEach((e) => tell("no name", e));
  all("table").forEach((e) => { if (!e.querySelector("th")) tell("no heads", e); });
  all("thead th").forEach((e) => { if (!e.textContent.trim() || !e.scope) tell("empty head or no scope", e); });
  all("ul,ol").forEach((e) => Array.from(e.children).forEach((c) => { if (c.tagName !== "LI") tell("no item", c); }));
  all("dl > div").forEach((e) => { if (!e.querySelector("dt") || !e.querySelector("dd")) tell("no pair", e); });
  all("section:not([aria-label])").forEach((e) => { if (!e.querySelector("h2")) tell("no name", e); });
  const regions = all("[role=region]").filter((e) => e.getClientRects().length).map((e) => e.getAttribute("aria-label"));
  regions.filter((name, i) => regions.indexOf(name) !== i).forEach((name) => found.push("two regions: " + name));
  all("pre").filter((e) => e.tabIndex < 0).forEach((e) => tell("no keyboard", e));
  if (!document.documentElement.lang) found.push("lang");
  all(".scroll").filter((e) => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).forEach((e) => tell("no keyboard", e));
  return found;
}"""
