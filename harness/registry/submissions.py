"""Returns submissions by the names that users type after ``-s``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.spaces import Space
from harness.records import plain, stable_hash
from harness.registry.index import Index, submissions_index
from harness.registry.libraries import is_library_name, library_plugin
from harness.registry.loading import PLUGIN_PACKAGE, LoadedPlugin
from harness.registry.names import is_file, plugin_from_file, split_pair, unknown_name
from harness.registry.sources import OURS, ROOT, display_path, library_versions

_ARTICLE = {"schedule": "a schedule", "optimizer": "an optimizer", "procedure": "a procedure", "workload": "a workload"}


@dataclass(frozen=True)
class Submission:
    """A competitor: a schedule, an optimizer with or without a schedule, or a training procedure.

    Attributes:
        name: as typed: ``rex``, ``adamw``, ``adamw+rex``, ``./my.py``, ``sam``.
        kind: "schedule", "optimizer" (with or without a schedule) or "procedure".
        schedule, optimizer, procedure: the plug-ins that the submission consists of; the others are None.
        path: the file that defines it (of OPTIMIZER+SCHEDULE, the schedule's); None for a library's class.
        files: every file that `content_hash` covers.
        content_hash: SHA-256 of the content of these files; it does not depend on where they are.
        libraries: {name: version} of the third-party libraries that the files import or that the name begins with.
        facts: what lists and boards print, as JSON types.
        source: what `find_submission` needs in another working directory, such as a Ray worker's; empty if the name is
            enough.
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
        """{hyperparameter: declared default} of all plug-ins of the submission."""
        return {key: value for plugin in self.plugins for key, value in plugin.defaults.items()}

    @property
    def space(self) -> Space:
        """The search spaces of all plug-ins of the submission."""
        return {key: value for plugin in self.plugins for key, value in plugin.space.items()}

    @property
    def reference_recipe(self) -> bool:
        """Whether it is a schedule alone, which controls the workload's reference optimizer at the track's peak rates."""
        return self.optimizer is None and self.procedure is None

    @property
    def plugins(self) -> tuple[Schedule | Optimizer | type[TrainingAlgorithm], ...]:
        """The plug-ins that the submission consists of: optimizer, then schedule; or the procedure."""
        return tuple(plugin for plugin in (self.optimizer, self.schedule, self.procedure) if plugin is not None)


@dataclass(frozen=True)
class _Part:
    """One half of OPTIMIZER+SCHEDULE, or all of another submission. `loaded` is None for a library's class."""

    typed: str
    plugin: Schedule | Optimizer | type[TrainingAlgorithm]
    loaded: LoadedPlugin | None

    @property
    def packaged(self) -> bool:
        """Whether a built-in or an installed package defines the plug-in."""
        return self.loaded is not None and not self.loaded.module.startswith(f"{PLUGIN_PACKAGE}.")

    @property
    def source(self) -> str:
        """The half in a form that works in any directory. Records store it, so a file below ROOT is relative to ROOT."""
        if self.loaded is None or self.packaged or self.loaded.path.is_relative_to(OURS["submissions"]):
            return self.typed
        path = self.loaded.path
        return f"{path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path}:{self.loaded.name}"


def find_submission(name: str) -> Submission:
    """Return the submission with a name.

    The name is looked up in ./submissions, in the built-in folders and among installed entry points (group
    ``timetrial.submissions``). It can also be a file (``./my.py``, or ``./my.py:name`` if the file defines several), a
    library's class (``torch.optim.X``, ``torch.optim.lr_scheduler.X``, ``pytorch_optimizer.X``), or
    ``OPTIMIZER+SCHEDULE``, where each half is any of these.

    Raises:
        BadInput: there is no such submission (the message names the nearest one), two files define the name, or its file
            cannot be loaded.
    """
    index = submissions_index()
    pair = split_pair(name)
    if pair is None:
        return _single(name, _part(name, index, ""))
    left, right = _part(pair[0], index, "optimizer"), _part(pair[1], index, "schedule")
    for part, kind in ((left, "optimizer"), (right, "schedule")):
        if part.plugin.kind != kind:
            raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE, but '{part.typed}' is {_ARTICLE[part.plugin.kind]}")
    return _pair(name, left, right)


def find_schedule(name: str) -> Schedule:
    """Return the schedule with a name; of OPTIMIZER+SCHEDULE, the second half.

    Raises:
        BadInput: as `find_submission`, or the submission has no schedule.
    """
    submission = find_submission(name)
    if submission.schedule is None:
        raise _other_kind(submission, "schedule")
    return submission.schedule


def find_optimizer(name: str) -> Optimizer:
    """Return the optimizer recipe with a name; of OPTIMIZER+SCHEDULE, the first half.

    Raises:
        BadInput: as `find_submission`, or the submission has no optimizer.
    """
    submission = find_submission(name)
    if submission.optimizer is None:
        raise _other_kind(submission, "optimizer")
    return submission.optimizer


def all_submissions() -> list[Submission]:
    """Return all submissions of the index, sorted by name.

    A submission that cannot be loaded on this machine (because torch is missing, for example) is included; its `facts`
    state the reason as "unavailable".

    Raises:
        BadInput: two files define one name.
    """
    index = submissions_index()
    listed = [_single(name, _part(name, index, "")) for name in index.plugins]
    for name, error in index.broken.items():
        if name not in index.plugins:
            path = index.broken_files.get(name)
            kind = path.parent.name[:-1] if path and path.parent.name in ("optimizers", "procedures") else "schedule"
            facts = {"name": name, "kind": kind, "source": display_path(path) if path else "", "unavailable": str(error)}
            listed.append(Submission(name, kind, path=path, facts=facts))
    return sorted(listed, key=lambda submission: submission.name)


def _other_kind(submission: Submission, expected: str) -> BadInput:
    known = sorted(name for name, entries in submissions_index().plugins.items() if entries[0].plugin.kind == expected)
    is_not = f"is {_ARTICLE[submission.kind]}, not {_ARTICLE[expected]}"
    return BadInput(f"'{submission.name}' {is_not}; {expected}s: {', '.join(known)}")


def _part(name: str, index: Index, kind: str) -> _Part:
    if is_library_name(name):
        return _Part(name, library_plugin(name), None)
    loaded = plugin_from_file(name, index, kind) if is_file(name) else index.find(name)
    if loaded is None:
        raise unknown_name("submission", name, index)
    assert not (isinstance(loaded.plugin, type) and not issubclass(loaded.plugin, TrainingAlgorithm))
    return _Part(name, loaded.plugin, loaded)


def _single(name: str, part: _Part) -> Submission:
    plugin, loaded = part.plugin, part.loaded
    content = loaded.sources.content_hash if loaded else stable_hash(part.typed)
    libraries = _libraries(part)
    return Submission(
        name=name,
        kind=plugin.kind,
        schedule=plugin if isinstance(plugin, Schedule) else None,
        optimizer=plugin if isinstance(plugin, Optimizer) else None,
        procedure=plugin if isinstance(plugin, type) else None,
        path=loaded.path if loaded else None,
        files=loaded.sources.files if loaded else (),
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
    if part.loaded is None:
        return library_versions(frozenset({part.typed.partition(".")[0], "torch"}))
    needed = set() if part.plugin.kind == "schedule" else {"torch"}
    return library_versions(part.loaded.sources.libraries | needed)


def _facts(name: str, part: _Part, content: str) -> dict[str, Any]:
    plugin = part.plugin
    space = {key: {"distribution": type(item).__name__, **asdict(item)} for key, item in plugin.space.items()}
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
        "source": _origin(part),
        "content_hash": content,
    }


def _origin(part: _Part) -> str:
    """Return where boards say that a plug-in comes from: a library's class, a module or a file."""
    if part.loaded is None:
        return part.typed
    return part.loaded.module if part.packaged else display_path(part.loaded.path)
