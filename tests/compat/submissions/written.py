"""Submissions in AlgoPerf's form, written for the tests: a plain one, of which a test replaces functions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.plan import Request, make_plan
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_submission
from harness.trial.loop import TrialSettings, run_trial
from workloads.data import data_directory

IMPORTS = """
import torch
from algoperf import spec
"""

START = """
def init_optimizer_state(workload, model_params, model_state, hyperparameters, rng):
    return {"optimizer": torch.optim.SGD(model_params.parameters(), lr=0.1, momentum=0.9)}
"""

LOSS = """
def loss_of(workload, model, batch, rng, mode=spec.ForwardPassMode.TRAIN, update_batch_norm=True, **more):
    logits, _ = workload.model_fn(model, batch, None, mode, rng, update_batch_norm, **more)
    found = workload.loss_fn(label_batch=batch["targets"], logits_batch=logits, mask_batch=batch.get("weights"))
    return found["summed"] / found["n_valid_examples"]
"""

UPDATE = """
def update_params(workload, current_param_container, current_params_types, model_state, hyperparameters, batch, loss_type,
                  optimizer_state, eval_results, global_step, rng, train_state=None):
    del eval_results
    optimizer_state["optimizer"].zero_grad()
    loss_of(workload, current_param_container, batch, rng).backward()
    optimizer_state["optimizer"].step()
    return optimizer_state, current_param_container, model_state
"""

SIZE = """
def get_batch_size(workload_name):
    raise ValueError(workload_name)
"""

SELECT = """
def data_selection(workload, input_queue, optimizer_state, current_param_container, model_state, hyperparameters,
                   global_step, rng):
    return next(input_queue)
"""

PLAIN = {"imports": IMPORTS, "start": START, "loss": LOSS, "update": UPDATE, "size": SIZE, "select": SELECT}

STEPS = 12
"""Steps of a trial in these tests."""


def updating(body: str) -> str:
    """Return ``update_params`` with a body of its own, one level deep, which ends in ``return_all()`` by itself."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    head = UPDATE.split("    del eval_results")[0]
    return f"{head}    model, optimizer = current_param_container, optimizer_state['optimizer']\n{lines}\n" + (
        "    return optimizer_state, current_param_container, model_state\n"
    )


def written(folder: Path, space: Any = None, **parts: str) -> str:
    """Write a submission and return its name; `parts` replace those of `PLAIN` or are added."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submission.py").write_text("\n".join({**PLAIN, **parts}.values()))
    if space is not None:
        (folder / "tuning_search_space.json").write_text(json.dumps(space))
    return f"algoperf:{folder / 'submission.py'}"


def planned(name: str, track: str = "self-tuning", **changes: Any) -> list[TrialSpec]:
    """Return the trials of one study of a submission on the smoke workload, cut to a few steps."""
    trials = make_plan(Request(suite="smoke", submissions=(name,), track=track, studies=1)).trials
    return [replace(spec, **{"budget": 16 * STEPS, "horizon": 16 * STEPS, "target": 0.0, **changes}) for spec in trials]


def ran(name: str, track: str = "self-tuning", trial: int = 0, **changes: Any) -> TrialRecord:
    """Run one of these trials in this process and return its record."""
    spec = planned(name, track, **changes)[trial]
    plan = make_plan(Request(suite="smoke", submissions=(name,), track=track, studies=1))
    workload = plan.workloads["digits_mlp"]
    data = workload.load(data_directory())
    return run_trial(spec, workload, find_submission(name), data, TrialSettings(run_to_end=True)).record


def metrics(record: TrialRecord) -> list[float]:
    """Return the metric at each evaluation of a record that has no failure."""
    assert record.status == "missed", f"{record.status}: {record.reason}"
    return [evaluation["metric"] for evaluation in record.evaluations]
