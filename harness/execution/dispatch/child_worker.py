"""Workers in processes of this machine, without Ray. `harness.execution.dispatch.child_guard` starts their guard."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module

from harness.execution.dispatch.guard import be_a_guard, guarded
from harness.execution.dispatch.processes import arguments_and_secret, read_secret

PRELOADED = ("torch", "torch._dynamo", "harness.execution.dispatch.serving", "harness.registry.built_in")
"""What every worker needs: nine tenths of a worker's start."""


def main() -> None:
    """Serve the driver at the address HOST PORT in children of this process, one after the other, each of them a worker.

    This process is their guard, and what a plug-in ends that kills its parent: the driver is out of its reach. It has loaded
    what they need, so that one that has died is replaced at once, and never runs a plug-in. The secret that it begins with is
    "KEY TOKEN" of the first worker; each further line of standard input is that of the next one. How a worker has ended is a
    line that is written to the descriptor REPORTS.
    """
    (host, port, reports), birth = arguments_and_secret()
    be_a_guard()
    for module in PRELOADED:
        with suppress(ModuleNotFoundError):  # a worker says so itself
            import_module(module)
    while (status := guarded()) is not None:
        os.write(int(reports), f"{status}\n".encode())
        birth = read_secret()
        if not birth:
            os._exit(0)  # the driver has gone
    key, token = birth.split(" ")
    del birth
    os.close(int(reports))
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
