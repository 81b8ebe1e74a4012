"""AlgoPerf's published submissions in copies of MLCommons' two repositories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from harness.compat.submissions.space import read_space
from harness.contracts.errors import BadInput

PATTERNS = (
    ("submissions_algorithms", "previous_leaderboards/algoperf_v*/submissions/*/*/submission.py"),
    ("submissions_algorithms", "submissions/*/*/submission.py"),
    ("algorithmic-efficiency", "algorithms/baselines/*/pytorch_*.py"),
    ("algorithmic-efficiency", "algorithms/archived_paper_baselines/*/pytorch/submission.py"),
    ("algorithmic-efficiency", "algorithms/target_setting_algorithms/pytorch_*.py"),
)
"""(repository, where its submissions lie), the versions of the leaderboard in order."""

NO_ENTRIES = ("pytorch_submission_base.py",)
"""Modules that lie among the submissions and are none."""


@dataclass(frozen=True)
class Entry:
    """A published submission.

    Attributes:
        name: of its folder, or of its file where a folder has several.
        version: of the leaderboard, or of the reference algorithms.
        ruleset: "external" or "self-tuning"; "" of the reference algorithms that have no ruleset.
        path: of its file.
    """

    name: str
    version: str
    ruleset: str
    path: Path

    @property
    def label(self) -> str:
        """Its name, version and ruleset in one word."""
        return "/".join(part for part in (self.version, self.ruleset, self.name) if part)

    @property
    def submission(self) -> str:
        """What is typed after ``-s``."""
        return f"algoperf:{self.path}"

    @cached_property
    def points(self) -> list[Mapping[str, Any]]:
        """The points that it lists, each with the values that differ among them, the first as {}; [{}] where it lists none.

        Raises:
            BadInput: its search space is of no form that AlgoPerf defines.
        """
        space = read_space(self.path)
        return [{}, *({name: point[name] for name in space.space} for point in space.points[1:])]


def published(clones: Path) -> list[Entry]:
    """Return the submissions in the folder `clones`, which has a copy of each repository under the repository's name.

    An entry that a later version repeats under the same name and ruleset is listed once, in the first version.
    """
    found: dict[tuple[str, str, str], Entry] = {}
    for repository, pattern in PATTERNS:
        for path in sorted((clones / repository).glob(pattern)):
            if path.name not in NO_ENTRIES:
                entry = _entry(clones / repository, path)
                archived = entry.version if repository == "algorithmic-efficiency" else ""
                found.setdefault((entry.name, entry.ruleset, archived), entry)
    return list(found.values())


@cache
def entry_of(submission: str) -> Entry:
    """Return the entry whose file a recorded submission names.

    >>> entry_of("algoperf:x/submissions_algorithms/submissions/self_tuning/lion/submission.py:rate_multiple=3").label
    'later/self-tuning/lion'

    Raises:
        BadInput: the file lies in no copy of the two repositories.
    """
    path = Path(re.sub(r"^algoperf:|(?<=\.py):.*$", "", submission))
    for repository in {repository for repository, _ in PATTERNS}:
        if repository in path.parts:
            place = path.parts.index(repository) + 1
            return _entry(Path(*path.parts[:place]), path)
    raise BadInput(f"'{submission}' lies in no copy of {' or '.join(sorted({name for name, _ in PATTERNS}))}")


def _entry(repository: Path, path: Path) -> Entry:
    parts = path.relative_to(repository).parts
    named = path.parent.parent if path.parent.name == "pytorch" else path.parent
    name = named.name if path.name == "submission.py" else path.stem.removeprefix("pytorch_")
    ruleset = next(
        (part.removesuffix("_tuning").replace("self", "self-tuning") for part in parts if part.endswith("_tuning")), ""
    )
    return Entry(name, _version(parts), ruleset, path)


def _version(parts: tuple[str, ...]) -> str:
    for part in parts:
        if match := re.fullmatch(r"algoperf_v(\d)(\d)", part):
            return f"v{match[1]}.{match[2]}"
    words = {
        "submissions": "later",
        "baselines": "baseline",
        "archived_paper_baselines": "paper",
        "target_setting_algorithms": "target",
    }
    return next(words[part] for part in parts if part in words)
