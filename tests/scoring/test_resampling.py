from itertools import product

import numpy as np
import pytest

from harness.scoring.medians import medians
from harness.scoring.profiles import contributions
from harness.scoring.resampling import all_resamples, multisets, random_resample
from tests.scoring.simulation import DESIGNS, study_times


@pytest.mark.parametrize("n", range(1, 8))
def test_the_probabilities_of_multisets_sum_to_one(n: int) -> None:
    indices, weights = multisets(n)
    assert weights.sum() == pytest.approx(1) and (np.diff(indices, axis=1) >= 0).all()


def test_enumeration_equals_all_27_joint_resamples_of_three_studies() -> None:
    times = np.array([[[1.0, 2.0, 9.0]], [[3.0, np.inf, 2.0]]])
    every = np.stack([contributions(medians(times[:, 0][:, list(pick)])) for pick in product(range(3), repeat=3)], axis=1)
    resample = all_resamples(study_times(times, 0.0), "w0")
    h = contributions(resample.times)
    mean = h @ resample.weights
    assert mean == pytest.approx(every.mean(axis=1))
    assert (h - mean[:, None]) ** 2 @ resample.weights == pytest.approx(every.var(axis=1))


def test_draws_agree_with_enumeration() -> None:
    made = study_times(DESIGNS["lognormal"].times(np.random.default_rng(0), 1, 5)[0], 0.0)
    exact, random = all_resamples(made, "w0"), random_resample(made, "w0")
    h = contributions(exact.times)
    variance = (h - (h @ exact.weights)[:, None]) ** 2 @ exact.weights
    assert contributions(random.times).var(axis=1) == pytest.approx(variance, rel=0.15, abs=1e-6)


def test_draws_of_one_workload_do_not_depend_on_the_others() -> None:
    made = study_times(DESIGNS["lognormal"].times(np.random.default_rng(0), 1, 5)[0], 0.0)
    assert (random_resample(made, "w1").times == random_resample(made.with_workloads(["w1"]), "w1").times).all()
