"""What the parts of one board are computed from, each step computed once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from harness.contracts.errors import BadInput
from harness.rules import Track
from harness.scoring.canonical import canonical_studies
from harness.scoring.medians import Floats
from harness.scoring.profiles import Contribution, contributions, grid_contributions, median_times
from harness.scoring.rules import ScoringRules
from harness.scoring.studies import Study
from harness.scoring.study_times import StudyTimes, build_study_times
from harness.scoring.trial_table import checked, exact_on, track_of
from harness.scoring.uncertainty import Uncertainty, uncertainty


@dataclass(frozen=True)
class Scored:
    """The trials of one board, and what has been computed from them.

    Attributes:
        trials: from `checked`.
        rules: how they are scored.
        track: the ruleset under which they ran.
        studies: their canonical studies.
        study_times: the same as arrays.
        contribution: the profile integral that the rules ask for.
        medians: median times after the held-out rule, [submissions, workloads].
        contributions: their profile integrals, same shape; a score is the mean of a row.
        uncertainty: intervals of scores, ranks and profiles.
        exact: times on this clock are exact; else those of pruned trials are upper bounds.
    """

    trials: pd.DataFrame
    rules: ScoringRules
    track: Track
    studies: Sequence[Study]
    study_times: StudyTimes
    contribution: Contribution
    medians: Floats
    contributions: Floats
    uncertainty: Uncertainty
    exact: bool

    @property
    def submissions(self) -> tuple[str, ...]:
        """All submissions of the board, sorted."""
        return self.study_times.submissions

    @property
    def workloads(self) -> tuple[str, ...]:
        """Its base workloads, sorted."""
        return self.study_times.workloads

    @property
    def optional(self) -> tuple[str, ...]:
        """Its base workloads without whose studies a submission is compared on the others, and has no score.

        By AlgoPerf's rules, which imported logs follow, a workload that was not run counts as unsolved instead.
        """
        imported = not self.trials["paired"].any()
        return () if imported else tuple(w for w in self.workloads if w not in self.rules.workloads)


def score(trials: pd.DataFrame, rules: ScoringRules) -> Scored:
    """Return what the board of `trials` is made from.

    Raises:
        BadInput: as `harness.scoring.score_board`.
    """
    trials = checked(trials)
    track = track_of(trials)
    _check_rules(trials, rules, track)
    rules = replace(rules, baseline=rules.baseline or pinned_baseline(track, set(trials["submission"])))
    studies = canonical_studies(trials, rules)
    study_times = build_study_times(trials, studies, rules)
    if not study_times.workloads:
        raise BadInput("no base workload was run, so there is nothing to score")
    contribution = grid_contributions if rules.legacy_grid else contributions
    medians = median_times(study_times)
    return Scored(
        trials=trials,
        rules=rules,
        track=track,
        studies=studies,
        study_times=study_times,
        contribution=contribution,
        medians=medians,
        contributions=contribution(medians),
        uncertainty=uncertainty(study_times, contribution),
        exact=exact_on(trials, rules.clock),
    )


def pinned_baseline(track: Track, submissions: Collection[str]) -> str:
    """Return the submission that a track's speed-ups refer to: the first of its baselines that ran, else the first."""
    return next((name for name in track.baselines if name in submissions), track.baselines[0])


def _check_rules(trials: pd.DataFrame, rules: ScoringRules, track: Track) -> None:
    if not track.targeted:
        raise BadInput(f"{track.title} has no targets: score it with harness.scoring.score_budget")
    if (trials["hit_index"].ge(0) & trials[f"hit_{rules.clock}"].isna()).any():
        raise BadInput(f"these records do not carry the clock '{rules.clock}': use --clock seconds")
    if rules.score_only and (rules.legacy_tie_rule or rules.clock != track.clock):
        raise BadInput(
            f"--prune score-only keeps scores exact on the {track.clock} clock and with our tie rule only: "
            "leave --clock and --legacy-tie-rule out, or run the trials again without --prune"
        )
