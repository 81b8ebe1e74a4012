"""Options that take an amount of time or of memory: a plain number, or one with its unit, as in ``5m`` or ``500MB``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts.errors import BadInput

_WITH_UNIT = re.compile(r"\s*(?P<number>[0-9.]+)\s*(?P<unit>[A-Za-z]+)\s*")


@dataclass(frozen=True)
class Quantity:
    """Reads the value of an option.

    Attributes:
        option: its name, with dashes.
        units: {unit in small letters: how much one is, in what a number without a unit counts}.
        needed: what messages say is needed.
    """

    option: str
    units: Mapping[str, float]
    needed: str

    def __call__(self, value: str | float) -> float:
        """Return the amount in what a number without a unit counts; it may be infinite or no number.

        >>> TIME("90"), TIME("5m"), TIME("1.5 h"), MEMORY("500MB")
        (90.0, 300.0, 5400.0, 0.5)

        Raises:
            BadInput: the value is no amount.
        """
        found = _WITH_UNIT.fullmatch(str(value))
        unit = self.units.get(found["unit"].lower()) if found else None
        try:
            return float(found["number"]) * unit if found and unit else float(value)
        except ValueError:
            raise BadInput(f"{self.option} {value}: {self.needed}") from None


TIME = Quantity(
    "--time-limit",
    {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "a number of seconds is needed, or one with a unit, as in 90s, 5m or 1h",
)
MEMORY = Quantity(
    "--memory",
    {"k": 1e-6, "kb": 1e-6, "m": 1e-3, "mb": 1e-3, "g": 1.0, "gb": 1.0, "t": 1e3, "tb": 1e3}
    | {"kib": 2**10 / 1e9, "mib": 2**20 / 1e9, "gib": 2**30 / 1e9, "tib": 2**40 / 1e9},
    "a number of gigabytes is needed, or one with a unit, as in 500MB or 2.5GB",
)
