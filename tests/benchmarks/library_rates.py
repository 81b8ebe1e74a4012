"""Which learning rate each optimizer of the libraries trains at: ``python -m tests.benchmarks.library_rates``.

Every class that races takes 100 steps under a linear decay on a classification of 10 Gaussian blobs, at its library's own
default rate and at half-decades from 1e-4 to 3. A rate trains if the loss falls by at least half of what AdamW reaches at
its best rate. The default of a class is the library's own where that trains, else the lowest rate of the grid at which the
loss falls by 95 % of AdamW's fall (the workloads' models are larger, and take no higher rates), else the rate with the lowest
loss; a class that trains at no rate keeps the library's. The result is stored beside the table, as
``harness/registry/libraries/rates.json``. It takes about two minutes of one CPU core.
"""

from __future__ import annotations

import json
import math
import platform
import time
import warnings
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import torch

from harness.contracts.errors import BadInput
from harness.contracts.optimizers import Optimizer
from harness.contracts.returned import switches, takes_loss
from harness.registry.libraries import all_rows, library_plugin
from harness.registry.libraries.table import RATES

STEPS = 100
BATCH = 32
GRID = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
TRAINS, WELL = 0.5, 0.95
"""Of the fall of the loss that AdamW reaches at its best rate."""

SECONDS = 6.0
"""A class that is slower than this tries its rates in order of their distance from the library's until the time is over."""


def blobs() -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs [640, 16] and labels of ten overlapping blobs."""
    generator = torch.Generator().manual_seed(17)
    centres = torch.randn(10, 16, generator=generator)
    labels = torch.arange(640) % 10
    return centres[labels] + 0.7 * torch.randn(640, 16, generator=generator), labels


def network() -> torch.nn.Module:
    """Return a network of three matrices, a norm and biases."""
    torch.manual_seed(3)
    nn = torch.nn
    return nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))


def loss_at(recipe: Optimizer, rate: float | None) -> float:
    """Return the loss on all examples after training at a peak rate; None is the recipe's own default. Not finite: infinity."""
    inputs, labels = blobs()
    model = network()
    optimizer = recipe(model, {} if rate is None else {"learning_rate": rate})
    if switches(optimizer):
        optimizer.train()
    peaks = [group["lr"] for group in optimizer.param_groups]
    order = torch.Generator().manual_seed(5)
    for step in range(STEPS):
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * min((step + 1) / 5, (STEPS - step) / (STEPS - 5), 1.0)
        batch = torch.randint(640, (BATCH,), generator=order)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        loss.backward()
        optimizer.step(*[loss.detach] if takes_loss(optimizer) else [])
    if switches(optimizer):
        optimizer.eval()
    with torch.no_grad():
        final = float(torch.nn.functional.cross_entropy(model(inputs), labels))
    return final if math.isfinite(final) else math.inf


def start_loss() -> float:
    """Return the loss before the first step."""
    inputs, labels = blobs()
    with torch.no_grad():
        return float(torch.nn.functional.cross_entropy(network()(inputs), labels))


def measured(name: str, threshold: float, good: float) -> dict[str, object]:
    """Return the entry of a class: its library's default rate, whether that trains, and the default that it gets."""
    recipe = library_plugin(name, declared=True)
    assert isinstance(recipe, Optimizer)
    declared, began = recipe.defaults["learning_rate"], time.thread_time()
    losses = {declared: loss_at(recipe, None)}
    if losses[declared] <= threshold:
        return {"declared": declared, "trains": True, "learning_rate": declared, "loss": round(losses[declared], 3)}
    for rate in sorted(GRID, key=lambda rate: abs(math.log(rate / declared))):
        if time.thread_time() - began > SECONDS:
            break
        losses[rate] = loss_at(recipe, rate)
    best = min((rate for rate, loss in losses.items() if loss <= good), default=min(losses, key=lambda rate: losses[rate]))
    trained = losses[best] <= threshold
    return {
        "declared": declared,
        "trains": False,
        "learning_rate": best if trained else declared,
        "loss": round(losses[declared], 3),
        "loss_here": round(losses[best], 3),
        **({} if trained else {"never": True}),
    }


def stored() -> dict[str, Any]:
    """Return what was measured last."""
    entry: dict[str, Any] = json.loads(RATES.read_text(encoding="utf-8"))
    return entry


def main() -> None:
    """Measure every class that races, and store the result."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    adamw = library_plugin("torch.optim.AdamW", declared=True)
    assert isinstance(adamw, Optimizer)
    start, best = start_loss(), min(loss_at(adamw, rate) for rate in GRID)
    threshold = start - TRAINS * (start - best)
    print(f"loss {start:.3f} at the start, {best:.3f} by AdamW; a rate trains at {threshold:.3f} or less")
    rates = {}
    for row in all_rows().values():
        if row.kind != "optimizer" or not row.races:
            continue
        try:
            rates[row.name] = measured(row.name, threshold, start - WELL * (start - best))
        except (BadInput, RuntimeError, ValueError) as error:
            print(f"{row.name}: {error}")
            continue
        print(row.name, rates[row.name])
    versions = {library: metadata.version(library) for library in ("torch", "pytorch_optimizer")}
    entry = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {**versions, "python": platform.python_version()},
        "steps": STEPS,
        "rates": rates,
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in rates.items())
    head = json.dumps({key: value for key, value in entry.items() if key != "rates"})[:-1]
    RATES.write_text(f'{head}, "rates": {{\n{lines}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
