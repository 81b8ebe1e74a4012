"""The driver's side of a run: it hands out trials, one ahead, takes their records, and decides what a death means."""

from __future__ import annotations

import hmac
import math
import secrets
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from queue import SimpleQueue
from typing import Any

from harness.execution.dispatch.deaths import Cause, Death, Deaths, Verdict
from harness.execution.dispatch.memory_shortage import MemoryShortage
from harness.execution.dispatch.messages import Channel, Lost, Message, artefacts_from_json
from harness.execution.dispatch.pools import Meeting, Pool
from harness.execution.dispatch.serving import settings_to_json
from harness.execution.race import Race
from harness.pruning import Stop
from harness.records import Status, TrialRecord, TrialResult, TrialSpec
from harness.trial.process.time_limit import GRACE_SECONDS

TICK_SECONDS = 0.25
"""How often the driver looks at what does not come as a message."""

GREET_SECONDS = 0.02
"""How often it looks while somebody has called and has not made itself known."""

AHEAD = 2
"""Trials that a worker has at a time: the one that runs, and the next."""

WORD_SECONDS = 3.0
"""After a worker's death, the driver waits this long for word of its cause. Workers that die within it died together."""

HELLO_SECONDS = 30.0
"""A connection over which no worker has made itself known by then is closed."""

MOST_STRANGERS = 256
"""Connections beyond so many over which no worker has made itself known are closed at once."""

MOST_WAITING_SECONDS = 300.0
"""After a shortage of memory, trials start again after this time even if it goes on: the workers themselves may hold it."""

PRINTED_RETRIES = 10
"""Retries that the user is told of, one line each."""

ELSEWHERE_SECONDS = 1.0
"""How often the driver looks for the records of trials that other runs have claimed."""


@dataclass(eq=False)
class Worker:
    """A connected worker.

    Attributes:
        about: what it said of itself.
        assigned: its trials; the first one runs.
        stops: {trial: what stops it}, as far as it was sent.
        begun: monotonic seconds at which the running trial's limit began to count; None before.
        last_words: of a worker that ends itself.
        over_limit: it ended, or the driver killed it, after its trial's time.
    """

    channel: Channel
    about: Message
    assigned: deque[TrialSpec] = field(default_factory=deque)
    stops: dict[str, Stop] = field(default_factory=dict)
    begun: float | None = None
    last_words: str = ""
    over_limit: bool = False


@dataclass
class _Lost:
    """A worker whose connection has ended while a trial ran on it, and when."""

    worker: Worker
    spec: TrialSpec
    when: float


class Driver:
    """Runs the trials of a prepared race on the workers of a pool.

    Args:
        race: the trials, and where their results go.
        pool: keeps workers alive.
        host: address at which workers reach this process.
        say: prints one line for the user.
    """

    def __init__(self, race: Race, pool: Pool, host: str, say: Callable[[str], None]) -> None:
        self._race, self._pool, self._host, self._say = race, pool, host, say
        self._token = secrets.token_hex(16)
        self._strangers: dict[Channel, float] = {}
        self._greeted: SimpleQueue[tuple[Channel, Message | None]] = SimpleQueue()
        self._workers: dict[Channel, Worker] = {}
        self._deaths = Deaths(race.settings.limit)
        self._lost: list[_Lost] = []
        self._alone: deque[TrialSpec] = deque()
        self._suspects: set[str] = set()
        self._shortage = MemoryShortage()
        self._waiting_since: float | None = None
        self._retries = 0
        self._looked_elsewhere = 0.0
        self._said_elsewhere = False

    def run(self) -> None:
        """Run until every trial of the race has a record.

        Raises:
            RunStopped: workers do not start.
            OSError: a record cannot be written.
        """
        with socket.create_server((self._host, 0), backlog=64) as listener:
            self._pool.start(Meeting(listener.getsockname()[:2], self._token))
            try:
                while not self._finished():
                    channels = {channel.fileno(): channel for channel in self._workers}
                    for ready in wait([listener, *channels], GREET_SECONDS if self._strangers else TICK_SECONDS):
                        if isinstance(ready, int):
                            self._read(channels[ready])
                        else:
                            self._accept(listener)
                    self._welcome_all()
                    self._tick()
                    self._feed()
                self._dismiss()
            finally:
                with _uninterrupted():
                    self._pool.close()
                    for channel in self._strangers:
                        channel.end()
                    for channel in self._workers:
                        channel.close()

    def _finished(self) -> bool:
        busy = any(worker.assigned for worker in self._workers.values())
        return not (self._race.left or self._alone or self._lost or busy)

    def _dismiss(self) -> None:
        """Tell all workers that there are no trials left."""
        for worker in self._workers.values():
            with suppress(Lost):
                worker.channel.send("end")

    # What arrives

    def _accept(self, listener: socket.socket) -> None:
        """Take a call. A thread reads who it is: a stranger who sends half a message holds nobody up."""
        with suppress(OSError):  # who called has gone already
            channel = Channel(listener.accept()[0])
            if len(self._strangers) >= MOST_STRANGERS:
                return channel.close()
            self._strangers[channel] = time.monotonic()
            threading.Thread(target=self._greet, args=(channel,), daemon=True).start()

    def _greet(self, channel: Channel) -> None:
        """Read a caller's first message; runs in a thread of its own."""
        try:
            self._greeted.put((channel, channel.receive()))
        except Lost:
            self._greeted.put((channel, None))

    def _welcome_all(self) -> None:
        """Take in the workers among those who have made themselves known, and close the connections of all others."""
        while not self._greeted.empty():
            channel, message = self._greeted.get()
            del self._strangers[channel]
            try:
                if message is None:
                    raise Lost("no message")
                self._welcome(channel, message)
            except Lost:
                self._workers.pop(channel, None)
                channel.close()

    def _read(self, channel: Channel) -> None:
        """Read one message of a worker. Whatever it sends concerns itself and its own trial alone."""
        worker = self._workers[channel]
        try:
            message = channel.receive()
            if message["type"] == "begun":
                worker.begun = time.monotonic()
            elif message["type"] == "ending":
                worker.last_words = str(message.get("reason"))[:200]
            elif message["type"] == "result":
                self._take_result(worker, message)
            else:
                raise Lost(f"unexpected message '{message['type'][:20]}'")
        except Lost:
            self._lose(channel)

    def _welcome(self, channel: Channel, message: Message) -> None:
        token = message.get("token")
        if message["type"] != "worker" or not isinstance(token, str) or not hmac.compare_digest(token, self._token):
            raise Lost("not a worker of this run")
        about = {name: message.get(name) for name in ("pid", "node", "key")}
        self._workers[channel] = Worker(channel, about)
        self._pool.met(about)
        settings = settings_to_json(self._race.settings)
        channel.send("welcome", settings=settings, concurrency=max(self._pool.concurrency, 1))

    def _take_result(self, worker: Worker, message: Message) -> None:
        if not worker.assigned or message.get("id") != worker.assigned[0].id:
            raise Lost("a result of a trial that it does not run")
        spec = worker.assigned.popleft()
        self._suspects.discard(spec.id)
        worker.begun = None
        worker.stops.pop(spec.id, None)
        spent = message.get("spent")
        if isinstance(spent, float) and math.isfinite(spent) and spent >= 0:
            self._race.summary.worker_seconds += spent
        try:
            record = TrialRecord.from_json(message["record"])
            if record.spec.to_json() != spec.to_json():
                raise ValueError("it is about another trial")
            result = TrialResult(record, artefacts_from_json(message["artefacts"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._race.ended(spec, Status.FAILED, f"its worker sent no valid record: {str(error)[:200]}")
        else:
            self._race.done(result, spec)
        if message.get("replace"):
            self._dismiss_worn(worker)
        self._publish()

    def _dismiss_worn(self, worker: Worker) -> None:
        """Take a worker's next trial back: its process must not run another one, and ends."""
        self._take_back(worker.assigned)
        worker.assigned.clear()
        del self._workers[worker.channel]
        worker.channel.close()

    # Deaths

    def _lose(self, channel: Channel) -> None:
        channel.close()
        worker = self._workers.pop(channel, None)
        if worker is None or not worker.assigned:
            return
        limit = self._race.settings.limit
        if limit is not None and worker.begun is not None and time.monotonic() - worker.begun > limit:
            worker.over_limit = True  # its own watchdog has ended it, or whoever came before
        running = worker.assigned.popleft()
        self._take_back(worker.assigned)
        self._lost.append(_Lost(worker, running, time.monotonic()))

    def _take_back(self, specs: deque[TrialSpec]) -> None:
        for spec in reversed(specs):
            self._race.again(spec)

    def _judge_deaths(self) -> None:
        """Decide about workers that died, once the cause is known of each, or word of it is overdue."""
        known = [self._cause(lost) for lost in self._lost]
        overdue = self._lost[0].when + WORD_SECONDS <= time.monotonic()
        if not (overdue or all(known)):
            return
        deaths = [death or Death(lost.spec, Cause.OWN) for lost, death in zip(self._lost, known, strict=True)]
        self._lost.clear()
        if self._shortage.has_killed():
            deaths = [Death(d.spec, Cause.SHORTAGE) if d.cause == Cause.OWN else d for d in deaths]
        if any(death.cause == Cause.SHORTAGE for death in deaths):
            self._waiting_since = time.monotonic()
            self._say(f"memory ran short on this run's machines ({MemoryShortage.available()} are free here): waiting for more")
        for verdict in self._deaths.judge(deaths):
            self._carry_out(verdict)

    def _cause(self, lost: _Lost) -> Death | None:
        """Return what is known of a death; None as long as nothing is."""
        if lost.worker.over_limit:
            return Death(lost.spec, Cause.LIMIT)
        if lost.worker.last_words:
            return Death(lost.spec, Cause.MEMORY, lost.worker.last_words)
        known = self._pool.cause_of_death(lost.worker.about)
        return Death(lost.spec, *known) if known else None

    def _carry_out(self, verdict: Verdict) -> None:
        spec = verdict.spec
        if verdict.status is not None:
            self._suspects.discard(spec.id)
            self._race.ended(spec, verdict.status, verdict.reason)
            return
        self._retries += 1
        if self._retries <= PRINTED_RETRIES:
            self._say(f"{verdict.reason} during {spec.submission} on {spec.workload_label}: the trial is run again")
        if verdict.alone or spec.id in self._suspects:
            self._suspects.add(spec.id)
            self._alone.append(spec)
        else:
            self._race.again(spec)

    # What is due

    def _tick(self) -> None:
        now = time.monotonic()
        self._pool.keep()
        for channel, since in self._strangers.items():
            if now - since > HELLO_SECONDS:
                channel.end()  # its thread gives up then, and `_welcome_all` closes it
        if self._lost:
            self._judge_deaths()
        limit = self._race.settings.limit
        for worker in list(self._workers.values()):
            if limit is not None and worker.begun is not None and now - worker.begun > limit + 2 * GRACE_SECONDS:
                worker.over_limit, worker.begun = True, math.inf
                self._pool.kill(worker.about)
        if self._race.elsewhere and now - self._looked_elsewhere > ELSEWHERE_SECONDS:
            self._looked_elsewhere = now
            self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self._race.look_elsewhere()
        idle = not any(worker.assigned for worker in self._workers.values())
        if self._race.elsewhere and idle and not self._said_elsewhere:
            self._said_elsewhere = True
            holder = self._race.holder(next(iter(self._race.elsewhere.values())))
            self._say(f"waiting for {len(self._race.elsewhere)} trials that another run has begun ({holder})")

    def _memory_is_back(self) -> bool:
        if self._waiting_since is None:
            return True
        if self._shortage.over() or time.monotonic() - self._waiting_since > MOST_WAITING_SECONDS:
            self._waiting_since = None
        return self._waiting_since is None

    # What is handed out

    def _feed(self) -> None:
        """Give every worker the trials that it should have."""
        if not self._memory_is_back():
            return
        if self._suspects:
            self._feed_one_alone()
            return
        for count in range(1, AHEAD + 1):  # first one trial for each, then the next ones
            for worker in list(self._workers.values()):
                ahead = count > 1 and self._race.left < len(self._workers)  # the last trials go to whoever is free first
                if len(worker.assigned) < count and not ahead:
                    self._assign(worker)

    def _feed_one_alone(self) -> None:
        """Start the next trial that must run alone, once no other runs."""
        if self._alone and self._workers and not any(worker.assigned for worker in self._workers.values()):
            self._send(next(iter(self._workers.values())), self._alone.popleft())

    def _assign(self, worker: Worker) -> None:
        spec = self._race.next()
        if spec is not None:
            self._send(worker, spec)

    def _send(self, worker: Worker, spec: TrialSpec) -> None:
        stop = self._race.stop_for(spec.cell)
        worker.assigned.append(spec)
        if stop is not None:
            worker.stops[spec.id] = stop
        try:
            worker.channel.send("trial", spec=spec.to_json(), stop=stop.to_json() if stop else None)
        except Lost:
            self._lose(worker.channel)

    def _publish(self) -> None:
        """Send what stops running trials now, where it is new: a limit may come from any other study."""
        if self._race.settings.run_to_end:
            return
        for worker in list(self._workers.values()):
            for spec in list(worker.assigned):
                stop = self._race.stop_for(spec.cell)
                if stop is None or stop == worker.stops.get(spec.id):
                    continue
                worker.stops[spec.id] = stop
                try:
                    worker.channel.send("stop", id=spec.id, stop=stop.to_json())
                except Lost:
                    self._lose(worker.channel)
                    break


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore further interrupts from the keyboard: what runs inside takes seconds at most."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Any = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
