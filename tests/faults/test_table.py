"""The table of faults is whole: every row has tests, and every test is there."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.__main__ import chosen
from tests.faults.fault import INPUT, RUNS, WON, Fault
from tests.faults.printing import BEGIN, END, PAGE, write_page
from tests.faults.running import Case, Outcome, cases_of, collected, judge
from tests.faults.table import TABLE

REPORTED = {
    RUNS: (
        *("another program takes the machine's memory", "10^12 examples", "fills memory", "inside an import"),
        *("changes its process", "process of Ray is killed", "time limit's clock", "KeyboardInterrupt", "Ctrl-C, and again"),
        *("head of a cluster dies", "a Ray that somebody left", "something else listens", "does not start"),
        *("two runs in one directory", "its rival is beaten", "devices, pipes", "ill-typed", "10 MB of exception text"),
        *("control characters", "after it has printed", "every hostile plug-in", "killed ten times"),
        *(
            "dies while trials run, and another one joins",
            "all nodes but its head",
            "the last usable node",
            "on a node that lives",
        ),
        *("loses its device", "has other versions", "has no data", "does not see the driver's folder"),
    ),
    INPUT: (
        *("blank, infinite, zero, negative or runs backwards", "byte-order mark", "cut by a kill", "repeated header"),
        *("NaN metrics", "off the expected tree", "without a log", "a twentieth of the budget", "without `--targets`"),
        *("to be left out", "not UTF-8", "no home directory", "dot files", "with dots", "spreadsheet", "by its step"),
        *("integers beyond float", "strings as numbers", "returns no optimizer", "several", "required closure"),
        *("groups later", "train() and eval()", "cannot be listed", "declared wrongly", "150 mistakes"),
    ),
    WON: (
        *("training in the constructor", "size or examples are changed", "negative seconds", "Stopwatch"),
        *("through frames", "edited and sealed again"),
    ),
}
"""Words of every fault that was reported, by section."""


@pytest.mark.parametrize("section", REPORTED)
def test_every_fault_that_was_reported_has_a_row(section):
    rows = [fault.done for fault in TABLE if fault.section == section]
    assert [words for words in REPORTED[section] if not any(words in row for row in rows)] == []


def test_every_row_has_tests_and_every_test_is_there():
    assert all(fault.tests and fault.expected for fault in TABLE)
    assert max(Counter(fault.done for fault in TABLE).values()) == 1
    there = collected()
    assert sorted({node for fault in TABLE for node in fault.nodes} - there) == []


def test_a_fault_holds_only_if_all_of_its_tests_ran_and_none_failed():
    fault = Fault(RUNS, "a", "b", ("x/test_y.py::test_one", "x/test_y.py::test_two"))
    report = """<testsuites><testsuite>
      <testcase classname="tests.x.test_y" name="test_one[a]" time="1"/>
      <testcase classname="tests.x.test_y" name="test_one[b]" time="2">{}</testcase>
      <testcase classname="tests.x.test_y" name="test_two" time="0.5">{}</testcase>
    </testsuite></testsuites>"""
    found = {}
    for name, middle, last in (
        ("held", "", ""),
        ("fell", "<failure/>", ""),
        ("error", "", "<error/>"),
        ("skipped", "", "<skipped/>"),
        ("skipped case", "<skipped/>", ""),
    ):
        (result,) = judge([fault], cases_of(report.format(middle, last)))
        found[name] = (str(result.outcome), result.cases)
    assert found == {
        "held": ("held", 3),
        "fell": ("fell", 3),
        "error": ("fell", 3),
        "skipped": ("held as far as it ran", 2),
        "skipped case": ("held", 2),
    }
    assert judge([fault], [Case("tests/x/test_z.py::test_one", "test_one", Outcome.HELD, 1.0)])[0].outcome == Outcome.NOT_RUN


def test_words_choose_rows_and_the_page_is_written_between_its_marks(tmp_path):
    assert chosen("CTRL-c again") and not chosen("no such fault anywhere")
    page = tmp_path / "faults.md"
    page.write_text(f"before\n{BEGIN}\nfrom before\n{END}\nafter\n")
    write_page(judge(TABLE, []), page)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "from before" not in text
    assert all(fault.done in text for fault in TABLE)


def test_the_page_in_the_documentation_has_every_row():
    text = PAGE.read_text()
    assert [fault.done for fault in TABLE if f"| {fault.done} |" not in text] == []
