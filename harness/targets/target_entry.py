"""Makes the entry of a workload in `targets.json` from the results of the protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from harness.contracts.workloads import Workload
from harness.records import Status, TrialRecord, TrialSpec
from harness.registry import find_optimizer
from harness.results import ResultStore
from harness.targets.protocol import TARGET_SHARE, Configuration, Protocol
from harness.targets.verdict import Check, Curve, best_by, hit_time, response, share_reached, to_json


class NoTarget(Exception):
    """The protocol cannot set a target for a workload. The message is the reason, in one line."""


def result_of(store: ResultStore, spec: TrialSpec) -> TrialRecord:
    """Return the record of a trial of the protocol that ran to its end or diverged.

    Raises:
        NoTarget: there is none.
    """
    record = store.read(spec)
    if record is None or record.status not in (Status.FINISHED, Status.DIVERGED):
        why = "it was not run" if record is None else f"{record.status}: {record.reason}"
        raise NoTarget(f"a trial of {spec.submission} has no result ({why}): run the same command again")
    return record


@dataclass(frozen=True)
class SearchResult:
    """The result of the search.

    Attributes:
        rows: every configuration with its record.
        ranking: the configurations by their best value, best first.
    """

    rows: Sequence[tuple[Configuration, TrialRecord]]
    ranking: Sequence[Configuration]

    @classmethod
    def of(cls, rows: Sequence[tuple[Configuration, TrialRecord]], sign: float) -> SearchResult:
        """Return the result with its ranking; `sign` is -1 if higher values are better, else 1.

        Raises:
            NoTarget: every trial diverged.
        """
        bests = [best_by(curve_of(record, sign), math.inf) for _, record in rows]
        if not math.isfinite(min(bests)):
            raise NoTarget("every trial of the search diverged, so its ranges do not suit this workload")
        return cls(rows, [rows[i][0] for i in np.argsort(bests, kind="stable")])


@dataclass(frozen=True)
class Verification:
    """The verification of a target.

    Attributes:
        fresh: curves of fresh seeds at the reference rate.
        rates: {multiple of the reference rate: curves}.
        variants: {variant: curves}.
        checks: {name: check}.
    """

    fresh: Sequence[Curve]
    rates: Mapping[float, Sequence[Curve]]
    variants: Mapping[str, Sequence[Curve]]
    checks: Mapping[str, Check]


@dataclass(frozen=True)
class Findings:
    """All results of the protocol for one workload. Curves are negated if higher values are better; targets never are.

    Attributes:
        workload, protocol, seed: what was run.
        search, winner: the search and the configuration that won it.
        target, seeds: the target, and the records whose median it is.
        variants, variant_seeds: {variant: target} and {variant: the curves whose median it is}.
        verification: of the target and of the variants' targets.
    """

    workload: Workload
    protocol: Protocol
    seed: int
    search: SearchResult
    winner: Configuration
    target: float
    seeds: Sequence[TrialRecord]
    variants: Mapping[str, float]
    variant_seeds: Mapping[str, Sequence[Curve]]
    verification: Verification

    @property
    def sign(self) -> float:
        """-1 if higher values are better, else 1."""
        return 1.0 if self.workload.lower_is_better else -1.0

    @property
    def deadline(self) -> float:
        """Charged examples within which the target was reached."""
        return TARGET_SHARE * self.workload.size.budget


def curve_of(record: TrialRecord, sign: float) -> Curve:
    """Return a record's curve with its values multiplied by `sign`, without evaluations that have no value."""
    points = [(e["examples"], e["metric"]) for e in record.evaluations if e["metric"] is not None]
    clock, values = zip(*points, strict=True) if points else ((), ())
    return np.array(clock, float), sign * np.array(values, float)


def entry(findings: Findings) -> dict[str, Any]:
    """Return the entry: target, reference recipe, checks, and all numbers from which they follow."""
    workload, winner, record = findings.workload, findings.winner, findings.seeds[0]
    date = datetime.now(UTC).date().isoformat()
    return {
        "version": workload.version,
        "target": findings.target,
        "trivial": workload.trivial_metric(),
        "provisional": findings.protocol.provisional,
        "words": _provenance(findings, date, len(findings.seeds), findings.verification.fresh, findings.target),
        "reference": _reference(workload, winner),
        "variants": {name: _variant(findings, name, date) for name in findings.variants},
        "checks": to_json(findings.verification.checks),
        "date": date,
        "versions": {**record.spec.libraries, "timetrial": record.environment.get("timetrial", "")},
        "machine": record.environment.get("machine", ""),
        "device": record.environment.get("device", ""),
        "defined": record.spec.workload_hash,
        "protocol": {key: value for key, value in asdict(findings.protocol).items() if key != "recipes"},
        "seed": findings.seed,
        "best": {"recipe": winner.recipe, "submission": winner.submission, "hyperparameters": dict(winner.hyperparameters)},
        "final": _final_metrics(findings.seeds),
        **_cost([record for _, record in findings.search.rows]),
        **_numbers(findings),
    }


def _provenance(findings: Findings, date: str, seeds: int, fresh: Sequence[Curve], target: float) -> str:
    name = "provisional (reduced protocol)" if findings.protocol.provisional else "protocol"
    reached = round(share_reached(fresh, findings.sign * target) * len(fresh))
    return (
        f"{name}, {date}: the value that {findings.winner.recipe} reaches within {TARGET_SHARE:.0%} of the budget, median over "
        f"{seeds} seeds; {reached} of {len(fresh)} fresh seeds reach it within the budget"
    )


def _reference(workload: Workload, winner: Configuration) -> dict[str, Any]:
    optimizer = winner.submission.partition("+")[0]
    hyperparameters = {**find_optimizer(optimizer).defaults, **winner.hyperparameters}
    rate = hyperparameters.pop("learning_rate")
    warmup = workload.size.reference.warmup
    return {"optimizer": optimizer, "learning_rate": rate, "hyperparameters": hyperparameters, "warmup": warmup}


def _variant(findings: Findings, name: str, date: str) -> dict[str, Any]:
    target, curves, fresh = findings.variants[name], findings.variant_seeds[name], findings.verification.variants[name]
    return {
        "target": target,
        "words": f"{_provenance(findings, date, len(curves), fresh, target)}; the configuration of the base",
        "seeds": [findings.sign * best_by(curve, findings.deadline) for curve in curves],
        "hits": [hit_time(curve, findings.sign * target) / findings.workload.size.budget for curve in fresh],
    }


def _numbers(findings: Findings) -> dict[str, Any]:
    """Return the numbers from which target and checks follow: search, seeds, hits of fresh seeds, and other rates."""
    sign, target, verification = findings.sign, findings.sign * findings.target, findings.verification
    valley = response({**verification.rates, 1.0: verification.fresh})
    curves = [(c, curve_of(record, sign)) for c, record in findings.search.rows]
    return {
        "search": [
            [c.recipe, dict(c.hyperparameters), sign * best_by(curve, math.inf), sign * best_by(curve, findings.deadline)]
            for c, curve in curves
        ],
        "seeds": [sign * best_by(curve_of(record, sign), findings.deadline) for record in findings.seeds],
        "hits": [hit_time(curve, target) / findings.workload.size.budget for curve in verification.fresh],
        "rates": {f"{rate:.3g}": sign * value for rate, value in valley.items()},
        "rate_hits": {f"{rate:.3g}": share_reached(curves, target) for rate, curves in verification.rates.items()},
    }


def _cost(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return the median CPU seconds of a trial of the whole budget without set-up, and the fraction spent on evaluation."""
    clocks = [record.clocks for record in records if record.status == Status.FINISHED]
    totals = [c["seconds"] + c["evaluation_seconds"] for c in clocks]
    shares = [c["evaluation_seconds"] / total for c, total in zip(clocks, totals, strict=True)]
    return {"seconds": float(np.median(totals)), "evaluation_share": float(np.median(shares))}


def _final_metrics(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return the medians over seeds of all final metrics, those on the whole validation set and on the test set included."""
    ends = [record.evaluations[-1] for record in records if record.status == Status.FINISHED]
    names = [name for name in ends[0] if name not in ("examples", "seconds", "steps")] if ends else []
    return {name: float(np.median([end[name] for end in ends])) for name in names}
