"""Whether a submission's file is still the one that was raced: read, not run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.canonical import stable_hash
from harness.contracts.errors import BadInput
from harness.registry.index import SUBFOLDERS
from harness.registry.loading import check_readable, resolved
from harness.registry.names import Typed, parse_name
from harness.registry.sources import OURS, read_sources


def edited_since(recorded: Mapping[str, str]) -> dict[str, Path]:
    """Return the submissions of which a user's file has another content now than when their trials ran, with that file.

    A file is that of a path in the name, or the one in ./submissions that is called as the submission. Nothing is said of what
    is not there or cannot be read, of a wrapper, and of OPTIMIZER+SCHEDULE whose optimizer is a built-in one or a library's:
    its hash also covers its calibrated defaults.

    Args:
        recorded: {name of a submission: hash of its content, as its records state it}.
    """
    found = {}
    for name, content in recorded.items():
        try:
            parts = parse_name(name)
            own = next((file for part in parts for file in _own_files(part)), None)
            if own is None or any("base" in part.settings for part in parts):
                continue
            hashes = [_content(part) for part in parts]
        except (BadInput, OSError, RuntimeError, ValueError):
            continue
        if None not in hashes and content != (hashes[0] if len(hashes) == 1 else stable_hash(*hashes)):
            found[name] = own
    return found


def _own_files(part: Typed) -> Iterator[Path]:
    """Yield the user's files that a name can mean: one, unless the name is ambiguous."""
    if part.head.endswith(".py"):
        yield Path(part.head)
    else:
        yield from _called(part.head, Path("submissions"), ("", *SUBFOLDERS))


def _called(name: str, folder: Path, subfolders: Iterable[str]) -> Iterator[Path]:
    for place in map(folder.joinpath, subfolders):
        if (file := place / f"{name}.py").is_file():
            yield file


def _content(part: Typed) -> str | None:
    """Return the hash of a user's file or a built-in schedule; None where no such file, or more than one, has the name."""
    files = {resolved(file) for file in (*_own_files(part), *_called(part.head, OURS["submissions"], SUBFOLDERS[:1]))}
    if len(files) != 1:
        return None
    file = files.pop()
    check_readable(file)
    return read_sources(file).content_hash
