"""The last nodes of a cluster: what runs there is kept, and a run says that it waits; trials go to other nodes if they can."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from harness.execution.dispatch import prospects as prospects_module
from harness.execution.dispatch import retries as retries_module
from harness.execution.dispatch.capacity import Wanted
from harness.execution.dispatch.deaths import Cause
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.messages import SPEAKS, Lost, connect
from harness.execution.dispatch.nodes import MOST_IN_A_ROW, Worker
from harness.execution.dispatch.pools import RunStopped
from harness.execution.dispatch.ray_pool import RayPool
from harness.execution.dispatch.retries import Retries
from harness.execution.dispatch.travel import PluginFiles
from harness.plan import Request, make_plan
from harness.results import ResultStore
from tests.execution.scripted import OneLiar, joined, on_node, race_id, race_of, statuses

NAMES = tuple(f"adamw+{schedule}" for schedule in ("linear", "cosine", "constant", "rex"))


class Cluster(OneLiar):
    """A cluster with nodes of which a test says which are alive; a worker's death is that of its node where this is not."""

    def __init__(self, act, *nodes, concurrency=1):
        super().__init__(act)
        self.concurrency = concurrency
        self.alive, self.seen, self.left_out = set(nodes), set(nodes), []

    def join(self, node):
        self.alive, self.seen = self.alive | {node}, self.seen | {node}

    def leave(self, node):
        self.alive = self.alive - {node}

    def leave_out(self, node):
        self.left_out.append(node)

    def cause_of_death(self, about):
        return (Cause.NODE, "") if about["node"] not in self.alive else (Cause.OWN, "it lied")


def in_thread(function, *arguments):
    def run():
        with suppress(Lost):
            function(*arguments)

    threading.Thread(target=run, daemon=True).start()


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def answer(channel, message):
    channel.send("result", id=race_id(message), record=None, spent=0.0, replace="", artefacts=[])


def serve(channel):
    """Answer every trial, until there are none left."""
    while (message := channel.receive())["type"] == "trial":
        answer(channel, message)


def test_what_runs_on_the_last_node_when_it_is_left_out_ends_and_is_recorded_before_the_run_stops(tmp_path):
    begun: list[str] = []

    def steady(meeting):
        channel = on_node(meeting, "a")
        first = channel.receive()
        begun.append(race_id(first))
        until(lambda: pool.left_out)
        time.sleep(1.0)
        answer(channel, first)
        serve(channel)

    def act(meeting):
        in_thread(steady, meeting)
        channel = on_node(meeting, "a")
        trial = race_id(channel.receive())
        until(lambda: begun)
        channel.send("unable", id=trial, reason="DataUnavailable: no data there", lasting=True)

    race, said = race_of(tmp_path, *NAMES)
    pool = Cluster(act, "a", concurrency=2)
    with pytest.raises(RunStopped, match="no other node of the Ray cluster is left"):
        Driver(race, pool, "127.0.0.1", said.append, PluginFiles()).run()
    recorded = {record.spec.id for record in ResultStore(tmp_path).records()}
    assert set(begun) <= recorded and len(recorded) < len(NAMES), "what had not started is left to the next run"
    assert pool.left_out == ["a"] and not pool.errors


def test_a_run_whose_only_machine_fails_goes_on_with_the_workers_that_have_shown_that_they_run_trials(tmp_path):
    """One of two GPUs is dead: its worker says so as often as it is started, the other one runs all trials."""
    hopeless = threading.Event()

    def steady(meeting):
        channel = joined(meeting)
        first = channel.receive()
        assert hopeless.wait(30)
        answer(channel, first)
        serve(channel)

    def act(meeting):
        in_thread(steady, meeting)
        time.sleep(0.5)
        for count in range(MOST_IN_A_ROW):
            channel = connect(meeting.address)
            channel.send("worker", token=meeting.token, pid=2, key="2", speaks=SPEAKS)
            channel.receive()
            channel.send("fit", broken="cuda does not compute", host="here")
            if count < MOST_IN_A_ROW - 1:
                assert channel.receive()["type"] == "refused"
        time.sleep(1.0)
        hopeless.set()
        assert channel.receive()["type"] == "end", (
            "the last one stays until the end: another would only be started in its place"
        )

    race, said = race_of(tmp_path, *NAMES)
    pool = OneLiar(act)
    Driver(race, pool, "127.0.0.1", said.append).run()
    assert statuses(tmp_path) == dict.fromkeys(NAMES, "failed") and not pool.errors


def test_a_cluster_that_has_lost_its_nodes_is_waited_for_with_a_line_and_goes_on_when_one_joins(tmp_path, monkeypatch):
    monkeypatch.setattr(prospects_module, "REPEAT_SECONDS", 0.5)

    def act(meeting):
        channel = on_node(meeting, "a")
        channel.receive()
        pool.leave("a")
        channel.close()
        until(lambda: len(waits()) > 1)
        pool.join("b")
        serve(on_node(meeting, "b"))

    def waits():
        return [line for line in said if "waiting for nodes to join" in line]

    race, said = race_of(tmp_path, *NAMES)
    pool = Cluster(act, "a")
    Driver(race, pool, "127.0.0.1", said.append, PluginFiles()).run()
    assert statuses(tmp_path) == dict.fromkeys(NAMES, "failed"), "b ran all of them"
    assert waits()[0].startswith("no node that could run trials is left (gone: ") and "Ctrl-C stops the run" in waits()[0]
    assert said[-1] == "a node has joined: the run goes on"


def test_a_run_that_has_lost_its_nodes_but_for_one_that_is_left_out_names_both(tmp_path):
    def act(meeting):
        for node in ("a", "b"):
            channel = on_node(meeting, node)
            trial = race_id(channel.receive())
            if node == "a":
                channel.send("unable", id=trial, reason="DataUnavailable: no data there", lasting=True)
                until(lambda: pool.left_out)
            else:
                pool.leave("b")
                channel.close()
        until(lambda: any("waiting" in line for line in said))
        pool.join("c")
        serve(on_node(meeting, "c"))

    race, said = race_of(tmp_path, *NAMES)
    pool = Cluster(act, "a", "b")
    Driver(race, pool, "127.0.0.1", said.append, PluginFiles()).run()
    (line,) = (line for line in said if "waiting" in line)
    assert ", not used: " in line and len(statuses(tmp_path)) == len(NAMES)


def test_a_run_whose_devices_others_hold_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(prospects_module, "IDLE_SECONDS", 0.3)

    def act(meeting):
        until(lambda: any("others may hold the devices: waiting for these; Ctrl-C" in line for line in said))
        serve(on_node(meeting, "a"))

    race, said = race_of(tmp_path, *NAMES)
    pool = Cluster(act, "a")
    Driver(race, pool, "127.0.0.1", said.append, PluginFiles()).run()
    assert len(statuses(tmp_path)) == len(NAMES) and len([line for line in said if "waiting" in line]) == 1


def test_a_pool_whose_cluster_has_no_node_left_does_not_give_it_up(monkeypatch):
    pool = RayPool("127.0.0.1:1", Wanted())
    pool._keeper, pool._deadline = SimpleNamespace(poll=lambda: None), 0.0
    monkeypatch.setattr(pool, "_read_reports", lambda: None)
    pool._take({"type": "nodes", "alive": ["a"]})
    pool._take({"type": "nodes", "alive": []})
    pool.keep()
    assert pool._keeper is not None and pool.seen == {"a"} and pool.alive == set()


def test_a_worker_that_does_not_answer_may_have_died_with_its_node(monkeypatch):
    pool, about = RayPool("127.0.0.1:1", Wanted()), {"node": "a", "key": "1", "pid": 7}
    monkeypatch.setattr(pool, "_read_reports", lambda: None)
    pool._take({"type": "nodes", "alive": ["a", "b"]})
    pool._take({"type": "died", "key": "1", "pid": None, "text": "The actor is temporarily unavailable: Socket closed"})
    assert pool.cause_of_death(about) is None, "Ray does not know yet"
    pool._take({"type": "nodes", "alive": ["b"]})
    assert pool.cause_of_death(about) == (Cause.NODE, "")


@pytest.fixture(scope="module")
def specs():
    return make_plan(Request(suite="smoke", submissions=("linear",), studies=1)).trials


def workers(*names):
    return [Worker(SimpleNamespace(), {"node": name}) for name in names]


def test_a_trial_that_is_run_again_goes_to_another_node_if_there_is_one(specs):
    retries = Retries()
    retries.add(specs[0], "a")
    both = workers("a", "b")
    assert retries.take("a", both, {"a", "b"}) is None
    assert retries.take("b", both, {"a", "b"}) == specs[0] and not retries
    retries.add(specs[0], "a")
    assert retries.take("a", workers("a", "a"), {"a"}) == specs[0], "no other is left"
    retries.add(specs[0], "")
    assert retries.take("", workers(""), set()) == specs[0], "there is one machine"


def test_a_trial_that_is_run_again_alone_goes_to_another_node_too(specs):
    retries = Retries()
    retries.add(specs[0], "a", alone=True)
    both = workers("a", "b")
    assert retries.one_by_one and retries.take("b", both, set()) is None, "nothing runs beside it"
    assert retries.take_alone(both, set()) == (both[1], specs[0])
    retries.add(specs[0], "b")
    (only,) = workers("b")
    assert retries.take_alone([only], {"b"}) == (only, specs[0]), "it still runs alone, where it can"
    retries.settled(specs[0])
    assert not retries.one_by_one and not retries


def test_a_trial_waits_a_while_for_a_worker_that_another_node_is_starting_and_not_for_ever(specs, monkeypatch):
    retries = Retries()
    retries.add(specs[0], "a")
    (here,) = workers("a")
    assert retries.take("a", [here], {"a", "b"}) is None, "b lives: its worker is being started"
    monkeypatch.setattr(retries_module, "OTHER_NODE_SECONDS", 0.0)
    time.sleep(0.01)
    assert retries.take("a", [here], {"a", "b"}) == specs[0]
