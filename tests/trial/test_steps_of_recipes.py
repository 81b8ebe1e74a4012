"""What the step of a recipe's optimizer gets, and what it may do beside training."""

from __future__ import annotations

import pytest
import torch

from tests.trial.recipes import outcome, plain, race, recipe, returning

torch.set_num_threads(1)


def test_a_step_that_needs_the_loss_gets_the_one_of_its_gradient():
    seen = []

    @recipe
    def listening(model, hyperparameters):
        """Notes the loss of each step."""

        class Listens(torch.optim.SGD):
            def step(self, closure):
                seen.append(super().step(closure))

        return Listens(model.parameters(), lr=hyperparameters.learning_rate, momentum=0.9)

    assert outcome(race(listening)) == outcome(race(plain)) and len(seen) == 60
    assert all(loss.ndim == 0 and not loss.requires_grad for loss in seen) and seen[-1] < seen[0]


class Swaps(torch.optim.SGD):
    """Writes the weights into new tensors, and drops the gradients."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                p.data = p.data.clone()
                p.grad = None


class Chatters(torch.optim.SGD):
    """Prints, and returns what nobody asked for."""

    def step(self, closure=None):
        super().step(closure)
        print("stepped")
        return object()


class NoState(torch.optim.SGD):
    """Cannot say its state."""

    def state_dict(self):
        raise RuntimeError("no state")


@pytest.mark.parametrize("kind", [Swaps, Chatters, NoState])
def test_a_step_that_does_more_than_it_should_trains_all_the_same(kind):
    record = race(returning(lambda model, rate: kind(model.parameters(), lr=rate, momentum=0.9)))
    assert record.status == "missed", record.reason
    assert outcome(record) == outcome(race(plain))
