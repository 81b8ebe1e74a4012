"""A worker's side of a run: it receives trials from the driver and sends their records."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.workloads import DataUnavailable
from harness.execution.dispatch.messages import SPEAKS, Channel, Lost, Message, artefacts_to_json, connect
from harness.execution.dispatch.named_text import find_text
from harness.execution.dispatch.node_facts import node_facts
from harness.execution.dispatch.scratch import ScratchFolder
from harness.execution.dispatch.travel import PluginFiles
from harness.execution.settings import Settings
from harness.execution.worker import unwritable, work
from harness.pruning import Stop, stop_from_json
from harness.records import Artefact, TrialResult, TrialSpec
from harness.trial.process.failures import explain
from harness.trial.process.machine_memory import default_memory
from harness.trial.process.memory_limit import before_memory_exit


def introduced(address: tuple[str, int], token: str, **about: Any) -> Channel:
    """Return a channel to the driver, over which this worker has made itself known.

    The caller forgets the token before it serves: a plug-in that had it could connect as another worker, and be given the
    trials of its rivals.

    Args:
        address: of the driver, (host, port).
        token: by which the driver knows that this worker belongs to its run.
        about: what else the driver should know about this worker.

    Raises:
        Lost: the driver has gone.
    """
    channel = connect(address)
    channel.send("worker", token=token, pid=os.getpid(), speaks=SPEAKS, **about)
    return channel


def serve(channel: Channel) -> str:
    """Run the trials that the driver sends, until there are none left.

    Args:
        channel: to the driver, who knows this worker.

    Returns:
        Why this process must not run another trial; empty if there are none left.

    Raises:
        Lost: the driver has gone.
    """
    inbox = _Inbox(channel)
    welcome = inbox.next()
    if welcome["type"] != "welcome":
        return _reason(welcome)
    with ExitStack() as ending:
        try:
            place = ending.enter_context(landed(welcome))
            facts = node_facts(place.settings.device, welcome.get("libraries"))
        except Exception as error:  # noqa: BLE001  a full disk, for instance: the driver must hear of it, or it waits for ever
            channel.send("fit", broken=explain(error), host=socket.gethostname())
            return _reason(inbox.next())
        channel.send("fit", **facts)
        return _serve(channel, inbox, place, int(welcome["concurrency"]))


def _serve(channel: Channel, inbox: _Inbox, place: Place, concurrency: int) -> str:
    settings = place.settings
    if settings.memory is None:
        settings = replace(settings, memory=default_memory(min(concurrency, os.cpu_count() or concurrency)))
    before_memory_exit(partial(channel.send, "ending", reason="its resident memory stayed over the limit"))
    spent = 0.0
    while (message := inbox.next())["type"] == "trial":
        spec = TrialSpec.from_json(message["spec"])
        inbox.begin(spec.id, message["stop"])
        try:
            result, worn = work(
                place.local(spec),
                settings,
                inbox.stop,
                concurrency=concurrency,
                own_process=True,
                begun=partial(channel.send, "begun"),
            )
        except (DataUnavailable, BadInput, OSError) as error:  # what its submission raises has ended as a record
            # data that are missing stay so; what the system refused once may go well the next time
            channel.send("unable", id=spec.id, reason=explain(error), lasting=not isinstance(error, OSError))
            return str(error) or "it cannot run its trial"
        except RuntimeError as error:  # of an accelerator that does not even hold an empty tensor
            channel.send("unable", id=spec.id, reason=explain(error), lasting=False)
            return str(error)
        before, spent = spent, time.process_time()
        try:
            _send(channel, place, result._replace(record=replace(result.record, spec=spec)), spent - before, worn)
        except Lost:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  a plug-in has put into the record what is no JSON
            worn = worn or "the record of its trial could not be written"
            _send(channel, place, unwritable(spec, error), spent - before, worn)
        if worn:
            return worn
    return _reason(message)


def _send(channel: Channel, place: Place, result: TrialResult, spent: float, worn: str) -> None:
    """Send a trial's result; nothing is sent where it cannot be written as JSON."""
    channel.send(
        "result",
        id=result.record.spec.id,
        record=result.record.to_json(),
        artefacts=artefacts_to_json(place.as_sent(result.artefacts)),
        spent=spent,
        replace=worn,
    )


def _reason(message: Message) -> str:
    """Return why this process must not run another trial, as the driver says; empty if there are none left."""
    return str(message.get("reason") or "it is not needed") if message["type"] == "refused" else ""


class _Inbox:
    """The messages of the driver: trials wait here until they are started; what stops a trial is read while it runs."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: deque[Message] = deque()
        self._stops: dict[str, Stop | None] = {}
        self._running = ""

    def next(self) -> Message:
        """Return the next message that is no stop; wait for one if there is none."""
        while not self._waiting:
            self._read()
        return self._waiting.popleft()

    def begin(self, trial: str, stop: Any) -> None:
        """Note that a trial starts, and what stopped it when the driver sent it."""
        newer = self._stops.pop(trial, None)
        self._stops.clear()
        self._running = trial
        self._stops[trial] = newer or (stop_from_json(stop) if stop else None)

    def stop(self) -> Stop | None:
        """Return what stops the running trial now; never wait."""
        while self._channel.ready():
            self._read()
        return self._stops.get(self._running)

    def _read(self) -> None:
        message = self._channel.receive()
        if message["type"] == "stop":
            self._stops[message["id"]] = stop_from_json(message["stop"])
        else:
            self._waiting.append(message)


@dataclass(frozen=True)
class Place:
    """Where a worker's trials find their data and their plug-ins.

    Attributes:
        settings: of the run, with this machine's data directory.
        files: the plug-ins that came from the driver; None where this machine has the driver's own.
        folder: into which they were unpacked.
    """

    settings: Settings
    files: PluginFiles | None = None
    folder: Path = Path()

    def local(self, spec: TrialSpec) -> TrialSpec:
        """Return a trial with the source that its submission has here."""
        return self.files.local(spec, self.folder) if self.files else spec

    def as_sent(self, artefacts: Sequence[Artefact]) -> Sequence[Artefact]:
        """Return artefacts in which plug-ins have the paths of the driver's machine: a traceback names the author's file."""
        if not self.files:
            return artefacts
        here = str(self.folder).encode()
        return [replace(artefact, content=artefact.content.replace(here, b"")) for artefact in artefacts]


@contextmanager
def landed(welcome: Message) -> Iterator[Place]:
    """Take in what the driver sends first. Plug-ins that it sends lie in a folder of this worker's own for as long as it lives,
    and this process works there: what only this machine has in its directory is not raced under their names.
    """
    settings = settings_from_json(welcome["settings"])
    if not welcome.get("files"):
        yield Place(settings)
        return
    files, scratch, before, path = PluginFiles.from_json(welcome["files"]), ScratchFolder(), Path.cwd(), list(sys.path)
    try:
        sys.path[:] = [entry for entry in path if entry not in files.folders]
        settings = replace(settings, data_directory=data_directory_here(settings.data_directory).absolute())
        find_text(welcome.get("text"))
        os.chdir(files.unpack(scratch.path))
        yield Place(settings, files, scratch.path)
    finally:
        sys.path[:] = path
        os.chdir(before)
        scratch.remove()


def data_directory_here(there: Path) -> Path:
    """Return the directory of data on this machine: its own `TIMETRIAL_DATA`, else the driver's if it is seen here, else the
    default of this user here.
    """
    from workloads.data import data_directory

    return there if not os.environ.get("TIMETRIAL_DATA") and there.is_dir() else data_directory()


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON types."""
    return {**asdict(settings), "data_directory": str(settings.data_directory)}


def settings_from_json(value: Message) -> Settings:
    """Return the settings that `settings_to_json` wrote."""
    known = {field.name for field in fields(Settings)}
    content = {name: item for name, item in value.items() if name in known}
    return Settings(**{**content, "data_directory": Path(content["data_directory"])})
