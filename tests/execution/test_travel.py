"""Plug-ins travel to workers that do not see the driver's files."""

from __future__ import annotations

import os
import runpy
import socket
import sys
import threading
import traceback
from pathlib import Path

import pytest

from harness.contracts.errors import BadInput
from harness.contracts.workloads import DataUnavailable
from harness.execution.dispatch import travel
from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.messages import Channel
from harness.execution.dispatch.named_text import find_text, text_of
from harness.execution.dispatch.nodes import MOST_IN_A_ROW, Nodes, Worker
from harness.execution.dispatch.serving import Place, data_directory_here, introduced, landed, serve, settings_to_json
from harness.execution.dispatch.travel import PluginFiles, plugin_files
from harness.execution.inline import run_inline
from harness.execution.race import Race
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from harness.records import Artefact
from harness.registry.loading import loaded_from
from harness.results import ResultStore
from harness.trial.process.failures import explain
from tests.execution.commands import outcome
from tests.execution.plugins import FILES, write_plugins
from workloads.data import data_directory
from workloads.data.local_text import LEAST, VARIABLE, text_file


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Return a working directory with plug-ins, in which the tests run; a process may set it up more than once."""
    folder, before, search = tmp_path_factory.mktemp("mine"), Path.cwd(), list(sys.path)
    write_plugins(folder)
    os.chdir(folder)
    yield folder
    os.chdir(before)
    sys.path[:] = search
    for name in loaded_from((folder / file for file in FILES), sys.modules):
        del sys.modules[name]


@pytest.fixture(scope="module")
def planned(mine):
    """Return the plan of a race of the plug-ins."""
    names, workload = write_plugins(mine)
    request = Request(suite="smoke", submissions=names, workloads=(workload,), track="self-tuning", studies=1, trials=1)
    return make_plan(request)


def race(plan, results):
    prepared = Race(plan, ResultStore(results), Settings("inline", data_directory()))
    prepared.prepare()
    return prepared


def test_plug_ins_that_only_the_driver_has_give_the_records_of_a_run_beside_them(planned, mine, tmp_path):
    run_inline(race(planned, tmp_path / "inline"))
    files, sent = plugin_files(planned), race(planned, tmp_path / "sent")
    for name in FILES:
        (mine / name).unlink()
    said: list[str] = []
    try:
        Driver(sent, ChildPool(1), "127.0.0.1", said.append, files).run()
    finally:
        write_plugins(mine)
    found = [outcome(tmp_path / results) for results in ("sent", "inline")]
    for record in (record for records in found for record in records.values()):
        record["facts"]["submission"].pop("code")  # which the driver reads from the file, where it is still there
    assert not said and found[0] == found[1]
    assert {record["status"] for record in found[0].values()} <= {"reached", "missed", "finished"}


def test_only_what_is_not_installed_travels(planned, mine):
    files = plugin_files(planned)
    assert {path.removeprefix(f"{mine}/") for path in files.contents} == set(FILES)
    assert (
        plugin_files(make_plan(Request(suite="smoke", submissions=("rex",), workloads=("digits_mlp",), studies=1))).contents
        == {}
    )


def test_a_search_space_beside_a_submission_travels_with_it(planned, mine):
    space = mine / "submissions" / travel.BESIDE
    space.write_text("{}")
    try:
        assert plugin_files(planned).contents[str(space)] == b"{}"
    finally:
        space.unlink()


def test_sources_name_the_files_where_they_have_landed(planned, mine, tmp_path):
    files = plugin_files(planned)
    assert files.unpack(tmp_path) == tmp_path / str(mine)[1:]
    sources = [files.local(spec, tmp_path).source for spec in planned.trials]
    assert [source.count(str(tmp_path)) for source in sources] == [1, 1] and str(mine) in sources[0]
    for source in sources:
        assert Path(source.partition("+")[2].partition(".py")[0] + ".py").read_text() in FILES.values()


def test_files_that_were_changed_on_their_way_are_refused(planned):
    content = plugin_files(planned).to_json()
    assert PluginFiles.from_json(content) == plugin_files(planned)
    path = next(iter(content["contents"]))
    content["contents"][path] = "eA=="
    with pytest.raises(ValueError, match="damaged"):
        PluginFiles.from_json(content)


def test_a_worker_that_cannot_take_in_the_plug_ins_says_so_to_the_driver(planned, mine):
    """Else it would be started again for ever, and the driver would wait for it."""
    sent = {**plugin_files(planned).to_json(), "hash": "another"}
    answers: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = threading.Thread(target=lambda: answers.append(serve(introduced(listener.getsockname(), "token"))))
        worker.start()
        driver = Channel(listener.accept()[0])
        assert driver.receive()["type"] == "worker"
        settings = settings_to_json(Settings("ray", data_directory()))
        driver.send("welcome", settings=settings, concurrency=1, files=sent, libraries=[])
        said = driver.receive()
        driver.send("refused", reason="it is broken")
        worker.join()
    assert said["type"] == "fit" and "arrived damaged" in said["broken"] and answers == ["it is broken"]


def test_plug_ins_that_are_too_large_do_not_travel(planned, monkeypatch):
    monkeypatch.setattr(travel, "MOST_BYTES", 100)
    with pytest.raises(BadInput, match="at most 100 travel"):
        plugin_files(planned)


def test_data_lie_where_the_node_says_else_where_the_driver_has_them_else_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TIMETRIAL_DATA", str(tmp_path / "node"))
    assert data_directory_here(tmp_path) == tmp_path / "node"
    monkeypatch.delenv("TIMETRIAL_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_directory_here(tmp_path) == tmp_path
    assert data_directory_here(tmp_path / "only on the driver") == tmp_path / "cache" / "timetrial"


@pytest.fixture
def text(tmp_path, monkeypatch):
    """Return a text that `TIMETRIAL_TEXT` names, and what the driver of a race of it sends."""
    path = tmp_path / "text.txt"
    path.write_bytes(bytes(range(97, 123)) * (LEAST // 26 + 1))
    monkeypatch.setenv(VARIABLE, str(path))
    plan = make_plan(Request(suite="full", submissions=("adamw+linear",), workloads=("text_lm",), track="external", studies=1))
    return path, text_of(plan)


def test_the_text_of_the_driver_is_read_where_a_node_names_none_and_sees_it(text, monkeypatch):
    path, sent = text
    monkeypatch.delenv(VARIABLE)
    find_text(sent)
    assert text_file() == path
    find_text(None)


def test_a_node_without_the_text_names_the_variable_and_what_to_do(text, tmp_path, monkeypatch):
    path, sent = text
    kept = path.rename(tmp_path / "copy.txt")
    said = []
    for variable in (None, kept, tmp_path / "none"):
        monkeypatch.setenv(VARIABLE, str(variable)) if variable else monkeypatch.delenv(VARIABLE)
        try:
            find_text(sent)
        except DataUnavailable as error:
            said.append(str(error))
    do = "set it to a copy of that text before `ray start`"
    assert said == [
        f"{VARIABLE} is not set, and there is no {path} as at the driver: {do}",
        f"{VARIABLE} names {tmp_path / 'none'}, which is not the driver's text: {do}",
    ], "a copy under another name will do"


def test_a_node_without_the_text_is_left_out_with_one_line_that_names_it(text, monkeypatch, tmp_path):
    path, sent = text
    monkeypatch.delenv(VARIABLE)
    path.unlink()
    settings = settings_to_json(Settings("ray", data_directory()))
    welcome = {"settings": settings, "files": PluginFiles({}, str(tmp_path)).to_json(), "text": sent}
    with pytest.raises(DataUnavailable) as error, landed(welcome):
        pass
    said: list[str] = []
    plan = make_plan(Request(suite="smoke", submissions=("linear",), studies=1))
    nodes = Nodes(plan, joined=True, mixed=False, say=said.append, note=lambda machine, reason: None)
    for _ in range(MOST_IN_A_ROW):
        nodes.arrived(Worker(None, {"node": "n1"}), {"broken": explain(error.value), "host": "gpu-7"})
    (line,) = said
    assert line.startswith(f"node gpu-7 is not used: DataUnavailable: {VARIABLE} is not set, and there is no {path}")


def test_a_race_without_the_text_s_workload_sends_none(text, planned):
    assert text[1] is not None and text_of(planned) is None


def test_a_traceback_names_the_file_of_the_driver_s_machine(tmp_path):
    files = PluginFiles({"/home/author/submissions/bad.py": b"1 / 0\n"}, "/home/author")
    place = Place(Settings("inline", data_directory()), files, tmp_path)
    with pytest.raises(ZeroDivisionError) as error:
        runpy.run_path(str(files.unpack(tmp_path) / "submissions" / "bad.py"))
    text = "".join(traceback.format_exception(error.value))
    (sent,) = place.as_sent([Artefact("traceback.txt", text.encode())])
    assert str(tmp_path) in text and b'File "/home/author/submissions/bad.py", line 1' in sent.content
