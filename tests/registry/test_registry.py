"""Plug-ins are found by name, wherever they are defined."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import torch

from harness import BadInput, ContractError
from harness.registry import all_submissions, find_optimizer, find_schedule, find_submission, loading, workload_hash
from harness.registry.index import load_built_in, submissions_index, workloads_index
from harness.registry.sources import OURS, ROOT, _import_statements, read_sources
from tests.execution.forks import Forked
from tests.toy import Blobs

SCHEDULE = """
from harness import schedule

@schedule
def {name}(step, horizon):
    '''Half the time.'''
    return 1.0 if step < horizon / 2 else {after}
"""

WITHOUT_TORCH = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('torch', 'pytorch_optimizer', 'torchvision'):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Block())
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submissions").mkdir()
    return tmp_path


def write(path: Path, name: str = "half", after: float = 0.5) -> Path:
    path.write_text(SCHEDULE.format(name=name, after=after))
    return path


def refused(name: str) -> str:
    with pytest.raises(BadInput) as caught:
        find_submission(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_built_in_submissions_are_found_by_name_and_their_facts_are_json():
    listed = {submission.name: submission for submission in all_submissions()}
    assert {"rex", "plateau", "adamw", "muon", "sam", "schedule_free_adamw", "growing_batch", "random_subsets"} <= set(listed)
    assert list(listed) == sorted(listed)
    for name, submission in listed.items():
        facts = json.loads(json.dumps(dict(submission.facts), allow_nan=False))
        assert facts["name"] == name == find_submission(name).name
        assert "broken" not in facts and facts["summary"] and facts["content_hash"] == submission.content_hash
        assert len(submission.content_hash) == 64 and submission.path in submission.files


def test_an_unknown_name_is_an_error_that_names_the_nearest_known_one():
    assert "did you mean 'cosine'?" in refused("cosin")
    assert "did you mean 'adamw'?" in refused("adamv+rex")
    assert "did you mean 'torch.optim.Adagrad'?" in refused("torch.optim.Adagard+rex")


def test_optimizer_and_schedule_are_joined_by_a_plus_in_this_order():
    both = find_submission("lion+wsd")
    assert (both.kind, both.optimizer.name, both.schedule.name) == ("optimizer", "lion", "wsd")
    assert {path.name for path in both.files} == {"lion.py", "wsd.py"} and both.path.name == "wsd.py"
    assert both.content_hash not in (find_submission("lion").content_hash, find_submission("wsd").content_hash)
    assert both.defaults["decay"] == "linear" and both.defaults["beta1"] == find_submission("lion").defaults["beta1"]
    assert "the optimizer comes first: write lion+wsd" in refused("wsd+lion")
    assert "'wsd' is a schedule" in refused("wsd+rex")
    assert "OPTIMIZER+SCHEDULE" in refused("lion+wsd+rex")
    assert find_schedule("lion+wsd").name == "wsd" and find_optimizer("lion+wsd").name == "lion"


def test_a_bare_optimizer_leaves_the_schedule_to_the_plan():
    bare = find_submission("adamw")
    assert bare.kind == "optimizer" and bare.schedule is None
    with pytest.raises(BadInput, match="'adamw' is an optimizer, not a schedule"):
        find_schedule("adamw")


def test_a_file_in_the_local_submissions_folder_is_found_by_its_name(here):
    write(here / "submissions" / "half.py")
    found = find_submission("half")
    assert found.schedule(9, 10) == 0.5
    assert found.facts["source"] == "submissions/half.py"
    assert "half" in [submission.name for submission in all_submissions()]


def test_a_plug_in_is_found_from_another_directory_by_its_source(here, monkeypatch, tmp_path_factory):
    write(here / "submissions" / "half.py")
    found, pair = find_submission("half"), find_submission("adamw+half")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert find_submission(found.source).content_hash == found.content_hash
    assert find_submission(pair.source).content_hash == pair.content_hash
    assert find_submission("rex").source == ""


def test_the_source_of_a_file_in_this_repository_is_relative_to_its_root(here, monkeypatch):
    monkeypatch.chdir(ROOT)
    typed = "analyses/claimed/wsd_sqrt.py"
    found, pair = find_submission(typed), find_submission("adamw+" + typed)
    assert (found.source, pair.source) == (f"{typed}:wsd_sqrt", f"adamw+{typed}:wsd_sqrt")
    assert find_submission(str(ROOT / typed)).source == found.source
    monkeypatch.chdir(here)
    assert find_submission(found.source).content_hash == found.content_hash
    assert find_submission(pair.source).content_hash == pair.content_hash


def test_a_worker_process_reads_the_same_plug_in_from_its_path(here):
    path = write(here / "half.py")
    code = (
        "import sys; from harness.registry import find_submission\n"
        "s = find_submission(sys.argv[1]); print(s.content_hash, s.schedule(9, 10))"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, cwd="/")
    assert out.stdout.split() == [find_submission("./half.py").content_hash, "0.5"]


def test_of_a_file_with_several_plug_ins_one_is_chosen_by_name_or_by_kind(here):
    optimizer = (
        "from harness import optimizer\n@optimizer(defaults={'learning_rate': 1})\ndef still(model, hyperparameters): ...\n"
    )
    (here / "two.py").write_text(SCHEDULE.format(name="half", after=0.5) + SCHEDULE.format(name="third", after=0.3) + optimizer)
    assert find_submission("./two.py:third").schedule(9, 10) == 0.3
    assert find_submission("./two.py+rex").optimizer.name == "still"
    assert "./two.py:half" in refused("./two.py")
    assert "did you mean 'third'?" in refused("two.py:thrid")


def test_private_and_imported_plug_ins_are_not_submissions_of_a_file(here):
    (here / "mine.py").write_text(
        "from submissions.schedules.rex import rex\n"
        + SCHEDULE.format(name="_hidden", after=0.5)
        + SCHEDULE.format(name="open", after=0.1)
    )
    assert find_submission("./mine.py").schedule.name == "open"


def test_a_name_that_two_files_define_is_an_error_that_names_both(here):
    write(here / "submissions" / "one.py", "twin")
    write(here / "submissions" / "two.py", "twin")
    message = refused("twin")
    assert "submissions/one.py" in message and "submissions/two.py" in message
    listed = {submission.name: submission for submission in all_submissions()}
    assert listed["twin"].facts["broken"] == message and message.endswith(": rename one")
    assert "broken" not in listed["rex"].facts and find_submission("rex").schedule is not None


@pytest.mark.parametrize("typed", ["rex", "./submissions/mine.py"])
def test_a_built_in_cannot_be_shadowed_silently(here, typed):
    write(here / "submissions" / "mine.py", "rex")
    message = refused(typed)
    assert "submissions/mine.py" in message and "submissions/schedules/rex.py" in message and "rename" in message


def test_a_file_elsewhere_cannot_take_a_built_in_name_either(here):
    write(here / "other.py", "rex")
    assert "other.py and submissions/schedules/rex.py" in refused("./other.py")


def test_the_built_in_file_may_be_given_by_its_path():
    path = OURS["submissions"] / "schedules" / "rex.py"
    assert find_submission(str(path)).schedule is find_submission("rex").schedule


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = (\n", "broken.py, line 1: '(' was never closed"),
        ("\n\nraise RuntimeError('no\\nway')\n", "broken.py, line 3: RuntimeError: no way"),
        ("import not_a_module_at_all\n", "broken.py, line 1: needs the module 'not_a_module_at_all'"),
        ("import sys\nsys.exit(3)\n", "broken.py, line 2: SystemExit: 3"),
        (
            "from harness import schedule\n@schedule\ndef f(step, horizn): ...\n",
            "broken.py, line 2: schedule 'f': argument 'horizn' has no default and is not one that the harness fills in;"
            " did you mean 'horizon'?",
        ),
        (
            "from harness import TrainingAlgorithm\nclass A(TrainingAlgorithm):\n    update = btach_size = print\n",
            "did you mean 'batch_size'?",
        ),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_plain_line_with_the_place(here, source, expected):
    (here / "broken.py").write_text(source)
    before = set(sys.modules)
    assert expected in refused("./broken.py")
    assert not [name for name in set(sys.modules) - before if name.endswith("broken")]


def test_a_file_without_a_plug_in_or_with_an_unusable_name_is_refused(here):
    (here / "empty.py").write_text("x = 1\n")
    assert "empty.py defines no plug-in with a public name" in refused("./empty.py")
    (here / "lives.py").write_text("from harness import schedule\n@schedule(name='9 lives')\ndef f(step, horizon): ...\n")
    assert "lives.py: a plug-in cannot be called '9 lives'" in refused("./lives.py")


def test_a_broken_file_of_the_folder_is_listed_with_the_reason_and_does_not_stop_the_others(here):
    (here / "submissions" / "broken.py").write_text("x = (\n")
    listed = {submission.name: submission for submission in all_submissions()}
    assert "never closed" in listed["broken"].facts["broken"]
    assert "broken" not in listed["rex"].facts
    assert "broken.py, line 1" in refused("broken")


@pytest.mark.parametrize("caught", [False, True])
def test_a_file_that_trains_while_it_is_imported_is_refused(here, caught):
    train = "torch.nn.Linear(2, 1)(torch.ones(2)).backward()"
    lines = ["try:", f"    {train}", "except Exception:", "    pass"] if caught else [train]
    (here / "submissions" / "early.py").write_text(
        "\n".join(["import torch", SCHEDULE.format(name="early", after=0.5), *lines])
    )
    assert refused("early").endswith("a backward pass while the file is imported: train in update()")
    model = torch.nn.Linear(2, 1)
    model(torch.ones(2)).backward()
    assert model.bias.grad == 1


def test_modules_that_a_failed_import_loaded_are_unloaded(here):
    (here / "failing_helper.py").write_text("x = 1\n")
    (here / "mine.py").write_text("from failing_helper import x\nraise ValueError(x)\n")
    assert "mine.py, line 2: ValueError: 1" in refused("./mine.py")
    assert "failing_helper" not in sys.modules


@pytest.mark.parametrize("line", ["from shape_helper import after", "from .shape_helper import after"])
def test_an_imported_sibling_is_part_of_the_content_hash_and_is_read_again(here, line):
    folder = here / line.split()[1].strip(".")
    folder.mkdir()
    (folder / "shape_helper.py").write_text("after = 0.25\n")
    (folder / "mine.py").write_text(
        f"def deep():\n    {line}\n    return after\n" + SCHEDULE.format(name="half", after="deep()")
    )
    typed = f"./{folder.name}/mine.py"
    before = find_submission(typed)
    assert {path.name for path in before.files} == {"mine.py", "shape_helper.py"} and before.libraries == {}
    assert before.schedule(9, 10) == 0.25
    (folder / "shape_helper.py").write_text("after = 0.125\n")
    after = find_submission(typed)
    assert after.content_hash != before.content_hash
    assert after.schedule(9, 10) == 0.125


def test_the_content_hash_does_not_depend_on_where_the_folder_is(here):
    for folder in ("a", "b/c"):
        (here / folder).mkdir(parents=True)
        (here / folder / "my_part.py").write_text("after = 0.25\n")
        (here / folder / "mine.py").write_text("from .my_part import after\n" + SCHEDULE.format(name="half", after="after"))
    assert find_submission("./a/mine.py").content_hash == find_submission("./b/c/mine.py").content_hash
    rex = shutil.copy(OURS["submissions"] / "schedules" / "rex.py", here / "rex.py")
    assert read_sources(Path(rex)).content_hash == find_submission("rex").content_hash


def test_the_content_hash_covers_the_built_in_packages_but_not_the_harness():
    names = [path.name for path in find_submission("sam").files]
    assert names[0] == "sam.py" and {"_annealed_adamw.py", "adamw.py", "cosine.py"} <= set(names)
    assert not [path for path in find_submission("sam").files if "harness" in path.parts]


EVERYWHERE = """
import a
if x: import b
elif y: from c import d
else: import e
try: import f
except ImportError: import g
else: import h
finally: import i
with x:
    for y in z: import j
    else: import k
while x: import l
match x:
    case 1: import m
    case _: import n
class C:
    import o
    async def f(self):
        async with x: import p
        return lambda: 1 if x else 2
try: import q
except* ValueError: import r
"""


def test_imports_are_found_in_every_kind_of_statement():
    found = ["".join(parts)[0] for _, parts in _import_statements(ast.parse(EVERYWHERE))]
    assert sorted(found) == list("abcefghijklmnopqr")
    for file in sorted(ROOT.glob("harness/**/*.py")):
        tree = ast.parse(file.read_bytes())
        assert len(list(_import_statements(tree))) == sum(
            len(node.names) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
        )


def _load_then_run_nothing():
    load_built_in()
    loading._run = None  # a call of it would be an error, and each file that needs it broken
    assert not workloads_index().broken and not submissions_index().broken
    print(len(workloads_index().plugins), len(submissions_index().plugins))


def test_what_is_forked_after_the_built_in_files_are_loaded_runs_none_of_them_again(here):
    done = Forked(_load_then_run_nothing, cwd=here)
    assert done.wait(60) == 0, done.communicate()
    workloads, submissions = map(int, done.communicate()[0].split())
    assert workloads >= 12 and submissions >= 80


def test_two_folders_with_a_module_of_the_same_name_do_not_mix(here):
    for folder, value in (("a", 0.1), ("b", 0.2)):
        (here / folder).mkdir()
        (here / folder / "same_helper.py").write_text(f"after = {value}\n")
        (here / folder / "mine.py").write_text("from same_helper import after\n" + SCHEDULE.format(name="half", after="after"))
    assert find_submission("./a/mine.py").schedule(9, 10) == 0.1
    assert "write 'from .same_helper import ...'" in refused("./b/mine.py")


def test_libraries_that_a_plug_in_imports_are_named_with_their_versions():
    versions = {name: metadata.version(name) for name in ("pytorch_optimizer", "torch")}
    assert find_submission("lion").libraries == versions
    assert find_submission("rex").libraries == {}


def test_an_installed_entry_point_is_found(here, monkeypatch):
    site = here / "site"
    (site / "racing_pack").mkdir(parents=True)
    (site / "racing_pack" / "__init__.py").write_text("")
    (site / "racing_pack" / "part.py").write_text("after = 0.75\n")
    (site / "racing_pack" / "plug.py").write_text(
        "from racing_pack.part import after\n" + SCHEDULE.format(name="packed", after="after")
    )
    information = site / "racing_pack-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: racing-pack\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[timetrial.submissions]\npacked = racing_pack.plug:packed\nlost = racing_pack.gone:x\n"
    )
    monkeypatch.syspath_prepend(str(site))
    found = find_submission("packed")
    assert found.schedule(9, 10) == 0.75 and found.facts["source"] == "racing_pack.plug" and found.source == ""
    assert {path.name for path in found.files} == {"plug.py", "part.py", "__init__.py"}
    assert "entry point 'lost' (racing_pack.gone:x)" in refused("lost")
    write(here / "submissions" / "packed.py", "packed")
    assert "racing_pack/plug.py" in refused("packed")


def test_a_library_optimizer_takes_its_defaults_from_the_constructor():
    import torch

    found = find_submission("torch.optim.Adagrad+cosine")
    assert found.optimizer.defaults == {
        "learning_rate": 0.01,
        "lr_decay": 0,
        "weight_decay": 0,
        "initial_accumulator_value": 0,
        "epsilon": 1e-10,
        "clip": 0.0,
    }
    model = torch.nn.Linear(3, 2)
    built = found.optimizer(model, {"learning_rate": 0.5, "weight_decay": 0.1})
    assert isinstance(built, torch.optim.Adagrad)
    assert [(group["lr"], group["weight_decay"]) for group in built.param_groups] == [(0.5, 0.1), (0.5, 0.0)]
    clipping = find_submission("pytorch_optimizer.FAdam").optimizer
    assert (clipping.defaults["clip"], clipping.defaults["own_clip"]) == (0.0, 1.0)
    assert clipping(model, {"own_clip": 0.5}).defaults["clip"] == 0.5
    betas = find_submission("pytorch_optimizer.Adan").optimizer(model, {"beta1": 0.5}).param_groups[0]["betas"]
    assert betas == (0.5, 0.92, 0.99)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("torch.optim.LBFGS", "write a TrainingAlgorithm"),
        ("pytorch_optimizer.AdaHessian", "'lanczos'"),
        ("pytorch_optimizer.SAM", "'sam'"),
        ("torch.optim.lr_scheduler.LambdaLR", "@schedule"),
        ("torch.optim.lr_scheduler.ReduceLROnPlateau", "'plateau'"),
    ],
)
def test_a_library_class_that_cannot_be_a_recipe_is_an_error_that_says_what_to_write(name, reason):
    message = refused(name)
    assert name.rpartition(".")[0] in message and reason in message


def test_a_torch_scheduler_becomes_a_multiplier_over_the_horizon():
    theirs = find_schedule("torch.optim.lr_scheduler.CosineAnnealingLR").curve(50)
    assert theirs == pytest.approx(find_schedule("cosine").curve(50), abs=1e-12)


def test_lists_and_curves_need_no_torch(here):
    (here / "submissions" / "needs_it.py").write_text("import torch\n")
    code = WITHOUT_TORCH + (
        "from harness.registry import all_submissions, find_schedule, suites\n"
        "listed = {s.name: s.facts for s in all_submissions()}\n"
        "assert 'sam' in listed and 'broken' not in listed['sam']\n"
        "assert \"needs the module 'torch'\" in listed['needs_it']['broken'], listed['needs_it']\n"
        "suites()\n"
        "assert round(find_schedule('rex').curve(100)[50], 3) == 0.667\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_workload_hash_follows_the_definition_but_not_how_the_target_was_set(monkeypatch):
    base = workload_hash(Blobs("smoke"))
    assert base == workload_hash(Blobs("smoke"))
    assert workload_hash(Blobs("smoke", "wide")) != base
    other = Blobs("smoke")
    other.size = replace(other.size, batch_size=32)
    assert workload_hash(other) != base
    other.size = replace(Blobs("smoke").size, target_provenance="five seeds")
    assert workload_hash(other) == base
    monkeypatch.setattr(Blobs, "version", 2)
    assert workload_hash(Blobs("smoke")) != base


def test_a_workload_without_data_is_a_contract_error(here):
    (here / "mine.py").write_text("from harness import Workload\nclass W(Workload):\n    name = 'w'\n")
    with pytest.raises(ContractError, match="line 2: W has no attribute 'data'"):
        find_submission("./mine.py")


@pytest.mark.parametrize("host", ["'lengths'", "('lengths', 3)", "['lengths']"])
def test_names_that_stay_on_the_host_are_a_tuple_of_them(here, host):
    (here / "mine.py").write_text(
        "from harness import Workload\nclass W(Workload):\n    name = 'w'\n    data = 'none'\n    sizes = {'smoke': 1}\n"
        f"    host = {host}\n"
    )
    with pytest.raises(ContractError, match="write the names of examples as a tuple"):
        find_submission("./mine.py")
