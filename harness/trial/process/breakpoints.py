"""`breakpoint()` in a trial that runs in the user's process: what a trial prints is kept, and a debugger must be seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CHOSEN = "PYTHONBREAKPOINT"
"""Environment variable by which a user chooses another debugger, or none."""


@contextmanager
def breakpoints_at_terminal() -> Iterator[None]:
    """Let `breakpoint()` open Python's debugger at the terminal of the process, unless the user has chosen another one."""
    before = sys.breakpointhook

    def opens(*arguments: Any, **keywords: Any) -> Any:
        if os.environ.get(CHOSEN) or before is not sys.__breakpointhook__:  # notebooks and editors bring their own
            return before(*arguments, **keywords)
        import pdb  # costs every command a few milliseconds

        debugger = pdb.Pdb(stdin=sys.__stdin__, stdout=sys.__stdout__, nosigint=True)  # Ctrl-C goes on to end the run
        debugger.set_trace(sys._getframe(1))
        return None

    sys.breakpointhook = opens
    try:
        yield
    finally:
        sys.breakpointhook = before


def pass_over_breakpoints() -> None:
    """Let `breakpoint()` do nothing in this process, which has no terminal."""
    os.environ[CHOSEN] = "0"
