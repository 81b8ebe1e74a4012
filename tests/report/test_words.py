"""How numbers and untrusted text are written on a board."""

import math
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from harness.report import words


@given(st.text(st.characters(codec=None)))
def test_visible_text_has_no_invisible_character(text):
    result = words.visible(text)
    assert not [
        c for c in result if unicodedata.category(c) in ("Cf", "Cs") or (unicodedata.category(c) == "Cc" and c not in "\n\t")
    ]
    result.encode()


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_visible_text_is_not_changed(text):
    assert words.visible(text) == text


@given(st.text(), st.integers(2, 40))
def test_one_line_is_one_line_of_at_most_the_width(text, width):
    line = words.one_line(text, width)
    assert len(line) <= width
    assert "\n" not in line


@given(st.floats(0, 1e13), st.sampled_from(["examples", "steps"]))
def test_an_amount_is_the_value_within_its_digits(value, clock):
    text = words.amount(value, clock)
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1.0)
    assert math.isclose(float(text.rstrip("kMG")) * scale, value, rel_tol=0.006, abs_tol=0.5)


def test_a_miss_is_a_word_and_a_missing_number_is_a_dash():
    assert words.amount(math.inf, "examples") == "missed"
    assert words.amount(None, "examples") == "–"
    assert words.ratio_text(None) == "–"
    assert words.misses(1, 3) == "missed 2 of 3"
    assert words.misses(1, 3, cut=1) == "missed 1 of 3, cut 1 of 3"
    assert words.misses(2, 2, missing=1) == "1 study missing"
    assert words.misses(3, 3) == ""
    assert words.misses(1, 5, cut=1, failures={"diverged": 2}) == "missed 1 of 5, diverged 2 of 5, cut 1 of 5"
    assert words.misses(0, 3, failures={"out-of-memory": 3}) == "out-of-memory 3 of 3"
    assert words.amount(float("inf"), "steps", "failed") == "failed"
    assert words.span(None, 1.0) == ""
