"""A graph network on all pairs of a small molecule's heavy atoms."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from workloads.models.activations import activation as activation_module

NEAREST, FARTHEST = 1.1, 6.0
"""Å: the range in which distances are resolved; bonded heavy atoms are 1.1 to 1.6 apart."""

BOND, MOST_BONDS = 1.8, 4
"""Å: heavy atoms nearer than this are neighbours (others are at least 2.0 apart); and the largest number of neighbours."""

BOND_LENGTH = 1.4
"""Å: the distance at which a message has weight 1; the weight falls by a factor of e per further Å."""


class MessagePassing(nn.Module):
    """One round of messages: each atom sums messages from all other atoms, functions of both atoms and their distance.

    A graph network's edge and node updates (Battaglia et al. 2018, arXiv:1806.01261), dense, without edge states:
    message = f(W distance + A receiver + B sender); atom += D f(C sum of messages). `norm_first` places LayerNorm before
    the messages, else after the sum.
    """

    def __init__(self, width: int, resolution: int, activation: str, norm_first: bool) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.norm = nn.LayerNorm(width)
        self.distance = nn.Linear(resolution, width)
        self.ends = nn.Linear(width, 2 * width, bias=False)
        self.up = nn.Linear(width, width)
        self.down = nn.Linear(width, width)
        self.activation = activation_module(activation)

    def forward(self, atoms: Tensor, distances: Tensor, pairs: Tensor) -> Tensor:
        """Return atoms [n, a, width], from resolved distances [n, a, a, resolution] and weights of pairs [n, a, a, 1]."""
        receivers, senders = self.ends(self.norm(atoms) if self.norm_first else atoms).chunk(2, -1)
        messages = self.activation(self.distance(distances) + receivers[:, :, None] + senders[:, None])
        received = (messages * pairs).sum(2)
        changed = atoms + self.down(self.activation(self.up(received)))
        return changed if self.norm_first else self.norm(changed)


class MoleculeGNN(nn.Module):
    """Molecules -> one standardised number each, [n]: elements and hydrogens [n, a], places [n, a, 3] in Å.

    Distances d are resolved by `resolution` Gaussians of exp(-d), with the highest resolution at bond lengths (as in
    PhysNet, Unke & Meuwly 2019, arXiv:1902.08408). The output does not change under rotation, reflection, translation or
    permutation of the atoms; element 0 means no atom. Initial weights have variance 2 / fan-in (He et al. 2015,
    arXiv:1502.01852), a quarter of that where they write to the residual stream, and 0.001 / fan-in in the last layer, so
    that an untrained model predicts about 0.
    """

    centres: Tensor

    def __init__(
        self,
        elements: int,
        hydrogens: int,
        width: int = 32,
        depth: int = 3,
        resolution: int = 16,
        activation: str = "relu",
        norm_first: bool = True,
    ) -> None:
        super().__init__()
        self.elements, self.hydrogens = elements, hydrogens
        self.embedding = nn.Linear(elements + hydrogens + 1 + MOST_BONDS + 1, width)
        self.rounds = nn.ModuleList(MessagePassing(width, resolution, activation, norm_first) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, width)
        self.hidden = nn.Linear(2 * width, 2 * width)
        self.head = nn.Linear(2 * width, 1)
        self.activation = activation_module(activation)
        nearest, farthest = math.exp(-NEAREST), math.exp(-FARTHEST)
        self.register_buffer("centres", torch.linspace(farthest, nearest, resolution), persistent=False)
        self.sharpness = ((resolution - 1) / (nearest - farthest)) ** 2
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                scale = 0.03 if module is self.head else math.sqrt(0.5) if name.endswith("down") else math.sqrt(2)
                nn.init.normal_(module.weight, std=scale / math.sqrt(module.in_features))
                nn.init.zeros_(module.bias) if module.bias is not None else None

    def forward(self, elements: Tensor, hydrogens: Tensor, places: Tensor) -> Tensor:
        """Return the standardised number of each molecule, [n]."""
        present = (elements > 0).to(places.dtype)
        distances = (places[:, :, None] - places[:, None]).square().sum(-1, keepdim=True).sqrt()
        apart = 1 - torch.eye(elements.shape[1], device=places.device)
        pairs = ((present[:, :, None] * present[:, None]) * apart)[..., None]
        bonds = ((distances < BOND) * pairs).sum((2, 3)).clamp_max(MOST_BONDS)
        kinds = [
            one_hot(elements.long(), self.elements + 1)[..., 1:],
            one_hot(hydrogens.long(), self.hydrogens + 1),
            one_hot(bonds.long(), MOST_BONDS + 1),
        ]
        atoms = self.embedding(torch.cat(kinds, -1).to(places.dtype))
        exponents = -self.sharpness * ((-distances).exp() - self.centres).square()
        resolved = exponents.clamp_min(-20).exp()  # cut off: tiny values underflow, and subnormal numbers are slow
        pairs = pairs * (BOND_LENGTH - distances).exp()
        for round_ in self.rounds:
            atoms = round_(atoms, resolved, pairs)
        answers = self.activation(self.readout(self.norm(atoms))) * present[..., None]
        pooled = torch.cat([answers.sum(1) / present.sum(1, keepdim=True), answers.amax(1)], -1)
        return self.head(self.activation(self.hidden(pooled))).squeeze(1)
