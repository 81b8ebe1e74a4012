"""`timetrial list workloads|submissions --docs DIR`: the generated pages of the documentation."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from harness.canonical import plain
from harness.cli.list import workload_row
from harness.contracts.workloads import rulers_file, targets_file
from harness.registry import Submission, all_submissions, all_workloads, find_submission
from harness.report.docs.families import FAMILY_OF
from harness.report.docs.gallery import gallery_figure
from harness.report.docs.optimizers import optimizers_markdown
from harness.report.docs.schedules import schedules_markdown
from harness.report.docs.workloads import figure_path, response_figure, ruler_figure, workloads_markdown
from harness.report.page.downloads import board_of_a_page
from harness.results import write_atomically
from harness.results.reference import REFERENCE
from harness.rules import DEFAULT_SUITE, OPTIMIZER_TRACK


def write_workloads_page(directory: Path) -> tuple[Path, ...]:
    """Write the page and the figures of the built-in workloads and return their paths.

    They are made from code, `targets.json`, `rulers.json`, and what `laptop_board.json` and `laptop_trials.json` in
    `directory` say was measured on the laptop suite, if these exist.
    """
    workloads = [workload for workload in all_workloads() if workload.__module__.startswith("workloads.")]
    entries, rulers = (_stored({file(workload) for workload in workloads}) for file in (targets_file, rulers_file))
    measured = [directory / f"laptop_{name}.json" for name in ("board", "trials")]
    board, trials = (json.loads(path.read_text(encoding="utf-8")) if path.exists() else None for path in measured)
    rows = [plain(workload_row(workload)) for workload in workloads]
    page, figure = directory / "workloads.md", directory / "workloads.svg"
    write_atomically(page, workloads_markdown(rows, entries, board, trials, rulers))
    write_atomically(figure, response_figure(entries))
    figures = {directory / figure_path(name, size): entry for name, sizes in rulers.items() for size, entry in sizes.items()}
    for path, entry in figures.items():
        write_atomically(path, ruler_figure(entry))
    return page, figure, *figures


def _stored(files: Collection[Path]) -> dict[str, dict[str, Any]]:
    """Return {workload: {size: entry}} of all files that exist."""
    return {name: sizes for path in sorted(files) if path.exists() for name, sizes in json.loads(path.read_text()).items()}


def write_schedules_page(directory: Path) -> tuple[Path, Path]:
    """Write the page of the built-in schedules and procedures and the figure of the schedules' shapes; return the paths.

    It states declared defaults, so that it follows from the plug-ins alone.
    """
    names = [s.name for s in all_submissions() if str(s.facts["source"]).startswith("submissions.")]
    built_in = [find_submission(name, calibrated=False) for name in names]
    rows = [{**submission.facts, "description": _docstring(submission.plugins[-1])} for submission in built_in]
    page, figure = directory / "schedules.md", directory / "schedules.svg"
    write_atomically(page, schedules_markdown(rows))
    write_atomically(figure, gallery_figure([submission.schedule for submission in built_in if submission.schedule]))
    return page, figure


def write_optimizers_page(directory: Path) -> tuple[Path]:
    """Write the page of the built-in optimizers, and of procedures that are optimizers; return its path.

    It states the defaults that a race uses and the declared ones, what the reference result's board says, and what
    `step_cost.json` in `directory` says was measured, if these exist.
    """
    listed = [s for s in all_submissions() if str(s.facts["source"]).startswith("submissions.")]
    rows = [_optimizer_row(s) for s in listed if s.kind == "optimizer" or s.name in FAMILY_OF]
    measured, page = directory / "step_cost.json", directory / "optimizers.md"
    costs = json.loads(measured.read_text(encoding="utf-8")) if measured.exists() else None
    board = board_of_a_page(REFERENCE, OPTIMIZER_TRACK.name, DEFAULT_SUITE)
    write_atomically(page, optimizers_markdown(rows, board, costs))
    return (page,)


def _optimizer_row(submission: Submission) -> dict[str, Any]:
    declared = find_submission(submission.name, calibrated=False).facts["hyperparameters"]
    described = {"description": _docstring(submission.plugins[-1]), "wraps": submission.wraps}
    return {**submission.facts, **described, "declared": declared}


def _docstring(plugin: Any) -> str:
    return inspect.getdoc(getattr(plugin, "function", plugin)) or ""
