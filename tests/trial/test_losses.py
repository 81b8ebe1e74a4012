"""`--log-losses` keeps what a trial's steps lost, and changes nothing of the trial."""

from __future__ import annotations

import csv
import io
import math

import pytest
import torch

from harness.trial import losses
from harness.trial.loop import TrialSettings, run_trial
from harness.trial.losses import LossLog
from harness.trial.meter import Meter
from tests.hostile import DATA
from tests.toy import Blobs, Plain, linear_down, spec, submission

LOGGING = TrialSettings(log_losses=True)


def trial(plugin, settings=LOGGING):
    track = "schedule" if plugin is linear_down else "self-tuning"
    return run_trial(spec(track=track, submission=plugin.name), Blobs("smoke"), submission(plugin), DATA, settings)


def points(artefact):
    return [tuple(map(float, row.values())) for row in csv.DictReader(io.StringIO(artefact.content.decode()))]


def test_every_step_of_a_short_trial_is_there_and_the_record_is_the_same():
    (logged, (artefact,)), (plain, nothing) = trial(linear_down), trial(linear_down, TrialSettings())
    assert nothing == () and artefact.name == "losses.csv"
    assert [step for step, _, _ in points(artefact)] == list(range(1, 61))
    kept = ("status", "reason", "complete", "learning_rates")
    assert all(getattr(logged, name) == getattr(plain, name) for name in kept) and logged.spec.id == plain.spec.id
    values = [[{k: v for k, v in e.items() if k != "seconds"} for e in record.evaluations] for record in (logged, plain)]
    assert values[0] == values[1]


def test_a_long_trial_is_thinned(monkeypatch):
    monkeypatch.setattr(losses, "POINTS", 10)
    _, (artefact,) = trial(linear_down)
    assert len(points(artefact)) == 10


def test_a_trial_that_diverges_or_fails_leaves_its_losses():
    def explodes(self, batch):
        Plain.update(self, batch)
        if self.task.step > 20:
            for p in self.task.model.parameters():
                p.data.fill_(math.nan)

    def ends(self, batch):
        Plain.update(self, batch)
        assert self.task.step < 10

    for update, status in ((explodes, "diverged"), (ends, "failed")):
        plugin = type("Odd", (Plain,), {"__doc__": "Odd.", "update": update})
        record, artefacts = trial(plugin)
        (artefact,) = [one for one in artefacts if one.name == "losses.csv"]
        found = points(artefact)
        assert record.status == status and len(found) >= 9
        assert math.isnan(found[-1][2]) == (status == "diverged")


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_loss_is_read_at_its_step_on_the_cpu_only(device):
    meter, log = Meter(torch.device("cpu")), LossLog(1000.0, torch.device(device))
    meter.loss = torch.tensor(0.5)
    log.add(meter)
    meter.loss.fill_(9.0)
    assert log.artefact().content == b"step,examples,loss\n0,0,0.5\n"
