"""Classification of colour images with the standard augmentation."""

from __future__ import annotations

from typing import Any

from harness import Examples
from workloads.tasks.classification import Classification


class ColourImages(Classification):
    """Hooks of a workload on colour images, uint8 [n, 3, height, width]; put it before `Workload` among the bases.

    While a model trains, each image is shifted by up to `_padding` pixels and mirrored at random; draws come from
    torch's global generator, so the harness seeds them, and a second pass over a batch makes new draws. A model in
    evaluation mode gets unchanged images.
    """

    _mean: tuple[float, float, float]
    _deviation: tuple[float, float, float]
    """Of each colour over the training images, 0 to 255."""
    _padding: int

    def forward(self, model: Any, examples: Examples) -> Any:
        """Return logits [n, classes] of standardised images, which are shifted and mirrored while the model trains."""
        from workloads.models.augmentation import crop_and_flip

        images = examples["images"].float()
        images = (images - images.new_tensor(self._mean)[:, None, None]) / images.new_tensor(self._deviation)[:, None, None]
        return model(crop_and_flip(images, self._padding) if model.training else images)
