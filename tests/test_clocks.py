"""A clock is added in four places; a forgotten one fails here. docs/architecture.md names them."""

import torch

from harness.compat import first_hits
from harness.records import CLOCKS
from harness.report.figures import CLOCK_LABELS
from harness.trial.clock import Clocks
from harness.trial.meter import Meter


def test_every_clock_is_measured_in_a_trial_and_has_a_label():
    device = torch.device("cpu")
    assert set(CLOCKS) <= set(Clocks(device).read(Meter(device)))
    assert set(CLOCK_LABELS) == set(CLOCKS)


def test_imported_trials_have_the_columns_of_every_clock():
    columns = set(first_hits().trials.columns)
    assert {f"{what}_{clock}" for what in ("hit", "end", "budget") for clock in CLOCKS} <= columns
