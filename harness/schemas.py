"""What the JSON of records and of run notes must look like. Anybody may have written them, so everything is checked.

The schemas are pydantic's, a `TypedDict` each. Checking changes nothing and drops nothing. Keys that a schema does not name
are allowed, because other versions may write them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, BeforeValidator, FailFast, Field, TypeAdapter, ValidationError

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict  # pydantic asks for it

LONGEST_NAME = 4096
"""Characters of a name: a submission's may be a path."""

LONGEST_TEXT = 100_000
"""Characters of any other text, such as a submission's source, of which a record keeps less."""

MOST_ITEMS = 10_000
"""Items of one list or object in what a schema does not describe further."""

DEEPEST = 12
"""Lists and objects inside one another, in what a schema does not describe further, such as a search space."""

LARGEST = 2**53
"""Largest count; a float represents every integer up to it."""


def _free(value: Any, level: int = 0) -> Any:
    """Return a JSON value of any types that can be hashed, printed and converted to float.

    Raises:
        ValueError: it has a number beyond float, a text that is too long, or too many levels.
    """
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"a text has {len(value)} characters, more than {LONGEST_TEXT}")
    elif isinstance(value, (int, float)):
        if not -1e300 < value < 1e300:  # NaN is not in between either
            raise ValueError("a number is too large or not finite")
    elif isinstance(value, (list, Mapping)):
        if level == DEEPEST:
            raise ValueError(f"more than {DEEPEST} lists and objects lie inside one another")
        if len(value) > MOST_ITEMS:
            raise ValueError(f"a list or object has {len(value)} items, more than {MOST_ITEMS}")
        for item in (*value, *value.values()) if isinstance(value, Mapping) else value:
            _free(item, level + 1)
    elif value is not None:
        raise ValueError(f"a value has the type {type(value).__name__}")
    return value


def _text(value: Any) -> Any:
    """Return a text. It may contain surrogates, as the path of a file whose name is not UTF-8 does.

    Raises:
        ValueError: it is none, or too long.
    """
    if not isinstance(value, str):
        raise ValueError("a text is expected")
    return _free(value)


def _evaluation(value: dict[str, float | None]) -> dict[str, float | None]:
    """Return an evaluation that has a metric and the three clocks.

    Raises:
        ValueError: one is missing, or a clock is negative.
    """
    if "metric" not in value:
        raise ValueError("it has no metric")
    for clock in ("examples", "seconds", "steps"):
        if clock not in value or not 0 <= (value[clock] or 0) <= LARGEST:
            raise ValueError(f"its {clock} are missing, negative or too large")
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # JSON has no tuples


NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"

Text = Annotated[Any, AfterValidator(_text)]
Free = Annotated[dict[str, Any], BeforeValidator(_free)]
Label = Annotated[str, Field(max_length=LONGEST_NAME, pattern=NO_CONTROLS)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=NO_CONTROLS)]
Id = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Time = Annotated[str, Field(max_length=64, pattern="^[ -~]*$")]
Index = Annotated[int, Field(ge=0, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Clock = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Evaluation = Annotated[dict[str, Number | None], AfterValidator(_evaluation)]
TracedRate = Annotated[list[Number | None], Field(min_length=3, max_length=3)]
"""Steps, charged examples, learning rate."""


class SpecJson(TypedDict):
    """A `harness.records.TrialSpec`."""

    track: Name
    suite: Name
    workload: Name
    variant: Label
    size: Name
    workload_hash: Name
    submission: Name
    submission_hash: Name
    study: Index
    trial: Index
    seed: Seed
    hyperparameters: Free
    budget: Count
    horizon: Count
    warmup: Count
    evaluation_period: Count
    target: Number | None
    libraries: NotRequired[dict[str, Label]]
    source: NotRequired[Text]
    reference_recipe: NotRequired[bool]
    given: NotRequired[Free]
    evaluation_points: NotRequired[Annotated[list[Count], FailFast()]]
    protocol: NotRequired[Count]


class RulerPointJson(TypedDict):
    """The final metric of every seed at one horizon."""

    examples: Positive
    metric: Annotated[list[Number | None], FailFast()]


class RulerJson(TypedDict):
    """A `harness.scoring.ruler.Ruler`."""

    workload: Name
    version: Count
    lower_is_better: bool
    budget: Positive
    finals: Annotated[list[RulerPointJson], FailFast()]


class WorkloadFactsJson(TypedDict, total=False):
    """What a record says about its workload."""

    metric: Label
    lower_is_better: bool
    family: Label
    batch_size: Annotated[int, Field(gt=0, le=LARGEST)]
    target: Number | None
    trivial_metric: Number | None
    ruler: RulerJson | None


class SubmissionFactsJson(TypedDict, total=False):
    """What a record says about its submission."""

    kind: Label
    summary: Text
    content_hash: Label
    code: Text
    hyperparameters: dict[str, Any]
    space: dict[str, Any]


class ImportedFactsJson(TypedDict, total=False):
    """What a record says about the logs that it was imported from."""

    paired: bool
    budget_seconds: Clock | None


class FactsJson(TypedDict, total=False):
    """What a record says about its workload, its submission, and where it was imported from."""

    workload: WorkloadFactsJson
    submission: SubmissionFactsJson
    imported: ImportedFactsJson | None


class EnvironmentJson(TypedDict, total=False):
    """The machine of a trial."""

    machine: Label
    machine_type: Label
    device: Label
    concurrency: Count | None


class BeaterJson(TypedDict, total=False):
    """Why a trial was pruned."""

    id: Id
    time: Clock
    due: Clock


class RecordJson(TypedDict):
    """A `harness.records.TrialRecord`, without its checksum."""

    schema: Count
    id: Id
    spec: SpecJson
    status: Name
    reason: Text
    complete: NotRequired[bool]
    evaluations: Annotated[list[Evaluation], FailFast()]
    learning_rates: Annotated[list[TracedRate], FailFast()]
    clocks: dict[str, Clock | None]
    beater: NotRequired[Annotated[BeaterJson | None, BeforeValidator(_free)]]
    pruned_by: NotRequired[Label]
    environment: Annotated[EnvironmentJson, BeforeValidator(_free)]
    facts: Annotated[FactsJson, BeforeValidator(_free)]
    created: Time
    artefacts: list[Name]
    ended_as: NotRequired[Label]


class NoteJson(TypedDict):
    """A `harness.results.RunNote`."""

    track: Name
    suite: Name
    trials: dict[Id, Annotated[tuple[Name, Name, Index], BeforeValidator(_as_tuple)]]
    hashes: dict[Name, Label]
    skipped: NotRequired[dict[Label, Text]]
    created: NotRequired[Time]
    workloads: NotRequired[list[Name]]
    pair: NotRequired[list[Name]]
    pruned_by: NotRequired[list[Name]]
    suite_workloads: NotRequired[list[Name]]
    left_out: NotRequired[dict[Label, Text]]


class FormJson(TypedDict):
    """The names of a compacted table's columns, unless its rows are lists, and how they are stored."""

    names: list[str] | None
    kinds: list[Literal["int", "micro", "float"]]


@cache
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


def check(value: Any, schema: Any) -> None:
    """Check a value, read from JSON, against one of the schemas of this module.

    Raises:
        ValueError: it does not fit; the message names the first place where it does not.
    """
    try:
        _adapter(schema).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part)[:80] for part in first["loc"]) or "content"
        problem = "unsuitable characters" if first["type"] == "string_pattern_mismatch" else first["msg"]
        raise ValueError(f"{place}: {problem.removeprefix('Value error, ')}") from None
