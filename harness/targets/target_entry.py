"""What the protocol found for one workload -> its entry in `targets.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from harness.contracts import Workload
from harness.records import TrialRecord
from harness.registry import find_optimizer
from harness.targets.protocol import TARGET_SHARE, Configuration, Protocol
from harness.targets.verdict import Check, Curve, best_by, hit_time, response, share_reached, to_json


class Unset(Exception):
    """A workload gets no target; the message is the reason, in one line."""


@dataclass(frozen=True)
class Search:
    """The search: every configuration with its record, and the configurations by their best value, the best first."""

    rows: Sequence[tuple[Configuration, TrialRecord]]
    ranking: Sequence[Configuration]

    @classmethod
    def of(cls, rows: Sequence[tuple[Configuration, TrialRecord]], sign: float) -> Search:
        """Return the search with its ranking; `sign` is -1 where higher is better.

        Raises:
            Unset: everything diverged.
        """
        bests = [best_by(curve_of(record, sign), math.inf) for _, record in rows]
        if not math.isfinite(min(bests)):
            raise Unset("every trial of the search diverged: its ranges do not fit this workload")
        return cls(rows, [rows[i][0] for i in np.argsort(bests, kind="stable")])


@dataclass(frozen=True)
class Verified:
    """The verification of a target: curves of fresh seeds, at other rates and of each variant, and the checks."""

    fresh: Sequence[Curve]
    rates: Mapping[float, Sequence[Curve]]
    variants: Mapping[str, Sequence[Curve]]
    checks: Mapping[str, Check]


@dataclass(frozen=True)
class Found:
    """All that the protocol found for one workload.

    Attributes:
        workload, protocol, seed: what was run.
        search, winner: the search and the configuration that came out of it.
        target, seeds: the target, and the records that it is the median of.
        variants, variant_seeds: {variant: target} and {variant: the curves that it is the median of}.
        verified: the verification. Curves have their sign turned where higher is better, targets never.
    """

    workload: Workload
    protocol: Protocol
    seed: int
    search: Search
    winner: Configuration
    target: float
    seeds: Sequence[TrialRecord]
    variants: Mapping[str, float]
    variant_seeds: Mapping[str, Sequence[Curve]]
    verified: Verified

    @property
    def sign(self) -> float:
        """-1 where higher is better."""
        return 1.0 if self.workload.lower_is_better else -1.0

    @property
    def by(self) -> float:
        """The clock by which the target was reached."""
        return TARGET_SHARE * self.workload.settings.budget


def curve_of(record: TrialRecord, sign: float) -> Curve:
    """Return a record's curve, its values times `sign`; evaluations without a value are left out."""
    points = [(e["examples"], e["metric"]) for e in record.evaluations if e["metric"] is not None]
    clock, values = zip(*points, strict=True) if points else ((), ())
    return np.array(clock, float), sign * np.array(values, float)


def entry(found: Found) -> dict[str, Any]:
    """Return the entry: target, reference recipe, checks, and every number that they rest on."""
    workload, winner, record = found.workload, found.winner, found.seeds[0]
    date = datetime.now(UTC).date().isoformat()
    return {
        "version": workload.version,
        "target": found.target,
        "trivial": workload.trivial_metric(),
        "provisional": found.protocol.provisional,
        "words": _words(found, date, len(found.seeds), found.verified.fresh, found.target),
        "reference": _reference(workload, winner),
        "variants": {name: _variant(found, name, date) for name in found.variants},
        "checks": to_json(found.verified.checks),
        "date": date,
        "versions": {**record.spec.libraries, "timetrial": record.environment.get("timetrial", "")},
        "machine": record.environment.get("machine", ""),
        "device": record.environment.get("device", ""),
        "defined": record.spec.workload_hash,
        "protocol": {key: value for key, value in asdict(found.protocol).items() if key != "recipes"},
        "seed": found.seed,
        "best": {"recipe": winner.recipe, "submission": winner.submission, "hyperparameters": dict(winner.hyperparameters)},
        "final": _ends(found.seeds),
        **_cost([record for _, record in found.search.rows]),
        **_numbers(found),
    }


def _words(found: Found, date: str, seeds: int, fresh: Sequence[Curve], target: float) -> str:
    name = "provisional (reduced protocol)" if found.protocol.provisional else "protocol"
    reached = round(share_reached(fresh, found.sign * target) * len(fresh))
    return (
        f"{name}, {date}: what {found.winner.recipe} has reached by {TARGET_SHARE:.0%} of the budget, median over {seeds} "
        f"seeds; {reached} of {len(fresh)} fresh seeds reach it within the budget"
    )


def _reference(workload: Workload, winner: Configuration) -> dict[str, Any]:
    optimizer = winner.submission.partition("+")[0]
    hyperparameters = {**find_optimizer(optimizer).defaults, **winner.hyperparameters}
    rate = hyperparameters.pop("learning_rate")
    warmup = workload.settings.reference.warmup
    return {"optimizer": optimizer, "learning_rate": rate, "hyperparameters": hyperparameters, "warmup": warmup}


def _variant(found: Found, name: str, date: str) -> dict[str, Any]:
    target, curves, fresh = found.variants[name], found.variant_seeds[name], found.verified.variants[name]
    return {
        "target": target,
        "words": f"{_words(found, date, len(curves), fresh, target)}; the base's configuration",
        "seeds": [found.sign * best_by(curve, found.by) for curve in curves],
        "hits": [hit_time(curve, found.sign * target) / found.workload.settings.budget for curve in fresh],
    }


def _numbers(found: Found) -> dict[str, Any]:
    """Return what target and checks rest on: search, seeds, hits of fresh seeds, and what happens at other rates."""
    sign, target, verified = found.sign, found.sign * found.target, found.verified
    valley = response({**verified.rates, 1.0: verified.fresh})
    curves = [(c, curve_of(record, sign)) for c, record in found.search.rows]
    return {
        "search": [
            [c.recipe, dict(c.hyperparameters), sign * best_by(curve, math.inf), sign * best_by(curve, found.by)]
            for c, curve in curves
        ],
        "seeds": [sign * best_by(curve_of(record, sign), found.by) for record in found.seeds],
        "hits": [hit_time(curve, target) / found.workload.settings.budget for curve in verified.fresh],
        "rates": {f"{rate:.3g}": sign * value for rate, value in valley.items()},
        "rate_hits": {f"{rate:.3g}": share_reached(curves, target) for rate, curves in verified.rates.items()},
    }


def _cost(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return the median CPU seconds of a full-budget trial, set-up apart, and the share that evaluation has in them."""
    clocks = [record.clocks for record in records if record.status == "finished"]
    totals = [c["seconds"] + c["evaluation_seconds"] for c in clocks]
    shares = [c["evaluation_seconds"] / total for c, total in zip(clocks, totals, strict=True)]
    return {"seconds": float(np.median(totals)), "evaluation_share": float(np.median(shares))}


def _ends(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return the medians over seeds of all metrics at the end, on the whole validation set and the test set too."""
    ends = [record.evaluations[-1] for record in records if record.status == "finished"]
    names = [name for name in ends[0] if name not in ("examples", "seconds", "steps")] if ends else []
    return {name: float(np.median([end[name] for end in ends])) for name in names}
