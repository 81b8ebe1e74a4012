"""One Ray cluster for all tests that do not start one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execution.clusters import head_node

WORKERS = 2


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Yield the address of a Ray cluster on this machine that outlives every run that joins it."""
    with head_node(WORKERS) as address:
        yield address
