"""A learning rate that depends on the inner products of successive changes of the weights."""

from harness import Choice
from submissions.procedures._inner import DEFAULTS, SPACE, Inner

LOWEST, HIGHEST = -0.8, 4.0
"""Bounds of the server's a, as in the released code."""


class Fedhyper(Inner):
    """Raises the rate while successive rounds of steps move the weights the same way, and lowers it otherwise.

    With Delta_t the weights after round t minus those before it:

    - ``server``: a <- clip(a + <Delta_t, Delta_{t-1}>, -0.8, 4), and (1 + a) Delta_t is applied instead of Delta_t;
    - ``client``: a <- a + <Delta_t, Delta_{t-1}>, and the next round's rate is clip((1 + a) alpha_0, 0.1 alpha_0,
      10 alpha_0);
    - ``local``: within a round, with d_k the change of the weights by step k, the rate's multiple is b <- clip(b min(1.1,
      1 + 0.1 <d_k, Delta> + <d_k, d_{k-1}>), 0.1, 10), Delta that of the last round (0 in the first); in each round b starts
      at 1 and d at Delta, and the first step does not change b.

    The inner products scale with the squared weights, so their effect depends on the size of the model; `normalised`
    uses cosines instead (our addition).

    Args:
        form: "server", "client" or "local".
        round_steps: steps per round; rounds of ordinary training instead of federated learning are our adaptation.
        normalised: whether cosines replace the inner products.
        lowest, highest: bounds of the clients' rate in multiples of the initial one. The released code has 1e-3 and 0.1,
            which are these multiples of an initial rate of 0.01.
        optimizer: "adamw" or "sgd" with heavy-ball momentum beta1 (the released code: SGD with 0.5, or Adam).
    """

    paper = "arXiv:2310.03156"
    defaults = {**DEFAULTS, "form": "client", "round_steps": 50, "normalised": False, "lowest": 0.1, "highest": 10.0}
    space = {**SPACE, "form": Choice("client", "local", "server"), "normalised": Choice(False, True)}
    cost = "per round one copy of the weights and one inner product; 'local': per step one copy and two inner products"
    deviation = (
        "there is one client, and its rounds are stretches of ordinary training (our adaptation); the warm-up is the "
        "workload's; the forms with server momentum are left out"
    )
    _kept = ("_a", "_b", "_at", "_start", "_displacement", "_last")

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._a, self._b = 0.0, 1.0
        self._at = 0  # steps of this round
        self._start = self._copy()
        self._displacement = None  # of the last round; None before the first one has ended
        self._last = None  # of the last step

    def update(self, batch):
        """Take one step; at the end of a round, update the rate."""
        h = self.hyperparameters
        multiple = {"server": 1.0, "client": 1 + self._a, "local": self._b}[h.form]
        self._set_rate(h.learning_rate * min(max(multiple, h.lowest), h.highest) * self._warmed())
        before = self._copy() if h.form == "local" and self._at > 0 else None
        self._step(batch)
        if before is not None:
            self._look_at_step([new - old for new, old in zip(self._copy(), before, strict=True)])
        self._at += 1
        if self._at == h.round_steps:
            self._end_round()

    def _look_at_step(self, step):
        change = 0.1 * self._product(step, self._displacement) + self._product(step, self._last)
        self._b = min(max(self._b * min(1.1, 1 + change), self.hyperparameters.lowest), self.hyperparameters.highest)
        self._last = step

    def _end_round(self):
        import torch

        displacement = [new - old for new, old in zip(self._copy(), self._start, strict=True)]
        if self._displacement is not None:
            self._a += self._product(displacement, self._displacement)
        if self.hyperparameters.form == "server":
            self._a = min(max(self._a, LOWEST), HIGHEST)
            with torch.no_grad():
                torch._foreach_add_(self._weights(), displacement, alpha=self._a)
        self._displacement = self._last = displacement
        self._start, self._at, self._b = self._copy(), 0, 1.0

    def _product(self, left, right):
        import torch

        if right is None:
            return 0.0
        product = float(torch.stack([(a * b).sum() for a, b in zip(left, right, strict=True)]).sum())
        if not self.hyperparameters.normalised:
            return product
        norms = [float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(side)))) for side in (left, right)]
        return product / norms[0] / norms[1] if all(norms) else 0.0

    def _copy(self):
        return [p.detach().clone() for p in self._weights()]
