"""Rulesets are data: nothing outside rules.py compares the name of a track, so a new track is one entry."""

import ast
from pathlib import Path

import pytest

from harness import rules
from harness.rules import RULESETS, TRACKS, Track

HARNESS = Path(__file__).parents[1] / "harness"

ALSO_WORDS = {"schedule", "budget", "sensitivity", "ruler"}
"""Names of tracks that also name a kind of submission, a number of examples, a statistic and what qualities are read off: keys
of other dictionaries."""


TRACK_CONSTANTS = {name for name, value in vars(rules).items() if isinstance(value, Track)}


def names_of_tracks(tree: ast.AST) -> list[str]:
    """Return the source of every place where a track's name is compared, is a key, or is one of several in a list."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left, _, others):
                operands = [left, *others]
                named = any(_constants(operand) & RULESETS.keys() for operand in operands)
                if named and not any("kind" in ast.unparse(operand) for operand in operands):
                    found.append(ast.unparse(node))
                if any(isinstance(operand, ast.Name) and operand.id in TRACK_CONSTANTS for operand in operands):
                    found.append(ast.unparse(node))
            case ast.Dict(keys):
                found += [
                    ast.unparse(key) for key in keys if key is not None and _constants(key) & RULESETS.keys() - ALSO_WORDS
                ]
            case ast.Tuple(elts) | ast.List(elts) | ast.Set(elts):
                if len({name for item in elts for name in _constants(item) & RULESETS.keys() - {"ruler"}}) > 1:
                    found.append(ast.unparse(node))
            case ast.Subscript(_, key) | ast.MatchValue(key) | ast.Call(ast.Attribute(attr="get"), [key, *_]):
                if _constants(key) & RULESETS.keys() - ALSO_WORDS:
                    found.append(ast.unparse(node))
    return found


def _constants(node: ast.AST) -> set[str]:
    """Return the string that a node is, or the strings that it lists."""
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


@pytest.mark.parametrize("path", sorted(HARNESS.rglob("*.py")), ids=lambda path: str(path.relative_to(HARNESS)))
def test_nothing_outside_the_rules_compares_the_name_of_a_track(path):
    if path != HARNESS / "rules.py":
        assert names_of_tracks(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "track == 'schedule'",
        "if spec.track != 'budget': pass",
        "track in ('external', 'x')",
        "UNRACED = ('budget', 'sensitivity')",
        "clock = {'self-tuning': 'seconds'}.get(track)",
        "RULESETS['external']",
        "rules.get('target-seeds')",
        "track is SENSITIVITY",
        "match track:\n    case 'external': pass",
    ],
)
def test_a_comparison_with_the_name_of_a_track_is_found(source):
    assert names_of_tracks(ast.parse(source))


@pytest.mark.parametrize(
    "source", ["submission.kind == 'schedule'", "facts['budget']", "('budget', 'ruler')", "{'sensitivity': 1}", "f('external')"]
)
def test_words_that_are_also_names_of_tracks_may_be_used_otherwise(source):
    assert not names_of_tracks(ast.parse(source))


def test_every_track_is_shown_beside_one_that_exists():
    assert all(track.beside in ("", *TRACKS) for track in RULESETS.values())
    assert all(RULESETS[name].name == name for name in RULESETS)
