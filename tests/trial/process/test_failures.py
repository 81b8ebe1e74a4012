"""The reason of a failed trial is one short, clean line whatever the exception is made of."""

import pytest

from harness.trial.process.failures import MAX_MESSAGE, TRACEBACK_BYTES, explain, full_traceback


class Mute(Exception):
    """Raises when it is converted to text."""

    def __str__(self):
        raise RecursionError


class Renamed(type):
    """A class of classes that lies about its name."""

    @property
    def __name__(cls):
        raise KeyError


class Lies(Exception, metaclass=Renamed):
    """Has no name that can be read in the usual way."""


def caught(error, file="plugin.py"):
    """Return the exception, raised in a file of this name."""
    try:
        exec(compile("raise error", file, "exec"), {"error": error})
    except BaseException as found:  # noqa: BLE001
        return found


def deep():
    deep()


def chain(length):
    error = ValueError("the first")
    for number in range(length):
        following = ValueError(number)
        following.__cause__ = error
        error = following
    return error


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (ValueError("x" * 10**7), "ValueError: xxxxx"),
        (
            ValueError("two\nlines\tand \x1b[2J \u202e \ud800"),
            "ValueError: two lines and \\x1b[2J \\u202e \\ud800 (plugin.py:1)",
        ),
        (Mute(), "Mute: its message cannot be read (plugin.py:1)"),
        (Lies("the message"), "Lies: the message (plugin.py:1)"),
        (type("N" * 10**6, (Exception,), {})("m"), "NNNNN"),
        (ExceptionGroup("many", [ValueError(n) for n in range(10**4)]), "ExceptionGroup: many (10000 sub-exceptions)"),
        (chain(5000), "ValueError: 4999 (plugin.py:1)"),
        (KeyboardInterrupt(), "KeyboardInterrupt (plugin.py:1)"),
    ],
)
def test_any_exception_is_one_short_clean_line_and_a_traceback_of_limited_size(error, start):
    found = caught(error)
    line, traceback = explain(found), full_traceback(found)
    assert line.startswith(start)
    assert line.isprintable() and len(line) < MAX_MESSAGE + 500
    assert len(traceback) <= TRACEBACK_BYTES
    assert traceback.decode().replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize("file", ["evil\x1b[2J.py", "f" * 10**5, "with\nline.py", "\0"])
def test_a_file_name_that_a_plug_in_invented_is_cleaned_too(file):
    found = caught(ValueError("message"), file.replace("\0", "nul"))
    assert explain(found).startswith("ValueError: message")
    assert explain(found).isprintable() and len(explain(found)) < 500
    assert len(full_traceback(found)) <= TRACEBACK_BYTES


def test_an_exhausted_stack_is_explained():
    with pytest.raises(RecursionError) as raised:
        deep()
    found = raised.value
    assert explain(found).startswith("RecursionError: maximum recursion depth exceeded")
    assert b"deep" in full_traceback(found)
