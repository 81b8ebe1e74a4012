"""Each feature of AlgoPerf's interface works as its specification says."""

import pytest
import torch
from torch import nn

from harness.compat.submissions.batches import shown
from harness.compat.submissions.forward import forward_mode
from harness.compat.submissions.stand_ins.spec import ForwardPassMode
from harness.compat.submissions.workload import AlgoPerfWorkload
from harness.trial.meter import Meter
from harness.trial.task import TrialTask
from tests.compat.submissions.written import IMPORTS, SELECT, STEPS, metrics, planned, ran, updating, written
from tests.toy import Blobs, spec

STEP = "loss_of(workload, model, batch, rng).backward(); optimizer.step(); optimizer.zero_grad()"


def checking(line: str) -> str:
    """Return an update that trains, and in which a line must hold."""
    return updating(f"assert {line}\n{STEP}")


@pytest.mark.parametrize(
    "line",
    [
        f"workload.step_hint == {STEPS}",
        f"workload.max_allowed_runtime_sec == {STEPS} and workload.eval_period_time_sec == 5",
        "workload.num_train_examples == 1077",
        "workload.target_metric_name == 'loss' and 0 < workload.validation_target_value < 1",
        "workload.has_reached_validation_target({'validation/loss': 0.0})",
        "workload.loss_type == loss_type == spec.LossType.SOFTMAX_CROSS_ENTROPY",
        "{k: v.shape_tuple for k, v in workload.param_shapes.items()} == {k: p.shape for k, p in model.named_parameters()}",
        "current_params_types == workload.model_params_types and set(current_params_types) == set(workload.param_shapes)",
        "sorted({t.name for t in current_params_types.values()}) == ['BIAS', 'WEIGHT']",
        "[workload.is_output_params(k) for k, _ in model.named_parameters()] == [False] * 4 + [True] * 2",
        "workload.metrics_logger.append_scalar_metrics({'loss': 1.0}, global_step) is None",
        "hyperparameters is None and model_state is None and len(rng) == 2",
        "train_state['accumulated_submission_time'] == global_step and not train_state['training_complete']",
        "batch.get('weights') is None and batch['inputs'].shape[0] == len(batch['targets']) == 16",
        "workload.output_activation_fn(torch.zeros(2, 4), 'pytorch').sum() == 2",
        "not hasattr(workload, 'nothing')",
    ],
)
def test_a_submission_is_told(tmp_path, line):
    metrics(ran(written(tmp_path / "entry", update=checking(line))))


def test_what_is_not_there_is_named_in_one_line(tmp_path):
    record = ran(written(tmp_path / "entry", update=updating("workload.eval_model()")))
    assert record.status == "failed" and "workload.eval_model, which is not there" in record.reason


def test_the_workloads_batch_size_holds_where_the_submission_does_not_know_the_name(tmp_path):
    knows = "def get_batch_size(workload_name):\n    return {'digits_mlp': 32}.get(workload_name)\n"
    other = "def get_batch_size(workload_name):\n    return {'mnist': 32}.get(workload_name)\n"
    steps = [ran(written(tmp_path / str(i), size=size)).clocks["steps"] for i, size in enumerate((knows, other))]
    assert steps == [STEPS / 2, STEPS]


SEEDED = (
    updating(f"optimizer_state.setdefault('seen', []).append(tuple(map(int, rng)))\n{STEP}\n")
    + """
from algoperf import random_utils as prng
assert prng.split(prng.PRNGKey(3), 4).shape == (4, 2) and (prng.PRNGKey(3) == prng.PRNGKey(3)).all()
assert not (prng.PRNGKey(3) == prng.PRNGKey(4)).all() and len(prng.fold_in(prng.PRNGKey(3), 1)) == 2
"""
)


def test_every_step_has_a_seed_of_its_own(tmp_path):
    prepare = PREPARE + "    assert len(set(optimizer_state['seen'])) == global_step\n    return optimizer_state, model, None\n"
    metrics(ran(written(tmp_path / "entry", update=SEEDED, prepare=prepare)))


PREPARE = """
def prepare_for_eval(workload, current_param_container, current_params_types, model_state, hyperparameters, loss_type,
                     optimizer_state, eval_results, global_step, rng):
    model = current_param_container
"""


def test_weights_that_are_prepared_for_an_evaluation_are_judged_and_trained_on(tmp_path):
    zero = (
        PREPARE
        + """    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    return optimizer_state, model, model_state
"""
    )
    values = metrics(ran(written(tmp_path / "entry", prepare=zero)))
    assert values == pytest.approx([2.302585] * len(values), rel=1e-5)


def test_another_model_that_is_returned_is_judged_while_the_first_one_trains_on(tmp_path):
    copied = (
        PREPARE
        + """    import copy
    optimizer_state["kept"] = model
    other = copy.deepcopy(model)
    with torch.no_grad():
        for p in other.parameters():
            p.zero_()
    return optimizer_state, other, model_state
"""
    )
    back = updating(f"model = optimizer_state.get('kept', model)\n{STEP}").replace(
        "return optimizer_state, current_param_container", "return optimizer_state, model"
    )
    values = metrics(ran(written(tmp_path / "entry", prepare=copied, update=back)))
    assert values == pytest.approx([2.302585] * len(values), rel=1e-5)


def test_a_selection_draws_as_many_batches_as_it_wants_and_picks_examples(tmp_path):
    select = SELECT.replace(
        "    return next(input_queue)",
        """    one, two = next(input_queue), next(input_queue)
    keys = ("inputs", "targets")
    mask = torch.arange(16) % 2 == 0
    both = {k: torch.cat([one[k][mask], two[k][:8]]) for k in keys}
    first, second = (dict(zip(keys, parts)) for parts in zip(*(both[k].chunk(2) for k in keys)))
    return {k: torch.cat([second[k], first[k]]) for k in keys}""",
    )
    record = ran(written(tmp_path / "entry", select=select))
    values = metrics(record)
    assert values[-1] < values[0] and record.clocks["steps"] == STEPS


def test_training_that_is_complete_stays_as_it_is_to_the_end_of_the_horizon(tmp_path):
    update = updating(f"if global_step == 4:\n    raise spec.TrainingCompleteError\n{STEP}")
    record = ran(written(tmp_path / "entry", update=update), evaluation_period=16 * 2)
    values = metrics(record)
    assert record.clocks["examples"] == 16 * STEPS
    assert len(set(values[1:])) == 1 and values[0] != values[1] == values[2]


def test_the_mode_of_a_forward_pass_holds_for_that_pass():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    inputs = torch.randn(32, 4)

    def passed(**how):
        before = model[1].running_mean.clone()
        with forward_mode(model, **{"train": True, "update_batch_norm": True, "dropout_rate": None, **how}):
            outputs = model(inputs)
        return outputs, not torch.equal(before, model[1].running_mean)

    share = [(passed(dropout_rate=rate)[0] == 0).float().mean().item() for rate in (None, 0.0, 0.9)]
    assert share[1] == 0 and 0.3 < share[0] < 0.7 < share[2]
    assert passed()[1] and not passed(update_batch_norm=False)[1] and not passed(train=False)[1]
    frozen = passed(update_batch_norm=False, dropout_rate=0.0)[0]
    assert frozen.mean(0).abs().max() < 1e-5  # normalised by the batch
    assert model.training and model[2].p == 0.5 and model[1].momentum == 0.1


def test_masks_and_label_smoothing_enter_the_loss(tmp_path):
    update = updating("""
logits, state = workload.model_fn(params=model, augmented_and_preprocessed_input_batch=batch, model_state=None,
    mode=spec.ForwardPassMode.TRAIN, rng=rng, update_batch_norm=True, dropout_rate=0.0)
mask = torch.arange(16) < 4
whole = workload.loss_fn(batch["targets"], logits)
part = workload.loss_fn(batch["targets"], logits, mask)
smooth = workload.loss_fn(label_batch=batch["targets"], logits_batch=logits, label_smoothing=0.5)["per_example"]
logs = -torch.log_softmax(logits, -1)
assert whole["n_valid_examples"] == 16 and part["n_valid_examples"] == 4
assert torch.isclose(part["summed"], whole["per_example"][:4].sum())
assert torch.isclose(whole["summed"], whole["per_example"].sum())
assert torch.allclose(smooth, 0.5 * whole["per_example"] + 0.5 * logs.mean(-1)) and state is None
(part["summed"] / part["n_valid_examples"]).backward(); optimizer.step(); optimizer.zero_grad()
""")
    metrics(ran(written(tmp_path / "entry", update=update)))


def test_evaluations_are_handed_to_a_submission_that_reads_them_and_charged(tmp_path):
    reads = updating(f"""
if global_step >= 8:
    step, values = eval_results[0]
    assert step == 4 and values["validation/" + workload.target_metric_name] > 0
{STEP}
""")
    deaf, hears = (
        ran(written(tmp_path / str(i), update=update), evaluation_period=16 * 4)
        for i, update in enumerate((updating(STEP), reads))
    )
    metrics(hears)
    assert hears.clocks["steps"] < deaf.clocks["steps"] == STEPS and hears.clocks["examples"] > deaf.clocks["examples"]


def test_calls_of_torch_distributed_are_answered_for_one_process(tmp_path):
    imports = (
        IMPORTS
        + """
import torch.distributed as dist
import torch.distributed.nn as dist_nn
from torch.distributed import all_reduce
from algoperf.pytorch_utils import pytorch_setup
USE_PYTORCH_DDP, RANK, DEVICE, N_GPUS = pytorch_setup()
"""
    )
    line = (
        "not USE_PYTORCH_DDP and N_GPUS == 1 and dist.get_world_size() == 1 and dist.get_rank() == RANK == 0"
        " and dist_nn.all_reduce(torch.ones(2)).sum() == 2 and all_reduce(torch.ones(2)) is None and dist.ReduceOp.SUM"
    )
    metrics(ran(written(tmp_path / "entry", imports=imports, update=checking(line))))


def test_a_model_may_be_initialised_again(tmp_path):
    update = updating(f"""
if global_step == 2:
    fresh, _ = workload.init_model_fn(rng)
    with torch.no_grad():
        for p, q in zip(model.parameters(), fresh.parameters()):
            assert p.shape == q.shape and (p.dim() < 2 or not torch.equal(p, q))
            p.copy_(q)
{STEP}
""")
    metrics(ran(written(tmp_path / "entry", update=update)))


def test_the_learning_rate_of_the_optimizer_is_recorded(tmp_path):
    record = ran(written(tmp_path / "entry"))
    assert {rate for _, _, rate in record.learning_rates} == {0.1}


TAKES = {
    "start": "def init_optimizer_state(workload, model_params, model_state, hyperparameters, rng):\n"
    "    return {'optimizer': torch.optim.SGD(model_params.parameters(), lr=hyperparameters.rate)}\n"
}


def test_listed_points_are_taken_in_order(tmp_path):
    points = [{"rate": rate, "rest": 1} for rate in (0.3, 0.1, 0.2, 0.5, 0.4)]
    name = written(tmp_path / "entry", points, **TAKES)
    assert [trial.hyperparameters["rate"] for trial in planned(name, "external")] == [0.3, 0.1, 0.2, 0.5, 0.4]
    assert {rate for _, _, rate in ran(name, "external", trial=3).learning_rates} == {0.5}
    assert {rate for _, _, rate in ran(name).learning_rates} == {0.3}


def test_ranges_are_drawn_and_the_middle_is_the_default(tmp_path):
    space = {"rate": {"min": 0.01, "max": 1.0, "scaling": "log"}, "rest": {"feasible_points": [7]}}
    name = written(tmp_path / "entry", space, **TAKES)
    drawn = [trial.hyperparameters["rate"] for trial in planned(name, "external")]
    assert len(set(drawn)) == 5 and all(0.01 <= rate <= 1 for rate in drawn)
    assert next(rate for _, _, rate in ran(name).learning_rates) == pytest.approx(0.1)


@pytest.mark.parametrize(("how", "zeros"), [({}, 0.9), ({"dropout_rate": 0.0}, 0.0), ({"mode": ForwardPassMode.EVAL}, 0.0)])
def test_a_dropout_rate_comes_from_the_hyperparameters_unless_the_call_has_one(how, zeros):
    workload = Blobs("smoke", "wide")
    torch.manual_seed(0)
    model = workload.build_model().train()
    task = TrialTask(spec(), workload, model, workload.load(None)["train"], Meter(torch.device("cpu")))
    seen = []
    model[3].register_forward_hook(lambda module, inputs, outputs: seen.append((outputs == 0) & (inputs[0] != 0)))
    call = {"mode": ForwardPassMode.TRAIN, "rng": None, "update_batch_norm": False, **how}
    AlgoPerfWorkload(task, 0.9).model_fn(model, shown(task, task.draw(64)), None, **call)
    assert seen[0].float().mean() / 0.5 == pytest.approx(zeros, abs=0.2) and model[3].p == 0.1


@pytest.mark.skipif(torch.cuda.is_available(), reason="the machine has the accelerator that the submission names")
@pytest.mark.parametrize("made", ["torch.tensor(1.0, device='cuda')", "torch.ones(1).to('cuda:0')", "torch.ones(1).cuda()"])
def test_tensors_on_an_accelerator_that_is_not_there_are_made_on_the_cpu(tmp_path, made):
    metrics(ran(written(tmp_path / "entry", update=checking(f"{made}.device.type == 'cpu'"))))
