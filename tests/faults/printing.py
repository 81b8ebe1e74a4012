"""The table of faults, for the terminal and for docs/faults.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.fault import Fault
from tests.faults.running import ROOT, Outcome, Result

PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
COLOURS = {Outcome.HELD: "green", Outcome.FELL: "bold red", Outcome.IN_PART: "green", Outcome.NOT_RUN: "yellow"}


def show(results: Sequence[Result], console: Console) -> None:
    """Print what each fault came to, and the cases that failed."""
    for section, rows in groupby(results, key=lambda result: result.fault.section):
        table = Table(title=section, title_justify="left", show_lines=True)
        for column in ("what is done", "what must happen", "tests", ""):
            table.add_column(column)
        for result in rows:
            fault = result.fault
            names = "\n".join((*fault.tests, *(f"fell: {name}" for name in result.fell)))
            table.add_row(fault.done, fault.expected, names, f"[{COLOURS[result.outcome]}]{result.outcome}[/]")
        console.print(table)
    console.print(summary(results))


def listed(faults: Sequence[Fault], console: Console) -> None:
    """Print the faults and their tests, one after the other."""
    for section, rows in groupby(faults, key=lambda fault: fault.section):
        console.print(f"[bold]{section}[/]")
        for fault in rows:
            console.print(f"\n{fault.done}\n  must: {fault.expected}", markup=False, soft_wrap=True)
            for node in fault.nodes:
                console.print(f"  {node}", markup=False, soft_wrap=True)
        console.print()


def summary(results: Sequence[Result]) -> str:
    """Return how many faults held, in words."""
    counts = {outcome: sum(result.outcome == outcome for result in results) for outcome in Outcome}
    cases, seconds = sum(result.cases for result in results), sum(result.seconds for result in results)
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f"{len(results)} faults: {words}; {cases} cases in {seconds:.0f} s"


def write_page(results: Sequence[Result], page: Path = PAGE) -> None:
    """Write the rows of the table between the marks of docs/faults.md."""
    text = page.read_text(encoding="utf-8")
    rows = "\n\n".join(_section(name, list(group)) for name, group in groupby(results, lambda result: result.fault.section))
    between = f"{BEGIN}\n\n{summary(results)[0].upper()}{summary(results)[1:]}.\n\n{rows}\n\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: between, text, flags=re.DOTALL), encoding="utf-8")


def _section(name: str, results: Sequence[Result]) -> str:
    lines = [f"### {name}", "", "| what is done | what must happen | test | cases | |", "|---|---|---|---|---|"]
    lines += [
        f"| {_cell(r.fault.done)} | {_cell(r.fault.expected)} | {_files(r.fault)} | {r.cases} | {r.outcome} |" for r in results
    ]
    return "\n".join(lines)


def _files(fault: Fault) -> str:
    return ", ".join(f"`{file}`" for file in dict.fromkeys(node.partition("::")[0] for node in fault.nodes))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
