"""What a worker does before, around and after a trial."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from harness.contracts.errors import BadInput
from harness.execution import worker
from harness.execution.dispatch.child_pool import ChildPool
from harness.execution.dispatch.driver import Driver
from harness.execution.inline import run_inline
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.plan import Request, make_plan
from harness.records import FAILURES
from harness.registry import all_submissions
from harness.results import ResultStore
from tests.execution.scripted import race_of
from tests.trial.process.children import in_a_process
from tests.trial.process.guarded import metrics
from workloads.data import data_directory

CODE = """
import sys
from harness.execution import worker
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from workloads.data import data_directory

def begun(*_):
    loaded.append("torch._dynamo" in sys.modules)
    raise SystemExit

loaded = ["torch._dynamo" in sys.modules]
worker.run_trial = begun  # its first act is to start the set-up clock
plan = make_plan(Request(suite="smoke", workloads=("digits_mlp",), submissions=("linear",), studies=1))
worker.work(plan.trials[0], Settings("inline", data_directory()), lambda: None)
print(*loaded)
"""


def test_what_torch_imports_for_its_first_optimizer_is_imported_before_the_set_up_clock_starts():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


COMPILING = """
import torch
from harness import optimizer

@torch.compile(backend="BACKEND")
def scaled(gradient):
    return gradient * 0.5

@optimizer(defaults={"learning_rate": 0.01})
def compiling(model, hyperparameters):
    'Half of gradient descent, compiled.'
    return Half(model.parameters(), {"lr": hyperparameters.learning_rate})

class Half(torch.optim.Optimizer):
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.data.add_(scaled(p.grad), alpha=-group["lr"])
"""

ITS_TRIAL = """
import sys
from harness.execution.settings import Settings
from harness.execution.worker import work
from harness.plan import Request, make_plan
from workloads.data import data_directory

plan = make_plan(Request(suite="smoke", workloads=("digits_mlp",), submissions=(sys.argv[1],), track="self-tuning", studies=1))
for _ in range(2):
    (record, _), replace = work(plan.trials[0], Settings("inline", data_directory()), lambda: None, own_process=True)
    print(record.status, record.reason, replace, sep="; ")
"""


@pytest.mark.parametrize("backend", ["eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_submissions_that_compile_a_function_are_not_blamed_for_what_torch_replaces(tmp_path, backend):
    if backend == "inductor" and shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    (tmp_path / "compiling.py").write_text(COMPILING.replace("BACKEND", backend))
    line = [sys.executable, "-c", ITS_TRIAL, f"{tmp_path / 'compiling.py'}+cosine"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    for trial in done.stdout.splitlines():
        status, _, replace = trial.split("; ")
        assert status in ("reached", "missed", "finished"), done.stdout
        assert replace in ("", "a thread that it started is still running"), done.stdout  # the compiler's own, the first time
    assert len(done.stdout.splitlines()) == 2


PLUGIN = """
from harness import TrainingAlgorithm

class Acts(TrainingAlgorithm):
    'Descends, and acts in its tenth step.'
    defaults = {"learning_rate": 0.05}
    steps = 0

    def update(self, batch):
        self._steps = getattr(self, "_steps", 0) + 1
        if self._steps == 10:
            self._act()
        self.task.model.zero_grad()
        self.task.loss(batch).backward()
        for p in self.task.model.parameters():
            p.data.add_(p.grad, alpha=-self.hyperparameters.learning_rate)

    def _act(self):
        ACTION
""".replace("    steps = 0\n\n", "")


def plugin(folder, action, top="", name="acts"):
    path = Path(folder) / f"{name}.py"
    path.write_text(top + PLUGIN.replace("ACTION", action.replace("\n", "\n        ")))
    return str(path)


def worked(name, track="self-tuning", own_process=True, **settings):
    """Return what a worker has done with the first trial of a submission on the smallest workload."""
    spec = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1, track=track)).trials[0]
    return work(spec, Settings("inline", data_directory(), **settings), lambda: None, own_process=own_process)


def test_a_failed_trial_leaves_its_traceback_and_its_output_and_its_reason_names_both(tmp_path):
    acts = plugin(tmp_path, "print('almost there')\nraise ValueError('a reason')")
    (record, artefacts), replace = in_a_process(worked, acts).value
    assert (record.status, replace) == ("failed", "")
    assert record.reason == "ValueError: a reason (acts.py:18); see traceback.txt and output.txt"
    files = {artefact.name: artefact.content.decode() for artefact in artefacts}
    assert files["output.txt"] == "almost there\n"
    assert "in _act" in files["traceback.txt"] and files["traceback.txt"].endswith("ValueError: a reason\n")


def test_what_is_said_of_a_failure_does_not_depend_on_whether_losses_are_kept(tmp_path):
    acts = plugin(tmp_path, "raise ValueError('a reason')")
    (record, artefacts), _ = in_a_process(partial(worked, acts, log_losses=True)).value
    assert record.reason == "ValueError: a reason (acts.py:17); see traceback.txt"
    assert [artefact.name for artefact in artefacts] == ["traceback.txt", "losses.csv"]


def test_a_trial_that_does_not_fail_keeps_what_it_prints_and_its_reason(tmp_path):
    (record, artefacts), replace = in_a_process(worked, plugin(tmp_path, "print('hello')")).value
    assert (record.status, replace) == ("missed", "") and "see" not in record.reason
    assert [(artefact.name, artefact.content) for artefact in artefacts] == [("output.txt", b"hello\n")]


def test_a_trial_that_replaced_a_function_of_torch_fails_without_evaluations_and_its_worker_is_replaced(tmp_path):
    action = "import torch\ntorch.nn.functional.cross_entropy = lambda *arguments, **keywords: arguments[0].sum(1) * 0"
    (record, _), replace = in_a_process(worked, plugin(tmp_path, action)).value
    assert (record.status, record.evaluations, record.complete) == ("failed", (), False)
    assert record.reason.startswith("it replaced torch.nn.functional.cross_entropy")
    assert replace == "it replaced torch.nn.functional.cross_entropy"


def test_data_that_a_trial_changed_are_loaded_again(tmp_path):
    acts = plugin(tmp_path, "self.task._train['labels'].fill_(0)")
    before, during, after = in_a_process(around, acts).value
    assert during.result.record.reason.startswith("it replaced the data of its workload")
    assert metrics(before.result.record) == metrics(after.result.record) != []


def around(name):
    """Return what an honest trial did before and after another one, and what that one did."""
    return worked("sgd+linear"), worked(name), worked("sgd+linear")


def test_an_error_of_an_import_in_the_worker_alone_fails_the_trial(tmp_path):
    acts = plugin(tmp_path, "pass", "import os, pathlib\n")
    (record, artefacts), _ = in_a_process(changed_before_the_trial, acts, "raise ValueError('at import')").value
    assert record.status == "failed" and "ValueError: at import" in record.reason
    assert "ValueError: at import" in artefacts[0].content.decode()


def test_a_submission_that_this_machine_does_not_have_is_no_failure_of_it(tmp_path):
    (record, artefacts), _ = in_a_process(changed_before_the_trial, plugin(tmp_path, "pass"), None).value
    assert (record.status, artefacts) == ("killed", ())


def test_an_error_of_the_harness_itself_that_a_plugin_provokes_is_a_failure_of_it(tmp_path):
    (record, artefacts), _ = in_a_process(passed_over, plugin(tmp_path, "pass")).value
    assert record.status == "failed" and record.reason.startswith("BadInput: unlucky")
    assert artefacts[0].content.decode().endswith("BadInput: unlucky\n")


def passed_over(name):
    """Return what a worker has done with a trial that a user's mistake seems to have ended."""

    def unlucky(*_):
        raise BadInput("unlucky")

    worker.run_trial = unlucky
    return worked(name)


UNWRITABLE = """
import sys
frame = sys._getframe()
while frame is not None:
    if hasattr(run := frame.f_locals.get('run'), 'beater'):
        run.beater = VALUE
    frame = frame.f_back
"""


VALUES = {
    "unknown": "{'time': object()}",
    "endless": "(deep := [], deep.append(deep))",
    "large": "{'time': 10**5000}",
}


@pytest.mark.parametrize("way", [run_inline, lambda race: Driver(race, ChildPool(1), "127.0.0.1", print).run()])
def test_a_trial_whose_record_cannot_be_written_has_failed(tmp_path, way):
    plugins = [plugin(tmp_path, UNWRITABLE.strip().replace("VALUE", value), name=name) for name, value in VALUES.items()]
    race, _ = race_of(tmp_path / "results", *plugins, "adamw+linear")
    try:
        way(race)
    finally:
        race.close()
    records = {Path(record.spec.submission).stem: record for record in ResultStore(tmp_path / "results").records()}
    assert records.pop("adamw+linear").status not in (*FAILURES, "killed")
    assert set(records) == set(VALUES)
    for record in records.values():
        assert record.status == "failed" and record.reason.startswith("its record cannot be written: ")
        assert "\n" not in record.reason


def changed_before_the_trial(name, first_line):
    """Plan a trial, change or remove the file of its submission, and run it."""
    spec = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1, track="self-tuning")).trials[0]
    path = Path(name)
    if first_line is None:
        path.unlink()
    else:
        path.write_text(f"{first_line}\n{path.read_text()}")
    return work(spec, Settings("inline", data_directory()), lambda: None)


OUT = "its memory limit was hit"

LIMITED = [
    ("import time\ntime.sleep(60)", {"limit": 0.5}, "timeout", "its time limit rang"),
    ("self.task.draw(10**12)", {}, "failed", ""),
    (
        "self._kept = [bytearray(10**7) for _ in range(10**4)]",
        {"memory": 2 * 10**8},
        "out-of-memory",
        "its memory limit was hit",
    ),
]


@pytest.mark.parametrize(("action", "settings", "status", "why"), LIMITED)
def test_a_worker_whose_limit_was_hit_is_to_be_replaced(tmp_path, action, settings, status, why):
    result, replace = in_a_process(partial(worked, **settings), plugin(tmp_path, action)).value
    assert (result.record.status, replace) == (status, why), result.record.reason


def test_the_time_of_loading_a_submission_counts(tmp_path):
    acts = plugin(tmp_path, "pass")
    (record, _), replace = in_a_process(slow_import, acts).value
    assert (record.status, replace) == ("timeout", "its time limit rang")


def slow_import(name):
    settings = Settings("inline", data_directory(), limit=0.5)
    spec = make_plan(Request(suite="smoke", submissions=(name,), studies=1, trials=1, track="self-tuning")).trials[0]
    Path(name).write_text(f"import time\ntime.sleep(60)\n{Path(name).read_text()}")
    return work(spec, settings, lambda: None)


LIBRARY = (
    *("torch.optim.Adagrad", "torch.optim.Adam", "torch.optim.RMSprop", "torch.optim.NAdam", "torch.optim.Adamax"),
    *("pytorch_optimizer.Adan", "pytorch_optimizer.Lamb", "pytorch_optimizer.SOAP"),
)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_no_built_in_submission_changes_its_process_or_prints(every):
    named = {kind: [each.name for each in all_submissions() if each.kind == kind] for kind in ("schedule", "optimizer")}
    procedures = [each.name for each in all_submissions() if each.kind == "procedure" and "unavailable" not in each.facts]
    combined = [f"adamw+{name}" for name in named["schedule"] if name != "constant"] + [
        f"{name}+constant" for name in (*named["optimizer"], *LIBRARY)
    ]
    names = (*combined, *procedures)[::every]
    status, found = in_a_process(all_worked, names, seconds=250)
    assert (status, len(found)) == (0, len(names))
    assert {name: left for name, left in found.items() if left != ("", [], "")} == {}


def all_worked(names):
    """Return for each submission why its worker would be replaced, what it left beside its record, and how it failed."""
    settings = Settings("inline", data_directory(), memory=10**9)
    plan = make_plan(Request(suite="smoke", submissions=names, studies=1, trials=1, track="self-tuning"))
    found = {}
    for spec in plan.trials:
        (record, artefacts), replace = work(spec, settings, lambda: None, own_process=True)
        failed = record.reason if record.status in FAILURES else ""
        found[spec.submission] = replace, [(artefact.name, artefact.content[:300]) for artefact in artefacts], failed
    return found
