"""How often `--stop-hopeless` errs and what it saves: its forecast applied to trials that ran to their end.

    python -m analyses.hopeless_replay RESULTS [--track schedule] [--quantiles .1 .25 .5 .75] [--json]

RESULTS is a directory that `timetrial run --no-prune` filled. The forecast is applied to every trial after each evaluation up
to its first hit, and stops it where it predicts a miss. This is done with the targets as they are, and with targets moved so
that the given shares of all trials reach them (complete curves make that exact). The command prints how many trials are
stopped and how many of these would have reached the target (the errors), which charged examples that saves, compared with
stopping at the first hit only and beside the safe rules in the run's own order of dispatch with one worker, and the largest
change of a score.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.pruning_replay import NEEDS_COMPLETE, complete_trials, scores_of
from analyses.recorded_race import replay
from harness.pruning import FORECAST, forecast
from harness.records import CLOCKS, Status

Row = Mapping[str, Any]
"""One trial, as a row of what `harness.load_results` returns."""


@dataclass(frozen=True)
class Errors:
    """What the forecast did.

    Attributes:
        quantile: share of trials that reach the moved targets; None for the targets as they are.
        trials, reaching: number of trials, and of those that reach their target.
        stopped, wrong: number of trials that the forecast stops, and of these the ones that reach their target.
        examples: charged examples with every trial stopped at its first hit, the same with the forecast, with the safe
            rules, and with the safe rules and the forecast.
        score_change: the largest change of a score.
        wrong_by_submission: trials that were wrongly stopped.
    """

    quantile: float | None
    trials: int
    reaching: int
    stopped: int
    wrong: int
    examples: tuple[float, float, float, float]
    score_change: float
    wrong_by_submission: dict[str, int]

    def in_words(self) -> str:
        """Return one line."""
        alone, safe = (1 - self.examples[k + 1] / self.examples[k] for k in (0, 2))
        target = "targets as they are" if self.quantile is None else f"targets that {self.quantile:.0%} of trials reach"
        return (
            f"{target}: {self.reaching} of {self.trials} trials reach; {self.stopped} stopped, {self.wrong} of them wrongly "
            f"({share(self.wrong, self.stopped)} of the stopped, {share(self.wrong, self.reaching)} of those that reach); "
            f"saves {alone:.1%} of examples alone, {safe:.1%} beside the safe rules; largest change of a score "
            f"{self.score_change:.3f}; wrongly stopped: {self.wrong_by_submission or 'none'}"
        )


def share(part: int, total: int) -> str:
    """Return a share in per cent, or a dash of nothing."""
    return f"{part / total:.1%}" if total else "-"


def stopped_after(row: Row) -> int:
    """Return after how many evaluations the forecast stops a trial, 0 for never."""
    examples, values = row["curve"]["examples"], row["curve"]["metric"]
    end = min(row["horizon_examples"], row["budget_examples"])
    last = row["hit_index"] if row["hit_index"] >= 0 else len(examples) - 1  # after its last evaluation it has ended anyway
    for evaluated in range(1, last + 1):
        rates = [(p[0], p[1], p[2]) for p in row["learning_rates"] if p[1] <= examples[evaluated - 1]]
        reason = forecast(
            list(examples[:evaluated]),
            list(values[:evaluated]),
            rates,
            target=row["target"],
            lower_is_better=row["lower_is_better"],
            end=end,
        )
        if reason:
            return evaluated
    return 0


def with_moved_targets(trials: pd.DataFrame, quantile: float) -> pd.DataFrame:
    """Return complete trials with the target that a share of them reaches, workload by workload."""
    rows = _rows(trials)
    best: dict[str, list[float]] = {}
    for row in rows:
        best.setdefault(row["workload"], []).append(_best(row))
    for row in rows:
        lower = row["lower_is_better"]
        target = float(np.quantile(best[row["workload"]], quantile if lower else 1 - quantile))
        values = row["curve"]["metric"]
        met = values <= target if lower else values >= target
        hit = int(np.argmax(met)) if met.any() else -1
        row |= {"target": target, "hit_index": hit}
        row |= {f"hit_{c}": float(row["curve"][c][hit]) if hit >= 0 else math.inf for c in CLOCKS}
        if row["status"] in (Status.REACHED, Status.MISSED):
            row["status"] = str(Status.REACHED if hit >= 0 else Status.MISSED)
    return pd.DataFrame(rows)


def _rows(trials: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in trials.to_dict("records")]


def _best(row: Row) -> float:
    values = row["curve"]["metric"]
    worst = math.inf if row["lower_is_better"] else -math.inf
    return float(min(values, default=worst) if row["lower_is_better"] else max(values, default=worst))


def measure(trials: pd.DataFrame, order: Sequence[str], quantile: float | None = None) -> Errors:
    """Return what the forecast does to complete `trials`; `quantile` moves the targets."""
    trials = trials if quantile is None else with_moved_targets(trials, quantile)
    rows = {row["id"]: row for row in _rows(trials)}
    stops = {name: evaluated for name, row in rows.items() if (evaluated := stopped_after(row))}
    wrong = Counter(str(rows[name]["submission"]) for name in stops if rows[name]["hit_index"] >= 0)
    to_hit = {name: min(row["hit_examples"], row["end_examples"]) for name, row in rows.items()}
    to_stop = {name: rows[name]["curve"]["examples"][evaluated - 1] for name, evaluated in stops.items()}
    safe, both = replay(trials, order, 1), replay(trials, order, 1, hopeless=stops)
    before, after = scores_of(safe.trials), scores_of(both.trials, [FORECAST])
    return Errors(
        quantile=quantile,
        trials=len(rows),
        reaching=sum(row["hit_index"] >= 0 for row in rows.values()),
        stopped=len(stops),
        wrong=sum(wrong.values()),
        examples=(sum(to_hit.values()), sum({**to_hit, **to_stop}.values()), safe.examples[1], both.examples[1]),
        score_change=max(abs(after[name] - before[name]) for name in before),
        wrong_by_submission=dict(sorted(wrong.items())),
    )


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.hopeless_replay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, metavar="RESULTS")
    parser.add_argument("--track", default="schedule")
    parser.add_argument("--quantiles", type=float, nargs="*", default=[0.1, 0.25, 0.5, 0.75], metavar="SHARE")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    trials, order = complete_trials(given.results, given.track)
    if trials.empty:
        print(NEEDS_COMPLETE, file=sys.stderr)
        return 2
    for quantile in (None, *given.quantiles):
        errors = measure(trials, order, quantile)
        print(json.dumps(asdict(errors)) if given.json else errors.in_words())
    return 0


if __name__ == "__main__":
    sys.exit(main())
