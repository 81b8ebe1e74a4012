"""`--rate-multiples`: each point of a submission in AlgoPerf's form at multiples of its learning rates."""

import pytest

from harness.cli.running.checks import numbers
from harness.contracts.errors import BadInput
from harness.plan import Request, make_plan
from tests.compat.submissions.written import IMPORTS, START, metrics, ran, updating, written

STEP = "loss_of(workload, model, batch, rng).backward(); optimizer.step(); optimizer.zero_grad()"


def start(rate, more=""):
    return START.replace("lr=0.1", f"lr={rate}").replace("    return", f"{more}    return")


def test_a_multiple_gives_the_curve_of_a_submission_with_that_rate(tmp_path):
    higher = ran(written(tmp_path / "higher", start=start(0.3)))
    multiplied = ran(written(tmp_path / "lower", start=start(0.1)), hyperparameters={"rate_multiple": 3.0})
    assert metrics(multiplied) == pytest.approx(metrics(higher), rel=1e-5)
    assert {round(rate, 6) for _, _, rate in multiplied.learning_rates} == {0.3}
    assert metrics(ran("algoperf:" + str(tmp_path / "lower" / "submission.py"))) != pytest.approx(metrics(higher), rel=1e-2)


def test_a_scheduler_and_the_code_see_the_rates_as_they_are(tmp_path):
    parts = {
        "start": "def init_optimizer_state(workload, model_params, model_state, hyperparameters, rng):\n"
        "    optimizer = torch.optim.SGD(model_params.parameters(), lr=0.1)\n"
        "    return {'optimizer': optimizer, 'scheduler': torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)}\n",
        "update": updating(
            "assert optimizer.param_groups[0]['lr'] == 0.1 * 0.5 ** (global_step // 3)\n"
            f"{STEP}\noptimizer_state['scheduler'].step()"
        ),
    }
    record = ran(written(tmp_path / "entry", **parts), hyperparameters={"rate_multiple": 10.0})
    metrics(record)
    assert {1.0, 0.5, 0.25} <= {round(rate, 6) for _, _, rate in record.learning_rates}


def test_groups_that_two_optimizers_share_are_multiplied_once(tmp_path):
    outer = """
class Outer(torch.optim.Optimizer):
    def __init__(self, params):
        self.inner = torch.optim.SGD(params, lr=0.1, momentum=0.9)
        super().__init__(self.inner.param_groups, {})
        self.param_groups = self.inner.param_groups
    def step(self):
        self.inner.step()
        assert self.param_groups[0]["lr"] == 0.1 * 3
"""
    begin = START.replace(
        "torch.optim.SGD(model_params.parameters(), lr=0.1, momentum=0.9)", "Outer(model_params.parameters())"
    )
    nested = ran(written(tmp_path / "nested", imports=IMPORTS + outer, start=begin), hyperparameters={"rate_multiple": 3.0})
    assert metrics(nested) == metrics(ran(written(tmp_path / "plain"), hyperparameters={"rate_multiple": 3.0}))


def test_every_point_runs_at_every_multiple_and_the_trials_at_one_are_the_same(tmp_path):
    name = written(tmp_path / "entry", [{"rate": 0.3}, {"rate": 0.1}])

    def planned(**more):
        return make_plan(Request(suite="smoke", submissions=(name,), track="external", studies=1, **more)).trials

    plain, tuned = planned(), planned(rate_multiples=(3.0, 1.0, 10.0))
    assert [spec.hyperparameters for spec in plain] == [{"rate": 0.3}, {"rate": 0.1}], "a multiple changes older trials' ids"
    assert [spec.hyperparameters.get("rate_multiple") for spec in tuned] == [None, None, 3, 3, 10, 10]
    assert [spec.hyperparameters["rate"] for spec in tuned] == [0.3, 0.1] * 3
    assert [spec.id for spec in tuned[:2]] == [spec.id for spec in plain] and len({spec.id for spec in tuned}) == 6


def test_a_multiple_may_be_set_after_the_path(tmp_path):
    name = written(tmp_path / "entry") + ":rate_multiple=3"
    assert {round(rate, 6) for _, _, rate in ran(name).learning_rates} == {0.3}
    with pytest.raises(BadInput, match="leave one out"):
        make_plan(Request(suite="smoke", submissions=(name,), track="self-tuning", rate_multiples=(1.0,)))


@pytest.mark.parametrize(
    ("text", "said"), [("1,x", "numbers with commas"), ("0,1", "positive"), ("inf", "positive"), ("2,2", "different")]
)
def test_wrong_multiples_are_one_line(tmp_path, text, said):
    name = written(tmp_path / "entry")
    with pytest.raises(BadInput, match=said):
        multiples = numbers("--rate-multiples", text)
        make_plan(Request(suite="smoke", submissions=(name,), track="self-tuning", rate_multiples=multiples))


def test_submissions_of_other_forms_and_those_without_an_optimizer_are_refused(tmp_path):
    with pytest.raises(BadInput, match="AlgoPerf's form, and 'adamw' is none"):
        make_plan(Request(suite="smoke", submissions=("adamw",), track="self-tuning", rate_multiples=(3.0,)))
    by_hand = {
        "start": "def init_optimizer_state(workload, model_params, model_state, hyperparameters, rng):\n    return {}\n",
        "update": updating("loss_of(workload, model, batch, rng).backward()").replace("optimizer_state['optimizer']", "None"),
    }
    record = ran(written(tmp_path / "entry", **by_hand), hyperparameters={"rate_multiple": 3.0})
    assert record.status == "failed" and "keeps no optimizer of torch" in record.reason
