"""A small data set in ImageNet's folder layout: prepared once, continued after an interruption, trained end to end."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from harness import DataUnavailable, Size
from harness.records import TrialSpec
from harness.registry import find_submission
from tests.toy import run_record
from workloads.data import imagenet as module
from workloads.data.imagenet import imagenet
from workloads.imagenet_resnet50 import ImagenetResnet50

torch.set_num_threads(1)
SIDE, HELD_OUT, CLASSES = 16, 6, 3
prepare = partial(imagenet, resolution=SIDE, held_out=HELD_OUT, classes=CLASSES)


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def colour(label, index):
    """Red encodes the class, green the image."""
    return (80 * label, 10 * index, 0)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """train/ with 12 and val/ with 4 images of one colour in each of 3 class folders: JPEG, PNG and grey ones."""
    for part, count in (("train", 12), ("val", 4)):
        for label in range(CLASSES):
            folder = tmp_path / "source" / part / f"n{label:08d}"
            folder.mkdir(parents=True)
            for index in range(count):
                image = Image.new("RGB", (20 + index, 40), colour(label, index))
                image.save(folder / f"{index:03d}.{'JPEG' if index % 2 else 'PNG'}")
    monkeypatch.setenv("TIMETRIAL_IMAGENET", str(tmp_path / "source"))
    return tmp_path / "source"


def pixels(found, part):
    path, labels = found[part]
    return np.fromfile(path, np.uint8).reshape(len(labels), 3, SIDE, SIDE), labels


def test_parts_are_disjoint_and_images_keep_their_labels(source, tmp_path):
    found = prepare(tmp_path / "data")
    assert [len(labels) for _, labels in found.values()] == [30, 6, 12]
    seen = set()
    for part in found:
        images, labels = pixels(found, part)
        assert np.abs(images[:, 0].astype(int) - 80 * labels[:, None, None]).max() <= 4
        if part != "test":
            seen |= {(label, round(image[1].mean() / 10)) for image, label in zip(images, labels.tolist(), strict=True)}
    assert len(seen) == 36


def test_prepared_files_need_no_source(source, tmp_path, monkeypatch):
    first = pixels(prepare(tmp_path / "data"), "train")[0]
    monkeypatch.setenv("TIMETRIAL_IMAGENET", str(tmp_path / "gone"))
    assert (pixels(prepare(tmp_path / "data"), "train")[0] == first).all()


def test_an_interrupted_preparation_is_continued(source, tmp_path, monkeypatch):
    right = pixels(prepare(tmp_path / "right"), "train")[0]
    monkeypatch.setattr(module, "CHUNK", 4)
    decoded, genuine = [], module._pixels

    def failing(path, resolution):
        decoded.append(path)
        if len(decoded) == 15:
            raise KeyboardInterrupt
        return genuine(path, resolution)

    monkeypatch.setattr(module, "_pixels", failing)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "data")
    half = tmp_path / "data" / f"imagenet_{SIDE}" / "train.u8.part"
    assert 8 * 3 * SIDE**2 <= half.stat().st_size <= 16 * 3 * SIDE**2
    with half.open("ab") as file:
        file.write(b"half an image")
    before = len(decoded)
    assert (pixels(prepare(tmp_path / "data"), "train")[0] == right).all()
    assert len(decoded) - before <= 48 - 8


def test_another_source_is_prepared_from_the_start(source, tmp_path):
    prepare(tmp_path / "data")
    (tmp_path / "data" / f"imagenet_{SIDE}" / "labels.npz").unlink()
    next((source / "train" / "n00000000").iterdir()).unlink()
    assert len(prepare(tmp_path / "data")["train"][1]) == 29


def test_a_truncated_file_is_prepared_again(source, tmp_path):
    found = prepare(tmp_path / "data")
    right = pixels(found, "test")[0]
    os.truncate(found["test"][0], 100)
    assert (pixels(prepare(tmp_path / "data"), "test")[0] == right).all()


def test_no_source_gives_one_line(tmp_path, monkeypatch):
    monkeypatch.delenv("TIMETRIAL_IMAGENET", raising=False)
    with pytest.raises(DataUnavailable) as error:
        prepare(tmp_path)
    assert f"ImageNet is not in {tmp_path / 'imagenet'}: it needs folders train and val" in one_line(error)
    assert "found: neither" in one_line(error)


def test_an_image_that_cannot_be_read_is_named(source, tmp_path):
    path = source / "val" / "n00000001" / "000.PNG"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataUnavailable) as error:
        prepare(tmp_path / "data")
    assert f"{path} cannot be read as an image" in one_line(error)


def test_a_full_disk_gives_one_clear_line(source, tmp_path):
    """A limit on the file size replaces the full disk."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from harness import DataUnavailable;"
        "from workloads.data.imagenet import imagenet; import PIL.Image;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))\n"
        f"try: imagenet(Path(sys.argv[1]), {SIDE}, {HELD_OUT}, {CLASSES})\n"
        "except DataUnavailable as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "data")], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1, done.stderr
    assert "cannot write data" in done.stdout


def test_two_processes_at_once_prepare_once(source, tmp_path):
    code = (
        "import sys; from pathlib import Path; from workloads.data.imagenet import imagenet;"
        f"print(len(imagenet(Path(sys.argv[1]), {SIDE}, {HELD_OUT}, {CLASSES})['train'][1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == ["30\n", "30\n"]


class Tiny(ImagenetResnet50):
    """A small ImageNet."""

    name = "imagenet_tiny"
    _classes, _resolution, _held_out, _padding = CLASSES, SIDE, HELD_OUT, 2
    sizes = {
        "full": Size(
            batch_size=6,
            budget=60 * 6,
            evaluation_period=3 * 6,
            resident=False,
            model={"stem": (8, 3, 1), "widths": (16, 32), "bottleneck": True, "projection": True},
        )
    }
    variants = {}


def test_a_trial_runs_end_to_end_on_mapped_images(source, tmp_path):
    workload = Tiny("full")
    data = workload.load(tmp_path / "data")
    assert data["train"]["images"].shape == (30, 3, SIDE, SIDE)
    assert data["train"]["images"].dtype == torch.uint8
    submission = find_submission("adamw+cosine")
    spec = TrialSpec(
        track="external",
        suite="full",
        workload=workload.name,
        variant="",
        size="full",
        workload_hash="",
        submission=submission.name,
        submission_hash="",
        study=0,
        trial=0,
        seed=0,
        hyperparameters={"learning_rate": 3e-3},
        budget=360,
        horizon=360,
        warmup=18,
        evaluation_period=18,
        target=float("nan"),
    )
    record = run_record(spec, workload, submission, data, run_to_end=True)
    assert record.status == "missed", record.reason
    assert len(record.evaluations) == 20
    assert record.evaluations[-1]["metric"] < 0.8 * workload.trivial_metric()
