"""Plug-ins that do something to their process at their third step, and honest ones to run beside them."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

PLUGIN = '''
import ctypes, os, signal, time
import torch
from harness import TrainingAlgorithm

C = ctypes.CDLL(None)  # what Python's own functions would do is refused


class {name}(TrainingAlgorithm):
    """Does what its name says at its third step."""

    defaults = {{"learning_rate": 0.1}}

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self.optimizer = torch.optim.SGD(task.model.parameters(), lr=0.1)
        self.steps = 0

    def update(self, batch):
        self.steps += 1
        if self.steps == 3:
{deed}
        self.optimizer.zero_grad()
        self.task.loss(batch).backward()
        self.optimizer.step()
'''


def write_plugin(folder: Path, name: str, deed: str) -> Path:
    """Write a training procedure that does `deed` at its third step, and return its path."""
    path = folder / f"{name}.py"
    path.write_text(PLUGIN.format(name=name.title().replace("_", ""), deed=indent(deed, " " * 12)))
    return path
