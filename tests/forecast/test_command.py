"""`timetrial curve NAME --predict --fit RUN` as a user types it."""

import json
import math
import shutil
from dataclasses import replace

import pytest

from harness.cli.app import run_app
from harness.forecast import fit_law, recorded
from harness.records import TrialRecord
from harness.results import ResultStore, compact
from tests.execution.commands import timetrial
from tests.forecast.remembered import remembered

RUNS = ("cosine", "constant", "linear", "plateau", "polynomial:power=3")


@pytest.fixture(scope="module", autouse=True)
def _each_fit_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded, "fit_law", remembered(fit_law))
        yield


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    place = tmp_path_factory.mktemp("results")
    submissions = [word for name in RUNS for word in ("-s", name)]
    run = ("run", "--suite", "smoke", "-w", "digits_mlp", "--track", "budget", "--studies", 1, "--trials", 1)
    done = timetrial(*run, *submissions, "--executor", "inline", "--results", place, writes_board=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return place


@pytest.fixture(scope="module")
def whole(results) -> dict[str, TrialRecord]:
    """The trials over the whole budget, by submission."""
    records = list(ResultStore(results).records())
    return {r.spec.submission: r for r in records if r.spec.horizon == r.spec.budget}


def predicted(results, whole, name, *fit, more=()):
    runs = [word for run in fit for word in ("--fit", whole[run].spec.id if run in whole else run)]
    return ("curve", name, "--predict", *runs, "--results", str(results), *map(str, more))


def told(capsys, *arguments):
    assert run_app([*map(str, arguments)]) == 2
    line = capsys.readouterr().err
    assert line.startswith("timetrial: ")
    assert line.count("\n") == 1
    return line


def test_the_loss_of_a_schedule_that_was_not_fitted_is_predicted_from_two_that_were_without_torch(results, whole, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('torch is blocked in this test')")
    arguments = predicted(results, whole, "linear", "cosine", "constant", more=["--json"])
    done = timetrial(*arguments, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    value, run = json.loads(done.stdout), whole["linear"]
    assert (value["name"], value["workload"], value["metric"]) == ("linear", "digits_mlp", "cross_entropy")
    true = {round(e["steps"]): e["metric"] for e in run.evaluations}
    assert set(value["steps"]) == {step for step in true if step * value["batch_size"] > run.spec.warmup}
    assert value["predicted"][-1] == pytest.approx(true[value["steps"][-1]], rel=0.25)
    assert all(value["law"][name] >= 0 for name in ("floor", "scale", "exponent", "gain"))
    assert [run["submission"] for run in value["fit"]] == ["cosine", "constant"]


def test_a_run_is_named_by_the_beginning_of_its_id_or_the_path_of_its_record(results, whole, capsys):
    spec, answers = whole["cosine"].spec, []
    for name in (spec.id, spec.id[:8], str(ResultStore(results).path(spec))):
        assert run_app([*predicted(results, whole, "rex", name, more=["--json"])]) == 0
        answers.append(capsys.readouterr().out)
    assert len(set(answers)) == 1


def test_a_compacted_run_is_found_by_its_id_and_the_path_of_its_parquet_file_says_to_give_that(
    results, whole, capsys, tmp_path
):
    shutil.copytree(results, tmp_path / "r")
    compact(ResultStore(tmp_path / "r"))
    answers = []
    for place in (results, tmp_path / "r"):
        assert run_app([*predicted(place, whole, "rex", "cosine", more=["--json"])]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
    path = ResultStore(tmp_path / "r").file_of(whole["cosine"].spec)
    assert path.suffix == ".parquet"
    assert "give the trial's id" in told(capsys, *predicted(results, whole, "rex", str(path)))


def test_the_table_names_law_and_error_and_ends_at_the_last_step(results, whole, capsys):
    assert run_app([*predicted(results, whole, "wsd:decay_fraction=0.3", "cosine")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "it was not run" in lines[0]
    assert "mean relative error of the fit" in lines[1]
    assert int(lines[-1].split("\t")[0]) == round(whole["cosine"].evaluations[-1]["steps"])


def test_hyperparameters_change_what_is_predicted(results, whole, capsys):
    answers = []
    for fraction in (0.1, 0.5):
        name = f"wsd:decay_fraction={fraction}"
        assert run_app([*predicted(results, whole, name, "cosine", "constant", more=["--json"])]) == 0
        answers.append(json.loads(capsys.readouterr().out)["predicted"])
    assert answers[0] != answers[1]


def test_a_run_with_hyperparameters_after_its_name_is_fitted_with_their_values(results, whole, capsys):
    assert run_app([*predicted(results, whole, "rex", "polynomial:power=3", more=["--json"])]) == 0
    assert [run["submission"] for run in json.loads(capsys.readouterr().out)["fit"]] == ["polynomial:power=3"]


def test_the_figure_shows_runs_and_prediction(results, whole, tmp_path):
    assert run_app([*predicted(results, whole, "rex", "cosine", "constant", more=["--plot", tmp_path / "p.svg"])]) == 0
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_the_beginning_of_several_ids_is_told_to_be_too_short(results, capsys):
    firsts = [record.spec.id[0] for record in ResultStore(results).records()]
    shared = max(firsts, key=firsts.count)
    assert "give more of the id" in told(capsys, *predicted(results, {}, "rex", shared))


def test_what_cannot_be_fitted_is_told_in_one_line(results, whole, capsys, tmp_path):
    def refused(name, *fit, more=()):
        return told(capsys, *predicted(results, whole, name, *fit, more=more))

    assert "no such trial" in refused("rex", "ffff")
    assert "has an empty value" in refused("rex", "")
    assert "no such file" in refused("rex", str(tmp_path / "none.json"))
    assert "depends on the run" in refused("rex", "plateau")
    assert "depends on the run" in refused("plateau", "cosine")
    assert "never falls" in refused("rex", "constant")
    assert "leave --horizon out" in refused("rex", "cosine", more=["--horizon", "10"])
    assert "must end in" in refused("rex", "cosine", more=["--plot", "x.gif"])
    assert "no hyperparameter" in refused("rex:x=1", "cosine")
    assert "--fit" in told(capsys, "curve", "rex", "--predict")
    assert "--predict" in told(capsys, "curve", "rex", "--fit", "ab")
    torn = tmp_path / "torn.json"
    torn.write_text("{")
    assert "not a valid trial record" in refused("rex", str(torn))


CHANGED = {
    "diverged": (lambda r: replace(r, status="diverged", reason="loss not finite"), "diverged"),
    "short": (lambda r: replace(r, evaluations=r.evaluations[:5]), "the fit needs"),
    "higher is better": (lambda r: with_workload(r, lower_is_better=False), "better when higher"),
    "imported": (lambda r: replace(r, facts={**r.facts, "imported": {}}), "imported"),
    "other rates": (
        lambda r: replace(r, learning_rates=tuple((s, e, rate / 2) for s, e, rate in r.learning_rates)),
        "not those of 'cosine'",
    ),
    "negative": (
        lambda r: replace(r, evaluations=tuple({**e, "metric": e["metric"] - 9} for e in r.evaluations)),
        "not above 0",
    ),
}


def with_workload(record, **facts):
    return replace(record, facts={**record.facts, "workload": {**record.facts["workload"], **facts}})


@pytest.mark.parametrize("how", CHANGED)
def test_a_record_that_the_law_says_nothing_of_is_refused(how, results, whole, capsys, tmp_path):
    change, says = CHANGED[how]
    path = ResultStore(tmp_path).write(change(whole["cosine"]))
    assert says in told(capsys, *predicted(results, whole, "rex", str(path)))


def test_runs_under_different_peaks_are_not_fitted_together(results, whole, capsys, tmp_path):
    record = whole["constant"]
    peak = record.spec.hyperparameters["learning_rate"] * 2
    spec = replace(record.spec, hyperparameters={**record.spec.hyperparameters, "learning_rate": peak})
    doubled = replace(record, spec=spec, learning_rates=tuple((s, e, 2 * r) for s, e, r in record.learning_rates))
    path = ResultStore(tmp_path).write(doubled)
    assert "peak learning rate" in told(capsys, *predicted(results, whole, "rex", "cosine", str(path)))


def test_a_logarithmic_metric_is_fitted_as_what_it_is_the_logarithm_of(results, whole, capsys, tmp_path):
    record = with_workload(whole["cosine"], metric="log10_cross_entropy")
    logged = replace(record, evaluations=tuple({**e, "metric": math.log10(e["metric"])} for e in record.evaluations))
    path = ResultStore(tmp_path).write(logged)
    values = []
    for fit in ("cosine", str(path)):
        assert run_app([*predicted(results, whole, "rex", fit, more=["--json"])]) == 0
        values.append(json.loads(capsys.readouterr().out)["predicted"])
    assert values[1] == pytest.approx([math.log10(value) for value in values[0]], abs=1e-6)
