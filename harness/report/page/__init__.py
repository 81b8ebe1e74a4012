"""The leaderboard as one self-contained HTML file.

`page` makes the page of a race and `quality` that of a board without one, both through `render` (templates, style, script);
`payload` holds the numbers that the script ranks a subset of workloads from.
"""
