"""Nothing that instances of a workload hand out can be changed for the trials that come later in the same process."""

import copy
import json
import pickle
from contextlib import suppress
from dataclasses import asdict, replace

import pytest

from harness import Reference, Size
from harness.contracts.fixed import Fixed
from workloads.digits_mlp import DigitsMlp


def stated():
    """Return all that the workload states, of its base and its variants."""
    every = [DigitsMlp("smoke", variant) for variant in ("", *sorted(DigitsMlp.variants))]
    return [
        (asdict(workload.size), copy.deepcopy(workload.ruler), dict(workload.reference_hyperparameters)) for workload in every
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda workload: workload.size.reference.hyperparameters.update(beta1=0.0),
        lambda workload: workload.size.reference.hyperparameters.__setitem__("beta1", 0.0),
        lambda workload: setattr(workload.size.reference.hyperparameters, "_values", {"beta1": 0.0}),
        lambda workload: workload.size.model.clear(),
        lambda workload: workload.ruler.clear(),
        lambda workload: workload.ruler["finals"].clear(),
        lambda workload: workload.ruler["finals"][0].update(examples=1.0),
        lambda workload: type(workload).sizes.pop("smoke"),
        lambda workload: type(workload).sizes["smoke"].model.clear(),
        lambda workload: type(workload).variants.clear(),
        lambda workload: [changes.clear() for changes in type(workload).variants.values()],
        lambda workload: [changes["model"].clear() for changes in type(workload).variants.values()],
    ],
)
def test_what_one_instance_hands_out_changes_neither_it_nor_another_one(change):
    workload, before = DigitsMlp("smoke"), stated()
    own = asdict(workload.size), workload.ruler
    with suppress(AttributeError, TypeError, KeyError):
        change(workload)
    assert (asdict(workload.size), workload.ruler) == own
    assert stated() == before


def test_a_size_is_made_into_json_copied_and_pickled_as_if_it_held_dictionaries():
    size = Size(
        16,
        160,
        16,
        target=0.5,
        reference=Reference(hyperparameters={"betas": [0.9, 0.99]}),
        model={"widths": [8, {"x": 2}], "pair": (1, [2])},
    )
    assert json.loads(json.dumps(asdict(size)))["model"] == {"widths": [8, {"x": 2}], "pair": [1, [2]]}
    assert type(asdict(size)["reference"]["hyperparameters"]) is dict
    assert pickle.loads(pickle.dumps(size)) == size == replace(size, model={**size.model})
    assert repr(size.model) == "{'widths': [8, {'x': 2}], 'pair': (1, [2])}"
    assert type(size.model["widths"]) is list and {**size.model}["pair"] == (1, [2])


def test_what_lies_in_it_cannot_be_changed_through_what_it_was_made_of_or_what_it_returns():
    source = {"rates": [[1.0]], "pair": ([1.0], 2.0)}
    held = Fixed(source)
    source["rates"][0].append(9.0)
    held["rates"][0].append(9.0)
    held["pair"][0].append(9.0)
    next(iter(held.values()))[0].append(9.0)
    assert held == {"rates": [[1.0]], "pair": ([1.0], 2.0)} and len(held) == 2
