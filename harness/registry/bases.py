"""The optimizers that a wrapper can wrap, by the names that users type after ``base=``."""

from __future__ import annotations

from harness.contracts.errors import BadInput, did_you_mean
from harness.contracts.optimizers import BASE, Optimizer
from harness.registry.index import Index
from harness.registry.loading import LoadedPlugin
from harness.registry.names import Typed
from harness.registry.sources import is_built_in


def base_of(typed: Typed, wrapper: Optimizer, index: Index) -> tuple[LoadedPlugin, Optimizer]:
    """Return the optimizer that a wrapper wraps: where it comes from, and its recipe.

    Args:
        typed: what the user typed; ``base=`` among its settings names the optimizer.
        wrapper: as its file declares it, with the name that holds where none is typed.
        index: the plug-ins that have a name.

    Raises:
        BadInput: the name is not that of a built-in optimizer that wraps none, or its file cannot be loaded.
    """
    name = typed.settings.get(BASE, wrapper.wraps)
    known = _bases(index)
    if name in known:
        return known[name]
    reason = index.why_broken(name)
    if reason is not None:
        raise reason
    raise BadInput(
        f"'{typed.name}': {BASE} must be an optimizer that comes with timetrial and wraps no other, not '{name}'"
        f"{did_you_mean(name, known)}"
    )


def _bases(index: Index) -> dict[str, tuple[LoadedPlugin, Optimizer]]:
    found = [entries[0] for entries in index.plugins.values() if is_built_in(entries[0].path)]
    return {
        entry.name: (entry, entry.plugin) for entry in found if isinstance(entry.plugin, Optimizer) and not entry.plugin.wraps
    }
