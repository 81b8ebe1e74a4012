"""A trial that an exception ended leaves its full traceback beside a reason of one line."""

import time

import pytest

from harness.records import ARTEFACT_BYTES
from harness.trial.loop import run_trial
from harness.trial.process.failures import MAX_MESSAGE
from harness.trial.process.time_limit import time_limit
from tests.hostile import DATA
from tests.toy import Blobs, Plain, spec, submission


def run(update):
    plugin = type("Ends", (Plain,), {"__doc__": "Ends its trial by an exception.", "update": update})
    return run_trial(spec(track="self-tuning"), Blobs("smoke"), submission(plugin), DATA)


def raises_from_another(self, batch):
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError("the effect") from error


def runs_out_of_memory(self, batch):
    raise MemoryError


def raises_a_long_message(self, batch):
    raise ValueError("long " * 500_000)


@pytest.mark.parametrize(
    ("update", "status", "words"),
    [
        (raises_from_another, "failed", ("KeyError: 'the cause'", "direct cause", "in raises_from_another", "the effect")),
        (runs_out_of_memory, "out-of-memory", ("in runs_out_of_memory", "MemoryError")),
    ],
)
def test_the_traceback_holds_every_frame_and_every_cause(update, status, words):
    record, (artefact,) = run(update)
    assert (record.status, artefact.name) == (status, "traceback.txt")
    text = artefact.content.decode()
    assert text.startswith("Traceback (most recent call last):") and all(word in text for word in words)
    assert "\n" not in record.reason


def test_a_trial_over_its_time_limit_leaves_where_it_was():
    def sleeps(self, batch):
        time.sleep(5)

    with time_limit(0.3, end_process=False):
        record, (artefact,) = run(sleeps)
    assert record.status == "timeout" and b"in sleeps" in artefact.content


def test_a_long_traceback_loses_its_middle_and_a_long_message_its_end():
    record, (artefact,) = run(raises_a_long_message)
    assert len(artefact.content) <= ARTEFACT_BYTES
    assert artefact.content.startswith(b"Traceback") and b"cut from" in artefact.content
    assert len(record.reason) < MAX_MESSAGE + 100 and record.reason.startswith("ValueError: long long")
    assert "(test_artefacts.py:" in record.reason


def test_a_trial_that_no_exception_ended_leaves_nothing():
    record, artefacts = run(Plain.update)
    assert record.status in ("reached", "missed") and artefacts == ()
