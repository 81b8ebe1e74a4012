"""The base of the adaptive procedures: an optimizer whose rate they set, linear warm-up, and snapshots."""

import copy

from harness import TrainingAlgorithm
from submissions.optimizers.adamw import adamw
from submissions.optimizers.sgd import sgd
from submissions.procedures._annealed_adamw import DEFAULTS as ADAMW
from submissions.procedures._annealed_adamw import SPACE, warming

DEFAULTS = {"optimizer": "adamw", **ADAMW}


def inner_optimizer(model, hyperparameters):
    """Return the optimizer "adamw"; "sgd" with heavy-ball momentum `beta1`; or "adagrad", which uses neither beta."""
    h = hyperparameters
    if h.optimizer == "adamw":
        return adamw(model, {name: h[name] for name in ADAMW})
    if h.optimizer == "sgd":
        plain = {"learning_rate": h.learning_rate, "momentum": h.beta1, "nesterov": False, "weight_decay": h.weight_decay}
        return sgd(model, {**plain, "clip": h.clip})
    if h.optimizer == "adagrad":
        import torch

        from harness import clip_gradients, decay_groups

        adagrad = torch.optim.Adagrad(decay_groups(model, h.weight_decay), lr=h.learning_rate)
        clip_gradients(adagrad, h.clip)
        return adagrad
    from harness import ContractError

    raise ContractError(f"optimizer '{h.optimizer}' is none of adamw, sgd, adagrad")


class Inner(TrainingAlgorithm):
    """An inner optimizer whose rate the procedure sets: the base class of the adaptive procedures."""

    defaults = DEFAULTS
    space = SPACE
    _kept = ()  # names of attributes that a resumed trial needs

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._optimizer = self._new_optimizer()
        self._rate = 0.0

    def update(self, batch):
        """Take one step at the base rate, after linear warm-up."""
        self._set_rate(self.hyperparameters.learning_rate * self._warmed())
        self._step(batch)

    def learning_rate(self):
        """Return the learning rate of the last step."""
        return self._rate

    def state_dict(self):
        """Return the state of the optimizer and of the generator, and the attributes named in `_kept`."""
        own = {name: getattr(self, name) for name in ("_rate", *self._kept)}
        return {"optimizer": self._optimizer.state_dict(), "generator": self.task.generator.get_state(), "own": own}

    def load_state_dict(self, state):
        """Restore a state that `state_dict` returned."""
        self._optimizer.load_state_dict(state["optimizer"])
        self.task.generator.set_state(state["generator"])
        vars(self).update(state["own"])

    def _new_optimizer(self):
        return inner_optimizer(self.task.model, self.hyperparameters)

    def _warmed(self):
        return warming(self.task)

    def _set_rate(self, rate):
        self._rate = rate
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _step(self, batch):
        """Take a step of the optimizer; return the loss before the step."""
        self._optimizer.zero_grad()
        loss = self.task.loss(batch)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def _weights(self):
        return [p for p in self.task.model.parameters() if p.requires_grad]

    def _snapshot(self):
        """Return a copy of weights, buffers and optimizer state, on the device where they are."""
        model = {name: value.detach().clone() for name, value in self.task.model.state_dict().items()}
        return {"model": model, "optimizer": copy.deepcopy(self._optimizer.state_dict())}

    def _roll_back(self, snapshot):
        """Restore a snapshot; it can be restored again."""
        self.task.model.load_state_dict(snapshot["model"])
        self._optimizer.load_state_dict(copy.deepcopy(snapshot["optimizer"]))
