"""`timetrial run --prune score-only` and `--stop-hopeless`: what they cannot go together with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contracts.errors import BadInput, did_you_mean
from harness.pruning import RULES, SCORE_ONLY

if TYPE_CHECKING:
    from harness.plan import Plan


def check_pruning(plan: Plan, prune: str, *, stop_hopeless: bool, no_prune: bool) -> None:
    """See that a plan can be pruned as asked.

    Raises:
        BadInput: an unknown rule, or a combination that cannot be.
    """
    if prune not in RULES:
        raise BadInput(f"--prune {prune}: choose one of {', '.join(RULES)}{did_you_mean(prune, RULES)}")
    asked = [*(["--prune score-only"] if prune == SCORE_ONLY else []), *(["--stop-hopeless"] if stop_hopeless else [])]
    for option in asked:
        if no_prune:
            raise BadInput(f"{option} stops trials and --no-prune stops none: leave one out")
        if plan.track.run_to_end:
            raise BadInput(f"{option}: this track needs every trial run to its end; leave it out")
        if plan.pair:
            raise BadInput(f"{option} leaves no exact test, and --until-separable is one: leave one out")
    studies = 1 + max((spec.study for spec in plan.trials), default=0)
    if prune == SCORE_ONLY and studies % 2 == 0:
        raise BadInput(f"--prune score-only needs an odd number of studies, not {studies}: a median is then one of them")
