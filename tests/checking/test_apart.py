"""Calls in another process: what happens there does not happen here."""

import os
import time
from pathlib import Path

import pytest

from harness import DataUnavailable
from harness.checking import Apart, CallFailed, ProcessDied


@pytest.fixture
def apart():
    one = Apart()
    yield one
    one.close()


def double(number):
    return 2 * number


def fails(kind):
    raise kind("no data")


def ends(status):
    os._exit(status)


def closes_everything_and_stays():
    os.closerange(0, 200)
    time.sleep(60)


def ill_formed():
    return {1j}


def leaves_a_child():
    child = os.fork()
    if child == 0:
        time.sleep(300)
        os._exit(0)
    return child


def runs(process):
    """Return whether a process runs; one that ended and that nobody has waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_answers_come_from_one_process_until_it_is_closed(apart):
    assert apart.call(double, 21, patience=60) == 42
    first, second = (apart.call(os.getpid, patience=60) for _ in range(2))
    apart.close()
    assert first == second != apart.call(os.getpid, patience=60)


@pytest.mark.parametrize(("kind", "text"), [(DataUnavailable, "no data"), (RuntimeError, "RuntimeError: no data")])
def test_an_exception_there_is_a_line_here(apart, kind, text):
    with pytest.raises(CallFailed) as error:
        apart.call(fails, kind, patience=60)
    assert str(error.value) == text
    assert apart.call(double, 2, patience=60) == 4


def test_what_is_no_json_is_no_answer(apart):
    with pytest.raises(CallFailed, match="TypeError"):
        apart.call(ill_formed, patience=60)


def test_a_process_that_ends_is_named_by_its_status_and_replaced(apart):
    with pytest.raises(ProcessDied, match="exit status 7"):
        apart.call(ends, 7, patience=60)
    assert apart.call(double, 2, patience=60) == 4


@pytest.mark.parametrize(("function", "arguments"), [(closes_everything_and_stays, ()), (time.sleep, (60,))])
def test_a_process_that_does_not_answer_is_ended(apart, function, arguments):
    apart.call(double, 1, patience=60)
    began = time.monotonic()
    with pytest.raises(ProcessDied, match="signal 9"):
        apart.call(function, *arguments, patience=0.5)
    assert time.monotonic() - began < 50


def test_what_a_plug_in_leaves_behind_ends_with_the_process(apart):
    child = apart.call(leaves_a_child, patience=60)
    assert runs(child)
    apart.close()
    deadline = time.monotonic() + 60
    while runs(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not runs(child)
