"""`timetrial audit`: runs a sample of recorded trials again and compares them with their records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.app import INTERRUPTED, app
from harness.cli.paths import check_file, usable_data_directory
from harness.cli.quantities import MEMORY, TIME
from harness.cli.running.checks import check_time_limit, memory_bytes
from harness.contracts.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from harness.records import TrialRecord
    from harness.results import ResultStore

SAMPLE = "12"


@app.command()
def audit(
    results: options.Results = Path("results"),
    sample: Annotated[str, typer.Option(metavar="N", help="how many records to run again, or all")] = SAMPLE,
    seed: Annotated[int, typer.Option(metavar="N", help="seed of the choice; one that nobody could know before")] = 0,
    submission: Annotated[
        list[str] | None, typer.Option("-s", "--submission", metavar="NAME", help="only this submission; repeatable")
    ] = None,
    workload: options.Workloads = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            parser=TIME,
            help="time limit per trial, also as 5m (default: 20 times what it took, at least 60)",
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(metavar="GB", parser=MEMORY, help="memory limit, also as 500MB (default: the machine's memory)"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the findings as a JSON object")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="also write this JSON object to a file")] = None,
) -> int:
    """Run recorded trials again and compare.

    On the machine type of a record everything but seconds must be equal to the last bit; elsewhere the end must agree within a
    tolerance. Nothing in the results directory changes. The exit status is 1 if a record does not hold.
    """
    count = _count(sample)
    check_time_limit(time_limit)
    limit = memory_bytes(memory)
    if out is not None:
        check_file("--out", out)
    from rich.console import Console

    from harness.checking import Audit
    from harness.cli.running.audit_machine import Processes
    from harness.cli.running.audit_report import AuditReport
    from harness.execution.settings import Settings
    from harness.plan import check_seed
    from harness.results import open_results, write_atomically
    from harness.trial.process.machine_memory import default_memory

    check_seed(seed)
    store = open_results(results)
    records = _records(store, submission or (), workload or ())
    machine = Processes(Settings("inline", usable_data_directory(), memory=limit or default_memory(1)))
    console = Console(highlight=False, quiet=as_json)
    interrupted = False
    try:
        the_audit = Audit(machine, limit=time_limit)
        chosen = the_audit.choose(records, count, seed)
        report = AuditReport(results, len(records), seed, chosen, store.damaged)
        report.print_choice(console)
        with _shown(console, len(chosen.records)) as advance:
            try:
                for finding in the_audit.findings(chosen.records):
                    report.add(finding, console)
                    advance()
            except KeyboardInterrupt:
                interrupted = True
    finally:
        machine.close()
    if not interrupted and not report.judged:
        raise BadInput(f"nothing in '{results}' could be compared here: {report.reasons()}")
    text = json.dumps(report.to_json(), indent=1, allow_nan=False)
    if out is not None:
        write_atomically(out, text + "\n")
    if as_json:
        print(text)
    report.print_summary(console, interrupted=interrupted)
    return INTERRUPTED if interrupted else report.exit_status


def _count(sample: str) -> int | None:
    """Return how many records `--sample` asks for; None is all.

    Raises:
        BadInput: it is neither a positive whole number nor "all".
    """
    if sample == "all":
        return None
    if not (sample.isascii() and sample.isdigit() and int(sample)):
        raise BadInput(f"--sample {sample}: a whole number of records, at least 1, or all")
    return int(sample)


def _records(store: ResultStore, submissions: Sequence[str], workloads: Sequence[str]) -> list[TrialRecord]:
    """Return the records of a results directory, of these submissions and workloads alone if there are any.

    Raises:
        BadInput: there are none.
    """
    records = list(store.records())
    if not records:
        raise BadInput(f"no records in '{store.directory}': `timetrial run --results {store.directory}` makes some")
    names = {record.spec.submission for record in records}
    labels = {record.spec.workload_label for record in records}
    wanted = {options.recorded_name(name, names) for name in submissions}
    for kind, given, known in (("submission", wanted, names), ("workload", workloads, labels)):
        for name in sorted(set(given) - known):
            raise BadInput(f"there are no records of {kind} '{name}'{did_you_mean(name, known)}")
    kept = [r for r in records if r.spec.submission in (wanted or names) and r.spec.workload_label in (workloads or labels)]
    if not kept:
        raise BadInput(f"no records of these submissions on these workloads in '{store.directory}'")
    return kept


@contextmanager
def _shown(console: Console, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar while trials run, if there is a terminal; yield what counts one more."""
    if not console.is_terminal:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("records"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
