"""The harness tax: the time of a step in the trial loop over that of a step in a bare PyTorch loop.

Same model, data order, batch size, optimizer and loss; the bare loop has no clock, no counting, no schedule, no
check of the loss. Blocks of steps are interleaved, timed in CPU seconds of this thread, and the ratio is taken
pair by pair; printed are the medians. Run it by `make benchmarks`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch

from harness.canonical import stable_seed
from harness.contracts.workloads import DataUnavailable
from harness.plan import Request, make_plan
from harness.registry import find_optimizer
from harness.trial.batches import IndexStream
from harness.trial.loop import train_until
from harness.trial.meter import Meter
from harness.trial.outcome import Trace
from harness.trial.setup import start_algorithm
from harness.trial.task import TrialTask
from workloads.data import data_directory

CASES = (
    ("digits_mlp", "smoke"),
    ("fashion_mnist_mlp", "laptop"),
    ("fashion_mnist_resnet", "laptop"),
    ("shakespeare_lm", "laptop"),
)


def bare_loop(workload, data, spec) -> Callable[[int], None]:
    """Return a function that takes n steps of a plain PyTorch loop."""
    torch.manual_seed(stable_seed(spec.seed, "weights"))
    model = workload.build_model().train()
    recipe = find_optimizer(workload.size.reference.optimizer)
    optimizer = recipe(model, workload.reference_hyperparameters)
    order = IndexStream(len(next(iter(data["train"].values()))), 1)
    size = workload.size.batch_size

    def steps(count: int) -> None:
        for _ in range(count):
            indices = order.take(size)
            batch = {name: values.index_select(0, indices) for name, values in data["train"].items()}
            optimizer.zero_grad()
            workload.example_losses(workload.forward(model, batch), batch).mean().backward()
            optimizer.step()

    return steps


def trial_loop(workload, data, spec, submission) -> Callable[[int], None]:
    """Return a function that takes n steps of the trial loop."""
    torch.manual_seed(stable_seed(spec.seed, "weights"))
    meter = Meter(torch.device("cpu"))
    task = TrialTask(spec, workload, workload.build_model().train(), data["train"], meter)
    algorithm = start_algorithm(submission, task, spec, workload)
    trace = Trace(spec.horizon / 100, [])

    def steps(count: int) -> None:
        if not train_until(meter.examples + count * workload.size.batch_size, meter, algorithm, None, trace):
            raise RuntimeError("the loss is not finite")

    return steps


def measure(name: str, suite: str, pairs: int) -> dict[str, float | str]:
    """Return the median step times and the median ratio of interleaved blocks."""
    plan = make_plan(Request(suite=suite, submissions=("cosine",), workloads=(name,)))
    workload, spec = plan.workloads[name], plan.trials[0]
    data = workload.load(data_directory())
    block = max(spec.evaluation_period // workload.size.batch_size, 1)
    seconds: dict[str, list[float]] = {"bare": [], "trial": []}
    done = spec.horizon
    for pair in range(pairs):
        if done + 2 * block * workload.size.batch_size > spec.horizon:
            loops = {
                "bare": bare_loop(workload, data, spec),
                "trial": trial_loop(workload, data, spec, plan.submissions["cosine"]),
            }
            for loop in loops.values():
                loop(5)
            done = 5 * workload.size.batch_size
        for which in ("bare", "trial") if pair % 2 else ("trial", "bare"):
            began = time.thread_time()
            loops[which](block)
            seconds[which].append((time.thread_time() - began) / block)
        done += block * workload.size.batch_size
    ratios = [trial / bare for bare, trial in zip(seconds["bare"], seconds["trial"], strict=True)]
    return {
        "workload": name,
        "bare_us": 1e6 * statistics.median(seconds["bare"]),
        "trial_us": 1e6 * statistics.median(seconds["trial"]),
        "ratio": statistics.median(ratios),
        "quartiles": [round(q, 3) for q in statistics.quantiles(ratios, n=4)],
        "pairs": pairs,
    }


def main() -> None:
    """Print one line per workload, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, suite in CASES:
        try:
            found = measure(name, suite, arguments.pairs)
        except DataUnavailable as error:
            print(f"{name} ({suite}): skipped, {error}")
            continue
        if arguments.json:
            print(json.dumps(found))
        else:
            print(
                f"{name:<20} {suite:<6} bare {found['bare_us']:7.0f} us per step, "
                f"in the trial loop {found['trial_us']:7.0f} us, ratio {found['ratio']:.3f} "
                f"(quartiles {found['quartiles'][0]}, {found['quartiles'][2]}; {found['pairs']} pairs)"
            )


if __name__ == "__main__":
    main()
