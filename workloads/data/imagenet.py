"""ImageNet from a local folder, prepared once as flat files of small square images that are mapped into memory."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import disk_errors_as_unavailable, replacing

CHUNK = 1024
"""How many images are decoded, written and flushed together."""

Prepared = dict[str, tuple[Path, np.ndarray]]
Listing = list[tuple[Path, int]]


def source_directory(directory: Path) -> Path:
    """Return where ImageNet is: ``TIMETRIAL_IMAGENET``, else ``imagenet`` in `directory`."""
    chosen = os.environ.get("TIMETRIAL_IMAGENET")
    return Path(chosen).expanduser() if chosen else directory / "imagenet"


def imagenet(directory: Path, resolution: int, held_out: int, classes: int) -> Prepared:
    """Return {"train", "validation", "test": (file, labels)}: uint8 [n, 3, resolution, resolution], int64 [n].

    The first call reads the folders ``train`` and ``val`` of class folders and writes flat files (1.33 million images of
    128x128 take 66 GB) into ``imagenet_<resolution>`` in `directory`. An interrupted call is continued where it stopped;
    of two simultaneous calls the second waits. Later calls need only the flat files, and check their sizes but not
    their content.

    Args:
        directory: where the data sets are.
        resolution: height and width; the shorter side is scaled to it, and the middle square is kept.
        held_out: how many training images, in a fixed permutation, are for validation.
        classes: how many class folders there must be.

    Raises:
        DataUnavailable: no such folders, an image that cannot be read, a full disk.
    """
    place = directory / f"imagenet_{resolution}"
    with disk_errors_as_unavailable(place):
        found = _prepared(place, resolution)
        if found is None:
            train, test = _listing(source_directory(directory), classes)
            if len(train) <= held_out:
                raise DataUnavailable(f"ImageNet's training part has {len(train)} images: too few to hold out {held_out}")
            order = np.random.RandomState(0).permutation(len(train))
            validation, rest = ([train[i] for i in part] for part in (order[:held_out], order[held_out:]))
            with _alone(place):
                found = _prepared(place, resolution) or _prepare(
                    place, resolution, {"train": rest, "validation": validation, "test": test}
                )
    return found


def _prepared(place: Path, resolution: int) -> Prepared | None:
    """Return what `_prepare` wrote, or None where it is not complete."""
    try:
        with np.load(place / "labels.npz", allow_pickle=False) as archive:
            labels = {part: archive[part] for part in ("train", "validation", "test")}
        sizes = [(place / f"{part}.u8").stat().st_size for part in labels]
    except (OSError, EOFError, ValueError, KeyError):
        return None
    if sizes != [len(each) * 3 * resolution**2 for each in labels.values()]:
        return None
    return {part: (place / f"{part}.u8", each) for part, each in labels.items()}


def _prepare(place: Path, resolution: int, parts: dict[str, Listing]) -> Prepared:
    """Write the flat files, then the labels: a file of labels means that all is complete."""
    digest = hashlib.sha256(json.dumps([[f"{p.parent.name}/{p.name}" for p, _ in each] for each in parts.values()]).encode())
    stamp = place / "listing.sha256"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        for path in place.glob("*.u8*"):
            path.unlink()
        with replacing(stamp) as temporary:
            temporary.write_text(digest.hexdigest())
    for part, listing in parts.items():
        _write(place / f"{part}.u8", [path for path, _ in listing], resolution)
    labels = {part: np.array([label for _, label in listing], np.int64) for part, listing in parts.items()}
    with replacing(place / "labels.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, **labels)
    return {part: (place / f"{part}.u8", each) for part, each in labels.items()}


def _write(path: Path, images: Sequence[Path], resolution: int) -> None:
    """Write the images one after another, after those that an interrupted call has completed."""
    size = 3 * resolution**2
    if path.exists() and path.stat().st_size == len(images) * size:
        return
    half = path.with_suffix(".u8.part")
    half.touch()
    done = half.stat().st_size // size
    with half.open("r+b") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
        file.truncate(done * size)
        file.seek(done * size)
        for start in range(done, len(images), CHUNK):
            for pixels in pool.map(lambda image: _pixels(image, resolution), images[start : start + CHUNK]):
                file.write(pixels)
            file.flush()
            os.fsync(file.fileno())
    half.replace(path)


def _pixels(path: Path, resolution: int) -> bytes:
    """Return the middle square of an image, its side scaled to `resolution`, as bytes [3, resolution, resolution]."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * resolution, 2 * resolution))  # decode JPEG at a fraction of its size, several times faster
            square = ImageOps.fit(image.convert("RGB"), (resolution, resolution), Image.Resampling.BICUBIC)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataUnavailable(f"ImageNet: {path} cannot be read as an image ({error}): restore it") from error
    return np.asarray(square).transpose(2, 0, 1).tobytes()


def _listing(source: Path, classes: int) -> tuple[Listing, Listing]:
    """Return (file, label) of all images of the training and the test part; labels number the sorted class folders."""
    folders = {part: source / part for part in ("train", "val")}
    names = {part: sorted(f.name for f in path.iterdir() if f.is_dir()) for part, path in folders.items() if path.is_dir()}
    if set(names) != {"train", "val"} or names["train"] != names["val"] or len(names["train"]) != classes:
        counts = ", ".join(f"{part} with {len(each)}" for part, each in names.items()) or "neither"
        raise DataUnavailable(
            f"ImageNet is not in {source}: it needs folders train and val, each of the same {classes} class folders"
            f" (found: {counts}); set TIMETRIAL_IMAGENET to such a directory"
        )
    train, test = (
        [(path, label) for label, name in enumerate(names[part]) for path in sorted((folder / name).glob("[!.]*"))]
        for part, folder in folders.items()
    )
    return train, test


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock of `place`: a second process waits until the first is done."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
