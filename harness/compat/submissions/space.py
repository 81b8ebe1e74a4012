"""AlgoPerf's search spaces: ``tuning_search_space.json`` beside a submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.messages import display_path
from harness.contracts.spaces import Choice, LogUniform, Range, Space, Uniform
from harness.registry.forms import BESIDE
from harness.registry.loading import check_readable

FILE = BESIDE
FRAMEWORK = "pytorch"

FORMS = '{"min": a, "max": b, "scaling": "log" or "linear"}, or {"feasible_points": [...]}'


@dataclass(frozen=True)
class SearchSpace:
    """A search space as the harness has it.

    Attributes:
        defaults: of listed points the first, of a list of values its first, of a range its middle.
        space: {hyperparameter: range}.
        points: where the file lists points, all of them.
        content: the file's content; None without a file.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    points: tuple[Mapping[str, Any], ...] = ()
    content: Any = None


def space_file(submission: Path) -> Path:
    """Return where the search space of a submission lies, if it has one: beside it.

    In AlgoPerf's own layout, NAME/pytorch/submission.py, it lies in the folder above.
    """
    beside, above = submission.with_name(FILE), submission.parent.with_name(FILE)
    return above if submission.parent.name == FRAMEWORK and above.is_file() and not beside.is_file() else beside


def read_space(submission: Path) -> SearchSpace:
    """Return the search space of a submission; an empty one without a file.

    Raises:
        BadInput: the file is none of the forms that AlgoPerf defines.
    """
    file = space_file(submission)
    try:
        check_readable(file)
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SearchSpace()
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"cannot read {display_path(file)}: {error}") from None
    if isinstance(content, list) and content and all(isinstance(point, dict) and point for point in content):
        return _listed(file, content)
    if not isinstance(content, dict) or not content:
        raise BadInput(f"{display_path(file)}: expected a list of points, or a mapping from names to ranges")
    ranges = {name: _range(file, name, item) for name, item in content.items()}
    return SearchSpace(
        {name: item.at(0.0 if isinstance(item, Choice) else 0.5) for name, item in ranges.items()},
        {name: item for name, item in ranges.items() if not (isinstance(item, Choice) and len(item.options) == 1)},
        (),
        content,
    )


def _listed(file: Path, points: list[dict[str, Any]]) -> SearchSpace:
    first = points[0]
    for number, point in enumerate(points):
        if set(point) != set(first):
            raise BadInput(f"{display_path(file)}: point {number} has other names than point 0")
    values = {name: list({json.dumps(point[name]): point[name] for point in points}.values()) for name in first}
    space = {name: Choice(*options) for name, options in values.items() if len(options) > 1}
    return SearchSpace(dict(first), space, tuple(points), points)


def _range(file: Path, name: str, item: Any) -> Range:
    options = item.get("feasible_points") if isinstance(item, dict) else None
    if isinstance(options, list) and options:
        return Choice(*options)
    if isinstance(item, dict) and {"min", "max"} <= set(item) and item.get("scaling", "linear") in ("log", "linear"):
        kind = LogUniform if item.get("scaling") == "log" else Uniform
        return kind(item["min"], item["max"]) if item["min"] != item["max"] else Choice(item["min"])
    raise BadInput(f"{display_path(file)}: '{name}' must be {FORMS}")
