"""Rules, submissions and workloads in; the trials to run out, in the order in which they should start."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

from harness.canonical import stable_seed
from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.spaces import MAX_INTEGER
from harness.contracts.workloads import Workload
from harness.lattice import check_dimensions, halton_rows, nearest_first, shifted_rates
from harness.records import NO_TARGET, TrialSpec
from harness.registry import Submission, find_submission, find_workload, hash_for_track, library_versions, suites
from harness.rules import (
    DEFAULT_SUITE,
    DEFAULT_TRACKS,
    FIRST_SCHEDULES,
    RATE_MULTIPLE,
    RULESETS,
    SUITES,
    TRACKS,
    DefaultPoint,
    FixedRates,
    Reading,
    ShiftedRates,
    SpaceDraws,
    Track,
)

MOST_STUDIES, MOST_POINTS, MOST_TRIALS, MOST_MULTIPLES = 10_000, 1_000, 200_000, 20
"""A request for more studies, points per study, trials in all or rate multiples is a mistake: nobody could wait for it."""

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that names of submissions must not contain: control and format characters, bytes that are not UTF-8."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user wants to run; the defaults are those of the command line.

    Attributes:
        suite: the size of the workloads; all its workloads run unless `workloads` names some.
        submissions: names as typed after ``-s``; empty means `FIRST_SCHEDULES`, unless some are `found`.
        rate_multiples: factors of the learning rates of submissions that own these; each point runs at each of them, so that a
            study tunes them. Empty means 1.
        found: further submissions, which need not be looked up by name.
        workloads: names of base workloads; empty means all of the suite.
        track: a key of `RULESETS`; empty means the default for the submissions.
        studies: studies per submission and workload; None means the track's number.
        trials: points of the lattice per horizon and study; None means the track's number.
        seed: from which all seeds and random draws are derived.
        held_out: also the held-out variants.
        pair: the two submissions of ``--until-separable``, instead of `submissions`; their studies are on no board.
    """

    suite: str = DEFAULT_SUITE
    submissions: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    track: str = ""
    studies: int | None = None
    trials: int | None = None
    seed: int = 0
    held_out: bool = False
    pair: tuple[str, ...] = ()
    found: tuple[Submission, ...] = ()
    rate_multiples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The trials of a run, in dispatch order: study by study, workload by workload, those that are likely to be fast first."""

    track: Track
    suite: str
    trials: tuple[TrialSpec, ...]
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    submissions: Mapping[str, Submission] = field(default_factory=dict)
    pair: tuple[str, ...] = ()

    def without(self, workloads: Sequence[str]) -> Plan:
        """Return the plan without the workloads named by their labels."""
        return replace(self, trials=tuple(spec for spec in self.trials if spec.workload_label not in workloads))


def make_plan(request: Request) -> Plan:
    """Return the plan of a request.

    Raises:
        BadInput: a name is unknown or named twice, a number is too small or too large, or the combination cannot be run.
    """
    _check_numbers(request)
    submissions = _find_submissions(request)
    _check_multiples(request, submissions)
    track = _choose_track(request.track, list(submissions.values()))
    if request.held_out and Reading.TIME_TO_TARGET not in track.reads:
        raise BadInput(
            f"--held-out: held-out variants need times to the target, which {track.title} does not measure; leave it out"
        )
    workloads = _choose_workloads(request)
    if track.targeted:
        _check_targets(workloads)
    studies = range(request.studies or track.studies)
    specs: list[TrialSpec] = []
    for study in studies:
        for workload in workloads.values():
            rows = [_trials(_Study(request, track, workload, submission, study)) for submission in submissions.values()]
            longest = max(len(row) for row in rows)
            specs += [row[rank] for rank in range(longest) for row in rows if rank < len(row)]
        if len(specs) * len(studies) > MOST_TRIALS * (study + 1):  # known after the first study, before the memory is full
            raise BadInput(
                f"{len(studies)} studies of {len(specs) // (study + 1)} trials: a run has at most {MOST_TRIALS:,} trials;"
                " name fewer submissions or workloads, or use smaller --studies or --trials"
            )
    specs.sort(key=lambda spec: bool(spec.variant))  # a held-out variant runs only if its base is reached
    pair = tuple(submissions) if request.pair else ()
    return Plan(track, request.suite, tuple(specs), workloads, submissions, pair)


def check_seed(seed: int) -> None:
    """Check the seed of all random numbers.

    Raises:
        BadInput: it is negative, or larger than 64 bits hold.
    """
    if not 0 <= seed < MAX_INTEGER:
        raise BadInput(f"--seed {seed}: a whole number from 0 to 2^63 - 1 is needed")


def _check_numbers(request: Request) -> None:
    """Check the numbers of studies and trials, and the seed.

    Raises:
        BadInput: one is too small or too large.
    """
    limits = (("--studies", request.studies, MOST_STUDIES), ("--trials", request.trials, MOST_POINTS))
    for name, number, most in limits:
        if number is not None and number < 1:
            raise BadInput(f"{name} {number}: at least 1 is needed")
        if number is not None and number > most:
            raise BadInput(f"{name} {number}: at most {most:,} are possible")
    check_seed(request.seed)


def _find_submissions(request: Request) -> dict[str, Submission]:
    """Return {name: submission} of a request.

    Raises:
        BadInput: a name is unknown or named twice, or its characters would not survive in a record.
    """
    submissions: dict[str, Submission] = {}
    named = request.pair or request.submissions or (() if request.found else FIRST_SCHEDULES)
    for submission in (*map(find_submission, named), *request.found):
        check_printable(submission)
        if submission.name in submissions and request.pair:
            raise BadInput(f"--until-separable {' '.join(request.pair)}: name two different submissions")
        if submission.name in submissions:
            raise BadInput(f"'{submission.name}' is named twice: leave one out")
        submissions[submission.name] = submission
    return submissions


def _check_multiples(request: Request, submissions: Mapping[str, Submission]) -> None:
    """Check the rate multiples of a request.

    Raises:
        BadInput: one is no positive number or is named twice, or a submission has no multiple or a given one.
    """
    multiples = request.rate_multiples
    if not multiples:
        return
    if not all(0 < multiple < math.inf for multiple in multiples):
        raise BadInput("--rate-multiples: positive numbers are needed, as in --rate-multiples 1,3,10")
    if len(set(multiples)) < len(multiples) or len(multiples) > MOST_MULTIPLES:
        raise BadInput(
            f"--rate-multiples: at most {MOST_MULTIPLES} different numbers are possible, as in --rate-multiples 1,3,10"
        )
    for submission in submissions.values():
        if RATE_MULTIPLE not in submission.defaults:
            raise BadInput(
                f"--rate-multiples are for submissions in AlgoPerf's form, and '{submission.name}' is none:"
                " run it by a command of its own, with the same --results"
            )
        if RATE_MULTIPLE in submission.given:
            raise BadInput(f"'{submission.name}' sets {RATE_MULTIPLE}, which --rate-multiples sets too: leave one out")


def check_printable(submission: Submission) -> None:
    """Check that the name of a submission and its source survive in a record.

    Raises:
        BadInput: one contains characters that cannot be printed.
    """
    for text in (submission.name, submission.source):
        if not text.isprintable() and any(unicodedata.category(c) in UNPRINTABLE for c in text):
            raise BadInput(f"{text!a}: its name or path contains characters that cannot be printed: rename the file")


def _choose_track(name: str, submissions: Sequence[Submission]) -> Track:
    """Return the track that a user named, or the default one.

    Raises:
        BadInput: there is no such track, or it does not take one of the submissions.
    """
    kinds = {submission.kind for submission in submissions}
    default = next((track for track in DEFAULT_TRACKS if kinds <= set(track.accepts)), DEFAULT_TRACKS[-1])
    track = RULESETS.get(name) if name else default
    if track is None or not track.points:
        raise BadInput(f"no track '{name}': choose one of {', '.join(TRACKS)}")
    for submission in submissions:
        if submission.kind not in track.accepts:
            article = "an" if submission.kind.startswith("o") else "a"
            what = f"'{submission.name}' is {article} {submission.kind}, which {track.title} does not take"
            if submission.reference_recipe:
                bare = (other.name for other in submissions if other.optimizer is not None and other.schedule is None)
                raise BadInput(f"{what}: name its optimizer too, as in -s {next(bare, 'adamw')}+{submission.name}")
            other = next(other for other in DEFAULT_TRACKS if submission.kind in other.accepts)
            raise BadInput(f"{what}: it takes {' and '.join(f'{kind}s' for kind in track.accepts)}; use --track {other.name}")
    return track


def _choose_workloads(request: Request) -> dict[str, Workload]:
    """Return {label: workload} of a request, held-out variants after their base.

    Raises:
        BadInput: an unknown suite or workload, or a workload without that size.
    """
    available = suites()
    if request.suite not in SUITES:
        raise BadInput(f"no suite '{request.suite}'{did_you_mean(request.suite, SUITES)}")
    names = request.workloads or tuple(available.get(request.suite, ()))
    if not names:
        raise BadInput(f"suite '{request.suite}' has no workloads yet: choose another suite, or name a workload with -w")
    chosen: dict[str, Workload] = {}
    for name in names:
        its_suites = [suite for suite in SUITES if name in available.get(suite, ())]
        if its_suites and request.suite not in its_suites:
            raise BadInput(
                f"workload '{name}' is not in suite '{request.suite}', but in {', '.join(its_suites)}: "
                f"use --suite {its_suites[0]}"
            )
        base = find_workload(name, request.suite)
        if base.label in chosen:
            raise BadInput(f"workload '{name}' is named twice: leave one out")
        chosen[base.label] = base
        for variant in base.variants if request.held_out else ():
            held_out = find_workload(name, request.suite, variant)
            chosen[held_out.label] = held_out
    return chosen


def _check_targets(workloads: Mapping[str, Workload]) -> None:
    """Check that all workloads have a target.

    Raises:
        BadInput: one has none.
    """
    for label, workload in workloads.items():
        if math.isnan(workload.size.target):
            size = workload.size_name
            command = f"timetrial targets -w {workload.name}" + ("" if size == DEFAULT_SUITE else f" --suite {size}")
            raise BadInput(f"workload '{label}' has no target at size '{size}' yet: `{command}` sets one")


@dataclass(frozen=True)
class _Study:
    """One study of a submission on a workload, before its trials are made."""

    request: Request
    track: Track
    workload: Workload
    submission: Submission
    index: int

    def seed(self, *parts: Any) -> int:
        """Return a seed that all submissions share in this study."""
        return stable_seed(self.request.seed, self.workload.label, self.index, *parts)


def _trials(study: _Study) -> list[TrialSpec]:
    """Return the trials of one study, in the order of their indices: every point of the lattice at every horizon."""
    track, workload, submission, size = study.track, study.workload, study.submission, study.workload.size
    budget = whole_steps(size.budget * track.budget, size.batch_size)
    content_hash, libraries = _versions(workload, track, submission.reference_recipe)
    horizons = sorted(whole_steps(share * budget, size.batch_size) for share in track.horizons)
    specs = []
    for trial, (values, share) in enumerate(product(_multiplied(study), track.horizons)):
        # Point by point, so that ``--trials`` adds trials and changes none.
        horizon = share * budget
        end = whole_steps(horizon, size.batch_size)
        specs.append(
            TrialSpec(
                track=track.name,
                suite=study.request.suite,
                workload=workload.name,
                variant=workload.variant,
                size=workload.size_name,
                workload_hash=content_hash,
                submission=submission.name,
                submission_hash=submission.content_hash,
                study=study.index,
                trial=trial,
                seed=study.seed() if track.shared_seeds else study.seed(trial),
                hyperparameters=values,
                budget=budget,
                horizon=end,
                warmup=whole_steps(size.reference.warmup * horizon, size.batch_size),
                evaluation_period=size.evaluation_period,
                evaluation_points=tuple(point for point in horizons if point < end),
                target=size.target if track.targeted else NO_TARGET,
                reference_recipe=submission.reference_recipe,
                libraries={**libraries, **submission.libraries},
                source=submission.source,
                given=dict(submission.given),
            )
        )
    return specs


@cache
def _versions(workload: Workload, track: Track, reference_recipe: bool) -> tuple[str, Mapping[str, str]]:
    """Return a workload's content hash, and the versions of torch and of what its reference recipe imports if that is used."""
    recipe = find_submission(workload.size.reference.optimizer, calibrated=False).libraries if reference_recipe else {}
    content_hash = hash_for_track(workload, track, reference_recipe=reference_recipe)
    return content_hash, {**library_versions(frozenset({"torch"})), **recipe}


def whole_steps(examples: float, batch_size: int) -> int:
    """Return `examples` rounded to whole steps of `batch_size` examples."""
    return round(examples / batch_size) * batch_size


def _multiplied(study: _Study) -> list[dict[str, Any]]:
    """Return the points of a study at each rate multiple.

    A multiple of 1 comes first and adds nothing, so that its trials are those of a run without multiples.
    """
    multiples = sorted(study.request.rate_multiples or (1.0,), key=lambda multiple: (multiple != 1.0, multiple))
    return [
        point if multiple == 1.0 else {**point, RATE_MULTIPLE: multiple} for multiple in multiples for point in _lattice(study)
    ]


def _lattice(study: _Study) -> list[dict[str, Any]]:
    """Return the points of a study's lattice that run, in the order of their indices.

    Raises:
        BadInput: the user set a hyperparameter that the lattice sets, or the search space has too many hyperparameters.
    """
    lattice, limit = study.track.points[study.submission.kind], study.request.trials
    reference = study.workload.size.reference.learning_rate
    match lattice:
        case ShiftedRates():
            rates = shifted_rates(lattice, study.seed("rate"))[: limit or lattice.trials]
            return _at_rates(study, [reference * rate for rate in rates])
        case FixedRates():
            rates = nearest_first(lattice.multiples)[: limit or lattice.trials]
            return _at_rates(study, [reference * rate for rate in rates])
        case SpaceDraws():
            return _draws(lattice, study, limit or lattice.trials)
        case DefaultPoint():
            return [{}]


def _at_rates(study: _Study, rates: Sequence[float]) -> list[dict[str, Any]]:
    """Return the points at these peak learning rates."""
    if "learning_rate" in study.submission.given:
        raise BadInput(
            f"'{study.submission.name}' sets learning_rate, which {study.track.title} itself sets in every trial: leave it out"
        )
    return [{"learning_rate": rate} for rate in rates]


def _draws(lattice: SpaceDraws, study: _Study, count: int) -> list[dict[str, Any]]:
    """Return scrambled Halton points of the submission's search space, or the points that it lists instead, in order.

    A hyperparameter that the user set keeps its dimension, so that the others are drawn as if it were not set.
    """
    space, given = study.submission.space, study.submission.given
    if listed := study.submission.points[:count]:
        # The multiple is 1 in the points of a submission in AlgoPerf's form, and their trials had ids before there was one.
        implied = (RATE_MULTIPLE, study.submission.defaults.get(RATE_MULTIPLE))
        return [{name: v for name, v in point.items() if name not in given and (name, v) != implied} for point in listed]
    check_dimensions(study.submission.name, space)
    if set(space) <= set(given):
        return [{} for _ in range(count if lattice.repeat_defaults else 1)]
    rows = halton_rows(count, study.seed("draws"))
    drawn = [{name: space[name].at(u) for name, u in zip(space, row, strict=False)} for row in rows]
    return [{name: value for name, value in point.items() if name not in given} for point in drawn]
