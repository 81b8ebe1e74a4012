"""What surrounds a trial in its process: its state is restored, and what cannot be restored is reported."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import _exit, getpid  # by name: a plug-in may patch the module

import torch
from torch import Tensor

from harness.registry.refusals import calls_refused
from harness.trial.process.accelerator import AcceleratorKept
from harness.trial.process.data_marks import data_marks
from harness.trial.process.facets import kept
from harness.trial.process.interrupts import interrupts_noted
from harness.trial.process.leftovers import Leftovers
from harness.trial.process.memory_kept import MemoryKept
from harness.trial.process.originals import Originals, builtins_restored
from harness.trial.process.output import Kept, output_kept
from harness.trial.process.python_state import forget_shown_warnings, python_facets
from harness.trial.process.torch_state import torch_facets

DATA = "the data of its workload"

NAMED = 3
"""So many of the things that a trial replaced are named."""


@dataclass
class Aftermath:
    """What a trial has left in its process.

    Attributes:
        output: what it printed.
        replaced: names of functions, classes and modules that it replaced, and `DATA`.
        lost: in words, what could not be restored.
    """

    output: Kept = field(default_factory=Kept)
    replaced: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def changed(self) -> str:
        """What was replaced, in words; "" if nothing was."""
        more = f" and {len(self.replaced) - NAMED} more" if len(self.replaced) > NAMED else ""
        return f"it replaced {', '.join(self.replaced[:NAMED])}{more}" if self.replaced else ""


@contextmanager
def garbage_collected() -> Iterator[None]:
    """Collect the garbage of the body when it ends: what a finaliser of its objects changes is restored with the rest."""
    frozen = gc.get_freeze_count()
    gc.freeze()  # only what the body makes is looked at, which is quick
    try:
        yield
    finally:
        gc.collect()
        if not frozen:
            gc.unfreeze()


@contextmanager
def restored(device: torch.device) -> Iterator[list[str]]:
    """Restore the state of Python and torch after the body, refuse what would end the process, and note interrupts.

    Yields a list that then names what could not be restored. A process that the body has forked ends here.
    """
    process = getpid()
    try:
        with (
            kept((*python_facets(), *torch_facets(device))) as lost,
            interrupts_noted(),
            calls_refused(),
            builtins_restored(),
            garbage_collected(),
        ):
            yield lost
    finally:
        if getpid() != process:
            _exit(1)


@contextmanager
def guarded(
    aftermath: Aftermath, device: torch.device, data: Mapping[str, Mapping[str, Tensor]], *, own_process: bool
) -> Iterator[None]:
    """Surround everything that a plug-in does in a trial, its import included.

    Afterwards its output is kept, the functions that it replaced and the state of Python and torch are restored, the
    processes that it left are ended, and the memory that it used is given back.

    Args:
        aftermath: receives what the trial left, also where the body raises an exception.
        device: where the trial trains.
        data: of the workload, which later trials will use too.
        own_process: whether this process is a worker's own.
    """
    forget_shown_warnings()
    leftovers, marks = Leftovers(own_process=own_process), data_marks(data)
    memory, accelerator = MemoryKept(), AcceleratorKept(device)
    originals = Originals(own_process=own_process)
    lost: list[str] = []
    try:
        with output_kept(aftermath.output, own_process=own_process), restored(device) as lost:
            yield
    finally:
        aftermath.replaced += originals.restore()
        if data_marks(data) != marks:
            aftermath.replaced.append(DATA)
        aftermath.lost += [f"{name} could not be restored" for name in lost]
        aftermath.lost += leftovers.remove() + memory.give_back() + accelerator.give_back()
