"""A trial that has silenced the alarm of its time limit is a timeout at once, whoever ended its worker."""

from __future__ import annotations

import sys

import pytest

from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.results import ResultStore
from tests.hostile_plugins import Hostile, honest
from workloads.data import data_directory

DEAF = "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: time.sleep(1)"


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="worker processes end as Linux ends them")
def test_a_worker_that_its_own_watchdog_ends_is_a_timeout_and_its_trial_is_not_run_again(tmp_path):
    names = [str(plugin.write(tmp_path)) for plugin in (Hostile("deaf", DEAF, ("timeout",)), honest("honest"))]
    plan = make_plan(Request(suite="smoke", submissions=tuple(names), track="external", studies=1, trials=1))
    race = Race(plan, ResultStore(tmp_path / "results"), Settings("inline", data_directory(), limit=5.0))
    race.prepare()
    said: list[str] = []
    Driver(race, ChildPool(1), "127.0.0.1", said.append).run()
    race.close()
    found = {record.spec.submission: record for record in ResultStore(tmp_path / "results").records()}
    assert [str(found[name].status) for name in names] == ["timeout", "missed"] and said == []
    assert found[names[0]].reason == "over the time limit of 5 s, and its worker had to be ended"
