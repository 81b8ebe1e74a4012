"""Every hostile plug-in is raced between honest ones: these have the same records, to the last bit, as without it.

The honest trial after a hostile one runs in the same process wherever that process is still fit for it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.execution.commands import outcome, timetrial
from tests.hostile_plugins import ALL, BY_NAME, NO_NEW_PROCESS, QUICK
from tests.hostile_runs import MOST_STARTS, Run, run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it finds and limits processes as Linux does")

RACED = tuple(hostile.name for hostile in ALL if hostile.ends)
LIBRARIES_KEEP = ("torchinductor_*", "ray")
"""Folders that libraries keep for later processes."""


def problems(folder, raced, **settings):
    """Race plug-ins between honest ones; return what is not as it must be, a line each.

    Args:
        folder: for plug-ins, results and temporary files.
        raced: {executor: names of hostile plug-ins}.
        settings: of `Run`.
    """
    honest = max(map(len, raced.values())) + 1
    alone = run(Run("inline", str(folder), (), honest, **settings))[0]
    expected = outcome(alone.results)
    assert alone.ends == [0] and len(expected) == honest
    found = []
    for executor, names in raced.items():
        for ran in run(Run(executor, str(folder), tuple(names), len(names) + 1, **settings)):
            found += [f"{executor}, {' '.join(ran.hostile)}: {problem}" for problem in _problems(ran, expected)]
    places = [path for pattern in ("tmp-*/*", "results-*/.claims/*") for path in Path(folder).glob(pattern)]
    kept = [path for path in places if not any(path.match(pattern) for pattern in (*LIBRARIES_KEEP, "lock"))]
    return found + [f"it was left: {path}" for path in kept]


def _problems(ran, expected):
    records = MappingProxyType(outcome(ran.results))
    by_name = {Path(record["spec"]["submission"]).stem: record for record in records.values()}
    if ran.ends[-1] != 0:
        yield f"it does not finish in {MOST_STARTS} starts: {ran.ends}"
    for name in ran.hostile:
        ends = by_name[name]["status"] if name in by_name else "no record"
        if ends not in BY_NAME[name].ends:
            yield f"{name} is {ends} ({by_name.get(name, {}).get('reason')}), not {' or '.join(BY_NAME[name].ends)}"
        if name in by_name and len(by_name[name]["reason"]) > 2000:
            yield f"the reason of {name} has {len(by_name[name]['reason'])} characters"
    honest = [trial for trial in records if trial in expected]
    if len(honest) != len(ran.hostile) + 1:
        yield f"{len(honest)} honest records of {len(ran.hostile) + 1}"
    yield from (f"{records[t]['spec']['submission']} is not as it is alone" for t in honest if records[t] != expected[t])
    yield from (f"it left a process: {line}" for line in ran.left)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_dozen_hostile_plug_ins_do_nothing_to_honest_ones(tmp_path):
    raced = {"child": [hostile.name for hostile in QUICK], "inline": NO_NEW_PROCESS}
    assert problems(tmp_path, raced, limit=5.0) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("executor", ["inline", "child", "ray"])
def test_no_hostile_plug_in_does_anything_to_honest_ones(tmp_path, executor):
    assert problems(tmp_path, {executor: RACED}) == []


@pytest.mark.parametrize("name", [hostile.name for hostile in ALL if not hostile.ends])
def test_a_file_that_cannot_be_imported_is_refused_before_anything_runs(tmp_path, name):
    path = BY_NAME[name].write(tmp_path)
    results = tmp_path / "results"
    done = timetrial("run", "--suite", "smoke", "-s", path, "-s", "linear", "--executor", "inline", "--results", results)
    assert not results.exists()
    assert done.returncode == 2, done.stderr + done.stdout
    assert path.name in done.stderr and "Traceback" not in done.stderr and done.stderr.count("\n") == 1
