"""A record of a file that was named by a relative path can have been planned; one under another name cannot."""

from dataclasses import replace

import pytest

from harness.checking.obstacles import contradiction
from harness.plan import Request, make_plan
from tests.compat.submissions.written import written

SOURCE = (
    "from harness import schedule\n@schedule\ndef mine(step, horizon, power=1.0):\n    'Mine.'\n    return 1 - step / horizon\n"
)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("./mine.py", ("rex", "./other.py", "mine.py:else")),
        ("mine.py:power=2", ("mine.py", "mine.py:power=3")),
        ("adamw+./mine.py", ("lion+./mine.py", "./mine.py")),
        ("algoperf:entry/submission.py", ("algoperf:other/submission.py", "entry/submission.py", "rex")),
    ],
)
def test_a_relative_path_is_the_file_that_it_names_and_no_other_name_is(name, others, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE)
    written(tmp_path / "entry")
    spec = make_plan(Request(suite="smoke", submissions=(name,), studies=1)).trials[0]
    assert spec.source and contradiction(spec) == ""
    for other in others:
        assert "its submission is" in contradiction(replace(spec, submission=other)), other
