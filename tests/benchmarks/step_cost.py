"""What a step of each optimizer costs against AdamW's: ``python -m tests.benchmarks.step_cost``.

    python -m tests.benchmarks.step_cost [-s NAME]... [-w WORKLOAD]... [--rounds N]

One workload per kind of model. Blocks of 20 steps of the optimizer and of AdamW take turns in one process, in CPU seconds of
the process; a ratio is that of two neighbouring blocks, and the table has medians. A step is that of the trial loop: batch,
forward, backward, optimizer. State is what `state_dict` holds after the steps, in bytes over the bytes of the parameters.
It is stored in docs/step_cost.json, of which the table in docs/performance.md and a line of each optimizer in
docs/optimizers.md (`make docs`) are made. With -s or -w the other results stay. It takes half an hour of one CPU core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from analyses.claims import fill
from harness.canonical import stable_seed
from harness.contracts.errors import BadInput, ContractError, did_you_mean
from harness.execution.environment import describe
from harness.plan import Request, make_plan
from harness.registry import Submission, all_submissions, library_versions
from harness.report.docs.families import FAMILIES, FAMILY_OF
from harness.trial.meter import Meter
from harness.trial.process.allocator import keep_freed_memory
from harness.trial.setup import start_algorithm
from harness.trial.task import TrialTask
from workloads.data import data_directory

KINDS = {
    "fashion_mnist_mlp": "perceptron",
    "fashion_mnist_resnet": "convolutions",
    "shakespeare_lm": "transformer",
    "speech_lstm": "recurrent",
    "census_dlrm": "recommender",
}
"""{workload of the laptop suite: its kind of model}."""

BASELINE = "adamw"
BLOCK, ROUNDS, FIRST = 20, 9, 20
"""Steps per block, blocks of each side, and steps before the first block, in which state is made."""

FAILED = "fails"
"""What stands in the table where an optimizer could not take its first steps."""

SHARE_OF_RATE = 1e-3
"""Of the default learning rate: with it weights stay where they are, and no rate diverges."""

DOCS = Path(__file__).parents[2] / "docs"
STORE, PAGE, MARKER = DOCS / "step_cost.json", DOCS / "performance.md", "step cost"


class Loop:
    """A submission that trains a workload as in a trial, and the CPU seconds of what it does."""

    def __init__(self, submission: Submission, plan: Any, data: Mapping[str, Any]) -> None:
        (workload,) = plan.workloads.values()
        spec = next(item for item in plan.trials if item.submission == submission.name)
        endless = 10**6 * workload.size.batch_size
        rate = SHARE_OF_RATE * submission.defaults["learning_rate"]
        spec = replace(
            spec,
            budget=endless,
            horizon=endless,
            warmup=0,
            hyperparameters={**spec.hyperparameters, "learning_rate": rate},
        )
        torch.manual_seed(stable_seed(spec.seed, "weights"))
        self._meter = Meter(torch.device("cpu"))
        self._task = TrialTask(spec, workload, workload.build_model().train(), data["train"], self._meter)
        self._algorithm: Any = start_algorithm(submission, self._task, spec, workload)
        self._inside = 0.0
        if submission.kind == "optimizer":
            self._time_the_optimizer()
        self.steps(FIRST)

    def steps(self, count: int) -> tuple[float, float]:
        """Take steps; return CPU seconds per step, and those of them within the optimizer's `step`."""
        before, began = self._inside, time.process_time()
        for _ in range(count):
            self._algorithm.update(self._algorithm.select())
            if not self._meter.end_step():
                raise RuntimeError("the loss is not finite")
        return (time.process_time() - began) / count, (self._inside - before) / count

    def state(self) -> float:
        """Return the size of the state in multiples of the parameters."""
        held = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors(self._algorithm.state_dict())}
        return sum(held.values()) / sum(p.numel() * p.element_size() for p in self._task.model.parameters())

    def _time_the_optimizer(self) -> None:
        step = self._algorithm._optimizer.step

        def timed(*closure: Any) -> Any:
            began = time.process_time()
            result = step(*closure)
            self._inside += time.process_time() - began
            return result

        self._algorithm._optimizer.step = timed


def tensors(state: Any) -> Iterator[Tensor]:
    """Return all tensors in nested mappings and sequences."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, Mapping | list | tuple):
        for item in state.values() if isinstance(state, Mapping) else state:
            yield from tensors(item)


def chosen(names: Sequence[str]) -> list[Submission]:
    """Return the optimizers of the registry, and the procedures that are optimizers, by family; or those with these names.

    Raises:
        BadInput: a name is none of theirs.
    """
    found = {item.name: item for item in all_submissions() if item.kind == "optimizer" or item.name in FAMILY_OF}
    order = [name for family in FAMILIES.values() for name in family]
    every = sorted(found, key=lambda name: (order.index(name) if name in FAMILY_OF else len(order), name))
    for name in names:
        if name not in found:
            raise BadInput(f"no optimizer '{name}'{did_you_mean(name, found)}: `timetrial list submissions` lists them")
    return [found[name] for name in names or every]


def measure(workload: str, submissions: Sequence[Submission], rounds: int) -> dict[str, dict[str, float]]:
    """Return {submission: medians} on a workload: ratios of a step, of the optimizer's part of it, and the state's size.

    One that fails in its first steps has no medians.
    """
    names = tuple(dict.fromkeys((BASELINE, *(item.name for item in submissions))))
    plan = make_plan(Request(submissions=names, workloads=(workload,), track="self-tuning", studies=1))
    (found,) = plan.workloads.values()
    data = found.load(data_directory())
    results: dict[str, dict[str, float]] = {}
    for item in submissions:
        try:
            loops = {"own": Loop(item, plan, data), "base": Loop(plan.submissions[BASELINE], plan, data)}
        except ContractError as error:
            print(workload, item.name, error, flush=True)
            results[item.name] = {}
            continue
        pairs = []
        for turn in range(rounds):
            order = ("own", "base") if turn % 2 else ("base", "own")
            taken = {which: loops[which].steps(BLOCK) for which in order}
            pairs.append((taken["own"], taken["base"]))
        medians = {
            "whole": statistics.median(own[0] / base[0] for own, base in pairs),
            "optimizer": statistics.median(own[1] / base[1] for own, base in pairs),
            "state": loops["own"].state(),
            "base_ms": 1e3 * statistics.median(base[0] for _, base in pairs),
            "base_optimizer_ms": 1e3 * statistics.median(base[1] for _, base in pairs),
        }
        results[item.name] = {name: float(f"{value:.4g}") for name, value in medians.items()}
        print(workload, item.name, json.dumps(results[item.name]), flush=True)
    return results


def page(results: Mapping[str, Mapping[str, Mapping[str, float]]], about: Mapping[str, Any]) -> str:
    """Return the table, and how it was made, as Markdown.

    Args:
        results: {workload: what `measure` returns}.
        about: where, when and with what it was measured.
    """
    names = list(dict.fromkeys(name for rows in results.values() for name in rows))
    head = ["optimizer", "state", *(f"{KINDS[workload]}" for workload in results)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for family in (*FAMILIES, ""):
        own = [name for name in names if FAMILY_OF.get(name, "") == family]
        lines += [[f"`{name}`", _state(results, name), *(_cell(rows.get(name)) for rows in results.values())] for name in own]
    base = [_baseline(rows) for rows in results.values()]
    lines.append(["AdamW's step, ms", "", *base])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    models = ", ".join(f"{KINDS[workload]} `{workload}`" for workload in results)
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"{table}\n\n{models}. Machine: {about['machine']} ({about['machine_type']}), {versions}, {about['date']}; medians of"
        f" {about['rounds']} or more pairs of blocks of {BLOCK} steps: `python -m tests.benchmarks.step_cost`."
    )


def _cell(row: Mapping[str, float] | None) -> str:
    if not row:
        return "" if row is None else FAILED
    return f"{_ratio(row['whole'])} ({_ratio(row['optimizer'])})" if row["optimizer"] else _ratio(row["whole"])


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _state(results: Mapping[str, Mapping[str, Mapping[str, float]]], name: str) -> str:
    sizes = [rows[name]["state"] for rows in results.values() if rows.get(name)]
    low, high = f"{min(sizes):.1f}", f"{max(sizes):.1f}"
    return low if low == high else f"{low} to {high}"


def _baseline(rows: Mapping[str, Mapping[str, float]]) -> str:
    whole, optimizer = (statistics.median(row[key] for row in rows.values() if row) for key in ("base_ms", "base_optimizer_ms"))
    return f"{whole:.2f} ({optimizer:.2f})"


def merged(stored: Mapping[str, Any], about: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored with newer results in it.

    Raises:
        BadInput: the older ones are of another machine or of other versions.
    """
    if stored and any(stored["about"][key] != about[key] for key in ("machine_type", "versions")):
        raise BadInput(f"{STORE.name} was measured elsewhere: measure everything again, without -s and -w")
    old = stored.get("results", {})
    about = {**about, "rounds": min(about["rounds"], stored["about"]["rounds"])} if stored else about
    both = {name: {**old.get(name, {}), **results.get(name, {})} for name in KINDS}
    return {"about": about, "results": {name: rows for name, rows in both.items() if rows}}


def store(content: Mapping[str, Any]) -> None:
    """Write what was measured, a line per optimizer and workload, and the table into its page."""
    workloads = [
        f" {json.dumps(workload)}: {{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
        + "\n }"
        for workload, rows in content["results"].items()
    ]
    text = f'{{"about": {json.dumps(content["about"])}, "results": {{\n{",".join(workloads)}\n}}}}\n'
    STORE.write_text(text, encoding="utf-8")
    fill(PAGE, MARKER, page(content["results"], content["about"]))


def here(rounds: int) -> dict[str, Any]:
    """Return where, when and with what is measured."""
    facts = describe("cpu", 1)
    versions = {"Python": facts["python"], **library_versions(frozenset({"pytorch_optimizer"}))}
    date = datetime.now(UTC).date().isoformat()
    return {
        "machine": facts["machine"],
        "machine_type": facts["machine_type"],
        "versions": versions,
        "date": date,
        "rounds": rounds,
    }


def main() -> int:
    """Measure, print and store; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-s", action="append", default=[], metavar="NAME", help="only this optimizer; may be repeated")
    parser.add_argument("-w", action="append", default=[], choices=sorted(KINDS), help="only this workload; may be repeated")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="pairs of blocks, %(default)s by default")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    try:
        submissions = chosen(given.s)
        part = json.loads(STORE.read_text(encoding="utf-8")) if (given.s or given.w) and STORE.exists() else {}
        for workload in given.w or KINDS:
            part = merged(part, here(given.rounds), {})
            part = merged(part, here(given.rounds), {workload: measure(workload, submissions, given.rounds)})
            store(part)
    except BadInput as reason:
        print(f"step_cost: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
