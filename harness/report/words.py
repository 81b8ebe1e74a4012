"""How numbers and strange text are written on a board: one spelling for the page, the terminal and Markdown."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

NONE = "–"
"""What stands where a number does not exist; a miss is never written so."""


def visible(text: object) -> str:
    """Return `text` with characters that would act instead of being seen spelt out as ``⟨U+202E⟩``.

    These are control characters (line ends and tabs stay), direction marks, other invisible format characters,
    surrogates and non-characters.
    """
    spelt = str(text)
    if spelt.isascii() and spelt.isprintable():
        return spelt
    return "".join(c if _seen(c) else f"⟨U+{ord(c):04X}⟩" for c in spelt)


def _seen(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character in "\n\t"
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return False
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def one_line(text: object, width: int = 0) -> str:
    """Return `visible` text on one line, cut to `width` characters (0: whole) with an ellipsis."""
    line = " ".join(visible(text).split())
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def finite(value: Any) -> bool:
    """Return whether `value` is a number that is neither infinite nor NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, or `NONE`.

    >>> number(0.123456), number(12), number(None)
    ('0.123', '12', '–')
    """
    if value is None or not math.isfinite(float(value)):
        return NONE
    return f"{float(value):.{digits}g}"


def amount(value: Any, clock: str) -> str:
    """Return a clock reading with its unit's usual short form; infinite prints as "missed".

    >>> amount(34133.3, "examples"), amount(95.21, "seconds"), amount(float("inf"), "steps")
    ('34.1k', '95.2 s', 'missed')
    """
    if value is None:
        return NONE
    value = float(value)
    if math.isinf(value):
        return "missed"
    if math.isnan(value):
        return NONE
    if clock == "seconds":
        return f"{value:.3g} s" if value < 999.5 else f"{value / 60:.0f} min" if value < 36_000 else f"{value / 3600:.1f} h"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            scaled = value / size
            return f"{scaled:.{max(0, 2 - int(math.log10(max(scaled, 1))))}f}{unit}"
    return f"{value:.0f}"


def score(value: Any) -> str:
    """Return a score in [0, 1] with three decimals, or `NONE`."""
    return f"{value:.3f}" if finite(value) else NONE


def times(value: Any) -> str:
    """Return a ratio such as ``1.23×``, or `NONE`."""
    return f"{value:.2f}×" if finite(value) else NONE


def percent(share: float) -> str:
    """Return a share of the budget, such as ``25 %``."""
    return f"{100 * share:g} %"


def span(low: Any, high: Any, write: Any = score) -> str:
    """Return ``low–high`` in the spelling of `write`, or nothing where either does not exist."""
    return f"{write(low)}–{write(high)}" if finite(low) and finite(high) else ""


def ratio_span(low: Any, high: Any) -> str:
    """Return ``1.14–1.25×``, or nothing where either end does not exist."""
    text = span(low, high, lambda value: f"{value:.2f}")
    return f"{text}×" if text else ""


def rank(value: Any, low: Any, high: Any) -> str:
    """Return a rank, as a range where the range has more than one: ``2 (1–3)``."""
    if not finite(value):
        return NONE
    return f"{value} ({low}–{high})" if finite(low) and finite(high) and low != high else f"{value}"


def misses(reached: int, studies: int, missing: int = 0, cut: int = 0) -> str:
    """Return what is not plain about a cell: ``missed 2 of 3``, ``cut 1 of 3``, ``1 study missing``, or nothing."""
    words = []
    if studies > reached + cut:
        words.append(f"missed {studies - reached - cut} of {studies}")
    if cut:
        words.append(f"cut {cut} of {studies}")
    if missing:
        words.append(f"{missing} {'study' if missing == 1 else 'studies'} missing")
    return ", ".join(words)
