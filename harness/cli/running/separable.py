"""`timetrial run --until-separable A B`: more and more studies of one pair, until it is separable or the looks are used up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.contracts.errors import BadInput
from harness.execution.race import Settings
from harness.plan import Request, make_plan
from harness.results import ResultStore, records_frame
from harness.rules import RULESETS, Reading
from harness.scoring import LOOKS, Look, look, look_sentence

if TYPE_CHECKING:
    from harness.cli.running.session import Session


def most_studies(request: Request) -> Request:
    """Return the request of the last look: all that could run.

    Raises:
        BadInput: an option that the looks decide, or that a pair cannot have.
    """
    a, b = request.pair
    if a == b:
        raise BadInput(f"--until-separable {a} {b}: name two different submissions")
    if request.submissions:
        raise BadInput("--until-separable names the two submissions itself: leave -s out")
    if request.studies is not None:
        raise BadInput(f"--until-separable looks at {', '.join(map(str, LOOKS))} studies: leave --studies out")
    rules = RULESETS.get(request.track)
    if rules is not None and Reading.TIME_TO_TARGET not in rules.reads:
        raise BadInput(f"--until-separable compares times to the target, which {rules.title} has not: use another track")
    if request.held_out:
        raise BadInput("--until-separable races base workloads only: leave --held-out out")
    return replace(request, studies=LOOKS[-1])


def run_until_separable(request: Request, results: Path, settings: Settings) -> int:
    """Run and look, look after look; print what each one says, and return the exit status.

    Finished trials are found again, so the same command resumes. No board is written: the extra studies serve the pair.
    """
    from harness.cli.running.session import Session

    most_studies(request)
    console = Console(highlight=False)
    status = 0
    for studies in LOOKS:
        session = Session(make_plan(replace(request, studies=studies)), results, settings)
        status = max(status, session.run())
        if status == 130:
            return status
        seen = _look(session.race.plan.pair, session, results)
        console.print(look_sentence(seen), markup=False, soft_wrap=True)
        if seen.separable or seen.next_look is None:
            return status
        if seen.studies < studies:
            console.print(f"{studies - seen.studies} studies are missing: run the same command again to resume")
            return max(status, 1)
    return status


def _look(pair: tuple[str, ...], session: Session, results: Path) -> Look:
    plan, store = session.race.plan, ResultStore(results)
    records = (store.read(spec) for spec in plan.trials)
    trials = records_frame((record for record in records if record is not None), store)
    return look(trials, pair[0], pair[1], clock=plan.track.clock)
