"""The content hash of a workload covers its ruler where boards read trials off it, and only there."""

import copy

import pytest

from harness.registry import find_workload, hash_for_track
from harness.rules import RULESETS, Reading

READ_OFF = {name for name, track in RULESETS.items() if Reading.COMPUTE_SAVED in track.reads}


@pytest.fixture
def hashes(monkeypatch):
    """Return what gives {track: hash} of the smoke workload with its ruler changed by a function."""
    workload = find_workload("digits_mlp", "smoke")
    ruler = workload.ruler

    def with_ruler(change=lambda ruler: ruler):
        changed = change(copy.deepcopy(ruler))
        monkeypatch.setattr(type(workload), "ruler", property(lambda self: changed))
        return {name: hash_for_track(workload, track, reference_recipe=True) for name, track in RULESETS.items()}

    return with_ruler


def one_value(ruler):
    ruler["finals"][3]["metric"][0] += 1e-9
    return ruler


@pytest.mark.parametrize(
    "change",
    [lambda ruler: {**ruler, "version": 99}, lambda ruler: {**ruler, "budget": 1.0}, one_value, lambda ruler: None],
    ids=["version", "budget", "one value", "no ruler"],
)
def test_another_ruler_is_another_workload_for_tracks_that_read_it_and_for_no_other(hashes, change):
    before, after = hashes(), hashes(change)
    assert {name for name in before if before[name] != after[name]} == READ_OFF
    assert {"schedule", "external", "self-tuning", "budget"} == READ_OFF


def test_how_a_ruler_was_measured_does_not_matter(hashes):
    before = hashes()
    assert hashes(lambda ruler: {**ruler, "date": "2001-01-01", "machine": "another", "words": "anything"}) == before
