"""Log-mel spectrograms of speech."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.sparse import csr_array

WINDOW, TRANSFORM, BANDS = 512, 1024, 40
"""Samples of the Hann window, of the zero-padded Fourier transform; mel bands."""
LOW, HIGH = 60.0, 8000.0
"""Edges of the lowest and the highest band, Hz."""
STEPS_PER_DECIBEL = 1.75
"""Resolution of the quantised spectrogram: 0 stands for 0 dB or less, 255 for 145.7 dB re one squared unit."""


def log_mel(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the quantised log-mel spectrogram, uint8 [frames, 40], a frame per 10 ms; none if shorter than a window.

    The quantisation is coarse, so that the results do not depend on a CPU's rounding.
    """
    hop = rate // 100
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), WINDOW)[::hop]
    spectrum = np.fft.rfft(frames * np.hanning(WINDOW), TRANSFORM)
    power = spectrum.real**2 + spectrum.imag**2
    decibels = 10 * np.log10(np.maximum((_sparse(rate) @ power.T).T / TRANSFORM, 1.0))
    return np.minimum(np.rint(STEPS_PER_DECIBEL * decibels), 255).astype(np.uint8)


@cache
def _sparse(rate: int) -> csr_array:
    # Most weights are 0; and unlike a dense product this one starts no threads, which wait for each other on a busy machine.
    return csr_array(mel_filters(rate))


def mel_filters(rate: int) -> np.ndarray:
    """Return triangular filters [40, 513] that overlap by half, their edges equally spaced in mel.

    mel(f) = 2595 log10(1 + f / 700), O'Shaughnessy 1987, as the HTK book (Young et al. 2006, section 5.4) uses it.
    """
    mel = np.linspace(*(2595 * np.log10(1 + np.array([LOW, HIGH]) / 700)), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    frequencies = np.arange(TRANSFORM // 2 + 1) * rate / TRANSFORM
    left, centre, right = (edges[i : i + BANDS, None] for i in range(3))
    return np.clip(np.minimum((frequencies - left) / (centre - left), (right - frequencies) / (right - centre)), 0, None)
