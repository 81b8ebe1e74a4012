"""What an audit detects, and what it cannot: `docs/trust.md` says the same."""

from dataclasses import replace

import pytest

from harness.checking import Audit, CallFailed, Survey, Verdict
from harness.records import PROTOCOL_VERSION, Status


def improved(record, by=0.01):
    """Return a record whose last evaluation is better than it was."""
    last = {**record.evaluations[-1], "metric": record.evaluations[-1]["metric"] - by}
    return replace(record, evaluations=(*record.evaluations[:-1], last))


def faster(record, factor=100):
    """Return a record whose training took so much less time."""
    evaluations = tuple({**e, "seconds": e["seconds"] / factor} for e in record.evaluations)
    return replace(record, evaluations=evaluations, clocks={**record.clocks, "seconds": record.clocks["seconds"] / factor})


@pytest.mark.long
def test_what_can_be_repeated_holds_and_what_cannot_does_not(place):
    """`sly` trains on the validation examples, the same in every repetition: no audit sees that."""
    _, findings = place.audit()
    found = {finding.spec.submission: finding for finding in findings}
    assert {name for name, f in found.items() if f.verdict == Verdict.HOLDS} == {"adamw+cosine", "breaks", "shy", "sly"}
    assert all(finding.exact for finding in findings)
    assert found["adamw+cosine"].reason.endswith("again, 30 evaluations to the last bit")
    assert found["breaks"].reason.startswith("failed again")
    assert found["hurried"].verdict == Verdict.DIFFERS and found["hurried"].reason.startswith("evaluation 1: metric ")


def test_a_metric_that_was_improved_and_sealed_again_is_found(place):
    place.tamper("shy", improved)
    finding = place.only("shy")
    assert finding.verdict == Verdict.DIFFERS
    assert finding.reason.startswith("evaluation 30: metric ") and finding.reason.endswith(" found")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda r: replace(r, status=Status.FAILED, reason="RuntimeError: no"), "failed recorded (RuntimeError: no), "),
        (lambda r: replace(r, evaluations=r.evaluations[:-1]), "29 evaluations recorded, 30 found"),
        (lambda r: replace(r, status=Status.REACHED), "it cannot be true: it is reached, but no evaluation meets the target"),
        (lambda r: replace(r, evaluations=r.evaluations[::-1]), "it cannot be true: at evaluation 2 it had "),
        (
            lambda r: replace(r, clocks={**r.clocks, "examples": r.clocks["examples"] + 1}),
            "examples at the end: 2401 recorded, 2400",
        ),
        (lambda r: replace(r, facts=without_ruler(r.facts)), "the record's ruler is not the workload's"),
        (lambda r: replace(r, status=Status.TIMEOUT, complete=False, evaluations=()), "a matter of seconds"),
    ],
)
def test_other_edits_are_found_too(place, edit, reason):
    place.tamper("shy", edit)
    finding = place.only("shy")
    assert reason in finding.reason
    assert finding.verdict == (Verdict.NOT_COMPARED if "seconds" in reason else Verdict.DIFFERS)


def without_ruler(facts):
    return {**facts, "workload": {**facts["workload"], "ruler": None}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"horizon": 6400}, "its horizon is 6400, and the rules of the self-tuning track make it "),
        ({"evaluation_period": 1}, "its evaluation period is 1, and the rules"),
        ({"hyperparameters": {"learning_rate": 0.1}}, "it sets ['learning_rate'], and the self-tuning track sets []"),
        ({"trial": 7}, "the self-tuning track has no trial 7"),
    ],
)
def test_a_specification_that_no_plan_makes_is_found_without_a_repetition(place, change, reason):
    place.tamper("shy", lambda record: replace(record, spec=replace(record.spec, **change)))
    chosen, _ = place.audit("shy", count=1)
    assert not chosen.records
    assert [f.verdict for f in chosen.findings] == [Verdict.DIFFERS] and chosen.findings[0].reason.startswith(reason)


def test_seconds_alone_never_fail_but_are_noted(place):
    place.tamper("shy", faster)
    finding = place.only("shy")
    assert finding.verdict == Verdict.HOLDS and " s recorded, " in finding.notes[0]


@pytest.mark.parametrize(
    ("order", "verdict", "reason"),
    [
        ("exit", Verdict.DIFFERS, "recorded; here its process died (exit status 0), twice"),
        ("kill", Verdict.NOT_COMPARED, "its process died (signal 9), twice"),
        ("wait", Verdict.NOT_COMPARED, "timeout found: what a time limit ends is a matter of seconds"),
    ],
)
def test_a_plug_in_that_ends_its_own_repetition_does_not_end_the_audit(place, order, verdict, reason):
    (place.folder / "order.txt").write_text(order)
    finding = place.only("shy", limit=3)
    assert (finding.verdict, reason in finding.reason) == (verdict, True), finding.reason


def test_records_that_cannot_be_compared_are_counted_by_the_reason(place):
    changes = {
        "shy": {"status": Status.KILLED},
        "sly": {"status": Status.SKIPPED},
        "breaks": {"facts": {"imported": {"paired": False}}},
    }
    for name, change in changes.items():
        place.tamper(name, lambda record, change=change: replace(record, **change))
    place.tamper("adamw+cosine", lambda record: replace(record, spec=replace(record.spec, protocol=1)))
    chosen, findings = place.audit("shy", "sly", "breaks", "adamw+cosine")
    assert not findings and not chosen.findings
    assert chosen.left_out == {
        "killed: it counts as not run": 1,
        "skipped before it started": 1,
        "imported logs: timetrial did not run them": 1,
        f"of protocol 1, and this timetrial runs protocol {PROTOCOL_VERSION}": 1,
    }


def test_a_plug_in_that_changed_or_is_gone_and_other_libraries_are_reasons(place):
    source = place.folder / "submissions" / "shy.py"
    source.write_text(source.read_text().replace("alpha=-0.05", "alpha=-0.06"))
    (place.folder / "submissions" / "sly.py").unlink()
    place.tamper("breaks", lambda record: replace(record, spec=replace(record.spec, libraries={"torch": "1.0"})))
    chosen, _ = place.audit("shy", "sly", "breaks")
    reasons = "; ".join(sorted(chosen.left_out))
    assert len(chosen.left_out) == 3 and not chosen.records
    assert "it ran with torch 1.0 (here " in reasons and "the source of shy has changed since" in reasons
    assert "no submission 'sly'" in reasons


class WithoutData:
    """A machine that lacks the data of every workload."""

    def survey(self, records):
        return [Survey()] * len(records)

    def run(self, repeat):
        raise CallFailed(f"no data of {repeat.spec.workload}")


def test_data_that_are_not_there_are_a_reason(place):
    audit = Audit(WithoutData())
    chosen = audit.choose(place.records("shy"), None, 0)
    assert [(f.verdict, f.reason) for f in audit.findings(chosen.records)] == [
        (Verdict.NOT_COMPARED, "it could not be run again: no data of digits_mlp")
    ]
