"""Sentences on a terminal are broken between words; for another program a sentence is one line."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from harness.cli.lines import between_words, print_line
from tests.execution.commands import command

SUMMARY = "24 trials run in 18 s; 8 were recorded before. CPU seconds: training 3, evaluation 1, set-up 0, everything else 18"
PATH = f"leaderboard: /tmp/{'a-long-folder/' * 8}leaderboard.html"


def printed(line, *, terminal):
    out = io.StringIO()
    print_line(line, Console(file=out, width=80, force_terminal=terminal, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("line", [SUMMARY, PATH, "[red]no markup[/] " + SUMMARY])
def test_a_terminal_gets_whole_words_and_another_program_one_line(line):
    lines = printed(line, terminal=True).splitlines()
    assert " ".join(lines) == line and len(lines) > 1
    assert all(len(each) <= 80 or " " not in each for each in lines)
    assert printed(line, terminal=False) == f"{line}\n"


def test_a_mistake_is_broken_between_words_on_a_terminal():
    primary, secondary = os.openpty()
    done = subprocess.Popen(
        command("check", "my_own_idea"), stdout=subprocess.DEVNULL, stderr=secondary, env={**os.environ, "COLUMNS": "60"}
    )
    os.close(secondary)
    told = b""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(primary, 4096):
            told += part
    os.close(primary)
    lines = told.decode().splitlines()
    assert done.wait() == 2 and len(lines) > 2 and "`timetrial new my_own_idea`" in " ".join(lines)
    assert all(len(line) <= 60 or " " not in line for line in lines)


@given(st.lists(st.text("ab-/.", min_size=1, max_size=30), min_size=1), st.integers(1, 40))
def test_no_word_is_ever_broken(words, width):
    lines = between_words(" ".join(words), width).split("\n")
    assert [word for line in lines for word in line.split(" ")] == words
    assert all(len(line) <= width or " " not in line for line in lines)
