"""Numbers of a board turned into words and positions, one module a section of the page."""
