"""The rulers that a board reads its trials off: those that the records themselves carry."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harness.contracts.errors import BadInput
from harness.records import fact_of
from harness.scoring.ruler import Ruler


def rulers_of(trials: pd.DataFrame) -> dict[str, Ruler]:
    """Return {workload label: ruler} from the facts of `trials`; a workload without a ruler is left out.

    Raises:
        BadInput: records of one workload carry different rulers, or one that is damaged.
    """
    found: dict[str, Mapping[str, object]] = {}
    for label, facts in zip(trials["workload"], trials.get("facts", [None] * len(trials)), strict=True):
        ruler = fact_of(facts, "workload", "ruler")
        if not ruler:
            continue
        if found.setdefault(str(label), ruler) != ruler:
            raise BadInput(
                f"the trials on {label} were judged by different rulers (versions {found[str(label)].get('version')} and "
                f"{ruler.get('version')}): a board reads one; run the older ones again"
            )
    try:
        return {label: Ruler.from_json(ruler) for label, ruler in found.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"the ruler in these records is damaged: {error}") from None
