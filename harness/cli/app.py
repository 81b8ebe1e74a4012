"""The application that the verbs register with. A user's mistake is printed as one line, with exit status 2."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from harness.cli import streams
from harness.cli.lines import for_stream
from harness.contracts.errors import BadInput

VERBS = (
    "new",
    "run",
    "report",
    "compare",
    "audit",
    "check",
    "list",
    "curve",
    "data",
    "import_",
    "export",
    "doctor",
    "targets",
    "calibrate",
)
"""Modules of `harness.cli`, one per verb, in the order of `timetrial --help`.

A verb is a function whose parameters are its command-line options, so it may have more than seven.
"""

_NOW = "is gone: every trial runs to its end now; --prune safe stops trials early"
GONE = {("timetrial run", option): f"{option} {_NOW}" for option in ("--no-prune", "--stop-hopeless")}
"""{(command, option that it once had): what to say of it}."""

BAD_INPUT = 2
"""Exit status after a user's mistake."""

LONGEST_MESSAGE, LONGEST_WORD = 600, 160
"""Messages are cut in the middle beyond so many characters, and so is each word in them."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells report it."""


class Interrupted(Exception):
    """The user's Ctrl-C; the message says where it came, if that is known."""


class _Verbs(TyperGroup):
    """The verbs. Typer itself would end an interrupted one without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(plain_line(str(error))) from None


app = typer.Typer(
    name="timetrial",
    cls=_Verbs,
    help="Race learning-rate schedules, optimizers and training procedures: how much compute each saves, with intervals.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"timetrial {version('timetrial')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="print the version and exit", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Keep verbs as subcommands even if there is only one."""


@cache
def _all_verbs() -> Callable[..., Any]:
    """Return the application with all its verbs as one command."""
    for verb in VERBS:
        import_module(f"harness.cli.{verb}")
    return get_command(app)


def run_app(arguments: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit status."""
    try:
        check_not_empty(sys.argv[1:] if arguments is None else arguments)
        result = _all_verbs()(arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except BadInput as error:
        return _bad_input(str(error))
    except TyperException as error:
        return _usage_error(error)
    except (Interrupted, KeyboardInterrupt, Abort) as error:
        where = f" {error}" if isinstance(error, Interrupted) and str(error) else ""
        streams.complain(f"\ninterrupted{where}; run the same command again to resume")
        return INTERRUPTED
    except OSError as error:
        if not streams.lost_output():
            place = f": {error.filename}" if error.filename else ""
            streams.complain(f"timetrial: {plain_line(f'{error.strerror or error}{place}')}")
        return 1


def check_not_empty(arguments: Sequence[str]) -> None:
    """Check that no argument is empty, as one is where a shell variable in quotation marks is not set.

    Raises:
        BadInput: one is; it would otherwise mean the default, or the current directory.
    """
    for before, argument in zip(("", *arguments), arguments, strict=False):
        option, equals, value = argument.partition("=") if argument.startswith("--") else (before, "=", argument)
        if equals and not value.strip():
            place = f"{option} has an empty value" if option.startswith("-") else "an argument is empty"
            raise BadInput(f"{place}: give one, or leave it out")


def plain_line(message: str) -> str:
    """Return a message as one line without invisible characters, shortened where it repeats what a user typed at length."""
    from harness.report.words import one_line

    line = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: _shortened(word[0], LONGEST_WORD), one_line(message))
    return _shortened(line, LONGEST_MESSAGE)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length // 2]} … {text[-length // 2 :]}"


def _usage_error(error: TyperException) -> int:
    """Print what is wrong with a command line that has no verb, an unknown option or an unsuitable value."""
    message = str(getattr(error, "format_message", lambda: error)())
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return BAD_INPUT
    gone = GONE.get((context.command_path, getattr(error, "option_name", ""))) if context is not None else None
    if gone:
        return _bad_input(gone)
    lacking = getattr(error, "param", None) if type(error).__name__ == "MissingParameter" else None
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    if context is not None and lacking is not None and lacking.help:
        return _bad_input(f"{context.info_name} needs {lacking.metavar or lacking.name.upper()}: {lacking.help}{hint}")
    return _bad_input(" ".join(message.split()) + hint)


def _bad_input(message: str) -> int:
    streams.complain(for_stream(f"timetrial: {plain_line(message)}", sys.stderr))
    return BAD_INPUT
