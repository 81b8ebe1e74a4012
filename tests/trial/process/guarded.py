"""Runs trials of the toy workload as a worker does, and says what they left."""

from __future__ import annotations

from contextlib import suppress

import torch

from harness.records import TrialRecord
from harness.trial.process.guard import Aftermath, guarded
from tests.hostile import DATA, race
from tests.toy import Plain

CPU = torch.device("cpu")


def guarded_race(plugin, *, own_process=True, **settings) -> tuple[TrialRecord | None, Aftermath]:
    """Return the record of a trial, or None where it broke the harness itself, and what the trial left in this process."""
    aftermath, record = Aftermath(), None
    with suppress(Exception), guarded(aftermath, CPU, DATA, own_process=own_process):
        record = race(plugin, settings=settings, target=0.0)
    return record, aftermath


def in_the_tenth_step(action):
    """Return a plug-in that calls `action(algorithm)` after its tenth step."""

    def update(self, batch):
        Plain.update(self, batch)
        if self.task.step == 10:
            action(self)

    return type("Acts", (Plain,), {"__doc__": "Does something to its process.", "update": update})


def honest(own_process=True) -> tuple[list, str]:
    """Return the evaluations of an honest trial, and what it left in words."""
    record, aftermath = guarded_race(Plain, own_process=own_process)
    return metrics(record), " ".join((*aftermath.replaced, *aftermath.lost, aftermath.output.content().decode()))


def metrics(record: TrialRecord) -> list:
    """Return the evaluations of a record without the clocks that differ from run to run."""
    return [{name: value for name, value in evaluation.items() if name != "seconds"} for evaluation in record.evaluations]
