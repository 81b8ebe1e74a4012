"""Names, reasons, sources and facts that try to act on a page, and what could act in one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.results import BoardInput

from .boards import board_trials
from .reading import Reader

HOSTILE = [
    "</script><b id=x>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1) //",
    "{{ 7*7 }}",
    "a\u202eb\u2066c\u200fd",
    "x" * 300,
    "$\\frac{1}{0}$",
    "_hidden",
    "]]><!--",
    "=cmd|'/c calc'!A0",
    "\x00\x1b[2J",
    "url(http://evil.example/x)",
]


PAPER = re.compile(r"https://(arxiv\.org/abs/[\d.v]+|doi\.org/10\.\d+/[A-Za-z0-9._/()-]+)")


def hostile_input(names: Sequence[str] = HOSTILE, workloads: Sequence[str] | None = None) -> BoardInput:
    """Return a race in which every text of a record is the name of its submission, and the metric that of its workload.

    Args:
        names: submissions; those on the board beside "cosine".
        workloads: `names` by default.
    """
    labels = names if workloads is None else workloads
    trials = board_trials([*names, "cosine"], dict.fromkeys(labels, (2.3, 0.9)), studies=1, trials=1)
    own = trials["submission"].tolist()
    for name, facts in zip(own, trials["facts"], strict=True):
        facts["submission"] |= {"summary": name, "code": name, "paper": name, "hyperparameters": {name: name}}
        facts["workload"] |= {"summary": name, "algoperf": name, "target_provenance": name}
    trials["environment"] = [{name: name, "machine": name} for name in own]
    trials["hyperparameters"] = [{name: name, "learning_rate": 0.1} for name in own]
    trials["reason"] = trials["machine"] = own
    trials["metric"] = trials["workload"]
    return BoardInput(trials, skipped={f"{name}!": name for name in names})


def could_act(reader: Reader) -> list[tuple[str, ...]]:
    """Return what could act in a page: elements that fetch or run, event attributes, addresses outside the page.

    A paper's address is no such thing: nothing but digits or a DOI is taken over from the text.
    """
    found: list[tuple[str, ...]] = []
    for tag, attributes in reader.tags:
        if tag in ("script", "img", "iframe", "object", "embed", "base", "form", "style", "link", "meta"):
            found.append((tag,))
        found += [(tag, name) for name in attributes if name.startswith("on")]
        found += [
            (tag, name)
            for name in ("href", "src", "xlink:href")
            if attributes.get(name) is not None
            and not attributes[name].startswith(("#", "data:"))
            and not (tag == "a" and PAPER.fullmatch(attributes[name]))
        ]
    return found
