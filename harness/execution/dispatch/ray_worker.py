"""What runs on a node of a Ray cluster: a worker that Ray Tune keeps, and where it may be placed.

Ray sends this module by value: a node on which timetrial cannot be imported says so, instead of dying in Ray's own code. So it
imports nothing of ours before a worker's first step.
"""

from __future__ import annotations

import os
import re
import socket
import time
from typing import Any

import ray
from ray import tune
from ray.util.placement_group import placement_group

PAUSE_SECONDS = 1.0
"""Between two attempts to start workers after a failure."""

UNUSABLE = "this node cannot run trials"
"""By which the text of an exception says that its node lacks timetrial."""

NODE_ID = "ray.io/node-id"


class Worker(tune.Trainable):  # type: ignore[misc]
    """A worker: its one `step` serves the driver until there are no trials left."""

    def setup(self, config: dict[str, Any], host: str = "", port: int = 0, token: str = "") -> None:
        """Keep where the driver is."""
        self._address, self._token = (host, port), token

    def step(self) -> dict[str, Any]:
        """Run trials; a process that must not run another one ends, and Tune starts a new one."""
        node = ray.get_runtime_context().get_node_id()
        try:
            from harness.execution.dispatch.messages import Lost
            from harness.execution.dispatch.serving import introduced, serve
        except ImportError as error:
            time.sleep(PAUSE_SECONDS)
            raise RuntimeError(f"{UNUSABLE} [{node}]: {socket.gethostname()}: {error}") from None
        try:
            token, self._token = self._token, ""
            channel = introduced(self._address, token, key=self.trial_id, node=node)
            del token
            replaced = serve(channel)
        except Lost:
            time.sleep(PAUSE_SECONDS)  # the driver has gone, and its cluster will end; Tune would start this step at once again
            raise
        if replaced:
            os._exit(0)  # threads that a plug-in left behind must not keep this process
        return {"done": True, "score": 0.0}  # Tune requires a metric; nothing reads it

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing: the records are the state."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load nothing."""


class Placement(tune.PlacementGroupFactory):  # type: ignore[misc]
    """The resources of a worker, on any node but those that are left out when it is started."""

    def to_placement_group(self) -> Any:
        """Ask Ray for the resources."""
        from harness.execution.dispatch.left_out import LEFT_OUT

        selector = {NODE_ID: f"!in({','.join(sorted(LEFT_OUT))})"} if LEFT_OUT else {}
        more = {"bundle_label_selector": [selector]} if selector else {}
        return placement_group(self.bundles, self.strategy, **more)


def unusable_node(text: str) -> tuple[str, str] | None:
    """Return (node, reason) of an exception's text that says that a node lacks timetrial; None if it does not."""
    found = re.search(rf"{re.escape(UNUSABLE)} \[(\w+)\]: (.*)", text)
    return (found[1], found[2].strip()[:300]) if found else None
