"""What is calibrated: a plug-in, how it is trained, and the bounds of its hyperparameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.canonical import stable_seed
from harness.contracts.errors import BadInput
from harness.contracts.spaces import RESERVED, Space
from harness.lattice import check_dimensions, halton_rows
from harness.plan import check_printable
from harness.registry import Submission, find_submission, parse_name
from harness.registry.sources import is_built_in
from harness.targets.protocol import BOUNDS, point_at


@dataclass(frozen=True)
class Subject:
    """A plug-in that is calibrated.

    Attributes:
        plugin: the optimizer without its schedule, or the procedure, with its declared defaults.
        trained: what its trials train: an optimizer under a schedule, or the procedure itself.
        schedule: the schedule, as typed after the '+'; "" for a procedure.
        bounds: of the hyperparameters that are calibrated: those that its name does not set.
    """

    plugin: Submission
    trained: Submission
    schedule: str
    bounds: Space

    @property
    def name(self) -> str:
        """The plug-in's name in `calibrated.json`."""
        declared = self.plugin.optimizer or self.plugin.procedure
        assert declared is not None
        return declared.name

    @property
    def built_in(self) -> bool:
        """Whether its entry is written into `calibrated.json`: a built-in plug-in of which the name sets no value."""
        return is_built_in(self.plugin.path) and not self.plugin.given

    def points(self, drawn: int) -> list[dict[str, Any]]:
        """Return the declared defaults, then scrambled Halton points of the bounds, the same for plug-ins with equal bounds.

        A hyperparameter that the name sets keeps its dimension, so that the others are drawn as if it were not set.
        """
        rows = halton_rows(drawn, stable_seed("calibration", "points"))
        whole = _bounds(self.plugin)
        defaults = {name: self.plugin.defaults[name] for name in self.bounds}
        return [defaults, *({name: point_at(whole, row)[name] for name in self.bounds} for row in rows)]


def subject_of(name: str) -> Subject:
    """Return what `timetrial calibrate NAME` calibrates.

    Args:
        name: an optimizer (trained under `cosine`), OPTIMIZER+SCHEDULE, or a procedure; ``:key=value,...`` after it fixes
            hyperparameters.

    Raises:
        BadInput: there is no such submission, it is a schedule or a wrapper, or it leaves nothing to calibrate.
    """
    halves = parse_name(name)
    if RESERVED in halves[0].settings:
        raise BadInput(f"'{name}': calibration always starts from the declared defaults: leave {RESERVED}= out")
    trained = find_submission(name, calibrated=False)
    check_printable(trained)
    if trained.reference_recipe:
        raise BadInput(
            f"'{trained.name}' is a schedule, whose peak rate the schedule track tunes for every workload: name an optimizer,"
            f" as in adamw+{trained.name}, or a procedure"
        )
    if base := trained.wraps:
        raise BadInput(f"'{halves[0].name}' has the defaults and the space of the optimizer that it wraps: calibrate {base}")
    plugin = find_submission(halves[0].name, calibrated=False) if len(halves) > 1 else trained
    trained = find_submission(trained.raced_as, calibrated=False)
    schedule = parse_name(trained.name)[1].name if plugin.kind == "optimizer" else ""
    whole = _bounds(plugin)
    bounds = {key: item for key, item in whole.items() if key not in plugin.given}
    check_dimensions(plugin.name, whole)
    if not bounds:
        why = "its name sets all of its hyperparameters that have a range" if whole else "it declares no search space"
        raise BadInput(f"'{plugin.name}' has nothing to calibrate: {why}")
    return Subject(plugin, trained, schedule, bounds)


def uncalibrated(submissions: Iterable[Submission]) -> list[str]:
    """Return the names of the optimizers and procedures that have no calibrated defaults of their present source.

    Args:
        submissions: all of them; those of the user's own, wrappers, and what declares no search space are passed over.
    """
    able = (
        s for s in submissions if "broken" not in s.facts and not s.reference_recipe and not s.wraps and is_built_in(s.path)
    )
    return [s.name for s in able if (s.calibrated is None or s.calibrated.stale) and _bounds(s)]


def _bounds(plugin: Submission) -> Mapping[str, Any]:
    """Return the bounds of a plug-in: the target protocol's for optimizers of reference recipes, else its declared space."""
    own = plugin.optimizer.name if plugin.optimizer is not None else ""
    return BOUNDS[own] if is_built_in(plugin.path) and own in BOUNDS else plugin.space
