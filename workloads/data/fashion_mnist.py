"""Fashion-MNIST from the first source that works: an installed package, torchvision's download, or Debian's package."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from pathlib import Path

import numpy as np

from harness import DataUnavailable
from workloads.data.cache import workspace
from workloads.data.checksum import WrongChecksum
from workloads.data.command import CommandFailed, run
from workloads.data.prepared import Arrays, prepared
from workloads.data.torchvision_download import NoAnswer, dataset_class, download, line

DEBIAN_PACKAGE = "dataset-fashion-mnist"

# SHA-256 of the uncompressed content: distributors write different gzip headers.
SOURCES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
PREPARED = "2eec74045003bb5cc54c46331f8c48f77611acac295f1d863e16fbd263546563"


def fashion_mnist(directory: Path) -> Arrays:
    """Return {"train_images": uint8 [60000, 28, 28], "train_labels": uint8 [60000], "test_images", "test_labels"}.

    The first call downloads; later ones read ``fashion_mnist.npz`` in `directory` and use no network.

    Raises:
        DataUnavailable: no source works; the message names each and the reason.
    """
    return prepared(directory / "fashion_mnist.npz", PREPARED, lambda: _fetch(directory))


def _fetch(directory: Path) -> Arrays:
    reasons = []
    for name, way in (("an installed package", _installed), ("torchvision", _torchvision), ("Debian's package", _debian)):
        # The download may have been damaged: try once more.
        for _ in range(2):
            try:
                with workspace(directory) as scratch:
                    return _arrays(way(scratch))
            except WrongChecksum as error:
                reason = str(error)
            except NoAnswer as error:
                reason = str(error)
                break
        reasons.append(f"{name}: {reason}")
    raise DataUnavailable(
        f"Fashion-MNIST is not available ({'; '.join(reasons)});"
        f" connect to the internet, or on Debian and Ubuntu `sudo apt-get install {DEBIAN_PACKAGE}`"
    )


def _installed(scratch: Path) -> Path:
    """Return the folder of Debian's package where it is installed."""
    for data in os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":"):
        folder = Path(data) / "datasets" / "fashion-mnist"
        if (folder / "train-images-idx3-ubyte.gz").exists():
            return folder
    raise NoAnswer("not installed")


def _torchvision(scratch: Path) -> Path:
    """Return the folder that torchvision downloads into, if its server answers a probe in time."""
    dataset = dataset_class("FashionMNIST")
    # The archives are there before torchvision unpacks them; `_arrays` reads them itself.
    download(dataset, dataset.mirrors[0] + dataset.resources[1][0], scratch)
    return scratch / "FashionMNIST" / "raw"


def _debian(scratch: Path) -> Path:
    """Return the folder of Debian's package, downloaded and unpacked in `scratch`, without root's rights."""
    try:
        run(["apt-get", "download", DEBIAN_PACKAGE], timeout=300, directory=scratch)
    except CommandFailed as error:
        if "locate package" in str(error) or "candidate version" in str(error):
            raise NoAnswer(f"apt's package lists do not contain {DEBIAN_PACKAGE}: run `sudo apt-get update`") from error
        raise NoAnswer(str(error)) from error
    archives = sorted(scratch.glob(f"{DEBIAN_PACKAGE}_*.deb"))
    if not archives:
        raise NoAnswer("apt-get downloaded no file")
    try:
        run(["dpkg-deb", "-x", str(archives[0]), str(scratch / "unpacked")], timeout=120)
    except CommandFailed as error:
        raise NoAnswer(str(error)) from error
    return scratch / "unpacked" / "usr" / "share" / "datasets" / "fashion-mnist"


def _arrays(folder: Path) -> Arrays:
    """Return the arrays of the four archives in `folder`.

    Raises:
        WrongChecksum: one of them is missing, damaged or another file.
    """
    parts = {"train": "train", "t10k": "test"}
    arrays = {}
    for name, sha256 in SOURCES.items():
        try:
            content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise WrongChecksum(f"{name}.gz is damaged ({line(error)})") from error
        actual = hashlib.sha256(content).hexdigest()
        if actual != sha256:
            raise WrongChecksum(f"{name} has SHA-256 {actual[:12]}…, expected {sha256[:12]}…")
        part, kind = name.split("-")[:2]
        arrays[f"{parts[part]}_{kind}"] = _idx(content)
    return arrays


def _idx(content: bytes) -> np.ndarray:
    """Return the array of an IDX file of unsigned bytes: magic 0, 0, type 8, dimensions; then sizes, big-endian int32."""
    dimensions = content[3]
    shape = np.frombuffer(content, ">i4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()
