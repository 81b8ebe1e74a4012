"""Every mistake on a command line: status 2, one line, no traceback, nothing written. And what is no mistake: it works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from harness.cli.app import run_app
from tests.cli.bad_lines import BAD, PLACES, PLUGINS
from tests.execution.commands import timetrial

LONGEST = 700
RUN = ("--suite", "smoke", "--executor", "inline", "--results", "{out}")
LINES = [pytest.param(verb, line, id=line[:90]) for verb, lines in BAD.items() for line in lines]


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path]:
    """Return {name in a command line: path}; everything lies below one folder, "root"."""
    root = tmp_path_factory.mktemp("bad")
    place = {name: root / name for name in (*PLACES, "root", "here")} | {"root": root}
    for name in ("dir", "dir_py", "here", "empty_logs", "bad_logs"):
        place[name].mkdir()
    for name, source in PLUGINS.items():
        place[name] = root / f"{name}.py"
        place[name].write_bytes(source if isinstance(source, bytes) else source.encode())
    place["dir_py"] = root / "dir.py"
    place["dir_py"].mkdir()
    place["text_py"] = root / "text.txt"
    place["text_py"].write_text("x = 1")
    place["file"].write_text("hello")
    place["readme"].write_text("no markers")
    place["broken_json"] = root / "broken.json"
    place["broken_json"].write_text('{"spec": ')
    for logs, text in (("empty_logs", ""), ("bad_logs", "a,b\n1,2\n")):
        trial = place[logs] / "sub" / "study_0" / "mnist_pytorch" / "trial_1"
        trial.mkdir(parents=True)
        (trial / "eval_measurements.csv").write_text(text)
    run = ("run", *RUN[:4], "-w", "digits_mlp", "-s", "linear", "-s", "cosine", "--studies", 1, "--trials", 1)
    assert timetrial(*run, "--results", place["good"], writes_board=False).returncode == 0
    return place


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Return {file or folder: (size, time of change)} of everything below a folder."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def typed(verb: str, line: str, places: dict[str, Path]) -> list[str]:
    words = shlex.split(line)
    if verb == "run" and words[0] != "run":
        words = [
            "run",
            *(word for pair in zip(RUN[::2], RUN[1::2], strict=True) if pair[0] not in line for word in pair),
            *words,
        ]
    for name, path in places.items():
        words = [word.replace(f"{{{name}}}", str(path)) for word in words]
    return words


def test_the_table_is_large_and_covers_every_verb():
    from harness.cli.app import VERBS

    assert len(LINES) >= 220 and len({param.values[1] for param in LINES}) == len(LINES)
    assert set(BAD) == {"none", *(verb.rstrip("_") for verb in VERBS)}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("verb", "line"), LINES)
def test_a_mistake_is_one_line_with_status_2_and_nothing_is_written(verb, line, places, monkeypatch, capfd):
    monkeypatch.chdir(places["here"])
    monkeypatch.delenv("TIMETRIAL_DATA", raising=False)
    before = tree(places["root"])
    status = run_app(typed(verb, line, places))
    out, err = capfd.readouterr()
    assert (status, out) == (2, ""), out + err
    assert err.startswith("timetrial: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert len(err) < LONGEST and err.rstrip("\n").isprintable(), err
    assert tree(places["root"]) == before
