"""Speed-ups as people say them: how much more compute the baseline needs to get as far as a submission."""

from __future__ import annotations

UNITS = {"examples": "compute", "seconds": "training time", "steps": "steps"}
"""What a speed-up on each clock is a factor of."""

DOUBLE = 2.0
"""From this factor on, "2.50 times the compute" is easier to read than "150 % more compute"."""

MOST_LESS = 99
"""Percent beyond which "less" is not told apart: 100 % less would be nothing."""

AT_MOST, AT_LEAST = "≤", "≥"


def needs(ratio: float, clock: str = "examples", bound: str = "") -> str:
    """Return what the baseline needs to get as far as a submission with the speed-up `ratio`.

    Args:
        ratio: the speed-up.
        clock: of the board.
        bound: "≤", "≥" or "~" where limits of the ruler take part, as `RowSpeedUp.bound`.

    >>> needs(1.106), needs(0.847), needs(2.5, "seconds"), needs(1.004), needs(1.0)
    ('11 % more compute', '15 % less compute', '2.50 times the training time', '0.4 % more compute', 'the same compute')
    >>> needs(1.106, bound="≤"), needs(0.5, bound="≤"), needs(3.0, bound="≥"), needs(1.5, bound="~")
    ('at most 11 % more compute', 'at least 50 % less compute', 'at least 3.00 times the compute', 'roughly 50 % more compute')
    >>> needs(0.004), needs(0.004, bound="≤")
    ('over 99 % less compute', 'at least 99 % less compute')
    """
    unit, change = UNITS[clock], 100 * (ratio - 1)
    if ratio >= DOUBLE:
        text = f"{ratio:.2f} times the {unit}"
    elif abs(change) < 0.05:
        text = f"the same {unit}"
    elif change < -MOST_LESS:
        text = f"{'' if bound else 'over '}{MOST_LESS} % less {unit}"
    else:
        text = f"{_percent(change, change)} {'more' if change > 0 else 'less'} {unit}"
    return f"{_limit(bound, less=change < 0)} {text}".strip()


def needs_between(ratio: float, low: float, high: float) -> str:
    """Return the interval of `needs(ratio)`, with as many digits.

    >>> needs_between(1.106, 1.0896, 1.122), needs_between(1.03, 0.99, 1.07), needs_between(0.85, 0.83, 0.87)
    ('9 to 12 %', '1 % less to 7 % more', '13 to 17 % less')
    >>> needs_between(2.5, 2.4, 2.6)
    '2.40 to 2.60 times'
    """
    if ratio >= DOUBLE:
        return f"{low:.2f} to {high:.2f} times"
    change, least, most = (100 * (r - 1) for r in (ratio, low, high))
    if least < 0 < most:
        return f"{_percent(least, change)} less to {_percent(most, change)} more"
    ends = sorted((abs(least), abs(most)))
    return f"{_percent(ends[0], change).removesuffix(' %')} to {_percent(ends[1], change)}{' less' if most <= 0 else ''}"


def _percent(change: float, beside: float) -> str:
    """Return the size of a change in percent; one decimal where `beside`, the change that is told, is below 2 %."""
    return f"{abs(change):.{0 if abs(beside) >= 2 else 1}f} %"


def _limit(bound: str, *, less: bool) -> str:
    """Return a bound on the ratio as words for what it is more, or less, than 1."""
    if not bound:
        return ""
    if bound not in (AT_MOST, AT_LEAST):
        return "roughly"
    return "at most" if (bound == AT_MOST) != less else "at least"
