"""Trials whose numbers are possible but improbable: a board names them, and a reader or an audit decides.

Every bound lies well outside what honest submissions showed: the trials of the reference result (25 schedules, 40 optimizers
and procedures, twelve workloads), and forty built-in submissions at size smoke.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.contracts.errors import BadInput
from harness.rules import BATCHNORM_EXAMPLES, ruleset
from harness.scoring.ruler import SHORTEST, Ruler
from harness.scoring.rulers import rulers_of
from harness.scoring.sentences import listed

Place = tuple[str, str]
"""Workload label and type of machine."""

GAIN = 8.0
"""A quality that the reference recipe needs over 8 times the compute for is doubtful. Honest trials: at most 4.2 times."""

RATE = 5.0
"""Seconds per charged example over 5 times the median of the workload's submissions, or under a fifth of it, are doubtful.
Honest trials: 0.56 to 2.1 times at size laptop, 0.30 to 4.0 times at size smoke. Where the race is by seconds these are paid,
and many are no doubt: `muon` takes 15 times the median on the smallest network. A schedule that reads the validation metric is
charged examples that take few seconds (`plateau` on `adult_logreg`: 0.13 to 0.28 times), so the lower bound is on the seconds
per example of the steps."""

LONG_ENOUGH = 0.1
"""Seconds that a trial must be expected to take, at the median rate, before its own is compared: below it, overhead decides."""

EVALUATION, EVALUATION_SECONDS = 4.0, 0.3
"""Seconds per evaluation over 4 times the median of the workload's submissions are doubtful, once a submission's trials beyond
that took 0.3 s more than the median together. Honest trials: at most 3.0 times (`budget`), 2.9 (`schedule`), 2.5 (`external`)
and 1.5 (`self-tuning`), apart from those that refresh BatchNorm statistics."""

REFRESH = BATCHNORM_EXAMPLES / 2
"""Training examples whose seconds an evaluation may take beyond the median, where that is more: no record states whether a
trial refreshes BatchNorm statistics, a forward pass of twice as many. Honest trials: at most 0.65 of these seconds (7.8 times
the median on `speech_lstm`)."""

FEWEST = 3
"""So many submissions must have run on a workload and type of machine before their rates are compared."""

SHARE, SECONDS = 0.1, 0.3
"""CPU seconds outside the clock of the race are doubtful beyond this share of it plus these seconds: those of the
constructor, and those that no clock of the trial has. Honest trials: at most 0.55 s."""

IMPORTS = 2.0
"""CPU seconds more that the constructor may take in fewer than half of a submission's trials: a worker imports a library once.
Honest trials: 2.1 s (`autolrs` imports scikit-learn)."""


def doubts(trials: pd.DataFrame) -> list[str]:
    """Return one sentence per reason to doubt trials, with those that it holds for.

    Args:
        trials: what `harness.results.read_trials` returns. Trials that do not state what is needed are not doubted.
    """
    if trials.empty or not {"curve", "clocks", "facts"} <= set(trials.columns):
        return []
    known = trials[[isinstance(clocks, Mapping) for clocks in trials["clocks"]]]
    rates, rulers, constructors = _medians(known, _rate), _rulers(known), _median_constructors(known)
    found: dict[str, list[str]] = {}
    for row in _rows(known):
        for reason, figure in (
            ("the reference recipe needs far more compute for the quality that they reach", _gain(row, rulers)),
            ("they used CPU time that no clock of theirs has", _outside(row)),
            (
                "their constructor, which no clock counts, computed for long",
                _constructor(row, constructors),
            ),
            ("their seconds per charged example are far from those of other submissions", _off_rate(row, rates)),
        ):
            if figure:
                found.setdefault(reason, []).append(
                    f"{row.submission} on {row.workload} (study {row.study}, trial {row.trial}, {figure})"
                )
    if slow := list(_slow_evaluations(known)):
        found["their evaluations, which no clock counts, take far longer than those of other submissions"] = slow
    return [f"Doubtful, because {reason}: {listed(where)}." for reason, where in found.items()]


def _rows(trials: pd.DataFrame) -> Iterator[Any]:
    return iter(trials.itertuples(index=False))


def _gain(row: Any, rulers: Mapping[str, Ruler]) -> str:
    """Return how much more compute the reference recipe needs, where that is doubtful."""
    ruler, metric = rulers.get(str(row.workload)), row.curve.get("metric", ())
    if ruler is None or not len(metric):
        return ""
    spent = np.maximum(row.curve["examples"] / ruler.budget, SHORTEST)
    gain = float(np.nanmax(np.exp(ruler.log_equivalent(metric)[0]) / spent))
    return f"{gain:.1f} times" if gain > GAIN else ""


def _outside(row: Any) -> str:
    """Return the CPU seconds that no clock has, where they are doubtful; accelerators have no such clocks."""
    measured = [row.clocks.get(name) for name in ("cpu_seconds", "process_seconds", "evaluation_seconds", "setup_seconds")]
    if None in measured or row.environment.get("device") != "cpu":
        return ""
    return _beyond(row, measured[0] - math.fsum(measured[1:]))


def _constructor(row: Any, medians: Mapping[tuple[str, str], float]) -> str:
    """Return the CPU seconds of a trial's constructor, where they are doubtful."""
    usual = medians.get((str(row.submission), _place(row)[1]), 0.0)
    imports = IMPORTS if not _beyond(row, usual) else 0.0
    return _beyond(row, row.clocks.get("constructor_seconds"), imports)


def _beyond(row: Any, seconds: float | None, more: float = 0.0) -> str:
    trained = float(row.clocks.get("seconds") or 0.0)
    return f"{seconds:.2g} s beside {trained:.2g} s" if (seconds or 0.0) > SHARE * trained + SECONDS + more else ""


def _median_constructors(trials: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return {(submission, type of machine): median CPU seconds of the constructor over the trials; of two, the higher}."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in _rows(trials):
        found.setdefault((str(row.submission), _place(row)[1]), []).append(row.clocks.get("constructor_seconds") or 0.0)
    return {key: sorted(values)[len(values) // 2] for key, values in found.items()}


def _off_rate(row: Any, medians: Mapping[Place, float]) -> str:
    """Return a trial's rate over the median one, where that is doubtful."""
    rate, median = _rate(row), medians.get(_place(row), math.nan)
    if math.isnan(rate) or not median * row.clocks["examples"] >= LONG_ENOUGH:
        return ""
    ratio, of_steps = rate / median, row.clocks["seconds"] / _trained(row) / median
    paid = ruleset(str(getattr(row, "track", ""))).clock == "seconds"
    return f"{ratio:.2g} times" if (ratio > RATE and not paid) or of_steps < 1 / RATE else ""


def _trained(row: Any) -> float:
    """Return how many of the charged examples the steps took, one batch of the workload each; all where that is not stated."""
    charged, steps = float(row.clocks["examples"]), row.clocks.get("steps")
    batch = row.facts.get("workload", {}).get("batch_size") if isinstance(row.facts, Mapping) else None
    return min(charged, float(steps) * float(batch)) if steps and batch else charged


def _rate(row: Any) -> float:
    """Return a trial's seconds per charged example; NaN if it ended before its first evaluation."""
    examples, seconds = row.clocks.get("examples"), row.clocks.get("seconds")
    return (
        float(seconds) / float(examples) if examples and seconds is not None and len(row.curve.get("metric", ())) else math.nan
    )


def _place(row: Any) -> Place:
    return str(row.workload), str(getattr(row, "machine_type", ""))


def _slow_evaluations(trials: pd.DataFrame) -> Iterator[str]:
    """Yield the submissions whose evaluations took doubtfully long, wherever they did, with the trials and the factor."""
    medians, rates = _medians(trials, _evaluation), _medians(trials, _rate)
    beyond: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in _rows(trials):
        each, median = _evaluation(row), medians.get(_place(row), math.nan)
        if each > max(EVALUATION * median, median + REFRESH * rates.get(_place(row), math.nan)):
            more = (each - median) * len(row.curve["metric"])
            beyond.setdefault((str(row.submission), str(row.workload)), []).append((each / median, more))
    for (submission, workload), slow in beyond.items():
        ratios, seconds = zip(*slow, strict=True)
        if (more := math.fsum(seconds)) > EVALUATION_SECONDS:
            count = "1 trial" if len(slow) == 1 else f"{len(slow)} trials"
            yield f"{submission} on {workload} ({count}, up to {max(ratios):.2g} times, {more:.2g} s more)"


def _evaluation(row: Any) -> float:
    """Return a trial's seconds per evaluation; NaN if it had none."""
    seconds, count = row.clocks.get("evaluation_seconds"), len(row.curve.get("metric", ()))
    return float(seconds) / count if seconds and count else math.nan


def _medians(trials: pd.DataFrame, measured: Callable[[Any], float]) -> dict[Place, float]:
    """Return the median over submissions of the medians of their trials, wherever enough of them ran.

    Args:
        trials: known ones.
        measured: returns a trial's value, or NaN.
    """
    rates: dict[Place, dict[str, list[float]]] = {}
    for row in _rows(trials):
        if not math.isnan(rate := measured(row)):
            rates.setdefault(_place(row), {}).setdefault(str(row.submission), []).append(rate)
    return {
        place: float(np.median([np.median(values) for values in own.values()]))
        for place, own in rates.items()
        if len(own) >= FEWEST
    }


def _rulers(trials: pd.DataFrame) -> Mapping[str, Ruler]:
    try:
        return rulers_of(trials)
    except BadInput:  # they contradict each other, or are damaged, which the board says elsewhere
        return {}
