"""MRI reconstruction: the template's format, crops within their slabs, k-space, SSIM, and the trivial metric."""

import gzip
import zipfile
from itertools import pairwise

import numpy as np
import pytest
import torch

from harness import DataUnavailable
from workloads.data import mni_slices
from workloads.mri_unet import MriUnet
from workloads.tasks.reconstruction import kept_columns, ssim, zero_filled


def image(volume, kind=2, magic=b"n+1\0"):
    """A NIfTI-1 file of a volume."""
    header = bytearray(352)
    header[:4] = (348).to_bytes(4, "little")
    header[40:48] = np.array([3, *volume.shape], "<i2").tobytes()
    header[70:72] = kind.to_bytes(2, "little")
    header[108:112] = np.float32(352).tobytes()
    header[344:348] = magic
    return bytes(header) + volume.tobytes(order="F")


def test_a_nifti_image_is_read_with_x_fastest():
    volume = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    assert (mni_slices.nifti(image(volume)) == volume).all()


@pytest.mark.parametrize(
    "content", [b"", image(np.zeros((1, 1, 1), np.uint8), kind=4), image(np.zeros((2, 2, 2), np.uint8))[:-1]]
)
def test_another_format_and_a_truncated_image_are_errors(content):
    with pytest.raises(ValueError):
        mni_slices.nifti(content)


@pytest.mark.parametrize("content", [None, b"junk", gzip.compress(b"short", mtime=0), gzip.compress(b"x" * 5000, mtime=0)[:20]])
def test_a_wheel_without_the_template_gives_one_clear_line(monkeypatch, tmp_path, content):
    path = tmp_path / "nilearn.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", b"") if content is None else archive.writestr(mni_slices.MEMBER, content)
    monkeypatch.setattr(mni_slices, "wheel", lambda *_: path)
    with pytest.raises(DataUnavailable, match="does not contain the expected template") as error:
        mni_slices.mni_slices(tmp_path / "data")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "data").iterdir()) == []


def test_where_no_source_of_the_template_works_one_line_says_why(cut_off):
    with pytest.raises(DataUnavailable, match=r"nilearn==0\.14\.1 is not available") as error:
        mni_slices.mni_slices(cut_off / "data")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_no_crop_overlaps_another_parts_slabs(monkeypatch, part):
    monkeypatch.setattr(mni_slices, "COUNTS", dict.fromkeys(mni_slices.COUNTS, 200))
    volume = np.zeros((60, 70, 189), np.uint8)
    for low, end in mni_slices.SLABS[part]:
        volume[:, :, low:end] = 255
    assert (mni_slices.crops(volume, part, 0) == 255).all()


def test_slabs_are_at_least_four_slices_apart():
    slabs = sorted((low, end, part) for part, found in mni_slices.SLABS.items() for low, end in found)
    assert [b[0] - a[1] >= 4 for a, b in pairwise(slabs)] == [True] * 3


@pytest.mark.parametrize("columns", [32, 48])
def test_a_quarter_of_the_columns_is_kept_with_those_of_lowest_frequency(columns):
    kept = kept_columns(100, columns, 0)
    assert (kept.sum(1) == columns // 4).all()
    always = {32: {0, 1, 31}, 48: {0, 1, 2, 47}}[columns]
    assert set(np.flatnonzero(kept.all(0))) == always


def test_all_columns_give_the_image_and_the_zero_frequency_gives_row_means():
    images = torch.rand(2, 6, 8)
    assert torch.allclose(zero_filled(images, torch.ones(2, 8, dtype=torch.bool)), images, atol=1e-6)
    kept = torch.zeros(2, 8, dtype=torch.bool)
    kept[:, 0] = True
    assert torch.allclose(zero_filled(images, kept), images.mean(2, keepdim=True).expand(2, 6, 8), atol=1e-6)


def test_ssim_is_the_formula_written_out():
    one, other = torch.rand(2, 9, 10, dtype=torch.float64), torch.rand(2, 9, 10, dtype=torch.float64)
    a, b = one.unfold(1, 7, 1).unfold(2, 7, 1).flatten(3), other.unfold(1, 7, 1).unfold(2, 7, 1).flatten(3)
    covariance = ((a - a.mean(3, True)) * (b - b.mean(3, True))).sum(3) / 48
    top = (2 * a.mean(3) * b.mean(3) + 1e-4) * (2 * covariance + 9e-4)
    right = top / ((a.mean(3) ** 2 + b.mean(3) ** 2 + 1e-4) * (a.var(3) + b.var(3) + 9e-4))
    assert torch.allclose(ssim(one.float(), other.float()).double(), right.mean((1, 2)), atol=1e-5)
    assert torch.allclose(ssim(one.float(), one.float()), torch.ones(2))


@pytest.mark.parametrize("size", ["laptop", "full"])
def test_trivial_is_the_error_of_the_inputs(size, loaded):
    workload = MriUnet(size)
    found = loaded(workload)["validation"]
    examples = {name: values[: workload.size.validation_examples or None] for name, values in found.items()}
    error = workload.example_metrics(examples["inputs"], examples)["l1"].mean().item()
    assert error == pytest.approx(workload.trivial_metric(), abs=1e-4)


def test_a_black_image_stays_finite(monkeypatch):
    monkeypatch.setattr("workloads.mri_unet.mni_slices", lambda _: {"train": np.zeros((4, 48, 48), np.uint8)})
    workload = MriUnet("laptop")
    examples = workload.load(None)["train"]
    outputs = workload.forward(workload.build_model(), examples)
    assert all(torch.isfinite(values).all() for values in workload.example_metrics(outputs, examples).values())


@pytest.mark.parametrize("size", ["laptop", "full"])
@pytest.mark.parametrize("variant", ["", *MriUnet.variants])
def test_the_network_starts_near_its_input_and_every_parameter_learns(size, variant):
    workload = MriUnet(size, variant)
    model = workload.build_model()
    assert sum(p.numel() for p in model.parameters()) == workload.size.parameters
    side = workload.size.model["side"]
    examples = {"inputs": torch.randn(4, side, side), "targets": torch.randn(4, side, side)}
    outputs = workload.forward(model, examples)
    assert (outputs - examples["inputs"]).abs().mean() < 0.1
    workload.example_losses(outputs, examples).mean().backward()
    assert [name for name, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []
