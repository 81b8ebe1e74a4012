"""Rules x submissions x workloads -> the trials to run, in the order in which they should start."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

from scipy.stats import qmc

from harness.contracts import BadInput, Choice, Range, Schedule, Uniform, Workload
from harness.records import NO_TARGET, TrialSpec, stable_seed
from harness.registry import Submission, find_submission, find_workload, library_versions, suites, workload_hash
from harness.rules import (
    BUDGET_SHARES,
    DEFAULT_SUITE,
    FIRST_SCHEDULES,
    HALF_DECADES,
    HALTON_DIMENSIONS,
    HORIZON_POINTS,
    RATE_POINTS,
    RATE_STEP,
    RULESETS,
    SENSITIVITY,
    SHORTEST_HORIZON,
    SUITES,
    TRACKS,
    Track,
)


@dataclass(frozen=True)
class Request:
    """What a user asked for; every default is the command line's. A `pair` races for itself, not for the board."""

    suite: str = DEFAULT_SUITE
    submissions: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    track: str = ""
    studies: int | None = None
    trials: int | None = None
    seed: int = 0
    held_out: bool = False
    pair: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The trials of a run, in dispatch order: study by study, workload by workload, likely fast trials first."""

    track: Track
    suite: str
    trials: tuple[TrialSpec, ...]
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    submissions: Mapping[str, Submission] = field(default_factory=dict)
    pair: tuple[str, ...] = ()

    def without(self, workloads: Sequence[str]) -> Plan:
        """Return the plan without the workloads named by their labels."""
        kept = tuple(spec for spec in self.trials if spec.workload_label not in workloads)
        return replace(self, trials=kept)


def make_plan(request: Request) -> Plan:
    """Return the plan of a request.

    Raises:
        BadInput: a name, a number or a combination that cannot be run.
    """
    for name, number in (("--studies", request.studies), ("--trials", request.trials)):
        if number is not None and number < 1:
            raise BadInput(f"{name} {number}: at least 1 is needed")
    submissions = {name: find_submission(name) for name in request.pair or request.submissions or FIRST_SCHEDULES}
    track = _choose_track(request.track, list(submissions.values()))
    if request.held_out and track.complete:
        raise BadInput(f"--held-out: variants belong to a race to the target, which {_what(track)} is not; leave it out")
    workloads = _choose_workloads(request)
    if track.targeted:
        _need_targets(workloads)
    studies = range(request.studies or track.studies)
    specs: list[TrialSpec] = []
    for study, (label, workload) in product(studies, workloads.items()):
        rows = [
            _study(request, track, label, workload, submission, study, request.trials or track.trials)
            for submission in submissions.values()
        ]
        longest = max(len(row) for row in rows)
        specs += [row[rank] for rank in range(longest) for row in rows if rank < len(row)]
    specs.sort(key=lambda spec: bool(spec.variant))  # a held-out variant waits for the verdict on its base
    return Plan(track, request.suite, tuple(specs), workloads, submissions, request.pair)


def _choose_track(name: str, submissions: Sequence[Submission]) -> Track:
    if not name:
        name = "schedule" if all(s.kind == "schedule" for s in submissions) else "external"
    if name not in RULESETS:
        raise BadInput(f"no track '{name}': choose one of {', '.join(TRACKS)}")
    track = RULESETS[name]
    for submission in submissions:
        if submission.kind not in track.accepts:
            what = f"'{submission.name}' is a {submission.kind}, which {_what(track)} does not take"
            if submission.kind == "schedule":
                raise BadInput(f"{what}: name its optimizer too, as in -s adamw+{submission.name}")
            raise BadInput(f"{what}: it takes schedules alone; use --track external")
    return track


def _what(track: Track) -> str:
    return "--sensitivity" if track is SENSITIVITY else f"the {track.name} track"


def _choose_workloads(request: Request) -> dict[str, Workload]:
    available = suites()
    if request.suite not in SUITES:
        raise BadInput(f"no suite '{request.suite}': choose one of {', '.join(SUITES)}")
    names = request.workloads or tuple(available.get(request.suite, ()))
    if not names:
        raise BadInput(f"suite '{request.suite}' has no workloads yet: choose another, or name one with -w")
    chosen: dict[str, Workload] = {}
    for name in names:
        homes = [suite for suite in SUITES if name in available.get(suite, ())]
        if homes and request.suite not in homes:
            raise BadInput(
                f"workload '{name}' is not in suite '{request.suite}': it is in {', '.join(homes)} (--suite {homes[0]})"
            )
        base = find_workload(name, request.suite)
        chosen[base.label] = base
        for variant in base.variants if request.held_out else ():
            held_out = find_workload(name, request.suite, variant)
            chosen[held_out.label] = held_out
    return chosen


def _need_targets(workloads: Mapping[str, Workload]) -> None:
    for label, workload in workloads.items():
        if math.isnan(workload.settings.target):
            size = workload.size_name
            command = f"timetrial targets -w {workload.name}" + ("" if size == DEFAULT_SUITE else f" --suite {size}")
            raise BadInput(f"workload '{label}' has no target at size '{size}' yet: `{command}` sets one")


def _study(
    request: Request, track: Track, label: str, workload: Workload, submission: Submission, study: int, trials: int | None
) -> list[TrialSpec]:
    settings = workload.settings
    budget = round(settings.budget * track.budget / settings.batch_size) * settings.batch_size
    points = _points(request.seed, track, label, workload, submission, study, trials)
    content_hash, libraries = _versions(workload, track)
    specs = []
    for trial, values in enumerate(points):
        horizon, warmup = values.pop("horizon", 1.0), values.pop("warmup", settings.reference.warmup)
        if not track.targeted:  # every share of the budget is a run of its own, its warm-up in proportion
            warmup *= horizon
        key: tuple[Any, ...] = (request.seed, label, study) if track.reference else (request.seed, label, study, trial)
        specs.append(
            TrialSpec(
                track=track.name,
                suite=request.suite,
                workload=workload.name,
                variant=workload.variant,
                size=workload.size_name,
                workload_hash=content_hash,
                submission=submission.name,
                submission_hash=submission.content_hash,
                study=study,
                trial=trial,
                seed=stable_seed(*key),
                hyperparameters=values,
                budget=budget,
                horizon=whole_steps(horizon * budget, settings.batch_size),
                warmup=whole_steps(warmup * settings.budget, settings.batch_size),
                evaluation_period=settings.evaluation_period,
                target=settings.target if track.targeted else NO_TARGET,
                libraries={**libraries, **submission.libraries},
                source=submission.source,
            )
        )
    return specs


@cache
def _versions(workload: Workload, track: Track) -> tuple[str, Mapping[str, str]]:
    """Return a workload's content hash and the versions of the libraries that its reference recipe stands on."""
    reference = find_submission(workload.settings.reference.optimizer).libraries if track.reference else {}
    return workload_hash(workload, track.name), {**library_versions(frozenset({"torch"})), **reference}


def whole_steps(examples: float, batch_size: int) -> int:
    """Return `examples` rounded to whole steps of `batch_size` examples."""
    return round(examples / batch_size) * batch_size


def _points(
    seed: int, track: Track, label: str, workload: Workload, submission: Submission, study: int, trials: int | None
) -> list[dict[str, Any]]:
    if track.name == "schedule":
        assert submission.schedule is not None
        points = list(_schedule_grid(seed, label, workload, submission.schedule, study))
        return points[:trials]
    if track.reference:
        return list(_budget_grid(seed, label, workload, study, trials) if not track.targeted else _rate_grid(workload, trials))
    space = search_space(submission)
    if track.name == "self-tuning" or not space:
        return [{} for _ in range(1 if track.name == "self-tuning" else trials or 1)]
    if len(space) > HALTON_DIMENSIONS:
        raise BadInput(f"'{submission.name}' tunes {len(space)} hyperparameters; at most {HALTON_DIMENSIONS} are possible")
    sampler = qmc.Halton(HALTON_DIMENSIONS, scramble=True, rng=stable_seed(seed, label, study, "draws") % 2**32)
    draws = sampler.random(trials or 1)
    return [{name: space[name].at(float(u)) for name, u in zip(space, row, strict=False)} for row in draws]


def _schedule_grid(seed: int, label: str, workload: Workload, schedule: Schedule, study: int) -> Iterator[dict[str, Any]]:
    """Yield the grid of one study, the point nearest (reference rate, middle horizon) first.

    The lattice is shifted at random per study, the same for all submissions (Cranley and Patterson 1976).
    """
    rates = _shifted_rates(seed, label, study)
    horizons = [1.0]
    if not schedule.anytime:
        points = shifted_lattice(HORIZON_POINTS, stable_seed(seed, label, study, "horizon"))
        horizons = [SHORTEST_HORIZON + (1 - SHORTEST_HORIZON) * u for u in points]
    middle = (1 + SHORTEST_HORIZON) / 2
    order = sorted(product(rates, horizons), key=lambda point: (abs(math.log(point[0])), abs(point[1] - middle)))
    for rate, horizon in order:
        yield {"learning_rate": workload.settings.reference.learning_rate * rate, "horizon": horizon}


def _budget_grid(seed: int, label: str, workload: Workload, study: int, rates: int | None) -> Iterator[dict[str, Any]]:
    """Yield the grid of the budget track: at every share of the budget the peak rates, those nearest the reference first."""
    order = sorted(_shifted_rates(seed, label, study), key=lambda rate: abs(math.log(rate)))
    for share, rate in product(BUDGET_SHARES, order[:rates]):
        yield {"learning_rate": workload.settings.reference.learning_rate * rate, "horizon": share}


def _rate_grid(workload: Workload, rates: int | None) -> Iterator[dict[str, Any]]:
    """Yield the grid of the sensitivity to the peak rate: fixed multiples of the reference rate, the whole budget."""
    for rate in sorted(HALF_DECADES, key=lambda rate: abs(math.log(rate)))[:rates]:
        yield {"learning_rate": workload.settings.reference.learning_rate * rate, "horizon": 1.0}


def _shifted_rates(seed: int, label: str, study: int) -> list[float]:
    """Return the multiples of the reference rate of one study: 1/3, 1, 3, shifted."""
    lattice = shifted_lattice(RATE_POINTS, stable_seed(seed, label, study, "rate"))
    return [RATE_STEP ** (RATE_POINTS * (u - 0.5)) for u in lattice]


def shifted_lattice(points: int, seed: int) -> list[float]:
    """Return `points` equidistant points of [0, 1), all shifted by one random amount (mod 1), in ascending order."""
    shift = (seed % 2**53) / 2**53
    return sorted(((i + shift) / points) % 1.0 for i in range(points))


def search_space(submission: Submission) -> dict[str, Range]:
    """Return what the `external` track tunes, in draw order: the submission's space, then horizon and warm-up.

    Horizon (a fraction of the budget) is tuned for OPTIMIZER+SCHEDULE where the schedule needs one, warm-up (a
    fraction of the budget) for every OPTIMIZER+SCHEDULE.

    Raises:
        BadInput: optimizer and schedule tune a hyperparameter of the same name.
    """
    if submission.procedure is not None:
        return dict(submission.procedure.space)
    assert submission.optimizer is not None
    space: dict[str, Range] = dict(submission.optimizer.space)
    if submission.schedule is not None and not submission.schedule.anytime:
        space["horizon"] = Uniform(SHORTEST_HORIZON, 1.0)
    space["warmup"] = Choice(0.02, 0.05, 0.1)
    for name, values in (submission.schedule.space if submission.schedule else {}).items():
        if name in space:
            raise BadInput(f"'{submission.name}': optimizer and schedule both have a hyperparameter '{name}': rename one")
        space[name] = values
    return space
