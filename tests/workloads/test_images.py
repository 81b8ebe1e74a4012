"""Models and augmentation of the image workloads, and what they share."""

import pytest
import torch

from harness.registry import find_workload
from workloads.models.augmentation import crop_and_flip
from workloads.models.resnet import ResNet
from workloads.models.vision_transformer import VisionTransformer
from workloads.models.wide_resnet import WideResNet

IMAGES = [
    (name, size)
    for name, sizes in {
        "fashion_mnist_mlp": ("laptop", "full"),
        "fashion_mnist_vit": ("laptop", "full"),
        "fashion_mnist_resnet": ("laptop", "full"),
        "cifar10_resnet": ("full",),
        "cifar100_wideresnet": ("full",),
        "imagenet_resnet50": ("full",),
    }.items()
    for size in sizes
]


def colour_batch(count=4, classes=10, side=32):
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8)
    return {"images": images, "labels": torch.randint(classes, (count,))}


@pytest.mark.parametrize(("name", "size"), IMAGES)
def test_the_stated_number_of_parameters_is_the_models(name, size):
    for variant in ("", *type(find_workload(name, size)).variants):
        workload = find_workload(name, size, variant)
        with torch.device("meta"):
            model = workload.build_model()
        assert sum(p.numel() for p in model.parameters()) == workload.size.parameters


def test_the_fashion_mnist_workloads_share_one_split(loaded):
    for name in ("fashion_mnist_mlp", "fashion_mnist_vit", "fashion_mnist_resnet"):
        workload = find_workload(name, "laptop")
        assert workload.data.family == "fashion_mnist"
        data = loaded(workload)
        assert [tuple(part["images"].shape) for part in data.values()] == [(n, 28, 28) for n in (55_000, 5_000, 10_000)]
        counts = data["validation"]["labels"][: workload.size.validation_examples].bincount()
        assert counts.min() > 0.05 * counts.sum()


def test_patches_are_taken_row_by_row():
    model = VisionTransformer(classes=10, channels=2, size=4, patch=2, width=8, heads=2)
    images = torch.arange(32.0).view(1, 2, 4, 4)
    patches = model._patches(images)
    assert patches[0, 1].tolist() == [2, 3, 6, 7, 18, 19, 22, 23]
    assert patches.shape == (1, 4, 8)


@pytest.mark.parametrize("stem", [0, 3])
def test_the_output_of_a_vision_transformer_depends_on_patch_positions(stem):
    torch.manual_seed(0)
    model = VisionTransformer(classes=10, stem=stem)
    images = torch.randn(2, 1, 28, 28)
    assert model(images).shape == (2, 10)
    assert not torch.allclose(model(images), model(images.roll(7, -1)), atol=1e-6)


def test_a_bottleneck_stage_and_a_plain_one_give_the_stated_shapes():
    images = torch.randn(2, 3, 32, 32)
    bottleneck = ResNet(5, 3, (16, 32), (2, 1), stem=(8, 7, 2), pool=True, bottleneck=True, projection=True)
    assert bottleneck.blocks(bottleneck.stem(images)).shape == (2, 32, 4, 4)
    plain = ResNet(5, 3, (8, 16), stem=(8, 3, 1))
    assert plain.blocks(plain.stem(images)).shape == (2, 16, 16, 16)
    assert WideResNet(7, 10, 1)(images).shape == (2, 7)
    with pytest.raises(ValueError, match="6 n \\+ 4, not 17"):
        WideResNet(7, 17)


def test_a_crop_is_a_shift_of_the_padded_image_mirrored_or_not():
    torch.manual_seed(0)
    images = torch.rand(40, 3, 5, 6) + 1
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    changed = crop_and_flip(images, padding=2)
    found = set()
    for image, large in zip(changed, padded, strict=True):
        places = [
            (top, left, mirrored)
            for top in range(5)
            for left in range(5)
            for mirrored in (False, True)
            if torch.equal(image.flip(-1) if mirrored else image, large[:, top : top + 5, left : left + 6])
        ]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 20
    assert {mirrored for *_, mirrored in found} == {False, True}


@pytest.mark.parametrize("name", ["cifar10_resnet", "cifar100_wideresnet"])
def test_augmentation_is_seeded_and_an_evaluation_draws_nothing(name):
    workload = find_workload(name, "full")
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, images):
            seen.append(images)
            return images

    model, examples = Spy(), colour_batch()
    for _ in range(2):
        torch.manual_seed(1)
        workload.forward(model, examples)
    workload.forward(model, examples)
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[1], seen[2])
    state = torch.get_rng_state()
    workload.forward(model.eval(), examples)
    assert torch.equal(torch.get_rng_state(), state)
    back = seen[3] * torch.tensor(workload._deviation)[:, None, None] + torch.tensor(workload._mean)[:, None, None]
    torch.testing.assert_close(back, examples["images"].float(), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "classes", "side"), [("cifar10_resnet", 10, 32), ("cifar100_wideresnet", 100, 32), ("imagenet_resnet50", 1000, 64)]
)
def test_a_gpu_workload_takes_a_step_on_a_cpu_in_its_precision(name, classes, side):
    torch.manual_seed(0)
    workload = find_workload(name, "full")
    model, examples = workload.build_model(), colour_batch(4, classes, side)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with torch.autocast("cpu", torch.bfloat16):
        losses = workload.example_losses(workload.forward(model, examples), examples)
    assert losses.shape == (4,)
    assert losses.dtype == torch.float32
    assert losses.mean().item() == pytest.approx(workload.trivial_metric(), rel=0.03)
    losses.mean().backward()
    torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.0).step()
    assert [name for name, p in model.named_parameters() if torch.equal(p, before[name])] == []
