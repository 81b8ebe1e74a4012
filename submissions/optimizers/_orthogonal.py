"""Optimizers that make the momentum of hidden matrices orthogonal: what `d_muon`, `normuon` and `scion` share."""

import torch

from submissions.optimizers._rule import Rule, adam_direction, averaged, decay


def orthogonal(matrix):
    """Return a matrix after five Newton-Schulz iterations, singular values near 1, in the matrix's own precision."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (torch.linalg.vector_norm(x) + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return x.T if tall else x


class Orthogonalised(Rule):
    """Orthogonal momentum for the groups with "hidden", AdamW for the others."""

    def update(self, p, gradient, state, group):
        """Update one parameter."""
        decay(p, group)
        if not group["hidden"]:
            p.add_(adam_direction(gradient, state, group), alpha=-group["lr"])
            return
        mean = averaged(state, "mean", gradient, group["momentum"])
        ahead = torch.lerp(gradient, mean, group["momentum"]).reshape(len(gradient), -1)
        p.add_(self.scaled(orthogonal(ahead), state).reshape(p.shape), alpha=-group["lr"])

    def scaled(self, direction, state):
        """Return an orthogonal direction at the length that the method gives it."""
        raise NotImplementedError


class DMuon(Orthogonalised):
    """Every entry as large as AdamW's; the recipe `d_muon` has the formula."""

    def scaled(self, direction, state):
        """Return the direction times .2 sqrt(larger side)."""
        return direction.mul_(0.2 * max(direction.shape) ** 0.5)


class NorMuon(Orthogonalised):
    """Rows of equal size over time; the recipe `normuon` has the formula."""

    def __init__(self, groups, row_beta):
        self.row_beta = row_beta
        super().__init__(groups)

    def scaled(self, direction, state):
        """Return the direction with rows divided by their average size, at its former norm times Muon's factor."""
        length = torch.linalg.vector_norm(direction)
        size = averaged(state, "rows", direction.square().mean(1, keepdim=True), self.row_beta)
        direction = direction.div_(size.sqrt() + 1e-10)
        factor = max(1.0, direction.shape[0] / direction.shape[1]) ** 0.5
        return direction.mul_(length / (torch.linalg.vector_norm(direction) + 1e-10)).mul_(factor)
