"""What is known of each class of the libraries: `table.json`, written by hand, and `rates.json`, which a command measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput
from harness.contracts.returned import PROCEDURE
from harness.contracts.spaces import LogUniform
from harness.registry.sources import OURS

TABLE = Path(__file__).with_name("table.json")
RATES = Path(__file__).with_name("rates.json")
"""{"rates": {name: {"declared", "trains", "learning_rate"}}, ...}, from ``tests/benchmarks/library_rates.py``."""

DECADE = 10.0
"""A learning rate is searched between the default divided and multiplied by this."""

CLOSE = 0.8
"""How alike a misspelt name and a class's must be, as `difflib` counts."""

RECIPE = (
    "write a recipe that gives it what it needs, a function (model, hyperparameters) with @optimizer, like the built-in 'sgd'"
)
HESSIAN = "write a TrainingAlgorithm that uses task.hessian_vector_product, like the built-in 'lanczos'"
SCHEDULE = "write a schedule, a function of step and horizon with @schedule, like the built-in 'cosine'"

WAYS: Mapping[str, str] = {"recipe": RECIPE, "procedure": PROCEDURE, "hessian": HESSIAN, "schedule": SCHEDULE}
"""What to write instead of a class that does not race."""


class Verdict(StrEnum):
    """What is known of a class. Those of the last three do not race, and a trial of them is refused when it is named."""

    CONFORMS = "conforms"
    DEVIATES = "deviates"
    NOT_COMPARED = "not compared"
    NEEDS = "needs"
    IGNORES = "ignores the schedule"
    REFUSED = "refused"

    @property
    def races(self) -> bool:
        """Whether a class with this verdict can be raced."""
        return self in (Verdict.CONFORMS, Verdict.DEVIATES, Verdict.NOT_COMPARED)


@dataclass(frozen=True)
class Row:
    """What is known of one class.

    Attributes:
        name: full name, ``pytorch_optimizer.Adan``.
        kind: "optimizer" or "schedule".
        verdict: whether it does what its formula says, and whether it races.
        how: the deviation, or why it does not race, in words.
        needs: what it needs beyond the gradient of one loss, in words; of a class that races it is given.
        instead: what to type or write instead, in words; for a class that races, where there is a better one.
        fixed: {constructor argument: value} that the recipe passes and that no user can set.
        tied: {constructor argument: hyperparameter of this harness whose value it gets}.
        groups: which parameter groups it gets (`harness.registry.libraries.groups.GROUPS`); "" for those of `decay_groups`.
        takes: what its constructor takes first: "params" or "model".
        loss: whether its step gets a closure that returns the loss already computed.
        seeded: whether it draws from the process's generators, which are then seeded by its step.
        contiguous: whether it fails on weights in channels_last order, which are then stored contiguously.
        modules: libraries that it needs beside its own.
        learning_rate: the measured default; None where the library's own is used.
        trains: whether the library's default rate trained, when it was measured; None if nothing was measured.
    """

    name: str
    kind: str
    verdict: Verdict
    how: str = ""
    needs: tuple[str, ...] = ()
    instead: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    tied: Mapping[str, str] = field(default_factory=dict)
    groups: str = ""
    takes: str = "params"
    loss: bool = False
    seeded: bool = False
    contiguous: bool = False
    modules: tuple[str, ...] = ()
    learning_rate: float | None = None
    trains: bool | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The libraries that it needs and that are not installed here."""
        return tuple(module for module in self.modules if find_spec(module) is None)

    @property
    def races(self) -> bool:
        """Whether it can be raced here."""
        return self.verdict.races and not self.missing

    @property
    def refusal(self) -> str:
        """Why it does not race, and what to type or write instead; "" if it races."""
        if self.missing:
            module = self.missing[0]
            return f"'{self.name}' needs the library '{module}', which is not installed here: pip install {module}"
        return "" if self.races else f"'{self.name}' {self.how}: {self.instead}"

    def facts(self) -> dict[str, Any]:
        """Return the row as JSON types."""
        return {
            "name": self.name,
            "kind": self.kind,
            "verdict": str(self.verdict),
            "races": self.races,
            "how": self.how,
            "needs": list(self.needs),
            "instead": self.instead,
            "not_installed": list(self.missing),
            "given": {**self.fixed, **self.tied, **({"groups": self.groups} if self.groups else {})},
            "learning_rate": self.learning_rate,
            "library_rate_trains": self.trains,
        }

    @property
    def line(self) -> str:
        """The row in words, without its name."""
        needs = f"needs {', '.join(self.needs)}" if self.needs and self.verdict is not Verdict.NEEDS else ""
        absent = f"not installed here: {', '.join(self.missing)}" if self.missing else ""
        rate = f"default rate {self.learning_rate:g} (measured)" if self.learning_rate is not None else ""
        parts = [self.how, needs, absent, rate, self.instead]
        return "; ".join([str(self.verdict), *filter(None, parts)])


@cache
def all_rows() -> dict[str, Row]:
    """Return {name: row} of every class in the table, in its order."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    rates = json.loads(RATES.read_text(encoding="utf-8"))["rates"] if RATES.exists() else {}
    return {name: _row(name, facts, rates.get(name, {})) for name, facts in table.items()}


def row_of(name: str) -> Row | None:
    """Return the row of a class; None if the table was written before the library had it."""
    return all_rows().get(name)


def _row(name: str, facts: Mapping[str, Any], measured: Mapping[str, Any]) -> Row:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    built_in, way = given.pop("built_in", ""), given.pop("instead", "")
    instead = f"use the built-in '{built_in}'" if built_in and _is_there(built_in) else WAYS.get(way, way)
    rate = None if measured.get("trains", True) else measured["learning_rate"]
    return Row(
        name,
        **{**given, "kind": given.get("kind", "optimizer"), "verdict": Verdict(given["verdict"])},
        instead=instead,
        learning_rate=rate,
        trains=measured.get("trains"),
    )


def _is_there(built_in: str) -> bool:
    """Return whether timetrial comes with a submission of that name."""
    return any(
        (OURS["submissions"] / folder / f"{built_in}.py").is_file() for folder in ("schedules", "optimizers", "procedures")
    )


def rate_space(rate: float) -> LogUniform:
    """Return the search space of the learning rate of a library's optimizer."""
    return LogUniform(rate / DECADE, rate * DECADE)


def changes(name: str, *, declared: bool = False) -> dict[str, Any]:
    """Return what of the table changes the trials of a class, as JSON types; {} if it is used as its library has it.

    Args:
        name: of the class.
        declared: whether the library's own default rate is meant.
    """
    row = row_of(name)
    if row is None:
        return {}
    rate = {} if declared or row.learning_rate is None else {"learning_rate": row.learning_rate}
    takes = row.takes if row.takes != "params" else ""
    kinds = {"groups": row.groups, "takes": takes, "loss": row.loss, "seeded": row.seeded, "contiguous": row.contiguous}
    return {**{key: value for key, value in kinds.items() if value}, **row.fixed, **row.tied, **rate}


def intended(word: str, *, exact: bool = False) -> str:
    """Return the full name of the class that somebody probably meant, of those that race; "" if none is close.

    >>> intended("Adagrad"), intended("pytorch_optimizer.adopt")
    ('torch.optim.Adagrad', 'pytorch_optimizer.ADOPT')

    Args:
        word: a name with or without its module, in any case of letters.
        exact: whether nothing but the module and the case of letters may differ.
    """
    module, _, typed = word.rpartition(".")
    names = [row.name for row in all_rows().values() if row.races]
    here = [name for name in names if module and name.rpartition(".")[0] == module]
    for some in (here, names):
        if found := _same(typed, some):
            return found
    for some in () if exact else (here, names):
        if found := _close(typed, some):
            return found
    return ""


def _same(typed: str, names: Iterable[str]) -> str:
    return next((name for name in names if name.rpartition(".")[2].lower() == typed.lower()), "")


def _close(typed: str, names: Iterable[str]) -> str:
    known = {name.rpartition(".")[2].lower(): name for name in reversed(list(names))}
    close = get_close_matches(typed.lower(), known, n=1, cutoff=CLOSE)
    return known[close[0]] if close else ""


def refuse(row: Row | None) -> None:
    """Raise `BadInput`, in one line with a way that exists, if a class does not race."""
    if row is not None and row.refusal:
        raise BadInput(row.refusal)
