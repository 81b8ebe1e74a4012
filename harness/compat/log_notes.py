"""Notes on what is odd in a log: one per file and kind, with the line where it is met first."""

from __future__ import annotations

from dataclasses import dataclass, field


def printable(text: object) -> str:
    """Return text on one line, with control and other invisible characters replaced by their code points."""
    line = str(text)
    if line.isprintable():
        return line
    from harness.report.words import one_line  # loads the whole report, which an import of logs seldom needs

    return one_line(line)


@dataclass
class LineNotes:
    """The notes on one file.

    Attributes:
        file: how the file is named in them.
    """

    file: str
    _first: dict[str, tuple[int, str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, line: int, text: str = "") -> None:
        """Note something on a line (0: on the whole file); of each `kind` the first is told and the others are counted."""
        self._first.setdefault(kind, (line, text or kind))
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def sentences(self) -> tuple[str, ...]:
        """Return ``FILE:LINE: what (and N more lines)``, in the order of the lines."""
        return tuple(
            f"{self.file}{f':{line}' if line else ''}: {text}{_more(self._counts[kind] - 1)}"
            for kind, (line, text) in sorted(self._first.items(), key=lambda item: item[1][0])
        )


def _more(count: int) -> str:
    return f" (and {count:,} more {'line' if count == 1 else 'lines'})" if count else ""
