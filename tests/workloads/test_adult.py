"""Adult: features are one-hot, and the stated optimum is the optimum."""

import math

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from harness.trial.judging import evaluate
from workloads.adult_logreg import OPTIMA, POSITIVE, ROWS, AdultLogreg
from workloads.data import data_directory
from workloads.data.adult import CATEGORIES, NUMBERS, adult, arrays_of


def bounds_of_the_optimum(ids, labels, penalty):
    """Bounds of the least penalised mean log loss, and the weights there, bias first: L-BFGS in double precision.

    The lower one holds since the penalty makes the loss strongly convex: f(w) - f* <= |gradient|² / (2 penalty).
    """
    n, columns = ids.shape
    cells = np.c_[np.zeros(n, int), ids.astype(int) + 1]
    x = sparse.csr_matrix((np.ones(cells.size), (np.repeat(np.arange(n), columns + 1), cells.ravel())), (n, ROWS + 1))
    y = labels.astype(float)
    scale = 1 / np.sqrt(np.asarray(x.mean(0)).ravel() / 8 + penalty)  # about the curvature's inverse root

    def loss(z):
        w = scale * z
        odds = x @ w
        gradient = x.T @ (expit(odds) - y) / n + penalty * w
        return np.mean(np.logaddexp(0, odds) - y * odds) + penalty / 2 * w @ w, scale * gradient

    options = {"maxiter": 3000, "maxfun": 6000, "maxcor": 30, "ftol": 0, "gtol": 1e-8}
    found = minimize(loss, np.zeros(ROWS + 1), jac=True, method="L-BFGS-B", options=options)
    gradient = loss(found.x)[1] / scale
    return found.fun - gradient @ gradient / (2 * penalty), found.fun, scale * found.x


@pytest.mark.parametrize("penalty", [1e-5, 1e-4])
def test_the_stated_optimum_is_the_optimum_and_a_model_there_has_no_gap(loaded, penalty):
    """The size `full` has 1e-6, where this takes minutes."""
    workload = AdultLogreg("laptop")
    data = loaded(workload)
    lower, upper, weights = bounds_of_the_optimum(data["train"]["ids"].numpy(), data["train"]["labels"].numpy(), penalty)
    assert upper - lower < 1e-7
    assert lower - 1e-12 <= OPTIMA[penalty] <= upper + 1e-12
    if penalty == workload.settings.model["penalty"]:
        model = workload.build_model()
        with torch.no_grad():
            model.bias.fill_(weights[0])
            model.weight.copy_(torch.from_numpy(weights[1:])[:, None])
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


def test_every_person_has_one_row_of_each_column_and_of_each_pair(loaded):
    rows = adult(data_directory())["rows"]
    singles = len(NUMBERS) + len(CATEGORIES)
    assert len(rows) == singles + singles * (singles - 1) // 2 and rows.sum() == ROWS
    ends = np.cumsum(rows)
    for part in ("train", "test"):
        ids = loaded(AdultLogreg("laptop"))[part]["ids"].numpy()
        assert (ids >= ends - rows).all() and (ids < ends).all()
    train = loaded(AdultLogreg("laptop"))["train"]["ids"].numpy()
    assert len(np.unique(train)) == ROWS - len(rows)


def test_bins_categories_and_pairs_are_the_training_parts():
    columns = {name: np.array([999, 1, 2, 3, 4, 5, 6, 7, 8]) for name in NUMBERS}
    columns |= {name: np.array(["only in the test", *"aabbccdd"]) for name in CATEGORIES}
    columns["income"] = np.array([">50K", *["<=50K", ">50K"] * 4])
    arrays = arrays_of(columns, test=1)
    starts = np.cumsum(arrays["rows"]) - arrays["rows"]
    assert arrays["train_ids"].shape[0] == 8 and (arrays["train_ids"] > starts).all()
    assert arrays["test_labels"].tolist() == [1]
    unseen = arrays["test_ids"][0] == starts
    assert not unseen[: len(NUMBERS)].any() and unseen[len(NUMBERS) : len(NUMBERS) + len(CATEGORIES)].all()
    one, two = np.triu_indices(len(NUMBERS) + len(CATEGORIES), 1)
    assert unseen[len(NUMBERS) + len(CATEGORIES) :].tolist() == ((one >= len(NUMBERS)) | (two >= len(NUMBERS))).tolist()
