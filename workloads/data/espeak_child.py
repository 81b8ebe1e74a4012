"""A program that speaks utterances with eSpeak NG's shared library and writes 16-bit samples; run as a child process.

The library has global state and may crash, so no process of the harness loads it. The program imports only the standard
library: it is run by its path.
"""

from __future__ import annotations

import ctypes
import json
import sys
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

SYNCHRONOUS = 2
UTF8 = 1
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
"""Constants of ``speak_lib.h``: output mode, text encoding, and parameters (words per minute; 0 to 200; 0 to 99; 0 to 100)."""

RECEIVER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class CannotSpeak(Exception):
    """The library reported an error; the message is one line."""


def utterances(library: str, data: str, jobs: Iterable[tuple[str, str, int, int, int]]) -> Iterator[array[int]]:
    """Yield first [sampling rate], then the samples of every job (voice, text, rate, pitch, pitch range).

    Args:
        library: path or name of ``libespeak-ng``.
        data: folder that holds ``espeak-ng-data``; empty for the library's own.
        jobs: spoken one after another.

    Raises:
        CannotSpeak: no such library, data or voice.
    """
    try:
        speech = ctypes.CDLL(library)
    except OSError as error:
        raise CannotSpeak(f"error: {error}") from error
    sampling_rate = speech.espeak_Initialize(SYNCHRONOUS, 200, data.encode() or None, 0)
    if sampling_rate <= 0:
        raise CannotSpeak(f"error: eSpeak NG does not start with the data in {data or 'its own folder'}")
    yield array("i", [sampling_rate])
    samples = array("h")

    def receive(waveform: ctypes._Pointer[ctypes.c_short], count: int, events: int | None) -> int:
        if waveform and count > 0:
            samples.frombytes(ctypes.string_at(waveform, 2 * count))
        return 0

    receiver = RECEIVER(receive)
    speech.espeak_SetSynthCallback(receiver)
    for voice, text, rate, pitch, pitch_range in jobs:
        if speech.espeak_SetVoiceByName(voice.encode()):
            raise CannotSpeak(f"error: eSpeak NG has no voice {voice}")
        for parameter, value in ((RATE, rate), (VOLUME, 100), (PITCH, pitch), (RANGE, pitch_range)):
            speech.espeak_SetParameter(parameter, value, 0)
        content = text.encode()
        speech.espeak_Synth(content, ctypes.c_size_t(len(content) + 1), 0, 1, 0, UTF8, None, None)
        speech.espeak_Synchronize()
        yield samples
        samples = array("h")


def main(library: str, data: str, jobs: str, output: str) -> None:
    """Speak the jobs of a JSON file; write their samples one after another, and print [sampling rate, lengths...] as JSON."""
    rate_and_lengths: list[int] = []
    with Path(output).open("wb") as file:
        for samples in utterances(library, data, json.loads(Path(jobs).read_text(encoding="utf-8"))):
            if not rate_and_lengths:
                rate_and_lengths.append(samples[0])
                continue
            rate_and_lengths.append(len(samples))
            samples.tofile(file)
    print(json.dumps(rate_and_lengths))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CannotSpeak as reason:
        sys.exit(str(reason))
