"""The leaderboard as one self-contained HTML file.

`page` makes the page of a race and `quality` that of a board without one, both through `render` (templates, style, script);
`switches` are the style rules of its controls, with and without scripts; `payload` holds the numbers that the script ranks a
subset of workloads from.
"""
