"""`timetrial new`: a plug-in that runs at once and its test, to be edited."""

from __future__ import annotations

import keyword
import re
import sys
from enum import StrEnum
from importlib.machinery import PathFinder
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from harness.cli.app import app
from harness.cli.next_race import next_race
from harness.cli.paths import check_directory
from harness.contracts.errors import BadInput, did_you_mean
from harness.rules import BASELINE, OPTIMIZER_BASELINE

STARTERS = Path(__file__).with_name("starters")
"""KIND.py.txt and KIND_test.py.txt: the files that are written, with ``$name`` and ``$title`` (the name of a class)."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

LONGEST = 60
"""Characters of a name; results have files and folders called after it."""


class Kind(StrEnum):
    """What can be started."""

    SCHEDULE = "schedule"
    OPTIMIZER = "optimizer"
    PROCEDURE = "procedure"
    WORKLOAD = "workload"

    @property
    def folder(self) -> str:
        """The folder of the current directory in which names of this kind are looked up."""
        return "workloads" if self is Kind.WORKLOAD else "submissions"

    def next_commands(self, name: str) -> list[str]:
        """Return the three commands with which an author goes on."""
        if self is Kind.WORKLOAD:
            test = f"pytest tests/test_{name}.py"
            return [test, f"timetrial run --suite smoke -w {name}", f"timetrial targets --only-rulers -w {name} --suite smoke"]
        if self is Kind.SCHEDULE:
            return [
                f"timetrial check {name}",
                f"timetrial curve {name} --plot {name}.svg",
                next_race(name, schedule=True),
            ]
        raced = f"{name}+{BASELINE}" if self is Kind.OPTIMIZER else name
        return [
            f"timetrial check {name}",
            f"timetrial run --suite smoke -s {raced} -s {OPTIMIZER_BASELINE}",
            next_race(raced, schedule=False),
        ]


@app.command()
def new(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="name of the new plug-in, a schedule unless --kind says otherwise"),
    ],
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="schedule, optimizer, procedure or workload: what it is to be")
    ] = Kind.SCHEDULE.value,
) -> int:
    """Write a plug-in that runs as it is, and its test.

    The file goes to ./submissions (a workload's to ./workloads), the test to ./tests. No file is overwritten.
    """
    if kind not in list(Kind):
        raise BadInput(f"--kind {kind}: no such kind{did_you_mean(kind, list(Kind))}")
    chosen = Kind(kind)
    check_name(name)
    written = {
        Path(chosen.folder) / f"{name}.py": f"{chosen}.py.txt",
        Path("tests") / f"test_{name}.py": f"{chosen}_test.py.txt",
    }
    check_free(name, chosen, list(written))
    title = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    for path, starter in written.items():
        text = Template((STARTERS / starter).read_text(encoding="utf-8")).substitute(name=name, title=title)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    plugin, test = written
    print(f"{plugin}: edit it; it runs as it is\n{test}: its test\nnext:")
    print("\n".join(f"  {line}" for line in chosen.next_commands(name)))
    return 0


def check_name(name: str) -> None:
    """Check that a name can be typed after ``-s``, and be that of a function, of a class and of a module.

    Raises:
        BadInput: it cannot.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name.removesuffix(".py")).strip("_0123456789")[:LONGEST]
        instead = f": write {plain}" if NAME.fullmatch(plain) else ""
        rule = f"a name starts with a letter and contains only letters, digits and '_', at most {LONGEST}"
        raise BadInput(f"'{name}' cannot be a name{instead} ({rule})")
    if keyword.iskeyword(name):
        raise BadInput(f"'{name}' is a word of Python's grammar, which no function can be called: choose another name")
    found = PathFinder.find_spec(name)
    if name in sys.stdlib_module_names or (found is not None and found.origin):  # a mere folder has no origin
        raise BadInput(
            f"'{name}' is the name of a Python module, which 'import {name}' in that file would then not find: choose another"
        )


def check_free(name: str, kind: Kind, files: list[Path]) -> None:
    """Check that nothing has the name yet, and that the files can be written.

    Raises:
        BadInput: a plug-in has it, or a file exists, or a directory cannot be written.
    """
    from harness.contracts.messages import display_path
    from harness.registry.forms import READERS
    from harness.registry.index import submissions_index, workloads_index

    for file in files:
        if file.exists() or file.is_symlink():
            raise BadInput(f"{file} exists, and is not overwritten: edit it, choose another name, or remove it")
        check_directory(f"directory of {file}:", file.parent)
    index = workloads_index() if kind is Kind.WORKLOAD else submissions_index()
    lower = {known.lower(): known for known in (*index.plugins, *READERS)}
    taken = lower.get(name.lower())  # file systems of two machines may differ in whether they tell case apart
    if taken in index.plugins:
        raise BadInput(f"the name '{taken}' is taken by {display_path(index.plugins[taken][0].path)}: choose another name")
    if taken:
        raise BadInput(f"the name '{taken}' is taken, as in {taken}:PATH.py: choose another name")
    broken = next((item for item in index.broken if item.name.lower() == name.lower()), None)
    if broken is not None:
        raise BadInput(
            f"the name '{broken.name}' is taken by a file that could not be loaded ({broken.reason}): choose another"
        )
