"""Properties of every built-in workload."""

import math
import subprocess
import sys

import pytest
import torch

from harness.registry import find_submission
from harness.trial.judging import evaluate
from tests.workloads.conftest import WORKLOADS

# (train, validation, test) as the docstrings state them.
SPLITS = {
    "adult_logreg": (32_561, 32_561, 16_281),
    "census_dlrm": (83_060, 20_480, 51_873),
    "digits_mlp": (1077, 360, 360),
    "fashion_mnist_mlp": (55_000, 5_000, 10_000),
    "fashion_mnist_resnet": (55_000, 5_000, 10_000),
    "fashion_mnist_vit": (55_000, 5_000, 10_000),
    "flights_dlrm": (278_227, 16_384, 32_735),
    "g2p_transformer": {"laptop": (45_072, 580, 623), "full": (86_843, 1_161, 1_198)},
    "mri_unet": (8_192, 512, 512),
    "qm9_gnn": (120_831, 5_000, 5_000),
    "shakespeare_lm": (125_410, 512, 10_265),
    "speech_conformer": (6_000, 1_000, 1_000),
    "speech_lstm": (6_000, 1_000, 1_000),
}
LAPTOP = {
    "adult_logreg",
    "census_dlrm",
    "fashion_mnist_mlp",
    "fashion_mnist_resnet",
    "fashion_mnist_vit",
    "flights_dlrm",
    "g2p_transformer",
    "mri_unet",
    "qm9_gnn",
    "shakespeare_lm",
    "speech_conformer",
    "speech_lstm",
}
FULL_ONLY = {"cifar10_resnet", "cifar100_wideresnet", "imagenet_resnet50", "text_lm"}
NO_TARGET = "no target at size full yet: `timetrial targets --suite full` sets them"
STEPS = {"smoke": 60, "laptop": 200, "full": 200}


def batch(examples, size):
    return {name: values[:size] for name, values in examples.items()}


def rows(examples):
    parts = [values.flatten(1) if values.ndim > 1 else values[:, None] for values in examples.values()]
    return {b"".join(row) for row in zip(*([r.tobytes() for r in part.numpy()] for part in parts), strict=True)}


def test_the_suites_are_the_documented_ones():
    sizes = {size: {name for name, cls in WORKLOADS.items() if size in cls.sizes} for size in ("smoke", "laptop", "full")}
    assert sizes == {"smoke": {"digits_mlp"}, "laptop": LAPTOP, "full": LAPTOP | FULL_ONLY}


def test_every_workload_has_a_held_out_variant_and_names_data_and_counterpart():
    for cls in WORKLOADS.values():
        assert cls.variants
        assert all((cls.data.source, cls.data.licence, cls.data.citation, cls.data.family, cls.summary, cls.algoperf))


def test_the_budget_holds_whole_steps_and_20_to_40_evaluations(workload):
    size = workload.size
    assert size.budget % size.batch_size == 0
    assert size.evaluation_period % size.batch_size == 0
    assert size.budget % size.evaluation_period == 0
    assert 20 <= size.budget // size.evaluation_period <= 40
    assert size.budget // size.batch_size >= STEPS[workload.size_name]


def test_an_evaluation_uses_256_to_1000_examples_at_full_size_all(base, loaded):
    available = len(next(iter(loaded(base)["validation"].values())))
    if base.size_name == "full" or base.name == "adult_logreg":  # its validation part is the training part
        assert base.size.validation_examples == 0
    elif base.data.family in ("census", "flights"):  # examples are noisy and cheap there
        assert base.size.validation_examples == 10_240
    elif base.name == "fashion_mnist_mlp":  # likewise
        assert base.size.validation_examples == 2560
    else:
        assert 256 <= (base.size.validation_examples or available) <= min(1000, available)


def test_the_reference_recipe_states_every_hyperparameter(workload):
    if math.isnan(workload.size.target):
        pytest.skip(NO_TARGET)
    reference = workload.size.reference
    recipe = find_submission(reference.optimizer).optimizer
    assert set(reference.hyperparameters) | {"learning_rate", "clip"} == set(recipe.defaults)
    assert 0 <= reference.warmup <= 0.1


def test_the_split_has_the_stated_sizes(base, loaded):
    data = loaded(base)
    assert list(data) == ["train", "validation", "test"]
    sizes = SPLITS[base.name]
    for examples, size in zip(data.values(), sizes[base.size_name] if isinstance(sizes, dict) else sizes, strict=True):
        assert {len(values) for values in examples.values()} == {size}


def test_no_example_is_in_two_parts(base, loaded):
    """The sources themselves have equal examples (duplicates in Fashion-MNIST, stock phrases): at most one in a thousand."""
    if base.name == "adult_logreg":
        pytest.skip("judged on its training set, by design")
    if base.name == "census_dlrm":
        pytest.skip("people with equal answers are many in the census")
    data = loaded(base)
    sample = {part: rows(batch(examples, 20_000)) for part, examples in data.items()}
    for part, other in (("validation", "train"), ("test", "train"), ("test", "validation")):
        assert len(sample[part] & sample[other]) <= len(sample[part]) / 1000


def test_an_untrained_model_has_about_the_trivial_metric(workload, loaded):
    torch.manual_seed(0)
    model = workload.build_model().eval()
    examples = batch(loaded(workload)["validation"], 256)
    with torch.no_grad():
        metrics = workload.example_metrics(workload.forward(model, examples), examples)
    assert {name: values.shape for name, values in metrics.items()} == dict.fromkeys(metrics, (256,))
    limit = 0 if workload.name == "adult_logreg" else 256  # the logarithm of the gap needs all examples
    found = evaluate(workload, model, loaded(workload)["validation"], limit)
    assert found[workload.metric] == pytest.approx(workload.trivial_metric(), rel=0.03)


def test_the_target_is_better_than_trivial(workload):
    if workload.size_name == "full" and math.isnan(workload.size.target):
        pytest.skip(NO_TARGET)
    assert math.isfinite(workload.size.target)
    assert workload.size.target < workload.trivial_metric()


def test_the_model_has_the_stated_number_of_parameters(base):
    assert sum(p.numel() for p in base.build_model().parameters()) == base.size.parameters


def test_one_gradient_step_changes_every_parameter(workload, loaded):
    torch.manual_seed(0)
    model = workload.build_model()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    size = min(workload.size.batch_size, 64)
    examples = batch(loaded(workload)["train"], size)
    losses = workload.example_losses(workload.forward(model, examples), examples)
    assert losses.shape == (size,)
    losses.mean().backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert sorted(set(before) - moved) == []


def test_a_model_sees_no_character_that_it_predicts(loaded):
    workload = WORKLOADS["shakespeare_lm"]("laptop")
    model = workload.build_model().eval()
    examples = batch(loaded(workload)["validation"], 4)
    changed = {"characters": examples["characters"].clone()}
    changed["characters"][:, 10:] = 0
    with torch.no_grad():
        one, two = workload.forward(model, examples), workload.forward(model, changed)
    assert torch.equal(one[:, :10], two[:, :10])
    assert not torch.equal(one[:, 10:], two[:, 10:])


def test_a_variant_is_another_model_with_a_target_of_its_own(base):
    for variant in type(base).variants:
        other = type(base)(base.size_name, variant)
        assert other.size.model != base.size.model
        assert other.size.target != base.size.target or math.isnan(base.size.target)
        other.build_model()


def test_every_workload_module_imports_without_torch():
    modules = sorted({cls.__module__ for cls in WORKLOADS.values()})
    code = f"import sys; sys.modules['torch'] = None\nfor name in {modules}: __import__(name); print(name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == modules, done.stderr
