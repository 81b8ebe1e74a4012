"""The page's switches as style rules, in two forms: read from attributes that the script sets, and without scripts.

Without scripts a rule follows the checked radio button or box by ``:has()``. With scripts it follows an attribute of the root
element, because a browser recalculates the style of the whole page for each ``:has()`` on it when anything is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.colours import Mark


@dataclass(frozen=True)
class Switch:
    """A group of radio buttons ``id="NAME-STATE"``: what each state hides.

    Attributes:
        name: of the group, and of the attribute ``data-NAME``.
        hides: {state: selector of what it hides}; the first state is the one that the page opens with.
    """

    name: str
    hides: dict[str, str]


def switches(clocks: Sequence[str], reading: str) -> tuple[Switch, ...]:
    """Return the switches of a page with boards on `clocks`, which opens with `reading` ("saved" or "time")."""
    readings = {"saved": ".c-time", "time": ".c-saved"}
    return (
        Switch("clock", {clock: f".on:not(.on-{clock})" for clock in clocks}),
        Switch("reading", {reading: readings[reading], **readings}),
        Switch("times", {"absolute": ".t-best,.t-base", "best": ".t-abs,.t-base", "baseline": ".t-abs,.t-best"}),
        Switch("rows", {"compact": ".wo", "wide": ".co"}),
    )


def with_scripts(groups: Iterable[Switch]) -> Markup:
    """Return the rules that follow the attributes of the root; before the script runs, those of the first states."""
    rules, first = [], []
    for group in groups:
        for count, (state, hidden) in enumerate(group.hides.items()):
            rules.append(f":root[data-{group.name}={state}] :is({hidden}){{display:none}}")
            if not count:
                first.append(f":root:not([data-{group.name}]) :is({hidden}){{display:none}}")
    return Markup("\n".join([*rules, f"@media (scripting:enabled){{{''.join(first)}}}"]))


def without_scripts(groups: Iterable[Switch], marks: Iterable[Mark]) -> Markup:
    """Return the rules that follow the checked controls, and those of the key that hides a submission or turns it grey."""
    rules = [
        f"body:has(#{group.name}-{state}:checked) :is({hidden}){{display:none}}"
        for group in groups
        for state, hidden in group.hides.items()
    ]
    for mark in marks:
        off, own, name = f"body:has(#key-{mark.index}:not(:checked))", f".line{mark.index}", f".name{mark.index}"
        rules.append(f"{off}:has(#grey:not(:checked)) :is({own},{name}),{off} .pairs {own}{{display:none}}")
        rules.append(f"{off}:has(#grey:checked) .figure {own}{{--c:var(--soft);opacity:.25!important}}")
        rules.append(f"{off}:has(#grey:checked) :is(.figure {name},.forest {own}){{--c:var(--soft)}}")
    return Markup("\n".join(rules))
