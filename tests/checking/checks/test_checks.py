"""Each check of `timetrial check` finds the mistake that it is there for, and says what to change."""

from __future__ import annotations

import pytest

from harness.checking.checks import memory_growth
from harness.checking.checks.bench import bench_of
from harness.checking.checks.outcome import Verdict
from harness.checking.checks.table import CHECKS, outcome_of
from workloads.data import data_directory

SCHEDULE = "from harness import schedule\nimport math, random\nCALLS = []\n@schedule\ndef mine(step, horizon, rate=1.0):\n    "
OPTIMIZER = (
    "import torch\nfrom harness import optimizer\nclass Own(torch.optim.SGD):\n    def step(self, closure=None):\n"
    "        {step}\n        return super().step()\n@optimizer(defaults={{'learning_rate': 0.1}})\n"
    "def mine(model, hyperparameters):\n"
    "    return Own(model.parameters(), lr=hyperparameters.learning_rate, momentum=0.9)\n"
)
PROCEDURE = """
import copy, random, torch
from harness import TrainingAlgorithm

KEPT = []

class Mine(TrainingAlgorithm):
    defaults = {{"learning_rate": 0.05}}

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._optimizer = torch.optim.SGD(task.model.parameters(), lr=hyperparameters.learning_rate, momentum=0.9)
        self._taken, self._losses, self._own = 0, [], copy.deepcopy(task.model)

    def update(self, batch):
        self._optimizer.zero_grad()
        loss = self.task.loss(batch)
        {backward}
        {more}
        self._optimizer.step()

    def state_dict(self):
        return {{"optimizer": self._optimizer.state_dict()}}

    def load_state_dict(self, state):
        self._optimizer.load_state_dict(state["optimizer"])
"""


def procedure(more="pass", backward="loss.backward()"):
    return PROCEDURE.format(more=more, backward=backward)


DECAYS = "[p.mul_(0.99) for p in self.task.model.parameters()]"
SLOWS = "self._taken += 1\n        self._optimizer.param_groups[0]['lr'] = 0.1 / self._taken"

MISTAKES = {
    "percent": (SCHEDULE + "return 100 * (1 - step / horizon)", "range over horizons", "divide by 100"),
    "absolute rate": (SCHEDULE + "return 0.001 * (1 - step / horizon)", "range over horizons", "not a learning rate"),
    "above 1": (SCHEDULE + "return 1.5 - step / horizon", "range over horizons", "divide by the largest value"),
    "one too far": (SCHEDULE + "return 1 - (step + 2) / horizon", "range over horizons", "step goes from 0 to horizon - 1"),
    "last step": (SCHEDULE + "return 1 / (horizon - 1 - step)", "range over horizons", "off by one"),
    "first step": (SCHEDULE + "return 1 / (1 + math.log(step))", "range over horizons", "off by one"),
    "forgotten return": (SCHEDULE + "if step < 5: return 1.0", "range over horizons", "end each with `return`"),
    "counter": (SCHEDULE + "CALLS.append(1)\n    return 1 / len(CALLS)", "purity", "no global variable"),
    "chance": (SCHEDULE + "return random.random()", "purity", "no global variable, counter or random number"),
    "no backward": (procedure(backward="pass"), "gradient used", "no weight has changed"),
    "decay only": (
        procedure(backward=f"with torch.no_grad():\n            {DECAYS}"),
        "gradient used",
        "do not depend on the batches",
    ),
    "step of nothing": (OPTIMIZER.format(step="return None"), "gradient used", "no weight has changed"),
    "Python's random": (
        procedure("self._optimizer.param_groups[0]['lr'] = 0.1 * random.random()"),
        "determinism",
        "self.task.generator",
    ),
    "a global": (
        procedure("KEPT.append(1)\n        self._optimizer.param_groups[0]['lr'] = 0.1 / len(KEPT)"),
        "determinism",
        "keep no state outside of the instance",
    ),
    "unsaved": (procedure(SLOWS), "resume", "these attributes are lost: self._taken"),
    "nothing saved": (
        procedure(SLOWS).replace("def state_dict", "def _saved").replace("def load_state_dict", "def _load"),
        "resume",
        "write state_dict() and load_state_dict()",
    ),
    "own attribute": (
        OPTIMIZER.format(step="self.n = getattr(self, 'n', 0) + 1; self.param_groups[0]['momentum'] = 0.9 / self.n"),
        "resume",
        "self.state[parameter]",
    ),
    "losses kept": (procedure("self._losses.append(loss)"), "memory growth", "loss.detach()"),
    "free passes": (
        procedure("self._own(torch.zeros(64, 64)).sum().backward()"),
        "FLOPs against charge",
        "is not charged",
    ),
}
"""{mistake: (source, the check that finds it, what it says)}."""


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, source):
        bench_of.cache_clear()
        (tmp_path / f"{name}.py").write_text(source)
        return f"./{name}.py"

    return write


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_by_its_check_which_says_what_to_change(mistake, written):
    source, check, says = MISTAKES[mistake]
    if check == "memory growth" and memory_growth.allocated_bytes() is None:
        pytest.skip("this system does not count its memory")
    path = written("mine", source)
    verdict, found, change = outcome_of(check, path, str(data_directory()))
    assert verdict == Verdict.FAILED and says in f"{found}; {change}"


@pytest.mark.parametrize(
    "source",
    [
        procedure(),
        pytest.param(OPTIMIZER.format(step="pass"), marks=pytest.mark.slow),
        pytest.param(SCHEDULE + "return rate * (1 - step / horizon)", marks=pytest.mark.slow),
    ],
)
def test_what_has_no_mistake_passes_every_check(source, written):
    path = written("mine", source)
    outcomes = {check.name: outcome_of(check.name, path, str(data_directory())) for check in CHECKS}
    assert {verdict for verdict, _, _ in outcomes.values()} <= {Verdict.OK, Verdict.LEFT_OUT}
    assert all(
        verdict == Verdict.OK for name, (verdict, _, _) in outcomes.items() if name not in ("range over horizons", "purity")
    )


def test_what_is_charged_dearly_is_not_held_against_a_submission(written):
    """Without gradients, further backward passes, per-example gradients, Hessian products: each pays for itself."""
    more = (
        "loss.backward(retain_graph=True)\n        with torch.no_grad():\n            self.task.loss(batch)\n"
        "        self.task.example_gradients(batch)\n"
        "        self.task.hessian_vector_product(batch, [torch.ones_like(p) for p in self.task.model.parameters()])"
    )
    path = written("mine", procedure(more, backward="pass"))
    verdict, found, _ = outcome_of("FLOPs against charge", path, str(data_directory()))
    assert verdict == Verdict.OK and float(found.split()[0]) > 0.6


def test_an_exception_in_a_check_is_its_outcome(written):
    path = written("mine", procedure("assert self.task.step < 12, 'odd'"))
    verdict, found, _ = outcome_of("determinism", path, str(data_directory()))
    assert verdict == Verdict.FAILED and "odd" in found and "mine.py" in found


def test_a_loss_that_is_not_finite_leaves_a_check_out(written):
    path = written("mine", procedure("[p.data.fill_(float('nan')) for p in self.task.model.parameters()]"))
    verdict, found, _ = outcome_of("determinism", path, str(data_directory()))
    assert verdict == Verdict.LEFT_OUT and "not finite at step" in found
