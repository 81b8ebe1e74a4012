"""CIFAR's file format, from an archive in the directory or from a server, and the messages when neither works."""

import errno
import hashlib
import io
import pickle
import tarfile
import threading
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from torchvision import datasets

from harness import DataUnavailable
from workloads.cifar10_resnet import Cifar10Resnet
from workloads.cifar100_wideresnet import Cifar100Wideresnet
from workloads.data.cifar import cifar
from workloads.tasks import cifar as cifar_tasks


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture(params=[10, 100])
def archive(request, tmp_path, monkeypatch, cut_off):
    """A small archive in CIFAR's format, 4 examples per batch, with checksums patched into torchvision's tables."""
    classes, random = request.param, np.random.RandomState(0)
    dataset = datasets.CIFAR10 if classes == 10 else datasets.CIFAR100
    key = "labels" if classes == 10 else "fine_labels"
    path, batches = tmp_path / "archive.tar.gz", {}
    checksums = {}
    with tarfile.open(path, "w:gz") as file:

        def add(name, content):
            data = pickle.dumps(content, protocol=2)
            member = tarfile.TarInfo(f"{dataset.base_folder}/{name}")
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
            checksums[name] = md5(data)

        for name, _ in (*dataset.train_list, *dataset.test_list):
            batches[name] = random.randint(256, size=(4, 3072)).astype(np.uint8), random.randint(classes, size=4).tolist()
            add(name, {"data": batches[name][0], key: batches[name][1]})
        add(dataset.meta["filename"], {dataset.meta["key"]: [str(i) for i in range(classes)]})
    for table in ("train_list", "test_list"):
        monkeypatch.setattr(dataset, table, [[name, checksums[name]] for name, _ in getattr(dataset, table)])
    monkeypatch.setattr(dataset, "meta", {**dataset.meta, "md5": checksums[dataset.meta["filename"]]})
    monkeypatch.setattr(dataset, "tgz_md5", md5(path.read_bytes()))
    monkeypatch.setattr(dataset, "url", "http://127.0.0.1:9/" + dataset.filename)
    return classes, dataset, path, batches


def test_an_archive_in_the_directory_is_read_without_a_network(archive, tmp_path):
    classes, dataset, path, batches = archive
    data = tmp_path / "data"
    data.mkdir()
    path.rename(data / dataset.filename)
    arrays = cifar(classes, data)
    names = [name for name, _ in dataset.train_list]
    assert (arrays["train_images"].reshape(-1, 3072) == np.concatenate([batches[name][0] for name in names])).all()
    assert arrays["train_labels"].tolist() == [label for name in names for label in batches[name][1]]
    assert arrays["test_images"].shape == (4, 3, 32, 32)
    (data / dataset.filename).unlink()
    assert (cifar(classes, data)["test_images"] == arrays["test_images"]).all()


def test_damaged_files_are_replaced(archive, tmp_path):
    classes, dataset, path, _ = archive
    data = tmp_path / "data"
    data.mkdir()
    path.rename(data / dataset.filename)
    right = cifar(classes, data)
    batch = data / dataset.base_folder / dataset.train_list[0][0]
    batch.write_bytes(batch.read_bytes()[:-10])
    assert (cifar(classes, data)["train_images"] == right["train_images"]).all()
    assert {each.name for each in data.iterdir()} == {dataset.filename, dataset.base_folder}


def test_no_network_gives_one_line_that_says_where_to_put_the_archive(archive, tmp_path):
    classes, dataset, *_ = archive
    with pytest.raises(DataUnavailable) as error:
        cifar(classes, tmp_path / "data")
    assert f"CIFAR-{classes} is not available (its server does not answer)" in one_line(error)
    assert f"put {dataset.url} into {tmp_path / 'data'}" in one_line(error)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_truncated_archive_is_named_and_kept(archive, tmp_path):
    classes, dataset, path, _ = archive
    own = tmp_path / "data" / dataset.filename
    own.parent.mkdir()
    own.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataUnavailable) as error:
        cifar(classes, own.parent)
    assert f"{own} is truncated or another file; its server does not answer" in one_line(error)
    assert list(own.parent.iterdir()) == [own]


def test_a_download_is_unpacked_and_a_truncated_one_refused(archive, tmp_path, monkeypatch):
    classes, dataset, path, _ = archive
    served = tmp_path / "served"
    served.mkdir()
    content = path.read_bytes()

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(served))

        def log_message(self, *arguments):
            pass

    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(dataset, "url", f"http://127.0.0.1:{server.server_port}/{dataset.filename}")
        (served / dataset.filename).write_bytes(content[: len(content) // 2])
        with pytest.raises(DataUnavailable) as error:
            cifar(classes, tmp_path / "data")
        assert "the download failed (File not found or corrupted" in one_line(error)
        (served / dataset.filename).write_bytes(content)
        assert len(cifar(classes, tmp_path / "data")["test_labels"]) == 4
        server.shutdown()


def test_a_full_disk_gives_one_clear_line(archive, tmp_path, monkeypatch):
    classes, dataset, path, _ = archive
    data = tmp_path / "data"
    data.mkdir()
    path.rename(data / dataset.filename)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dataset, "download", full)
    with pytest.raises(DataUnavailable) as error:
        cifar(classes, data)
    assert f"cannot write data to {data}: No space left on device" in one_line(error)
    assert [each.name for each in data.iterdir()] == [dataset.filename]


def test_the_last_5000_training_examples_are_for_validation(monkeypatch):
    labels = np.arange(50_000)
    arrays = {"train_images": np.zeros((50_000, 3, 1, 1), np.uint8), "train_labels": labels}
    arrays |= {"test_images": np.zeros((10_000, 3, 1, 1), np.uint8), "test_labels": labels[:10_000]}
    monkeypatch.setattr("workloads.tasks.cifar.cifar", lambda classes, directory: arrays)
    data = Cifar10Resnet("full").load(None)
    assert [len(part["labels"]) for part in data.values()] == [45_000, 5_000, 10_000]
    assert data["validation"]["labels"][0] == 45_000


def test_both_workloads_train_on_files_of_the_genuine_format(archive, tmp_path, monkeypatch):
    classes, dataset, path, _ = archive
    data = tmp_path / "data"
    data.mkdir()
    path.rename(data / dataset.filename)
    monkeypatch.setattr(cifar_tasks, "VALIDATION", 2)
    workload = (Cifar10Resnet if classes == 10 else Cifar100Wideresnet)("full")
    parts = workload.load(data)
    assert [len(part["labels"]) for part in parts.values()] == [4 * len(dataset.train_list) - 2, 2, 4]
    examples = {name: values[:2] for name, values in parts["train"].items()}
    losses = workload.example_losses(workload.forward(workload.build_model(), examples), examples)
    assert losses.shape == (2,) and losses.isfinite().all()
