"""Generated speech: strings of spoken digits as log-mel spectrograms, by eSpeak NG."""

from __future__ import annotations

import ctypes.util
import json
import platform
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data import espeak_child
from workloads.data.cache import workspace
from workloads.data.command import CommandFailed, run
from workloads.data.log_mel import log_mel
from workloads.data.prepared import Arrays, content_hash, prepared
from workloads.data.pypi import wheel

PACKAGE, VERSION = "espeakng-loader", "0.2.4"
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "08721baf27d13d461f6be6eed9a65277e70d68234ff484fd8b9897b222cdcb6d",
    ),
    ("Linux", "aarch64"): ("manylinux_2_28_aarch64", "d1e798141b46a050cdb75fcf3c17db969bb2c40394f3f4a48910655d547508b9"),
    ("Darwin", "x86_64"): ("macosx_10_12_x86_64", "b77477ae2ddf62a748e04e49714eabb2f3a24f344166200b00539083bd669904"),
    ("Darwin", "arm64"): ("macosx_11_0_arm64", "d27cdca31112226e7299d8562e889d3e38a1e48055c9ee381b45d669072ee59f"),
}
"""Tag and SHA-256 by system and machine. All have eSpeak NG 1.52.0; only the first was tested."""
PREPARED = {
    "laptop": "e8213338d68bbc7342c6f54b54739906935fe0220f3010f0baa32c7a83de4cdf",
    "full": "099481d2d3be1aa23347ff8d03be2263b72197ac82dc789e1384248fb2b7a720",
}
"""SHA-256 of the arrays by size."""

PARTS = {"train": 6000, "validation": 1000, "test": 1000}
FRAMES, DIGITS = 96, 4
"""Longest utterance: frames of 10 ms, a multiple of 4, and digits."""

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = ("gmw/en", "gmw/en-US", "gmw/en-GB-scotland", "gmw/en-GB-x-rp")
NAMES = (
    "Alex Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Mario Michael Mike Nguyen Storm Tweaky "
    "UniRobot adam anika anikaRobot announcer antonio aunty belinda benjamin boris croak david ed edward edward2 f1 "
    "f4 grandma grandpa gustave ian iven iven2 iven3 iven4 john klatt klatt2 klatt3 klatt4 klatt5 klatt6 linda m1 m2 "
    "m3 m4 m5 m6 m7 m8 marcelo max michel miguel mike2 norbert pablo paul pedro quincy rob robert robosoft robosoft2 "
    "robosoft3 robosoft4 robosoft5 robosoft6 robosoft7 robosoft8 steph steph2 steph3"
)
VOICES = tuple(NAMES.split())
"""eSpeak NG's voice variants except those whose samples depend on the C library's rand(), and except nine whose loss under
networks trained on all voices was several times that of the others: a few voices would make up most of the loss."""
SNR = {"laptop": (-6.0, 14.0), "full": (-14.0, 6.0)}
"""Range of signal-to-noise ratios, decibels, by size; everything else is the same in both sizes."""
SILENCE = 64
"""Samples up to this magnitude are cut off before and after the utterance."""
HELD_OUT = 16
"""Number of voices in the validation part, and in the test part."""


def speech(directory: Path, size: str) -> Arrays:
    """Return a size's data: for each part of `PARTS`, {part_spectrograms, part_frames, part_labels, part_digits}.

    Spectrograms are uint8 [n, FRAMES, 40], zero after the utterance's `frames`, uint8 [n]; labels are uint8
    [n, DIGITS], digits from 1 (one) to 10 (zero), 0 after the utterance's `digits`, uint8 [n].

    The first call downloads the synthesiser and generates the speech in about 20 s; later ones read
    ``speech_{size}.npz`` in `directory`.

    Raises:
        DataUnavailable: there is no synthesiser here, or its speech differs from the data that define the workload.
    """
    return prepared(directory / f"speech_{size}.npz", PREPARED[size], lambda: _fetch(directory, size))


def _fetch(directory: Path, size: str) -> Arrays:
    reasons = []
    with workspace(directory) as scratch:
        for name, way in (("PyPI package", _from_wheel), ("the system's libespeak-ng", _from_system)):
            try:
                arrays = generate(*way(scratch), scratch, SNR[size])
            except (CommandFailed, DataUnavailable) as error:
                reasons.append(f"{name}: {error}")
                continue
            if content_hash(arrays) == PREPARED[size]:
                return arrays
            reasons.append(f"{name}: its speech differs from the data that define this workload")
    raise DataUnavailable(f"generated speech is not available ({'; '.join(reasons)})")


def _from_wheel(scratch: Path) -> tuple[str, str]:
    """Return library and data of the wheel for this system, unpacked in `scratch`."""
    here = platform.system(), platform.machine()
    if here not in WHEELS:
        raise CommandFailed(f"{PACKAGE} {VERSION} has no build for {' '.join(here)}")
    tag, sha256 = WHEELS[here]
    path = wheel(PACKAGE, VERSION, f"{PACKAGE.replace('-', '_')}-{VERSION}-py3-none-{tag}.whl", sha256, scratch)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(scratch)
    folder = scratch / "espeakng_loader"
    return str(min(folder.glob("libespeak-ng*"))), str(folder)


def _from_system(scratch: Path) -> tuple[str, str]:
    """Return the name of the installed library; it finds its data itself."""
    library = ctypes.util.find_library("espeak-ng")
    if library is None:
        raise CommandFailed("not installed")
    return library, ""


def generate(library: str, data: str, scratch: Path, snr: tuple[float, float]) -> Arrays:
    """Return the arrays of `speech`, spoken by this library; the same at every call.

    Raises:
        CommandFailed: the library cannot be loaded, or reports an error.
    """
    random = np.random.RandomState(0)
    voices = random.permutation(VOICES)
    of_part = {"validation": voices[:HELD_OUT], "test": voices[HELD_OUT : 2 * HELD_OUT], "train": voices[2 * HELD_OUT :]}
    jobs, strings = [], []
    for part, count in PARTS.items():
        for _ in range(count):
            digits = random.randint(0, 10, size=random.randint(2, DIGITS + 1))
            voice = f"{random.choice(ACCENTS)}+{random.choice(of_part[part])}"
            text = " ".join(WORDS[digit] for digit in digits)
            jobs.append((voice, text, int(random.randint(300, 381)), int(random.randint(0, 100)), int(random.randint(0, 100))))
            strings.append(digits)
    rate, waveforms = speak(library, data, scratch, jobs)
    if any(np.abs(waveform.astype(np.int64)).max(initial=0) <= SILENCE for waveform in waveforms):
        raise CommandFailed("an utterance is silent")
    spectrograms = np.zeros((len(jobs), FRAMES, 40), np.uint8)
    frames = np.zeros(len(jobs), np.uint8)
    labels = np.zeros((len(jobs), DIGITS), np.uint8)
    for i, (waveform, digits) in enumerate(zip(waveforms, strings, strict=True)):
        spectrogram = log_mel(_noisy(waveform, random, snr), rate)[:FRAMES]
        spectrograms[i, : len(spectrogram)] = spectrogram
        frames[i] = len(spectrogram)
        labels[i, : len(digits)] = np.where(digits == 0, 10, digits)
    arrays, start = {}, 0
    for part, count in PARTS.items():
        rows = slice(start, start + count)
        arrays[f"{part}_spectrograms"], arrays[f"{part}_frames"] = spectrograms[rows], frames[rows]
        arrays[f"{part}_labels"], arrays[f"{part}_digits"] = labels[rows], (labels[rows] > 0).sum(1).astype(np.uint8)
        start += count
    return arrays


def speak(
    library: str, data: str, scratch: Path, jobs: Sequence[tuple[str, str, int, int, int]]
) -> tuple[int, list[np.ndarray]]:
    """Return the sampling rate in Hz and the samples, int16, of each job, spoken by a child process."""
    order, output = scratch / "jobs.json", scratch / "samples"
    order.write_text(json.dumps(jobs), encoding="utf-8")
    report = run([sys.executable, espeak_child.__file__, library, data, str(order), str(output)], timeout=300)
    rate, *lengths = json.loads(report.strip().splitlines()[-1])
    samples = np.fromfile(output, np.int16)
    return rate, np.split(samples, np.cumsum(lengths)[:-1])


def _noisy(waveform: np.ndarray, random: np.random.RandomState, snr: tuple[float, float]) -> np.ndarray:
    """Return the utterance without surrounding silence, with white noise at a ratio drawn from `snr` (decibels), int64."""
    loud = np.flatnonzero(np.abs(waveform.astype(np.int64)) > SILENCE)
    speech = waveform[loud[0] : loud[-1] + 1].astype(np.int64)
    # Uniform noise of amplitude a has the variance a² / 3.
    level = 10 ** (-random.uniform(*snr) / 20)
    amplitude = int(level * (3 * (speech @ speech) / len(speech)) ** 0.5) + 1
    return speech + random.randint(-amplitude, amplitude + 1, size=len(speech))
