"""Runs the target protocol: search, finalists, seeds, variants, verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.contracts import Workload
from harness.plan import Plan
from harness.records import TrialRecord, TrialSpec
from harness.registry import find_workload
from harness.results import ResultStore
from harness.rules import TARGET_SEARCH, TARGET_SEEDS, Track
from harness.targets.protocol import TARGET_SHARE, Configuration, Protocol, plan_of, search_trials, seed_trials
from harness.targets.target_entry import Found, Search, Unset, Verified, curve_of, entry
from harness.targets.verdict import Curve, fitness, target_of, verdict

Run = Callable[[Plan], None]


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
        searched = self._each(
            searches, lambda label: Search.of([(c, self._record(spec)) for c, spec in searches[label]], self._sign(label))
        )
        best = self._winners(searched)
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

        def written(label: str) -> dict[str, Any]:
            found = Found(
                workload=self.workloads[label],
                protocol=p,
                seed=self.seed,
                search=searched[label],
                winner=best[label],
                target=targets[label],
                seeds=[self._record(spec) for spec in seeds[label]],
                variants=variants[label],
                variant_seeds={v: self._curves(label, own[label, v]) for v in variants[label]},
                verified=verified[label],
            )
            return entry(found)

        return self._each(verified, written)

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
        """Return each search's winner: the finalist that would set the best target of those that can be timed (`fitness`)."""
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
            workload, sign = self.workloads[label], self._sign(label)
            budget, trivial = workload.settings.budget, sign * workload.trivial_metric()
            return found[label].ranking[max(rows, key=lambda i: fitness(rows[i], TARGET_SHARE * budget, budget, trivial))]

        return self._each(found, winner)
