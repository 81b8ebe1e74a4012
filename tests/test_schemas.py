"""What every field of a record and of a run note may be, and that nothing else is read."""

import copy
import json
import math
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import stable_hash
from harness.records import LONGEST_REASON, SCHEMA_VERSION, TrialRecord, TrialSpec
from harness.results import ResultStore, RunNote, planned_trials, records_frame
from tests.results.bad_files import ABSENT, MARKUP, changed, nested, places
from tests.test_records import RECORD, SPEC

VALUES = {
    "absent": ABSENT,
    "null": None,
    "true": True,
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "half": 0.5,
    "2^53 + 1": 2**53 + 1,
    "2^64": 2**64,
    "10^400": 10**400,
    "1e308": 1e308,
    "empty": "",
    "word": "x",
    "markup": MARKUP,
    "path": "../../x",
    "line end": "a\nb",
    "NUL": "\0",
    "escape": "\x1b[2J",
    "surrogate": "\ud800",
    "5,000 characters": "x" * 5_000,
    "200,000 characters": "x" * 200_000,
    "empty list": [],
    "list of null": [None],
    "list of a list": [[]],
    "list of texts": ["x"],
    "empty object": {},
    "object": {"x": 1},
    "10 levels": nested(9),
    "60 levels": nested(60),
}

NAME = {"word", "markup", "path"}
LABEL = NAME | {"empty"}
TEXT = LABEL | {"line end", "NUL", "escape", "surrogate", "5,000 characters"}
COUNT = {"zero", "one"}
CLOCK = {"zero", "one", "half", "2^53 + 1"}  # the nearest float is 2^53
NUMBER = CLOCK | {"minus one", "2^64", "1e308"}
OBJECT = {"empty object", "object", "10 levels"}
OPTIONAL = {"absent"}
NULL = {"null"}
LIST = {"empty list"}

BODY = {
    **RECORD.to_json(),
    "beater": {"id": "0" * 16, "time": 10.0, "due": 20.0},
    "artefacts": ["traceback.txt"],
    "environment": {"machine": "m", "machine_type": "t", "device": "cpu", "concurrency": 2},
    "facts": {
        "workload": {
            "metric": "loss",
            "lower_is_better": True,
            "family": "digits",
            "batch_size": 32,
            "target": 0.5,
            "trivial_metric": 2.3,
            "ruler": {
                "workload": "digits_mlp",
                "version": 1,
                "lower_is_better": True,
                "budget": 1000.0,
                "finals": [{"examples": 500.0, "metric": [0.5, None]}],
            },
        },
        "submission": {
            "kind": "schedule",
            "summary": "s",
            "content_hash": "c",
            "code": "pass",
            "hyperparameters": {},
            "space": {},
        },
        "imported": {"paired": False, "budget_seconds": 5.0},
    },
}

FIELDS = {
    "schema": set(),  # 2 alone
    "spec": set(),
    "spec.track": NAME,
    "spec.suite": NAME,
    "spec.workload": NAME,
    "spec.variant": LABEL,
    "spec.size": NAME,
    "spec.workload_hash": NAME,
    "spec.submission": NAME,
    "spec.submission_hash": NAME,
    "spec.study": COUNT,
    "spec.trial": COUNT,
    "spec.seed": COUNT | {"2^53 + 1"},
    "spec.hyperparameters": OBJECT,
    "spec.budget": COUNT,
    "spec.horizon": COUNT,
    "spec.warmup": COUNT,
    "spec.evaluation_period": COUNT,
    "spec.target": NUMBER | NULL,
    "spec.libraries": {"empty object"} | OPTIONAL,
    "spec.source": TEXT | OPTIONAL,
    "spec.reference_recipe": {"true"} | OPTIONAL,
    "spec.given": OBJECT | OPTIONAL,
    "spec.evaluation_points": LIST | OPTIONAL,
    "spec.protocol": COUNT | OPTIONAL,
    "status": set(),  # the words of `Status` alone
    "reason": TEXT,
    "complete": {"true"} | OPTIONAL,
    "evaluations": LIST,
    "evaluations.0": OPTIONAL,
    "evaluations.0.examples": CLOCK | NULL,
    "evaluations.0.seconds": CLOCK | NULL,
    "evaluations.0.steps": CLOCK | NULL,
    "evaluations.0.metric": NUMBER | NULL,
    "learning_rates": LIST,
    "learning_rates.0": OPTIONAL,
    "learning_rates.0.0": NUMBER | NULL,
    "clocks": {"empty object", "object"},
    "clocks.examples": CLOCK | NULL | OPTIONAL,
    "clocks.seconds": CLOCK | NULL | OPTIONAL,
    "clocks.steps": CLOCK | NULL | OPTIONAL,
    "beater": {"empty object", "object", "10 levels"} | NULL | OPTIONAL,
    "beater.id": OPTIONAL,
    "beater.time": CLOCK | OPTIONAL,
    "beater.due": CLOCK | OPTIONAL,
    "pruned_by": LABEL | OPTIONAL,
    "environment": OBJECT,
    "environment.machine": LABEL | OPTIONAL,
    "environment.machine_type": LABEL | OPTIONAL,
    "environment.device": LABEL | OPTIONAL,
    "environment.concurrency": COUNT | NULL | OPTIONAL,
    "facts": OBJECT,
    "facts.workload": OBJECT | OPTIONAL,
    "facts.workload.metric": LABEL | OPTIONAL,
    "facts.workload.lower_is_better": {"true"} | OPTIONAL,
    "facts.workload.family": LABEL | OPTIONAL,
    "facts.workload.batch_size": {"one"} | OPTIONAL,
    "facts.workload.target": NUMBER - {"1e308"} | NULL | OPTIONAL,
    "facts.workload.trivial_metric": NUMBER - {"1e308"} | NULL | OPTIONAL,
    "facts.workload.ruler": NULL | OPTIONAL,
    "facts.workload.ruler.workload": NAME,
    "facts.workload.ruler.version": COUNT,
    "facts.workload.ruler.lower_is_better": {"true"},
    "facts.workload.ruler.budget": CLOCK - {"zero"},
    "facts.workload.ruler.finals": LIST,
    "facts.workload.ruler.finals.0": OPTIONAL,
    "facts.workload.ruler.finals.0.examples": CLOCK - {"zero"},
    "facts.workload.ruler.finals.0.metric": LIST | {"list of null"},
    "facts.workload.ruler.finals.0.metric.0": NUMBER - {"1e308"} | NULL | OPTIONAL,
    "facts.submission": OBJECT | OPTIONAL,
    "facts.submission.kind": LABEL | OPTIONAL,
    "facts.submission.summary": TEXT | OPTIONAL,
    "facts.submission.content_hash": LABEL | OPTIONAL,
    "facts.submission.code": TEXT | OPTIONAL,
    "facts.submission.hyperparameters": OBJECT | OPTIONAL,
    "facts.submission.space": OBJECT | OPTIONAL,
    "facts.imported": OBJECT | NULL | OPTIONAL,
    "facts.imported.paired": {"true"} | OPTIONAL,
    "facts.imported.budget_seconds": CLOCK | NULL | OPTIONAL,
    "created": LABEL - {"5,000 characters"},
    "artefacts": LIST | {"list of texts"},
    "artefacts.0": OPTIONAL | {"word"},
    "ended_as": {"empty"} | OPTIONAL,
}
"""{place in a record's JSON: the values among `VALUES` that it may have}."""


def is_read(body):
    """Return whether a record is read; if so, it must make a row and be written again."""
    try:
        record = TrialRecord.from_json(json.loads(json.dumps(body)))
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
        return False
    store = ResultStore("nowhere")
    frame = records_frame([record], store)
    assert not (store.directory / frame["file"][0]).exists()
    assert ".." not in Path(frame["file"][0]).parts
    assert TrialRecord.from_json(json.loads(json.dumps(record.to_json()))) == record or math.isnan(record.spec.target)
    return True


def test_the_table_names_every_field():
    free = {"id", "checksum", "spec.hyperparameters.learning_rate"}
    assert set(places(BODY)) - free == set(FIELDS)
    assert {f"spec.{f.name}" for f in fields(TrialSpec)} < set(FIELDS)
    assert {f.name for f in fields(TrialRecord)} < set(FIELDS)
    assert is_read(changed(BODY, "schema", SCHEMA_VERSION))


@pytest.mark.parametrize("place", FIELDS)
def test_a_field_has_a_value_of_its_kind_or_the_record_is_not_read(place):
    read = {name for name, value in VALUES.items() if is_read(changed(BODY, place, value))}
    assert read == FIELDS[place]


@pytest.mark.parametrize("value", [None, 7, "", "x", "0" * 16, SPEC.id.upper(), [SPEC.id]])
def test_a_record_has_the_id_of_its_spec(value):
    body = {key: item for key, item in BODY.items() if key != "checksum"} | {"id": value}
    with pytest.raises(ValueError, match="id"):
        TrialRecord.from_json({**body, "checksum": stable_hash(body)})


NOTE = {
    **RunNote("schedule", "smoke", *planned_trials([SPEC]), {"w": "no data"}, "2026", ("digits_mlp",)).to_json(),
    "pair": ["a", "b"],
    "pruned_by": ["score-only"],
    "suite_workloads": ["digits_mlp"],
}
NOTE_FIELDS = {
    "track": NAME,
    "suite": NAME,
    "trials": {"empty object"},
    "hashes": set(),
    "hashes.rex": LABEL,
    "hashes.digits_mlp": LABEL,
    "skipped": {"empty object"} | OPTIONAL,
    "skipped.w": TEXT | OPTIONAL,
    "created": LABEL | OPTIONAL,
    **dict.fromkeys(("workloads", "pair", "pruned_by", "suite_workloads"), LIST | {"list of texts"} | OPTIONAL),
    f"trials.{SPEC.id}": OPTIONAL,
    f"trials.{SPEC.id}.0": set(),  # it must have a hash
    f"trials.{SPEC.id}.1": set(),
    f"trials.{SPEC.id}.2": COUNT,
}


@pytest.mark.parametrize("place", NOTE_FIELDS)
def test_a_field_of_a_run_note_has_a_value_of_its_kind_or_the_note_is_not_read(place):
    def is_read(value):
        note = copy.deepcopy(NOTE)
        *outer, last = (int(part) if part in "012" else part for part in place.split("."))
        inner = note
        for part in outer:
            inner = inner[part]
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
        try:
            read = RunNote.from_json(json.loads(json.dumps(note)))
        except ValueError:
            return False
        assert RunNote.from_json(json.loads(json.dumps(read.to_json()))) == read
        return True

    assert {name for name, value in VALUES.items() if is_read(value)} == NOTE_FIELDS[place]


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {}, {"trials": {"x": ["../..", "w", "nan"]}}])
def test_what_is_no_record_and_no_note_is_refused(value):
    for kind in (TrialRecord, RunNote):
        with pytest.raises(ValueError):
            kind.from_json(value)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(st.sampled_from(sorted(FIELDS)), anything)
def test_no_value_of_a_field_is_anything_but_read_or_refused(place, value):
    is_read(changed(BODY, place, value))


def test_a_reason_of_10_mb_is_cut_when_it_is_written_and_when_it_is_read(tmp_path):
    store = ResultStore(tmp_path)
    path = store.write(TrialRecord(**{**{f.name: getattr(RECORD, f.name) for f in fields(RECORD)}, "reason": "x" * 10_000_000}))
    assert path.stat().st_size < 10_000
    path.write_text(json.dumps(changed(RECORD.to_json(), "reason", "y" * 90_000)))
    reason = store.read(SPEC).reason
    assert len(reason) == LONGEST_REASON and reason.endswith("y…")
