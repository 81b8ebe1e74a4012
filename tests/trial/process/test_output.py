"""What a trial prints is kept up to a size, and nothing of it reaches the user's terminal."""

import ctypes
import io
import os
import subprocess
import sys
import threading

import pytest

from harness.trial.process.output import KEPT_BYTES, Kept, output_kept
from tests.toy import Plain
from tests.trial.process.children import in_a_process
from tests.trial.process.guarded import guarded_race, honest, in_the_tenth_step


def output(action, own_process):
    record, aftermath = guarded_race(in_the_tenth_step(action), own_process=own_process)
    return record.status, aftermath.output.content().decode()


def speak(_):
    print("to the output")
    sys.stderr.write("to the errors\n")
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.flush()


def speak_below(_):
    os.write(1, b"to descriptor 1\n")
    subprocess.run(["sh", "-c", "echo from a child; echo its errors >&2"], check=True)
    ctypes.CDLL(None).puts(b"from C")
    ctypes.CDLL(None).fflush(None)


def flood(_):
    for number in range(200_000):
        print("flood", number, "." * 40)


def flood_from_c(_):
    ctypes.PyDLL(None).system(b"yes ........................................ | head -c 20000000")


def one_long_line(_):
    print("y" * 10**7)


def draw(_):
    print("\x1b[2J\x1b[Ha board of its own \u202e \ud800 \x07")


@pytest.mark.parametrize("own_process", [True, False])
def test_what_python_code_prints_is_kept(own_process):
    status, text = in_a_process(output, speak, own_process).value
    assert (status, sorted(text.splitlines())) == ("missed", ["bytes", "to the errors", "to the output"])


def test_in_a_process_of_its_own_what_other_code_prints_is_kept_too():
    status, text = in_a_process(output, speak_below, True).value
    assert status == "missed"
    assert text.splitlines() == ["to descriptor 1", "from a child", "its errors", "from C"]


@pytest.mark.parametrize("action", [flood, flood_from_c, one_long_line])
def test_of_a_flood_the_beginning_and_the_end_are_kept(action):
    for own_process in [True] if action is flood_from_c else [True, False]:
        status, text = in_a_process(output, action, own_process).value
        assert status == "missed"
        assert len(text) <= 2 * KEPT_BYTES + 100
        assert "bytes left out" in text
        if action is flood:
            assert text.startswith("flood 0 ") and "flood 199999 " in text[-100:]


def test_control_characters_are_written_as_escapes():
    _, text = in_a_process(output, draw, True).value
    assert text.endswith(" \\x07\n") and text.startswith("\\x1b[2J\\x1b[Ha board of its own \\u202e ")
    assert text.replace("\n", "").isprintable()


def test_a_silent_trial_leaves_no_output():
    assert honest(own_process=False)[1] == ""
    assert in_a_process(honest).value[1] == ""


def test_the_streams_of_the_user_are_the_same_objects_afterwards():
    before = sys.stdout, sys.stderr, os.fstat(1).st_ino
    guarded_race(in_the_tenth_step(speak), own_process=False)
    assert (sys.stdout, sys.stderr, os.fstat(1).st_ino) == before


def test_a_thread_of_the_driver_goes_on_to_write_where_it_did(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    draw_now, drawn = threading.Event(), threading.Event()

    def driver():
        draw_now.wait(60)
        print("progress", file=sys.stdout)
        drawn.set()

    thread = threading.Thread(target=driver)
    thread.start()

    def action(_):
        print("a line of the plug-in")
        draw_now.set()
        drawn.wait(60)

    _, aftermath = guarded_race(in_the_tenth_step(action), own_process=False)
    thread.join()
    assert (terminal.getvalue(), aftermath.output.content()) == ("progress\n", b"a line of the plug-in\n")


def test_a_failure_inside_passes_through():
    with pytest.raises(ValueError, match="inside"), output_kept(Kept(), own_process=False):
        raise ValueError("inside")
    assert in_a_process(raised_inside).value == "inside"


def raised_inside():
    try:
        with output_kept(Kept(), own_process=True):
            raise ValueError("inside")
    except ValueError as error:
        return str(error)


def test_without_a_folder_for_temporary_files_the_trial_runs_and_nothing_is_kept():
    assert in_a_process(without_temporary_files).value == ("missed", b"")


def without_temporary_files():
    import tempfile

    tempfile.tempdir = "/nonexistent"
    record, aftermath = guarded_race(Plain)
    return record.status, aftermath.output.content()
