"""The plan: seeds and lattices shared by all submissions, stable ids."""

import math
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import BadInput
from harness.lattice import shifted_lattice
from harness.plan import Request, make_plan
from harness.pruning import next_evaluation
from harness.registry import find_submission

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


def test_the_grid_is_two_rates_at_half_and_at_the_whole_budget_for_every_schedule():
    plan = make_plan(SMOKE)
    batch = {label: workload.size.batch_size for label, workload in plan.workloads.items()}
    studies = defaultdict(list)
    for spec in plan.trials:
        studies[spec.cell].append(spec)
    for specs in studies.values():
        assert [spec.trial for spec in specs] == [0, 1, 2, 3]
        for spec, share in zip(specs, (0.5, 1.0, 0.5, 1.0), strict=True):
            assert abs(spec.horizon - share * spec.budget) <= batch[spec.workload] / 2
        rates = [spec.hyperparameters["learning_rate"] for spec in specs]
        assert rates[0] == rates[1] and rates[2] == rates[3]
        assert rates[0] / rates[2] == pytest.approx(3)


def test_the_rates_are_shifted_by_one_uniform_amount_below_and_around_the_reference_rate():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), studies=40))
    exponents = defaultdict(set)
    for spec in plan.trials:
        reference = plan.workloads[spec.workload].size.reference.learning_rate
        exponents[spec.trial].add(math.log(spec.hyperparameters["learning_rate"] / reference, 3))
    for trial, (low, high) in {0: (-0.5, 0.5), 2: (-1.5, -0.5)}.items():
        assert low <= min(exponents[trial]) < low + 0.2 and high - 0.2 < max(exponents[trial]) < high


def test_a_third_rate_changes_no_other_trial():
    two, three = (make_plan(replace(SMOKE, trials=trials)).trials for trials in (None, 3))
    assert {spec.id for spec in two} < {spec.id for spec in three}
    added = {spec.trial for spec in three} - {spec.trial for spec in two}
    assert added == {4, 5}


def test_the_warm_up_is_the_reference_share_of_the_horizon_in_every_track():
    requests = (
        *(Request(suite="smoke", submissions=("linear",), track=track) for track in ("schedule", "budget")),
        *(Request(suite="smoke", submissions=("adamw+linear",), track=t) for t in ("external", "self-tuning", "budget")),
    )
    for request in requests:
        plan = make_plan(request)
        for spec in plan.trials:
            size = plan.workloads[spec.workload].size
            assert abs(spec.warmup - size.reference.warmup * spec.horizon) <= size.batch_size


def test_a_trial_is_evaluated_at_every_shorter_horizon_of_its_track():
    plan = make_plan(Request(suite="smoke", submissions=("linear",), workloads=("digits_mlp",), track="budget"))
    study = [spec for spec in plan.trials if spec.study == 0]
    horizons = sorted({spec.horizon for spec in study})
    for spec in study:
        assert spec.evaluation_points == tuple(h for h in horizons if h < spec.horizon)
    assert next_evaluation(0.0, replace(study[3], evaluation_period=10**6)) == horizons[0]
    assert next_evaluation(horizons[0], replace(study[3], evaluation_period=10**6)) == horizons[1]


def test_self_tuning_runs_to_one_and_a_half_budgets_once_per_study():
    plan = make_plan(
        Request(suite="smoke", submissions=("adamw+linear", "sam"), workloads=("digits_mlp",), track="self-tuning")
    )
    size = plan.workloads["digits_mlp"].size
    assert {spec.horizon for spec in plan.trials} == {1.5 * size.budget}
    assert len(plan.trials) == 2 * 3 and all(spec.hyperparameters == {} for spec in plan.trials)


def test_the_budget_track_draws_five_points_of_a_space_and_runs_defaults_once_without_one():
    names = ("adamw+linear", "torch.optim.Adagrad")
    plan = make_plan(Request(suite="smoke", submissions=names, workloads=("digits_mlp",), track="budget", studies=1))
    points = {name: {tuple(spec.hyperparameters.items()) for spec in plan.trials if spec.submission == name} for name in names}
    assert len(points["adamw+linear"]) == 5 and len(plan.trials) == 2 * 5 * 4


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
    space = find_submission("adamw+rex").space
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
    assert [spec.trial for spec in study] == list(range(8))
    horizons = sorted({spec.horizon for spec in study})
    assert [round(h / size.budget, 2) for h in horizons] == [0.12, 0.25, 0.5, 1.0]
    rates = {h: {s.hyperparameters["learning_rate"] for s in study if s.horizon == h} for h in horizons}
    assert len(rates[horizons[0]]) == 2
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


def test_what_the_user_sets_is_in_the_specification_and_in_its_id_but_not_in_the_hash_of_the_source():
    names = ("polynomial", "polynomial:power=2", "polynomial:power=3.0")
    plan = make_plan(Request(suite="smoke", submissions=names, workloads=("digits_mlp",), studies=1))
    rows = defaultdict(list)
    for spec in plan.trials:
        rows[spec.submission].append(spec)
    assert {name: specs[0].given for name, specs in rows.items()} == {
        "polynomial": {}, "polynomial:power=2": {"power": 2.0}, "polynomial:power=3": {"power": 3.0}
    }  # fmt: skip
    assert len({spec.id for spec in plan.trials}) == len(plan.trials)
    assert len({spec.submission_hash for spec in plan.trials}) == 1
    first = rows["polynomial"][0]
    assert replace(first, given={"power": 3.0}).id != first.id != replace(first, submission="polynomial:power=2").id
    assert set(plan.submissions) == set(rows)


def test_spellings_of_the_same_values_are_one_submission():
    names = ("polynomial:power=2,floor=0.10", "polynomial:floor=.1,power=2.0")
    first, second = (
        make_plan(Request(suite="smoke", submissions=(name,), workloads=("digits_mlp",), studies=1)) for name in names
    )
    assert [spec.id for spec in first.trials] == [spec.id for spec in second.trials]
    with pytest.raises(BadInput, match=r"'polynomial:floor=0\.1,power=2' is named twice"):
        make_plan(Request(suite="smoke", submissions=names))
    pair = Request(suite="smoke", pair=("polynomial:power=2.0", "polynomial:power=3"), studies=3)
    assert make_plan(pair).pair == ("polynomial:power=2", "polynomial:power=3")
    with pytest.raises(BadInput, match="two different"):
        make_plan(replace(pair, pair=("polynomial:power=2.0", "polynomial:power=2")))


@pytest.mark.parametrize("track", ["external", "budget"])
def test_a_hyperparameter_that_is_set_is_not_drawn_and_the_others_are_drawn_as_before(track):
    names = ("adamw+cosine", "adamw:weight_decay=0.1+cosine")
    plan = make_plan(Request(suite="smoke", submissions=names, workloads=("digits_mlp",), track=track))
    drawn, fixed = ([spec for spec in plan.trials if spec.submission == name] for name in names)
    assert len(drawn) == len(fixed)
    for before, spec in zip(drawn, fixed, strict=True):
        assert spec.given == {"weight_decay": 0.1}
        assert spec.hyperparameters == {k: v for k, v in before.hyperparameters.items() if k != "weight_decay"}
        assert (spec.seed, spec.horizon) == (before.seed, before.horizon)
    assert "weight_decay" in drawn[0].hyperparameters


def test_a_submission_whose_whole_space_is_set_runs_as_one_without_a_space():
    space = find_submission("lion").space
    name = f"lion:{','.join(f'{key}={value.low}' for key, value in space.items())}+rex"
    for track, runs in (("external", 5), ("budget", 4)):
        request = Request(suite="smoke", submissions=(name,), workloads=("digits_mlp",), track=track, studies=1)
        trials = make_plan(request).trials
        assert len(trials) == runs and all(spec.hyperparameters == {} for spec in trials)


@pytest.mark.parametrize("track", ["schedule", "budget", "sensitivity"])
def test_the_rates_of_a_track_cannot_be_set(track, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(
        "from harness import schedule\n@schedule(anytime=True)\ndef own(step, learning_rate=0.5):\n    return learning_rate\n"
    )
    with pytest.raises(BadInput, match=r"sets learning_rate, which .* itself sets in every trial: leave it out"):
        make_plan(Request(suite="smoke", submissions=("./own.py:learning_rate=0.1",), workloads=("digits_mlp",), track=track))
