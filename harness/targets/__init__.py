"""Sets and verifies targets by a documented protocol: search, seeds, verification (`timetrial targets`)."""

from harness.targets.protocol import REDUCED, WHOLE, Configuration, Protocol
from harness.targets.rulers import RulerRun
from harness.targets.run_protocol import ProtocolRun
from harness.targets.target_entry import Verification
from harness.targets.targets_file import verified_recipe, write_entry, write_rulers

__all__ = [
    "REDUCED",
    "WHOLE",
    "Configuration",
    "Protocol",
    "ProtocolRun",
    "RulerRun",
    "Verification",
    "verified_recipe",
    "write_entry",
    "write_rulers",
]
