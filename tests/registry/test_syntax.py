"""The content hash of a file is a hash of what it does: not of its comments, docstrings and formatting."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.registry import find_submission, syntax
from harness.registry.sources import ROOT, read_sources
from harness.registry.syntax import syntax_hash

FILES = sorted(path for folder in ("submissions", "workloads") for path in (ROOT / folder).rglob("*.py"))

PROGRAM = '''\
"""A program with one of everything that Python versions write differently in their syntax trees."""
from __future__ import annotations
import os.path as path, sys
from . import sibling
LIMIT: int = 1_000
class A(dict, metaclass=type):
    """A class."""
    x: "list[int]" = [0x1F, -1.5e3, 2j, ..., None, True, b"\\x00", "\\u00e9\\U0001fae8"]
    @staticmethod
    async def f(a, /, b=1, *c, d, e=None, **g) -> None:
        async with a as b, c: yield f"{a!r:>{b}} {b=} {{}}" "tail" f"{d:.2f}"
        del (a, b), c[0]
        return await d
def h(): "Only a docstring."
def i(x):
    global LIMIT
    match x:
        case {"k": [1, *_], **rest} | A(x=None) as y if y: pass
        case _: raise ValueError from None
    try: lambda *, k=1: (z := k) if not k else k
    except* (OSError, TypeError) as error: ...
    else: x[1:2, ::3] **= ~x @ x
    return {**x, 1: {2}}, [j async for j in x if j < 1 <= 2 != 3], 0 if x is not None else (not x)
'''
PROGRAM_HASH = "893beadd09373d78759766486e5a81b5121c5b52f59314421e7508dcfc5d87b9"


def hash_of(code: str | bytes) -> str:
    return syntax_hash(ast.parse(code))


def other_pythons() -> dict[str, str]:
    """Return {version: program} of the Pythons 3.11 to 3.14 on this machine, but for the one that runs this test."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    programs = [str(path) for path in pyenv.glob("3.*/bin/python")]
    programs += [path for minor in range(11, 15) if (path := shutil.which(f"python3.{minor}"))]
    found = {}
    for program in programs:
        done = subprocess.run(
            [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if done.returncode == 0 and done.stdout.strip() in ("3.11", "3.12", "3.13", "3.14"):
            found[done.stdout.strip()] = program
    found.pop("{}.{}".format(*sys.version_info), None)
    return found


def test_the_hash_of_a_program_is_pinned_so_that_every_python_version_checks_it():
    assert hash_of(PROGRAM) == PROGRAM_HASH


def test_other_python_versions_give_every_plug_in_the_same_hash():
    """Runs the Pythons that this machine has."""
    pythons = other_pythons()
    if not pythons:
        pytest.skip("this machine has no other Python from 3.11 to 3.14")
    code = (
        "import ast, pathlib, runpy, sys\n"
        "syntax_hash = runpy.run_path(sys.argv[1])['syntax_hash']\n"
        "for name in sys.stdin.read().splitlines(): print(syntax_hash(ast.parse(pathlib.Path(name).read_bytes())))\n"
    )
    expected = [hash_of(path.read_bytes()) for path in FILES]
    for version, program in pythons.items():
        done = subprocess.run(
            [program, "-c", code, syntax.__file__], input="\n".join(map(str, FILES)), capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == expected, version


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1  # why\n", "x = (\n    1\n)\n"),
        ("def f():\n    '''Doc.'''\n    return 1\n", "def f():\n    return 1\n"),
        ("def f():\n    '''Doc.'''\n", "def f():\n    pass\n"),
        ("x = 1\n'''What x is.'''\ny = 2\n", "x = 1\ny = 2\n"),
        ("if x:\n    y = 1\nelse:\n    pass\n", "if x:\n    y = 1\n"),
        ("x = 'a' \"b\"\n", "x = u'ab'\n"),
        ("x = f'{a}' 'b' f'c'\n", "x = f'{a}bc'\n"),
        ("del (a, b)\n", "del a, b\n"),
        ("x = 0XFF + 1_0E0\n", "x = 255 + 10.0\n"),
        ("f(a, *b,)\n", "f(a, *b)\n"),
        ("with (a as b, c):\n    d()\n", "with a as b, c: d()\n"),
    ],
)
def test_programs_that_are_only_written_differently_have_one_hash(one, other):
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1\n", "x = 1.0\n"),
        ("x = 1\n", "x = True\n"),
        ("x = 'a'\n", "x = b'a'\n"),
        ("x = 'a'\n", "x = a\n"),
        ("x = None\n", "x = 'None'\n"),
        ("x = ''\n", "'x'\n"),
        ("x = f'{a}'\n", "x = f'{a!r}'\n"),
        ("x = f'{a}b'\n", "x = f'{a:b}'\n"),
        ("x = f'{a}b'\n", "x = f'b{a}'\n"),
        ("f'{a()}'\n", "a()\n"),
        ("x = [a, [b]]\n", "x = [[a], b]\n"),
        ("x = a + b * c\n", "x = (a + b) * c\n"),
        ("x = a < b < c\n", "x = a < (b < c)\n"),
        ("def f(a, b=1): ...\n", "def f(a, *, b=1): ...\n"),
        ("def f(*, a, b=1): ...\n", "def f(*, a=1, b): ...\n"),
        ("def f(a): ...\n", "def f(a, /): ...\n"),
        ("def f(a: int): ...\n", "def f(a: float): ...\n"),
        ("class A:\n    x: int = 1\n", "class A:\n    x = 1\n"),
        ("@a\ndef f(): ...\n", "def f(): ...\n"),
        ("@a\n@b\ndef f(): ...\n", "@b\n@a\ndef f(): ...\n"),
        ("from a import b\n", "from .a import b\n"),
        ("from a import b\n", "from a import b as c\n"),
        ("if a:\n    b()\nc()\n", "if a:\n    b()\n    c()\n"),
        ("try:\n    a()\nexcept B:\n    c()\n", "try:\n    a()\nfinally:\n    c()\n"),
        ("async def f(): ...\n", "def f(): ...\n"),
        ("global_ = 1\n", "global_: int = 1\n"),
        ("x[1:]\n", "x[:1]\n"),
    ],
)
def test_programs_that_do_different_things_have_different_hashes(one, other):
    assert hash_of(one) != hash_of(other)


def test_a_chain_of_operators_deeper_than_the_recursion_limit_has_a_hash():
    chain = "x = " + " + ".join(["y"] * 900) + "\n"
    assert hash_of(chain) == hash_of(chain) != hash_of(chain.replace("y\n", "z\n"))


def test_ruff_leaves_every_hash_however_it_is_set(tmp_path):
    for path in FILES:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    settings = ["line-length=60", "format.quote-style='single'", "format.skip-magic-trailing-comma=true", "indent-width=2"]
    config = [part for setting in settings for part in ("--config", setting)]
    command = [sys.executable, "-m", "ruff", "format", "--isolated", *config, str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    copies = [tmp_path / path.relative_to(ROOT) for path in FILES]
    assert sum(copy.read_bytes() != path.read_bytes() for copy, path in zip(copies, FILES, strict=True)) > 80
    assert [hash_of(copy.read_bytes()) for copy in copies] == [hash_of(path.read_bytes()) for path in FILES]


def test_comments_and_docstrings_leave_every_hash():
    """`ast.unparse` writes a program without its comments; then every docstring becomes another one."""
    for path in FILES:
        tree = ast.parse(path.read_bytes())
        expected = syntax_hash(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                node.value = ast.Constant("Another text.")
        written = ast.unparse(tree)
        assert "Another text." in written
        assert hash_of(written) == expected, path


def changes(tree: ast.Module) -> Iterator[Callable[[], object]]:
    """Yield every change of one node that makes another program, as a function that makes it."""
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if name in ("ctx", "kind", "type_comment"):
                continue
            if isinstance(node, ast.Constant) and name == "value":
                yield lambda node=node: setattr(node, "value", (node.value, "changed"))
            elif isinstance(value, str):
                yield lambda node=node, name=name, value=value: setattr(node, name, value + "_")
            elif isinstance(value, bool | int):
                yield lambda node=node, name=name, value=value: setattr(node, name, value + 1)
            elif isinstance(value, ast.operator | ast.boolop | ast.unaryop | ast.cmpop):
                other = ast.Sub() if isinstance(value, ast.Add) else ast.Add()
                yield lambda node=node, name=name, other=other: setattr(node, name, other)
            elif isinstance(value, list) and value:
                yield lambda value=value: value.pop()
            elif isinstance(value, ast.expr) and not isinstance(node, ast.Expr):
                yield lambda node=node, name=name: setattr(node, name, ast.Name("changed_to_this"))


def without_text(tree: ast.Module) -> ast.Module:
    """Drop what does not count, so that every change that is left is one."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                value[:] = [item for item in value if not syntax._does_nothing(item)]
    return tree


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.randoms(use_true_random=False))
def test_any_change_of_one_node_changes_the_hash(path, random):
    tree = without_text(ast.parse(path.read_bytes()))
    before = syntax_hash(tree)
    possible = list(changes(tree))
    if possible:
        random.choice(possible)()
        assert syntax_hash(tree) != before


def test_a_comment_in_a_module_that_a_plug_in_imports_leaves_its_hash(tmp_path):
    (tmp_path / "part.py").write_text("after = 0.25\n")
    plugin = tmp_path / "mine.py"
    plugin.write_text("from harness import schedule\nfrom .part import after\n@schedule\ndef f(step, horizon): return after\n")
    before = read_sources(plugin)
    (tmp_path / "part.py").write_text("'''A part.'''\nafter = 0.25  # a quarter\n")
    after = read_sources(plugin)
    assert after.content_hash == before.content_hash and after.text_hash != before.text_hash
    (tmp_path / "part.py").write_text("after = 0.26\n")
    assert read_sources(plugin).content_hash != before.content_hash


def test_a_docstring_that_was_edited_is_the_summary_though_the_hash_is_the_same(tmp_path):
    plugin = tmp_path / "mine.py"
    code = "from harness import schedule\n@schedule\ndef f(step, horizon):\n    '''{}'''\n    return 1.0\n"
    plugin.write_text(code.format("One summary."))
    before = find_submission(str(plugin))
    plugin.write_text(code.format("Another one."))
    after = find_submission(str(plugin))
    assert after.content_hash == before.content_hash
    assert [found.facts["summary"] for found in (before, after)] == ["One summary.", "Another one."]
