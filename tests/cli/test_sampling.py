"""`run` draws every pure schedule before it starts a worker, in a process that a schedule may end without harm."""

from __future__ import annotations

import time

import pytest

from harness import BadInput
from harness.checking.checks.drawing import sampled_steps
from harness.cli.running import forked
from harness.cli.running.sampling import check_schedules, drawings
from harness.contracts.schedules import Schedule
from harness.plan import Request, make_plan
from tests.execution.commands import timetrial

HEAD = "import os, sys, math\nfrom harness import schedule\n\n"


def write(folder, name, body, arguments="step, horizon", decorator="@schedule"):
    """Write a schedule into ./submissions; its definition starts at line 4."""
    (folder / "submissions").mkdir(exist_ok=True)
    text = f"{HEAD}{decorator}\ndef {name}({arguments}):\n    'Odd.'\n    {body}\n"
    (folder / "submissions" / f"{name}.py").write_text(text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(*names, **changes):
    return make_plan(Request(suite="smoke", submissions=names, studies=1, **changes))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return 1.01 if step == 3 else 1.0", "returned 1.01 at step 3, expected a multiplier in [0, 1] (horizon 48)"),
        (
            "return math.nan if step == horizon - 1 else 1.0",
            "returned nan at step 47, expected a multiplier in [0, 1] (horizon 48)",
        ),
        ("return str(1 - step / horizon)", "returned '1.0' (str) at step 0, expected a multiplier in [0, 1] (horizon 48)"),
        ("return 10 ** 400", "returned a number too large for a float at step 0, expected a multiplier in [0, 1] (horizon 48)"),
        ("return 1 / (step - 3) ** 2 / 9", "raised ZeroDivisionError: division by zero at step 3 (horizon 48)"),
        ("return 1.0 if horizon < 90 else 2.0", "returned 2.0 at step 0, expected a multiplier in [0, 1] (horizon 95)"),
        ("sys.exit(3)", "raised SystemExit: 3 at step 0 (horizon 48)"),
        ("return [1.0] * 10 ** 10", "raised MemoryError at step 0 (horizon 48)"),
    ],
)
def test_a_schedule_that_returns_no_multiplier_is_one_line_before_a_worker_starts(here, body, says):
    write(here, "odd", body)
    with pytest.raises(BadInput) as refused:
        check_schedules(plan("cosine", "odd"))
    assert str(refused.value) == f"schedule 'odd' (submissions/odd.py:4) {says}"


def test_the_command_says_so_with_status_2_and_writes_nothing(here):
    write(here, "odd", "print('drawn')\n    return -0.2 if step == horizon - 1 else 1.0")
    line = ("run", "--suite", "smoke", "--executor", "inline", "-s", "cosine", "-s", "odd", "--results", "r")
    for arguments in (line, (*line, "--dry-run")):
        done = timetrial(*arguments, cwd=here)
        assert done.returncode == 2
        text = "schedule 'odd' (submissions/odd.py:4) returned -0.2 at step 47, expected a multiplier in [0, 1] (horizon 48)"
        assert (done.stdout + done.stderr).strip() == f"timetrial: {text}"
        assert not (here / "r").exists()


@pytest.mark.parametrize("body", ["os._exit(0)", "os.kill(os.getpid(), 9)", "raise KeyboardInterrupt"])
def test_a_schedule_that_ends_its_process_is_left_to_its_trials_and_the_next_one_is_drawn_all_the_same(here, body):
    write(here, "ends", f"{body}\n    return 1.0")
    check_schedules(plan("ends", "rex"))
    write(here, "odd", "return 7.0")
    with pytest.raises(BadInput, match="'odd'"):
        check_schedules(plan("ends", "odd"))


def test_a_schedule_that_never_returns_is_left_to_the_time_limit_of_its_trials(here, monkeypatch):
    monkeypatch.setattr(forked, "SECONDS", 0.5)
    write(here, "hangs", "while True: pass")
    write(here, "odd", "return 7.0")
    began = time.monotonic()
    check_schedules(plan("hangs", "cosine"))
    with pytest.raises(BadInput, match="'odd'"):
        check_schedules(plan("hangs", "odd"))
    assert time.monotonic() - began < 60  # it returned at all


def test_what_a_schedule_leaves_behind_is_not_in_this_process(here):
    write(here, "patches", "math.pi = 3\n    os.chdir('/')\n    return 1.0")
    check_schedules(plan("patches"))
    import math

    assert math.pi > 3.1 and here.samefile(".")


def test_a_closed_loop_is_not_drawn_since_it_has_nothing_to_listen_to():
    assert drawings(plan("plateau")) == []
    assert [drawing.schedule.name for drawing in drawings(plan("plateau", "rex", "adamw+wsd", track="budget"))] == [
        "rex",
        "wsd",
    ]


def test_a_schedule_is_drawn_with_what_its_trials_have(here):
    (drawing,) = drawings(plan("adamw+polynomial:power=3"))
    given = [arguments["hyperparameters"] for arguments in drawing.arguments]
    assert isinstance(drawing.schedule, Schedule) and {values["power"] for values in given} == {3}
    (fixed,) = drawings(plan("cosine"))
    assert [(a["horizon"], a["warmup"], a["batch_size"]) for a in fixed.arguments] == [(48, 2, 16), (95, 5, 16)]


@pytest.mark.parametrize("horizon", [1, 2, 15, 33, 200, 10**6])
def test_both_ends_of_the_horizon_are_drawn_and_a_grid_between(horizon):
    steps = sampled_steps(horizon)
    assert steps[0] == 0 and steps[-1] == horizon - 1 and steps == sorted(set(steps))
    assert len(steps) <= 96 and (horizon > 96 or len(steps) == horizon or horizon > 32)
