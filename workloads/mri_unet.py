"""MRI reconstruction: a U-Net that corrects brain images computed from a quarter of k-space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import DataFacts, Examples, Size, Workload
from workloads.data.mni_slices import SIDE, mni_slices
from workloads.tasks.label_smoothing import refuse_label_smoothing
from workloads.tasks.reconstruction import kept_columns, ssim, zero_filled

LEAST_DEVIATION = 0.01
"""Added to the standard deviation of an input (of range 1), so that a black image can be divided by it."""

ZERO_FILLED = {"laptop": 0.39011, "full": 0.33582}
"""Mean absolute error of the inputs themselves on the size's validation examples; a test computes it."""


class MriUnet(Workload):
    """Undersampled MRI (MNI152 T1 template, 4x fewer k-space lines), U-Net, mean absolute error.

    Images are crops of slices of one averaged brain in three planes, rotated, mirrored and with a random gamma. The split
    is by axial slabs of the volume: z = 62 to 71 mm for validation, 76 to 85 for the test (both axial slices only), 2 to 57
    and 90 to 149 for training. At least 4 slices lie between two parts, but they show the same smooth brain: the validation
    part measures how well the training examples are learnt, not generalisation to other brains. Of the Fourier transform
    of an image (of range 1) along its width, the 8 % of columns at the lowest frequencies and others drawn once per image
    are kept, a quarter in all; the magnitude of the inverse transform is the input. Input and target are shifted and
    scaled by the input's mean and standard deviation, and the error is measured in these units, as in fastMRI.

    Unlike AlgoPerf's U-Net this one treats squares of 4x4 pixels as channels, for speed, and has no instance
    normalisation, which would make the loss independent of the scale of the weights: AdamW would then be as good at ten
    times its best rate. The held-out variant has it.
    """

    name = "mri_unet"
    algoperf = "fastmri"
    metric = "l1"
    data = DataFacts(
        source="ICBM152 2009a T1 template at 1 mm, a file in the PyPI package nilearn 0.14.1; k-space is computed from it",
        licence="BSD-3-Clause (package); the package states no licence of the template",
        citation="Fonov et al. 2011, doi:10.1016/j.neuroimage.2010.07.033; Zbontar et al. 2018, arXiv:1811.08839 (the task)",
        family="mri",
    )
    sizes = {
        "laptop": Size(
            batch_size=32,
            budget=340 * 32,
            evaluation_period=17 * 32,
            validation_examples=256,
            parameters=27664,
            model={"side": 32, "width": 16, "depth": 1, "patch": 4, "activation": "leaky_relu", "norm": "none"},
        ),
        "full": Size(
            batch_size=32,
            budget=800 * 32,
            evaluation_period=40 * 32,
            parameters=470032,
            model={"side": 48, "width": 32, "depth": 2, "patch": 4, "activation": "leaky_relu", "norm": "none"},
        ),
    }
    variants = {"tanh": {"model": {"activation": "tanh"}}, "instance_norm": {"model": {"norm": "instance"}}}

    def load(self, directory: Path) -> dict[str, Examples]:
        """Return inputs and targets, float32 [n, side, side], and each input's mean and deviation, float32 [n]."""
        side = self.size.model["side"]
        edge = (SIDE - side) // 2
        parts = {part: images[:, edge : edge + side, edge : edge + side] for part, images in mni_slices(directory).items()}
        return {part: _examples(images, seed) for seed, (part, images) in enumerate(parts.items())}

    def build_model(self) -> Any:
        """Return the U-Net."""
        from workloads.models.unet import UNet

        return UNet(**{name: value for name, value in self.size.model.items() if name != "side"})

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return reconstructed images [n, side, side], normalised."""
        return model(examples["inputs"].unsqueeze(1)).squeeze(1)

    def example_losses(self, outputs: Any, examples: Examples, label_smoothing: float = 0.0) -> Any:
        """Return each image's mean absolute error, in standard deviations of its input, [n]."""
        refuse_label_smoothing(label_smoothing, "the mean absolute error")
        return (outputs - examples["targets"]).abs().mean((1, 2))

    def example_metrics(self, outputs: Any, examples: Examples) -> dict[str, Any]:
        """Return the mean absolute error and, beside it, the structural similarity in the images' original range of 1."""
        mean, deviation = examples["means"].view(-1, 1, 1), examples["deviations"].view(-1, 1, 1)
        similarity = ssim(outputs * deviation + mean, examples["targets"] * deviation + mean)
        return {"l1": self.example_losses(outputs, examples), "ssim": similarity}

    def trivial_metric(self) -> float:
        """Return the error of the inputs, the zero-filled images."""
        return ZERO_FILLED[self.size_name]


def _examples(images: Any, seed: int) -> Mapping[str, Any]:
    """Return the examples of images, uint8 [n, side, side]."""
    import torch

    kept = torch.from_numpy(kept_columns(len(images), images.shape[2], seed))
    targets = torch.from_numpy(images).float() / 255
    inputs = zero_filled(targets, kept)
    deviations, means = torch.std_mean(inputs, (1, 2))
    deviations = deviations + LEAST_DEVIATION
    inputs, targets = ((values - means.view(-1, 1, 1)) / deviations.view(-1, 1, 1) for values in (inputs, targets))
    return {"inputs": inputs, "targets": targets, "means": means, "deviations": deviations}
