"""What crosses packages: `TrialSpec`, what to run, and `TrialRecord`, what happened. Both are JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from harness.canonical import Texts, hash_of_json, plain, stable_hash

PROTOCOL_VERSION = 3
"""Version of the harness's rules; it goes up when a change can change the outcome of a trial. Part of every trial's id."""

SCHEMA_VERSION = 2
"""Version of the record's JSON; older versions are read through `UPGRADES`."""


class Status(StrEnum):
    """How a trial ended; a plain string in JSON and in DataFrames."""

    REACHED = "reached"
    MISSED = "missed"
    FINISHED = "finished"
    """It ran to the end of its horizon and had no target."""
    DIVERGED = "diverged"
    PRUNED = "pruned"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"
    """Something else ended its worker. The trial counts as not run, and the next run repeats it."""
    SKIPPED = "skipped"


STATUSES = tuple(Status)

FAILURES = (Status.FAILED, Status.TIMEOUT, Status.OUT_OF_MEMORY)
"""Statuses that the submission itself caused. Such trials are results; only ``--retry`` runs them again."""

ARTEFACT_LIMIT = 8
"""Largest number of artefacts per trial."""

ARTEFACT_BYTES = 1_000_000
"""Largest size of an artefact in bytes; `shortened` cuts longer content."""

LOSSES = "losses.csv"
"""Name of the artefact of ``run --log-losses``: step, charged examples and training loss of each point, with a head line."""


@dataclass(frozen=True)
class Artefact:
    """A named file that a trial leaves beside its record: the traceback of a failure, a trace of losses, saved weights.

    Attributes:
        name: file name without a folder: letters, digits, ``.``, ``_`` and ``-``, at most 64; never ending in ``.json``.
        content: at most `ARTEFACT_BYTES` bytes.

    Raises:
        ValueError: the name or the size is not allowed.
    """

    name: str
    content: bytes

    def __post_init__(self) -> None:
        check_artefact_name(self.name)
        if len(self.content) > ARTEFACT_BYTES:
            raise ValueError(f"artefact {self.name} has {len(self.content)} bytes: at most {ARTEFACT_BYTES} are allowed")


def check_artefact_name(name: str) -> None:
    """Check the name of an artefact, which becomes part of the name of a file.

    Raises:
        ValueError: it is not allowed.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name) or name.endswith(".json"):
        raise ValueError(f"an artefact cannot have the name {name!r}")


def shortened(content: bytes, limit: int = ARTEFACT_BYTES) -> bytes:
    """Return `content`; if it is longer than `limit` bytes, replace its middle by a line that states the original length."""
    if len(content) <= limit:
        return content
    note = f"\n[... cut from {len(content)} bytes ...]\n".encode()
    half = (limit - len(note)) // 2
    return content[:half] + note + content[-half:]


LONGEST_REASON = 2_000
"""Characters of a record's reason; the traceback of a failure is an artefact."""

NO_TARGET = math.nan
"""Target of a trial that has none: no value meets it. It is null in JSON."""

CLOCKS = ("examples", "seconds", "steps")


def meets_target(value: float | None, target: float, *, lower_is_better: bool) -> bool:
    """Return whether a value of a metric meets a target; None does not."""
    return value is not None and (value <= target if lower_is_better else value >= target)


NOT_IN_ID = ("suite", "source")
"""Fields of a `TrialSpec` that cannot change its trial's outcome."""

NEW_IN_PROTOCOL = {2: ("reference_recipe", "given"), 3: ("evaluation_points",)}
"""{protocol version: fields of a `TrialSpec` that the id covers from this version on}."""


@dataclass(frozen=True)
class TrialSpec:
    """What to run. Its `id` covers everything that can change the outcome.

    Attributes:
        track: name of the ruleset, a key of `harness.rules.RULESETS`.
        suite: name of the suite that asked for it (not part of the id).
        workload, variant, size: which workload; `variant` is empty for the base.
        workload_hash: content hash of its definition at this size and of the modules of ours that it imports.
        submission: its name as typed after ``-s``.
        submission_hash: content hash of its file and of the modules of ours, or of its folder, that it imports.
        source: path of the plug-in if its name is not enough to find it (not part of the id).
        libraries: {name: version} of the libraries that can change the outcome.
        study, trial: indices from 0.
        seed: 63-bit, from workload and study (and trial, unless the track's trials share seeds), never from the submission.
        hyperparameters: what the track's lattice sets for this trial; `learning_rate` is the peak.
        budget, horizon, warmup, evaluation_period: charged examples.
        evaluation_points: charged examples, ascending, at which the trial is evaluated besides the multiples of its period:
            the other horizons of its track that lie within its own.
        target: value of the workload's metric that ends the race; `NO_TARGET` where there is none.
        reference_recipe: the optimizer and the hyperparameters that nothing else sets are the workload's reference recipe:
            the submission is a schedule alone.
        given: hyperparameters that the user set after the submission's name (``NAME:key=value``).
        protocol: `PROTOCOL_VERSION` of the harness that planned it.
    """

    track: str
    suite: str
    workload: str
    variant: str
    size: str
    workload_hash: str
    submission: str
    submission_hash: str
    study: int
    trial: int
    seed: int
    hyperparameters: Mapping[str, Any]
    budget: int
    horizon: int
    warmup: int
    evaluation_period: int
    target: float
    libraries: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    reference_recipe: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    evaluation_points: tuple[int, ...] = ()
    protocol: int = PROTOCOL_VERSION

    @cached_property
    def id(self) -> str:
        """Return the trial's id: 16 hexadecimal digits of a stable hash of every field that can change the outcome.

        Fields that its protocol version did not have are left out, so that the ids of older records stay what they are.
        """
        later = {name for version, names in NEW_IN_PROTOCOL.items() if version > self.protocol for name in names}
        content = {key: value for key, value in asdict(self).items() if key not in NOT_IN_ID and key not in later}
        return stable_hash(content)[:16]

    @property
    def workload_label(self) -> str:
        """The workload's name on boards: ``name`` or ``name_variant``."""
        return f"{self.workload}_{self.variant}" if self.variant else self.workload

    @property
    def cell(self) -> tuple[str, str, int]:
        """The study that this trial belongs to: (submission, workload label, study)."""
        return self.submission, self.workload_label, self.study

    def to_json(self) -> dict[str, Any]:
        """Return the spec as JSON types."""
        value: dict[str, Any] = plain(asdict(self))
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TrialSpec:
        """Return the spec that `to_json` wrote; unknown keys are ignored."""
        known = {f.name for f in fields(cls)}
        content = {key: item for key, item in value.items() if key in known}
        content["target"] = NO_TARGET if content["target"] is None else content["target"]
        content["evaluation_points"] = tuple(content.get("evaluation_points", ()))
        return cls(**content)


def fact_of(facts: Any, owner: str, name: str) -> Any:
    """Return the fact `name` of "submission", "workload" or "imported" from a record's facts; None where they lack it."""
    about = facts.get(owner) if isinstance(facts, Mapping) else None
    return about.get(name) if isinstance(about, Mapping) else None


class TrialResult(NamedTuple):
    """What a worker returns: the record of its trial and the trial's artefacts. Only the driver writes either."""

    record: TrialRecord
    artefacts: tuple[Artefact, ...] = ()


@dataclass(frozen=True)
class TrialRecord:
    """What happened in a trial.

    Attributes:
        spec: what was run.
        status: a `Status`.
        reason: why, in words.
        complete: this record ran to the end of its horizon (or diverged), past the target if it met it.
        evaluations: one mapping per evaluation: "examples", "seconds", "steps", "metric" and the workload's further metrics.
        learning_rates: thinned trace of (steps, charged examples, learning rate).
        clocks: at the end: "examples", "seconds", "steps"; beside them "process_seconds", "evaluation_seconds",
            "setup_seconds", of which "constructor_seconds" are the plug-in's, "cpu_seconds" (of the process, until the last
            evaluation), "wall_seconds".
        beater: of a trial that the safe rules pruned, {"id": trial that beat it, "time": its time}; of one that
            ``--prune score-only`` pruned, {"time": the limit on its clock, "due": the evaluation before which it stopped}.
        pruned_by: what stopped it other than the safe rules: "score-only" or "" (protocols 1, 2: also "forecast").
        environment: machine, its type, device, library versions, concurrency.
        facts: of workload and submission, so that a board can be made without loading them.
        created: ISO 8601, UTC.
        artefacts: names of the files that the trial left beside its record (`Artefact`).
        ended_as: of a trial that reached its target and ended badly later, how: diverged, failed, timeout, out-of-memory.
    """

    spec: TrialSpec
    status: Status
    reason: str
    complete: bool = False
    evaluations: tuple[Mapping[str, float | None], ...] = ()
    learning_rates: tuple[tuple[float, float, float], ...] = ()
    clocks: Mapping[str, float] = field(default_factory=dict)
    beater: Mapping[str, Any] | None = None
    pruned_by: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    created: str = ""
    artefacts: tuple[str, ...] = ()
    ended_as: str = ""
    schema: int = SCHEMA_VERSION

    @property
    def total_seconds(self) -> float:
        """Seconds of training, evaluation and set-up together."""
        return math.fsum(self.clocks.get(name, 0.0) for name in ("seconds", "evaluation_seconds", "setup_seconds"))

    @property
    def lower_is_better(self) -> bool:
        """The direction of the workload's metric; True where the record does not state it."""
        return fact_of(self.facts, "workload", "lower_is_better") is not False

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON types, with the trial's id and a checksum over everything else."""
        body: dict[str, Any] = plain({f.name: getattr(self, f.name) for f in fields(self) if f.name != "spec"})
        body["spec"] = self.spec.to_json()
        body["id"] = self.spec.id
        body["checksum"] = stable_hash(body)
        return body

    @classmethod
    def from_json(cls, value: Mapping[str, Any], texts: Texts | None = None) -> TrialRecord:
        """Return the record that `to_json` of this or an older version wrote; an older one is upgraded.

        Nothing is taken on trust: every field is checked (`harness.schemas`). A reason that is too long is cut, and clocks that
        are null are left out.

        Args:
            value: what was read.
            texts: where facts and environments are the same objects in many records: a mapping for all of them.

        Raises:
            ValueError: the checksum or the id does not match, the schema is unknown, or a field is missing or unsuitable.
        """
        try:
            return cls(**_checked_fields(value, texts))
        except RecursionError:
            raise ValueError("too many lists and objects lie inside one another") from None


def _checked_fields(value: Any, texts: Texts | None) -> dict[str, Any]:
    """Return the fields of the record in a JSON value.

    Raises:
        ValueError: it holds no record, or a damaged one.
        RecursionError: too many lists and objects lie inside one another.
    """
    from harness.schemas import RecordJson, check  # slow to import, and only reading needs it

    if not isinstance(value, Mapping):
        raise ValueError("it holds no JSON object")
    body = dict(value)
    if isinstance(body.get("schema"), int) and body["schema"] > SCHEMA_VERSION:
        raise ValueError(f"schema {body['schema']} is newer than {SCHEMA_VERSION}: upgrade timetrial")
    if body.pop("checksum", None) != hash_of_json(body, texts, repeated=("facts", "environment")):
        raise ValueError("the checksum does not match the content")
    body = upgraded(body)
    check(body, RecordJson)
    trial, spec = body.pop("id"), TrialSpec.from_json(body.pop("spec"))
    if spec.id != trial:
        raise ValueError("the id does not match the specification")
    for name in body["artefacts"]:
        check_artefact_name(name)
    if len(body["artefacts"]) > ARTEFACT_LIMIT:
        raise ValueError(f"it names {len(body['artefacts'])} artefacts; at most {ARTEFACT_LIMIT} are allowed")
    body = {f.name: body[f.name] for f in fields(TrialRecord) if f.name in body}
    return body | {
        "spec": spec,
        "status": Status(body["status"]),
        "reason": cut_reason(body["reason"]),
        "evaluations": tuple(body["evaluations"]),
        "learning_rates": tuple((a, b, c) for a, b, c in body["learning_rates"]),
        "clocks": {name: reading for name, reading in body["clocks"].items() if reading is not None},
        "artefacts": tuple(body["artefacts"]),
        "ended_as": Status(body["ended_as"]) if body.get("ended_as") else "",
    }


def cut_reason(reason: str) -> str:
    """Return the reason of a record; beyond `LONGEST_REASON` characters it ends in an ellipsis."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…"


def upgraded(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's JSON, without its checksum, in the present schema.

    Raises:
        ValueError: its schema is unknown.
    """
    body = dict(body)
    while (schema := body.get("schema")) != SCHEMA_VERSION:
        upgrade = UPGRADES.get(schema) if isinstance(schema, int) else None
        if upgrade is None:
            raise ValueError(f"unknown schema {str(schema)[:40]!r}")
        body = upgrade(body)
    return body


def upgrade_to_2(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of schema 1 in schema 2: artefacts, and the spec's `reference_recipe` and `given`.

    In schema 1 a submission that was a schedule alone always raced on the reference recipe, and no other did.

    Raises:
        ValueError: it has no spec.
    """
    kind = fact_of(body.get("facts"), "submission", "kind")
    if not isinstance(spec := body.get("spec"), Mapping):
        raise ValueError("it has no specification")
    spec = {**spec, "reference_recipe": kind == "schedule", "given": {}}
    return {**body, "schema": 2, "spec": spec, "artefacts": []}


UPGRADES: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: upgrade_to_2}
"""{schema: function that upgrades a record's JSON from it to the next}."""
