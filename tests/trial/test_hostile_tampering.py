"""A trial fails, and nothing that it measured counts, if what judges, times or counts it was changed while it ran."""

import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from harness import canonical
from harness.trial import clock, judging
from harness.trial.batches import IndexStream
from harness.trial.clock import Clocks, Stopwatch
from harness.trial.judging import Judge
from harness.trial.meter import Meter
from harness.trial.outcome import Run
from tests.hostile import DATA, race
from tests.toy import Blobs, Plain, run_record, spec, submission


@pytest.mark.parametrize("name", ["metric", "lower_is_better", "size"])
def test_a_value_that_is_replaced_on_the_workload_s_instance_fails_the_trial_and_is_gone_afterwards(name):
    workload = Blobs("smoke")
    before = getattr(workload, name)

    class Patches(Plain):
        """Judges itself by something else."""

        def update(self, batch):
            super().update(batch)
            setattr(self.task._workload, name, "error_rate")

    record = run_record(spec(track="self-tuning"), workload, submission(Patches), DATA)
    assert record.status == "failed" and f"{name} of workload 'blobs' was replaced" in record.reason
    assert getattr(workload, name) == before


def test_a_workload_may_keep_what_it_makes_when_it_builds_a_model():
    class Keeps(Blobs):
        """Makes a table of its own for every model."""

        def build_model(self):
            self.table = torch.zeros(3)
            return super().build_model()

    workload = Keeps("smoke")
    for _ in range(2):
        assert run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA).status == "missed"


def nothing(*_arguments, **_keywords):
    return torch.zeros(())


PATCHES = [
    (clock, "thread_time"),
    (clock, "process_time"),
    (Stopwatch, "stop"),
    (Stopwatch, "_now"),
    (Clocks, "read"),
    (Meter, "end_step"),
    (Meter, "thirds"),
    (IndexStream, "take"),
    (Judge, "check_untrained"),
    (judging, "evaluate"),
    (Run, "overspent"),
    (canonical, "stable_seed"),
    (Blobs, "forward"),
    (Blobs, "example_losses"),
    (Blobs, "aggregate"),
    (F, "cross_entropy"),
    (torch, "equal"),
    (torch.Tensor, "argmax"),
    (torch.Tensor, "double"),
    (nn.Module, "__call__"),
    (nn.Linear, "forward"),
]


@pytest.mark.parametrize(("owner", "name"), PATCHES, ids=[f"{owner.__name__}.{name}" for owner, name in PATCHES])
def test_a_function_that_was_replaced_fails_the_trial_at_the_next_evaluation_and_is_put_back(owner, name):
    """The replacement does what the original does, so that only the comparison with the original can notice it."""
    before = vars(owner).get(name)
    original = before if isinstance(before, property) else getattr(owner, name)

    def same(*arguments, **keywords):
        return original(*arguments, **keywords)

    class Patches(Plain):
        """Replaces a function in its fourth period."""

        def prepare_for_evaluation(self):
            if self.task.examples >= 320:
                replacement = property(original.fget) if isinstance(original, property) else same
                setattr(owner, name, replacement)

    record = race(Patches, target=1e9, evaluation_period=320)
    assert (record.status, record.evaluations, record.ended_as) == ("failed", (), "")
    assert f".{name} was replaced, which judges or counts the trial" in record.reason
    assert vars(owner).get(name) is before


def test_a_metric_that_is_replaced_on_the_workload_s_instance_fails_the_trial_and_is_gone_afterwards():
    workload = Blobs("smoke")

    class Patches(Plain):
        """Answers for the workload."""

        def update(self, batch):
            super().update(batch)
            self.task._workload.example_metrics = lambda outputs, examples: {"cross_entropy": torch.zeros(len(outputs))}
            object.__setattr__(self.task._workload, "size", object())

    record = run_record(spec(track="self-tuning"), workload, submission(Patches), DATA)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "example_metrics() of workload 'blobs' was replaced" in record.reason
    assert run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA).status == "missed"


def own_data():
    return {part: {name: values.clone() for name, values in examples.items()} for part, examples in DATA.items()}


def answers(data):
    """Make one class of all labels of the validation set, which is quickly learnt."""
    data["validation"]["labels"].zero_()


def answers_through_numpy(data):
    data["validation"]["labels"].numpy()[:] = 0


def answers_in_another_tensor(data):
    data["validation"]["labels"] = torch.zeros_like(data["validation"]["labels"])


def easier_training(data):
    data["train"]["inputs"][:200].mul_(3)


def harder_test(data):
    data["test"]["inputs"].zero_()


@pytest.mark.parametrize("change", [answers, answers_through_numpy, answers_in_another_tensor, easier_training, harder_test])
def test_data_that_are_changed_in_memory_fail_the_trial(change):
    data = own_data()

    class Changes(Plain):
        """Changes data that it found."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples == 320:
                change(data)

    record = run_record(spec(track="self-tuning", target=0.6), Blobs("smoke"), submission(Changes), data)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "data were changed while the trial ran" in record.reason


def test_data_that_are_changed_by_a_trial_that_then_raises_do_not_leave_it_its_hits():
    data = own_data()

    class ChangesAndRaises(Plain):
        """Changes the labels, waits for an evaluation, and raises."""

        def update(self, batch):
            super().update(batch)
            answers_through_numpy(data)
            if self.task.examples > 480:
                raise RuntimeError("enough")

    record = run_record(spec(track="self-tuning", target=1e9), Blobs("smoke"), submission(ChangesAndRaises), data)
    assert (record.status, record.evaluations, record.ended_as) == ("failed", (), "")
    assert "the validation data were changed" in record.reason


def found(kind):
    """Return the harness's own object of a kind, from the frames below."""
    frame = sys._getframe()
    while frame := frame.f_back:
        for value in frame.f_locals.values():
            if type(value) is kind:
                return value
    raise LookupError(kind)


def perfect():
    """Return a model with the parts of the trial's own that knows the answers."""
    model = Blobs("smoke").build_model()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(DATA["validation"]["inputs"]), DATA["validation"]["labels"]).backward()
        optimizer.step()
    return model


def replaces_the_judges_model(judge):
    judge._model = perfect()


def puts_a_layer_into_the_judges_model(judge):
    judge._model[4] = perfect()[4]


def hooks_the_judges_model(judge):
    judge._model.register_forward_hook(lambda module, _, out: 100 * out)


def answers_for_the_judges_model(judge):
    judge._model[0].forward = perfect()[0].forward


@pytest.mark.parametrize(
    "attack",
    [
        replaces_the_judges_model,
        puts_a_layer_into_the_judges_model,
        hooks_the_judges_model,
        answers_for_the_judges_model,
    ],
)
def test_the_model_with_which_the_harness_evaluates_cannot_be_changed(attack):
    class Finds(Plain):
        """Looks for the judge in the frames below."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples == 320:
                attack(found(Judge))

    record = race(Finds, target=0.1)
    assert (record.status, record.evaluations) == ("failed", ())
    assert "the model with which the harness evaluates was changed" in record.reason


def appends(run):
    run.evaluations.append({"examples": 80.0, "seconds": 0.01, "steps": 5.0, "metric": 0.0})


def alters(run):
    run.evaluations[0]["metric"] = 0.0


def removes(run):
    run.evaluations.clear()


def claims(run):
    run.status, run.reason = "reached", "trust me"
    appends(run)


@pytest.mark.parametrize("attack", [appends, alters, removes, claims])
def test_evaluations_that_were_not_made_fail_the_trial(attack):
    class Finds(Plain):
        """Looks for the running trial in the frames below."""

        def update(self, batch):
            super().update(batch)
            if self.task.examples == 320:
                attack(found(Run))

    record = race(Finds, target=0.1)
    assert (record.status, record.evaluations, record.complete) == ("failed", (), False)
    assert "the evaluations were changed while the trial ran" in record.reason


def test_a_trial_that_failed_for_tampering_leaves_a_traceback_and_no_other_trial_suffers():
    workload = Blobs("smoke")
    honest = run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)

    class Patches(Plain):
        """Replaces the metric."""

        def update(self, batch):
            super().update(batch)
            self.task._workload.aggregate = lambda means: {"cross_entropy": 0.0}

    run_record(spec(track="self-tuning"), workload, submission(Patches), DATA)
    again = run_record(spec(track="self-tuning", target=0.0), workload, submission(Plain), DATA)
    assert [e["metric"] for e in again.evaluations] == [e["metric"] for e in honest.evaluations]
