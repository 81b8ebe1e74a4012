"""The text of `text_lm` on another node: the environment names it, and that of the driver does not travel with its trials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.contracts.workloads import DataUnavailable
from harness.plan import Plan

WORKLOAD = "text_lm"


def text_of(plan: Plan) -> dict[str, str] | None:
    """Return which text a plan's trials are about, as JSON types: its path here and its fingerprint; None if about none."""
    from workloads.data.local_text import fingerprint, text_file

    path = text_file() if any(workload.name == WORKLOAD for workload in plan.workloads.values()) else None
    return None if path is None else {"path": str(path.absolute()), "fingerprint": fingerprint(path)}


def find_text(sent: Mapping[str, Any] | None) -> None:
    """Have this process read the text that the driver names: the one of its own variable, else that at the driver's path.

    Raises:
        DataUnavailable: the text is not here; the message says what to do.
    """
    if not sent:
        return
    from workloads.data.local_text import VARIABLE, fingerprint, text_file

    own = text_file()
    path = own or Path(sent["path"])
    if fingerprint(path) == sent["fingerprint"]:
        os.environ[VARIABLE] = str(path.absolute())  # this process is about to change its directory
        return
    here = f"names {own}, which is not the driver's text" if own else f"is not set, and there is no {path} as at the driver"
    raise DataUnavailable(f"{VARIABLE} {here}: set it to a copy of that text before `ray start`")
