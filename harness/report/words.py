"""Writes numbers and untrusted text: the page, the terminal and Markdown share one spelling."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

NO_VALUE = "–"
"""Stands for a number that does not exist. A missed target is written in words instead."""


def visible(text: object) -> str:
    """Return `text` with invisible characters replaced by their code points, such as ``⟨U+202E⟩``.

    Invisible are control characters (but line ends and tabs stay), direction marks and other format characters, surrogates
    and non-characters.
    """
    raw = str(text)
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(c if _is_visible(c) else f"⟨U+{ord(c):04X}⟩" for c in raw)


def _is_visible(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character in "\n\t"
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return False
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def one_line(text: object, width: int = 0) -> str:
    """Return `visible` text on one line; beyond `width` characters it ends in an ellipsis (0: no limit)."""
    line = " ".join(visible(text).split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def is_finite(value: Any) -> bool:
    """Return whether `value` is a number that is neither infinite nor NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, or `NO_VALUE`.

    >>> number(0.123456), number(12), number(None)
    ('0.123', '12', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return NO_VALUE
    return f"{float(value):.{digits}g}"


def amount(value: Any, clock: str, missed: str = "missed") -> str:
    """Return a reading of `clock` in short form, such as ``34.1k``, or the word `missed` where it is infinite.

    >>> amount(34133.3, "examples"), amount(95.21, "seconds"), amount(float("inf"), "steps")
    ('34.1k', '95.2 s', 'missed')
    """
    if value is None:
        return NO_VALUE
    value = float(value)
    if math.isinf(value):
        return missed
    if math.isnan(value):
        return NO_VALUE
    if clock == "seconds":
        return f"{value:.3g} s" if value < 999.5 else f"{value / 60:.0f} min" if value < 36_000 else f"{value / 3600:.1f} h"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.{max(0, 2 - int(math.log10(max(scaled, 1))))}f}{unit}"
    return f"{value:.0f}"


def score(value: Any) -> str:
    """Return a score in [0, 1] with three decimals, or `NO_VALUE`."""
    return f"{value:.3f}" if is_finite(value) else NO_VALUE


def ratio_text(value: Any) -> str:
    """Return a ratio such as ``×1.23``, or `NO_VALUE`."""
    return f"×{value:.2f}" if is_finite(value) else NO_VALUE


def bounded_ratio(bound: str, value: Any) -> str:
    """Return a ratio with its bound sign, such as ``≤ ×1.23``, or `NO_VALUE`.

    >>> bounded_ratio("", 1.1), bounded_ratio("≥", 1.1), bounded_ratio("≥", None)
    ('×1.10', '≥ ×1.10', '–')
    """
    text = ratio_text(value)
    return f"{bound} {text}" if bound and text != NO_VALUE else text


FRACTIONS = {0.125: "⅛", 0.25: "¼", 0.375: "⅜", 0.5: "½", 0.75: "¾"}


def budgets(share: float) -> str:
    """Return a number of budgets in words.

    >>> budgets(0.5), budgets(1), budgets(1.5), budgets(0.124)
    ('½ budget', 'the whole budget', '1.5 budgets', '0.124 budget')
    """
    if share == 1:
        return "the whole budget"
    return f"{FRACTIONS.get(share, f'{share:.3g}')} budget{'s' if share > 1 else ''}"


def percent(share: float) -> str:
    """Return a share of the budget, such as ``25 %``."""
    return f"{100 * share:g} %"


def span(low: Any, high: Any, write: Any = score) -> str:
    """Return ``low–high``, each written by `write`; empty where either does not exist."""
    return f"{write(low)}–{write(high)}" if is_finite(low) and is_finite(high) else ""


def ratio_span(low: Any, high: Any) -> str:
    """Return ``1.14–1.25``; empty where either end does not exist."""
    return span(low, high, lambda value: f"{value:.2f}")


def rank(value: Any, low: Any, high: Any) -> str:
    """Return a rank, followed by its range where that holds more than one rank: ``2 (1–3)``."""
    if not is_finite(value):
        return NO_VALUE
    return f"{value} ({low}–{high})" if is_finite(low) and is_finite(high) and low != high else f"{value}"


def misses(reached: int, studies: int, missing: int = 0, cut: int = 0, failures: Mapping[str, int] | None = None) -> str:
    """Return which studies of a cell have no time, such as ``missed 2 of 3, diverged 1 of 3``; empty if all have.

    Args:
        reached: studies that reached the target.
        studies: studies that ran.
        missing: studies that did not run.
        cut: studies that ``--prune score-only`` stopped: they may not have missed.
        failures: studies that diverged or failed, by status.
    """
    failures = failures or {}
    counts = {"missed": studies - reached - cut - sum(failures.values()), **failures, "cut": cut}
    parts = [f"{word} {count} of {studies}" for word, count in counts.items() if count]
    if missing:
        parts.append(f"{missing} {'study' if missing == 1 else 'studies'} missing")
    return ", ".join(parts)
