"""The guard of the process that keeps Ray's workers. It is started by `harness.execution.dispatch.ray_pool`.

Ray's own processes outlive a killed command by a minute, and what plug-ins have started outlives them; the guard ends both.
"""

from __future__ import annotations

from harness.execution.dispatch.guard import go_on_guarded


def main() -> None:
    """Run the keeper in a child of this process, which alone imports Ray."""
    go_on_guarded()
    from harness.execution.dispatch.ray_keeper import main as keep

    keep()
