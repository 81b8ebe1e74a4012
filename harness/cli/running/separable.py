"""`timetrial run --until-separable A B`: runs more and more studies of two submissions until they differ significantly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.cli.app import INTERRUPTED
from harness.cli.lines import print_line
from harness.cli.running.session import Session
from harness.contracts.errors import BadInput
from harness.execution.settings import Settings
from harness.plan import Plan, Request, make_plan
from harness.results import ResultStore, records_frame
from harness.rules import RULESETS, Reading
from harness.scoring import LOOKS, Look, look, look_sentence

READABLE = {Reading.COMPUTE_SAVED, Reading.TIME_TO_TARGET}


def largest_plan(request: Request) -> Plan:
    """Return the plan of the last look, which contains all trials that may run.

    Raises:
        BadInput: an option that does not go together with `--until-separable`, or trials that it cannot read.
    """
    if request.submissions:
        raise BadInput("--until-separable names the two submissions itself: leave -s out")
    if request.studies is not None:
        raise BadInput(f"--until-separable looks after {', '.join(map(str, LOOKS))} studies: leave --studies out")
    rules = RULESETS.get(request.track)
    if rules is not None and READABLE.isdisjoint(rules.reads):
        raise BadInput(f"--until-separable compares times to a target or compute saved, not {rules.title}: use another track")
    if request.held_out:
        raise BadInput("--until-separable runs base workloads only: leave --held-out out")
    plan = make_plan(replace(request, studies=LOOKS[-1]))
    if not plan.track.targeted and not any(workload.ruler for workload in plan.workloads.values()):
        raise BadInput(
            f"{plan.track.title} has no target, and none of these workloads has a ruler: --until-separable needs another track"
        )
    return plan


def run_until_separable(request: Request, results: Path, settings: Settings) -> int:
    """Run the studies of one look after another, print the result of each look, and return the exit status.

    Recorded trials are not run again, so the same command resumes. No board is written: these studies belong to the pair only.
    """
    console = Console(highlight=False)
    status = 0
    for studies in LOOKS:
        session = Session(make_plan(replace(request, studies=studies)), results, settings)
        status = max(status, session.run())
        if status == INTERRUPTED:
            return status
        state = _look(session.race.plan, results)
        print_line(look_sentence(state), console)
        if state.separable or state.next_look is None:
            return status
        if state.studies < studies:
            print_line(f"{studies - state.studies} studies are incomplete: run the same command again to resume", console)
            return max(status, 1)
    return status


def _look(plan: Plan, results: Path) -> Look:
    store = ResultStore(results)
    records = (store.read(spec) for spec in plan.trials)
    trials = records_frame((record for record in records if record is not None), store)
    return look(trials, *plan.pair, clock=plan.track.clock)
