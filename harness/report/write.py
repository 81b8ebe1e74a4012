"""Writes a leaderboard's three files, each whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from harness.contracts import BadInput
from harness.records import CLOCKS, canonical_json
from harness.report.page.page import page
from harness.report.page.quality import quality_page
from harness.report.text.exports import csv_text, json_text, markdown_table
from harness.report.text.latex import latex_table
from harness.report.text.quality import quality_csv, quality_markdown
from harness.report.views.trials import in_reading_order, trial_columns
from harness.results import write_atomically
from harness.rules import Reading, ruleset
from harness.scoring.board import score_board
from harness.scoring.board_parts import Board
from harness.scoring.export import board_json
from harness.scoring.quality_board import QualityBoard, quality_board, quality_json, sensitivity_json
from harness.scoring.rules import DEFAULT_RULES, ScoringRules
from harness.scoring.sensitivity import sensitivities


def write_report(
    trials: pd.DataFrame,
    out: Path,
    rules: ScoringRules = DEFAULT_RULES,
    *,
    progress: Mapping[str, int] | None = None,
    skipped: Mapping[str, str] | None = None,
    figures: bool = True,
    sensitivity: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
) -> Board | QualityBoard:
    """Write the page to `out` and the same board beside it as .json and .csv; return the board.

    Equal trials give equal bytes, in whatever order they come. Nothing is written unless all three could be made.

    Args:
        trials: one row a trial, from `harness.load_results`.
        out: path of the page; the other two take its stem.
        rules: how trials are scored; the page says where that is not by our rules.
        progress: {"done": n, "planned": m} while a run goes on: the page says that it is partial.
        skipped: {workload: reason} of workloads that did not run.
        figures: draw the figures; without them the page is made in a fraction of the time.
        sensitivity: trials of ``--sensitivity``, for a section of their own.
        budget: trials of the budget track, for curves beside the race.

    Raises:
        BadInput: nothing to score, or `out` would overwrite its own .json or .csv.
    """
    out = Path(out)
    if out.suffix in (".json", ".csv"):
        raise BadInput(f"the page cannot be called {out.name}: its data go there; use --out {out.stem}.html")
    if _unraced(trials):
        return _write_quality(trials, out, rules.clock, progress, skipped, figures)
    board = score_board(trials, rules)
    others = _on_other_clocks(trials, rules) if figures else []
    rates = sensitivities(sensitivity) if sensitivity is not None else ()
    ordered = in_reading_order(trials)
    content = board_json(board, _environments(ordered)) | ({"sensitivity": sensitivity_json(rates)} if rates else {})
    texts = {".json": json_text(content), ".csv": csv_text(board)}
    offered = {
        "leaderboard.json": json_text(content, indent=None),
        "leaderboard.csv": texts[".csv"],
        "trials.json": json_text(trial_columns(ordered, rules.clock), indent=None),
        "leaderboard.md": markdown_table(board),
        "leaderboard.tex": latex_table(board),
    }
    texts[out.suffix] = page(
        board,
        ordered,
        progress=progress,
        skipped=skipped,
        exports=offered,
        figures=figures,
        sensitivity=rates,
        others=others,
        budget=quality_board(budget) if budget is not None and len(budget) else None,
    )
    _write(out, texts)
    return board


def scored_board(trials: pd.DataFrame, rules: ScoringRules) -> Board | QualityBoard:
    """Return the board of `trials` without writing it; arguments as of `write_report`."""
    if _unraced(trials):
        return quality_board(trials)
    return score_board(trials, rules)


def _unraced(trials: pd.DataFrame) -> bool:
    """Return whether no time to a target is read from these trials, so that their board is one of quality."""
    readings = {reading for track in set(trials["track"]) for reading in ruleset(str(track)).reads} if len(trials) else set()
    return bool(readings) and Reading.TIME_TO_TARGET not in readings


def _on_other_clocks(trials: pd.DataFrame, rules: ScoringRules) -> list[Board]:
    """Return the board on the other clocks, for the page's switch; without those that these records cannot be scored on."""
    boards = []
    for other in CLOCKS:
        with suppress(BadInput):
            boards += [score_board(trials, rules.on(other))] if other != rules.clock else []
    return boards


def _write_quality(
    trials: pd.DataFrame,
    out: Path,
    clock: str,
    progress: Mapping[str, int] | None,
    skipped: Mapping[str, str] | None,
    figures: bool,
) -> QualityBoard:
    if clock != "examples":
        raise BadInput(f"--clock {clock}: quality is read at shares of the budget, which is in examples; leave --clock out")
    board = quality_board(trials)
    ordered = in_reading_order(trials)
    texts = {".json": json_text(quality_json(board, _environments(ordered))), ".csv": quality_csv(board)}
    offered = {f"leaderboard{suffix}": text for suffix, text in texts.items()} | {"leaderboard.md": quality_markdown(board)}
    texts[out.suffix] = quality_page(board, ordered, progress=progress, skipped=skipped, exports=offered, figures=figures)
    _write(out, texts)
    return board


def _write(out: Path, texts: Mapping[str, str]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in texts.items():
        write_atomically(out.with_suffix(suffix), text)


def _environments(trials: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the distinct environments of the records, in a fixed order."""
    found = {canonical_json(e): dict(e) for e in trials["environment"] if isinstance(e, Mapping)}
    return [found[key] for key in sorted(found)]
