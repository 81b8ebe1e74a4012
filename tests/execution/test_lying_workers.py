"""What a worker may say to the driver, and who may speak to it at all: lies, strangers, and the token of a run."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.execution.dispatch import nodes as nodes_module
from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from harness.execution.dispatch.messages import SPEAKS, Lost, connect
from harness.execution.dispatch.pools import RunStopped
from harness.results import ResultStore
from tests.execution.commands import timetrial
from tests.execution.dying import write_plugin
from tests.execution.scripted import OneLiar, joined, race_id, race_of, statuses

TRACK = ("--track", "external", "--suite", "smoke", "--studies", 1, "--trials", 1)


@pytest.mark.parametrize(
    "lie",
    [
        {"record": {"spec": 1}},
        {"record": None},
        {"record": [[[]]]},
        {"record": {"checksum": "x", "schema": 2}},
        {"artefacts": [["../x", "eA=="]]},
        {"artefacts": [["x.txt", "not base64"]]},
        {},
    ],
)
def test_a_worker_that_sends_no_valid_record_fails_its_own_trial(tmp_path, lie):
    def act(meeting):
        channel = joined(meeting)
        while (message := channel.receive())["type"] == "trial":
            trial = race_id(message)
            channel.send("result", id=trial, spent=1e9 if lie else "NaN", replace="", **lie)

    race, said = race_of(tmp_path, "adamw+linear")
    Driver(race, OneLiar(act), "127.0.0.1", said.append).run()
    (record,) = ResultStore(tmp_path).records()
    assert record.status == "failed" and record.reason.startswith("its worker sent no valid record")


def test_a_worker_cannot_speak_of_another_trial(tmp_path):
    """It returns the record of its rival, as `missed`: nothing is written about the rival."""
    honest = tmp_path / "honest"
    line = ("run", *TRACK, "-s", "adamw+linear", "--executor", "inline", "--results", honest)
    done = timetrial(*line, writes_board=False)
    assert done.returncode == 0
    (rival,) = (json.loads(path.read_text()) for path in honest.glob("trials/*/*/*.json"))

    def act(meeting):
        for _ in range(3):
            try:
                channel = joined(meeting)
                message = channel.receive()
                if message["type"] != "trial":
                    return
                channel.send("result", id=rival["id"], record=rival, artefacts=[], spent=0.0, replace="")
                channel.receive(), channel.receive()
            except Lost:
                continue

    race, said = race_of(tmp_path / "results", "adamw+cosine")
    Driver(race, OneLiar(act), "127.0.0.1", said.append).run()
    assert statuses(tmp_path / "results") == {"adamw+cosine": "killed"}


def test_strangers_who_connect_get_nothing_and_stop_nothing(tmp_path):
    got: list[bytes] = []

    def act(meeting):
        for token in ("", "0" * 32, None, 7):
            stranger = connect(meeting.address)
            stranger.send("worker", token=token)
            with pytest.raises(Lost):
                stranger.receive()
        for content in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4, b"\x00\x00\x00\x05[[[[["):
            with socket.create_connection(meeting.address) as raw:
                raw.sendall(content)
                raw.settimeout(0.3)
                with suppress(OSError):
                    got.append(raw.recv(100))
        halves = [socket.create_connection(meeting.address) for _ in range(5)]  # and they stay
        for half in halves:
            half.sendall(b"\x00\x00\x00\x50{")
        channel = joined(meeting)
        trial = race_id(channel.receive())
        channel.send("result", id=trial, record={}, artefacts=[], spent=0.0, replace="")

    race, said = race_of(tmp_path, "adamw+linear")
    begun = time.monotonic()
    Driver(race, OneLiar(act), "127.0.0.1", said.append).run()
    assert not any(got) and time.monotonic() - begun < 25, "a stranger who sends half a message holds the driver up"


LOOKS_FOR_TOKENS = """
import gc, sys
gc.unfreeze()  # `get_objects` leaves out what is frozen
texts = []
for frame in sys._current_frames().values():
    while frame:
        texts += frame.f_locals.values()
        frame = frame.f_back
for thing in gc.get_objects():
    if type(thing) is dict:
        texts += [*thing.keys(), *thing.values()]
    elif type(thing) in (list, tuple, set):
        texts += thing
texts += [*os.environ.values(), *sys.argv, open("/proc/self/environ").read(), open("/proc/self/cmdline").read()]
with open(NOTED, "w", errors="replace") as file:
    file.write("\\n".join(text for text in texts if type(text) is str))
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it reads /proc")
def test_no_name_in_a_worker_s_process_leads_a_plug_in_to_the_run_s_token(tmp_path):
    """With it a plug-in could connect as another worker, and answer for its rivals."""
    noted = tmp_path / "noted"
    plugin = write_plugin(tmp_path, "looks", LOOKS_FOR_TOKENS.replace("NOTED", repr(str(noted))))
    race, said = race_of(tmp_path / "results", plugin)
    driver = Driver(race, ChildPool(1), "127.0.0.1", said.append)
    driver.run()
    reasons = [record.reason for record in ResultStore(tmp_path / "results").records()]
    assert noted.exists(), reasons
    found = noted.read_text(errors="replace")
    assert "looks.py" in found, "it has looked"
    assert driver._token not in found


def test_workers_that_never_say_whether_their_device_computes_are_killed_and_stop_the_run(tmp_path, monkeypatch):
    """A driver of a GPU may hang; nobody else on this machine could run the trials."""
    monkeypatch.setattr(nodes_module, "FACTS_SECONDS", -1)

    def act(meeting):
        for _ in range(nodes_module.MOST_IN_A_ROW):
            channel = connect(meeting.address)
            channel.send("worker", token=meeting.token, pid=os.getpid(), key="1", speaks=SPEAKS)
            with suppress(Lost):
                while True:
                    channel.receive()

    race, said = race_of(tmp_path, "adamw+linear")
    pool = OneLiar(act)
    with pytest.raises(RunStopped, match="has not said whether its device computes"):
        Driver(race, pool, "127.0.0.1", said.append).run()
    assert len(pool.killed) == nodes_module.MOST_IN_A_ROW


def test_a_worker_that_names_no_process_of_its_own_is_no_worker(tmp_path):
    """The driver has the process killed that a worker names, and to `kill` -1 means all processes of the user."""

    def act(meeting):
        for pid in (-1, 0, 1, True, None, [os.getpid()], "12"):
            liar = connect(meeting.address)
            liar.send("worker", token=meeting.token, pid=pid, node=["x"], key={}, speaks=SPEAKS)
            with pytest.raises(Lost):
                liar.receive()
        channel = joined(meeting)
        channel.send("result", id=race_id(channel.receive()), record={}, artefacts=[], spent=0.0, replace="")

    race, said = race_of(tmp_path, "adamw+linear")
    Driver(race, OneLiar(act), "127.0.0.1", said.append).run()


def test_a_message_of_a_worker_that_was_lost_in_the_meantime_is_not_read(tmp_path):
    """A result leads to a stop for another worker, which has died: its end is still to be read then."""
    race, said = race_of(tmp_path, "adamw+linear")
    Driver(race, OneLiar(lambda meeting: None), "127.0.0.1", said.append)._read(object())


def test_a_trial_that_has_begun_cannot_be_given_back(tmp_path):
    def act(meeting):
        for _ in range(2):
            channel = joined(meeting)
            trial = race_id(channel.receive())
            channel.send("begun")
            channel.send("unable", id=trial, reason="it says so", lasting=True)

    race, said = race_of(tmp_path, "adamw+linear")
    Driver(race, OneLiar(act), "127.0.0.1", said.append).run()
    assert statuses(tmp_path) == {"adamw+linear": "killed"}
