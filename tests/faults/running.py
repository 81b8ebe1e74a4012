"""Runs the tests of faults, and says for each fault whether it held."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from tests.faults.fault import Fault

ROOT = Path(__file__).parents[2]


class Outcome(StrEnum):
    """What a test, or a fault, came to."""

    HELD = "held"
    FELL = "fell"
    IN_PART = "held as far as it ran"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Result:
    """What a fault came to.

    Attributes:
        fault: the row.
        outcome: `FELL` if any of its tests failed, `NOT_RUN` if none of them ran, `IN_PART` if some did not, else `HELD`.
        cases: how many cases of its tests ran.
        seconds: how long they took.
        fell: names of the cases that failed.
    """

    fault: Fault
    outcome: Outcome
    cases: int
    seconds: float
    fell: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One case of a test, as pytest reports it."""

    node: str
    name: str
    outcome: Outcome
    seconds: float


def run_tests(nodes: Iterable[str], *, slow: bool) -> list[Case]:
    """Run tests in a process of their own, and return their cases.

    Args:
        nodes: node ids, from the root of the repository.
        slow: also those that are marked slow.
    """
    chosen = list(dict.fromkeys(nodes))
    files = {node.partition("::")[0] for node in chosen}
    missing = {file for file in files if not (ROOT / file).exists()}
    present = [node for node in chosen if node.partition("::")[0] not in missing]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        marks = [] if slow else ["-m", "not slow"]
        line = [sys.executable, "-m", "pytest", *present, *marks, "--junit-xml", report, "--continue-on-collection-errors"]
        subprocess.run([*map(str, line), "-q", "--tb=short"], cwd=ROOT, stdout=sys.stderr, check=False)
        return cases_of(report.read_text(encoding="utf-8")) if report.exists() else []


def cases_of(report: str) -> list[Case]:
    """Return the cases in a JUnit report that pytest wrote."""
    found = []
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = case.get("name", "")
        node = f"{case.get('classname', '').replace('.', '/')}.py::{name.partition('[')[0]}"
        kinds = {child.tag for child in case}
        outcome = Outcome.FELL if kinds & {"failure", "error"} else Outcome.NOT_RUN if "skipped" in kinds else Outcome.HELD
        found.append(Case(node, name, outcome, float(case.get("time", 0))))
    return found


def judge(faults: Sequence[Fault], cases: Sequence[Case]) -> list[Result]:
    """Return what each fault came to."""
    by_node: dict[str, list[Case]] = {}
    for case in cases:
        by_node.setdefault(case.node, []).append(case)
    return [_judge(fault, by_node) for fault in faults]


def _judge(fault: Fault, by_node: Mapping[str, Sequence[Case]]) -> Result:
    cases = [case for node in fault.nodes for case in by_node.get(node, ())]
    ran = [case for case in cases if case.outcome != Outcome.NOT_RUN]
    fell = tuple(case.name for case in ran if case.outcome == Outcome.FELL)
    all_ran = all(any(case.node == node for case in ran) for node in fault.nodes)
    outcome = Outcome.FELL if fell else Outcome.HELD if all_ran else Outcome.IN_PART if ran else Outcome.NOT_RUN
    return Result(fault, outcome, len(ran), sum(case.seconds for case in ran), fell)


def collected() -> set[str]:
    """Return the node ids of all tests in the files of the table, without their parameters.

    They are read from the source: to have pytest collect them would import half of all test modules in another process.
    """
    from tests.faults.table import TABLE

    files = sorted({node.partition("::")[0] for fault in TABLE for node in fault.nodes})
    trees = {file: ast.parse((ROOT / file).read_text(encoding="utf-8")) for file in files if (ROOT / file).exists()}
    return {
        f"{file}::{part.name}"
        for file, tree in trees.items()
        for part in tree.body
        if isinstance(part, ast.FunctionDef) and part.name.startswith("test")
    }
