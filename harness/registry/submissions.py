"""Returns submissions by the names that users type after ``-s``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from harness.canonical import plain, stable_hash
from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput
from harness.contracts.messages import said
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.spaces import Space, range_to_json
from harness.registry.calibrated import DECLARED, Calibrated
from harness.registry.index import Broken, submissions_index
from harness.registry.libraries import row_of
from harness.registry.names import Typed, parse_name
from harness.registry.parts import Part, find_part, with_values
from harness.registry.sources import display_path, library_versions
from harness.rules import BASELINE

_Recipe = TypeVar("_Recipe", Schedule, Optimizer)

_ARTICLE = {"schedule": "a schedule", "optimizer": "an optimizer", "procedure": "a procedure", "workload": "a workload"}


@dataclass(frozen=True)
class Submission:
    """A competitor: a schedule, an optimizer with or without a schedule, or a training procedure.

    Attributes:
        name: as typed, in canonical form (`harness.registry.canonical_name`): ``rex``, ``adamw+rex``, ``./my.py``, ``sam``,
            ``polynomial:power=2``.
        kind: "schedule", "optimizer" (with or without a schedule) or "procedure".
        schedule, optimizer, procedure: the plug-ins that the submission consists of; the others are None.
        path: the file that defines it (of OPTIMIZER+SCHEDULE, the schedule's); None for a library's class.
        files: every file that `content_hash` covers.
        content_hash: SHA-256 of the content of these files; it does not depend on where they are.
        libraries: {name: version} of the third-party libraries that the files import or that the name begins with.
        facts: what lists and boards print, as JSON types.
        source: what `find_submission` needs in another working directory, such as a Ray worker's; empty if the name is
            enough.
        given: {hyperparameter: value} of those that the user set after the name.
        calibrated: what stands in for the declared defaults and space of its optimizer or procedure; None if nothing does.
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
    given: Mapping[str, Any] = field(default_factory=dict)
    calibrated: Calibrated | None = None

    @property
    def defaults(self) -> dict[str, Any]:
        """{hyperparameter: default} of all plug-ins of the submission: the calibrated value, else the declared one."""
        declared = {key: value for plugin in self.plugins for key, value in plugin.defaults.items()}
        return {**declared, **self.calibrated.defaults} if self.calibrated else declared

    @property
    def space(self) -> Space:
        """The search spaces of all plug-ins of the submission, those of hyperparameters in `given` included.

        A calibrated space replaces the one that the optimizer or procedure declares.
        """
        spaces = [plugin.space for plugin in self.plugins]
        if self.calibrated:
            spaces[0] = self.calibrated.space
        return {key: value for space in spaces for key, value in space.items()}

    @property
    def points(self) -> tuple[Mapping[str, Any], ...]:
        """The points that its procedure lists instead of a space to draw from; () if it lists none."""
        return tuple(self.procedure.points) if self.procedure is not None else ()

    @property
    def wraps(self) -> str:
        """The optimizer that its optimizer wraps, whose defaults and space it has; "" if it wraps none."""
        return self.optimizer.wraps if self.optimizer is not None else ""

    @property
    def raced_as(self) -> str:
        """The name under which a race of all submissions has it: an optimizer without a schedule gets one."""
        if self.optimizer is None or self.schedule is not None:
            return self.name
        return f"{self.name}+{self.optimizer.schedule or BASELINE}"

    @property
    def reference_recipe(self) -> bool:
        """Whether it is a schedule alone, which controls the workload's reference optimizer at the track's peak rates."""
        return self.optimizer is None and self.procedure is None

    @property
    def plugins(self) -> tuple[Schedule | Optimizer | type[TrainingAlgorithm], ...]:
        """The plug-ins that the submission consists of: optimizer, then schedule; or the procedure."""
        return tuple(plugin for plugin in (self.optimizer, self.schedule, self.procedure) if plugin is not None)


def find_submission(name: str, *, calibrated: bool = True) -> Submission:
    """Return the submission with a name.

    The name is looked up in ./submissions, in the built-in folders and among installed entry points (group
    ``timetrial.submissions``). It can also be a file (``./my.py``, or ``./my.py:name`` if the file defines several), a file in
    the form of another benchmark (``algoperf:PATH/submission.py``), a library's class (``torch.optim.X``,
    ``torch.optim.lr_scheduler.X``, ``pytorch_optimizer.X``), or ``OPTIMIZER+SCHEDULE``, where each half is any of these.
    ``:key=value,...`` after any of them sets hyperparameters.

    Args:
        name: as above. ``:defaults=paper`` among the hyperparameters chooses the declared defaults and space of a built-in
            optimizer or procedure, where `calibrated.json` has others.
        calibrated: False for the declared ones under the plain name, for trials that must not depend on that file; their
            `source` then says so to a worker.

    Raises:
        BadInput: there is no such submission (the message names the nearest one), two files define the name, its file
            cannot be loaded, or it cannot be set to these hyperparameters.
    """
    index = submissions_index()
    halves = parse_name(name)
    if len(halves) == 1:
        return _single(with_values(find_part(halves[0], index, "", declared=not calibrated), None, index))
    left, right = (
        find_part(half, index, kind, declared=not calibrated)
        for half, kind in zip(halves, ("optimizer", "schedule"), strict=True)
    )
    if (left.plugin.kind, right.plugin.kind) == ("schedule", "optimizer"):
        raise BadInput(f"in '{name}' the optimizer comes first: write {halves[1].name}+{halves[0].name}")
    for part, kind in ((left, "optimizer"), (right, "schedule")):
        if part.plugin.kind != kind:
            raise BadInput(f"'{name}' must be OPTIMIZER+SCHEDULE, but '{part.typed.head}' is {_ARTICLE[part.plugin.kind]}")
    return _pair(with_values(left, right, index), with_values(right, left, index))


def find_schedule(name: str) -> Schedule:
    """Return the schedule with a name; of OPTIMIZER+SCHEDULE, the second half. Values set after the name are its defaults.

    Raises:
        BadInput: as `find_submission`, or the submission has no schedule.
    """
    submission = find_submission(name)
    if submission.schedule is None:
        raise _other_kind(submission, "schedule")
    return _with_given(submission.schedule, submission.given)


def find_optimizer(name: str) -> Optimizer:
    """Return the optimizer recipe with a name; of OPTIMIZER+SCHEDULE, the first half. Values set after it are its defaults.

    The recipe is the declared one, without calibrated defaults: the reference recipes of workloads rest on it.

    Raises:
        BadInput: as `find_submission`, or the submission has no optimizer.
    """
    submission = find_submission(name, calibrated=False)
    if submission.optimizer is None:
        raise _other_kind(submission, "optimizer")
    return _with_given(submission.optimizer, submission.given)


def _with_given(plugin: _Recipe, given: Mapping[str, Any]) -> _Recipe:
    """Return a plug-in whose defaults are the values in `given`, of those that it declares."""
    own = {key: value for key, value in given.items() if key in plugin.defaults}
    return replace(plugin, defaults={**plugin.defaults, **own}) if own else plugin


def all_submissions() -> list[Submission]:
    """Return all submissions of the index, sorted by name.

    One that cannot be used on this machine (its file raises an error, or two files define its name) is included; its `facts`
    state the reason as "broken".
    """
    index = submissions_index()
    usable, broken = index.sorted_out()
    listed: list[Submission] = []
    for loaded in usable:
        try:
            listed.append(_single(find_part(Typed(loaded.name), index, "")))
        except Exception as error:  # noqa: BLE001 a class may compute its facts, and one that fails must not hide the others
            reason = BadInput(f"{display_path(loaded.path)}: '{loaded.name}': {said(error)}")
            broken.append(Broken(loaded.name, reason, loaded.path))
    return sorted([*listed, *map(_broken, broken)], key=lambda submission: submission.name)


def _broken(item: Broken) -> Submission:
    folder = item.path.parent.name if item.path else ""
    kind = folder[:-1] if folder in ("optimizers", "procedures") else "schedule"
    source = display_path(item.path) if item.path else ""
    facts = {"name": item.name, "kind": kind, "source": source, "broken": str(item.reason)}
    return Submission(item.name, kind, path=item.path, facts=facts)


def _other_kind(submission: Submission, expected: str) -> BadInput:
    known = sorted(name for name, entries in submissions_index().plugins.items() if entries[0].plugin.kind == expected)
    is_not = f"is {_ARTICLE[submission.kind]}, not {_ARTICLE[expected]}"
    return BadInput(f"'{submission.name}' {is_not}; {expected}s: {', '.join(known)}")


def _single(part: Part) -> Submission:
    plugin, loaded, name, entry = part.plugin, part.loaded, part.typed.name, part.calibrated
    content = part.content_hash
    if entry is not None:
        content = stable_hash(content, entry.content)
    libraries = _libraries(part)
    return Submission(
        name=name,
        kind=plugin.kind,
        schedule=plugin if isinstance(plugin, Schedule) else None,
        optimizer=plugin if isinstance(plugin, Optimizer) else None,
        procedure=plugin if isinstance(plugin, type) else None,
        path=loaded.path if loaded else None,
        files=tuple(dict.fromkeys(file for origin in part.origins for file in origin.sources.files)),
        content_hash=content,
        libraries=libraries,
        facts=_facts(name, part, content),
        source="" if part.source == name else part.source,
        given=part.given,
        calibrated=entry,
    )


def _pair(left: Part, right: Part) -> Submission:
    optimizer, schedule = _single(left), _single(right)
    name = f"{optimizer.name}+{schedule.name}"
    for shared in sorted(set(optimizer.defaults) & set(schedule.defaults)):
        heads = f"'{left.typed.head}' and '{right.typed.head}'"
        raise BadInput(f"'{name}': {heads} both have a hyperparameter '{shared}': rename one")
    content = stable_hash(optimizer.content_hash, schedule.content_hash)
    source = f"{left.source}+{right.source}"
    merged = {key: {**optimizer.facts[key], **schedule.facts[key]} for key in ("hyperparameters", "space", "given")}
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
            "defaults_from": optimizer.facts["defaults_from"],
        },
        source="" if source == name else source,
        given={**optimizer.given, **schedule.given},
        calibrated=optimizer.calibrated,
    )


def _libraries(part: Part) -> dict[str, str]:
    if part.loaded is None:
        return library_versions(frozenset({part.typed.head.partition(".")[0], "torch"}))
    needed = frozenset({"torch"} if part.plugin.kind != "schedule" else ())
    return library_versions(needed.union(*(origin.sources.libraries for origin in part.origins)))


def _facts(name: str, part: Part, content: str) -> dict[str, Any]:
    plugin, entry = part.plugin, part.calibrated
    searched = {key: item for key, item in (entry or plugin).space.items() if key not in part.given}
    return {
        "name": name,
        "kind": plugin.kind,
        "summary": plugin.summary,
        "paper": plugin.paper,
        "anytime": getattr(plugin, "anytime", True),
        "cost": plugin.cost,
        "deviation": plugin.deviation,
        "listens": list(getattr(plugin, "listens", ())),
        "hyperparameters": plain({**plugin.defaults, **(entry.defaults if entry else {}), **part.given}),
        "given": plain(part.given),
        "space": plain({key: range_to_json(item) for key, item in searched.items()}),
        "defaults_from": _defaults_from(part),
        "source": _origin(part),
        "content_hash": content,
    }


def _defaults_from(part: Part) -> str:
    """Return where the defaults come from, in words; "" of a schedule, whose defaults nothing replaces."""
    entry = part.calibrated
    if part.plugin.kind == "schedule" or entry is not None:
        return entry.words if entry is not None else ""
    if part.loaded is None:
        row = row_of(part.typed.head)
        measured = row is not None and row.learning_rate is not None and not part.declared
        return "the library's, but the learning rate measured" if measured else "the library's"
    return DECLARED if part.may_be_calibrated else "its file's"


def _origin(part: Part) -> str:
    """Return where boards say that a plug-in comes from: a library's class, a module or a file."""
    if part.loaded is None:
        return part.typed.head
    return part.loaded.module if part.packaged else display_path(part.loaded.path)
