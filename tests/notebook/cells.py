"""Runs a notebook's code cells as a kernel does: in one module, each cell's source where tracebacks look for it.

``python -m tests.notebook.cells NOTEBOOK`` runs a notebook, and prints what each cell's last expression shows.
"""

from __future__ import annotations

import ast
import json
import linecache
import sys
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

_numbers = count()


class Cells:
    """A kernel: its cells share a module, which is not on disk."""

    def __init__(self, name: str = "__main__") -> None:
        self.module = sys.modules[name] = ModuleType(name)

    def run(self, text: str) -> Any:
        """Run a cell, and return the value of its last expression, None if it ends with a statement."""
        file = f"<cell {next(_numbers)}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        tree = ast.parse(text)
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec", dont_inherit=True), vars(self.module))
        return eval(compile(last, file, "eval", dont_inherit=True), vars(self.module)) if last is not None else None


if __name__ == "__main__":
    notebook = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    cells = Cells()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            shown = cells.run("".join(cell["source"]))
            print(shown._repr_html_() if hasattr(shown, "_repr_html_") else shown)
