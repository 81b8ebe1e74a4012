"""Modules by names of AlgoPerf and of absl: what submissions use of them is there."""

import pytest

from harness.registry import find_submission
from tests.compat.submissions.written import IMPORTS, metrics, planned, ran, updating, written

USES = {
    "both spellings are one package": """
import algorithmic_efficiency
from algorithmic_efficiency import data_utils, pytorch_utils, random_utils
from algorithmic_efficiency.spec import ForwardPassMode
assert ForwardPassMode.TRAIN is spec.ForwardPassMode.TRAIN and algorithmic_efficiency.spec is spec
""",
    "spec": """
assert {kind.name for kind in spec.ForwardPassMode} == {"TRAIN", "EVAL"}
assert {"SOFTMAX_CROSS_ENTROPY", "SIGMOID_CROSS_ENTROPY", "MEAN_ABSOLUTE_ERROR", "CTC_LOSS"} <= {k.name for k in spec.LossType}
assert {"WEIGHT", "BIAS", "CONV_WEIGHT", "EMBEDDING", "BATCH_NORM_SCALE"} <= {kind.name for kind in spec.ParameterType}
assert issubclass(spec.TrainingCompleteError, Exception) and spec.ShapeTuple((2, 3)).shape_tuple == (2, 3)
def annotated(workload: spec.Workload, rng: spec.RandomState, state: spec.OptimizerState, batch: spec.Tensor,
              params: spec.ParameterContainer, types: spec.ParameterTypeTree, values: spec.Hyperparameters,
              model_state: spec.ModelAuxiliaryState) -> spec.UpdateReturn: ...
""",
    "data_utils": """
import numpy as np
from algoperf import data_utils
assert data_utils.pad(np.ones((2, 3)), 1).shape == (3, 3) and data_utils.pad(np.ones((2, 3)), 1, 7)[-1].tolist() == [7] * 3
assert data_utils.shard({"x": 1}) == {"x": 1}
""",
    "pytorch_utils": """
from algoperf import pytorch_utils
norm = torch.nn.BatchNorm1d(2)
layers = torch.nn.Sequential(norm, torch.nn.Linear(2, 2))
for _ in range(2):
    layers.apply(lambda m: pytorch_utils.update_batch_norm_fn(m, False))
layers(torch.ones(4, 2)); assert norm.running_mean.sum() == 0
layers.apply(lambda m: pytorch_utils.update_batch_norm_fn(m, True))
layers(torch.ones(4, 2)); assert norm.running_mean.sum() > 0
assert pytorch_utils.sync_ddp_time(3.5, "cpu") == 3.5 and pytorch_utils.pytorch_setup()[0] is False
""",
    "absl": """
from absl import flags, logging
flags.DEFINE_integer("width", 3, "")
assert flags.FLAGS.width == 3 and "width" in flags.FLAGS and flags.FLAGS.framework == "pytorch"
logging.info("%d) loss = %0.3f", 1, 0.5); logging.warning("w"); logging.log_first_n(logging.INFO, "x", 1)
logging.set_verbosity(0)
try:
    flags.FLAGS.height
except AttributeError as error:
    assert "--height" in str(error)
else:
    raise AssertionError
""",
}


@pytest.mark.parametrize("name", USES)
def test_what_submissions_use_is_there(tmp_path, name):
    assert find_submission(written(tmp_path / "entry", imports=IMPORTS + USES[name])).kind == "procedure"


def test_the_model_state_and_the_optimizer_state_come_back_as_they_were_returned(tmp_path):
    update = updating("""
assert model_state == (None if global_step == 0 else {"step": global_step - 1}), model_state
assert optimizer_state.get("seen", -1) == global_step - 1
loss_of(workload, model, batch, rng).backward(); optimizer.step(); optimizer.zero_grad()
optimizer_state, model_state = {**optimizer_state, "seen": global_step}, {"step": global_step}
""")
    metrics(ran(written(tmp_path / "entry", update=update)))


def test_external_takes_five_of_the_listed_points_and_self_tuning_the_first(tmp_path):
    name = written(tmp_path / "entry", [{"rate": rate} for rate in range(7)])
    assert [spec.hyperparameters["rate"] for spec in planned(name, "external")] == [0, 1, 2, 3, 4]
    assert len(planned(name)) == 1 and find_submission(name).defaults["rate"] == 0
