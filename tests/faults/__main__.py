"""Cause every fault of the table for real, and print which held: `python -m tests.faults`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from tests.faults.fault import Fault
from tests.faults.printing import listed, show, write_page
from tests.faults.running import Outcome, judge, run_tests
from tests.faults.table import TABLE


def main() -> int:
    """Run the tests that the command line asks for; return 1 if any fault fell, 2 if none fits the words."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", default="", help="the faults whose rows contain these words")
    parser.add_argument("--list", action="store_true", help="print the faults and their tests, and run nothing")
    parser.add_argument("--slow", action="store_true", help="also the tests that are marked slow")
    parser.add_argument("--markdown", action="store_true", help="write the table into docs/faults.md")
    options = parser.parse_args()
    faults = chosen(options.only)
    if not faults:
        print(f"no fault has all of these words: {options.only}", file=sys.stderr)
        return 2
    if options.list:
        listed(faults, Console(highlight=False))
        return 0
    cases = run_tests((node for fault in faults for node in fault.nodes), slow=options.slow)
    results = judge(faults, cases)
    show(results, Console(highlight=False))
    if options.markdown:
        write_page(results if not options.only else judge(TABLE, cases))
    return int(any(result.outcome == Outcome.FELL for result in results))


def chosen(words: str) -> list[Fault]:
    """Return the faults whose rows contain all of these words."""
    wanted = words.lower().split()
    return [fault for fault in TABLE if all(word in " ".join((*_text(fault), *fault.tests)).lower() for word in wanted)]


def _text(fault: Fault) -> tuple[str, str, str]:
    return fault.section, fault.done, fault.expected


if __name__ == "__main__":
    sys.exit(main())
