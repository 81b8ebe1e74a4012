"""The guard of workers on this machine, from the driver's side: one process, below which one worker after another runs."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from harness.execution.dispatch.pools import Meeting
from harness.execution.dispatch.processes import start, wait_or_kill, write_secret

WORKER = "harness.execution.dispatch.child_worker"

NO_CUDA_YET = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""Asked whether there is a GPU while it loads torch, the guard must not open CUDA: no process forked later could use it."""


class ChildGuard:
    """A guard with its first worker.

    Args:
        meeting: where workers find the driver.
        key: of the first worker, by which it makes itself known.
        log: file to which the guard and its workers write.
    """

    def __init__(self, meeting: Meeting, key: str, log: Path) -> None:
        self._token = meeting.token
        self._reports, write = os.pipe()
        os.set_blocking(self._reports, False)
        host, port = meeting.address
        secret = f"{key} {self._token}"
        self._process = start(
            *(WORKER, host, str(port), str(write)), output=log, secret=secret, env=NO_CUDA_YET, keep_open=(write,)
        )
        os.close(write)

    @property
    def lives(self) -> bool:
        """Whether it can have another worker."""
        return self._process.poll() is None

    def go_on_with(self, key: str) -> None:
        """Start the next worker, once the last one has ended."""
        write_secret(self._process, f"{key} {self._token}")

    def ended(self) -> int | None:
        """Return how the present worker ended, as an exit status or minus a signal, or else its guard; None while both live."""
        status = self._process.poll()
        with suppress(BlockingIOError, ValueError):  # nothing to read; or the guard has ended without a report
            return int(os.read(self._reports, 100))
        return status

    def end(self) -> None:
        """Have it end its worker, what that one has started, and itself; a plug-in may have stopped it."""
        for number in (signal.SIGTERM, signal.SIGCONT):
            with suppress(OSError):
                os.kill(self._process.pid, number)

    def close(self) -> None:
        """Wait for the end of a guard that was told to end, or has ended, and give up what belongs to it here."""
        wait_or_kill(self._process)  # its worker ends with it in any case
        if self._process.stdin is not None:
            self._process.stdin.close()
        os.close(self._reports)
