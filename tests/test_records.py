"""Specs and records: stable ids, strict JSON, damage is noticed."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import canonical_json, stable_hash, stable_seed
from harness.records import NO_TARGET, SCHEMA_VERSION, Status, TrialRecord, TrialSpec, meets_target, upgrade_to_2

SPEC = TrialSpec(
    track="schedule",
    suite="smoke",
    workload="digits_mlp",
    variant="",
    size="smoke",
    workload_hash="w" * 64,
    submission="rex",
    submission_hash="s" * 64,
    study=1,
    trial=2,
    seed=3,
    hyperparameters={"learning_rate": 0.1},
    budget=1000,
    horizon=800,
    warmup=50,
    evaluation_period=100,
    target=0.5,
)
RECORD = TrialRecord(
    spec=SPEC,
    status="reached",
    reason="loss 0.4 meets the target 0.5",
    evaluations=({"examples": 100.0, "seconds": 0.1, "steps": 10.0, "metric": 0.4},),
    learning_rates=((1, 10.0, 0.1),),
    clocks={"examples": 100.0, "seconds": 0.1, "steps": 10.0},
    facts={"workload": {"lower_is_better": True, "metric": "loss"}},
)
OTHER = {str: "other", int: 99, float: 9.5, dict: {"other": 1}, bool: True, tuple: (99,)}
VERSION_1 = Path(__file__).parent / "data" / "records" / "version-1.json"


NEW_IN = {"reference_recipe": 2, "given": 2, "evaluation_points": 3}


@pytest.mark.parametrize("protocol", [1, 2, 3])
@pytest.mark.parametrize("name", [f.name for f in fields(TrialSpec)])
def test_the_id_changes_with_everything_that_can_change_the_outcome_and_with_nothing_else(name, protocol):
    spec = replace(SPEC, protocol=protocol)
    changed = replace(spec, **{name: OTHER[type(getattr(spec, name))]})
    covered = name not in ("suite", "source") and protocol >= NEW_IN.get(name, 1)
    assert (changed.id != spec.id) == covered


def test_ids_and_seeds_are_the_same_in_another_process():
    imports = "from harness.canonical import *; from harness.records import *"
    code = f"{imports}; s=TrialSpec.from_json({SPEC.to_json()!r}); print(s.id, stable_seed('a', 1))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert out.stdout.split() == [SPEC.id, str(stable_seed("a", 1))]


def test_a_record_is_unchanged_by_writing_and_reading_json():
    assert TrialRecord.from_json(json.loads(json.dumps(RECORD.to_json()))) == RECORD


@pytest.mark.parametrize("key", ["status", "reason", "clocks", "evaluations", "spec", "checksum"])
def test_a_changed_record_does_not_match_its_checksum(key):
    body = RECORD.to_json()
    body[key] = {"status": "missed", "reason": "x", "clocks": {}, "evaluations": [], "spec": {**body["spec"], "study": 5}}.get(
        key, "0"
    )
    with pytest.raises(ValueError, match="checksum"):
        TrialRecord.from_json(body)


def test_a_record_of_a_newer_schema_is_refused():
    with pytest.raises(ValueError, match="newer"):
        TrialRecord.from_json({**RECORD.to_json(), "schema": 999})


@pytest.mark.parametrize("schema", [0, -1, 1.5])
def test_a_record_of_an_unknown_schema_is_refused(schema):
    body = {key: value for key, value in RECORD.to_json().items() if key != "checksum"} | {"schema": schema}
    with pytest.raises(ValueError, match="unknown schema"):
        TrialRecord.from_json({**body, "checksum": stable_hash(body)})


def test_a_record_of_version_1_is_read_with_its_id_status_and_curve():
    record = TrialRecord.from_json(json.loads(VERSION_1.read_text()))
    assert (record.spec.id, record.spec.protocol, record.schema) == ("a567c517a78b1048", 1, SCHEMA_VERSION)
    assert (record.status, record.complete) == (Status.REACHED, False)
    assert len(record.evaluations) == 11
    assert record.evaluations[-1] == {
        "examples": 14080.0,
        "seconds": 0.6887408219999998,
        "steps": 110.0,
        "metric": 0.3095301126440366,
    }
    assert record.spec.reference_recipe and record.spec.given == {} and record.artefacts == ()
    assert TrialRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_damaged_record_of_version_1_is_noticed():
    body = json.loads(VERSION_1.read_text())
    body["evaluations"][3]["metric"] += 1e-9
    with pytest.raises(ValueError, match="checksum"):
        TrialRecord.from_json(body)


@pytest.mark.parametrize(("kind", "reference"), [("schedule", True), ("optimizer", False), ("procedure", False)])
def test_in_version_1_only_schedules_used_the_reference_recipe(kind, reference):
    body = json.loads(VERSION_1.read_text())
    body["facts"]["submission"]["kind"] = kind
    before = json.dumps(body)
    assert upgrade_to_2(body)["spec"]["reference_recipe"] is reference
    assert json.dumps(body) == before
    del body["facts"]["submission"]
    assert upgrade_to_2(body)["spec"]["reference_recipe"] is False


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_canonical_json_is_strict_whatever_it_is_given(value):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads(canonical_json(value), parse_constant=refuse)


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_a_hash_does_not_depend_on_the_order_of_keys(value):
    assert stable_hash(value) == stable_hash(dict(reversed(list(value.items()))))


def test_the_id_of_a_trial_of_protocol_1_is_what_it_was():
    assert replace(SPEC, protocol=1).id == "75ac306aa24b66bc"


def test_a_trial_without_a_target_keeps_its_id_in_json():
    spec = replace(SPEC, track="budget", target=NO_TARGET)
    record = replace(RECORD, spec=spec, status="finished")
    again = TrialRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False)))
    assert again == record
    assert again.spec.id == spec.id != SPEC.id
    assert not meets_target(-1e9, again.spec.target, lower_is_better=True)
