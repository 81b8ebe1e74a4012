"""Terminals, pipes, disks, environments and file names as machines have them: no traceback, and the status that is true."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.app import run_app
from tests.execution.commands import command, timetrial

ODD = {
    **{"OMP_NUM_THREADS": "many", "MKL_NUM_THREADS": "x", "COLUMNS": "abc", "TERM": "nonsense", "NO_COLOR": "1"},
    **{"LC_ALL": "nonsense", "LANG": "x", "HOME": "/dev/null/home", "PYTHONIOENCODING": "ascii"},
}
"""An environment in which nothing is as it should be; none of it keeps a run from its end."""

RUN = ("run", "--suite", "smoke", "-w", "digits_mlp", "-s", "linear", "--studies", 1, "--trials", 1, "--executor", "inline")


def shell(redirected: str, *arguments: Any, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run timetrial as a shell does, with redirections such as ``>&-``; its output stays bytes."""
    line = ["sh", "-c", f'exec "$@" {redirected}', "sh", *command(*arguments)]
    return subprocess.run(line, capture_output=True, env={**os.environ, **env}, timeout=240, check=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """The results of a run in an odd environment, whose output is ASCII."""
    place = tmp_path_factory.mktemp("odd")
    done = shell("", *RUN, "-s", "cosine", "--results", place / "r", **ODD, TIMETRIAL_DATA=str(place / "data"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and b"x1.00" in done.stdout and b"leaderboard: " in done.stdout
    assert b"Traceback" not in done.stderr
    return place / "r"


@pytest.mark.parametrize(
    ("line", "encoding"),
    [(("report",), "latin-1"), (("report", "--format", "md"), "ascii"), (("compare", "linear", "cosine"), "ascii")],
    ids=lambda value: value[-1] if isinstance(value, tuple) else value,
)
def test_what_a_terminal_cannot_show_is_spelled_in_ascii(results, line, encoding):
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell("", *line, "--results", results, **{**locale, "PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding) and (encoding == "latin-1" or done.stdout.isascii())


def test_a_table_is_printed_in_one_column(results, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert timetrial("report", "--results", results).returncode == 0


@pytest.mark.parametrize("line", [("list", "submissions"), ("curve", "rex", "--horizon", 100_000)], ids=" ".join(["{}"]).format)
def test_a_reader_that_has_gone_ends_the_command_without_a_word(line):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command(*line), stdout=write, stderr=subprocess.PIPE, text=True, timeout=240, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_under_standard_output_is_one_line_and_no_success():
    done = shell(">/dev/full", "list", "suites")
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"timetrial: ") and b"No space left on device" in done.stderr
    assert shell("2>/dev/full", "list", "nope").returncode == 2


def test_closed_streams_are_nobody_to_talk_to_and_no_error(tmp_path):
    assert shell(">&-", "curve", "rex", "--plot", tmp_path / "c.svg").returncode == 0
    assert (tmp_path / "c.svg").read_text().endswith("</svg>\n"), "what is printed must not go to a file"
    done = shell("2>&-", "list", "nope")
    assert (done.returncode, done.stdout) == (2, b"")
    assert shell(">&- 2>&- <&-", "list", "suites").returncode == 0


@pytest.fixture
def homeless() -> Iterator[tuple[Path, Any]]:
    """A directory of a user without a name and without a home, and a function that runs timetrial as this user."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be another user")
    place = Path(tempfile.mkdtemp(prefix="timetrial-homeless-"))
    place.chmod(0o777)
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME")}
    nobody = ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups")

    def run(*arguments: Any, **more: str) -> subprocess.CompletedProcess[str]:
        line = [*nobody, *command(*arguments)]
        return subprocess.run(line, cwd=place, env={**env, **more}, text=True, capture_output=True, timeout=240, check=False)

    if run("list", "suites").returncode:
        pytest.skip("this user cannot read the package")
    yield place, run
    shutil.rmtree(place)


def test_a_user_without_a_home_directory_is_told_what_to_set(homeless):
    _, run = homeless
    done = run("data", "-w", "digits_mlp")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "set TIMETRIAL_DATA" in done.stderr
    doctor = run("doctor")
    assert doctor.returncode == 1 and "set TIMETRIAL_DATA" in doctor.stdout and "problems: 1" in doctor.stdout


@pytest.mark.slow
def test_a_user_without_a_home_directory_runs_once_the_data_have_a_place(homeless):
    place, run = homeless
    done = run(*RUN, "--results", place / "r", TIMETRIAL_DATA=str(place / "data"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("value", ["/dev/null", "/dev/null/data", "/proc/data", "{file}"])
@pytest.mark.parametrize("line", [(*RUN, "--dry-run"), ("data", "-w", "digits_mlp"), ("targets", "-w", "digits_mlp")], ids=str)
def test_a_data_directory_that_is_none_is_one_line(value, line, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMETRIAL_DATA", value.format(file=tmp_path / "file"))
    more = ("--suite", "smoke", "--executor", "inline") if line[0] == "targets" else ()
    assert run_app([*map(str, line), *more]) == 2
    told = capsys.readouterr().err
    assert "TIMETRIAL_DATA" in told and told.count("\n") == 1


def test_an_empty_variable_is_as_if_it_were_not_set(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMETRIAL_DATA", "")
    assert run_app([*map(str, RUN), "--dry-run"]) == 0
    assert "2 trials to run" in capsys.readouterr().out


ODD_NAMES = ["with 'quotes' and [red]brackets[/]", "-leading", "\u202eleft 💾\n\t"]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_results_directory_may_have_any_name(name, results, tmp_path, capsys):
    place = tmp_path / name
    shutil.copytree(results, place)
    for line in (("report",), ("compare", "linear", "cosine"), (*RUN, "--dry-run")):
        assert run_app([*map(str, line), "--results", str(place)]) == 0
    assert "\n0 trials to run (2 recorded already)" in capsys.readouterr().out
    assert json.loads((place / "leaderboard.json").read_text())["submissions"]


def test_the_name_of_a_results_directory_need_not_be_utf_8(results, tmp_path):
    shutil.copytree(results, tmp_path / "not\udcffutf8")
    done = timetrial("report", "--results", tmp_path / "not\udcffutf8")
    assert done.returncode == 0 and "not\\udcffutf8" in done.stdout.replace("\n", ""), done.stderr


SOURCE = "from harness import schedule\nfrom .helping import half\n@schedule\ndef mine(step, horizon):\n    return half\n"


@pytest.mark.parametrize("name", ["adam.v2", "with space", "it's", "a.b.c", "1st", "émile", "class"])
def test_a_plug_in_s_file_may_have_dots_spaces_and_quotes_and_a_helper_beside_it(name, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "helping.py").write_text("half = 0.5\n")
    monkeypatch.setattr(sys, "path", [*sys.path])  # the plug-in's folder is added, and an import by a plain name stays
    monkeypatch.delitem(sys.modules, "helping", raising=False)
    for extra in ("", "import helping\n"):
        (folder / f"{name}.py").write_text(extra + SOURCE)
        monkeypatch.chdir(tmp_path)
        for typed in ("mine", f"submissions/{name}.py", f"submissions/{name}.py:mine"):
            assert run_app(["curve", typed, "--horizon", "2", "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["multiplier"] == [0.5, 0.5]


@pytest.mark.parametrize("name", ["two\nlines", "not\udcffutf8", "\u202eright to left"], ids=ascii)
def test_a_plug_in_whose_name_would_not_survive_in_a_record_is_refused(name, tmp_path, monkeypatch, capsys):
    (tmp_path / f"{name}.py").write_text(SOURCE.replace("from .helping import half\n", "half = 0.5\n"))
    monkeypatch.chdir(tmp_path)
    assert run_app([*map(str, RUN), "-s", f"./{name}.py", "--results", "r"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and told.strip().isprintable() and not (tmp_path / "r").exists()
