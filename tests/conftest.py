"""Test processes, and those that they start, compute on one thread; the longest tests start first; no test leaves its path.

The matrices of the tests are small: with more threads than free cores they take twice the CPU time. The variables are
read when NumPy, SciPy and PyTorch are first imported, so they are set here, before any test module is.
"""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what runs in the background so, and children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Ray's workers run at nice 15. Beside the other test processes they would get a thirtieth of a core, and minutes pass.
os.environ.setdefault("RAY_worker_niceness", "0")

from hypothesis import settings  # noqa: E402  hypothesis may import NumPy

settings.register_profile("timetrial", deadline=None)  # a busy machine must not fail a test
settings.load_profile("timetrial")


@pytest.hookimpl(trylast=True)  # after those that are not to run have been left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests marked `long` first on every process: each is given one part of the list, in its order."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    size = -(-len(items) // processes)
    spread: list[pytest.Item] = []
    for process in range(processes):
        own = long[process::processes]
        spread += own + others[: size - len(own)]
        del others[: size - len(own)]
    items[:] = spread


@pytest.fixture(autouse=True)
def _search_path() -> Iterator[None]:
    """Give the import path back as it was: a plug-in puts its folder on it, whose names would be modules later."""
    before = list(sys.path)
    yield
    sys.path[:] = before
