"""The options of a board, as one value that travels from the command line to the page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.contracts.errors import BadInput, did_you_mean
from harness.pruning import SCORE_ONLY
from harness.records import CLOCKS

RANK_BY = ("speedup", "score")


@dataclass(frozen=True)
class ScoringRules:
    """How trials are scored. The defaults are this project's rules.

    Attributes:
        clock: "examples", "seconds" or "steps".
        baseline: submission that speed-ups refer to; "" means the track's. Without its trials there are no speed-ups.
        rank_by: "speedup" (by score where there is none) or "score".
        workloads: base workloads that must be on the board; one without any trial counts as unsolved.
        suite_workloads: all workloads of the suite, so that a board over fewer says so; empty if unknown.
        from_reference: submissions whose trials come from the reference result, so that the board says so.
        pruned_by: what may have stopped trials beside the safe rules; the board says so. "score-only": the board has no
            intervals. A study in which anything else stopped a trial is missing.
        left_out: machines of a cluster that ran no trials, or no more, each with the reason, so that the board names them.
        legacy_tie_rule: choose a study's trial by evaluation index, as AlgoPerf's published code does, not by time.
        legacy_grid: integrate profiles on AlgoPerf's 100 points, not exactly.
        legacy_speedup: AlgoPerf's speed-up: medians of studies, a miss costs the budget and one second; no interval.

    Raises:
        BadInput: an unknown clock, or something else to rank by.
    """

    clock: str = "examples"
    baseline: str = ""
    rank_by: str = RANK_BY[0]
    workloads: tuple[str, ...] = ()
    suite_workloads: tuple[str, ...] = ()
    from_reference: tuple[str, ...] = ()
    pruned_by: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    legacy_tie_rule: bool = False
    legacy_grid: bool = False
    legacy_speedup: bool = False

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise BadInput(f"there is no clock '{self.clock}'{did_you_mean(self.clock, CLOCKS)}")
        if self.rank_by not in RANK_BY:
            raise BadInput(f"boards rank by {' or '.join(RANK_BY)}, not by '{self.rank_by}'")

    def on(self, clock: str) -> ScoringRules:
        """Return the same rules on another clock."""
        return replace(self, clock=clock)

    @property
    def score_only(self) -> bool:
        """Whether trials may have been stopped by ``--prune score-only``, which leaves nothing but scores exact."""
        return SCORE_ONLY in self.pruned_by

    @property
    def legacy(self) -> tuple[str, ...]:
        """The AlgoPerf options that are on, of "tie-rule", "grid" and "speedup"."""
        options = {"tie-rule": self.legacy_tie_rule, "grid": self.legacy_grid, "speedup": self.legacy_speedup}
        return tuple(name for name, on in options.items() if on)


DEFAULT_RULES = ScoringRules()
