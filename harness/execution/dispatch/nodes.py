"""Which nodes of a cluster run trials, and why the others do not; the driver's side."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.execution.dispatch.messages import Channel, Message
from harness.execution.dispatch.node_facts import own_source
from harness.plan import Plan
from harness.pruning import Stop
from harness.records import PROTOCOL_VERSION, TrialSpec

MOST_IN_A_ROW = 3
"""So many workers in a row may die on a node, or find its device dead, before it is left out."""

GATHER_SECONDS = 10.0
"""So long after the first worker of a cluster is ready the driver waits for the others, to see which machine type most have."""

FACTS_SECONDS = 300.0
"""A worker that has not said by then what its node is, and whether its device computes, is killed: a driver may hang."""

MIXED = "--mixed would use it all the same"


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
        fit: it may run trials.
        proven: a trial has ended on it.
        refused: why it may not, and ends; "" as long as it may, or as that is not known.
        facts: what it said of its node.
        since: monotonic seconds at which it connected.
    """

    channel: Channel
    about: Message
    assigned: deque[TrialSpec] = field(default_factory=deque)
    stops: dict[str, Stop] = field(default_factory=dict)
    begun: float | None = None
    last_words: str = ""
    over_limit: bool = False
    fit: bool = False
    proven: bool = False
    refused: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)

    @property
    def node(self) -> str:
        """Ray's id of its node; "" without Ray."""
        return str(self.about.get("node") or "")


class Nodes:
    """Decides which workers run trials: those whose node has the plan's versions, the common machine type and a live device.

    Args:
        plan: whose versions count.
        joined: whether the workers are on a cluster that the run has joined; else their machine is the driver's.
        mixed: whether versions and machine types may differ.
        say: prints one line for the user.
        note: writes down (machine, reason) for the board.

    Attributes:
        joined: as above.
        left_out: {node: why it runs no more trials}.
        hopeless: why workers on the one machine that there is do not run trials; "" as long as they do.
    """

    def __init__(
        self, plan: Plan, *, joined: bool, mixed: bool, say: Callable[[str], None], note: Callable[[str, str], None]
    ) -> None:
        self.joined = joined
        self._mixed, self._say, self._note = mixed, say, note
        self._planned = {name: version for spec in plan.trials for name, version in spec.libraries.items()} if joined else {}
        self._held: list[Worker] = []
        self._since = 0.0
        self._turned_away = 0
        self._machine_type = ""
        self._dead: Counter[str] = Counter()
        self._unable: Counter[str] = Counter()
        self._rows: dict[str, dict[str, str]] = {}
        self._died_on: dict[str, set[str]] = {}
        self._finished_on: dict[str, set[str]] = {}
        self._hosts: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.hopeless = ""

    @property
    def asked(self) -> list[str] | None:
        """The libraries whose versions workers are asked for; None if they are asked for nothing."""
        return sorted(self._planned) if self.joined else None

    def arrived(self, worker: Worker, facts: Message) -> None:
        """Take in what a worker says of its node, once it has tried the device."""
        worker.facts = facts
        named = str(facts.get("host") or worker.node)[:100]
        self._hosts[worker.node] = "".join(c for c in named if c.isprintable())  # a note with others cannot be read again
        if broken := str(facts.get("broken") or "")[:300]:
            worker.refused = broken
            self._count(self._dead, worker.node, broken)
            return
        self._dead.pop(worker.node, None)
        if not self.joined:
            worker.fit = True
        elif difference := self._difference(facts):
            self.refuse(worker, difference)
        else:
            self._since = self._since or time.monotonic()
            self._held.append(worker)

    def silent(self, workers: Collection[Worker]) -> list[Worker]:
        """Refuse the workers that have not said in time what their node is, and return them."""
        before = time.monotonic() - FACTS_SECONDS
        late = [worker for worker in workers if not worker.facts and not worker.refused and worker.since < before]
        for worker in late:
            worker.refused = f"for {FACTS_SECONDS:g} s a worker has not said whether its device computes"
            self._count(self._dead, worker.node, worker.refused)
        return late

    def decide(self, expected: int, *, among: Collection[Worker]) -> None:
        """Admit the workers that wait, as far as they are `among` the living, once there are `expected` or they waited long."""
        self._held = [worker for worker in self._held if worker in among]
        if not self._held:
            return
        if not self._machine_type and not self._mixed:
            if len(self._held) + self._turned_away < expected and time.monotonic() < self._since + GATHER_SECONDS:
                return
            types = Counter(str(worker.facts.get("machine_type")) for worker in self._held)
            self._machine_type = min(types, key=lambda kind: (-types[kind], kind))
        for worker in self._held:
            kind = str(worker.facts.get("machine_type"))
            if self._mixed or kind == self._machine_type:
                worker.fit = True
            else:
                self.refuse(worker, f"its machine type is {kind[:200]}, that of the others {self._machine_type[:200]}; {MIXED}")
        self._held = []

    def unable(self, node: str, reason: str, *, lasting: bool = False) -> None:
        """Note that a worker could not begin a trial: its device is dead, or its node lacks the data (`lasting`)."""
        if lasting and self.joined:
            self.leave_out(node, reason)
        else:
            self._count(self._unable, node, reason)

    def _count(self, failures: Counter[str], node: str, reason: str) -> None:
        """Count a failure in a row, and give its node up after `MOST_IN_A_ROW`."""
        failures[node] += 1
        if failures[node] < MOST_IN_A_ROW:
            return
        if self.joined:
            self.leave_out(node, reason)
        else:
            self.hopeless = reason

    def died(self, node: str, spec: TrialSpec, reason: str, used: Collection[str]) -> None:
        """Note that a worker died during a trial. A node on which several do in a row is left out, if others are `used`.

        Deaths of submissions that die on several nodes are no node's, nor are those of a single one that has not yet finished a
        trial elsewhere.
        """
        self._died_on.setdefault(spec.submission, set()).add(node)
        self._rows.setdefault(node, {})[spec.id] = spec.submission
        culprits = {name for name, nodes in self._died_on.items() if len(nodes) > 1}
        for row in self._rows.values():
            for trial in [trial for trial, name in row.items() if name in culprits]:
                del row[trial]
        row = self._rows[node]
        names = set(row.values())
        told = len(names) > 1 or any(self._finished_on.get(name, set()) - {node} for name in names)
        if self.joined and len(row) >= MOST_IN_A_ROW and told and set(used) - {node} - set(self.left_out):
            self.leave_out(node, f"{len(row)} workers in a row died there ({reason or 'no cause is known'})")

    def finished(self, node: str, spec: TrialSpec) -> None:
        """Note that a trial has ended on a node and its worker lives."""
        self._rows.pop(node, None)
        self._unable.pop(node, None)
        self._finished_on.setdefault(spec.submission, set()).add(node)

    def leave_out(self, node: str, reason: str) -> None:
        """Use a node no more, and say why."""
        if node not in self.left_out:
            self.left_out[node] = reason
            self._say(f"node {self.host(node)} is not used: {reason}")
            self._note(self.host(node), reason)

    def host(self, node: str) -> str:
        """Return the name of a node's machine, as far as it is known."""
        return self._hosts.get(node, node[:12])

    def refuse(self, worker: Worker, reason: str) -> None:
        """Have a worker run no trials, nor any other of its node."""
        worker.refused = reason
        self._turned_away += 1
        self.leave_out(worker.node, reason)

    def _difference(self, facts: Message) -> str:
        """Return in words how a node differs from the plan; "" if it does not, or need not."""
        return next(self._differences(facts), "")

    def _differences(self, facts: Message) -> Iterator[str]:
        if facts.get("protocol") != PROTOCOL_VERSION:
            yield "its timetrial runs trials by other rules: install the version of the driver there"
        if self._mixed:
            return
        if facts.get("source") != own_source():
            version = str(facts.get("timetrial"))[:40]
            yield f"its timetrial ({version}) has other sources than the driver's: install the same there; {MIXED}"
        there = facts.get("libraries")
        for name, version in self._planned.items():
            other = there.get(name) if isinstance(there, Mapping) else None
            if other != version:
                yield f"it has {name} {str(other)[:60]}, the plan {version}; {MIXED}"
