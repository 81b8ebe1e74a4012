"""The built-in workloads, their data, and environments in which nothing can be downloaded."""

import os
from pathlib import Path

import pytest

from harness import DataUnavailable
from harness.registry import all_workloads
from workloads.data import data_directory

WORKLOADS = {cls.name: cls for cls in all_workloads()}


def pytest_generate_tests(metafunc):
    if "workload" in metafunc.fixturenames:
        every = [cls(size, variant) for cls in WORKLOADS.values() for size in cls.sizes for variant in ("", *cls.variants)]
        metafunc.parametrize("workload", every, ids=lambda w: f"{w.label}-{w.size_name}")
    if "base" in metafunc.fixturenames:
        every = [cls(size) for cls in WORKLOADS.values() for size in cls.sizes]
        metafunc.parametrize("base", every, ids=lambda w: f"{w.label}-{w.size_name}")


@pytest.fixture(scope="session")
def loaded():
    """A function that returns a workload's data, read at most once per session, or skips the test with the reason."""
    known = {}

    def load(workload):
        key = (workload.name, workload.size_name)
        if key not in known:
            try:
                known[key] = workload.load(data_directory())
            except DataUnavailable as error:
                known[key] = str(error)
        if isinstance(known[key], str):
            pytest.skip(f"{workload.name}: {known[key]}")
        return known[key]

    return load


@pytest.fixture
def cut_off(monkeypatch, tmp_path):
    """Set up an environment without programs, package indexes, mirrors and installed data sets."""
    closed = "http://127.0.0.1:9"
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{closed}/simple")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, closed)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    return Path(tmp_path)
