"""The checks that every plug-in class passes when it is defined, whichever contract it keeps."""

from __future__ import annotations

import inspect
from collections.abc import Collection

from harness.contracts.errors import ContractError, did_you_mean


def check_attributes(plugin: type, owner: str, contract: str, allowed: Collection[str]) -> None:
    """Check that a class defines no public attribute that its contract does not know: a misspelt hook is an error.

    Args:
        plugin: the class; attributes that it inherits were checked where they were defined.
        owner: how the message names the class.
        contract: how the message names the contract.
        allowed: names of the contract's hooks and facts.

    Raises:
        ContractError: an attribute is unknown; the message names the nearest known one.
    """
    for attribute in vars(plugin):
        if not attribute.startswith("_") and attribute not in allowed:
            hint = did_you_mean(attribute, allowed)
            raise ContractError(
                f"{owner}.{attribute} is not part of {contract}{hint} (names of your own methods and attributes start with '_')"
            )


def check_signals(owner: str, listens: Collection[str], signals: Collection[str]) -> None:
    """Check that a plug-in listens to signals that exist.

    Raises:
        ContractError: one does not exist; the message names the nearest that does.
    """
    for signal in listens:
        if signal not in signals:
            raise ContractError(f"{owner} listens to '{signal}', which is not a signal{did_you_mean(signal, signals)}")


def check_takes(owner: str, plugin: type, hook: str, argument: str) -> None:
    """Check that a method can be called with the one argument that the harness passes.

    Raises:
        ContractError: it takes none or needs more; the message says how it begins.
    """
    method = getattr(plugin, hook)
    if not inspect.isfunction(method):
        return  # an object that is called in a way of its own
    try:
        inspect.signature(method).bind(None, None)
    except TypeError:
        raise ContractError(f"{owner}: write def {hook}(self, {argument}), which is how the harness calls it") from None


def first_line(documented: object) -> str:
    """Return the first line of an object's own docstring, the summary that lists and boards print; "" without one."""
    lines = inspect.cleandoc(getattr(documented, "__doc__", None) or "").splitlines()
    return lines[0] if lines else ""
