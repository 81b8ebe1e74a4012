"""What every built-in workload promises."""

import subprocess
import sys

import pytest
import torch

SPLITS = {
    "digits_mlp": (1077, 360, 360),
    "fashion_mnist_resnet": (50_000, 10_000, 10_000),
    "shakespeare_lm": (125_410, 12_703, 10_265),
}
STEPS = {"smoke": 60, "laptop": 200}


def batch(examples, size):
    return {name: values[:size] for name, values in examples.items()}


def rows(examples):
    return {values.tobytes() for values in next(iter(examples.values())).flatten(1).numpy()}


def test_the_budget_holds_whole_steps_and_20_to_40_evaluations(workload):
    size = workload.settings
    assert size.budget % size.batch_size == 0
    assert size.evaluation_period % size.batch_size == 0
    assert size.budget % size.evaluation_period == 0
    assert 20 <= size.budget // size.evaluation_period <= 40
    assert size.budget // size.batch_size >= STEPS[workload.size_name]


def test_an_evaluation_uses_256_to_1000_examples(workload, loaded):
    available = len(next(iter(loaded(workload)["validation"].values())))
    assert 256 <= (workload.settings.validation_examples or available) <= min(1000, available)


def test_the_reference_recipe_states_all_of_adamw(workload):
    reference = workload.settings.reference
    assert reference.optimizer == "adamw"
    assert set(reference.hyperparameters) == {"weight_decay", "beta1", "beta2", "epsilon"}
    assert 0 <= reference.warmup <= 0.1


def test_the_split_has_the_stated_sizes(workload, loaded):
    data = loaded(workload)
    assert list(data) == ["train", "validation", "test"]
    for examples, size in zip(data.values(), SPLITS[workload.name], strict=True):
        assert {len(values) for values in examples.values()} == {size}


def test_no_example_is_in_two_parts(workload, loaded):
    """Equal rows exist in the sources themselves (Fashion-MNIST's duplicates, stock phrases): at most one in a thousand."""
    parts = [rows(examples) for examples in loaded(workload).values()]
    for i, one in enumerate(parts):
        for other in parts[:i]:
            assert len(one & other) <= len(other) / 1000


def test_an_untrained_model_is_about_trivial(workload, loaded):
    torch.manual_seed(0)
    model = workload.build_model()
    examples = batch(loaded(workload)["validation"], 256)
    with torch.no_grad():
        metric = workload.example_metrics(workload.forward(model, examples), examples)[workload.metric]
    assert metric.shape == (256,)
    assert metric.mean().item() == pytest.approx(workload.trivial_metric(), rel=0.03)
    assert workload.settings.target < 0.7 * workload.trivial_metric()


def test_one_gradient_step_changes_every_parameter(workload, loaded):
    torch.manual_seed(0)
    model = workload.build_model()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    examples = batch(loaded(workload)["train"], workload.settings.batch_size)
    losses = workload.example_losses(workload.forward(model, examples), examples)
    assert losses.shape == (workload.settings.batch_size,)
    losses.mean().backward()
    torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0).step()
    assert [name for name, p in model.named_parameters() if torch.equal(p, before[name])] == []


def test_a_model_sees_no_character_that_it_predicts(loaded):
    from workloads.shakespeare_lm import ShakespeareLm

    workload = ShakespeareLm("laptop")
    model = workload.build_model().eval()
    examples = batch(loaded(workload)["validation"], 4)
    changed = {"characters": examples["characters"].clone()}
    changed["characters"][:, 10:] = 0
    with torch.no_grad():
        one, two = workload.forward(model, examples), workload.forward(model, changed)
    assert torch.equal(one[:, :10], two[:, :10])
    assert not torch.equal(one[:, 10:], two[:, 10:])


def test_a_variant_is_another_model_with_a_target_of_its_own(workload):
    base = type(workload)(workload.size_name)
    for variant in type(workload).variants:
        other = type(workload)(workload.size_name, variant)
        assert other.settings.model != base.settings.model
        assert other.settings.target != base.settings.target
        other.build_model()


@pytest.mark.parametrize("module", ["digits_mlp", "fashion_mnist_resnet", "shakespeare_lm"])
def test_a_workload_module_imports_without_torch(module):
    code = f"import sys; sys.modules['torch'] = None; import workloads.{module} as m; print(m.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"workloads.{module}", done.stderr
