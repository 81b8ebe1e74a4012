"""The command that puts a submission's row among those of the reference result."""

from __future__ import annotations

from harness.rules import DEFAULT_TRACKS, OPTIMIZER_TRACK


def next_race(name: str, *, schedule: bool, drawn: bool = False) -> str:
    """Return the command.

    Args:
        name: of the submission, an optimizer with its schedule.
        schedule: whether it is a schedule, whose track is the default.
        drawn: whether its hyperparameters are to be tuned from points or a space, instead of its defaults.
    """
    track = DEFAULT_TRACKS[-1] if drawn else OPTIMIZER_TRACK
    return f"timetrial run -s {name}{'' if schedule else f' --track {track.name}'} --reference"
