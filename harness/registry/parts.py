"""The plug-ins that a submission's name consists of, each with the hyperparameters that the user set after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.canonical import stable_hash
from harness.contracts.algorithms import TrainingAlgorithm
from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.optimizers import Optimizer
from harness.contracts.schedules import Schedule
from harness.contracts.spaces import RESERVED
from harness.registry.bases import base_of
from harness.registry.calibrated import PAPER, Calibrated, calibrated, chosen_defaults
from harness.registry.forms import check_named, read_form, split_form
from harness.registry.index import Index
from harness.registry.libraries import changes, check_library, is_library_name, library_plugin
from harness.registry.loading import PLUGIN_PACKAGE, LoadedPlugin
from harness.registry.names import Typed, existing_file, is_file, plugin_from_file, unknown_name
from harness.registry.sources import ROOT, is_built_in
from harness.registry.values import value_of

EXAMPLE_OPTIMIZER = "adamw"
"""The optimizer that messages name first."""


@dataclass(frozen=True)
class Part:
    """One half of OPTIMIZER+SCHEDULE, or all of another submission.

    Attributes:
        typed: what the user typed.
        plugin: the plug-in that this names.
        loaded: where it comes from; None for a library's class.
        base: where the optimizer comes from that a wrapper wraps; None for what wraps none.
        given: values of the hyperparameters that the user set.
        declared: whether the defaults and the space that its file declares are meant, whatever `calibrated.json` says.
    """

    typed: Typed
    plugin: Schedule | Optimizer | type[TrainingAlgorithm]
    loaded: LoadedPlugin | None
    base: LoadedPlugin | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    declared: bool = False

    @property
    def origins(self) -> tuple[LoadedPlugin, ...]:
        """Everything of which the part consists that comes from a file: its plug-in, and the one that this wraps."""
        return tuple(loaded for loaded in (self.loaded, self.base) if loaded is not None)

    @property
    def content_hash(self) -> str:
        """Of the sources of the part; of a library's class, of its name and of what the table changes of it."""
        if self.loaded is None:
            changed = changes(self.typed.head, declared=self.declared)
            return stable_hash(self.typed.head, *([changed] if changed else []))
        hashes = [loaded.sources.content_hash for loaded in self.origins]
        return hashes[0] if len(hashes) == 1 else stable_hash(*hashes)

    @property
    def may_be_calibrated(self) -> bool:
        """Whether `calibrated.json` may have an entry for it, or for what it wraps: a built-in optimizer or procedure."""
        return bool(self.origins) and is_built_in(self.origins[-1].path) and self.plugin.kind != "schedule"

    @cached_property
    def calibrated(self) -> Calibrated | None:
        """Its entry in `calibrated.json`, of a wrapper that of its base; None without one, or if the declared are meant.

        Raises:
            BadInput: that file is damaged.
        """
        if not self.may_be_calibrated or self.declared or RESERVED in self.typed.settings:
            return None
        owner = self.origins[-1]
        assert not (isinstance(owner.plugin, type) and not issubclass(owner.plugin, TrainingAlgorithm))
        entry = calibrated(owner.plugin.name, owner.plugin.defaults, owner.sources.content_hash)
        if entry is None or self.base is None:
            return entry
        own = {key: item for key, item in self.plugin.space.items() if key not in owner.plugin.defaults}
        return replace(entry, space={**entry.space, **own}, wrapped=owner.plugin.name)

    @property
    def packaged(self) -> bool:
        """Whether a built-in or an installed package defines the plug-in."""
        return self.loaded is not None and not self.loaded.module.startswith(f"{PLUGIN_PACKAGE}.")

    @property
    def source(self) -> str:
        """The part in a form that works in any directory. Records store it, so a file below ROOT is relative to ROOT."""
        chosen = self.declared and self.may_be_calibrated
        typed = with_setting(self.typed, RESERVED, PAPER) if chosen else self.typed
        if self.loaded is None or self.packaged or is_built_in(self.loaded.path):
            return typed.name
        path = self.loaded.path
        file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path
        form, _ = split_form(typed.head)
        return replace(typed, head=f"{form}:{file}" if form else f"{file}:{self.loaded.name}").name


def find_part(typed: Typed, index: Index, kind: str, *, declared: bool = False) -> Part:
    """Return the part that a user typed, without the values that it sets.

    Args:
        typed: a name, a file or a library's class, with settings or without.
        index: the plug-ins that have a name.
        kind: the kind that is meant where a file defines several, "" for any.
        declared: whether the declared defaults are meant, whatever `calibrated.json` says.

    Raises:
        BadInput: there is no such plug-in, it cannot be loaded, or it is a wrapper and cannot wrap the base that is named.
    """
    head = typed.head
    if is_library_name(head):
        declared = declared or RESERVED in typed.settings
        return Part(typed, library_plugin(head, declared=declared), None, declared=declared)
    form, location = split_form(head)
    if form:
        check_named(form, location)
        loaded: LoadedPlugin | None = read_form(form, existing_file(location))
    else:
        loaded = plugin_from_file(head, index, kind) if is_file(head) else index.find(head)
    if loaded is None:
        raise unknown_name("submission", head, index)
    assert not (isinstance(loaded.plugin, type) and not issubclass(loaded.plugin, TrainingAlgorithm))
    if isinstance(loaded.plugin, Optimizer) and loaded.plugin.wraps:
        base, recipe = base_of(typed, loaded.plugin, index)
        return Part(typed, loaded.plugin.over(recipe), loaded, base, declared=declared)
    return Part(typed, loaded.plugin, loaded, declared=declared)


def with_values(part: Part, other: Part | None, index: Index) -> Part:
    """Return `part` with the values of its settings; `other` is the other half of OPTIMIZER+SCHEDULE.

    Raises:
        BadInput: the plug-in declares no such hyperparameter, or a text is no value of it. The message names the nearest
            hyperparameter, or where to set it if it belongs to the other half or to an optimizer. Or a library's optimizer
            does not train with these values.
    """
    plugin, name = part.plugin, part.typed.name
    _check_chosen_defaults(part, other)
    settings = {key: text for key, text in part.typed.settings.items() if key != RESERVED}
    for key in settings:
        if key not in plugin.defaults:
            hint = _elsewhere(part, other, key, index) or did_you_mean(key, plugin.defaults) or ": it has none"
            raise BadInput(f"'{part.typed.head}' has no hyperparameter '{key}'{hint}")
    values = {key: value_of(name, key, text, plugin.defaults[key], plugin.space.get(key)) for key, text in settings.items()}
    if part.loaded is None:
        assert isinstance(plugin, Optimizer | Schedule)
        check_library(name, plugin, values)
    return replace(part, given=values)


def _check_chosen_defaults(part: Part, other: Part | None) -> None:
    """Check that ``defaults=paper`` belongs to a plug-in that could be calibrated.

    Raises:
        BadInput: it is set to something else, or for a schedule.
    """
    text = part.typed.settings.get(RESERVED)
    if text is None:
        return
    if part.plugin.kind == "schedule":
        kept = {key: value for key, value in part.typed.settings.items() if key != RESERVED}
        own = replace(part.typed, settings=kept).name
        whole = f"{with_setting(other.typed, RESERVED, PAPER).name}+{own}" if other is not None else own
        raise BadInput(f"'{part.typed.name}': the defaults of a schedule are always the declared ones: write {whole}")
    chosen_defaults(part.typed.name, text)


def with_setting(typed: Typed, key: str, text: str) -> Typed:
    """Return what the user typed with one more hyperparameter set."""
    return replace(typed, settings=dict(sorted({**typed.settings, key: text}.items())))


def _elsewhere(part: Part, other: Part | None, key: str, index: Index) -> str:
    """Return what to write if a hyperparameter belongs to the other half, or to the optimizer of a schedule alone; else ""."""
    settings = dict(part.typed.settings)
    text = settings.pop(key)
    rest = replace(part.typed, settings=settings)
    if other is not None:
        if key not in other.plugin.defaults:
            return ""
        moved = with_setting(other.typed, key, text)
        halves = (rest, moved) if other.plugin.kind == "schedule" else (moved, rest)
        return f", but '{other.typed.head}' has: write {'+'.join(half.name for half in halves)}"
    if part.plugin.kind != "schedule":
        return ""
    known = {name: entries[0].plugin for name, entries in index.plugins.items()}
    owners = [name for name, plugin in known.items() if isinstance(plugin, Optimizer) and key in plugin.defaults]
    if not owners:
        return ""
    optimizer = Typed(min(owners, key=lambda name: (name != EXAMPLE_OPTIMIZER, name)), {key: text})
    return (
        "; alone it trains with each workload's reference optimizer, whose hyperparameters are fixed:"
        f" name the optimizer too, as in {optimizer.name}+{rest.name}"
    )
