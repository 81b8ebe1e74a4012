"""For notebooks and scripts: races of functions defined in a cell, and boards and comparisons that show themselves.

`written` writes a cell's function to a file, `race` runs trials, `board` and `comparison` show what is recorded.
"""
