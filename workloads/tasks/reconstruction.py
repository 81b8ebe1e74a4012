"""Reconstruction of magnetic resonance images from undersampled k-space: the inputs, and the metric SSIM."""

from __future__ import annotations

from typing import Any

import numpy as np

CENTRE, ACCELERATION = 0.08, 4
"""Of n columns of k-space the round(CENTRE · n) at the lowest frequencies are always kept, and n / ACCELERATION in all."""

WINDOW, K1, K2 = 7, 0.01, 0.03
"""SSIM's window, pixels, and constants (Wang et al. 2004, doi:10.1109/TIP.2003.819861); the window is uniform as fastMRI's."""


def kept_columns(count: int, columns: int, seed: int) -> np.ndarray:
    """Return which columns of k-space each of `count` images keeps, bool [count, columns], zero frequency first.

    The columns of lowest frequency, and others drawn uniformly by NumPy's legacy generator until `columns` / ACCELERATION
    are kept.
    """
    frequency = np.abs(np.fft.fftfreq(columns) - 1e-9)  # the shift decides between +f and -f
    order = np.random.RandomState(seed).random_sample((count, columns))
    order[:, np.argsort(frequency)[: round(CENTRE * columns)]] = -1.0
    return order.argsort(axis=1).argsort(axis=1) < columns // ACCELERATION


def zero_filled(images: Any, kept: Any) -> Any:
    """Return magnitudes [n, h, w] of the images whose k-space has the columns not in `kept` [n, w] set to 0.

    Whole columns are kept or dropped, so that a transform along the width is enough.
    """
    from torch.fft import fft, ifft

    return ifft(fft(images) * kept.unsqueeze(1)).abs()


def ssim(images: Any, others: Any) -> Any:
    """Return the structural similarity of images [n, h, w] of range 1, averaged over all windows, [n].

    Variances and covariances are sample ones (divided by 48), as in fastMRI.
    """
    import torch

    maps = torch.stack((images, others, images * images, others * others, images * others))
    a, b, aa, bb, ab = (_window_means(maps.shape[-2]).T @ maps @ _window_means(maps.shape[-1])).unbind()
    sample = WINDOW**2 / (WINDOW**2 - 1)
    c1, c2 = K1**2, K2**2
    squares, product = a * a + b * b, a * b
    luminance = (2 * product + c1) / (squares + c1)
    structure = (2 * sample * (ab - product) + c2) / (sample * (aa + bb - squares) + c2)
    return (luminance * structure).mean((1, 2))


def _window_means(length: int) -> Any:
    """Return the matrix [length, length - 6] of all window means; on a CPU four times as fast as pooling."""
    import torch

    offsets = torch.arange(length)[:, None] - torch.arange(length - WINDOW + 1)
    return ((offsets >= 0) & (offsets < WINDOW)).float() / WINDOW
