"""Sets and verifies targets by a documented protocol: search, seeds, verification (`timetrial targets`)."""

from harness.targets.entry import Verified
from harness.targets.protocol import REDUCED, WHOLE, Configuration, Protocol
from harness.targets.record import verified_recipe, write_entry
from harness.targets.setting import Setting

__all__ = ["REDUCED", "WHOLE", "Configuration", "Protocol", "Setting", "Verified", "verified_recipe", "write_entry"]
