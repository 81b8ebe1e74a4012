"""Where an audit loads plug-ins and runs trials: in processes of their own, a fresh one for every submission."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from harness.checking import Apart, Repeat, Survey, located, surveys
from harness.execution.settings import Settings
from harness.pruning import SAFE_ONLY
from harness.records import TrialRecord


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
        return self._apart.call(surveys, trials)

    def run(self, repeat: Repeat) -> TrialRecord:
        """Return the record of a trial that is run again."""
        if repeat.spec.submission != self._submission:
            self.close()
            self._submission = repeat.spec.submission
        content, must_end = self._apart.call(run_again, repeat, self._settings)
        if must_end:
            self.close()
        return TrialRecord.from_json(json.loads(content))

    def close(self) -> None:
        """End the process."""
        self._apart.close()
        self._submission = None


def run_again(repeat: Repeat, settings: Settings) -> tuple[str, str]:
    """Return the record of a repetition as JSON, and why its process must not run another trial ("" if it may)."""
    from harness.execution.worker import work

    settings = replace(settings, device=repeat.device, limit=repeat.limit, prune="" if repeat.to_end else SAFE_ONLY)
    worked = work(located(repeat.spec), settings, repeat.stop_channel(), own_process=True)
    return json.dumps(worked.result.record.to_json(), allow_nan=False), worked.replace
