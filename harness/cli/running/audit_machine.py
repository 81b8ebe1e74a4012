"""Where an audit loads plug-ins and runs trials: in processes of their own, a fresh one for every submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.checking import Apart, CallFailed, Repeat, Survey, surveys
from harness.execution.settings import Settings
from harness.pruning import SAFE_ONLY
from harness.records import TrialRecord

SURVEY_SECONDS = 600.0
"""A plug-in that is not loaded by then never is."""
MORE_SECONDS = 600.0
"""A process that has not answered so long after the time limit, its data prepared, does not answer."""


class Processes:
    """The machine of an audit (`harness.checking.Machine`). A submission's plug-in cannot change another one's trials.

    Args:
        settings: data directory and memory limit of the trials; the rest is the records'.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._apart = Apart()
        self._submission: str | None = None

    def survey(self, records: Sequence[TrialRecord]) -> list[Survey]:
        """Return what the plug-ins of this machine say of records of one submission."""
        self.close()
        trials = [(record.spec, str(record.environment.get("device", "cpu"))) for record in records]
        answer = self._apart.call(surveys, trials, patience=SURVEY_SECONDS)
        try:
            found = [Survey(str(obstacle), str(contradiction), str(source)) for obstacle, contradiction, source in answer]
        except (TypeError, ValueError):
            found = []
        if len(found) != len(records):
            raise CallFailed("its process sent what is no answer")
        return found

    def run(self, repeat: Repeat) -> TrialRecord:
        """Return the record of a trial that is run again."""
        if repeat.spec.submission != self._submission:
            self.close()
            self._submission = repeat.spec.submission
        try:
            content, must_end = self._apart.call(run_again, repeat, self._settings, patience=repeat.limit + MORE_SECONDS)
            if must_end:
                self.close()
            return TrialRecord.from_json(content)
        except (ValueError, TypeError, KeyError) as error:
            raise CallFailed(f"its process sent what is no record ({error})") from None

    def close(self) -> None:
        """End the process."""
        self._apart.close()
        self._submission = None


def run_again(repeat: Repeat, settings: Settings) -> tuple[dict[str, Any], str]:
    """Return the record of a repetition as JSON types, and why its process must not run another trial ("" if it may)."""
    from harness.execution.worker import work

    settings = replace(settings, device=repeat.device, limit=repeat.limit, prune="" if repeat.to_end else SAFE_ONLY)
    worked = work(repeat.spec, settings, repeat.stop_channel(), own_process=True)
    return worked.result.record.to_json(), worked.replace
