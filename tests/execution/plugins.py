"""A user's own plug-ins: a schedule with a module beside it, a schedule in a plain file, and a workload."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "submissions/schedules/bent.py": """
from harness import schedule
from .scale import SCALE


@schedule
def bent(step, horizon, bend=2.0):
    return SCALE * (1 - (step / horizon) ** bend)
""",
    "submissions/schedules/scale.py": "SCALE = 0.5\n",
    "mine.py": """
from harness import schedule
from ends import END


@schedule
def mine(step, horizon):
    return 1 - (1 - END) * step / horizon
""",
    "ends.py": "END = 0.1\n",
    "workloads/little.py": """
from harness import Size
from workloads.digits_mlp import DigitsMlp


class Little(DigitsMlp):
    name = "little"
    sizes = {
        "smoke": Size(
            batch_size=16,
            budget=40 * 16,
            target=1.5,
            evaluation_period=5 * 16,
            model={"width": 8, "depth": 2, "activation": "relu"},
            parameters=682,
        ),
    }
    variants = {}
""",
}


def write_plugins(folder: Path) -> tuple[tuple[str, ...], str]:
    """Write the plug-ins into a working directory; return the submissions' names as typed there, and the workload's."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ("adamw+bent:bend=3", "sgd+./mine.py"), "little"
