"""Why a record cannot be compared on this machine, or could not have come from its own plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from harness.canonical import plain
from harness.contracts.errors import BadInput, ContractError
from harness.plan import Request, make_plan
from harness.records import PROTOCOL_VERSION, Status, TrialRecord, TrialSpec, fact_of
from harness.registry import find_submission, find_workload, hash_for_track, library_versions, parse_name
from harness.registry.forms import split_form
from harness.registry.names import is_file, split_file
from harness.rules import RULESETS, TRACKS
from harness.trial.impossible import impossible, latest_end

DRAWN = ("seed", "hyperparameters")
"""Fields of a spec that follow from the run's ``--seed``, which no record states."""

NOT_PLANNED = ("suite", "source")
"""Fields that cannot change the outcome."""

BLOCK = 5
"""Plans are made for multiples of so many studies and trials, so that one serves many records."""

SAME_VALUE = 1e-12
"""Relative difference up to which drawn hyperparameters are equal: a power is rounded otherwise on another machine."""


@dataclass(frozen=True)
class Survey:
    """What plug-ins and libraries of this machine say of one record, before it is run again.

    Attributes:
        obstacle: why it cannot be run again here; "" if it can.
        contradiction: what its own track's rules do not allow; "" if nothing.
        source: where its submission is found here, as `TrialSpec.source`.
    """

    obstacle: str = ""
    contradiction: str = ""
    source: str = ""


def obstacle_of(record: TrialRecord) -> str:
    """Return why a record can be compared nowhere, or only by another version of timetrial; "" if it can be compared."""
    if fact_of(record.facts, "imported", "paired") is not None or record.facts.get("imported"):
        return "imported logs: timetrial did not run them"
    if record.status == Status.KILLED:
        return "killed: it counts as not run"
    if record.status == Status.SKIPPED or (record.status == Status.PRUNED and not record.evaluations):
        return f"{record.status} before it started"
    if record.spec.protocol != PROTOCOL_VERSION:
        return f"of protocol {record.spec.protocol}, and this timetrial runs protocol {PROTOCOL_VERSION}"
    return ""


def impossibility(record: TrialRecord) -> str:
    """Return why a record cannot be true, whatever its plug-ins are; "" if it can.

    The direction of the metric is the record's own; a repetition compares it with the workload's.
    """
    listens = "validation_metric" in (fact_of(record.facts, "submission", "listens") or ())
    return impossible(
        record,
        lower_is_better=bool(fact_of(record.facts, "workload", "lower_is_better")),
        run_to_end=record.status != Status.PRUNED,
        latest_end=latest_end(record.spec, 0, listens=listens),
    )


def surveys(trials: Sequence[tuple[TrialSpec, str]]) -> list[tuple[str, str, str]]:
    """Return (obstacle, contradiction, source) of trials of one submission, each given as (spec, device that it ran on).

    It loads plug-ins, so an audit calls it in a process of its own.
    """
    found = []
    for spec, device in trials:
        try:
            obstacle = _device(device) or _versions(spec)
            found.append((obstacle, "", "") if obstacle else ("", contradiction(spec), located(spec).source))
        except (BadInput, ContractError) as error:
            found.append((str(error), "", ""))
    return found


def located(spec: TrialSpec) -> TrialSpec:
    """Return the spec with a source under which this machine finds the submission as it was recorded.

    The path in a record may be another machine's, so the submission is also looked up by its name.

    Raises:
        BadInput: there is no such submission here, or its source has changed.
    """
    changed, reason = False, ""
    for name in filter(None, dict.fromkeys((spec.source, spec.submission))):
        try:
            if _submission(name) == spec.submission_hash:
                return replace(spec, source="" if name == spec.submission else name)
            changed = True
        except (BadInput, ContractError) as error:
            reason = str(error)
    raise BadInput(f"the source of {spec.submission} has changed since" if changed else reason)


@cache
def _device(device: str) -> str:
    if device == "cpu":
        return ""
    import torch

    there = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return (
        "" if there is not None and device.startswith(there.type) else f"it ran on {device}, which this machine does not have"
    )


def _versions(spec: TrialSpec) -> str:
    """Return what differs of sources and libraries."""
    if spec.track not in RULESETS:
        return f"there is no track '{spec.track}'"
    here = library_versions(frozenset(spec.libraries))
    other = [f"{name} {version} (here {here[name]})" for name, version in spec.libraries.items() if here[name] != version]
    if other:
        return f"it ran with {', '.join(other)}"
    located(spec)
    workload = _workload_hash(spec.workload, spec.size, spec.variant, spec.track, spec.reference_recipe)
    return "" if workload == spec.workload_hash else f"the source, target or ruler of {spec.workload_label} has changed since"


@cache
def _submission(name: str) -> str:
    return find_submission(name).content_hash


@cache
def _workload_hash(name: str, size: str, variant: str, track: str, reference_recipe: bool) -> str:
    return hash_for_track(find_workload(name, size, variant), RULESETS[track], reference_recipe=reference_recipe)


def contradiction(spec: TrialSpec) -> str:
    """Return where a spec is not what the plan of its track, suite, study and trial says; "" where it is.

    Whoever edits a record can edit its spec too, and the repetition would follow it. What the run's seed decides is only
    compared where it was the default seed.
    """
    if spec.track not in TRACKS:
        return ""
    studies, trials = (BLOCK * (1 + index // BLOCK) for index in (spec.study, spec.trial))
    here = located(spec)
    where = here.track, here.size, here.source or here.submission, here.workload, bool(here.variant)
    try:
        own = _planned(*where, studies, trials).get((spec.workload_label, spec.study, spec.trial))
    except BadInput as error:
        return f"it cannot have been planned: {error}"
    if own is None:
        return f"the {spec.track} track has no trial {spec.trial}"
    if here.source and _is_located(spec.submission, here.source):
        own = replace(own, submission=spec.submission)
    there, rules = (plain(asdict(s)) for s in (spec, own))
    for name in there:
        if name not in (*DRAWN, *NOT_PLANNED) and there[name] != rules[name]:
            return (
                f"its {name.replace('_', ' ')} is {there[name]}, and the rules of the {spec.track} track make it {rules[name]}"
            )
    if spec.hyperparameters.keys() != own.hyperparameters.keys():
        return f"it sets {sorted(spec.hyperparameters)}, and the {spec.track} track sets {sorted(own.hyperparameters)}"
    for name, value in own.hyperparameters.items() if spec.seed == own.seed else ():
        if not _equal(spec.hyperparameters[name], value):
            return f"its {name} is {spec.hyperparameters[name]}, and the {spec.track} track draws {value} from its seed"
    return ""


def _is_located(name: str, source: str) -> bool:
    """Return whether a source is the name with the paths of its files written out: only their beginnings may differ."""
    typed, found = parse_name(name), parse_name(source)
    if len(typed) != len(found):
        return False
    return all(a.settings == b.settings and _ends_with(b.head, a.head) for a, b in zip(typed, found, strict=True))


def _ends_with(located_head: str, head: str) -> bool:
    if head == located_head or not is_file(head):  # a notebook's race records a plug-in by its name, and the file it wrote
        return head in (located_head, split_file(located_head)[1])
    (form, rest), (its_form, its_rest) = split_form(head), split_form(located_head)
    (file, plugin), (its_file, its_plugin) = split_file(rest), split_file(its_rest)
    tail = tuple(part for part in Path(file).parts if part not in ("..", "~"))
    same = form == its_form and plugin in ("", its_plugin)
    return same and Path(its_file).parts[-len(tail) :] == tail


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME_VALUE)
    return bool(one == other)


@cache
def _planned(
    track: str, size: str, submission: str, workload: str, variants: bool, studies: int, trials: int
) -> Mapping[tuple[str, int, int], TrialSpec]:
    request = Request(
        suite=size,
        submissions=(submission,),
        workloads=(workload,),
        track=track,
        studies=studies,
        trials=math.ceil(trials / len(RULESETS[track].horizons)),
        held_out=variants,
    )
    return {(spec.workload_label, spec.study, spec.trial): spec for spec in make_plan(request).trials}
