"""Sets and verifies targets by a documented protocol: search, seeds, verification (`timetrial targets`)."""

from harness.targets.protocol import REDUCED, WHOLE, Configuration, Protocol
from harness.targets.run_protocol import Setting
from harness.targets.target_entry import Verified
from harness.targets.targets_file import verified_recipe, write_entry

__all__ = ["REDUCED", "WHOLE", "Configuration", "Protocol", "Setting", "Verified", "verified_recipe", "write_entry"]
