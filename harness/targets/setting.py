"""Runs the target protocol: search, seeds, verification, variants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from harness.contracts import Workload
from harness.plan import Plan
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_optimizer, find_workload
from harness.results import ResultStore
from harness.rules import TARGET_SEARCH, TARGET_SEEDS, Track
from harness.targets.protocol import (
    TARGET_SHARE,
    Configuration,
    Protocol,
    plan_of,
    search_trials,
    seed_trials,
)
from harness.targets.verdict import Check, Curve, best_by, hit_time, response, share_reached, target_of, to_json, verdict

Run = Callable[[Plan], None]


class Unset(Exception):
    """A workload gets no target; the message is the reason, in one line."""


@dataclass(frozen=True)
class Verified:
    """The verification of a target: curves of fresh seeds and at other rates, of each variant, and the checks."""

    fresh: Sequence[Curve]
    rates: Mapping[float, Sequence[Curve]]
    variants: Mapping[str, Sequence[Curve]]
    checks: Mapping[str, Check]


class Setting:
    """The protocol over several workloads at once, phase by phase, so that all cores are busy to the end.

    Every trial is a record in `store`: what has run once is found again.

    Args:
        workloads: base workloads at the size whose target is asked for.
        protocol: how much is run.
        store: where records lie.
        run: runs a plan's trials that are not in `store` yet.
        seed: of everything random.
    """

    def __init__(self, workloads: Sequence[Workload], protocol: Protocol, store: ResultStore, run: Run, seed: int = 0) -> None:
        self.workloads = {workload.label: workload for workload in workloads}
        self.variants = {
            label: {name: find_workload(label, w.size_name, name) for name in w.variants} for label, w in self.workloads.items()
        }
        self.protocol, self.store, self.seed = protocol, store, seed
        self._run = run
        self.unset: dict[str, str] = {}

    def targets(self) -> dict[str, dict[str, Any]]:
        """Run the whole protocol; return {workload: its entry in `targets.json`}. Reasons of the others are in `unset`."""
        p = self.protocol
        searches = {label: search_trials(p, w, self.seed) for label, w in self.workloads.items()}
        self._race([spec for search in searches.values() for _, spec in search], TARGET_SEARCH)
        found = self._each(searches, lambda label: self._search(label, searches[label]))
        best = self._winners(found)
        seeds = {label: self._seeds(label, winner, p.seeds, "seeds") for label, winner in best.items()}
        own = {
            (label, name): seed_trials(v, best[label], p.variant_seeds, self.seed, "seeds")
            for label in best
            for name, v in self.variants[label].items()
        }
        self._race([spec for rows in (*seeds.values(), *own.values()) for spec in rows], TARGET_SEEDS)
        targets = self._each(best, lambda label: self._target(label, self.workloads[label], seeds[label]))
        variants = self._each(
            targets, lambda label: {v: self._target(label, w, own[label, v]) for v, w in self.variants[label].items()}
        )
        kept = {label: best[label] for label in variants}
        verified = self.verify(
            kept,
            {label: targets[label] for label in kept},
            {(label, v): t for label in kept for v, t in variants[label].items()},
        )
        return {
            label: self._entry(
                label, found[label], best[label], targets[label], variants[label], seeds[label], own, verified[label]
            )
            for label in verified
        }

    def verify(
        self,
        references: Mapping[str, Configuration],
        targets: Mapping[str, float],
        variants: Mapping[tuple[str, str], float],
    ) -> dict[str, Verified]:
        """Run fresh seeds of reference recipes at several rates and on the variants; return what came of it.

        Args:
            references: {workload: reference recipe}.
            targets: {workload: target}.
            variants: {(workload, variant): target}.
        """
        p = self.protocol
        fresh = {label: self._seeds(label, r, p.fresh, "fresh", TARGET_SEARCH) for label, r in references.items()}
        rates = {
            (label, rate): self._seeds(label, reference.at(rate), p.rate_seeds, "fresh", TARGET_SEARCH)
            for label, reference in references.items()
            for rate in p.rates
        }
        own = {
            key: seed_trials(
                self.variants[key[0]][key[1]], references[key[0]], p.variant_seeds, self.seed, "fresh", TARGET_SEARCH
            )
            for key in variants
        }
        self._race([spec for rows in (*fresh.values(), *rates.values(), *own.values()) for spec in rows], TARGET_SEARCH)

        def judge(label: str) -> Verified:
            sign = self._sign(label)
            curves = self._curves(label, fresh[label])
            others = {rate: self._curves(label, rates[label, rate]) for rate in p.rates}
            checks = verdict(curves, others, sign * targets[label], sign * self.workloads[label].trivial_metric())
            return Verified(curves, others, {v: self._curves(label, own[w, v]) for w, v in variants if w == label}, checks)

        return self._each(references, judge)

    def _race(self, specs: Sequence[TrialSpec], track: Track) -> None:
        known = {**self.workloads, **{v.label: v for variants in self.variants.values() for v in variants.values()}}
        specs = [spec for spec in specs if spec.workload not in self.unset]
        if specs:
            self._run(plan_of(specs, known, track))

    def _each(self, labels: Mapping[str, Any], work: Callable[[str], Any]) -> dict[str, Any]:
        done = {}
        for label in labels:
            try:
                if label not in self.unset:
                    done[label] = work(label)
            except (Unset, ValueError) as error:
                self.unset[label] = str(error)
        return done

    def _seeds(
        self, label: str, configuration: Configuration, count: int, phase: str, track: Track = TARGET_SEEDS
    ) -> list[TrialSpec]:
        return seed_trials(self.workloads[label], configuration, count, self.seed, phase, track)

    def _sign(self, label: str) -> float:
        return 1.0 if self.workloads[label].lower_is_better else -1.0

    def _record(self, spec: TrialSpec) -> TrialRecord:
        record = self.store.read(spec)
        if record is None or record.status not in ("finished", "diverged"):
            how = "was not run" if record is None else f"{record.status}: {record.reason}"
            raise Unset(f"a trial of {spec.submission} is no result ({how}): run the same command again")
        return record

    def _curves(self, label: str, specs: Sequence[TrialSpec]) -> list[Curve]:
        return [curve_of(self._record(spec), self._sign(label)) for spec in specs]

    def _target(self, label: str, workload: Workload, specs: Sequence[TrialSpec]) -> float:
        return self._sign(label) * target_of(self._curves(label, specs), TARGET_SHARE * workload.settings.budget)

    def _winners(self, found: Mapping[str, Search]) -> dict[str, Configuration]:
        """Return each search's winner: the finalist with the best median over seeds of the best value within the budget."""
        p = self.protocol
        if p.finalists < 2:
            return {label: search.ranking[0] for label, search in found.items()}
        again = {
            (label, i): self._seeds(label, configuration, p.finalist_seeds, "finalists", TARGET_SEARCH)
            for label, search in found.items()
            for i, configuration in enumerate(search.ranking[: p.finalists])
        }
        self._race([spec for specs in again.values() for spec in specs], TARGET_SEARCH)

        def winner(label: str) -> Configuration:
            rows = {i: self._curves(label, specs) for (where, i), specs in again.items() if where == label}
            medians = {i: float(np.median([best_by(curve, math.inf) for curve in curves])) for i, curves in rows.items()}
            return found[label].ranking[min(medians, key=lambda i: medians[i])]

        return self._each(found, winner)

    def _search(self, label: str, search: Sequence[tuple[Configuration, TrialSpec]]) -> Search:
        rows = [(configuration, curve_of(self._record(spec), self._sign(label))) for configuration, spec in search]
        return Search.of(rows)

    def _entry(
        self,
        label: str,
        search: Search,
        best: Configuration,
        target: float,
        variants: Mapping[str, float],
        seeds: Sequence[TrialSpec],
        own: Mapping[tuple[str, str], Sequence[TrialSpec]],
        verified: Verified,
    ) -> dict[str, Any]:
        workload, p, sign = self.workloads[label], self.protocol, self._sign(label)
        budget = workload.settings.budget
        records = [self._record(spec) for spec in seeds]
        date = datetime.now(UTC).date().isoformat()
        words = f"{'provisional (reduced protocol)' if p.provisional else 'protocol'}, {date}: median over {p.seeds} seeds"
        fixed = f"of {best.recipe}'s best by {TARGET_SHARE:.0%} of the budget"
        reached = round(share_reached(verified.fresh, sign * target) * len(verified.fresh))
        entry_variants = {}
        for name, own_target in variants.items():
            curves = verified.variants[name]
            hits = round(share_reached(curves, sign * own_target) * len(curves))
            entry_variants[name] = {
                "target": own_target,
                "words": f"{words.replace(str(p.seeds), str(p.variant_seeds))} {fixed}, the base's configuration; "
                f"{hits} of {len(curves)} fresh seeds reach it",
                "values": [sign * best_by(c, TARGET_SHARE * budget) for c in self._curves(label, own[label, name])],
                "reached": hits,
                "fresh": len(curves),
            }
        optimizer = best.submission.partition("+")[0]
        hyperparameters = {**find_optimizer(optimizer).defaults, **best.hyperparameters}
        rate = hyperparameters.pop("learning_rate")
        return {
            "version": workload.version,
            "target": target,
            "trivial": workload.trivial_metric(),
            "provisional": p.provisional,
            "words": f"{words} {fixed}; {reached} of {len(verified.fresh)} fresh seeds reach it",
            "reference": {
                "optimizer": optimizer,
                "learning_rate": rate,
                "hyperparameters": hyperparameters,
                "warmup": workload.settings.reference.warmup,
            },
            "variants": entry_variants,
            "checks": to_json(verified.checks),
            "date": date,
            "versions": {**records[0].spec.libraries, "timetrial": records[0].environment.get("timetrial", "")},
            "machine": records[0].environment.get("machine", ""),
            "defined": records[0].spec.workload_hash,
            "protocol": {key: value for key, value in asdict(p).items() if key != "recipes"},
            "seed": self.seed,
            "best": {"recipe": best.recipe, "submission": best.submission, "hyperparameters": dict(best.hyperparameters)},
            "search": search.rows(TARGET_SHARE * budget, sign),
            "seeds": [sign * best_by(curve_of(r, sign), TARGET_SHARE * budget) for r in records],
            "final": _final(records),
            "hits": [hit_time(curve, sign * target) / budget for curve in verified.fresh],
            "rates": {f"{rate:.3g}": sign * value for rate, value in response({**verified.rates, 1.0: verified.fresh}).items()},
            "rate_hits": {
                f"{rate:.3g}": round(share_reached(curves, sign * target) * len(curves))
                for rate, curves in verified.rates.items()
            },
            "seconds": float(
                np.median([sum(r.clocks[c] for c in ("seconds", "evaluation_seconds")) for r in self._plain(label)])
            ),
            "evaluation_share": float(
                np.median(
                    [
                        r.clocks["evaluation_seconds"] / (r.clocks["seconds"] + r.clocks["evaluation_seconds"])
                        for r in self._plain(label)
                    ]
                )
            ),
        }

    def _plain(self, label: str) -> list[TrialRecord]:
        """Return the finished trials of the search: full budget, no evaluation beyond the race's."""
        trials = (self._record(spec) for _, spec in search_trials(self.protocol, self.workloads[label], self.seed))
        return [record for record in trials if record.status == "finished"]


@dataclass(frozen=True)
class Search:
    """The search's curves, and its configurations by the best value within the budget, the best first."""

    curves: Sequence[tuple[Configuration, Curve]]
    ranking: Sequence[Configuration]

    @classmethod
    def of(cls, curves: Sequence[tuple[Configuration, Curve]]) -> Search:
        """Return the search with its ranking.

        Raises:
            Unset: everything diverged.
        """
        ordered = sorted(curves, key=lambda row: best_by(row[1], math.inf))
        if not math.isfinite(best_by(ordered[0][1], math.inf)):
            raise Unset("every trial of the search diverged: its ranges do not fit this workload")
        return cls(curves, [configuration for configuration, _ in ordered])

    def rows(self, clock: float, sign: float) -> list[list[Any]]:
        """Return [recipe, hyperparameters, best value, best value by `clock`] of every trial, None where it diverged before."""
        return [
            [c.recipe, dict(c.hyperparameters), sign * best_by(curve, math.inf), sign * best_by(curve, clock)]
            for c, curve in self.curves
        ]


def curve_of(record: TrialRecord, sign: float) -> Curve:
    """Return a record's curve, its values times `sign`; evaluations without a value are left out."""
    points = [(e["examples"], e["metric"]) for e in record.evaluations if e["metric"] is not None]
    clock, values = zip(*points, strict=True) if points else ((), ())
    return np.array(clock, float), sign * np.array(values, float)


def _final(records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return the medians over seeds of all metrics at the end, on the whole validation set and the test set too."""
    ends = [record.evaluations[-1] for record in records if record.status == "finished"]
    names = [name for name in ends[0] if name not in ("examples", "seconds", "steps")] if ends else []
    return {name: float(np.median([end[name] for end in ends])) for name in names}
