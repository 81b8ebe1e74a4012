"""What a notebook races: names, and functions and classes that a cell or a module defines."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.notebook.written import source_text
from harness.registry import Submission, find_submission
from harness.registry.syntax import syntax_hash
from harness.results import write_atomically

FOLDER = "submissions"
"""Where a results directory keeps the files that were written for what cells define."""


def found(given: Any, results: Path) -> Submission:
    """Return the submission that a user gave to `race`.

    What a cell defines is written to ``RESULTS/submissions/HASH/NAME.py``, a folder per version, so that the records of each
    version keep its source.

    Args:
        given: a name as typed after ``-s``; a schedule, an optimizer recipe, a class of a training procedure or a plain
            function of step and horizon; or (optimizer, schedule), where each is any of these.
        results: directory of the race.

    Raises:
        BadInput: there is no such submission, or its source cannot be written.
    """
    if isinstance(given, str):
        return find_submission(given)
    halves = [_name_and_place(part, results) for part in (given if isinstance(given, tuple) else (given,))]
    if len(halves) > 2:
        raise BadInput(f"a submission is one plug-in or (optimizer, schedule), not {len(halves)} of them")
    name = "+".join(name for name, _ in halves)
    try:
        submission = find_submission("+".join(place for _, place in halves))
    except BadInput as error:
        message = str(error)
        for own, place in halves:
            message = message.replace(place, own)  # nobody typed the path of the file that was written for a cell
        raise BadInput(message) from None
    if name == submission.name:
        return submission
    return replace(submission, name=name, source=submission.source or submission.name, facts={**submission.facts, "name": name})


def _name_and_place(part: Any, results: Path) -> tuple[str, str]:
    """Return the name on the board of what a user gave, and what the registry finds it by."""
    if isinstance(part, str):
        return part, part
    procedure = isinstance(part, type) and issubclass(part, TrainingAlgorithm)
    if not (procedure or isinstance(part, Schedule | Optimizer | FunctionType)):
        raise BadInput(
            f"a race takes names, schedules, optimizer recipes, procedures and functions of step and horizon, not {part!r:.80}"
        )
    own = part.function if isinstance(part, Schedule | Optimizer) else part
    name = part.name if not isinstance(part, FunctionType) else part.__name__
    if own.__module__.partition(".")[0] in ("submissions", "workloads"):
        return name, name
    file = getattr(sys.modules.get(own.__module__), "__file__", None)
    path = Path(file).resolve() if file and own.__module__ != "__main__" else _write(name, source_text(part), results)
    return name, f"{path}:{name}"


def _write(name: str, text: str, results: Path) -> Path:
    """Write the source of a submission, and return its path."""
    version = syntax_hash(ast.parse(text))[:12]
    path = (results / FOLDER / version / f"{name}.py").resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)
    return path
