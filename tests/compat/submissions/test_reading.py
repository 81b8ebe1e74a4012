"""What a submission's file needs is found, or named in one line."""

import math
import os

import pytest

from harness.compat.submissions.stand_ins import optax
from harness.contracts.errors import BadInput
from harness.registry import find_submission
from tests.compat.submissions.written import IMPORTS, SELECT, START, metrics, planned, ran, written

RATED = START.replace("lr=0.1", "lr=hyperparameters.rate")


@pytest.mark.parametrize("name", ["jax", "jax.numpy as jnp", "flax.linen", "chex"])
def test_a_submission_in_jax_is_refused_in_one_line(tmp_path, name):
    with pytest.raises(BadInput, match="is a submission in JAX: only submissions in PyTorch run here"):
        find_submission(written(tmp_path / "entry", imports=IMPORTS + f"import {name}\n"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import algoperf.workloads.mnist", "it asks for algoperf.workloads, which is not there outside of AlgoPerf"),
        ("from algoperf import profiler", "it asks for"),
        ("from algorithmic_efficiency.spec import Nothing", "'Nothing'.*of algoperf.spec, which is not there"),
        ("import optax.contrib", "optax"),
        ("import no_such_module", "needs the module 'no_such_module', which is not installed here"),
        ("spec.Nothing", r"line \d+: .*Nothing"),
    ],
)
def test_what_it_imports_and_is_not_there_is_named(tmp_path, line, said):
    with pytest.raises(BadInput, match=said) as caught:
        find_submission(written(tmp_path / "entry", imports=IMPORTS + line + "\n"))
    assert "\n" not in str(caught.value) and "submission.py" in str(caught.value)


def test_a_function_that_it_does_not_define_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"has no data_selection\(\), which a submission to AlgoPerf must define"):
        find_submission(written(tmp_path / "entry", select=""))


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ([], "expected a list of points, or a mapping"),
        ([{"a": 1}, {"b": 1}], "point 1 has other names than point 0"),
        ({"a": {"min": 1}}, "'a' must be"),
        ({"a": {"min": 2, "max": 1}}, "the first bound must be below"),
        ({"a": {"feasible_points": []}}, "'a' must be"),
    ],
)
def test_a_wrong_search_space_is_one_line(tmp_path, space, said):
    with pytest.raises(BadInput, match=said):
        find_submission(written(tmp_path / "entry", space))


def test_a_hyperparameter_that_the_space_does_not_have_is_named(tmp_path):
    without, other = written(tmp_path / "one", start=RATED), written(tmp_path / "two", [{"speed": 1}], start=RATED)
    assert "asks for hyperparameters.rate, but tuning_search_space.json is not there" in ran(without).reason
    assert "tuning_search_space.json has only speed" in ran(other).reason


def test_in_algoperfs_layout_the_space_lies_in_the_folder_above(tmp_path):
    name = written(tmp_path / "entry" / "pytorch", start=RATED)
    (tmp_path / "entry" / "tuning_search_space.json").write_text('[{"rate": 0.1}, {"rate": 0.2}]')
    assert [spec.hyperparameters["rate"] for spec in planned(name, "external")] == [0.1, 0.2]


def test_modules_below_its_folder_may_import_what_lies_beside_them(tmp_path):
    name = written(tmp_path / "entry", imports=IMPORTS + "from optimizers.first import RATE\n")
    folder = tmp_path / "entry" / "optimizers"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "parts" / "__init__.py").write_text("")
    (folder / "first.py").write_text("from second import RATE\nfrom parts.third import MORE\n")
    (folder / "second.py").write_text("RATE = 0.1\n")
    (folder / "parts" / "third.py").write_text("MORE = 1\n")
    files = {file.name for file in find_submission(name).files}
    assert files == {"submission.py", "first.py", "second.py", "third.py", "__init__.py"}
    metrics(ran(name))


def test_two_submissions_with_modules_of_the_same_name_do_not_meet(tmp_path):
    names = [
        written(tmp_path / str(i), imports=IMPORTS + "import rate\n", start=START.replace("0.1", "rate.RATE")) for i in (1, 2)
    ]
    for i, value in ((1, 0.1), (2, 0.2)):
        (tmp_path / str(i) / "rate.py").write_text(f"RATE = {value}\n")
    assert [{rate for _, _, rate in ran(name).learning_rates} for name in names] == [{0.1}, {0.2}]


def test_a_module_may_be_imported_while_it_runs(tmp_path):
    select = SELECT.replace("    return", "    import late\n    from algoperf import random_utils\n    return")
    name = written(tmp_path / "entry", select=select)
    (tmp_path / "entry" / "late.py").write_text("")
    metrics(ran(name))


def test_the_schedules_of_optax_are_there(tmp_path):
    warm, cosine = optax.linear_schedule(0.0, 2.0, 10), optax.cosine_decay_schedule(2.0, 20)
    joined = optax.join_schedules([warm, cosine], [10])
    assert [joined(step).item() for step in (0, 5, 10, 30, 40)] == [0.0, 1.0, 2.0, 0.0, 0.0]
    assert joined(20) == pytest.approx(1 + math.cos(math.pi / 2))
    assert optax.polynomial_schedule(1.0, 0.0, 2, 4)(2) == 0.25 and optax.constant_schedule(3)(9) == 3
    metrics(
        ran(written(tmp_path / "entry", imports=IMPORTS + "import optax\nassert optax.linear_schedule(0., 1., 4)(2) == .5\n"))
    )


LEAVING = """
from absl import flags
from algoperf import random_utils
flags.DEFINE_integer("left", 1, "")
spec.LEFT = random_utils.LEFT = 1
"""


def test_what_a_submission_sets_in_a_stand_in_no_other_one_sees(tmp_path):
    find_submission(written(tmp_path / "leaving", imports=IMPORTS + LEAVING))
    looking = """
from absl import flags
from algoperf import random_utils
assert not hasattr(spec, "LEFT") and not hasattr(random_utils, "LEFT") and not hasattr(flags.FLAGS, "left")
"""
    assert find_submission(written(tmp_path / "looking", imports=IMPORTS + looking)).kind == "procedure"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file.symlink_to("/dev/zero"), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda file: file.write_text("[" * 100_000), "cannot read"),
    ],
    ids=["endless", "pipe", "nested"],
)
def test_a_space_that_cannot_be_read_is_one_line(tmp_path, make, said):
    name = written(tmp_path / "entry")
    make(tmp_path / "entry" / "tuning_search_space.json")
    with pytest.raises(BadInput, match=said) as caught:
        find_submission(name)
    assert "\n" not in str(caught.value)


def test_listed_points_may_hold_lists(tmp_path):
    points = [{"betas": [0.9, 0.99]}, {"betas": [0.9, 0.999]}]
    try:
        found = find_submission(written(tmp_path / "entry", points))
    except BadInput as refused:
        assert "\n" not in str(refused)
    else:
        assert len(found.points) == 2


def test_a_source_that_is_nested_too_deeply_is_one_line(tmp_path):
    with pytest.raises(BadInput) as caught:
        find_submission(written(tmp_path / "entry", imports=IMPORTS + "x = " + "-" * 200_000 + "1\n"))
    assert "\n" not in str(caught.value)
