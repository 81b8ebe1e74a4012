"""The optimizers' claims: what docs/claims.md declares is what is compared, and it can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from analyses import claims
from analyses.claim_verdicts import NOT_RUN
from analyses.comparisons import RELATIONS, SCHEDULES
from analyses.optimizer_comparisons import COMPARISONS, OPTIMIZERS, SOURCES, declared_table, large_batch, names
from harness.registry import canonical_name, find_submission
from harness.results import BoardInput
from harness.rules import Reading, ruleset
from tests.toy import Blobs, run_record, spec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")


def test_the_page_declares_the_comparisons_that_are_made():
    declared = re.search(r"<!-- optimizer comparisons -->\n(.*?)\n<!-- /optimizer comparisons -->", PAGE, re.S)
    assert declared is not None and declared[1] == declared_table()
    assert f"m = {len(COMPARISONS)} comparisons" in PAGE.split("## Optimizers")[1].replace("\n", " ")
    assert list(SOURCES) == OPTIMIZERS.claims and not set(OPTIMIZERS.claims) & set(SCHEDULES.claims)
    assert len(set(COMPARISONS)) == len(COMPARISONS) and {c.relation for c in COMPARISONS} <= set(RELATIONS)
    assert all(Reading.COMPUTE_SAVED in ruleset(c.track).reads for c in COMPARISONS)


def test_what_is_compared_can_be_named_and_is_recorded_under_that_name(monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in names():
        assert find_submission(name).name == canonical_name(name) == name


def test_without_records_every_comparison_is_on_the_page_as_not_recorded_yet(tmp_path, capsys, monkeypatch):
    page, empty = tmp_path / "claims.md", BoardInput(pd.DataFrame())
    page.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr(claims, "recorded_trials", lambda *of: empty)
    assert claims.main([str(tmp_path), "--of", "optimizers", "--write", str(page)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\| \d", line)]
    parts = [line for line in rows if "all parts" not in line]
    assert len(parts) == len(COMPARISONS) and all(NOT_RUN in line for line in rows)
    written = page.read_text(encoding="utf-8")
    blank = re.compile(r"(<!-- optimizer claims -->\n).*?(<!-- /optimizer claims -->)", re.S)
    assert blank.sub(r"\1\2", written) == blank.sub(r"\1\2", PAGE) and all(f"-s {name}" in written for name in names())


@pytest.mark.parametrize("name", ["adamw", "lion"])
def test_a_large_batch_takes_a_quarter_of_the_steps_for_the_same_examples(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    workload, plugin = Blobs("smoke"), find_submission(large_batch(name))
    what = spec(submission=plugin.name, track="self-tuning", reference_recipe=False, hyperparameters={}, warmup=0)
    record = run_record(what, workload, plugin, workload.load(None))
    steps = -(-what.horizon // (4 * workload.size.batch_size))
    assert record.status in ("reached", "missed") and record.clocks["steps"] == steps
