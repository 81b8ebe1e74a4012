"""AutoLRS and Lanczos on problems with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from harness import Hyperparameters
from harness.registry import find_submission
from harness.trial.meter import Meter
from harness.trial.task import TrialTask
from submissions.procedures._lanczos import heavy_ball, ritz_values, spectrum_ends
from submissions.procedures._rate_search import TERRIBLE, RateSearch, fit_exponential, forecast
from tests.quadratic import advance, quadratic, quadratic_spec, resume, start
from tests.toy import Blobs, run_record, spec

torch.set_num_threads(1)
PLAIN = {"optimizer": "sgd", "beta1": 0.0, "weight_decay": 0.0}  # gradient descent and nothing else


# autolrs


@pytest.mark.parametrize(("a", "b", "c"), [(2.0, -0.05, 0.3), (1.0, -0.5, 1.7), (-0.4, -0.1, 2.0), (30.0, -0.02, 0.0)])
def test_the_forecast_of_an_exact_exponential_is_exact(a, b, c):
    xs = np.arange(100.0)
    ys = a * np.exp(b * xs) + c
    assert fit_exponential(xs, ys, slowest=0.01) == pytest.approx((a, b, c), rel=1e-4, abs=1e-5)
    for validation in (False, True):
        assert forecast(ys, 1000, validation=validation) == pytest.approx(c + a * math.exp(1000 * b), abs=2e-3 * abs(a))


def test_the_forecast_tolerates_noise_and_outliers_and_a_run_that_is_not_finite_is_terrible():
    rng = np.random.default_rng(1)
    xs = np.arange(100)
    ys = 2 * np.exp(-0.05 * xs) + 0.5 + rng.normal(0, 0.05, 100)
    ys[[7, 20, 31]] += 5
    assert forecast(ys, 1000) == pytest.approx(0.5, abs=0.06)
    assert forecast([1.0, math.nan, 1.0], 10) == forecast([1.0, math.inf], 10) == TERRIBLE
    assert forecast([1.0, 0.9], 10) < 0.9 and math.isfinite(forecast([1.0] * 5, 100))


@pytest.mark.parametrize(("exploration", "tolerance"), [(1e6, 0.35), (1.0, 0.12)])
@pytest.mark.parametrize("best", [-4.3, -2.6, -1.2])
def test_the_search_finds_the_best_rate_of_a_known_response(exploration, tolerance, best):
    search = RateSearch(1e-5, 1e-1, exploration)
    for _ in range(10):
        rate = search.ask()
        assert 1e-5 * 0.999 <= rate <= 0.1 * 1.001 and rate not in [tried for tried, _ in search.observed]
        away = math.log10(rate) - best
        search.tell(rate, math.nan if away > 2 else 1 + away**2)  # the loss is not finite two decades above
    assert abs(math.log10(search.best()) - best) < tolerance


def autolrs(curvatures=(1.0, 0.8), noise=0.0, steps=400, **h):
    what = quadratic_spec("autolrs", steps=steps, **{**PLAIN, "lowest": 1e-4, "highest": 100.0, "learning_rate": 1e-3, **h})
    return start("autolrs", quadratic(list(curvatures), noise), what)


def test_the_first_stage_runs_at_a_rate_that_is_near_the_best_for_the_curvature():
    for curvature in (0.1, 1.0, 10.0):
        algorithm = autolrs(curvatures=(curvature,) * 3)
        advance(algorithm, 50)
        assert algorithm._phase == "train"
        assert 0.1 < algorithm._best_rate * curvature < 2  # 1 is best, above 2 it diverges


def test_a_search_is_charged_as_many_steps_as_the_stage_and_rolls_back_to_its_start():
    algorithm = autolrs(noise=0.3, warmup=5)
    advance(algorithm, 5)
    kept = algorithm.task.model.w.detach().clone()
    batches = []
    for _ in range(50):
        batch = algorithm.select()
        batches.append(batch.indices)
        algorithm.update(batch)
    assert algorithm.task.examples == 55 * 4
    assert algorithm._phase == "train" and torch.equal(algorithm.task.model.w, kept)
    for probe in range(1, 10):
        assert all(torch.equal(batches[5 * probe + k], batches[k]) for k in range(5))
    rates = set()
    for _ in range(50):
        advance(algorithm)
        rates.add(algorithm.learning_rate())
    assert rates == {algorithm._best_rate} and algorithm._phase == "train" and algorithm._left == 0
    advance(algorithm)
    assert algorithm._phase == "search" and algorithm._stage == 100


def test_rates_that_diverge_do_not_end_the_trial():
    what = quadratic_spec("autolrs", **{**PLAIN, "lowest": 1e-3, "highest": 1e250})
    record = run_record(
        what, quadratic([1.0, 2.0]), find_submission("autolrs"), quadratic([1.0, 2.0]).load(None), run_to_end=True
    )
    assert record.status == "missed", record.reason
    assert record.evaluations[-1]["metric"] < record.evaluations[0]["metric"]


def test_an_evaluation_during_a_search_judges_the_start_of_the_stage():
    algorithm = autolrs(noise=0.3)
    kept = algorithm.task.model.w.detach().clone()
    advance(algorithm, 3)
    probing = algorithm.task.model.w.detach().clone()
    algorithm.prepare_for_evaluation()
    assert torch.equal(algorithm.task.model.w, kept) and not torch.equal(probing, kept)
    algorithm.restore_after_evaluation()
    assert torch.equal(algorithm.task.model.w, probing)


def test_validation_uses_a_slice_that_training_never_sees_and_is_charged():
    algorithm = autolrs(noise=0.3, longest=1)
    held, seen, losses = set(algorithm._held_indices.tolist()), set(), []
    charged = []
    for _ in range(50):
        before = algorithm.task.examples
        batch = algorithm.select()
        seen |= set(batch.indices.tolist())
        algorithm.update(batch)
        charged.append(algorithm.task.examples - before)
        losses.append(algorithm._validating)
    assert len(held) == 8 and not held & seen and all(losses)
    assert charged[0] == pytest.approx(4 + 2 * 8 / 3) and charged[1:] == pytest.approx([4 + 8 / 3] * 49)
    algorithm = autolrs(noise=0.3, longest=1, steps=100)
    for _ in range(150):
        seen |= set(algorithm.select().indices.tolist())
    assert seen == set(range(400)) - held


@pytest.mark.parametrize("at", [7, 52, 120])
def test_autolrs_resumes_in_a_search_and_between_searches(at):
    straight, resumed = autolrs(noise=0.3, optimizer="adamw", beta1=0.9), autolrs(noise=0.3, optimizer="adamw", beta1=0.9)
    advance(straight, at)
    resume(straight, resumed)
    for algorithm in (straight, resumed):
        advance(algorithm, 60)
    assert torch.equal(straight.task.model.w, resumed.task.model.w) and straight._observed == resumed._observed


# lanczos


def test_full_orthogonalisation_finds_every_eigenvalue_once():
    values = torch.cat([torch.linspace(-1, 2, 38, dtype=torch.float64), torch.tensor([50.0, 100.0], dtype=torch.float64)])
    basis = torch.linalg.qr(torch.randn(40, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    matrix = basis @ torch.diag(values) @ basis.T
    found = ritz_values(lambda v: matrix @ v, torch.ones(40, dtype=torch.float64), 100)
    torch.testing.assert_close(found, values, atol=1e-6, rtol=0)
    few = ritz_values(lambda v: matrix @ v, torch.ones(40, dtype=torch.float64), 8)
    assert len(few) == 8 and float(few[-1]) == pytest.approx(100, rel=1e-6)


def test_an_invariant_subspace_ends_the_iteration_early():
    found = ritz_values(lambda v: 3 * v, torch.ones(5, dtype=torch.float64), 5)
    assert found.tolist() == pytest.approx([3.0])
    assert spectrum_ends(torch.tensor([-2.0, -1.0])) is None and spectrum_ends(torch.tensor([-2.0, 0.5, 7.0])) == (7.0, 0.5)


@pytest.mark.parametrize(("largest", "smallest"), [(9.0, 1.0), (100.0, 0.5), (1e4, 1e-6)])
def test_heavy_ball_contracts_at_both_ends_at_the_rate_of_its_momentum(largest, smallest):
    alpha, rho = heavy_ball(largest, smallest)
    assert 0 < rho <= 0.98 + 1e-12
    for curvature in (largest, smallest if rho < 0.97999 else largest * ((1 - 0.98**0.5) / (1 + 0.98**0.5)) ** 2):
        step = np.array([[1 + rho - alpha * curvature, -rho], [1.0, 0.0]])
        assert abs(np.linalg.eigvals(step)).max() == pytest.approx(math.sqrt(rho), abs=1e-4)


def test_lanczos_finds_rate_and_momentum_of_a_noisy_quadratic_and_its_products_are_charged():
    curvatures = [25.0, 9.0, 4.0, 1.0]
    what = quadratic_spec("lanczos", estimates=1, examples=10, share=1.0, weight_decay=0.0)
    algorithm = start("lanczos", quadratic(curvatures, 0.2), what)
    algorithm._estimate()
    assert algorithm.task.examples == 4 * 10 * 3  # four dimensions: four products
    assert [math.exp(end) for end in algorithm._ends] == pytest.approx([25.0, 1.0], rel=1e-6)
    assert algorithm._best_rate == pytest.approx((2 / (5 + 1)) ** 2) and algorithm._momentum == pytest.approx((4 / 6) ** 2)


def test_lanczos_descends_an_ill_conditioned_quadratic_far_faster_than_the_best_constant_rate():
    curvatures = [100.0, 30.0, 10.0, 0.1]
    what = quadratic_spec("lanczos", steps=300, estimates=2, fraction=1.0, weight_decay=0.0)
    record = run_record(
        what, quadratic(curvatures), find_submission("lanczos"), quadratic(curvatures).load(None), run_to_end=True
    )
    assert record.status == "missed", record.reason
    plain = (
        0.5 * 0.1 * (1 - 2 / 100.1 * 0.1) ** (2 * 300)
    )  # the remaining distance in the flat direction under the best constant rate
    assert record.evaluations[-1]["metric"] < 0.1 * plain


@pytest.mark.parametrize(("steps", "share"), [(4000, 0.2), (400, 0.2), (400, 0.05), (4000, 1.0)])
def test_the_estimates_of_a_trial_cost_no_more_than_their_share(steps, share):
    what = quadratic_spec("lanczos", steps=steps, share=share)
    algorithm = start("lanczos", quadratic(list(np.geomspace(1, 100, 50)), 0.2), what)
    taken = 0
    while algorithm.task.examples < algorithm.task.horizon:
        advance(algorithm)
        taken += 1
    estimated = algorithm.task.examples - 4 * taken
    assert algorithm._made >= 1 and 0 < estimated <= share * 4 * steps
    assert estimated > 0.5 * share * 4 * steps or algorithm._products == 30


def test_estimates_are_smoothed_in_logarithms():
    algorithm = start("lanczos", quadratic([4.0, 1.0]), quadratic_spec("lanczos", estimates=2, smoothing=0.75))
    algorithm._ends = [math.log(64.0), math.log(16.0)]
    algorithm._estimate()
    assert [math.exp(end) for end in algorithm._ends] == pytest.approx([32.0, 8.0])


def test_an_estimate_does_not_change_the_model():
    workload = Blobs("smoke")
    plugin = find_submission("lanczos").procedure
    task = TrialTask(spec(), workload, workload.build_model().train(), workload.load(None)["train"], Meter(torch.device("cpu")))
    algorithm = plugin(task, Hyperparameters(plugin.defaults))
    kept = {name: value.clone() for name, value in task.model.state_dict().items()}
    algorithm._estimate()
    assert all(torch.equal(kept[name], value) for name, value in task.model.state_dict().items())
    assert all(module.training for module in task.model.modules()) and algorithm._best_rate > 0
