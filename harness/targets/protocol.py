"""The numbers of the target protocol, and the trials of its phases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.canonical import stable_seed
from harness.contracts.spaces import Choice, LogUniform, Range, Uniform
from harness.contracts.workloads import Workload
from harness.lattice import halton_rows
from harness.plan import Plan, whole_steps
from harness.records import NO_TARGET, TrialSpec
from harness.registry import Submission, find_submission, hash_for_track, library_versions
from harness.rules import HALF_DECADES, TARGET_SEARCH, TARGET_SEEDS, Track


@dataclass(frozen=True)
class Protocol:
    """How many trials each phase of the protocol runs.

    Attributes:
        draws: quasi-random trials of the search, divided equally among the recipes.
        recipes: keys of `RECIPES`.
        finalists: this many of the search's best configurations are run again.
        finalist_seeds: seeds per finalist; `verdict.fitness` of their curves decides which one wins.
        seeds: seeds of the winner; their median gives the target.
        fresh: fresh seeds of the winner, which must reach the target.
        rates: multiples of the winner's learning rate that are also run.
        rate_seeds: seeds per multiple.
        variant_seeds: seeds per held-out variant.
        provisional: whether the targets are meant to be replaced by those of the whole protocol.
    """

    draws: int
    recipes: tuple[str, ...]
    finalists: int
    finalist_seeds: int
    seeds: int
    fresh: int
    rates: tuple[float, ...]
    rate_seeds: int
    variant_seeds: int
    provisional: bool = False


_ADAM: Mapping[str, Range] = {
    "learning_rate": LogUniform(1e-4, 1e-1),
    "weight_decay": LogUniform(1e-3, 0.5),
    "beta1": Uniform(0.85, 0.97),
    "beta2": Uniform(0.95, 0.999),
}
_SGD: Mapping[str, Range] = {
    "learning_rate": LogUniform(1e-3, 3.0),
    "weight_decay": LogUniform(1e-6, 1e-2),
    "momentum": Uniform(0.8, 0.98),
}
BOUNDS: Mapping[str, Mapping[str, Range]] = {
    "adamw": _ADAM,
    "nadamw": _ADAM,
    "sgd": {**_SGD, "nesterov": Choice(True, False)},
}
"""{optimizer of reference recipes: where its hyperparameters are searched}; calibration searches there too. The files of these
optimizers are part of the ids of all trials of schedules, so wider bounds than those that they declare stand here."""

_OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Range]]] = {
    "adamw": ("adamw", _ADAM),
    "nadamw": ("nadamw", _ADAM),
    "nesterov": ("sgd", {**_SGD, "nesterov": Choice(True)}),
    "heavy_ball": ("sgd", {**_SGD, "nesterov": Choice(False)}),
}
RECIPES: Mapping[str, tuple[str, Mapping[str, Range]]] = {
    f"{name}+{shape}": (f"{optimizer}+{shape}", space)
    for name, (optimizer, space) in _OPTIMIZERS.items()
    for shape in ("linear", "cosine")
}
"""The recipes that the search tries: {name: (submission, search space)}."""

WHOLE = Protocol(160, tuple(RECIPES), 20, 5, 20, 20, tuple(rate for rate in HALF_DECADES if rate != 1.0), 5, 5)
REDUCED = Protocol(16, ("adamw+linear", "adamw+cosine"), 1, 0, 3, 3, (0.1, 10.0), 1, 3, provisional=True)

TARGET_SHARE = 0.75
"""The target is the best value that the winner reaches within this share of the budget (median over seeds)."""

DIGITS = 3
"""Significant digits of drawn hyperparameters, so that docs can state a configuration exactly."""


@dataclass(frozen=True)
class Configuration:
    """A recipe with values for its hyperparameters.

    Attributes:
        recipe: a key of `RECIPES`, or the name of a submission.
        hyperparameters: the drawn or given values, `learning_rate` among them.
    """

    recipe: str
    hyperparameters: Mapping[str, Any]

    @property
    def submission(self) -> str:
        """The name of its submission, as typed after ``-s``."""
        return RECIPES[self.recipe][0] if self.recipe in RECIPES else self.recipe

    def at(self, multiple: float) -> Configuration:
        """Return the same configuration with its learning rate multiplied."""
        rate = self.hyperparameters["learning_rate"] * multiple
        return replace(self, hyperparameters={**self.hyperparameters, "learning_rate": rate})


def draws(protocol: Protocol, label: str, seed: int) -> Iterator[tuple[Configuration, int]]:
    """Yield (configuration, index within its recipe) of the search: scrambled Halton draws, equally many per recipe."""
    for recipe in protocol.recipes:
        space = RECIPES[recipe][1]
        rows = halton_rows(protocol.draws // len(protocol.recipes), stable_seed(seed, label, recipe, "targets"))
        for index, row in enumerate(rows):
            yield Configuration(recipe, point_at(space, row)), index


def point_at(space: Mapping[str, Range], row: Iterable[float]) -> dict[str, Any]:
    """Return the point of a space at quantiles `row`, at least as many as hyperparameters, in `DIGITS` digits."""
    return {name: _rounded(item.at(u)) for (name, item), u in zip(space.items(), row, strict=False)}


def search_trials(protocol: Protocol, workload: Workload, seed: int) -> list[tuple[Configuration, TrialSpec]]:
    """Return the configurations of the search and their trials, all with one seed: same initial weights, same data order."""
    weights = stable_seed(seed, workload.label, "search")
    return [
        (configuration, trial_of(workload, configuration, TARGET_SEARCH, weights, 0, index))
        for configuration, index in draws(protocol, workload.label, seed)
    ]


def seed_trials(
    workload: Workload, configuration: Configuration, count: int, seed: int, phase: str, track: Track = TARGET_SEEDS
) -> list[TrialSpec]:
    """Return `count` trials of one configuration with the seeds of a phase."""
    return [
        trial_of(workload, configuration, track, stable_seed(seed, workload.label, phase, index), index, 0)
        for index in range(count)
    ]


def trial_of(workload: Workload, configuration: Configuration, track: Track, seed: int, study: int, index: int) -> TrialSpec:
    """Return the trial of a configuration with the whole budget as its horizon.

    Hyperparameters that neither the configuration nor its submission's name sets have their declared defaults, whatever
    `calibrated.json` says.
    """
    submission = find_submission(configuration.submission, calibrated=False)
    return spec_of(workload, submission, configuration.hyperparameters, track, seed, (study, index))


def spec_of(
    workload: Workload,
    submission: Submission,
    hyperparameters: Mapping[str, Any],
    track: Track,
    seed: int,
    place: tuple[int, int],
) -> TrialSpec:
    """Return the trial of a submission with the whole budget as its horizon; `place` is (study, trial)."""
    size = workload.size
    return TrialSpec(
        track=track.name,
        suite=workload.size_name,
        workload=workload.name,
        variant=workload.variant,
        size=workload.size_name,
        workload_hash=hash_for_track(workload, track, reference_recipe=submission.reference_recipe),
        submission=submission.name,
        submission_hash=submission.content_hash,
        study=place[0],
        trial=place[1],
        seed=seed,
        hyperparameters=dict(hyperparameters),
        budget=size.budget,
        horizon=size.budget,
        warmup=whole_steps(size.reference.warmup * size.budget, size.batch_size),
        evaluation_period=size.evaluation_period,
        target=NO_TARGET,
        reference_recipe=submission.reference_recipe,
        libraries={**library_versions(frozenset({"torch"})), **submission.libraries},
        source=submission.source,
        given=dict(submission.given),
    )


def at_horizon(spec: TrialSpec, workload: Workload, share: float) -> TrialSpec:
    """Return the trial with a horizon of `share` budgets, at whose end alone it is evaluated.

    The warm-up is the reference's share of that horizon. Evaluations do not change what is trained, unless it listens to them.
    """
    size = workload.size
    examples = whole_steps(share * size.budget, size.batch_size)
    warmup = whole_steps(size.reference.warmup * share * size.budget, size.batch_size)
    return replace(spec, budget=examples, horizon=examples, warmup=warmup, evaluation_period=examples)


def plan_of(specs: Sequence[TrialSpec], workloads: Mapping[str, Workload], track: Track) -> Plan:
    """Return the plan of these trials, alternating between workloads so that slow ones do not all come at the end."""
    rows: dict[str, list[TrialSpec]] = {}
    for spec in specs:
        rows.setdefault(spec.workload_label, []).append(spec)
    longest = max((len(row) for row in rows.values()), default=0)
    order = [row[i] for i in range(longest) for row in rows.values() if i < len(row)]
    names = dict.fromkeys(spec.submission for spec in order)
    submissions = {name: find_submission(name, calibrated=False) for name in names}
    suite = order[0].suite if order else ""
    return Plan(track, suite, tuple(order), {label: workloads[label] for label in rows}, submissions)


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
