"""Writes the files of a leaderboard: the page, and the same board as JSON and CSV."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from harness.canonical import canonical_json, plain
from harness.contracts.errors import BadInput
from harness.records import CLOCKS
from harness.report.page.page import race_page
from harness.report.page.quality import quality_page
from harness.report.text.exports import csv_text, json_text, markdown_table
from harness.report.text.latex import latex_table
from harness.report.text.quality import quality_csv, quality_markdown
from harness.report.views.content import PageContent, QualityContent, RaceContent, quality_content, race_content
from harness.report.views.since import OlderBoard, changes
from harness.report.views.trials import trial_columns
from harness.results import BoardInput, write_atomically
from harness.rules import Reading, ruleset
from harness.scoring.board import score_board
from harness.scoring.board_parts import Board
from harness.scoring.export import board_json
from harness.scoring.quality_board import QualityBoard, quality_board
from harness.scoring.quality_export import quality_json, sensitivity_json
from harness.scoring.rules import DEFAULT_RULES, ScoringRules


def write_report(
    given: BoardInput,
    out: Path,
    rules: ScoringRules = DEFAULT_RULES,
    *,
    figures: bool = True,
    records: Path | None = None,
    since: OlderBoard | None = None,
) -> Board | QualityBoard:
    """Write the page to `out` and the same board beside it as .json and .csv; return the board.

    Equal trials give equal bytes, whatever their order. All three files are made before the first one is written.

    Args:
        given: the trials, how far their run is, and what was skipped, from `harness.results.board_input`.
        out: path of the page; the other two files take its stem.
        rules: how the trials are scored.
        figures: whether to draw the figures; without them the page takes a fraction of the time.
        records: the results directory; where it is given, the lists of trials link to the records in it.
        since: an older board; where it is given, the ranking says what changed since then.

    Raises:
        BadInput: there is nothing to score, `since` is of another board, or `out` would overwrite its own .json or .csv.
    """
    out = Path(out)
    if out.suffix in (".json", ".csv"):
        raise BadInput(f"the page cannot be called {out.name}, since its data are written there: use --out {out.stem}.html")
    board = scored_board(given.trials, rules)
    if isinstance(board, Board):
        other_boards = _other_boards(given.trials, rules) if figures else ()
        content = race_content(given, board, other_boards=other_boards, figures=figures)
        changed = None if since is None else (since.name, changes(board, since))
        files = _race_files(replace(content, records=_address(records, out), since=changed), out.suffix)
    elif since is not None:
        raise BadInput(f"--since {since.name}: the board of the {board.track} track has no such column; leave it out")
    else:
        files = _quality_files(quality_content(given, board, figures=figures), out.suffix)
    out.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in files.items():
        write_atomically(out.with_suffix(suffix), text)
    return board


def _address(records: Path | None, out: Path) -> str:
    """Return the address of the results directory relative to the page, or "" without one."""
    if records is None:
        return ""
    try:
        path = Path(os.path.relpath(records.resolve(), out.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return ""
    return f"{quote(path)}/"


def scored_board(trials: pd.DataFrame, rules: ScoringRules = DEFAULT_RULES) -> Board | QualityBoard:
    """Return the board of `trials`.

    Raises:
        BadInput: there is nothing to score, or these trials have no such clock.
    """
    if not _without_race(trials):
        return score_board(trials, rules)
    if rules.clock != "examples":
        raise BadInput(f"--clock {rules.clock}: shares of the budget are in examples, so leave --clock out")
    return quality_board(trials, rules)


def _without_race(trials: pd.DataFrame) -> bool:
    """Return whether boards of these trials read no time to a target from them."""
    readings = {reading for track in trials.get("track", pd.Series()).unique() for reading in ruleset(str(track)).reads}
    return bool(readings) and Reading.TIME_TO_TARGET not in readings


def _other_boards(trials: pd.DataFrame, rules: ScoringRules) -> tuple[Board, ...]:
    """Return the same race on every other clock on which these records can be scored."""
    boards = []
    for clock in CLOCKS:
        with suppress(BadInput):
            boards += [score_board(trials, rules.on(clock))] if clock != rules.clock else []
    return tuple(boards)


def _race_files(content: RaceContent, suffix: str) -> dict[str, str]:
    """Return {suffix: text} of the three files."""
    board, trials, sensitivity = content.board, content.trials, sensitivity_json(content.sensitivity)
    value = board_json(board, _environments(trials)) | ({"sensitivity": sensitivity} if sensitivity else {})
    value |= _points(content)
    downloads = {
        "leaderboard.json": json_text(value, lines=False),
        "leaderboard.csv": csv_text(board),
        "trials.json": json_text(trial_columns(trials, board.clock), lines=False),
        "leaderboard.md": markdown_table(board),
        "leaderboard.tex": latex_table(board),
    }
    page = race_page(replace(content, downloads=downloads))
    return {".json": json_text(value), ".csv": downloads["leaderboard.csv"], suffix: page}


def _points(content: PageContent) -> dict[str, Any]:
    """Return what the figures of quality against compute show, for the JSON; nothing without rulers."""
    points = [{name: _short(value) for name, value in asdict(point).items()} for point in content.points]
    return {"quality_points": plain(points)} if points else {}


def _short(value: Any) -> Any:
    """Return a number to seven digits, which is more than a figure shows; other values as they are."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _quality_files(content: QualityContent, suffix: str) -> dict[str, str]:
    """Return {suffix: text} of the three files."""
    files = {
        ".json": json_text(quality_json(content.board, _environments(content.trials)) | _points(content)),
        ".csv": quality_csv(content.board),
    }
    downloads = {f"leaderboard{name}": text for name, text in files.items()}
    downloads["leaderboard.md"] = quality_markdown(content.board)
    return {**files, suffix: quality_page(replace(content, downloads=downloads))}


def _environments(trials: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the distinct environments of the records, sorted."""
    environments = {canonical_json(e): dict(e) for e in trials["environment"] if isinstance(e, Mapping)}
    return [environments[key] for key in sorted(environments)]
