"""A worker in a process of this machine, without Ray. It is started by `harness.execution.dispatch.processes.start`."""

from __future__ import annotations

import os
import sys

from harness.execution.dispatch.guard import go_on_guarded
from harness.execution.dispatch.processes import arguments_and_secret


def main() -> None:
    """Serve the driver at the address HOST PORT, as the worker KEY, from a child of this process.

    The guard in between is what a plug-in ends that kills its parent: the driver is out of its reach.
    """
    (host, port, key), token = arguments_and_secret()
    go_on_guarded()
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from harness.execution.dispatch.messages import Lost
    from harness.execution.dispatch.serving import introduced, serve

    try:
        channel = introduced((host, int(port)), token, key=key)
        del token
        serve(channel)
    except Lost as error:
        sys.exit(f"the driver has gone: {error}")
    os._exit(0)  # threads that a plug-in left behind must not keep this process
