"""What a row of the table of faults is."""

from __future__ import annotations

from dataclasses import dataclass

RUNS, INPUT, WON = "Runs go on", "Input that real people have", "Nothing is won by what was tried"


@dataclass(frozen=True)
class Fault:
    """A fault that was caused for real.

    Attributes:
        section: one of the three above.
        done: what is done.
        expected: what must happen.
        tests: node ids of the tests that do it, without the leading "tests/".
    """

    section: str
    done: str
    expected: str
    tests: tuple[str, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The node ids, from the root of the repository."""
        return tuple(f"tests/{test}" for test in self.tests)


def in_file(file: str, *names: str) -> tuple[str, ...]:
    """Return the node ids of the tests `test_NAME` in a file."""
    return tuple(f"{file}::test_{name}" for name in names)
