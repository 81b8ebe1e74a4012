"""A small net in float64 with every kind of parameter, as a workload and as a function of its weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness import DataFacts, Reference, Size, Workload

EXAMPLES, BATCH = 64, 8
KINDS = {
    "embedding.weight": "embedding",
    "convolution.weight": "convolution",
    "first.weight": "matrix",
    "second.weight": "matrix",
    "output.weight": "output",
}


class Net:
    """The net for references: its weights, and losses and gradients at any weights.

    A training step t uses the examples BATCH t to BATCH (t + 1) - 1, from the start again after `EXAMPLES`.
    """

    def __init__(self, *, channels_last: bool = False) -> None:
        self.channels_last = channels_last
        self._examples = examples()

    def module(self) -> nn.Module:
        """Return a new module with the initial weights."""
        module = Mixed()
        return module.to(memory_format=torch.channels_last) if self.channels_last else module

    def weights(self) -> dict[str, Tensor]:
        """Return {name: initial value}, contiguous, on which references may work in place."""
        return {name: p.detach().clone(memory_format=torch.contiguous_format) for name, p in Mixed().named_parameters()}

    def kind(self, name: str) -> str:
        """Return "embedding", "convolution", "matrix", "output" or "vector"."""
        return KINDS.get(name, "vector")

    def loss(self, weights: Mapping[str, Tensor], step: int) -> Tensor:
        """Return the mean loss of the batch of a step, differentiable in `weights`."""
        batch = {name: values[batch_indices(step)] for name, values in self._examples.items()}
        outputs = torch.func.functional_call(Mixed(), dict(weights), (batch["images"], batch["tokens"]))
        return F.cross_entropy(outputs, batch["labels"])

    def gradients(self, weights: Mapping[str, Tensor], step: int) -> dict[str, Tensor]:
        """Return {name: gradient} of the loss of the batch of a step."""
        leaves = {name: w.detach().requires_grad_() for name, w in weights.items()}
        return dict(zip(leaves, torch.autograd.grad(self.loss(leaves, step), list(leaves.values())), strict=True))


def batch_indices(step: int) -> Tensor:
    """Return the indices of the examples of a step, int64 [BATCH]."""
    return torch.arange(BATCH * step, BATCH * (step + 1)) % EXAMPLES


def examples() -> dict[str, Tensor]:
    """Return the training examples: images [n, 2, 5, 5], tokens [n, 4] and labels [n]."""
    generator = torch.Generator().manual_seed(2)
    return {
        "images": torch.randn(EXAMPLES, 2, 5, 5, generator=generator, dtype=torch.float64),
        "tokens": torch.randint(11, (EXAMPLES, 4), generator=generator),
        "labels": torch.randint(3, (EXAMPLES,), generator=generator),
    }


class Mixed(nn.Module):
    """An embedding and a convolution side by side, then two hidden matrices, a LayerNorm and an output matrix."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(5)
            self.embedding = nn.Embedding(11, 6)
            self.convolution = nn.Conv2d(2, 4, 3)
            self.first = nn.Linear(10, 12)
            self.norm = nn.LayerNorm(12)
            self.second = nn.Linear(12, 7)
            self.output = nn.Linear(7, 3)
        self.double()

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Return logits [n, 3]."""
        seen = torch.tanh(self.convolution(images)).mean((2, 3))
        read = self.embedding(tokens).mean(1)
        hidden = torch.tanh(self.norm(self.first(torch.cat([seen, read], 1))))
        return self.output(torch.tanh(self.second(hidden)))


class Mixture(Workload):
    """The same net and examples as a workload."""

    name = "mixture"
    metric = "cross_entropy"
    data = DataFacts(source="generated", licence="none", citation="none", family="mixture")
    sizes = {
        "smoke": Size(
            batch_size=BATCH,
            budget=BATCH * 400,
            evaluation_period=BATCH * 20,
            target=0.0,
            reference=Reference(learning_rate=0.01, warmup=0.0),
        )
    }

    def load(self, directory):
        """Return the examples as every part."""
        return dict.fromkeys(("train", "validation", "test"), examples())

    def build_model(self):
        """Return a net with the initial weights."""
        return Mixed()

    def forward(self, model, examples):
        """Return logits [n, 3]."""
        return model(examples["images"], examples["tokens"])

    def example_losses(self, outputs, examples):
        """Return the cross-entropy of every example, [n]."""
        return F.cross_entropy(outputs, examples["labels"], reduction="none")
