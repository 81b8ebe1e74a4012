"""Processes that are forked from a server which has imported the large libraries: five or more CPU seconds less for each."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
LIBRARIES = (
    *("torch", "torch._dynamo", "pandas", "scipy.stats", "seaborn", "jinja2", "pygments.lexers", "pyarrow.parquet"),
    *("typer", "pydantic.dataclasses", "rich.progress"),
)
FORKS.set_forkserver_preload(list(LIBRARIES))  # torch imports _dynamo, half of a small command's time, for its first optimizer
SCRATCH: list[str] = []


class Forked:
    """Such a process: what tests use of `subprocess.Popen`. The server has imported nothing of timetrial, nor Ray.

    Args:
        target: a function of a module, called with `arguments` in the environment that this process has now.
        cwd: its working directory; by default that of this process.
        err: whether standard error has a file of its own; otherwise it goes where standard output does.

    Attributes:
        pid: its number.
        out: the file to which standard output is written, line by line.
        err: the file to which standard error is written.
    """

    def __init__(self, target: Callable[..., object], *arguments: Any, cwd: Path | None = None, err: bool = False) -> None:
        folder = Path(tempfile.mkdtemp(dir=_scratch()))
        self.out = folder / "stdout"
        self.err = folder / "stderr" if err else self.out
        for path in (self.out, self.err):
            path.touch()
        place = str(cwd or Path.cwd())
        self._process = FORKS.Process(
            target=_redirected, args=(target, arguments, place, dict(os.environ), str(self.out), str(self.err))
        )
        self._process.start()
        self.pid = int(self._process.pid or 0)

    @property
    def returncode(self) -> int | None:
        """How it ended, as `subprocess.Popen` says it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return how it ended."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and return what it wrote."""
        self.wait(timeout)
        return self.out.read_text(), self.err.read_text()

    def lines(self) -> Iterator[str]:
        """Yield each line of its standard output once it is written, until it has ended."""
        with self.out.open(encoding="utf-8") as file:
            text = ""
            while True:
                ended = self.returncode is not None
                text += file.read()
                *whole, text = text.split("\n")
                yield from whole
                if ended:
                    return
                time.sleep(0.02)

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


def as_python(*words: str) -> None:
    """Run a script, or after "-m" a module, as `python` does, with the words that follow as its arguments."""
    import matplotlib as mpl

    if backend := os.environ.get("MPLBACKEND"):
        mpl.use(backend)  # the variable was read when the server imported the library
    if words[0] == "-m":
        sys.argv = list(words[1:])
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(words)
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")


def _redirected(
    target: Callable[..., object], arguments: tuple[Any, ...], cwd: str, env: dict[str, str], out: str, err: str
) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout.reconfigure(line_buffering=True)  # the server's own is none of a terminal
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    target(*arguments)


def _scratch() -> str:
    if not SCRATCH:
        SCRATCH.append(tempfile.mkdtemp(prefix="timetrial-commands-"))
        atexit.register(shutil.rmtree, SCRATCH[0], ignore_errors=True)
    return SCRATCH[0]
