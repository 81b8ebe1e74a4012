"""Adult: features are one-hot, and the stated optimum is the optimum."""

import math

import numpy as np
import pytest
import torch

from harness.evaluation import evaluate
from workloads.adult_logreg import FEATURES, OPTIMA, POSITIVE, AdultLogreg
from workloads.data.adult import CATEGORIES, NUMBERS, arrays_of


def newton(features, labels, penalty):
    """The least penalised mean log loss, and its weights, bias first: Newton's method in double precision."""
    x, y = np.c_[np.ones(len(features)), features].astype(float), labels.astype(float)
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - y) / len(y) + penalty * w
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x / len(y) + penalty * np.eye(len(w)), gradient)
        w -= step
        if np.abs(step).max() < 1e-13:
            break
    odds = x @ w
    return float(np.mean(np.logaddexp(0, odds) - y * odds) + penalty / 2 * w @ w), w


@pytest.mark.parametrize("penalty", sorted(OPTIMA))
def test_the_stated_optimum_is_the_optimum_and_a_model_there_has_no_gap(loaded, penalty):
    workload = AdultLogreg("laptop")
    data = loaded(workload)
    least, weights = newton(data["train"]["features"].numpy(), data["train"]["labels"].numpy(), penalty)
    assert least == pytest.approx(OPTIMA[penalty], abs=1e-12)
    if penalty == workload.settings.model["penalty"]:
        model = workload.build_model()
        with torch.no_grad():
            model.bias.fill_(weights[0])
            model.weight.copy_(torch.from_numpy(weights[1:])[None])
        found = evaluate(workload, model, data["validation"])
        assert abs(found["loss_gap"]) < 1e-6
        assert found["log10_loss_gap"] <= -6


def test_the_metric_is_the_logarithm_of_the_mean_gap_not_the_mean_of_logarithms():
    workload = AdultLogreg("laptop")
    assert workload.aggregate({"loss_gap": 0.01, "error_rate": 0.5}) == {
        "log10_loss_gap": pytest.approx(-2),
        "loss_gap": 0.01,
        "error_rate": 0.5,
    }
    assert workload.aggregate({"loss_gap": -1e-9})["log10_loss_gap"] == -8


def test_the_model_starts_as_the_best_constant_predictor(loaded):
    workload = AdultLogreg("laptop")
    data = loaded(workload)
    assert float(data["train"]["labels"].float().mean()) == pytest.approx(POSITIVE, abs=1e-7)
    found = evaluate(workload, workload.build_model(), data["validation"])
    assert found["log10_loss_gap"] == pytest.approx(workload.trivial_metric(), abs=1e-4)
    assert math.isfinite(workload.trivial_metric())


def test_every_column_of_every_person_is_one_category(loaded):
    data = loaded(AdultLogreg("laptop"))
    assert data["train"]["features"].shape[1] == FEATURES
    assert set(data["train"]["features"].sum(1).tolist()) == {len(NUMBERS) + len(CATEGORIES)}
    test = data["test"]["features"].sum(1)
    assert int(test.max()) == len(NUMBERS) + len(CATEGORIES) and int(test.min()) >= len(NUMBERS) + len(CATEGORIES) - 1


def test_bins_and_categories_are_the_training_parts():
    columns = {name: np.array([999, 1, 2, 3, 4, 5, 6, 7, 8]) for name in NUMBERS}
    columns |= {name: np.array(["only in the test", *"aabbccdd"]) for name in CATEGORIES}
    columns["income"] = np.array([">50K", *["<=50K", ">50K"] * 4])
    arrays = arrays_of(columns, test=1)
    assert arrays["train_features"].shape[0] == 8 and arrays["test_features"].shape[0] == 1
    assert (arrays["train_features"].sum(1) == len(NUMBERS) + len(CATEGORIES)).all()
    assert arrays["test_features"].sum() == len(NUMBERS)
    assert arrays["test_labels"].tolist() == [1]
