"""`timetrial export algoperf`: what it writes trains as the original does, and what it cannot write is one line."""

import ast
import json
import resource

import pytest

from harness.cli.app import run_app
from harness.compat.exporting import export_submission, write_exported
from harness.contracts.errors import BadInput
from harness.registry import find_submission
from tests.compat.submissions.written import metrics, ran
from tests.execution.commands import timetrial

ONE_STEP = {"warmup": 16}
"""5 % of 12 steps in whole steps, which the written file computes itself."""


def both(folder, name, original="", trial=1):
    """Return the curves of a submission and of what is written of it, at the same drawn point."""
    file = write_exported(export_submission(name), folder)[0]
    return [metrics(ran(each, "external", trial, **ONE_STEP)) for each in (original or name, f"algoperf:{file}")]


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("rex", "adamw+rex"),
        ("adamw:clip=0.05+onecycle", ""),
        ("nadamw+wsd", ""),
        ("momo+cosine", ""),
        ("schedule_free_sgd", ""),
        ("apollo+linear", ""),
    ],
)
def test_what_is_written_has_the_curve_of_the_original(tmp_path, name, original):
    own, written = both(tmp_path / "entry", name, original)
    assert written == pytest.approx(own, rel=1e-4) and len(set(own)) == len(own)


def test_the_file_needs_nothing_of_timetrial_and_states_its_space(tmp_path):
    files = write_exported(export_submission("soap:beta2=0.9+cosine"), tmp_path / "entry")
    tree = ast.parse(files[0].read_text())
    modules = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or "-"])
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert modules <= {"__future__", "inspect", "math", "torch", "algoperf", "collections", "typing", "contextlib"}
    original = find_submission("soap:beta2=0.9+cosine")
    assert list(json.loads(files[1].read_text())) == [name for name in original.space if name != "beta2"]
    written = find_submission(f"algoperf:{files[0]}")
    assert written.space == {name: item for name, item in original.space.items() if name != "beta2"}


def test_a_plug_in_of_ones_own_is_written_with_its_helper(tmp_path):
    (tmp_path / "shape.py").write_text("def bent(z, power):\n    return (1 - z) ** power\n")
    (tmp_path / "mine.py").write_text(
        "from harness import Uniform, schedule\nfrom shape import bent as shaped\n\n\n"
        '@schedule(space={"power": Uniform(1.0, 3.0)})\n'
        'def mine(step, horizon, power=2.0):\n    """A power."""\n    return shaped(step / horizon, power)\n'
    )
    own, written = both(tmp_path / "entry", f"{tmp_path}/mine.py", f"adamw+{tmp_path}/mine.py")
    assert written == pytest.approx(own, rel=1e-4)


@pytest.mark.parametrize(
    "lines",
    [
        ["from harness import schedule; import math"],
        ["import math; from harness import schedule; from math import pi  # three in a line"],
        ["import math", "try:", "    from harness import schedule", "except ImportError:", "    raise"],
        ['"""é"""; import math; from harness import (schedule,', "    Uniform)  # noqa"],
        ["import math", "if math:", "    from harness import schedule as schedule, Uniform as U"],
    ],
)
def test_an_import_that_is_left_out_takes_nothing_else_with_it(tmp_path, lines):
    (tmp_path / "mine.py").write_text(
        "\n".join([*lines, "@schedule  # mine", "def mine(step, horizon):", "    return math.cos(step / horizon)"]),
        encoding="utf-8",
    )
    own, written = both(tmp_path / "entry", str(tmp_path / "mine.py"), f"adamw+{tmp_path / 'mine.py'}")
    assert written == pytest.approx(own, rel=1e-4)


def test_names_of_harness_may_have_other_names(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from harness import Uniform as Between, schedule as plug\n\n\n"
        '@plug(space={"power": Between(1.0, 2.0)})\n'
        "def mine(step, horizon, power=1.5):\n    return (1 - step / horizon) ** power\n"
    )
    own, written = both(tmp_path / "entry", str(tmp_path / "mine.py"), f"adamw+{tmp_path / 'mine.py'}")
    assert written == pytest.approx(own, rel=1e-4)


def test_a_summary_may_quote(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from harness import schedule\n\n\n@schedule\ndef mine(step, horizon):\n"
        "    r'''Falls as \"\"\"cos\"\"\" in \\mathbb{R}.'''\n    return 1 - step / horizon\n"
    )
    code = export_submission(str(tmp_path / "mine.py")).code
    assert 'Falls as """cos""" in \\mathbb{R}.' in ast.get_docstring(ast.parse(code))


def test_pages_and_empty_modules_of_a_plug_in_are_no_obstacle(tmp_path):
    """A form feed begins no line in Python's count of lines."""
    (tmp_path / "notes.py").write_text("# nothing yet\n")
    (tmp_path / "mine.py").write_text(
        "import math\n\f\nimport notes\nfrom harness import schedule\n\n\n"
        '@schedule\ndef mine(step, horizon):\n    """A quarter of a wave."""\n    return math.cos(step / horizon)\n'
    )
    code = export_submission(f"{tmp_path}/mine.py").code
    assert "import math" in code and "\ndef mine(" in code and "@schedule" not in code and "harness" not in code


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sam", "it is a procedure"),
        ("cautious", "it wraps the optimizer adamw"),
        ("hypergradient", "listens to the run"),
        ("torch.optim.Adagrad", "a library's class"),
        ("sampled", "is defined by"),
        ("nothing_like_it", "nothing_like_it"),
    ],
)
def test_what_cannot_be_written_is_one_line(tmp_path, monkeypatch, capsys, name, said):
    monkeypatch.chdir(tmp_path)
    assert run_app(["export", "algoperf", name]) == 2
    shown = capsys.readouterr().err
    assert said in shown and len(shown.strip().splitlines()) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("from harness import schedule, Task\n", "line 1: uses Task of harness"),
        ("from harness import schedule, Uniform\nRANGE = Uniform(0.0, 1.0)\n", "line 2: uses Uniform of harness"),
        ("import harness\nfrom harness import schedule\n", "line 1: write `from MODULE import NAME`"),
        ("from harness import schedule\n\ndef get_batch_size(x):\n    return x\n", "defines get_batch_size"),
    ],
)
def test_what_a_file_uses_and_algoperf_has_not_is_named(tmp_path, body, said):
    (tmp_path / "mine.py").write_text(body + "\n@schedule\ndef mine(step, horizon):\n    return 1 - step / horizon\n")
    with pytest.raises(BadInput, match=said.replace("(", r"\(")):
        export_submission(f"{tmp_path}/mine.py")


def test_a_schedule_that_asks_for_what_algoperf_does_not_give_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from harness import schedule\n\n@schedule(anytime=True)\ndef mine(examples):\n    return 1.0\n"
    )
    with pytest.raises(BadInput, match="asks for examples"):
        export_submission(f"{tmp_path}/mine.py")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    line = ("export", "algoperf", "adamw+cosine", "--out", "mine")
    full = timetrial(*line, cwd=tmp_path, limits={resource.RLIMIT_FSIZE: 1_000})
    assert full.returncode == 2 and full.stderr.count("\n") == 1, full.stderr
    assert "cannot write to mine: File too large" in full.stderr
    assert not list((tmp_path / "mine").iterdir())
    assert timetrial(*line, cwd=tmp_path).returncode == 0


def test_the_command_says_what_it_wrote_and_overwrites_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_app(["export", "algoperf", "lion+rex"]) == 0
    said = capsys.readouterr().out
    assert "it needs pytorch_optimizer" in said and "timetrial check algoperf:algoperf_lion_rex/submission.py" in said
    assert run_app(["export", "algoperf", "lion+rex"]) == 2
    assert "exists" in capsys.readouterr().err
    (tmp_path / "algoperf_lion_rex" / "submission.py").unlink()
    assert run_app(["export", "algoperf", "lion+rex"]) == 2
    assert "tuning_search_space.json exists" in capsys.readouterr().err
    assert run_app(["export", "tensorflow", "rex"]) == 2
