"""How well the loss law foretells schedules that it was not fitted to: docs/loss_law.md's table.

Runs complete trials (the reference recipe, the whole budget, the sensitivity ruleset at the reference rate) of five schedules,
three seeds each, unless ``--results`` holds them; fits the law to the mean curves of cosine and constant; and prints the
relative error of the others at the end and over the second half. Beside it stands what a guesser without a law would have
had, that every schedule does as cosine does at the same step, and the standard error of the mean that is foretold.

    python analyses/loss_law.py [--results DIR]
    python analyses/loss_law.py --results DIR --recorded budget      # no trial is run: records of a track
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
from workloads.data import data_directory

WORKLOADS = ("shakespeare_lm", "g2p_transformer", "flights_dlrm")
FITTED = ("cosine", "constant")
FORETOLD = ("linear", "wsd", "rex")


@dataclass(frozen=True)
class Error:
    """Of one schedule: relative errors at the end and the mean over the second half, by the law and by guessing cosine."""

    workload: str
    schedule: str
    end: float
    half: float
    tied_end: float
    tied_half: float
    guess_end: float
    guess_half: float
    noise: float

    @property
    def words(self) -> str:
        """One line of the table."""
        numbers = (self.end, self.half, self.tied_end, self.tied_half, self.guess_end, self.guess_half, self.noise)
        return f"| {self.workload} | {self.schedule} | " + " | ".join(f"{100 * number:.2f}" for number in numbers) + " |"


def run_trials(results: Path, workloads: tuple[str, ...]) -> None:
    """Run what is not there yet."""
    names = (*FITTED, *FORETOLD)
    plan = make_plan(Request(suite="laptop", submissions=names, workloads=workloads, track="sensitivity", studies=3, trials=1))
    settings = Settings("inline", data_directory(), run_to_end=True)
    race = Race(plan, ResultStore(results), settings)
    race.prepare()
    run_inline(race)


def groups(records: list[TrialRecord], track: str, each_seed: bool = False) -> list[dict[str, list[RecordedCurve]]]:
    """Return the runs of every schedule: a mapping for each workload, peak rate and horizon (and seed) that all ran with."""
    found: dict[tuple, dict[str, list[RecordedCurve]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        spec = record.spec
        if spec.track == track and record.complete and spec.submission in (*FITTED, *FORETOLD):
            try:
                run = recorded_curve(record, find_schedule)
            except BadInput as reason:
                print(f"left out: {reason}", file=sys.stderr)
                continue
            key = (spec.workload_label, spec.hyperparameters["learning_rate"], spec.horizon, spec.study if each_seed else 0)
            found[key][spec.submission].append(run)
    return [runs for _, runs in sorted(found.items()) if all(name in runs for name in (*FITTED, *FORETOLD))]


def mean_curve(runs: list[RecordedCurve]) -> Curve:
    """Return the mean curve of runs that differ in their seeds."""
    first = runs[0].curve
    return Curve(first.rates, first.steps, np.mean([run.curve.losses for run in runs], axis=0))


def measure(runs: dict[str, list[RecordedCurve]]) -> list[Error]:
    """Return the errors of the schedules that the law was not fitted to."""
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
    for name in FORETOLD:
        curve, half = curves[name], slice(len(curves[name].steps) // 2, None)
        by_law, by_tied = (abs(fit.law.predict(curve.rates)[curve.steps - 1] / curve.losses - 1) for fit in (chosen, tied))
        guessed = abs(curves["cosine"].losses / curve.losses - 1)
        ends = [run.curve.losses[-1] for run in runs[name]]
        noise = float(np.std(ends, ddof=1) / len(ends) ** 0.5 / np.mean(ends)) if len(ends) > 1 else float("nan")
        pairs = [float(value) for e in (by_law, by_tied, guessed) for value in (e[-1], e[half].mean())]
        errors.append(Error(label, name, *pairs, noise))
    return errors


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="where trials are kept; a directory that is removed by default")
    parser.add_argument("--recorded", metavar="TRACK", help="run nothing: records of this track in --results")
    parser.add_argument("-w", dest="workloads", action="append", help="a workload; repeatable")
    parser.add_argument("--each-seed", action="store_true", help="fit and judge single runs instead of means over seeds")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as passing:
        results = arguments.results or Path(passing)
        if not arguments.recorded:
            run_trials(results, tuple(arguments.workloads or WORKLOADS))
        records = list(ResultStore(results).records())
        found = groups(records, arguments.recorded or "sensitivity", arguments.each_seed)
        errors = [error for runs in found for error in measure(runs)]
    if not errors:
        print(f"nothing to measure: complete trials of {', '.join((*FITTED, *FORETOLD))} are needed", file=sys.stderr)
        return 2
    means = [float(np.mean([list(asdict(e).values())[k] for e in errors])) for k in range(2, 9)]
    if arguments.json:
        print(json.dumps({"errors": [asdict(e) for e in errors], "mean": means}))
        return 0
    print("| workload | schedule | end | half | end, 24 | half, 24 | cosine, end | cosine, half | noise |")
    print("|---|---|---|---|---|---|---|---|---|")
    for error in (*errors, Error("mean", "", *means)):
        print(error.words)
    print(f"relative errors in per cent; {time.process_time() - began:.0f} CPU seconds", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
