"""A worker in a process of this machine, without Ray. It is started by `harness.execution.dispatch.processes.start`."""

from __future__ import annotations

import os
import signal
import sys

from harness.execution.dispatch.processes import arguments_and_secret, end_with_parent
from harness.trial.process.leftovers import adopt_orphans, end_descendants


def main() -> None:
    """Serve the driver at the address HOST PORT, as the worker KEY, from a child of this process.

    The process in between is what a plug-in ends that kills its parent: the driver is out of its reach. It also ends what
    plug-ins have started when the worker dies within a trial, and when the driver does.
    """
    (host, port, key), token = arguments_and_secret()
    adopt_orphans()
    signal.signal(signal.SIGTERM, _end_all)
    end_with_parent(signal.SIGTERM)
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        end_descendants()
        _end_as(status)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from harness.execution.dispatch.messages import Lost, connect
    from harness.execution.dispatch.serving import serve

    try:
        serve(connect((host, int(port))), token, key=key)
    except Lost as error:
        sys.exit(f"the driver has gone: {error}")
    os._exit(0)  # threads that a plug-in left behind must not keep this process


def _end_all(*_: object) -> None:
    """End the worker, what it has started, and this process."""
    end_descendants()
    os._exit(1)


def _end_as(status: int) -> None:
    """End this process in the way in which its child ended."""
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), -status)
    os._exit(status if status >= 0 else 1)
