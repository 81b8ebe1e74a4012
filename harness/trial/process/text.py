"""Makes text of a plug-in safe to keep and to show: valid Unicode without control characters, and not long."""

from __future__ import annotations

KEPT = frozenset("\n\t")


def cleaned(text: str) -> str:
    r"""Return a text in which characters that are not printable, line ends and tabs apart, are written as escapes.

    So it can neither move the cursor of a terminal nor reverse the direction of a line, and it can be encoded.

    >>> cleaned("a\x1b[2Jb\n\ud800")
    'a\\x1b[2Jb\n\\ud800'
    """
    if text.isprintable():
        return text
    return "".join(c if c in KEPT or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def one_line(text: str, most: int) -> str:
    """Return a text as one line, cleaned, of at most `most` characters and an ellipsis.

    >>> one_line("a  b\\nc", 10), one_line("abcdef", 3)
    ('a b c', 'abc ...')
    """
    line = cleaned(" ".join(text[: 8 * most].split()))
    return line if len(line) <= most else f"{line[:most]} ..."
