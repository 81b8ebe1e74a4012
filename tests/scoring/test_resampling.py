from itertools import product

import numpy as np
import pytest

from harness.scoring.pool import medians
from harness.scoring.profiles import contributions
from harness.scoring.resampling import drawn, enumerated, multisets
from tests.scoring.simulation import DESIGNS, pool


@pytest.mark.parametrize("n", range(1, 8))
def test_multisets_carry_all_probability(n: int) -> None:
    indices, weights = multisets(n)
    assert weights.sum() == pytest.approx(1) and (np.diff(indices, axis=1) >= 0).all()


def test_enumeration_equals_all_27_resamples_of_three_studies_drawn_together() -> None:
    times = np.array([[[1.0, 2.0, 9.0]], [[3.0, np.inf, 2.0]]])
    every = np.stack([contributions(medians(times[:, 0][:, list(pick)])) for pick in product(range(3), repeat=3)], axis=1)
    resample = enumerated(pool(times, 0.0), "w0")
    h = contributions(resample.times)
    mean = h @ resample.weights
    assert mean == pytest.approx(every.mean(axis=1))
    assert (h - mean[:, None]) ** 2 @ resample.weights == pytest.approx(every.var(axis=1))


def test_draws_agree_with_enumeration() -> None:
    made = pool(DESIGNS["lognormal"].times(np.random.default_rng(0), 1, 5)[0], 0.0)
    exact, random = enumerated(made, "w0"), drawn(made, "w0")
    h = contributions(exact.times)
    variance = (h - (h @ exact.weights)[:, None]) ** 2 @ exact.weights
    assert contributions(random.times).var(axis=1) == pytest.approx(variance, rel=0.15, abs=1e-6)


def test_draws_of_one_workload_do_not_depend_on_the_others() -> None:
    made = pool(DESIGNS["lognormal"].times(np.random.default_rng(0), 1, 5)[0], 0.0)
    assert (drawn(made, "w1").times == drawn(made.with_workloads(["w1"]), "w1").times).all()
