"""Trials that are run again, and where: on another node than the one on which they could not run, if there is one."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from harness.execution.dispatch.nodes import Worker
from harness.records import TrialSpec

OTHER_NODE_SECONDS = 60.0
"""So long a trial waits for a worker to start on another node that is alive; then it may run again where it did before."""


@dataclass(frozen=True)
class _Retry:
    """A trial, the node on which it could not run, and since when it waits, in monotonic seconds."""

    spec: TrialSpec
    node: str
    since: float = field(default_factory=time.monotonic)


class Retries:
    """The trials that are to be run again: some beside others, some alone, because nobody knows which of them kills workers."""

    def __init__(self) -> None:
        self._beside: list[_Retry] = []
        self._alone: list[_Retry] = []
        self._suspects: set[str] = set()

    def __bool__(self) -> bool:
        """Return whether there are some."""
        return bool(self._beside or self._alone)

    @property
    def one_by_one(self) -> bool:
        """Whether a trial must run alone, or does so now: no other may start."""
        return bool(self._suspects)

    def add(self, spec: TrialSpec, node: str, *, alone: bool = False) -> None:
        """Have a trial run again that could not on a node; one that ran alone does so again."""
        if alone:
            self._suspects.add(spec.id)
        (self._alone if spec.id in self._suspects else self._beside).append(_Retry(spec, node))

    def settled(self, spec: TrialSpec) -> None:
        """Note that a trial has ended, or is recorded."""
        self._suspects.discard(spec.id)

    def take(self, node: str, at_work: Sequence[Worker], living: Collection[str]) -> TrialSpec | None:
        """Return, and forget, a trial that a worker of `node` shall run beside others; None if there is none for it.

        Args:
            node: of the worker.
            at_work: the workers that may run trials.
            living: other nodes too that are alive and not left out.
        """
        for retry in self._beside:
            if _suits(retry, node, at_work, living):
                self._beside.remove(retry)
                return retry.spec
        return None

    def take_alone(self, at_work: Sequence[Worker], living: Collection[str]) -> tuple[Worker, TrialSpec] | None:
        """Return the next trial that runs alone, and its worker, as `take` chooses; None if none can start now."""
        for retry in self._alone:
            for worker in at_work:
                if _suits(retry, worker.node, at_work, living):
                    self._alone.remove(retry)
                    return worker, retry.spec
        return None


def _suits(retry: _Retry, node: str, at_work: Sequence[Worker], living: Collection[str]) -> bool:
    """Return whether a trial may run again on a node: on another one, or where no other is, or soon will be, at work."""
    if node != retry.node:
        return True
    if any(worker.node != node for worker in at_work):
        return False
    return not set(living) - {node} or time.monotonic() - retry.since > OTHER_NODE_SECONDS
