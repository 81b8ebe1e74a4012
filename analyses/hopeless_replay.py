"""How often `--stop-hopeless` errs and what it saves: replays its forecast over trials that ran to their end.

    python -m analyses.hopeless_replay RESULTS [--track schedule] [--quantiles .1 .25 .5 .75] [--json]

RESULTS is a directory that `timetrial run --no-prune` filled. Every trial is read evaluation by evaluation up to its first
hit; where the forecast gives it up it is stopped. Printed, for the targets as they are and for targets moved so that the
given shares of all trials reach them (on complete curves that is exact): trials stopped, of these the ones that would
have reached (the error), charged examples saved over trials that stop at their hit only, and saved beside the safe rules in
the run's own order of dispatch with one worker, and the largest change of a score.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyses.pruning_replay import complete_trials, replay, scores_of
from harness.pruning import FORECAST, forecast


@dataclass(frozen=True)
class Errors:
    """What the forecast did: counts of trials, charged examples, and whose trials it stopped wrongly.

    `examples`: unpruned but for the first hit, the same with the forecast, the safe rules, the safe rules with the forecast.
    """

    quantile: float | None
    trials: int
    reaching: int
    stopped: int
    wrong: int
    examples: tuple[float, float, float, float]
    score_change: float
    whose: dict[str, int]

    @property
    def words(self) -> str:
        """One line."""
        alone, safe = (1 - self.examples[k + 1] / self.examples[k] for k in (0, 2))
        target = "targets as they are" if self.quantile is None else f"targets that {self.quantile:.0%} of trials reach"
        return (
            f"{target}: {self.reaching} of {self.trials} trials reach; {self.stopped} stopped, {self.wrong} of them wrongly "
            f"({share(self.wrong, self.stopped)} of the stopped, {share(self.wrong, self.reaching)} of those that reach); "
            f"saves {alone:.1%} of examples alone, {safe:.1%} beside the safe rules; largest change of a score "
            f"{self.score_change:.3f}; wrongly stopped: {self.whose or 'none'}"
        )


def share(part: int, whole: int) -> str:
    """Return a share in per cent."""
    return f"{part / whole:.1%}" if whole else "-"


def given_up(row: dict[str, Any]) -> int:
    """Return after how many evaluations the forecast gives a trial up, 0 for never."""
    examples, values = row["curve"]["examples"], row["curve"]["metric"]
    end = min(row["horizon_examples"], row["budget_examples"])
    last = row["hit_index"] if row["hit_index"] >= 0 else len(examples) - 1  # after the last one it has ended anyway
    for seen in range(1, last + 1):
        rates = [tuple(point) for point in row["learning_rates"] if point[1] <= examples[seen - 1]]
        words = forecast(
            list(examples[:seen]),
            list(values[:seen]),
            rates,
            target=row["target"],
            lower_is_better=row["lower_is_better"],
            end=end,
        )
        if words:
            return seen
    return 0


def moved(trials: pd.DataFrame, quantile: float) -> pd.DataFrame:
    """Return complete trials with the target that a share of them reaches, workload by workload."""
    rows = trials.to_dict("records")
    best: dict[str, list[float]] = {}
    for row in rows:
        best.setdefault(row["workload"], []).append(_best(row))
    for row in rows:
        lower = row["lower_is_better"]
        target = float(np.quantile(best[row["workload"]], quantile if lower else 1 - quantile))
        values = row["curve"]["metric"]
        met = values <= target if lower else values >= target
        at = int(np.argmax(met)) if met.any() else -1
        row |= {"target": target, "hit_index": at}
        row |= {f"hit_{c}": float(row["curve"][c][at]) if at >= 0 else math.inf for c in ("examples", "seconds", "steps")}
        if row["status"] in ("reached", "missed"):
            row["status"] = "reached" if at >= 0 else "missed"
    return pd.DataFrame(rows)


def _best(row: dict[str, Any]) -> float:
    values = row["curve"]["metric"]
    worst = math.inf if row["lower_is_better"] else -math.inf
    return float(min(values, default=worst) if row["lower_is_better"] else max(values, default=worst))


def measure(trials: pd.DataFrame, order: Sequence[str], quantile: float | None = None) -> Errors:
    """Return what the forecast does to complete `trials`; `quantile` moves the targets."""
    trials = trials if quantile is None else moved(trials, quantile)
    rows = {row["id"]: row for row in trials.to_dict("records")}
    stops = {name: seen for name, row in rows.items() if (seen := given_up(row))}
    wrong = Counter(rows[name]["submission"] for name in stops if rows[name]["hit_index"] >= 0)
    to_hit = {name: min(row["hit_examples"], row["end_examples"]) for name, row in rows.items()}
    cut = {name: rows[name]["curve"]["examples"][seen - 1] for name, seen in stops.items()}
    safe, both = replay(trials, order, 1), replay(trials, order, 1, hopeless=stops)
    before, after = scores_of(safe.trials), scores_of(both.trials, [FORECAST])
    return Errors(
        quantile=quantile,
        trials=len(rows),
        reaching=sum(row["hit_index"] >= 0 for row in rows.values()),
        stopped=len(stops),
        wrong=sum(wrong.values()),
        examples=(sum(to_hit.values()), sum({**to_hit, **cut}.values()), safe.examples[1], both.examples[1]),
        score_change=max(abs(after[name] - before[name]) for name in before),
        whose=dict(sorted(wrong.items())),
    )


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--track", default="schedule")
    parser.add_argument("--quantiles", type=float, nargs="*", default=[0.1, 0.25, 0.5, 0.75])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    trials, order = complete_trials(arguments.results, arguments.track)
    if trials.empty:
        print("these records were pruned: fill the directory by `timetrial run --no-prune` first", file=sys.stderr)
        return 2
    for quantile in (None, *arguments.quantiles):
        found = measure(trials, order, quantile)
        print(json.dumps(asdict(found)) if arguments.json else found.words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
