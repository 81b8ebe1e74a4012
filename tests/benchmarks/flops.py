"""Counts what a training example of each workload costs: floating-point operations of forward and backward pass.

``python -m tests.benchmarks.flops`` writes `workloads/costs.json`, from which `timetrial run --dry-run` and
`docs/workloads.md` say what a trial costs on a device that has not run one. The count is torch's (`FlopCounterMode`): products
of matrices, convolutions and attention, a multiplication and an addition each. Data sets that are not on this machine are
replaced by random examples of the same shape.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from harness import DataUnavailable, Workload
from harness.canonical import json_lines
from harness.registry import all_workloads
from harness.registry.costs import COSTS
from workloads.data import data_directory

EXAMPLES = 32
"""A batch of so many: where examples are padded to the longest one, it has about the length that a training batch has."""


def main() -> None:
    """Count all workloads at all sizes and variants, and write the file."""
    found: dict[str, dict[str, Any]] = {}
    for kind in all_workloads():
        for size in kind.sizes:
            own = flops(kind(size))
            variants = {name: flops(kind(size, name)) for name in kind.variants}
            found.setdefault(kind.name, {})[size] = {"flops": own, "variants": variants}
            print(f"{kind.name} at size {size}: {own:.3g} FLOPs per example", file=sys.stderr)
    path = Path(sys.modules[all_workloads()[0].__module__].__file__ or "").with_name(COSTS)
    path.write_text(json_lines(json.loads(json.dumps(found)), 2, sort_keys=True) + "\n", encoding="utf-8")


def flops(workload: Workload) -> int:
    """Return the floating-point operations of the forward and backward pass of a training example."""
    torch.manual_seed(0)
    model = workload.build_model().train()
    examples = few(workload)
    count = len(next(iter(examples.values())))
    counter = FlopCounterMode(display=False)
    # Kernels that torch's counter does not know are left out: a recurrent layer and attention are then products of matrices.
    torch._C._set_mkldnn_enabled(False)
    with counter, sdpa_kernel(SDPBackend.MATH):
        workload.example_losses(workload.forward(model, examples), examples).mean().backward()
    return round(counter.get_total_flops() / count)


def few(workload: Workload) -> Mapping[str, Tensor]:
    """Return a few training examples, random ones where the data set is not here."""
    stand_in = STAND_INS.get(workload.name)
    if stand_in is not None:
        return stand_in(workload)
    try:
        return {name: values[:EXAMPLES] for name, values in workload.load(data_directory())["train"].items()}
    except DataUnavailable as error:
        raise SystemExit(f"{workload.name}: {error}") from None


def _images(side: int, count: int, classes: int) -> Mapping[str, Tensor]:
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8)
    return {"images": images, "labels": torch.randint(classes, (count,))}


STAND_INS = {
    "cifar10_resnet": lambda workload: _images(32, 2, 10),
    "cifar100_wideresnet": lambda workload: _images(32, 2, 100),
    "imagenet_resnet50": lambda workload: _images(128, 2, 1000),
    "text_lm": lambda workload: {"tokens": torch.randint(256, (1, workload.size.model["length"] + 1), dtype=torch.uint8)},
}
"""{workload: its examples, random}, of data sets that need a file of the user's or a large download."""


if __name__ == "__main__":
    main()
