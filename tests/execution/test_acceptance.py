"""The driver believes a record only if it is about the trial that was sent, and if it can be true."""

import math
from dataclasses import replace

import pytest

from harness.canonical import plain
from harness.execution.acceptance import Acceptance
from harness.plan import Plan
from harness.records import NO_TARGET, Status, TrialRecord
from harness.results import ResultStore
from harness.rules import RULESETS
from tests.execution.commands import timetrial
from tests.hostile import DATA
from tests.toy import Blobs, Plain, run_record, spec, submission

WORKLOAD = Blobs("smoke")


def decide(record, plugin=Plain, *, run_to_end=True, sent=None):
    sent = sent or record.spec
    plan = Plan(RULESETS[sent.track], "smoke", (sent,), {"blobs": WORKLOAD}, {sent.submission: submission(plugin)})
    return Acceptance(plan, "cpu", run_to_end=run_to_end).accept(record, sent)


def run(plugin=Plain, *, run_to_end=True, **changes):
    what = spec(**{"track": "self-tuning", "target": 0.0, **changes})
    return run_record(what, WORKLOAD, submission(plugin), DATA, environment={"device": "cpu"}, run_to_end=run_to_end)


HONEST = run()
REACHED = run(target=0.6, run_to_end=False)


class Listens(Plain):
    """Pays for the validation metric."""

    listens = ("validation_metric",)


class Diverges(Plain):
    """Takes steps that are too long."""

    def update(self, batch):
        super().update(batch)
        if self.task.examples > 480:
            for p in self.task.model.parameters():
                p.data.fill_(float("nan"))


class Raises(Plain):
    """Raises after a while."""

    def update(self, batch):
        super().update(batch)
        if self.task.examples > 480:
            raise RuntimeError("enough")


class LargeBatches(Plain):
    """Draws batches that are larger than a period."""

    def batch_size(self):
        return 93


class GoesTooFar(Plain):
    """Spends several budgets in its last step."""

    def update(self, batch):
        for _ in range(400 if self.task.examples > 880 else 1):
            super().update(batch)


class Third(Plain):
    """Computes a loss without gradients first."""

    def update(self, batch):
        import torch

        with torch.no_grad():
            self.task.loss(batch)
        super().update(batch)


@pytest.mark.parametrize(
    ("plugin", "changes", "status"),
    [
        (Plain, {}, "missed"),
        (Plain, {"target": 0.6}, "reached"),
        (Plain, {"track": "budget", "target": NO_TARGET}, "finished"),
        (Plain, {"evaluation_points": (200, 480)}, "missed"),
        (Listens, {}, "missed"),
        (Diverges, {}, "diverged"),
        (Diverges, {"target": 0.9}, "reached"),
        (Raises, {}, "failed"),
        (Raises, {"target": 0.9}, "reached"),
        (LargeBatches, {}, "missed"),
        (GoesTooFar, {}, "missed"),
        (GoesTooFar, {"target": 0.9}, "reached"),
        (GoesTooFar, {"track": "budget", "target": NO_TARGET}, "failed"),
        (Third, {}, "missed"),
    ],
)
@pytest.mark.parametrize("run_to_end", [True, False])
def test_what_really_happened_is_accepted_as_it_is(plugin, changes, status, run_to_end):
    record = run(plugin, run_to_end=run_to_end, **changes)
    assert record.status == status
    accepted = decide(record, plugin, run_to_end=run_to_end)
    assert accepted.to_json() == record.to_json()


def with_evaluations(record, change):
    evaluations = [dict(evaluation) for evaluation in record.evaluations]
    change(evaluations)
    return replace(record, evaluations=tuple(evaluations))


def at(index, **values):
    return lambda record: with_evaluations(record, lambda evaluations: evaluations[index].update(values))


def clock(**values):
    return lambda record: replace(record, clocks={**record.clocks, **values})


def evaluations(change):
    return lambda record: with_evaluations(record, change)


def fields(**values):
    return lambda record: replace(record, **values)


FORGERIES = [
    (HONEST, at(3, seconds=-1.0), "at evaluation 4 it had -1.0 seconds"),
    (HONEST, at(0, seconds=-0.001), "at evaluation 1 it had -0.001 seconds"),
    (HONEST, at(5, seconds=math.nan), "at evaluation 6 it had nan seconds"),
    (HONEST, at(5, seconds=None), "at evaluation 6 it had None seconds"),
    (HONEST, at(5, seconds="1"), "it is not well formed (TypeError"),
    (HONEST, at(5, seconds=0.0), "at evaluation 6 it had 0.0 seconds, after"),
    (HONEST, at(5, steps=2.0), "at evaluation 6 it had 2.0 steps, after 25.0"),
    (HONEST, at(0, steps=0.0), "an evaluation after no whole number of steps"),
    (HONEST, at(0, steps=4.5), "an evaluation after no whole number of steps"),
    (HONEST, clock(seconds=0.0), "at the end it had 0.0 seconds"),
    (HONEST, clock(examples=80.0), "at the end it had 80.0 examples"),
    (HONEST, clock(setup_seconds=-1.0), "setup_seconds is -1.0"),
    (HONEST, clock(evaluation_seconds=math.inf), "evaluation_seconds is inf"),
    (HONEST, clock(wall_seconds=0.0, evaluation_seconds=0.2), "it took 0 seconds, of which"),
    (HONEST, clock(process_seconds=0.0, seconds=9.0, wall_seconds=20.0), "its process only 0"),
    (HONEST, evaluations(lambda e: e.append(dict(e[-1]))), "evaluation 13 comes after the end"),
    (HONEST, evaluations(lambda e: e.insert(3, dict(e[2]))), "evaluation 4, at 240 examples, comes before it is due"),
    (HONEST, evaluations(lambda e: e.insert(1, {**e[1], "examples": 81.0})), "evaluation 2, at 81 examples, comes before"),
    (HONEST, evaluations(lambda e: e.reverse()), "it had"),
    (HONEST, at(0, examples=100.25), "is at no whole third of an example"),
    (HONEST, lambda r: clock(examples=2000.0)(at(-1, examples=2000.0)(r)), "2000 examples, is too far past the end"),
    (HONEST, evaluations(lambda e: e[0].pop("metric")), "it is not well formed (KeyError"),
    (HONEST, evaluations(lambda e: e.clear()), "it is complete, but was not evaluated at its end"),
    (HONEST, fields(status=Status.REACHED), "it is reached, but no evaluation meets the target"),
    (HONEST, at(4, metric=-0.5), "it is missed, but an evaluation meets the target"),
    (HONEST, lambda r: fields(status=Status.REACHED)(at(4, metric=-math.inf)(r)), "a metric is infinite and meets the target"),
    (HONEST, fields(status=Status.FINISHED), "it is finished, but not at its end"),
    (HONEST, fields(status=Status.SKIPPED), "no worker ends a trial as skipped"),
    (HONEST, fields(status=Status.KILLED), "it is killed, but has evaluations"),
    (HONEST, fields(status=Status.PRUNED), "it is pruned, but nothing stopped it"),
    (HONEST, fields(status="won"), "it is not well formed (ValueError"),
    (HONEST, fields(ended_as="failed"), "it is missed, and ended as failed"),
    (HONEST, fields(clocks={}), "at the end it had None"),
    (HONEST, fields(clocks=None), "it is not well formed"),
    (REACHED, fields(complete=True), "it is complete, but was not evaluated at its end"),
    (REACHED, fields(status=Status.MISSED, evaluations=()), "it is missed, but it did not run to its end"),
    (REACHED, fields(ended_as="pruned"), "it is reached, and ended as pruned"),
    (HONEST, fields(spec=spec(track="self-tuning", target=0.0, trial=1)), "it is about another trial"),
    (HONEST, fields(spec=spec(track="self-tuning", target=5.0)), "it is about another trial"),
    (HONEST, fields(environment={"device": "cuda"}), "it trained on cuda, not on cpu"),
]


@pytest.mark.parametrize(("record", "forge", "problem"), FORGERIES)
def test_a_record_that_cannot_be_true_becomes_a_failed_one_that_says_why(record, forge, problem):
    accepted = decide(forge(record), sent=record.spec)
    assert (accepted.status, accepted.evaluations, accepted.complete) == ("failed", (), False)
    assert accepted.reason.startswith("the record that its worker returned cannot be true: ")
    assert problem in accepted.reason
    assert accepted.spec == record.spec
    assert TrialRecord.from_json(accepted.to_json()).status == "failed"


def test_facts_are_the_drivers_own():
    facts = {"workload": {**HONEST.facts["workload"], "lower_is_better": False, "ruler": None}, "submission": {"name": "best"}}
    assert plain(decide(replace(HONEST, facts=facts)).facts) == plain(HONEST.facts)


def test_a_specification_that_was_changed_in_place_is_noticed():
    class Lowers(Plain):
        """Makes the target easy, in the object that the driver holds too."""

        def update(self, batch):
            super().update(batch)
            object.__setattr__(what, "target", 100.0)

    what = spec(track="self-tuning", target=0.0)
    assert what.id
    record = run_record(what, WORKLOAD, submission(Lowers), DATA, environment={"device": "cpu"})
    assert record.status == "reached"
    accepted = decide(record, Lowers)
    assert (accepted.status, accepted.evaluations) == ("failed", ())


TURNS_BACK = """
import sys
from harness import TrainingAlgorithm

class TurnsBack(TrainingAlgorithm):
    'Finds the clocks of its trial in the frames below, and turns them back.'
    defaults = {"learning_rate": 0.1}
    def update(self, batch):
        for p in self.task.model.parameters():
            p.grad = None
        self.task.loss(batch).backward()
        for p in self.task.model.parameters():
            p.data.add_(p.grad, alpha=-0.1)
        frame = sys._getframe()
        while frame:
            if "clocks" in frame.f_locals:
                training = frame.f_locals["clocks"].training
                training.seconds = training.process_seconds = -100.0
            frame = frame.f_back
"""


def test_a_run_records_a_trial_that_turns_its_clock_back_as_failed_and_goes_on(tmp_path):
    (tmp_path / "plugin.py").write_text(TURNS_BACK)
    run = ("run", "--suite", "smoke", "--executor", "inline", "--track", "self-tuning", "--studies", 1)
    done = timetrial(*run, "-s", tmp_path / "plugin.py", "-s", "sgd+linear", "--results", tmp_path / "r", writes_board=False)
    assert done.returncode == 1, done.stdout + done.stderr
    records = {record.spec.submission: record for record in ResultStore(tmp_path / "r").records()}
    assert len(records) == 2 and records["sgd+linear"].status in ("reached", "missed")
    (name,) = set(records) - {"sgd+linear"}
    assert (records[name].status, records[name].evaluations) == ("failed", ())
    assert "the record that its worker returned cannot be true: process_seconds is -" in records[name].reason
