"""Loads the files that come with timetrial when it is imported: a server does that once for all processes forked from it.

Such a process then only compares the files' texts, where it would parse and run each of them: most of its start.
"""

from harness.registry.index import load_built_in

load_built_in()
