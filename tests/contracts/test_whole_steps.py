"""A schedule gets whole numbers of steps as integers, in `curve` and in a trial alike; built-in ones return the same bits."""

import pytest

from harness import Choice, schedule
from harness.contracts.schedules import CONTEXT
from harness.registry import all_submissions, find_schedule
from tests.toy import Blobs, run_record, spec, submission

DATA = Blobs("smoke").load(None)
PURE = sorted(s.name for s in all_submissions() if s.kind == "schedule" and not s.schedule.closed_loop and s.path)


def race(plugin):
    return run_record(spec(target=0.0), Blobs("smoke"), submission(plugin), DATA)


def test_a_schedule_that_indexes_a_list_by_its_step_runs_as_it_is_drawn():
    @schedule
    def indexed(step, horizon):
        """Three values in turn."""
        return [1.0, 0.5, 0.1][step * 3 // horizon]

    record = race(indexed)
    assert record.status == "missed", record.reason
    shape = indexed.curve(54)  # 60 steps, 6 of warm-up
    rates = {round(step): rate for step, _, rate in record.learning_rates}
    assert [rates[7 + step] for step in range(54)] == pytest.approx([0.01 * value for value in shape])


def test_every_argument_that_counts_is_an_int_in_a_trial_as_in_a_curve():
    seen: dict[str, set[type]] = {name: set() for name in CONTEXT}

    @schedule
    def looks(step, horizon, warmup, batch_size, examples):
        """Notes the types."""
        for name, value in zip(CONTEXT, (step, horizon, warmup, batch_size, examples), strict=True):
            seen[name].add(type(value))
        return 1.0

    assert race(looks).status == "missed"
    assert set(map(frozenset, seen.values())) == {frozenset({int})}
    looks.curve(10, warmup=2)
    assert set(map(frozenset, seen.values())) == {frozenset({int})}


def test_a_closed_loop_gets_its_step_and_horizon_alike():
    seen = set()

    @schedule(listens="training_loss")
    class looks:
        """Notes the types."""

        def __init__(self, horizon, warmup):
            seen.update({type(horizon), type(warmup)})

        def observe(self, feedback):
            pass

        def multiplier(self, step):
            seen.add(type(step))
            return 1.0

    assert race(looks).status == "missed"
    looks.curve(10)
    assert seen == {int}


def test_a_step_between_two_steps_stays_a_float():
    @schedule
    def plain(step, horizon):
        """Linear."""
        return 1 - step / horizon

    bound = plain.start(horizon=10.5)
    assert bound.multiplier(2.5) == 1 - 2.5 / 10.5 and isinstance(bound.keywords["horizon"], float)
    assert type(plain.start(horizon=10.0).keywords["horizon"]) is int


def corners(plugin):
    """Return hyperparameters: the defaults, the corners of the space, and every option."""
    space = plugin.space
    options = [{key: option} for key, item in space.items() if isinstance(item, Choice) for option in item.options]
    return [{}, *({key: item.at(u) for key, item in space.items()} for u in (0.0, 0.5, 1 - 1e-9) if space), *options]


@pytest.mark.parametrize("name", PURE)
def test_a_built_in_schedule_returns_the_same_bits_for_integers_and_floats(name):
    plugin = find_schedule(name)
    for hyperparameters in corners(plugin):
        for horizon, warmup in ((1, 0), (7, 1), (54, 6), (333, 17), (1000, 50)):
            keywords = {**plugin.defaults, **hyperparameters}
            fixed = {"horizon": horizon, "warmup": warmup, "batch_size": 16}
            for step in range(horizon):
                moving = {"step": step, "examples": (step + warmup) * 16}
                given = {key: value for key, value in {**fixed, **moving}.items() if key in plugin.context}
                floats = {key: value if key == "batch_size" else float(value) for key, value in given.items()}
                assert plugin(**given, **keywords) == plugin(**floats, **keywords), (hyperparameters, horizon, step)
