"""A schedule or an optimizer of ours as a submission to AlgoPerf: its file, and its search space."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from harness.compat.exporting.bundled import bundled
from harness.contracts.errors import BadInput
from harness.contracts.schedules import Schedule
from harness.contracts.spaces import Choice, LogUniform, Range
from harness.contracts.workloads import Reference
from harness.registry import Submission, find_submission
from harness.results import write_atomically
from harness.rules import OPTIMIZER_BASELINE

TEMPLATE = Path(__file__).with_name("submission.py.txt")

CONTEXT = ("step", "horizon", "warmup")
"""Arguments of a schedule that a submission to AlgoPerf can give it."""

INCLUDED = ("torch",)
"""Libraries that are there wherever AlgoPerf runs submissions in PyTorch."""


@dataclass(frozen=True)
class Exported:
    """A submission in AlgoPerf's form.

    Attributes:
        name: of what it trains with, OPTIMIZER+SCHEDULE.
        code: the content of ``submission.py``.
        space: the content of ``tuning_search_space.json``; None where nothing is tuned.
        libraries: that it needs beside torch.
    """

    name: str
    code: str
    space: Mapping[str, Any] | None
    libraries: tuple[str, ...]


def export_submission(name: str) -> Exported:
    """Return a schedule, an optimizer or OPTIMIZER+SCHEDULE as a submission to AlgoPerf.

    A schedule alone gets the optimizer of the baseline, whose learning rate it controls.

    Raises:
        BadInput: there is no such submission, or it cannot be exported.
    """
    submission = find_submission(name)
    if submission.reference_recipe:
        submission = find_submission(f"{OPTIMIZER_BASELINE.partition('+')[0]}+{name}")
    _check(submission)
    optimizer, schedule = submission.optimizer, submission.schedule
    assert optimizer is not None
    defaults = {**submission.defaults, **submission.given}
    bundle = bundled(submission.files, {optimizer.function.__name__: optimizer.defaults})
    libraries = tuple(sorted(set(submission.libraries) - set(INCLUDED)))
    code = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=f"{submission.name}, a submission to AlgoPerf in PyTorch.",
        summary=_quoted(optimizer.summary if schedule is None else f"{optimizer.summary}\n{schedule.summary}"),
        percent=f"{100 * Reference.warmup:g}",
        follows="" if schedule is None else f", then follows {schedule.name}",
        needs=f"\nIt needs {', '.join(libraries)}." if libraries else "",
        warmup=repr(Reference.warmup),
        defaults=_written(defaults),
        plugin=bundle.text,
        multiplier="1.0" if schedule is None else _multiplier(schedule),
        recipe=optimizer.function.__name__,
    )
    _check_names(submission.name, code)
    space = {key: range_of(item) for key, item in submission.space.items() if key not in submission.given}
    return Exported(submission.name, code, space or None, libraries)


def _check(submission: Submission) -> None:
    """Check that AlgoPerf's form can hold a submission.

    Raises:
        BadInput: it is more than an optimizer under a pure schedule, or has no file.
    """
    optimizer, schedule, what = submission.optimizer, submission.schedule, f"'{submission.name}' cannot be exported"
    if optimizer is None:
        raise BadInput(f"{what}: it is a procedure; export a schedule, an optimizer or OPTIMIZER+SCHEDULE")
    if submission.wraps:
        raise BadInput(f"{what}: it wraps the optimizer {submission.wraps}; export one that wraps none")
    if schedule is not None and schedule.closed_loop:
        raise BadInput(f"{what}: the schedule {schedule.name} listens to the run; export a function of step and horizon")
    if schedule is not None and (others := sorted(set(schedule.context) - set(CONTEXT))):
        raise BadInput(f"{what}: the schedule {schedule.name} asks for {others[0]}, which AlgoPerf gives no submission")
    for plugin in (optimizer, schedule):
        if plugin is not None and not _has_file(plugin.function, submission):
            raise BadInput(
                f"{what}: {plugin.name} is a library's class; write a recipe of your own that uses it (timetrial new)"
            )


def _has_file(function: Any, submission: Submission) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and Path(code.co_filename).resolve() in submission.files


def _multiplier(schedule: Schedule) -> str:
    """Return the expression of a schedule's multiplier in [0, 1]; its hyperparameters may be tuned."""
    given = {"step": "after", "horizon": "steps - warmup", "warmup": "warmup"}
    arguments = [f"{name}={given[name]}" for name in CONTEXT if name in schedule.context]
    arguments += [f'{name}=values["{name}"]' for name in schedule.defaults]
    return f"min(max(float({schedule.function.__name__}({', '.join(arguments)})), 0.0), 1.0)"


def _quoted(text: str) -> str:
    """Return a text as it stands between three double quotes."""
    return text.replace("\\", r"\\").replace('"""', r"\"\"\"")


def _written(values: Mapping[str, Any]) -> str:
    return "{\n" + "".join(f"    {name!r}: {value!r},\n" for name, value in values.items()) + "}"


def range_of(item: Range) -> dict[str, Any]:
    """Return a range in AlgoPerf's form.

    >>> range_of(LogUniform(1e-4, 1e-2)), range_of(Choice(1, 2))
    ({'min': 0.0001, 'max': 0.01, 'scaling': 'log'}, {'feasible_points': [1, 2]})
    """
    if isinstance(item, Choice):
        return {"feasible_points": list(item.options)}
    return {"min": item.low, "max": item.high, "scaling": "log" if isinstance(item, LogUniform) else "linear"}


def _check_names(name: str, code: str) -> None:
    """Check that the file defines no name twice.

    Raises:
        BadInput: the plug-in defines a name that AlgoPerf's form has too.
    """
    import ast

    seen: set[str] = set()
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if node.name in seen:
                raise BadInput(f"'{name}' cannot be exported: it defines {node.name}, and so does AlgoPerf's form: rename it")
            seen.add(node.name)


def write_exported(exported: Exported, folder: Path) -> list[Path]:
    """Write the files of a submission into a folder and return their paths.

    Raises:
        BadInput: there is a submission already.
        OSError: they cannot be written; none of them is left.
    """
    from harness.compat.submissions.space import FILE

    file, space = folder / "submission.py", folder / FILE
    for path in (file, space):
        if path.exists():
            raise BadInput(f"{path} exists: name another folder with --out")
    contents = {file: exported.code}
    if exported.space is not None:
        contents[space] = json.dumps(exported.space, indent=2) + "\n"
    try:
        for path, content in contents.items():
            write_atomically(path, content)
    except OSError:
        for path in contents:
            path.unlink(missing_ok=True)
        raise
    return list(contents)
