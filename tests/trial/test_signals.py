"""Every signal of the contract is computed, after the step or after the evaluation that it is about."""

from harness.contracts.schedules import SIGNALS
from harness.trial.signals import EVALUATION_SIGNALS, STEP_SIGNALS
from tests.toy import Blobs, Plain, run_record, spec, submission

DATA = Blobs("smoke").load(None)


def test_every_signal_of_the_contract_is_computed_once():
    assert sorted([*STEP_SIGNALS, *EVALUATION_SIGNALS]) == sorted(SIGNALS)


def test_each_signal_reaches_a_plug_in_that_listens_to_it_alone():
    for name in SIGNALS:
        received = []

        class Listens(Plain):
            """Listens to one signal."""

            listens = (name,)

            def observe(self, feedback, received=received):
                received.append({signal for signal in SIGNALS if getattr(feedback, signal) is not None})

            def learning_rate(self):
                return 0.05

        record = run_record(spec(track="external", target=0.0), Blobs("smoke"), submission(Listens), DATA)
        assert record.status == "missed", record.reason
        assert {name} in received and all(signals in (set(), {name}) for signals in received)
