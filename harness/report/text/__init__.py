"""The board as text.

`exports` (JSON, CSV, Markdown), `latex`, `terminal`, `narrow` (a table that fits it), `quality` (all of these for a board
without a race), `readme` (the Markdown table between the two markers of a longer text).
"""
