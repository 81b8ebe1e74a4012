"""Random changes to a batch of images, drawn from torch's global generator, which the harness seeds."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def crop_and_flip(images: Tensor, padding: int = 4) -> Tensor:
    """Return each image shifted by up to `padding` pixels in each direction, filled with zeros, and mirrored at random.

    [n, channels, height, width] -> the same shape; every image has its own draws. He et al. 2016
    (arXiv:1512.03385), section 4.2.
    """
    count, channels, height, width = images.shape
    place = images.device
    top, left = torch.randint(2 * padding + 1, (2, count, 1), device=place)
    rows, columns = top + torch.arange(height, device=place), torch.arange(width, device=place).expand(count, width)
    mirrored = torch.rand(count, 1, device=place) < 0.5
    columns = left + torch.where(mirrored, width - 1 - columns, columns)
    which = torch.arange(count, device=place)[:, None, None, None]
    channel = torch.arange(channels, device=place)[:, None, None]
    return pad(images, (padding,) * 4)[which, channel, rows[:, None, :, None], columns[:, None, None, :]]
