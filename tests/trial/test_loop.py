"""The training loop is deterministic, counts what it charges, stops by the rules, and survives every plug-in."""

import time

import pytest
import torch

from harness import ContractError, schedule
from harness.canonical import stable_seed
from harness.pruning import FastestTrial
from harness.records import NO_TARGET
from harness.trial.process.time_limit import TrialTimeout, time_limit
from tests.toy import Blobs, Plain, linear_down, run_record, spec, submission

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)


def race(plugin=linear_down, *, variant="", run_to_end=False, fastest=None, **changes):
    return run_record(
        spec(**changes), Blobs("smoke", variant), submission(plugin), DATA, run_to_end=run_to_end, stop_channel=lambda: fastest
    )


def test_the_same_spec_gives_the_same_curve_to_the_last_bit():
    a, b = (race(target=0.0) for _ in range(2))
    for x, y in zip(a.evaluations, b.evaluations, strict=True):
        assert {k: v for k, v in x.items() if k != "seconds"} == {k: v for k, v in y.items() if k != "seconds"}


def test_another_seed_gives_another_curve():
    assert race(target=0.0).evaluations[0]["metric"] != race(target=0.0, seed=12).evaluations[0]["metric"]


def test_every_submission_starts_from_the_same_weights_and_gets_the_same_data():
    seen = {}
    for plugin in (Plain, type("Idle", (Plain,), {"_descend": lambda self: None})):

        def look(self, batch, plugin=plugin):
            first = next(self.task.model.parameters()).detach().clone()
            seen.setdefault(plugin.__name__, []).append((first, batch.indices.clone()))
            plugin.update(self, batch)

        race(type("Look", (plugin,), {"update": look}))
    (weights, _), (idle_weights, _) = seen["Plain"][0], seen["Idle"][0]
    assert torch.equal(weights, idle_weights)
    assert all(torch.equal(a[1], b[1]) for a, b in zip(seen["Plain"], seen["Idle"], strict=True))


def test_a_trial_ends_at_the_target():
    record = race()
    assert record.status == "reached"
    assert [e["metric"] <= 0.2 for e in record.evaluations] == [False] * (len(record.evaluations) - 1) + [True]


def test_a_trial_that_runs_to_its_end_goes_on_past_the_target_and_stays_reached():
    cut, full = race(), race(run_to_end=True)
    assert (full.status, full.complete, cut.complete) == ("reached", True, False)
    assert full.clocks["examples"] == 960
    strip = [{k: v for k, v in e.items() if k != "seconds"} for e in full.evaluations]
    assert strip[: len(cut.evaluations)] == [{k: v for k, v in e.items() if k != "seconds"} for e in cut.evaluations]


def test_a_trial_that_misses_its_target_ends_at_its_horizon_with_a_last_evaluation_there():
    record = race(target=0.0, horizon=16 * 33)
    assert (record.status, record.clocks["examples"]) == ("missed", 16 * 33)
    assert [e["steps"] for e in record.evaluations] == [5, 10, 15, 20, 25, 30, 33]


def test_evaluations_come_at_fixed_counts_of_charged_examples_whatever_the_batch_size():
    class Odd(Plain):
        """Draws batches of 23 examples."""

        def batch_size(self):
            return 23

    record = race(Odd, target=0.0)
    examples = [e["examples"] for e in record.evaluations]
    assert examples == [-(-k * 80 // 23) * 23 for k in range(1, 12)] + [-(-960 // 23) * 23]


def test_a_trial_that_can_no_longer_be_the_fastest_stops_and_names_the_faster_one():
    record = race(target=0.0, trial=3, fastest=FastestTrial(200.0, 1, "abc"))
    assert (record.status, record.beater) == ("pruned", {"id": "abc", "time": 200.0})
    assert record.evaluations[-1]["examples"] == 160


@pytest.mark.parametrize(("trial", "last"), [(0, 240), (3, 160)])
def test_of_equal_times_the_trial_with_the_lower_index_goes_on(trial, last):
    record = race(target=0.0, trial=trial, fastest=FastestTrial(240.0, 1, "abc"))
    assert record.evaluations[-1]["examples"] == last


def test_a_trial_that_runs_to_its_end_ignores_a_faster_one():
    assert race(target=0.0, fastest=FastestTrial(80.0, 0, "abc"), trial=1, run_to_end=True).status == "missed"


def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged():
    class Explodes(Plain):
        """Takes far too large a step."""

        def _descend(self):
            for p in self.task.model.parameters():
                p.data.mul_(1e30)

    record = race(Explodes)
    assert record.status == "diverged"
    assert record.clocks["steps"] < 10


def test_weights_that_are_not_finite_end_the_trial_before_the_evaluation():
    class Breaks(Plain):
        """Makes a weight infinite that does not change the training loss at once."""

        def update(self, batch):
            super().update(batch)
            self.task.model[4].bias.data[0] = -float("inf")

    assert race(Breaks).status == "diverged"


def test_a_plug_in_that_raises_fails_with_one_line_that_names_its_file_and_line():
    class Raises(Plain):
        """Raises."""

        def update(self, batch):
            raise KeyError("nothing here")

    record = race(Raises)
    assert record.status == "failed"
    assert record.reason.startswith("KeyError: 'nothing here' (test_loop.py:")
    assert "\n" not in record.reason


def test_an_error_raised_inside_the_harness_names_the_line_of_the_plug_in_that_led_to_it():
    class Misspells(Plain):
        """Reads a hyperparameter that it does not have, so that the harness raises."""

        def update(self, batch):
            self.hyperparameters.momentun  # noqa: B018

    record = race(Misspells)
    line = Misspells.update.__code__.co_firstlineno + 1
    assert record.status == "failed" and record.reason.endswith(f"(test_loop.py:{line})"), record.reason


def test_an_update_that_never_calls_the_loss_fails_instead_of_running_for_ever():
    class Sleeps(Plain):
        """Does nothing."""

        def update(self, batch):
            pass

    assert "call self.task.loss(batch)" in race(Sleeps).reason


def test_running_out_of_memory_has_a_status_of_its_own():
    class Greedy(Plain):
        """Asks for too much memory."""

        def update(self, batch):
            raise MemoryError

    assert race(Greedy).status == "out-of-memory"


def test_a_schedule_outside_its_range_fails_the_trial():
    @schedule
    def doubles(step, horizon):
        """Returns a multiplier above 1."""
        return 2.0

    assert "expected a multiplier in [0, 1]" in race(doubles).reason


def test_warm_up_is_linear_and_the_schedule_counts_from_its_end():
    rates = {steps: rate for steps, _, rate in race(target=0.0).learning_rates}
    assert [rates[k] for k in (1, 3, 6)] == pytest.approx([0.01 / 6, 0.03 / 6, 0.01])
    assert rates[7] == pytest.approx(0.01)
    assert rates[60] == pytest.approx(0.01 * (1 - 53 / 54))


def test_a_closed_loop_gets_the_signals_that_it_listens_to_and_is_charged_for_the_validation_metric():
    received = []

    @schedule(listens=("validation_metric", "training_loss", "gradient_norm_l1", "gradient_norm_l2"), anytime=True)
    class listener:
        """Listens."""

        def __init__(self, horizon):
            pass

        def observe(self, feedback):
            received.append(feedback)

        def multiplier(self, step):
            return 1.0

    record = race(listener, target=0.0)
    losses = [f for f in received if f.training_loss is not None]
    metrics = [f for f in received if f.validation_metric is not None]
    assert len(losses) == record.clocks["steps"]
    assert all(f.gradient_norm_l1 >= f.gradient_norm_l2 > 0 and f.validation_metric is None for f in losses)
    assert [f.validation_metric for f in metrics] == [e["metric"] for e in record.evaluations[:-1]]
    assert record.clocks["examples"] == pytest.approx(record.clocks["steps"] * 16 + len(metrics) * 128 / 3)


def test_a_closed_loop_gets_no_signal_that_it_does_not_listen_to():
    received = []

    @schedule(listens="training_loss", anytime=True)
    class listener:
        """Listens to the loss only."""

        def __init__(self):
            pass

        def observe(self, feedback):
            received.append(feedback)

        def multiplier(self, step):
            return 0.5

    race(listener, target=0.0)
    assert all(f.gradient_norm_l2 is None and f.training_loss > 0 for f in received)


def test_the_warm_up_pass_leaves_no_trace_in_the_first_evaluation():
    """Buffers, gradients and the generator are as if there had been no warm-up pass."""
    from harness.trial.judging import evaluate

    record = race(target=0.0, hyperparameters={"learning_rate": 1e-12})
    torch.manual_seed(stable_seed(11, "weights"))
    model = Blobs("smoke").build_model()
    assert int(model[1].num_batches_tracked) == 0
    before = evaluate(Blobs("smoke"), model, DATA["validation"], 128)["cross_entropy"]
    assert record.evaluations[0]["metric"] == pytest.approx(before, rel=0.2)


def test_a_held_out_variant_is_another_model():
    assert race(target=0.0).evaluations[0]["metric"] != race(target=0.0, variant="wide").evaluations[0]["metric"]


def test_a_time_limit_is_not_caught_by_handlers_of_exceptions():
    began = time.monotonic()
    with pytest.raises(TrialTimeout, match="time limit"), time_limit(0.2, end_process=False):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: BLE001
                continue
    assert time.monotonic() - began < 5


def test_a_trial_over_its_time_limit_has_a_status_of_its_own():
    class Slow(Plain):
        """Sleeps."""

        def update(self, batch):
            time.sleep(1)

    with time_limit(0.3, end_process=False):
        record = race(Slow)
    assert record.status == "timeout"


def test_a_batch_that_a_plug_in_made_itself_is_refused():
    class MakesBatches(Plain):
        """Makes its own batch."""

        def select(self):
            return {"inputs": 1}

    assert ContractError.__name__ in race(MakesBatches).reason


def test_without_a_target_a_trial_finishes_its_horizon_and_is_evaluated_there():
    record = race(track="budget", target=NO_TARGET, horizon=16 * 12, warmup=16)
    assert (record.status, record.complete) == ("finished", True)
    assert [e["examples"] for e in record.evaluations] == [80, 160, 192]
    assert record.reason.startswith("final cross_entropy")


def test_a_horizon_shorter_than_the_evaluation_period_is_evaluated_at_its_end():
    record = race(track="budget", target=NO_TARGET, horizon=16 * 3, warmup=16)
    assert [e["examples"] for e in record.evaluations] == [48]
