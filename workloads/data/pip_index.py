"""Downloads one file from pip's package index (PEP 503), without pip's build step."""

from __future__ import annotations

import ast
import base64
import re
import ssl
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from workloads.data.command import CommandFailed, run

TIMEOUT = 20.0
PRECEDENCE = ("global", "site", "user", "download", ":env:")


class IndexFailed(Exception):
    """The index did not answer or does not have the file; the message is one line."""


def pip_settings() -> Mapping[str, str]:
    """Return pip's settings {option: value}, as `pip config list` prints them; those of the environment take precedence.

    Raises:
        CommandFailed: this environment has no pip.
    """
    found: dict[str, tuple[int, str]] = {}
    for line in run([sys.executable, "-m", "pip", "config", "list"], timeout=60).splitlines():
        key, _, text = line.partition("=")
        section, _, option = key.strip().rpartition(".")
        if section in PRECEDENCE and text:
            rank = PRECEDENCE.index(section)
            if rank >= found.get(option, (-1, ""))[0]:
                found[option] = rank, str(ast.literal_eval(text.strip()))
    return {option: value for option, (_, value) in found.items()}


def index_addresses(settings: Mapping[str, str]) -> list[str]:
    """Return the addresses of the indexes that pip would use, in its order; none where pip is configured to use no index.

    Where `settings` (from `pip_settings`) name none, pip's default is read from its help text.

    Raises:
        CommandFailed: this environment has no pip.
    """
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return []
    first = settings.get("index-url", "")
    if not first:
        text = run([sys.executable, "-m", "pip", "download", "--help"], timeout=60, environment={"COLUMNS": "1000"})
        default = re.search(r"--index-url <url>.*?\(default\s+(\S+?)\)", text, re.DOTALL)
        first = default[1] if default else ""
    return [address for address in (first, *settings.get("extra-index-url", "").split()) if address]


def take_file(package: str, filename: str, destination: Path) -> None:
    """Write the file `filename` of `package` to `destination`, from the first index that has it; it is not checked here.

    Raises:
        IndexFailed: no index has it; the message gives the last reason.
    """
    try:
        settings = pip_settings()
        addresses, certificate = index_addresses(settings), settings.get("cert")
    except CommandFailed as error:
        raise IndexFailed(f"the settings of pip cannot be read ({error})") from error
    reason = "pip is configured to use no index"
    for address in addresses:
        page = f"{address.rstrip('/')}/{re.sub(r'[-_.]+', '-', package).lower()}/"
        try:
            links = _links(_read(page, certificate).decode("utf-8", "replace"))
            if filename not in links:
                reason = f"the index has no {filename}"
                continue
            destination.write_bytes(_read(urljoin(page, links[filename]), certificate))
            return
        except (OSError, ValueError) as error:
            reason = f"pip's index does not answer ({getattr(error, 'reason', None) or error})"
    raise IndexFailed(reason)


def _read(address: str, certificate: str | None) -> bytes:
    parts = urlsplit(address)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        return (path / "index.html" if path.is_dir() else path).read_bytes()
    host = parts.netloc.rpartition("@")[2]
    request = Request(urlunsplit(parts._replace(netloc=host, fragment="")), headers={"Accept": "text/html, */*;q=0.1"})
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    context = ssl.create_default_context(cafile=certificate) if parts.scheme == "https" else None
    with urlopen(request, timeout=TIMEOUT, context=context) as answer:
        return answer.read()


def _links(page: str) -> dict[str, str]:
    """Return {file name: address} of a PEP 503 project page; addresses may be relative."""
    found: dict[str, str] = {}

    class Anchors(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            address = dict(attrs).get("href")
            if tag == "a" and address:
                found[unquote(urlsplit(address).path.rpartition("/")[2])] = address

    Anchors().feed(page)
    return found
