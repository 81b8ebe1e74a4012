"""Optimizers that watch the model that they train: what they find, and that nothing else of the model changes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from harness.registry import find_optimizer

torch.set_num_threads(1)


class Blocks(nn.Module):
    """Layers before a norm: directly, with a skip connection around the norm, through a view, and changed in place."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.plain, self.norm1 = nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.skipped, self.norm2 = nn.Conv2d(4, 4, 1), nn.GroupNorm(2, 4)
        self.viewed, self.norm3 = nn.Linear(16, 6), nn.LayerNorm(3)
        self.changed, self.norm4 = nn.Linear(6, 5), nn.LayerNorm(5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.relu_(self.norm1(self.plain(x)))
        x = self.skipped(x)
        x = (x + self.norm2(x)).mean(3).flatten(1)
        x = self.norm3(self.viewed(x).view(-1, 2, 3)).flatten(1)
        return self.head(self.norm4(torch.relu_(self.changed(x))))


def passed(model, examples=8):
    """Run one training pass."""
    generator = torch.Generator().manual_seed(1)
    model.zero_grad()
    outputs = model(torch.randn(examples, 2, 4, 4, generator=generator))
    nn.functional.cross_entropy(outputs, torch.arange(examples) % 3).backward()


def stepped(model, optimizer, steps=1):
    for _ in range(steps):
        passed(model)
        optimizer.step()


def hooks(model):
    return [hook for m in model.modules() for hook in (*m._forward_hooks.values(), *m._forward_pre_hooks.values())]


def test_nap_projects_what_feeds_one_norm_layer_and_nothing_else():
    model = Blocks()
    before = {name: float(p.detach().norm()) for name, p in model.named_parameters()}
    optimizer = find_optimizer("nap")(model, {"learning_rate": 0.05})
    stepped(model, optimizer, 3)
    after = {name: float(p.detach().norm()) for name, p in model.named_parameters()}
    kept = {name for name in before if name.endswith("weight") and after[name] == pytest.approx(before[name], rel=1e-5)}
    assert kept == {"plain.weight", "viewed.weight"}
    assert not hooks(model)


@pytest.mark.parametrize("name", ["mkor", "nap"])
def test_a_watched_model_computes_what_it_did_and_its_copies_watch_nothing(name):
    plain, watched = Blocks(), Blocks()
    optimizer = find_optimizer(name)(watched, {})  # kept, as its hooks are bound to it
    passed(plain), passed(watched)
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(plain.parameters(), watched.parameters(), strict=True))
    assert hooks(watched) and all(hook._function for hook in hooks(watched))
    for twin in (copy.deepcopy(watched), pickle.loads(pickle.dumps(watched))):
        assert not any(hook._function for hook in hooks(twin))
    assert not optimizer.state


def test_mkor_keeps_the_norm_of_a_layer_s_gradient_and_turns_it():
    model = Blocks()
    optimizer = find_optimizer("mkor")(model, {"refresh": 1})
    stepped(model, optimizer, 4)
    passed(model)
    with torch.no_grad():
        found = dict(optimizer._preconditioned(model.changed))
    g, turned = (
        torch.cat([w, b[:, None]], 1) for w, b in ((model.changed.weight.grad, model.changed.bias.grad), found.values())
    )
    parts = [float(x[:, :-1].norm() + x[:, -1].norm()) for x in (g, turned)]
    assert parts[1] == pytest.approx(parts[0], rel=1e-5)
    assert float(nn.functional.cosine_similarity(g.flatten(), turned.flatten(), 0)) < 0.999
    assert all(
        float(state[side].abs().max()) <= 1 for state in optimizer.state.values() for side in ("left", "right") if side in state
    )
