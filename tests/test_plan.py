"""The plan: seeds and lattices shared by all submissions, stable ids."""

import math
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import BadInput
from harness.plan import Request, make_plan, search_space, shifted_lattice
from harness.registry import find_submission
from harness.rules import TRACKS

SMOKE = Request(suite="smoke", submissions=("linear", "cosine", "constant"))


def test_the_same_request_gives_the_same_plan_and_other_seeds_other_trials():
    ids = [spec.id for spec in make_plan(SMOKE).trials]
    assert ids == [spec.id for spec in make_plan(SMOKE).trials]
    assert len(set(ids)) == len(ids)
    other = Request(suite="smoke", submissions=SMOKE.submissions, seed=1)
    assert not {spec.seed for spec in make_plan(other).trials} & {spec.seed for spec in make_plan(SMOKE).trials}


def test_all_submissions_share_seeds_and_draws_study_by_study():
    by_study = defaultdict(lambda: defaultdict(set))
    for spec in make_plan(SMOKE).trials:
        if spec.submission != "constant":
            by_study[spec.workload, spec.study][spec.submission].add(
                (spec.seed, spec.horizon, spec.hyperparameters["learning_rate"])
            )
    assert all(studies["linear"] == studies["cosine"] for studies in by_study.values())
    seeds = {spec.study: spec.seed for spec in make_plan(SMOKE).trials}
    assert len(set(seeds.values())) == 3


def test_adding_a_submission_or_a_study_changes_no_other_trial():
    few = {spec.id for spec in make_plan(SMOKE).trials}
    more = {spec.id for spec in make_plan(Request(suite="smoke", submissions=(*SMOKE.submissions, "rex"), studies=4)).trials}
    assert few < more


def test_the_grid_is_three_rates_by_two_horizons_and_one_horizon_for_anytime_schedules():
    count = defaultdict(int)
    for spec in make_plan(SMOKE).trials:
        count[spec.submission, spec.study] += 1
        assert 0.5 * spec.budget - 64 <= spec.horizon <= spec.budget
        if spec.submission == "constant":
            assert spec.horizon == spec.budget
    assert {n for (name, _), n in count.items() if name == "constant"} == {3}
    assert {n for (name, _), n in count.items() if name != "constant"} == {6}


def test_the_first_point_is_nearest_to_the_reference_rate_and_the_middle_horizon():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), trials=1))
    reference = next(iter(plan.workloads.values())).size.reference.learning_rate
    for spec in plan.trials:
        assert abs(math.log(spec.hyperparameters["learning_rate"] / reference)) <= math.log(3) / 2 + 1e-9
        assert 0.6 <= spec.horizon / spec.budget <= 0.9


@given(st.integers(1, 9), st.integers(0, 2**63))
def test_a_shifted_lattice_is_equidistant_on_the_circle(points, seed):
    lattice = shifted_lattice(points, seed)
    gaps = [b - a for a, b in zip(lattice, [*lattice[1:], lattice[0] + 1], strict=True)]
    assert all(0 <= x < 1 for x in lattice)
    assert gaps == pytest.approx([1 / points] * points)


def test_all_trials_of_a_study_come_before_those_of_the_next_study():
    studies = [spec.study for spec in make_plan(SMOKE).trials]
    assert studies == sorted(studies)


def test_the_external_track_draws_the_same_points_for_submissions_with_the_same_space():
    plan = make_plan(Request(suite="smoke", submissions=("adamw+rex", "adamw+cosine"), track="external"))
    points = defaultdict(list)
    for spec in plan.trials:
        points[spec.submission].append((spec.study, spec.trial, spec.seed, spec.hyperparameters["learning_rate"], spec.horizon))
    assert points["adamw+rex"] == points["adamw+cosine"]
    assert len(points["adamw+rex"]) == 15
    assert len({seed for _, _, seed, _, _ in points["adamw+rex"]}) == 15


def test_draws_are_within_the_search_space():
    space = search_space(find_submission("adamw+rex"), TRACKS["external"].points["optimizer"])
    plan = make_plan(Request(suite="smoke", submissions=("adamw+rex",)))
    for spec in plan.trials:
        for name, value in spec.hyperparameters.items():
            assert space[name].low <= value <= space[name].high


def test_held_out_variants_come_after_all_base_workloads():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), held_out=True))
    variants = [bool(spec.variant) for spec in plan.trials]
    assert any(variants)
    assert variants == sorted(variants)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(suite="nope"), "no suite 'nope'"),
        (Request(suite="smoke", workloads=("no_such",)), "no_such"),
        (Request(suite="smoke", submissions=("no_such",)), "no_such"),
        (Request(suite="smoke", studies=0), "--studies 0"),
        (Request(suite="smoke", trials=-1), "--trials -1"),
        (Request(suite="smoke", track="nope"), "no track 'nope'"),
        (Request(suite="smoke", submissions=("rex",), track="external"), "adamw+rex"),
        (Request(suite="smoke", submissions=("rex", "adamw+rex")), "adamw+rex"),
        (Request(suite="smoke", submissions=("adamw+rex",), track="schedule"), "--track external"),
        (Request(suite="smoke", workloads=("shakespeare_lm",)), "--suite laptop"),
    ],
)
def test_a_bad_request_gives_an_error_of_one_line(request_, says):
    with pytest.raises(BadInput) as error:
        make_plan(request_)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_budget_track_has_separate_trials_for_every_share_of_the_budget_at_the_same_rates():
    plan = make_plan(Request(suite="smoke", submissions=("linear", "constant"), workloads=("digits_mlp",), track="budget"))
    size = plan.workloads["digits_mlp"].size
    study = [spec for spec in plan.trials if spec.cell == ("constant", "digits_mlp", 0)]
    assert [spec.trial for spec in study] == list(range(12))
    horizons = sorted({spec.horizon for spec in study})
    assert [round(h / size.budget, 2) for h in horizons] == [0.1, 0.25, 0.5, 1.0]
    rates = {h: {s.hyperparameters["learning_rate"] for s in study if s.horizon == h} for h in horizons}
    assert len(rates[horizons[0]]) == 3
    assert all(these == rates[horizons[0]] for these in rates.values())
    assert all(math.isnan(spec.target) for spec in plan.trials)
    for spec in study:
        assert abs(spec.warmup - size.reference.warmup * spec.horizon) <= size.batch_size
        assert spec.budget == study[0].budget
    race = make_plan(Request(suite="smoke", submissions=("constant",), workloads=("digits_mlp",)))
    assert {spec.seed for spec in study} == {spec.seed for spec in race.trials if spec.study == 0}


def test_fewer_trials_of_the_budget_track_mean_fewer_rates_at_every_share():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), workloads=("digits_mlp",), track="budget", trials=1))
    assert len({spec.horizon for spec in plan.trials}) == 4
    assert len({spec.id for spec in plan.trials}) == 4 * 3


def test_the_sensitivity_grid_is_the_same_seven_half_decades_in_every_study():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), workloads=("digits_mlp",), track="sensitivity"))
    reference = plan.workloads["digits_mlp"].size.reference.learning_rate
    for study in range(3):
        own = [spec for spec in plan.trials if spec.study == study]
        decades = sorted(round(2 * math.log10(s.hyperparameters["learning_rate"] / reference), 9) for s in own)
        assert decades == [-3, -2, -1, 0, 1, 2, 3]
        assert own[0].hyperparameters["learning_rate"] == reference
        assert all(spec.horizon == spec.budget for spec in own)


@pytest.mark.parametrize("track", ["budget", "sensitivity"])
def test_without_times_to_target_there_are_no_held_out_variants(track):
    with pytest.raises(BadInput, match="--held-out"):
        make_plan(Request(suite="smoke", submissions=("linear",), track=track, held_out=True))


def test_a_pair_shares_its_trials_with_the_board():
    pair = make_plan(Request(suite="smoke", pair=("linear", "cosine"), studies=5))
    board = make_plan(Request(suite="smoke", submissions=("linear", "cosine", "rex")))
    assert {s.id for s in board.trials if s.submission != "rex"} < {s.id for s in pair.trials}
