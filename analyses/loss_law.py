"""How well the loss law predicts schedules that it was not fitted to: the tables of docs/loss_law.md.

    python -m analyses.loss_law [--results DIR] [-w WORKLOAD]... [--each-seed] [--json]
    python -m analyses.loss_law --results DIR --recorded budget      # no trial is run: records of a track

The command runs complete trials (the reference recipe, the full budget, the sensitivity ruleset at the reference rate) of
five schedules with three seeds each, unless `--results` already contains them. It fits the law to the mean curves of `cosine`
and `constant` and prints the relative errors of its predictions for the other schedules, at the end and as the mean over the
second half. Beside them stand the errors of a guess without a law, that every schedule does as `cosine` does at the same step,
and the standard error of the mean that is predicted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from harness.contracts.errors import BadInput
from harness.execution.inline import run_inline
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.forecast.fit import SOURCE_MEMORY, Curve, fit_law
from harness.forecast.recorded import RecordedCurve, recorded_curve
from harness.plan import Request, make_plan
from harness.records import TrialRecord
from harness.registry import find_schedule
from harness.results import ResultStore
from harness.rules import SENSITIVITY
from workloads.data import data_directory

WORKLOADS = ("shakespeare_lm", "g2p_transformer", "flights_dlrm")
FITTED = ("cosine", "constant")
PREDICTED = ("linear", "wsd", "rex")

NUMBERS = ("end", "half", "tied_end", "tied_half", "guess_end", "guess_half", "noise")


@dataclass(frozen=True)
class Errors:
    """Relative errors of the predictions for one schedule.

    Attributes:
        workload, schedule: what was predicted.
        end, half: error of the law at the end, and its mean over the second half.
        tied_end, tied_half: the same with the memory of the source, (1 - lambda) T = 24.
        guess_end, guess_half: the same for the guess that it does as `cosine` does.
        noise: standard error of the predicted mean at the end; NaN with one seed.
    """

    workload: str
    schedule: str
    end: float
    half: float
    tied_end: float
    tied_half: float
    guess_end: float
    guess_half: float
    noise: float

    def line(self) -> str:
        """Return one line of the table, in per cent."""
        return _line(self.workload, self.schedule, [getattr(self, name) for name in NUMBERS])


def _line(workload: str, schedule: str, numbers: list[float]) -> str:
    return f"| {workload} | {schedule} | " + " | ".join(f"{100 * number:.2f}" for number in numbers) + " |"


def run_trials(results: Path, workloads: tuple[str, ...]) -> None:
    """Run the trials that `results` does not contain yet."""
    names = (*FITTED, *PREDICTED)
    plan = make_plan(
        Request(suite="laptop", submissions=names, workloads=workloads, track=SENSITIVITY.name, studies=3, trials=1)
    )
    settings = Settings("inline", data_directory())
    race = Race(plan, ResultStore(results), settings)
    race.prepare()
    run_inline(race)


def groups(records: list[TrialRecord], track: str, each_seed: bool = False) -> list[dict[str, list[RecordedCurve]]]:
    """Return the runs of every schedule, one mapping per workload, peak rate and horizon (and seed) that all schedules have."""
    by_setting: dict[tuple[str, float, int, int], dict[str, list[RecordedCurve]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        spec = record.spec
        if spec.track == track and record.complete and spec.submission in (*FITTED, *PREDICTED):
            try:
                run = recorded_curve(record, find_schedule)
            except BadInput as reason:
                print(f"left out: {reason}", file=sys.stderr)
                continue
            rate = float(spec.hyperparameters["learning_rate"])
            setting = (spec.workload_label, rate, spec.horizon, spec.study if each_seed else 0)
            by_setting[setting][spec.submission].append(run)
    return [runs for _, runs in sorted(by_setting.items()) if all(name in runs for name in (*FITTED, *PREDICTED))]


def mean_curve(runs: list[RecordedCurve]) -> Curve:
    """Return the mean curve of runs that differ in their seeds only."""
    first = runs[0].curve
    return Curve(first.rates, first.steps, np.mean([run.curve.losses for run in runs], axis=0))


def measure(runs: dict[str, list[RecordedCurve]]) -> list[Errors]:
    """Return the errors for the schedules that the law was not fitted to; print the fitted law to stderr."""
    curves = {name: mean_curve(some) for name, some in runs.items()}
    fitted = [curves[name] for name in FITTED]
    label, length = runs["cosine"][0].record.spec.workload_label, len(curves["cosine"].rates)
    chosen, tied = fit_law(fitted), fit_law(fitted, decay=1 - SOURCE_MEMORY / length)
    law = chosen.law
    print(
        f"{label}: L0 {law.floor:.4g}, A {law.scale:.4g}, alpha {law.exponent:.3g}, C {law.gain:.4g}, "
        f"(1 - lambda) T {(1 - law.decay) * length:.3g}; error of the fit {100 * chosen.error:.2f} %, "
        f"{100 * tied.error:.2f} % with {SOURCE_MEMORY:g}",
        file=sys.stderr,
    )
    errors = []
    for name in PREDICTED:
        curve, half = curves[name], slice(len(curves[name].steps) // 2, None)
        by_law, by_tied = (abs(fit.law.predict(curve.rates)[curve.steps - 1] / curve.losses - 1) for fit in (chosen, tied))
        guess = abs(curves["cosine"].losses / curve.losses - 1)
        ends = [run.curve.losses[-1] for run in runs[name]]
        errors.append(
            Errors(
                workload=label,
                schedule=name,
                end=float(by_law[-1]),
                half=float(by_law[half].mean()),
                tied_end=float(by_tied[-1]),
                tied_half=float(by_tied[half].mean()),
                guess_end=float(guess[-1]),
                guess_half=float(guess[half].mean()),
                noise=float(np.std(ends, ddof=1) / len(ends) ** 0.5 / np.mean(ends)) if len(ends) > 1 else float("nan"),
            )
        )
    return errors


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m analyses.loss_law", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, metavar="DIR", help="keep the trials there; by default they are deleted")
    parser.add_argument("--recorded", metavar="TRACK", help="run nothing: use the records of this track in --results")
    parser.add_argument("-w", dest="workloads", action="append", metavar="WORKLOAD", help="a workload; repeatable")
    parser.add_argument("--each-seed", action="store_true", help="fit and predict single runs instead of means over seeds")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as temporary:
        results = given.results or Path(temporary)
        if not given.recorded:
            run_trials(results, tuple(given.workloads or WORKLOADS))
        records = list(ResultStore(results).records())
        runs = groups(records, given.recorded or SENSITIVITY.name, given.each_seed)
        errors = [error for group in runs for error in measure(group)]
    if not errors:
        print(f"nothing to measure: complete trials of {', '.join((*FITTED, *PREDICTED))} are needed", file=sys.stderr)
        return 2
    means = [float(np.mean([getattr(error, name) for error in errors])) for name in NUMBERS]
    if given.json:
        print(json.dumps({"errors": [asdict(error) for error in errors], "mean": means}))
        return 0
    print("| workload | schedule | end | half | end, 24 | half, 24 | cosine, end | cosine, half | noise |")
    print("|---|---|---|---|---|---|---|---|---|")
    for error in errors:
        print(error.line())
    print(_line("mean", "", means))
    print(f"relative errors in per cent; {time.process_time() - began:.0f} CPU seconds", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
