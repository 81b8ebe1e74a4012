"""What a schedule may return: real numbers of every type; all else is one line that names schedule, place, step and value."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from harness import ContractError, schedule
from harness.contracts.numbers import number
from tests.toy import Blobs, run_record, spec, submission

DATA = Blobs("smoke").load(None)


class EvilFloat(float):
    """Says that it is another number each time it is asked."""

    def __float__(self):
        raise SystemExit("never asked")


class EvilRepr:
    """Has no text."""

    def __repr__(self):
        raise RuntimeError("no text")


class EvilItem:
    """Is no array, though it has the method of one."""

    def item(self):
        raise ValueError("no item")


def generator():
    yield 1.0


NUMBERS = [
    (0.5, 0.5),
    (1, 1.0),
    (True, 1.0),
    (np.float64(0.5), 0.5),
    (np.float32(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.int64(1), 1.0),
    (np.bool_(True), 1.0),
    (np.asarray(0.5), 0.5),
    (np.asarray([0.5]), 0.5),
    (np.asarray([[1]]), 1.0),
    (torch.tensor(0.5), 0.5),
    (torch.tensor([0.5]), 0.5),
    (torch.tensor(0.5, requires_grad=True), 0.5),
    (torch.tensor(True), 1.0),
    (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
    (Decimal("0.5"), 0.5),
    (Fraction(1, 2), 0.5),
    (EvilFloat(0.5), 0.5),
    (np.float32(1) + np.float32(1e-7), 1.0),
    (-1e-8, 0.0),
]

REFUSED = [
    ("0.5", "returned '0.5' (str)"),
    (b"1", "returned b'1' (bytes)"),
    (np.str_("1"), "(str_)"),
    (np.asarray("1"), "(ndarray)"),
    (None, "returned None"),
    (0.5j, "returned 0.5j (complex)"),
    (np.complex64(1), "(complex64)"),
    (torch.tensor(1j), "(Tensor)"),
    ([0.5], "returned [0.5] (list)"),
    ((0.5,), "returned (0.5,) (tuple)"),
    ({"multiplier": 0.5}, "(dict)"),
    (np.asarray([0.5, 0.5]), "returned array([0.5, 0.5]) (ndarray)"),
    (np.zeros(0), "(ndarray)"),
    (torch.zeros(2), "returned tensor([0., 0.]) (Tensor)"),
    (torch.zeros(1, device="meta"), "(Tensor)"),
    (math.nan, "returned nan"),
    (np.float32("nan"), "returned nan"),
    (Decimal("sNaN"), "(Decimal)"),
    (math.inf, "returned inf"),
    (1.01, "returned 1.01"),
    (-0.2, "returned -0.2"),
    (Decimal("1e400"), "returned inf"),
    (10**400, "returned a number too large for a float"),
    (10**5000, "returned a number too large for a float"),
    (Fraction(10**400), "returned a number too large for a float"),
    (np.datetime64("2026-01-01"), "(datetime64)"),
    (generator(), "returned an object (generator)"),
    (lambda: 0.5, "returned an object (function)"),
    (EvilRepr(), "returned an object (EvilRepr)"),
    (EvilItem(), "(EvilItem)"),
    ("x" * 10**6, " ... (str)"),
]


def returning(value, at=3):
    @schedule
    def odd(step, horizon):
        """Returns a number, and once something else."""
        return value if step == at else 1.0

    return odd


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=lambda value: repr(value)[:30])
def test_a_real_number_of_any_type_is_a_multiplier(value, expected):
    found = returning(value).curve(5)
    assert found == [1.0, 1.0, 1.0, expected, 1.0] and {type(x) for x in found} == {float}


@pytest.mark.parametrize(("value", "what"), REFUSED, ids=[what[:30] for _, what in REFUSED])
def test_everything_else_is_one_line_that_names_schedule_place_step_and_value(value, what):
    plugin = returning(value)
    line = plugin.function.__code__.co_firstlineno
    with pytest.raises(ContractError) as refused:
        plugin.curve(5)
    text = str(refused.value)
    assert text.startswith(f"schedule 'odd' (tests/contracts/test_returned_values.py:{line}) returned ")
    assert what in text and text.endswith(" at step 3, expected a multiplier in [0, 1]")
    assert "\n" not in text and len(text) < 500


@pytest.mark.parametrize("value", ["0.5", 10**400, None, math.nan, [0.5]])
def test_a_trial_refuses_what_curve_refuses_in_the_same_words(value):
    plugin = returning(value, at=4)
    with pytest.raises(ContractError) as refused:
        plugin.curve(54)
    record = run_record(spec(target=0.0), Blobs("smoke"), submission(plugin), DATA)
    assert (record.status, record.reason) == ("failed", f"ContractError: {refused.value}")
    assert not record.evaluations


@pytest.mark.parametrize("number_of", [Fraction, Decimal, np.float64, torch.tensor, lambda x: np.asarray([x])])
def test_a_trial_takes_what_curve_takes_and_trains_alike(number_of):
    def records(convert):
        @schedule
        def halves(step, horizon):
            """Falls by half, in steps that every type can hold."""
            return convert(1.0 if 2 * step < horizon else 0.5)

        return run_record(spec(target=0.0), Blobs("smoke"), submission(halves), DATA)

    plain, other = records(lambda x: x), records(number_of)
    assert other.status == "missed"
    assert [e["metric"] for e in other.evaluations] == [e["metric"] for e in plain.evaluations]
    assert other.learning_rates == plain.learning_rates


def test_below_zero_at_the_last_step_is_found_by_curve_and_by_the_trial():
    @schedule
    def low(step, horizon):
        """Falls too far."""
        return 1 - (step + 1.5) / horizon

    with pytest.raises(ContractError, match=r"returned -0\.05\d* at step 9, expected a multiplier in \[0, 1\]"):
        low.curve(10)
    record = run_record(spec(target=0.0), Blobs("smoke"), submission(low), DATA)
    assert record.status == "failed" and "at step 53, expected" in record.reason


def test_the_step_of_a_message_is_the_one_that_the_schedule_was_given_during_warm_up_too():
    record = run_record(spec(target=0.0), Blobs("smoke"), submission(returning("1", at=0)), DATA)
    assert "returned '1' (str) at step 0, expected" in record.reason


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyError(), "KeyError"),
    ],
)
def test_what_a_schedule_raises_while_it_is_drawn_is_one_line_with_the_step(raised, said):
    @schedule
    def raises(step, horizon):
        """Raises at step 3."""
        if step == 3:
            raise raised
        return 1.0

    with pytest.raises(ContractError) as refused:
        raises.curve(10)
    assert str(refused.value).startswith("schedule 'raises' (tests/contracts/test_returned_values.py:")
    assert str(refused.value).endswith(f" raised {said} at step 3")


@pytest.mark.parametrize(
    ("value", "what"),
    [(math.nan, "nan"), (-0.1, "-0.1"), ("1", "'1' (str)"), (10**400, "a number too large for a float"), (None, "None")],
)
def test_the_multiplier_of_a_closed_loop_is_a_finite_number_of_at_least_zero(value, what):
    @schedule(anytime=True, listens="training_loss")
    class listens:
        """Returns something else after 20 steps."""

        def __init__(self):
            self._heard = 0

        def observe(self, feedback):
            self._heard += 1

        def multiplier(self, step):
            return value if self._heard > 20 else Fraction(3, 2)

    record = run_record(spec(target=0.0), Blobs("smoke"), submission(listens), DATA)
    assert record.status == "failed" and len(record.evaluations) == 4
    line = f"returned {what} at step 15, expected a finite number >= 0"
    assert record.reason.startswith("ContractError: schedule 'listens' (tests/contracts/test_returned_values.py:")
    assert record.reason.endswith(line)


def test_number_says_what_it_cannot_read():
    with pytest.raises(TypeError):
        number("1")
    with pytest.raises(OverflowError):
        number(10**400)
