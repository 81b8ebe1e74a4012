"""Behaves while it is recorded; if told to, it ends or stops its process when it is repeated."""

import ctypes
import os
import time
from pathlib import Path

from harness import TrainingAlgorithm

ORDER = Path("order.txt")


class Shy(TrainingAlgorithm):
    """Gradient descent, unless a file orders something else."""

    name = "shy"

    def update(self, batch):
        order = ORDER.read_text() if ORDER.exists() else ""
        if order == "exit":
            ctypes.CDLL(None)._exit(0)  # Python's own functions are refused
        if order == "kill":
            ctypes.CDLL(None).kill(os.getpid(), 9)
        if order == "wait":
            time.sleep(60)
        self.task.model.zero_grad()
        self.task.loss(batch).backward()
        for p in self.task.model.parameters():
            p.data.add_(p.grad, alpha=-0.05)
