"""The driver's side of a run: it hands out trials, one ahead, takes their records, and decides what a death means."""

from __future__ import annotations

import hmac
import math
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait

from harness.execution.dispatch.deaths import Cause, Death, Deaths, Verdict
from harness.execution.dispatch.lost_workers import LostWorkers
from harness.execution.dispatch.memory_shortage import MemoryShortage
from harness.execution.dispatch.messages import SPEAKS, Channel, Lost, Message, artefacts_from_json
from harness.execution.dispatch.named_text import text_of
from harness.execution.dispatch.nodes import Nodes, Worker
from harness.execution.dispatch.pools import Meeting, Pool
from harness.execution.dispatch.processes import uninterrupted
from harness.execution.dispatch.prospects import Prospects
from harness.execution.dispatch.reception import Reception
from harness.execution.dispatch.retries import Retries
from harness.execution.dispatch.serving import settings_to_json
from harness.execution.dispatch.travel import PluginFiles
from harness.execution.race import Race
from harness.records import Status, TrialRecord, TrialResult, TrialSpec
from harness.trial.process.time_limit import GRACE_SECONDS

TICK_SECONDS = 0.25
"""How often the driver looks at what does not come as a message."""

GREET_SECONDS = 0.02
"""How often it looks while somebody has called and has not made itself known."""

AHEAD = 2
"""Trials that a worker has at a time: the one that runs, and the next."""

PRINTED_RETRIES = 10
"""Retries that the user is told of, one line each."""

ELSEWHERE_SECONDS = 1.0
"""How often the driver looks for the records of trials that other runs have claimed."""


class Driver:
    """Runs the trials of a prepared race on the workers of a pool.

    Args:
        race: the trials, and where their results go.
        pool: keeps workers alive.
        host: address at which workers reach this process.
        say: prints one line for the user.
        files: the plug-ins that workers get from the driver; None where they have its file system.
    """

    def __init__(self, race: Race, pool: Pool, host: str, say: Callable[[str], None], files: PluginFiles | None = None) -> None:
        self._race, self._pool, self._host, self._say = race, pool, host, say
        self._files = files.to_json() if files else None
        self._text = text_of(race.plan) if files else None
        self._token = secrets.token_hex(16)
        self._reception = Reception()
        self._nodes = Nodes(race.plan, joined=files is not None, mixed=race.settings.mixed, say=say, note=race.leave_out)
        self._workers: dict[Channel, Worker] = {}
        self._deaths = Deaths(race.settings.limit)
        self._lost = LostWorkers(pool, joined=files is not None)
        self._prospects = Prospects(pool, self._nodes, say)
        self._again = Retries()
        self._told: set[str] = set()
        self._shortage = MemoryShortage()
        self._retries = 0
        self._looked_elsewhere = 0.0
        self._said_elsewhere = False
        self._said_where: set[str] = set()

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
                    for ready in wait([listener, *channels], GREET_SECONDS if self._reception.busy else TICK_SECONDS):
                        if isinstance(ready, int):
                            self._read(channels[ready])
                        else:
                            self._reception.accept(listener)
                    self._welcome_all()
                    self._tick()
                    self._feed()
                self._dismiss()
            finally:
                with uninterrupted():
                    self._pool.close()
                    self._reception.close()
                    for channel in self._workers:
                        channel.close()

    def _finished(self) -> bool:
        busy = any(worker.assigned for worker in self._workers.values())
        return not (self._race.left or self._again or self._lost or busy)

    def _dismiss(self) -> None:
        """Tell all workers that there are no trials left."""
        for worker in self._workers.values():
            with suppress(Lost):
                worker.channel.send("end")

    # What arrives

    def _welcome_all(self) -> None:
        """Take in the workers among those who have made themselves known, and close the connections of all others."""
        for channel, message in self._reception.arrivals():
            try:
                self._welcome(channel, message)
            except Lost:
                self._workers.pop(channel, None)
                channel.close()

    def _read(self, channel: Channel) -> None:
        """Read one message of a worker. Whatever it sends concerns itself and its own trial alone."""
        worker = self._workers.get(channel)
        if worker is None:
            return  # another one's message, read just before, led to something that could not be sent here
        try:
            message = channel.receive()
            if message["type"] == "begun":
                worker.begun = time.monotonic()
            elif message["type"] == "fit":
                if worker.facts:
                    raise Lost("it has said before what its node is")
                self._nodes.arrived(worker, message)
            elif message["type"] == "unable":
                self._cannot(worker, message)
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
        pid = message.get("pid")
        if not isinstance(pid, int) or pid <= 1:  # to a system's `kill`, these are groups of processes
            raise Lost("it does not say which process it is")
        about = {"pid": pid, **{name: str(message.get(name) or "") for name in ("node", "key")}}
        worker = self._workers[channel] = Worker(channel, about)
        self._pool.met(about)
        if message.get("speaks") != SPEAKS:
            return self._nodes.refuse(worker, "its timetrial is of another version than the driver's: install the same there")
        if self._pool.device and self._race.settings.device != self._pool.device:
            self._race.train_on(self._pool.device)
        channel.send(
            "welcome",
            settings=settings_to_json(self._race.settings),
            concurrency=max(self._pool.concurrency_on(worker.node), 1),
            files=self._files,
            text=self._text,
            libraries=self._nodes.asked,
        )

    def _take_result(self, worker: Worker, message: Message) -> None:
        if not worker.assigned or message.get("id") != worker.assigned[0].id:
            raise Lost("a result of a trial that it does not run")
        spec = worker.assigned.popleft()
        self._again.settled(spec)
        worker.begun, worker.proven = None, True
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
        self._nodes.finished(worker.node, spec)
        if message.get("replace"):
            self._dismiss_worn(worker)
        self._publish()

    def _cannot(self, worker: Worker, message: Message) -> None:
        """Take back the trials of a worker that cannot load their data, or whose device is dead: they are not to blame."""
        if not worker.assigned or message.get("id") != worker.assigned[0].id or worker.begun is not None:
            raise Lost("it speaks of a trial that it does not run, or that has begun")
        reason, spec = str(message.get("reason"))[:300], worker.assigned.popleft()
        self._again.add(spec, worker.node)
        self._dismiss_worn(worker)
        self._nodes.unable(worker.node, reason, lasting=bool(message.get("lasting")))

    def _dismiss_unfit(self) -> None:
        """Dismiss the workers that may run no trials, or no more, once theirs have ended; Ray starts others elsewhere.

        Where there is no elsewhere they stay: others would only be started in their place.
        """
        for worker in list(self._workers.values()):
            worker.refused = worker.refused or self._nodes.left_out.get(worker.node, "")
            if worker.refused and not worker.assigned and not self._nodes.hopeless:
                with suppress(Lost):
                    worker.channel.send("refused", reason=worker.refused)
                self._dismiss_worn(worker)
        for node, reason in self._pool.unusable.items():
            self._nodes.leave_out(node, reason)
        for node in self._nodes.left_out.keys() - self._told:
            self._told.add(node)
            self._pool.leave_out(node)

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
        self._lost.add(worker, running)

    def _take_back(self, specs: deque[TrialSpec]) -> None:
        for spec in reversed(specs):
            self._race.again(spec)

    def _judge_deaths(self) -> None:
        """Decide about workers that died, once the cause is known of each, or word of it is overdue."""
        deaths = self._lost.judged(self._workers.values())
        if deaths and self._shortage.has_killed():
            deaths = [Death(d.spec, Cause.SHORTAGE) if d.cause == Cause.OWN else d for d in deaths]
        if any(death.cause == Cause.SHORTAGE for death in deaths):
            self._shortage.wait()
            self._say(f"memory ran short on this run's machines ({MemoryShortage.available()} are free here): waiting for more")
        for death in deaths:
            if death.cause == Cause.OWN:
                used = {worker.node for worker in self._workers.values() if worker.fit}
                self._nodes.died(self._lost.died_on.get(death.spec.id, ""), death.spec, death.detail, used)
        for verdict in self._deaths.judge(deaths):
            self._carry_out(verdict)

    def _carry_out(self, verdict: Verdict) -> None:
        spec = verdict.spec
        if verdict.status is not None:
            self._again.settled(spec)
            self._race.ended(spec, verdict.status, verdict.reason)
            return
        self._retries += 1
        if self._retries <= PRINTED_RETRIES:
            self._say(f"{verdict.reason} during {spec.submission} on {spec.workload_label}: the trial is run again")
        self._again.add(spec, self._lost.died_on.get(spec.id, ""), alone=verdict.alone)

    # What is due

    def _tick(self) -> None:
        now = time.monotonic()
        self._pool.keep()
        if self._pool.where and self._pool.where not in self._said_where:
            self._said_where.add(self._pool.where)
            self._say(self._pool.where)
        self._reception.end_overdue()
        for worker in self._nodes.silent(self._workers.values()):
            self._pool.kill(worker.about)
        self._nodes.decide(self._pool.concurrency, among=self._workers.values())
        self._dismiss_unfit()
        self._judge_deaths()
        self._prospects.look(self._workers.values(), undecided=bool(self._lost))
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

    # What is handed out

    def _feed(self) -> None:
        """Give every worker the trials that it should have."""
        if self._shortage.holds_up():
            return
        if self._again.one_by_one:
            self._feed_one_alone()
            return
        for count in range(1, AHEAD + 1):  # first one trial for each, then the next ones
            for worker in self._at_work():
                ahead = count > 1 and self._race.left < len(self._workers)  # the last trials go to whoever is free first
                if len(worker.assigned) < count and not ahead:
                    self._assign(worker)

    def _at_work(self) -> list[Worker]:
        """Return the workers that may run trials; where those of the only machine fail, they are those that have not."""
        fit = [worker for worker in self._workers.values() if worker.fit and not worker.refused]
        return [worker for worker in fit if worker.proven] if self._nodes.hopeless else fit

    def _living(self) -> set[str]:
        """Return the nodes on which workers run, or will."""
        return set(self._pool.alive or ()) - set(self._nodes.left_out)

    def _feed_one_alone(self) -> None:
        """Start the next trial that must run alone, once no other runs."""
        if not any(worker.assigned for worker in self._workers.values()):
            chosen = self._again.take_alone(self._at_work(), self._living())
            if chosen is not None:
                self._send(*chosen)

    def _assign(self, worker: Worker) -> None:
        spec = self._again.take(worker.node, self._at_work(), self._living()) or self._race.next()
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
