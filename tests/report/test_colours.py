"""A submission's colour and dashes depend on the names on the page and on which of them are the best eight only."""

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.report.colours import COLOURS, DARK_COLOURS, assign_marks

NAMES = st.lists(st.text(max_size=8), unique=True, max_size=30)


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@given(NAMES)
def test_the_order_of_names_changes_no_mark(names):
    shuffled = random.Random(0).sample(names, len(names))
    assert assign_marks(shuffled) == assign_marks(names)


@given(NAMES, st.randoms())
def test_the_best_eight_have_eight_colours_that_ranks_among_them_do_not_change(names, random):
    best = random.sample(names, len(names))
    marks = assign_marks(names, best)
    first = best[:8]
    assert len({marks[name].colour for name in first}) == len(first)
    assert {marks[name].dashes for name in first} <= {()}
    assert assign_marks(names, [*random.sample(first, len(first)), *best[8:]]) == marks


@given(NAMES)
def test_no_two_names_have_the_same_colour_and_dashes(names):
    looks = [(mark.colour, mark.dashes) for mark in assign_marks(names).values()]
    assert len(set(looks)) == len(names)


def test_eight_names_get_eight_colours():
    assert {mark.colour for mark in assign_marks("abcdefgh").values()} == set(range(8))


def test_text_and_line_colours_keep_contrast_aa_on_both_pages():
    assert all(contrast(colour, "#ffffff") >= 4.5 for colour in COLOURS)
    assert all(contrast(colour, "#15181d") >= 4.5 for colour in DARK_COLOURS)
