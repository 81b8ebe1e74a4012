"""Which nodes of a cluster run trials: versions, machine types, dead devices, deaths in a row."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from harness.execution.dispatch import nodes as nodes_module
from harness.execution.dispatch.node_facts import node_facts, own_source
from harness.execution.dispatch.nodes import Nodes, Worker
from harness.plan import Request, make_plan


@pytest.fixture(scope="module")
def plan():
    return make_plan(Request(suite="smoke", submissions=("linear", "cosine", "constant"), studies=1))


@pytest.fixture(scope="module")
def facts(plan):
    """Return what a worker on this machine says of it."""
    return node_facts("cpu", sorted(plan.trials[0].libraries))


def cluster(plan, *, mixed=False, joined=True):
    said: list[str] = []
    return Nodes(plan, joined=joined, mixed=mixed, say=said.append, note=lambda machine, reason: None), said


def arrive(nodes, facts, *names, **changed):
    """Return the workers of some nodes that have said what they are."""
    workers = [Worker(SimpleNamespace(), {"node": name}) for name in names]
    for worker in workers:
        nodes.arrived(worker, {**facts, "host": worker.node, **changed})
    return workers


def test_nodes_like_the_driver_run_trials(plan, facts):
    nodes, said = cluster(plan)
    workers = arrive(nodes, facts, "a", "b")
    nodes.decide(2, among=workers)
    assert all(worker.fit for worker in workers) and not said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"source": "x", "timetrial": "0.1"}, r"its timetrial \(0.1\) has other sources"),
        ({"libraries": {"torch": "1.0"}}, "it has torch 1.0, the plan "),
        ({"libraries": None}, "it has torch None"),
    ],
)
def test_a_node_with_other_versions_is_not_used_and_one_line_says_so(plan, facts, changed, words):
    nodes, said = cluster(plan)
    (here,), (other, again) = arrive(nodes, facts, "a"), arrive(nodes, facts, "b", "b", **changed)
    nodes.decide(2, among=[here, other])
    assert here.fit and other.refused and again.refused and not other.fit
    assert (
        len(said) == 1 and said[0].startswith("node b is not used: ") and said[0].endswith("--mixed would use it all the same")
    )
    assert re.search(words, said[0])
    nodes, said = cluster(plan, mixed=True)
    workers = arrive(nodes, facts, "b", **changed)
    nodes.decide(1, among=workers)
    assert workers[0].fit and not said


def test_rules_that_differ_are_refused_even_where_nodes_may_be_mixed(plan, facts):
    nodes, said = cluster(plan, mixed=True)
    (worker,) = arrive(nodes, facts, "b", protocol=1)
    assert worker.refused and "other rules" in said[0]


def test_the_machine_type_that_most_workers_have_runs_the_trials(plan, facts, monkeypatch):
    nodes, said = cluster(plan)
    few, many = arrive(nodes, facts, "a", machine_type="old"), arrive(nodes, facts, "b", "c", machine_type="new")
    nodes.decide(4, among=[*few, *many])
    assert not any(worker.fit for worker in (*few, *many)), "it waits for the fourth"
    monkeypatch.setattr(nodes_module, "GATHER_SECONDS", 0)
    nodes.decide(4, among=[*few, *many])
    assert [worker.fit for worker in (*few, *many)] == [False, True, True]
    assert said == ["node a is not used: its machine type is old, that of the others new; --mixed would use it all the same"]
    late = arrive(nodes, facts, "d", machine_type="old")
    nodes.decide(4, among=late)
    assert late[0].refused, "what was decided stays"


def test_a_node_whose_device_is_dead_is_left_out_after_three_tries_in_a_row(plan, facts):
    nodes, said = cluster(plan)
    for _ in range(2):
        arrive(nodes, facts, "a", broken="cuda does not compute")
    arrive(nodes, facts, "a")
    assert not nodes.left_out, "one of its devices computes"
    (worker, *_) = arrive(nodes, facts, "a", "a", "a", broken="cuda does not compute")
    assert worker.refused and said == ["node a is not used: cuda does not compute"]
    nodes, said = cluster(plan, joined=False)
    arrive(nodes, facts, "", "", "", broken="cuda does not compute")
    assert nodes.hopeless == "cuda does not compute" and not said


def test_a_node_without_data_is_left_out_at_once(plan):
    nodes, said = cluster(plan)
    nodes.unable("a", "DataUnavailable: no data", lasting=True)
    assert nodes.left_out == {"a": "DataUnavailable: no data"} and len(said) == 1


def test_a_node_on_which_three_workers_in_a_row_die_is_left_out_and_deadly_submissions_blame_none(plan):
    linear, cosine, constant = (spec for spec in plan.trials if (spec.trial, spec.workload_label) == (0, "digits_mlp"))
    nodes, _ = cluster(plan)
    for spec in (linear, cosine):
        nodes.died("a", spec, "by signal SIGSEGV", ["a", "b"])
    nodes.finished("a", constant)
    for spec in (linear, cosine):
        nodes.died("a", spec, "by signal SIGSEGV", ["a", "b"])
    assert not nodes.left_out, "one has lived in between"
    nodes.died("a", constant, "by signal SIGSEGV", ["a"])
    assert not nodes.left_out, "there is no other"
    nodes.died("a", constant, "by signal SIGSEGV", ["a", "b"])
    assert nodes.left_out == {"a": "3 workers in a row died there (by signal SIGSEGV)"}

    nodes, _ = cluster(plan)
    trials = [spec for spec in plan.trials if spec.submission == "linear"]
    for spec in trials[:3]:
        nodes.died("a", spec, "", ["a", "b"])
    assert not nodes.left_out, "nothing says that it is not the submission"
    nodes.died("b", trials[0], "", ["a", "b"])
    nodes.died("a", cosine, "", ["a", "b"])
    assert not nodes.left_out, "linear dies everywhere"


def test_a_machine_whose_name_cannot_be_printed_is_named_without_what_cannot(plan, facts):
    """The note of a run has its name, and one with control characters could not be read again."""
    nodes, said = cluster(plan)
    nodes.arrived(Worker(SimpleNamespace(), {"node": "a"}), {**facts, "host": "a\x1b[2J\nb", "source": "x"})
    assert nodes.host("a") == "a[2Jb" and said[0].startswith("node a[2Jb is not used")


def test_a_worker_says_what_its_node_has(plan, facts):
    assert facts["source"] == own_source() and facts["broken"] == "" and facts["machine_type"]
    assert facts["libraries"] == dict(plan.trials[0].libraries)
    assert "libraries" not in node_facts("cpu", None)
    assert "does not compute" in node_facts("cuda:99", None)["broken"]
