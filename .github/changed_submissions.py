"""Print the name under which each built-in submission races whose files are among the paths on standard input, one a line.

A file that begins with an underscore is shared: every submission that imports it has changed.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.registry import all_submissions

ROOT = Path(__file__).parents[1]


def changed(paths: Iterable[str]) -> Iterator[str]:
    """Yield the name of each submission that one of these paths, relative to the repository, belongs to."""
    files = {(ROOT / path.strip()).resolve() for path in paths}
    for submission in all_submissions():
        if files & {Path(file).resolve() for file in submission.files}:
            yield submission.raced_as


if __name__ == "__main__":
    print(*changed(sys.stdin), sep="\n")
