"""The learning rate of each stage is searched for by short probes from the start of the stage."""

import math

from harness import LogUniform
from submissions.procedures._inner import DEFAULTS, SPACE, Inner
from submissions.procedures._rate_search import TERRIBLE, RateSearch, forecast

PROBES = 10
"""Number of rates that a search tries, each for a tenth of the stage."""

MOST_LOSSES = 16
"""Number of validation losses per probe."""

JUMP = 2
"""A training loss has jumped when it is so many times the loss at the start of the stage; noise alone rarely does that."""

SHORTEST_PROBE = 5
"""Steps of the shortest probe: fewer cannot be fitted by three numbers."""


class Autolrs(Inner):
    """Tries ten rates before each stage, each for a tenth of its steps, and takes the one with the lowest forecast loss.

    A stage of tau steps at one constant rate begins with a snapshot of weights, buffers and optimizer. Ten rates, which
    Bayesian optimisation over the logarithm proposes, are each tried for tau / 10 steps from the snapshot (a probe);
    a e^{bk} + c fitted to the losses forecasts the loss at k = tau. Then the snapshot is restored and tau steps are taken
    at the best rate. Stages double in length up to `longest` times the first. In the longest ones the losses are those of
    a held-out slice of the training data, about sixteen per probe; in the others those of the training batches. A rate
    whose loss is not finite gets a very large loss. There is no forecast where the validation loss rises above that at
    the start of the stage (the last loss counts), nor where the training loss jumps to twice that (the mean of the losses
    counts). An evaluation during a search judges the snapshot.

    Args:
        learning_rate: the rate at the end of the workload's warm-up; the search does not depend on it.
        lowest, highest: range of the search.
        stage: length of the first stage as a share of the horizon, at least 50 steps.
        longest: length of the longest stage in multiples of the first.
        exploration: how many standard deviations the lower confidence bound lies below the mean; with the released code's
            1e6 the ten rates are simply spread evenly.
        optimizer: "adamw" (beta1, beta2) or "sgd" (heavy-ball momentum beta1).
    """

    paper = "arXiv:2105.10762"
    defaults = {
        **DEFAULTS,
        "lowest": 1e-5,
        "highest": 0.1,
        "stage": 0.025,
        "longest": 4,
        "exploration": 1e6,
    }
    space = {**SPACE, "lowest": LogUniform(1e-5, 1e-3), "highest": LogUniform(2e-2, 0.5)}
    anytime = False
    cost = "as many search steps as training steps; each validation loss costs a third of the held-out slice"
    deviation = (
        "stages are shares of the horizon: 1/40 to 1/10 of it, at least 50 steps (paper: 1,000 to 8,000), at most half of the "
        "remaining steps; when that is too short for probes of 5 steps, training continues at the last rate, so that a budget "
        "of about 100 steps has no search and one of 200 has one; validation losses are compared with the loss at the start "
        "of the stage (released code: of the run); the range of rates is fixed (paper: from a range test); all probes of a "
        "search see the same batches; since probes last a few steps instead of 100, the exponential is fitted to the losses "
        "without outliers instead of to the spline, its decay is no slower than the probe is long, and a training loss that "
        "jumps up is not extrapolated either; the first rate is the middle of the range"
    )
    _kept = (
        *("_phase", "_left", "_stage", "_length", "_probe", "_validating", "_best_rate"),
        *("_losses", "_observed", "_seen", "_begun", "_mark"),
    )

    def __init__(self, task, hyperparameters):
        import torch

        super().__init__(task, hyperparameters)
        self._phase = "warm-up"  # then "search" and "train" in turn
        self._left = 0  # remaining steps of the probe or of training
        self._stage = max(PROBES * SHORTEST_PROBE, round(hyperparameters.stage * self._steps_left()))
        self._longest = round(hyperparameters.longest * self._stage)
        self._length = 0.0  # steps of the present stage
        self._probe = 0  # steps of a probe
        self._validating = False
        self._best_rate = hyperparameters.learning_rate
        self._losses, self._observed, self._seen, self._begun = [], [], [], math.inf
        self._mark = None
        self._aside = None
        RateSearch(hyperparameters.lowest, hyperparameters.highest, 1)  # imports its libraries before the clock starts
        held = min(2 * task.batch_size, max(task.train_size // 20, 1))
        self._held_indices = torch.randperm(task.train_size, generator=task.generator)[:held]
        self._is_held = torch.zeros(task.train_size, dtype=torch.bool)
        self._is_held[self._held_indices] = True

    def select(self):
        """Return the next batch of the shared stream without the held-out slice; in a search, the one of earlier rates."""
        import torch

        if self._phase == "search" and self._probe - self._left < len(self._seen):
            return self.task.fetch(self._seen[self._probe - self._left])
        batch = self.task.draw(self.batch_size())
        stays = batch.indices[~self._is_held[batch.indices]]
        if len(stays) == batch.size:
            return batch
        while len(stays) < batch.size:
            more = self.task.draw(batch.size - len(stays)).indices
            stays = torch.cat([stays, more[~self._is_held[more]]])
        return self.task.fetch(stays)

    def update(self, batch):
        """Take one step of warm-up, of a probe, or of training."""
        if self._phase == "warm-up":
            if self.task.examples < self.task.warmup:
                super().update(batch)
                return
            self._begin_stage()
        elif self._phase == "train" and self._left <= 0:
            self._begin_stage()
        probed = batch
        while self._phase == "search":
            if self._probe - self._left == len(self._seen):
                self._seen.append(probed.indices)
            if self._probe_step(probed):
                return
            self._end_probe()  # the probe failed: the next one starts at once, so that the step ends with a finite loss
            probed = self.task.fetch(self._seen[0])
        self._set_rate(self._best_rate)
        self._step(batch)
        self._left -= 1

    def prepare_for_evaluation(self):
        """Put the snapshot into the model during a search."""
        if self._phase == "search":
            self._aside = {name: value.detach().clone() for name, value in self.task.model.state_dict().items()}
            self.task.model.load_state_dict(self._mark["model"])

    def restore_after_evaluation(self):
        """Put the probe's weights back."""
        if self._aside is not None:
            self.task.model.load_state_dict(self._aside)
            self._aside = None

    def _steps_left(self):
        return (self.task.horizon - self.task.examples) / self.task.batch_size

    def _begin_stage(self):
        """Take a snapshot and start a search; where too few steps remain for one, continue training."""
        left = self._steps_left()
        if self._observed:
            self._stage = min(2 * self._stage, self._longest)
        self._validating = self._stage >= self._longest
        if self._validating:
            left -= PROBES * MOST_LOSSES * len(self._held_indices) / (3 * self.task.batch_size)
        self._length = min(self._stage, left / 2)
        probe = int(self._length / PROBES)
        if probe < SHORTEST_PROBE:
            self._phase, self._left = "train", math.inf
            return
        self._phase, self._probe, self._left = "search", probe, probe
        self._mark = self._snapshot()
        self._observed, self._losses, self._seen = [], [], []
        self._begun = self._validation_loss() if self._validating else math.inf
        self._set_rate(self._next_rate())

    def _probe_step(self, batch):
        """Take one step of a probe; return False where its loss is not finite."""
        loss = float(self._step(batch))
        self._left -= 1
        if self._begun == math.inf:
            self._begun = loss
        if not math.isfinite(loss):
            self._losses = [loss]
            return False
        if not self._validating:
            self._losses.append(loss)
        elif self._left % self._every() == 0:
            self._losses.append(self._validation_loss())
        if self._losses and not math.isfinite(self._losses[-1]):
            return False
        if self._left <= 0:
            self._end_probe()
        return True

    def _end_probe(self):
        """Record the forecast, roll back, and continue with the next rate or with training at the best one."""
        predicted = self._predicted()
        self._observed.append((self._rate, predicted))
        self._roll_back(self._mark)
        self._losses = []
        if len(self._observed) < PROBES:
            self._left = self._probe
            self._set_rate(self._next_rate())
            return
        self._best_rate = min(self._observed, key=lambda pair: pair[1])[0]
        self._phase, self._left = "train", math.ceil(self._length)
        self._mark = None

    def _predicted(self):
        if not all(map(math.isfinite, self._losses)):
            return TERRIBLE
        if self._validating and max(self._losses) > self._begun:
            return self._losses[-1]
        if max(self._losses) > JUMP * self._begun:
            return sum(self._losses) / len(self._losses)
        return forecast(self._losses, self._length / self._every(), validation=self._validating)

    def _every(self):
        """Return how many steps lie between two validation losses of a probe."""
        return math.ceil(self._probe / MOST_LOSSES) if self._validating else 1

    def _next_rate(self):
        search = RateSearch(self.hyperparameters.lowest, self.hyperparameters.highest, self.hyperparameters.exploration)
        for rate, loss in self._observed:
            search.tell(rate, loss)
        return search.ask()

    def _validation_loss(self):
        """Return the mean loss of the held-out slice in evaluation mode; charged 1/3 per example."""
        import torch

        self.task.model.eval()
        with torch.no_grad():
            loss = self.task.example_losses(self.task.fetch(self._held_indices)).mean()
        self.task.model.train()
        return float(loss)
