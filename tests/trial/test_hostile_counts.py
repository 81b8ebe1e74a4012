"""Charges follow what the harness drew and counted, whatever a plug-in does to batches, indices, the task and the meter."""

import gc

import pytest
import torch

from harness.trial.batches import TrialBatch
from harness.trial.clock import Clocks
from harness.trial.meter import Meter
from tests.hostile import race
from tests.toy import Plain


def sets_size(batch, task):
    batch._size = 1


def sets_size_past_the_class(batch, task):
    object.__setattr__(batch, "size", 1)


def replaces_its_examples(batch, task):
    batch[3]["inputs"] = task._train["inputs"]


def writes_into_its_examples(batch, task):
    batch[3]["inputs"].copy_(task._train["inputs"][:16])


def enlarges_its_examples(batch, task):
    batch[3]["inputs"].resize_(400, 8)


def swaps_the_storage_of_its_examples(batch, task):
    for name, values in batch[3].items():
        values.data = task._train[name]


def writes_into_its_indices(batch, task):
    batch.indices.fill_(3)
    task.draw(4)


class Small(TrialBatch):
    """Says that it has one example."""

    size = 1


def changes_its_class(batch, task):
    batch.__class__ = Small


def draws_another_class(batch, task):
    task.loss(Small(task._seal, batch.indices, dict(task._train)))


def sets_the_count(batch, task):
    task._meter.thirds = 0


def sets_the_steps(batch, task):
    task._meter.steps = 0


def charges_less_than_nothing(batch, task):
    task._meter.charge(-1000)


def replaces_the_meter(batch, task):
    task._meter = Meter(task.device)


def replaces_the_charge(batch, task):
    task._meter.charge = lambda examples, thirds=3: None


def replaces_the_data(batch, task):
    task._train = {}


def finds_the_clocks_and_stops_them(batch, task):
    for found in gc.get_objects():
        if isinstance(found, Clocks):
            found.training.stop = lambda: None


ATTACKS = [
    (sets_size, "'_size'"),
    (sets_size_past_the_class, "'size'"),
    (replaces_its_examples, "does not support item assignment"),
    (writes_into_its_examples, "the examples of a batch were changed ('inputs'): a batch is read-only"),
    (enlarges_its_examples, "the examples of a batch were changed ('inputs'): a batch is read-only"),
    (swaps_the_storage_of_its_examples, "400 losses of a batch of 16 examples: a batch is read-only"),
    (writes_into_its_indices, "the indices of a batch were changed in place: copy them first"),
    (changes_its_class, "object layout differs"),
    (draws_another_class, "expected a batch from task.draw() or task.fetch(), got Small"),
    (sets_the_count, "'thirds'"),
    (sets_the_steps, "'steps'"),
    (charges_less_than_nothing, "a charge cannot be negative"),
    (replaces_the_meter, "task._meter cannot be set"),
    (replaces_the_charge, "'charge' is read-only"),
    (replaces_the_data, "task._train cannot be set"),
    (finds_the_clocks_and_stops_them, "'stop' is read-only"),
]


@pytest.mark.parametrize(("attack", "reason"), ATTACKS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_was_drawn_and_counted_cannot_be_changed(attack, reason):
    class Attacks(Plain):
        """Changes the first batch, or what counts it."""

        def update(self, batch):
            if self.task.examples == 0:
                attack(batch, self.task)
            super().update(batch)

    record = race(Attacks, target=0.0)
    assert (record.status, record.evaluations) == ("failed", ())
    assert reason in record.reason


def test_a_batch_of_another_making_is_refused():
    class Forges(Plain):
        """Trains on a batch of its own making, which says that it has one example."""

        def update(self, batch):
            everything = dict(self.task._train)
            super().update(TrialBatch(object(), torch.arange(1), everything))

    assert "expected a batch from task.draw() or task.fetch(), got TrialBatch" in race(Forges).reason


def test_a_forged_batch_with_the_task_s_seal_is_charged_for_every_example_that_it_holds():
    class Forges(Plain):
        """Makes a batch of 400 examples that says that it has one."""

        def update(self, batch):
            super().update(TrialBatch(self.task._seal, torch.arange(1), dict(self.task._train)))

    record = race(Forges, target=0.0)
    assert record.status == "missed"  # each step is charged 400 examples, so the trial is over after three
    assert (record.clocks["steps"], record.clocks["examples"]) == (3, 1200)


def test_batches_are_compared_by_identity_and_can_be_kept():
    class Keeps(Plain):
        """Keeps batches, and trains on each of them twice."""

        def update(self, batch):
            self.kept = {batch, *getattr(self, "kept", ())}
            assert batch == batch and len(self.kept) == self.task.examples / 32 + 1
            super().update(batch)
            super().update(batch)

    assert race(Keeps, target=0.0).clocks["examples"] == 960


def test_batches_drawn_without_gradients_or_in_inference_mode_are_charged_as_others():
    class Infers(Plain):
        """Looks at the loss in inference mode first."""

        def update(self, batch):
            with torch.inference_mode():
                self.task.loss(self.task.draw(3))
            super().update(batch)

    record = race(Infers, target=0.0)
    assert record.status == "missed" and record.clocks["examples"] == record.clocks["steps"] * 17


class Four(torch.Tensor):
    """Says of itself that it has four elements."""

    shape = property(lambda self: torch.Size([4]))

    def __len__(self):
        return 4


@pytest.mark.parametrize(
    ("use", "what"),
    [
        (lambda task: task.fetch(torch.arange(16).as_subclass(Four)), "the indices of a batch"),
        (
            lambda task: task.stacked_losses(
                task.draw(16),
                {name: p.detach().expand(9, *p.shape).as_subclass(Four) for name, p in task.model.named_parameters()},
            ),
            "'0.weight' of the weights",
        ),
    ],
)
def test_sizes_are_not_asked_of_a_tensor_whose_class_may_lie(use, what):
    class Asks(Plain):
        """Gives the task tensors of its own class."""

        def update(self, batch):
            super().update(batch)
            use(self.task)

    assert f"{what} must be a torch.Tensor, not 'Four'" in race(Asks).reason
