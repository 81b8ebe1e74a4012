"""`breakpoint()` in a trial in the user's process opens the debugger where the user can see it."""

from __future__ import annotations

import io
import signal
import sys

from harness.trial.process.output import Kept, output_kept


def test_the_debugger_is_at_the_terminal_and_what_is_printed_is_kept(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    monkeypatch.setattr(sys, "__stdin__", io.StringIO("p rate\nc\n"))
    monkeypatch.setattr(sys, "__stdout__", terminal)
    before, kept, rate = sys.breakpointhook, Kept(), 0.25
    interrupt = signal.getsignal(signal.SIGINT)
    with output_kept(kept, own_process=False):
        breakpoint()
        print("on it goes")
    assert "0.25" in terminal.getvalue() and "(Pdb)" in terminal.getvalue()
    assert kept.content() == b"on it goes\n" and rate == 0.25 and sys.breakpointhook is before
    assert signal.getsignal(signal.SIGINT) is interrupt  # the debugger would keep it, and Ctrl-C would not end the run


def test_another_debugger_or_none_is_the_users_choice(monkeypatch):
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")
    monkeypatch.setattr(sys, "__stdin__", None)
    with output_kept(Kept(), own_process=False):
        breakpoint()


def test_the_debugger_of_a_notebook_or_an_editor_stays(monkeypatch):
    opened = []
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    monkeypatch.setattr(sys, "breakpointhook", lambda: opened.append("here"))
    with output_kept(Kept(), own_process=False):
        breakpoint()
    assert opened == ["here"]
