"""What tests of several modules read is made once, by the test process that needs it first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` has filled, once for all test processes of a session; the others wait for it.

    It lies elsewhere than where it was made. No test changes what is in it: one that has to takes a copy.

    Args:
        factory: of the session.
        name: of the folder; whoever asks for it by this name makes the same.
        make: called with an empty folder.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of each test process lies in that of the session
    place, making = base / f"once-{name}", base / f"once-{name}.making"
    with (base / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(place)
    return place
