"""Runs the target protocol: search, finalists, seeds, held-out variants, verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.contracts.workloads import Workload
from harness.plan import Plan
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_workload
from harness.results import ResultStore
from harness.rules import TARGET_SEARCH, TARGET_SEEDS, Track
from harness.targets.protocol import TARGET_SHARE, Configuration, Protocol, plan_of, search_trials, seed_trials
from harness.targets.target_entry import Findings, NoTarget, SearchResult, Verification, curve_of, entry, result_of
from harness.targets.verdict import Curve, fitness, target_of, verdict

RunPlan = Callable[[Plan], None]
"""Runs the trials of a plan that are not recorded yet."""


class ProtocolRun:
    """A run of the protocol for several workloads, phase by phase for all of them together, so that all cores stay busy.

    Every trial is recorded in `store` and never run again.

    Args:
        workloads: base workloads at the size for which a target is needed.
        protocol: how many trials each phase runs.
        store: the records.
        run_plan: runs those trials of a plan that are not in `store`.
        seed: seed of all random numbers.

    Attributes:
        without_target: {workload: reason} of those for which no target can be set; filled while the protocol runs.
    """

    def __init__(
        self, workloads: Sequence[Workload], protocol: Protocol, store: ResultStore, run_plan: RunPlan, seed: int = 0
    ) -> None:
        self.workloads = {workload.label: workload for workload in workloads}
        self.variants = {
            label: {name: find_workload(label, w.size_name, name) for name in w.variants} for label, w in self.workloads.items()
        }
        self.protocol, self.store, self.seed = protocol, store, seed
        self.run_plan = run_plan
        self.without_target: dict[str, str] = {}

    def set_targets(self) -> dict[str, dict[str, Any]]:
        """Run all phases and return {workload: its entry in `targets.json`}."""
        p = self.protocol
        searches = {label: search_trials(p, w, self.seed) for label, w in self.workloads.items()}
        self._run_trials([spec for search in searches.values() for _, spec in search], TARGET_SEARCH)
        searched = self._each(
            searches, lambda label: SearchResult.of([(c, self._record(spec)) for c, spec in searches[label]], self._sign(label))
        )
        best = self._winners(searched)
        seeds = {label: self._seeds(label, winner, p.seeds, "seeds") for label, winner in best.items()}
        own = {
            (label, name): seed_trials(v, best[label], p.variant_seeds, self.seed, "seeds")
            for label in best
            for name, v in self.variants[label].items()
        }
        self._run_trials([spec for rows in (*seeds.values(), *own.values()) for spec in rows], TARGET_SEEDS)
        targets = self._each(best, lambda label: self._target(label, self.workloads[label], seeds[label]))
        variants = self._each(
            targets, lambda label: {v: self._target(label, w, own[label, v]) for v, w in self.variants[label].items()}
        )
        winners = {label: best[label] for label in variants}
        verified = self.verify(
            winners,
            {label: targets[label] for label in winners},
            {(label, v): t for label in winners for v, t in variants[label].items()},
        )

        def entry_of(label: str) -> dict[str, Any]:
            findings = Findings(
                workload=self.workloads[label],
                protocol=p,
                seed=self.seed,
                search=searched[label],
                winner=best[label],
                target=targets[label],
                seeds=[self._record(spec) for spec in seeds[label]],
                variants=variants[label],
                variant_seeds={v: self._curves(label, own[label, v]) for v in variants[label]},
                verification=verified[label],
            )
            return entry(findings)

        return self._each(verified, entry_of)

    def verify(
        self,
        references: Mapping[str, Configuration],
        targets: Mapping[str, float],
        variants: Mapping[tuple[str, str], float],
    ) -> dict[str, Verification]:
        """Run fresh seeds of the reference recipes, at several rates and on the variants, and return {workload: verification}.

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
        self._run_trials([spec for rows in (*fresh.values(), *rates.values(), *own.values()) for spec in rows], TARGET_SEARCH)

        def judge(label: str) -> Verification:
            sign = self._sign(label)
            curves = self._curves(label, fresh[label])
            others = {rate: self._curves(label, rates[label, rate]) for rate in p.rates}
            checks = verdict(curves, others, sign * targets[label], sign * self.workloads[label].trivial_metric())
            return Verification(curves, others, {v: self._curves(label, own[w, v]) for w, v in variants if w == label}, checks)

        return self._each(references, judge)

    def _run_trials(self, specs: Sequence[TrialSpec], track: Track) -> None:
        known = {**self.workloads, **{v.label: v for variants in self.variants.values() for v in variants.values()}}
        specs = [spec for spec in specs if spec.workload not in self.without_target]
        if specs:
            self.run_plan(plan_of(specs, known, track))

    def _each(self, labels: Mapping[str, Any], work: Callable[[str], Any]) -> dict[str, Any]:
        done = {}
        for label in labels:
            try:
                if label not in self.without_target:
                    done[label] = work(label)
            except (NoTarget, ValueError) as error:
                self.without_target[label] = str(error)
        return done

    def _seeds(
        self, label: str, configuration: Configuration, count: int, phase: str, track: Track = TARGET_SEEDS
    ) -> list[TrialSpec]:
        return seed_trials(self.workloads[label], configuration, count, self.seed, phase, track)

    def _sign(self, label: str) -> float:
        return 1.0 if self.workloads[label].lower_is_better else -1.0

    def _record(self, spec: TrialSpec) -> TrialRecord:
        return result_of(self.store, spec)

    def _curves(self, label: str, specs: Sequence[TrialSpec]) -> list[Curve]:
        return [curve_of(self._record(spec), self._sign(label)) for spec in specs]

    def _target(self, label: str, workload: Workload, specs: Sequence[TrialSpec]) -> float:
        return self._sign(label) * target_of(self._curves(label, specs), TARGET_SHARE * workload.size.budget)

    def _winners(self, searches: Mapping[str, SearchResult]) -> dict[str, Configuration]:
        """Run the finalists of each search again and return the one of the greatest `fitness`."""
        p = self.protocol
        if p.finalists < 2:
            return {label: search.ranking[0] for label, search in searches.items()}
        again = {
            (label, i): self._seeds(label, configuration, p.finalist_seeds, "finalists", TARGET_SEARCH)
            for label, search in searches.items()
            for i, configuration in enumerate(search.ranking[: p.finalists])
        }
        self._run_trials([spec for specs in again.values() for spec in specs], TARGET_SEARCH)

        def winner(label: str) -> Configuration:
            rows = {i: self._curves(label, specs) for (where, i), specs in again.items() if where == label}
            workload, sign = self.workloads[label], self._sign(label)
            budget, trivial = workload.size.budget, sign * workload.trivial_metric()
            return searches[label].ranking[max(rows, key=lambda i: fitness(rows[i], TARGET_SHARE * budget, budget, trivial))]

        return self._each(searches, winner)
