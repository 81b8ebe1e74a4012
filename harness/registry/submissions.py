"""Names as users type them after ``-s`` -> submissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts import BadInput, Optimizer, Schedule, Space, TrainingAlgorithm
from harness.records import plain, stable_hash
from harness.registry.index import Index, submissions_index
from harness.registry.libraries import is_library_name, library_plugin
from harness.registry.loading import Found
from harness.registry.names import from_file, halves, is_file, unknown
from harness.registry.sources import OURS, ROOT, library_versions, shown

_ARTICLE = {"schedule": "a schedule", "optimizer": "an optimizer", "procedure": "a procedure", "workload": "a workload"}


@dataclass(frozen=True)
class Submission:
    """What is raced.

    Attributes:
        name: as typed: ``rex``, ``adamw``, ``adamw+rex``, ``./my.py``, ``sam``.
        kind: "schedule", "optimizer" (with or without a schedule) or "procedure".
        schedule, optimizer, procedure: the plug-ins; the ones that it has not are None. An optimizer without a
            schedule leaves that to the plan.
        path: the file it was read from (of OPTIMIZER+SCHEDULE the schedule's); None for a library's class.
        files: every file that `content_hash` covers.
        content_hash: SHA-256 of those files' content; where they lie does not matter.
        libraries: {name: version} of the third-party libraries that the files import or the name names.
        facts: JSON: what lists and boards print.
        source: what to hand to `find_submission` where the current directory is another (a Ray worker's); empty
            when the name alone will do.
    """

    name: str
    kind: str
    schedule: Schedule | None = None
    optimizer: Optimizer | None = None
    procedure: type[TrainingAlgorithm] | None = None
    path: Path | None = None
    files: tuple[Path, ...] = ()
    content_hash: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def defaults(self) -> dict[str, Any]:
        """Every hyperparameter with its declared default, the schedule's and the optimizer's together."""
        return {key: value for plugin in self.plugins for key, value in plugin.defaults.items()}

    @property
    def space(self) -> Space:
        """The search space, the schedule's and the optimizer's together."""
        return {key: value for plugin in self.plugins for key, value in plugin.space.items()}

    @property
    def plugins(self) -> tuple[Schedule | Optimizer | type[TrainingAlgorithm], ...]:
        """The plug-ins it is made of: optimizer first, then schedule; or the procedure."""
        return tuple(plugin for plugin in (self.optimizer, self.schedule, self.procedure) if plugin is not None)


@dataclass(frozen=True)
class _Part:
    """One half of OPTIMIZER+SCHEDULE, or all of another submission. `found` is None for a library's class."""

    typed: str
    plugin: Schedule | Optimizer | type[TrainingAlgorithm]
    found: Found | None

    @property
    def source(self) -> str:
        """The half as it can be typed from any directory: records keep it, so a file of the house is relative to the house."""
        if (
            self.found is None
            or self.found.path.is_relative_to(OURS["submissions"])
            or not self.found.module.startswith("timetrial_plugins")
        ):
            return self.typed
        path = self.found.path
        return f"{path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path}:{self.found.name}"


def find_submission(name: str) -> Submission:
    """Return the submission that `name` means.

    A name is looked for in ./submissions, in the built-in folders and among installed entry points (group
    ``timetrial.submissions``). It can also be a file (``./my.py``, or ``./my.py:name`` where that holds several),
    a library's class (``torch.optim.X``, ``torch.optim.lr_scheduler.X``, ``pytorch_optimizer.X``), or
    ``OPTIMIZER+SCHEDULE`` where each half is any of these.

    Raises:
        BadInput: there is no such submission (the nearest name is told), two files claim the name, or the file
            cannot be loaded.
    """
    index = submissions_index()
    pair = halves(name)
    if pair is None:
        return _single(name, _part(name, index, ""))
    left, right = _part(pair[0], index, "optimizer"), _part(pair[1], index, "schedule")
    for part, kind in ((left, "optimizer"), (right, "schedule")):
        if part.plugin.kind != kind:
            raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE, but '{part.typed}' is {_ARTICLE[part.plugin.kind]}")
    return _pair(name, left, right)


def find_schedule(name: str) -> Schedule:
    """Return the schedule that `name` means; of OPTIMIZER+SCHEDULE the second half.

    Raises:
        BadInput: as `find_submission`, or it has no schedule.
    """
    submission = find_submission(name)
    if submission.schedule is None:
        known = [other for other, entries in submissions_index().found.items() if entries[0].plugin.kind == "schedule"]
        raise BadInput(f"'{name}' is {_ARTICLE[submission.kind]}, not a schedule; schedules: {', '.join(sorted(known))}")
    return submission.schedule


def find_optimizer(name: str) -> Optimizer:
    """Return the optimizer recipe that `name` means; of OPTIMIZER+SCHEDULE the first half.

    Raises:
        BadInput: as `find_submission`, or it has no optimizer.
    """
    submission = find_submission(name)
    if submission.optimizer is None:
        known = [other for other, entries in submissions_index().found.items() if entries[0].plugin.kind == "optimizer"]
        raise BadInput(f"'{name}' is {_ARTICLE[submission.kind]}, not an optimizer; optimizers: {', '.join(sorted(known))}")
    return submission.optimizer


def all_submissions() -> list[Submission]:
    """Return every submission that has a name of its own, sorted by name.

    One that cannot be loaded here (torch is missing, say) is there too: its `facts` hold the reason as "unavailable".

    Raises:
        BadInput: two files claim one name.
    """
    index = submissions_index()
    listed = [_single(name, _part(name, index, "")) for name in index.found]
    for name, error in index.broken.items():
        if name not in index.found:
            path = index.files.get(name)
            kind = path.parent.name[:-1] if path and path.parent.name in ("optimizers", "procedures") else "schedule"
            facts = {"name": name, "kind": kind, "source": shown(path) if path else "", "unavailable": str(error)}
            listed.append(Submission(name, kind, path=path, facts=facts))
    return sorted(listed, key=lambda submission: submission.name)


def _part(name: str, index: Index, kind: str) -> _Part:
    if is_library_name(name):
        return _Part(name, library_plugin(name), None)
    found = from_file(name, index, kind) if is_file(name) else index.only(name)
    if found is None:
        raise unknown("submission", name, index)
    assert not (isinstance(found.plugin, type) and not issubclass(found.plugin, TrainingAlgorithm))
    return _Part(name, found.plugin, found)


def _single(name: str, part: _Part) -> Submission:
    plugin, found = part.plugin, part.found
    content = found.sources.content_hash if found else stable_hash(part.typed)
    libraries = _libraries(part)
    return Submission(
        name=name,
        kind=plugin.kind,
        schedule=plugin if isinstance(plugin, Schedule) else None,
        optimizer=plugin if isinstance(plugin, Optimizer) else None,
        procedure=plugin if isinstance(plugin, type) else None,
        path=found.path if found else None,
        files=found.sources.files if found else (),
        content_hash=content,
        libraries=libraries,
        facts=_facts(name, part, content),
        source="" if part.source == name else part.source,
    )


def _pair(name: str, left: _Part, right: _Part) -> Submission:
    optimizer, schedule = _single(left.typed, left), _single(right.typed, right)
    for shared in sorted(set(optimizer.defaults) & set(schedule.defaults)):
        raise BadInput(f"'{name}': '{left.typed}' and '{right.typed}' both have a hyperparameter '{shared}': rename one")
    content = stable_hash(optimizer.content_hash, schedule.content_hash)
    source = f"{left.source}+{right.source}"
    merged = {key: {**optimizer.facts[key], **schedule.facts[key]} for key in ("hyperparameters", "space")}
    texts = {
        key: "; ".join(filter(None, (optimizer.facts[key], schedule.facts[key])))
        for key in ("paper", "cost", "deviation", "source")
    }
    summary = f"{optimizer.facts['summary'].rstrip('.')} + {schedule.facts['summary']}"
    return Submission(
        name=name,
        kind="optimizer",
        schedule=schedule.schedule,
        optimizer=optimizer.optimizer,
        path=schedule.path,
        files=tuple(dict.fromkeys((*optimizer.files, *schedule.files))),
        content_hash=content,
        libraries={**optimizer.libraries, **schedule.libraries},
        facts={
            **schedule.facts,
            **merged,
            **texts,
            "name": name,
            "kind": "optimizer",
            "summary": summary,
            "content_hash": content,
        },
        source="" if source == name else source,
    )


def _libraries(part: _Part) -> dict[str, str]:
    if part.found is None:
        return library_versions(frozenset({part.typed.partition(".")[0], "torch"}))
    needed = set() if part.plugin.kind == "schedule" else {"torch"}
    return library_versions(part.found.sources.libraries | needed)


def _facts(name: str, part: _Part, content: str) -> dict[str, Any]:
    plugin = part.plugin
    space = {key: {"distribution": type(item).__name__, **asdict(item)} for key, item in plugin.space.items()}
    packaged = part.found is not None and not part.found.module.startswith("timetrial_plugins")
    return {
        "name": name,
        "kind": plugin.kind,
        "summary": plugin.summary,
        "paper": plugin.paper,
        "anytime": getattr(plugin, "anytime", True),
        "cost": plugin.cost,
        "deviation": plugin.deviation,
        "listens": list(getattr(plugin, "listens", ())),
        "hyperparameters": plain(dict(plugin.defaults)),
        "space": plain(space),
        "source": part.typed if part.found is None else part.found.module if packaged else shown(part.found.path),
        "content_hash": content,
    }
