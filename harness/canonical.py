"""Values as canonical JSON, and the hashes and seeds that are made of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from typing import Any


def canonical_json(value: Any) -> str:
    """Return strict JSON with sorted keys and no spaces; NaN and infinities become null."""
    return _dumped(plain(value))


def _dumped(value: Any) -> str:
    """Return the canonical JSON of a value that has JSON's types only.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def plain(value: Any) -> Any:
    """Return `value` with JSON's types only: tuples become lists, keys strings, and non-finite numbers None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_lines(value: Any, depth: int, *, sort_keys: bool = False, lists: bool = False, indent: str = "") -> str:
    """Return strict JSON of a value that has JSON's types only, for files that are kept under version control.

    Mappings down to level `depth`, and lists if `lists`, have one item per line; deeper ones stand on one line each.
    `sort_keys` sorts the keys that begin a line.

    Raises:
        ValueError: a number in it is not finite.
    """
    if not value or not depth or not isinstance(value, (dict, list) if lists else dict):
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    inner = indent + " "

    def line(item: Any) -> str:
        return json_lines(item, depth - 1, sort_keys=sort_keys, lists=lists, indent=inner)

    if isinstance(value, dict):
        items = sorted(value.items()) if sort_keys else value.items()
        lines, ends = [f"{json.dumps(key)}: {line(item)}" for key, item in items], "{}"
    else:
        lines, ends = [line(item) for item in value], "[]"
    return f"{ends[0]}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{ends[1]}"


def stable_hash(*parts: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `parts` in hexadecimal; it is the same in every process and version."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def stable_seed(*parts: Any) -> int:
    """Return a 63-bit seed from `parts`, by SHA-256."""
    return int(stable_hash(*parts)[:16], 16) >> 1


Texts = dict[int, tuple[Any, str]]
"""{id of an object: (the object, so that it lives on and no other has its id; its canonical JSON)}."""


def hash_of_json(value: Mapping[str, Any], texts: Texts | None = None, repeated: Collection[str] = ()) -> str:
    """Return `stable_hash` of an object that was read from JSON, in half the time: nothing in it needs `plain` but infinities.

    Args:
        value: the object.
        texts: of the values of `repeated` keys, from earlier calls; added to.
        repeated: keys whose values are long and the very same objects in many `value`.
    """

    def text(key: str, item: Any) -> str:
        if texts is None or key not in repeated:
            return _dumped(item)
        if id(item) not in texts:
            texts[id(item)] = item, _dumped(item)
        return texts[id(item)][1]

    try:
        items = ",".join(f"{_dumped(key)}:{text(key, item)}" for key, item in sorted(value.items()))
    except ValueError:
        return stable_hash(value)
    return hashlib.sha256(f"[{{{items}}}]".encode()).hexdigest()
