"""Reads a page with an HTML parser: its elements, their attributes and its text."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "input", "wbr"}


class Reader(HTMLParser):
    """Collects elements, attributes and text, and checks that every tag is closed in the right order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "td":
            self._end_of_cell()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def _end_of_cell(self):
        """End a cell whose end tag is left out, as HTML allows before the next cell and at the end of the row."""
        if self.open and self.open[-1] == "td":
            self.open.pop()

    def handle_endtag(self, tag):
        if tag == "tr":
            self._end_of_cell()
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def read(path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    assert reader.open == []
    return reader
