"""Hyperparameters after a name reach workers that run in another directory."""

import pytest

from tests.execution.commands import outcome, timetrial

MINE = """
from harness import schedule


@schedule
def mine(step, horizon, bend=2.0):
    return 1 - (step / horizon) ** bend
"""


@pytest.mark.slow
def test_names_and_files_with_settings_race_over_ray_from_another_directory(cluster, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    run = ("run", "--suite", "smoke", "-w", "digits_mlp", "--studies", 1, "--trials", 1, "--track", "budget")
    names = ("polynomial:power=3", "./mine.py:bend=0.5", "adamw:clip=1+./mine.py:mine:bend=1")
    submissions = [word for name in names for word in ("-s", name)]
    for results, how in (("ray", ("--address", cluster)), ("inline", ("--executor", "inline"))):
        done = timetrial(*run, *submissions, *how, "--results", results, cwd=tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout
    found = [outcome(tmp_path / results) for results in ("ray", "inline")]
    for record in (record for records in found for record in records.values()):
        record["facts"]["submission"].pop("source")  # a path that is shown relative to the worker's directory
    assert found[0] == found[1]
    given = {record["spec"]["submission"]: record["spec"]["given"] for record in found[0].values()}
    assert given == {names[0]: {"power": 3.0}, names[1]: {"bend": 0.5}, names[2]: {"clip": 1.0, "bend": 1.0}}
