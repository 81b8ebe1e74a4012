import doctest
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import harness.scoring

ROOT = Path(__file__).parents[2]


def test_the_example_in_the_scoring_page_is_true() -> None:
    result = doctest.testfile(str(ROOT / "docs" / "scoring.md"), module_relative=False)
    assert result.attempted > 10 and not result.failed


MODULES = sorted(module.name for module in walk_packages(harness.scoring.__path__, "harness.scoring."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert not doctest.testmod(import_module(name)).failed
