"""The verbs together, and how a mistake reaches the user: one plain line and exit status 2."""

from __future__ import annotations

import sys
from importlib import import_module

import typer
from typer.exceptions import Abort, TyperException

from harness.contracts.errors import BadInput

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells report it."""

VERBS = ("run", "report", "compare", "list", "curve", "data", "import_", "doctor", "targets")

app = typer.Typer(
    name="timetrial",
    help="Race learning-rate schedules, optimizers and training procedures to a fixed target, and say how sure it is.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root() -> None:
    """Keep typer from folding a single verb into the root."""


def run_app(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    for verb in VERBS:
        import_module(f"harness.cli.{verb}")
    try:
        result = app(arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except BadInput as error:
        return _complain(str(error))
    except TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, Abort):
        print("\ninterrupted; run the same command again to resume", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"timetrial: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 1


def _misused(error: TyperException) -> int:
    """Say what is wrong with a command line that names no verb, a wrong option or a wrong value."""
    message = str(getattr(error, "format_message", lambda: error)())
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return 2
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return _complain(" ".join(message.split()) + hint)


def _complain(message: str) -> int:
    print(f"timetrial: {message}", file=sys.stderr)
    return 2
