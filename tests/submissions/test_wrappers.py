"""The wrappers over any base: what they change, and that a resumed one goes on with the same bits; and what is judged.

Optimizers that are judged by other weights than those in training are here too.
"""

from __future__ import annotations

import copy

import pytest
import torch

from harness.plan import Request, make_plan
from harness.registry import all_submissions, find_optimizer, find_submission
from tests.submissions.conformance.net import Net
from tests.submissions.conformance.rows import Row
from tests.toy import run_record
from workloads.data import data_directory

torch.set_num_threads(1)
WRAPPERS = ("cautious", "ema", "lawa")
BASES = [s.name for s in all_submissions() if s.optimizer and not s.wraps and not s.facts["source"].startswith("/")]
ALONG = ("dog", "dowg", "adafactor")  # their changes are multiples of the gradient
NET = Net()


def judged(row):
    """Return the weights that an evaluation judges, and check that it changes none of those in training."""
    before = row.weights()
    row.algorithm.prepare_for_evaluation()
    seen = row.weights()
    row.algorithm.restore_after_evaluation()
    assert all(torch.equal(value, before[name]) for name, value in row.weights().items())
    return seen


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", ["ema", "lawa"])
def test_an_averaging_wrapper_trains_as_its_base_to_the_bit(name, base):
    alone, wrapped = Row(f"{base}+linear", 8), Row(f"{name}:base={base}+linear", 8)
    for steps in (3, 3):
        assert all(torch.equal(a, b) for a, b in zip(alone.train(steps).values(), wrapped.train(steps).values(), strict=True))
        judged(wrapped)
    assert wrapped.rates == alone.rates and wrapped.algorithm.refresh_batchnorm


def test_ema_is_judged_by_a_moving_average_whose_span_grows_with_the_steps():
    row = Row("ema:span=0.5+cosine", 12)
    average = judged(row)
    assert all(torch.equal(average[name], value) for name, value in row.weights().items())
    for step in range(12):
        now = row.train(1)
        share = 1 / (1 + 0.5 * step)
        average = {name: share * now[name] + (1 - share) * average[name] for name in now}
        for name, value in judged(row).items():
            torch.testing.assert_close(value, average[name], rtol=1e-12, atol=1e-14)


def test_a_span_of_one_is_the_mean_of_all_weights():
    row = Row("ema:span=1+constant", 9)
    seen = [row.train(1) for _ in range(9)]
    for name, value in judged(row).items():
        torch.testing.assert_close(value, sum(weights[name] for weights in seen) / 9, rtol=1e-12, atol=1e-14)


def test_lawa_is_judged_by_the_mean_of_its_latest_snapshots():
    row = Row("lawa:snapshots=3,spacing=0.3+linear", 20)
    untrained = row.weights()
    assert all(torch.equal(value, untrained[name]) for name, value in judged(row).items())
    seen = [row.train(1) for _ in range(20)]
    taken, due = [], 1
    for step in range(1, 21):
        if step == due:
            taken.append(seen[step - 1])
            due += max(1, round(0.3 * step))
    assert len(taken) > 6  # the memory of the first ones is used again
    for name, value in judged(row).items():
        torch.testing.assert_close(value, sum(weights[name] for weights in taken[-3:]) / 3, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("span", [1 / 9, 0.5])
def test_dog_is_judged_by_its_polynomial_average(span):
    row = Row(f"dog:first_distance=0.01,average_span={span}+linear", 12)
    average = dict.fromkeys(row.weights(), 0.0)
    for step in range(1, 13):
        now = row.train(1)
        share = (1 / span) / (step + 1 / span - 1)  # 9 / (t + 8) at the default
        average = {name: (1 - share) * average[name] + share * now[name] for name in now}
        for name, value in judged(row).items():
            torch.testing.assert_close(value, average[name], rtol=1e-12, atol=1e-14)


def test_schedule_free_sgd_is_judged_by_the_mean_of_z_weighed_by_the_squared_largest_rate_so_far():
    row = Row("schedule_free_sgd:weight_decay=0.01+onecycle", 12)  # its rates rise and fall
    y = z = row.weights()
    total, weight = dict.fromkeys(z, 0.0), 0.0
    for step in range(12):
        gradients, after = NET.gradients(y, step), row.train(1)
        decays = {name: 0.0 if NET.kind(name) == "vector" else 0.01 for name in y}
        z = {name: z[name] - row.rates[-1] * (gradients[name] + decays[name] * y[name]) for name in y}
        share = max(row.rates) ** 2
        total, weight, y = {name: total[name] + share * z[name] for name in z}, weight + share, after
        for name, value in judged(row).items():
            torch.testing.assert_close(value, total[name] / weight, rtol=1e-10, atol=1e-13)
            assert not torch.equal(value, y[name]) or not step
    assert row.rates[0] < max(row.rates) > row.rates[-1]


def test_diloco_is_judged_by_the_weights_after_its_last_round():
    row = Row("diloco:round_steps=3+linear", 10)
    slow = row.weights()
    assert all(torch.equal(value, slow[name]) for name, value in judged(row).items())
    for step in range(1, 11):
        now = row.train(1)
        slow = slow if step % 3 else now
        assert all(torch.equal(value, slow[name]) for name, value in judged(row).items())
        assert step % 3 == 0 or not any(torch.equal(now[name], slow[name]) for name in now)


@pytest.mark.parametrize("base", BASES)
def test_cautious_moves_no_weight_against_its_gradient(base):
    row = Row(f"cautious:base={base},weight_decay=0+linear", 8)
    left_out = 0
    for step in range(8):
        before = row.weights()
        gradients, after = NET.gradients(before, step), row.train(1)
        moves = {name: (before[name] - after[name]) * gradients[name] for name in before}
        assert all(bool((move >= 0).all()) for move in moves.values())
        left_out += sum(int(((move == 0) & (gradients[name] != 0)).sum()) for name, move in moves.items())
    assert left_out > 10 or base in ALONG


def test_cautious_changes_nothing_where_all_of_an_update_agrees_with_the_gradient():
    plain, wrapped = Row("lion:weight_decay=0+constant", 2), Row("cautious:base=lion,weight_decay=0+constant", 2)
    first, same = plain.train(1), wrapped.train(1)
    for name in first:  # Lion's first step is lr sign(g); gradients of an embedding are 0 where a batch has no such token
        if name != "embedding.weight":
            torch.testing.assert_close(first[name], same[name], rtol=1e-12, atol=1e-15)
    assert not torch.equal(first["embedding.weight"], same["embedding.weight"])


def test_cautious_decays_all_weights_or_only_those_that_the_update_shrinks():
    moves = {}
    for setting in ("weight_decay=0", "weight_decay=0.5", "weight_decay=0.5,cautious_decay=true"):
        row = Row(f"cautious:learning_rate=0.01,{setting}+constant", 1)
        start = row.weights()["first.weight"]
        moves[setting] = row.train(1)["first.weight"] - start
    none, plain, cautious = moves.values()
    torch.testing.assert_close(plain - none, -0.01 * 0.5 * start, rtol=1e-9, atol=1e-15)
    shrinks = none * start <= 0
    assert 0 < int(shrinks.sum()) < shrinks.numel()
    assert torch.equal(cautious[~shrinks], none[~shrinks]) and torch.equal(cautious[shrinks], plain[shrinks])


@pytest.mark.parametrize("base", ["prodigy", "dadapt_adam", "mechanic", "lars"])
def test_cautious_decays_no_more_than_a_base_that_finds_its_own_rate(base):
    settings = "weight_decay=0.05+constant"
    rows = Row(f"{base}:{settings}", 60), Row(f"cautious:base={base},{settings}", 60)
    plain, cautious = (float(row.train(60)["first.weight"].norm()) for row in rows)
    assert cautious > 0.8 * plain


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_over_any_base_resumes_to_the_bit(name, base):
    typed = f"{name}:base={base}+constant"
    straight, resumed = Row(typed, 8), Row(typed, 8)
    straight.train(4)
    saved = copy.deepcopy((straight.task.model.state_dict(), straight.algorithm.state_dict()))
    expected = straight.train(4), judged(straight)
    resumed.task.model.load_state_dict(saved[0])
    resumed.algorithm.load_state_dict(saved[1])
    resumed.steps = 4
    got = resumed.train(4), judged(resumed)
    assert all(torch.equal(a[key], b[key]) for a, b in zip(got, expected, strict=True) for key in a)


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_clips_the_gradients_of_its_base_once(name):
    recipe = find_optimizer(f"{name}:base=sgd,momentum=0,weight_decay=0,learning_rate=1,clip=0.5")
    model = torch.nn.Linear(3, 2)
    before = [p.detach().clone() for p in model.parameters()]
    made = recipe(model)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    made.step()
    moved = torch.cat([(a - b).flatten() for a, b in zip(before, model.parameters(), strict=True)])
    assert float(moved.detach().norm()) == pytest.approx(0.5, rel=1e-6)
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in model.parameters())


@pytest.mark.parametrize("name", ["cautious:base=lion,learning_rate=0.003", "ema:learning_rate=0.02", "lawa:base=sgd"])
def test_a_wrapper_trains_on_the_smoke_suite(name):
    plan = make_plan(Request(suite="smoke", submissions=(f"{name}+cosine",), track="self-tuning", studies=1))
    workload = plan.workloads["digits_mlp"]
    data = workload.load(data_directory())
    record = run_record(plan.trials[0], workload, find_submission(f"{name}+cosine"), data, run_to_end=True)
    assert record.status in ("reached", "missed") and record.complete, record.reason
    assert min(evaluation["metric"] for evaluation in record.evaluations) < 1.0  # log 10 = 2.303: uniform predictions
