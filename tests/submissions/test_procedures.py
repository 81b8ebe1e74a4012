"""The training procedures on a small real task: their charges, resuming, and evaluations."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from harness import Choice, ContractError, Hyperparameters
from harness.plan import Request, make_plan
from harness.registry import all_submissions, find_submission
from harness.trial.meter import Meter
from harness.trial.setup import full_hyperparameters
from harness.trial.task import TrialTask
from tests.quadratic import resume
from tests.toy import Blobs, run_record, spec
from workloads.data import data_directory

torch.set_num_threads(1)
DATA = Blobs("smoke").load(None)
PROCEDURES = [s.name for s in all_submissions() if s.procedure and s.procedure.__module__.startswith("submissions.")]


def trial(name, **hyperparameters):
    plugin = find_submission(name).procedure
    return spec(submission=name, track="external", hyperparameters={**plugin.defaults, **hyperparameters}, target=0.0)


def start(name, steps=60, **hyperparameters):
    workload = Blobs("smoke")
    torch.manual_seed(0)
    model = workload.build_model()
    length = steps * workload.size.batch_size
    what = replace(trial(name, **hyperparameters), budget=length, horizon=length)
    task = TrialTask(what, workload, model, DATA["train"], Meter(torch.device("cpu")))
    filled, _ = full_hyperparameters(what, find_submission(name), workload)
    return find_submission(name).procedure(task, filled)


def step(algorithm):
    batch = algorithm.select()
    algorithm.update(batch)
    return batch


def weights(algorithm):
    return [p.detach().clone() for p in algorithm.task.model.parameters()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def race(name, **hyperparameters):
    return run_record(trial(name, **hyperparameters), Blobs("smoke"), find_submission(name), DATA, run_to_end=True)


def test_every_kind_of_procedure_is_there():
    assert {"sam", "schedule_free_adamw", "growing_batch", "random_subsets", "moderate_decay_average"} <= set(PROCEDURES)


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_learns_and_the_same_trial_gives_the_same_curve(name):
    first, second = race(name), race(name)
    assert first.status == "missed" and first.complete, first.reason
    values = [evaluation["metric"] for evaluation in first.evaluations]
    assert values == [evaluation["metric"] for evaluation in second.evaluations]
    assert min(values) < 0.7 * 1.0986  # log 3: uniform predictions
    assert first.clocks["examples"] == pytest.approx(spec().budget, abs=64)
    assert any(rate > 0 for _, _, rate in first.learning_rates)


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_trains_on_the_smoke_suite(name):
    """With its declared defaults: calibrated ones are for longer trials."""
    declared = f"{name}:defaults=paper"
    plan = make_plan(
        Request(suite="smoke", submissions=(declared,), track="self-tuning", studies=3 if name == "lanczos" else 1)
    )
    workload = plan.workloads["digits_mlp"]
    best = []
    for planned in plan.trials:
        record = run_record(planned, workload, find_submission(declared), workload.load(data_directory()), run_to_end=True)
        assert record.status in ("reached", "missed") and record.complete, record.reason
        best.append(min(evaluation["metric"] for evaluation in record.evaluations))
    # log 10 = 2.303: uniform predictions. For lanczos the median of three studies, since its first steps are long.
    assert sorted(best)[len(best) // 2] < 2.25


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_resumed_procedure_continues_bitwise(name):
    straight = start(name)
    for _ in range(9):
        step(straight)
    resumed = start(name)
    resume(straight, resumed)
    assert resumed.learning_rate() == straight.learning_rate()
    for _ in range(12):
        for algorithm in (straight, resumed):
            torch.manual_seed(5)  # dropout draws from torch's global generator, whose state the harness saves
            step(algorithm)
    assert same(weights(straight), weights(resumed))


@pytest.mark.parametrize("name", PROCEDURES)
def test_an_evaluation_does_not_change_the_training(name):
    watched, left_alone = start(name), start(name)
    for _ in range(8):
        for algorithm in (watched, left_alone):
            torch.manual_seed(5)
            step(algorithm)
        watched.prepare_for_evaluation()
        watched.restore_after_evaluation()
    assert same(weights(watched), weights(left_alone))


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_space_is_made_of_declared_hyperparameters_and_holds_the_defaults(name):
    plugin = find_submission(name).procedure
    for key, item in plugin.space.items():
        if isinstance(item, Choice):
            assert plugin.defaults[key] in item.options, key
            continue
        low, high = item.at(0.0), item.at(1 - 1e-12)
        assert low <= plugin.defaults[key] <= high * (1 + 1e-9), key


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_clips_gradients_that_are_larger_than_clip_and_only_those(name):
    after = {}
    for clip in (0.0, 1e-3, 1e6):
        algorithm = start(name, clip=clip)
        for _ in range(12):
            torch.manual_seed(5)
            step(algorithm)
        after[clip] = weights(algorithm)
    assert same(after[0.0], after[1e6]) and not same(after[0.0], after[1e-3])


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_clip_that_is_no_number_of_at_least_0_is_refused(name):
    with pytest.raises(ContractError, match="clip must be a number of at least 0, not -1"):
        start(name, clip=-1)


def test_sam_is_charged_two_gradients_and_steps_from_the_original_weights():
    algorithm = start("sam", rho=0.05)
    before = weights(algorithm)
    statistics = algorithm.task.model[1].num_batches_tracked.clone()
    mean = algorithm.task.model[1].running_mean.clone()
    batch = algorithm.select()
    torch.manual_seed(3)
    algorithm.update(batch)
    assert algorithm.task.examples == 2 * batch.size
    # the first step of AdamW moves a weight by at most the learning rate (and decay), wherever the gradient was taken
    rate = algorithm.learning_rate()
    for old, new in zip(before, weights(algorithm), strict=True):
        assert float((new - old).abs().max()) <= rate * (1.001 + 0.01 * float(old.abs().max()))
    plain = start("sam")
    with torch.no_grad():
        torch.manual_seed(3)
        plain.task.loss(plain.task.fetch(batch.indices))
    assert not torch.equal(algorithm.task.model[1].running_mean, mean)
    assert torch.equal(algorithm.task.model[1].running_mean, plain.task.model[1].running_mean)
    assert algorithm.task.model[1].momentum == 0.1 and statistics == 0


def test_sam_takes_the_gradient_at_the_ascended_weights():
    algorithm = start("sam", rho=0.3)
    algorithm.task.model.eval()  # no dropout, no batch statistics: the two passes differ by the weights alone
    batch = algorithm.select()
    twin = copy.deepcopy(algorithm.task.model)
    first = torch.autograd.grad(algorithm.task.loss(batch, twin), list(twin.parameters()))
    norm = torch.sqrt(sum((g**2).sum() for g in first))
    with torch.no_grad():
        for p, g in zip(twin.parameters(), first, strict=True):
            p.add_(0.3 * g / norm)
    second = torch.autograd.grad(algorithm.task.loss(batch, twin), list(twin.parameters()))
    algorithm.update(batch)
    for p, expected in zip(algorithm.task.model.parameters(), second, strict=True):
        torch.testing.assert_close(p.grad, expected, rtol=1e-4, atol=1e-6)


def test_schedule_free_is_judged_by_the_average_of_its_iterates():
    rate, beta1 = 0.05, 0.9
    algorithm = start("schedule_free_adamw", learning_rate=rate, beta1=beta1, weight_decay=0.0)
    warmup = round(algorithm.task.warmup / algorithm.task.batch_size)
    y = weights(algorithm)
    z, x = ([w.clone() for w in y] for _ in range(2))
    total, largest = 0.0, 0.0
    for t in range(1, 11):
        step(algorithm)
        gradients = [p.grad.clone() for p in algorithm.task.model.parameters()]
        # pytorch_optimizer normalises the gradient in place: what is left in .grad is g / (sqrt(v) + eps)
        lr = rate * min(t / warmup, 1)
        largest = max(largest, lr)
        total += largest**2
        c = largest**2 / total
        for i, u in enumerate(gradients):
            z[i] = z[i] - lr * u
            x[i] = (1 - c) * x[i] + c * z[i]
            y[i] = (1 - beta1) * z[i] + beta1 * x[i]
    for got, expected in zip(weights(algorithm), y, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    algorithm.prepare_for_evaluation()
    for got, expected in zip(weights(algorithm), x, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
    assert algorithm.refresh_batchnorm


def test_the_batch_doubles_as_cosine_decay_halves_and_the_noise_scale_follows_the_cosine():
    algorithm = start("growing_batch", largest=4)
    sizes, ratios = [], []
    task = algorithm.task
    while task.examples < task.horizon:
        at = (task.examples - task.warmup) / (task.horizon - task.warmup)
        batch = step(algorithm)
        sizes.append(batch.size)
        if at >= 0 and task.examples < task.horizon:
            cosine = (1 + torch.cos(torch.tensor(torch.pi * at))).item() / 2
            ratios.append(algorithm.learning_rate() / 1e-3 * 16 / batch.size - cosine)
    assert task.examples == task.horizon  # the last batch is the remaining horizon
    assert sorted(set(sizes[:-1])) == [16, 32, 64] and sizes[:-1] == sorted(sizes[:-1])
    assert max(map(abs, ratios)) < 1e-6


def test_random_subsets_visit_a_fresh_subset_every_round():
    algorithm = start("random_subsets", fraction=0.2)
    seen = torch.cat([step(algorithm).indices for _ in range(15)])  # 240 examples: three rounds of 80 of 400
    rounds = seen.split(80)
    assert all(len(set(part.tolist())) == 80 for part in rounds)
    overlap = set(rounds[0].tolist()) & set(rounds[1].tolist())
    assert 0 < len(overlap) < 80
    assert algorithm.task.examples == 240


def test_random_subsets_are_drawn_from_the_trial_s_generator_alone():
    first, second = start("random_subsets"), start("random_subsets")
    a = step(first).indices
    torch.manual_seed(12345)
    assert torch.equal(a, step(second).indices)


@pytest.mark.parametrize(
    ("average", "shares"),
    [("uniform", [1 / 3] * 3), ("linear", [1 / 6, 2 / 6, 3 / 6]), ("ema", [0.64 / 2.44, 0.8 / 2.44, 1 / 2.44])],
)
def test_the_averaged_decay_is_judged_by_the_mean_of_its_last_checkpoints(average, shares):
    algorithm = start("moderate_decay_average", average=average, checkpoints=3, coefficient=0.2, spacing=1 / 30)
    seen = []
    while len(seen) < 10:  # 60 steps, 6 of warm-up: a checkpoint after every second step from the 8th on
        step(algorithm)
        seen.append(weights(algorithm))
        if algorithm.task.examples <= algorithm.task.warmup + 16:
            algorithm.prepare_for_evaluation()
            assert same(weights(algorithm), seen[-1]), "no checkpoint yet: the weights in training are judged"
            algorithm.restore_after_evaluation()
            seen = []
    algorithm.prepare_for_evaluation()
    kept = [seen[place] for place in (4, 6, 8)]
    for place, got in enumerate(weights(algorithm)):
        expected = sum(share * checkpoint[place] for share, checkpoint in zip(shares, kept, strict=True))
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    assert algorithm.refresh_batchnorm
    algorithm.restore_after_evaluation()
    assert same(weights(algorithm), seen[-1])


def test_the_averaged_decay_warms_up_from_zero_and_falls_to_its_floor():
    algorithm = start("moderate_decay_average", learning_rate=1.0, floor=0.25)
    rates = []
    while algorithm.task.examples < algorithm.task.horizon:
        step(algorithm)
        rates.append(algorithm.learning_rate())
    assert rates[:6] == pytest.approx([(t + 1) / 6 for t in range(6)])
    assert rates[6] == 1 and 0.25 < rates[-1] < 0.252 and rates[33] == pytest.approx(0.625)
    assert rates[6:] == sorted(rates[6:], reverse=True)


def test_only_declared_names_of_hyperparameters_can_be_read():
    plugin = find_submission("sam").procedure
    with pytest.raises(Exception, match="no hyperparameter 'beta2'"):
        plugin(start("sam").task, Hyperparameters({"learning_rate": 1e-3, "weight_decay": 0.0, "beta1": 0.9}))


@pytest.mark.parametrize("horizon", [100, 150, 240])
@pytest.mark.parametrize("largest", [4, 16])
def test_a_growing_batch_ends_with_the_horizon(largest, horizon):
    algorithm = start("growing_batch", steps=horizon, largest=largest)
    task = algorithm.task
    assert task.horizon == horizon * task.batch_size
    sizes = []
    while task.examples < task.horizon:
        sizes.append(step(algorithm).size)
        task._meter.end_step()
    assert task.examples == task.horizon
    assert 2 * task.batch_size <= max(sizes) <= largest * task.batch_size
