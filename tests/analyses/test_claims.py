"""The planned comparisons, the plug-ins that they need, and the command that writes the page."""

import json
import math
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analyses import claims, loss_law_claim, optimizer_comparisons
from analyses.claim_table import table, verdicts
from analyses.claim_verdicts import NOT_RUN
from analyses.claims import command_for, fill, main
from analyses.comparisons import (
    BAD_RATES,
    CLAIMED,
    COMPARISONS,
    LAW,
    SCHEDULES,
    UNTESTABLE,
    WSD_SQRT,
    PlannedComparison,
    submissions_of,
)
from analyses.loss_law_claim import law_errors, measure_law
from analyses.trained import Trained, builtin_names, trained_table
from harness.contracts.errors import BadInput
from harness.forecast import fit_law
from harness.registry import find_schedule, find_submission, find_workload, suites
from harness.results import ResultStore
from tests.execution.commands import timetrial
from tests.forecast.remembered import remembered

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")


def page_rows() -> dict[int, list[str]]:
    lines = PAGE.split("## The comparisons")[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]
    return {int(row[0]): row for row in cells}


@pytest.mark.parametrize("claim", sorted({c.claim for c in COMPARISONS} - {10, 12, LAW}))
def test_the_comparisons_are_those_of_the_page(claim):
    *_, words, track = page_rows()[claim]
    parts = [c for c in COMPARISONS if c.claim == claim]
    names = re.findall(r"`([^`]+)`", words)
    assert [parts[0].a, *(c.b for c in parts)] == names
    assert {c.track for c in parts} == {track} and all(c.a == parts[0].a for c in parts)
    assert {c.relation for c in parts} == {"at least as good" if "at least as good" in words else "better"}
    if track == "budget":
        shares = [float(n) / 100 for n in re.findall(r"[\d.]+", re.sub(r"`[^`]+`", "", words))] or [0.125, 0.25, 0.5, 1.0]
        assert all(list(c.shares) == shares for c in parts)


def test_every_row_of_the_page_has_a_comparison_and_the_page_says_how_many_there_are():
    assert {c.claim for c in COMPARISONS} | set(UNTESTABLE) == set(page_rows()) == set(range(1, 16))
    assert f"m = {len(COMPARISONS)} comparisons" in PAGE


def test_what_make_reference_runs_is_what_the_comparisons_need():
    recipe = (ROOT / "Makefile").read_text().split("\nreference:")[1].split("\n\n")[0].replace("\\\n", "").splitlines()
    lines = [line.replace("$(CLAIMED)/", CLAIMED) for line in recipe if "--track" in line]
    typed = {
        track: {n for line in lines if f"--track {track} " in line for n in re.findall(r"-s (\S+)", line)}
        for track in ("schedule", "self-tuning", "budget")
    }
    assert [line.split("--track ")[1].split()[:2] for line in lines if "--all" in line] == [
        ["schedule", "--all"],
        ["self-tuning", "--all"],
    ]
    assert typed["budget"] == set(submissions_of("budget"))
    built_in = set(builtin_names())
    assert set(submissions_of("schedule")) <= built_in
    raced = {*submissions_of("self-tuning"), *optimizer_comparisons.names()}
    assert typed["self-tuning"] == {name for name in raced if name.removesuffix("+cosine") not in built_in} - built_in
    to_claimed = {n for line in lines if "$(RACING)/claimed " in line for n in re.findall(r"-s (\S+)", line)}
    assert to_claimed == {name for name in typed["self-tuning"] if name.startswith(CLAIMED)}


def test_the_plug_ins_are_what_the_page_says(monkeypatch):
    monkeypatch.chdir(ROOT)
    linear, root = find_submission("wsd"), find_submission(WSD_SQRT)
    assert linear.schedule(950, 1000) == pytest.approx(0.5)
    assert root.schedule(950, 1000) == pytest.approx(1 - math.sqrt(0.5)) and root.schedule(899, 1000) == 1
    rates = [find_workload(name, "laptop").size.reference.learning_rate for name in suites()["laptop"]]
    reference = math.exp(sum(map(math.log, rates)) / len(rates))
    for which, factor in zip(BAD_RATES, (0.1, 10), strict=True):
        left = find_submission(f"{CLAIMED}fedhyper_{which}.py").defaults
        right = find_submission(f"{CLAIMED}adamw_{which}.py+constant").defaults
        shared = set(left) & set(right)
        assert {key: left[key] for key in shared} == {key: right[key] for key in shared} and "weight_decay" in shared
        assert left["learning_rate"] == pytest.approx(factor * reference, rel=0.3)


def test_a_plug_in_has_the_same_hash_wherever_the_checkout_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    there = tmp_path / "elsewhere"
    shutil.copytree(ROOT / CLAIMED, there, ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted(there.glob("*.py")):
        assert find_submission(str(file)).content_hash == find_submission(f"{CLAIMED}{file.name}").content_hash


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A directory with some of the runs: only claims 1 and 14 can be measured."""
    home = tmp_path_factory.mktemp("claims") / "results"
    common = ("--suite", "smoke", "--studies", 3, "--executor", "inline", "--results", home)
    for line in (
        ("--track", "schedule", "-s", "linear", "-s", "cosine"),
        ("--track", "budget", "--trials", 1, "-s", "constant", "-s", "cosine", "-s", "linear"),
    ):
        done = timetrial("run", *common, *line, cwd=ROOT, writes_board=False)
        assert done.returncode == 0, done.stderr + done.stdout
    return home


def test_partly_run_comparisons_say_so_and_the_others_have_numbers(results, capsys):
    assert main([str(results), "--suite", "smoke", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    ran = {(f["measured"]["comparison"]["claim"], f["measured"]["comparison"]["b"]) for f in found if f["verdict"] != NOT_RUN}
    assert ran == {(1, "cosine")}
    assert len(found) == len(COMPARISONS) and found[0]["level"] == pytest.approx(0.05 / len(COMPARISONS))
    printed = timetrial("compare", "linear", "cosine", "--results", results, "--track", "schedule", "--json", cwd=ROOT).stdout
    pair = json.loads(printed)["saved"]["pair"]
    assert math.exp(found[0]["measured"]["estimate"]["value"]) == pytest.approx(pair["ratio"])
    assert found[0]["p"] == pytest.approx(pair["p"])
    assert math.exp(found[0]["low"]) < pair["low"] and math.exp(found[0]["high"]) > pair["high"]


def test_the_page_is_filled_between_its_markers_and_nowhere_else(results, tmp_path, capsys):
    page = tmp_path / "claims.md"
    page.write_text(PAGE, encoding="utf-8")
    for _ in range(2):
        assert main([str(results), "--suite", "smoke", "--write", str(page)]) == 0
        assert main([str(results), "--suite", "smoke", "--trained", "--write", str(page)]) == 1
    written = page.read_text(encoding="utf-8")
    blank = re.compile(r"(<!-- (claims|trained) -->\n).*?(<!-- /\2 -->)", re.S)
    assert blank.sub(r"\1\3", written) == blank.sub(r"\1\3", PAGE) and written != PAGE
    assert written.count("| 2 | all parts |") == 1 and "**not testable here**" in written
    assert str(tmp_path) not in written and str(results) not in written
    rows = [
        line
        for line in written.split("<!-- claims -->")[1].split("<!-- /claims -->")[0].splitlines()
        if re.match(r"\| \d", line)
    ]
    assert {line.count("|") for line in rows} == {10}
    assert all("--claim" in line for line in rows) and len(rows) == len(COMPARISONS) + 5 + 1
    capsys.readouterr()


def test_the_command_of_a_comparison_prints_its_numbers_without_holm(results, capsys):
    assert main([str(results), "--suite", "smoke", "--claim", "1"]) == 0
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[2].strip("|").split("|")]
    command = re.findall(r"`timetrial ([^`]+)`", cells[-1])[0].replace("RESULTS", str(results))
    pair = json.loads(timetrial(*command.split(), "--json", cwd=ROOT).stdout)["saved"]["pair"]
    assert cells[3] == f"[{pair['low']:.3f}, {pair['high']:.3f}]" and cells[2] == f"{pair['bound']}{pair['ratio']:.3f}"
    assert cells[4] != cells[3] and cells[1].endswith("(schedule)")


def test_a_comparison_of_the_budget_track_needs_its_two_sides_alone(results):
    comparison = PlannedComparison(5, "constant", "cosine", "budget", "better", (1.0,))
    found = claims.findings(results, "smoke", replace(SCHEDULES, comparisons=(comparison,)))[0].measured
    assert found.estimate is not None and found.cells == 3


def test_the_reference_result_has_every_submission_of_the_comparisons():
    files = (ROOT / "results" / "reference").glob("**/trials/*/*.parquet")
    ran = pd.concat([pd.read_parquet(file, columns=["spec.track", "spec.submission"]) for file in files])
    ran = ran.drop_duplicates().map(json.loads)
    for track in {c.track for c in COMPARISONS}:
        assert set(submissions_of(track)) <= set(ran[ran["spec.track"] == track]["spec.submission"])


def test_one_claim_prints_only_its_lines(results, capsys):
    assert main([str(results), "--suite", "smoke", "--claim", "1"]) == 0
    assert "| 2 |" not in capsys.readouterr().out


def test_a_page_without_markers_and_a_directory_that_is_none_are_bad_input(results, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("no markers", encoding="utf-8")
    with pytest.raises(BadInput, match="<!-- claims -->"):
        fill(page, "claims", "x")
    assert main([str(results), "--suite", "smoke", "--write", str(page)]) == 2 and page.read_text() == "no markers"
    assert main([str(tmp_path / "nowhere")]) == 2
    capsys.readouterr()


def test_commands_name_no_path_of_this_machine(tmp_path):
    assert command_for(tmp_path, "laptop").endswith(" RESULTS")
    assert command_for(ROOT / "results" / "x", "smoke").endswith(" results/x --suite smoke")


@pytest.fixture(scope="module")
def each_fit_once():
    """Let equal curves be fitted once: the measurements below fit the same three studies again and again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss_law_claim, "fit_law", remembered(fit_law))
        yield


@pytest.mark.usefixtures("each_fit_once")
def test_the_law_is_measured_at_the_rate_at_which_cosine_ended_best(results):
    records = [r for r in ResultStore(results).records() if r.spec.track == "budget" and r.spec.horizon == r.spec.budget]
    label = records[0].spec.workload_label
    comparison = next(c for c in COMPARISONS if c.claim == LAW)
    assert len(law_errors(records)) == 3  # linear, three studies
    one = measure_law(records, comparison, [label], ["linear"])
    assert one.estimate is None and "one workload" in one.reason
    assert "too few studies of cosine, constant" in measure_law(records, comparison, [label, "other"], []).reason
    assert measure_law(records, comparison, [label], ["linear", "rex"]).reason == "too few studies of rex"


@pytest.mark.usefixtures("each_fit_once")
def test_curves_that_are_left_out_are_counted_and_only_named_schedules_are_predicted(results):
    records = [r for r in ResultStore(results).records() if r.spec.track == "budget" and r.spec.horizon == r.spec.budget]
    comparison = next(c for c in COMPARISONS if c.claim == LAW)
    elsewhere = [replace(r, spec=replace(r.spec, workload="other", variant="")) for r in records]
    lost = next(i for i, r in enumerate(elsewhere) if r.spec.submission == "linear")
    elsewhere[lost] = replace(elsewhere[lost], status="diverged")
    labels = [records[0].spec.workload_label, "other"]
    found = measure_law(records + elsewhere, comparison, labels, ["linear"])
    assert found.workloads == 2 and found.reason.startswith("1 of 6 curves")
    assert "refused" not in measure_law(records, comparison, labels[:1], []).reason
    assert measure_law(records + elsewhere, comparison, labels, []).estimate is None


def test_a_schedule_by_path_is_found_wherever_the_command_is_called_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_schedule(WSD_SQRT)(950, 1000) == pytest.approx(1 - math.sqrt(0.5))


def test_without_findings_only_the_untestable_claim_has_a_verdict(tmp_path):
    found = verdicts([])
    assert found == UNTESTABLE and "not testable" in table([], "x")


def test_cells_without_trials_and_with_failures_are_named():
    cells = [
        Trained("a", "v", Counter(reached=2, missed=1)),
        Trained("a", "w", Counter(killed=1)),
        Trained("b", "v", Counter(diverged=3)),
        Trained("b", "w", Counter(reached=1, timeout=1)),
    ]
    assert [cell.empty for cell in cells] == [False, True, False, False]
    assert [cell.troubled for cell in cells] == [False, False, False, True]
    text = trained_table(cells)
    assert "| `a` | 1 of 2 | 2 | 1 |" in text and "without a trial: `a` on `w`; with failures: `b` on `w`" in text
