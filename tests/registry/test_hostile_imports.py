"""A file gains nothing by what it does while it is loaded: it cannot train, and what it replaces is put back."""

from __future__ import annotations

import builtins
import json.encoder
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.autograd.variable import Variable

import harness
from harness import BadInput, ContractError, canonical
from harness.execution.acceptance import Acceptance
from harness.registry import find_submission, untouched
from harness.registry.loading import load_file

SCHEDULE = """
from harness import schedule

@schedule
def {name}(step, horizon):
    '''Constant.'''
    return 1.0
"""

TRAINS = "torch.nn.Linear(2, 1)(torch.ones(2)).backward()"

ENGINE = """
import torch
from torch.autograd.variable import ImperativeEngine, Variable
loss = torch.nn.Linear(2, 1)(torch.ones(2)).sum()
engine = {engine}
try:
    engine.run_backward((loss,), (torch.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True)
except Exception:
    Variable._execution_engine.error = None
"""

REFUSED = ": a backward pass while the file is imported: train in update()"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, *lines: str, name: str = "mine") -> Path:
    path = folder / f"{name}.py"
    path.write_text("\n".join([SCHEDULE.format(name=name), *lines]))
    return path


def refused(path: Path) -> str:
    with pytest.raises(ContractError) as caught:
        load_file(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("line", ["torch = importlib.import_module('torch')", "torch = sys.modules['torch']"])
def test_a_file_that_names_torch_in_no_import_statement_cannot_train_either(here, line):
    assert refused(write(here, "import importlib, sys", line, TRAINS)).endswith(REFUSED)


@pytest.mark.parametrize(
    "engine",
    ["torch._C._ImperativeEngine()", "ImperativeEngine()", "Variable._execution_engine"],
)
def test_a_file_cannot_train_with_an_engine_of_its_own_either(here, engine):
    before = Variable._execution_engine
    assert refused(write(here, ENGINE.format(engine=engine))).endswith(REFUSED)
    assert Variable._execution_engine is before
    assert type(before) is torch._C._ImperativeEngine is sys.modules["torch.autograd.variable"].ImperativeEngine


def test_the_engine_that_refuses_has_no_attribute_that_is_torchs(here):
    lines = ["import torch", "engine = torch.autograd.Variable._execution_engine"]
    load_file(write(here, *lines, "held = [getattr(engine, name) for name in dir(engine)]"))
    module = next(module for name, module in sys.modules.items() if name.endswith(".mine") and hasattr(module, "held"))
    true = torch._C._ImperativeEngine
    assert not isinstance(module.engine, true)
    assert not any(isinstance(value, true) or isinstance(getattr(value, "__self__", 0), true) for value in module.held)


WITHOUT_TORCH = """
import sys
from pathlib import Path
from harness import BadInput
from harness.registry.loading import load_file

for name in sys.argv[1:]:
    try:
        load_file(Path(name))
    except BadInput as error:
        print(error)
    else:
        print("torch" in sys.modules)
"""


def loaded_without_torch(*paths: Path) -> list[str]:
    """Return what comes of loading files in a process that has not loaded torch: why one is refused, or whether torch is."""
    line = [sys.executable, "-c", WITHOUT_TORCH, *map(str, paths)]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_file_that_loads_torch_without_an_import_statement_cannot_train(here):
    plain = write(here, "import numpy", name="plain")
    trains = write(here, "torch = __import__('importlib').import_module('torch')", TRAINS, name="trains")
    assert loaded_without_torch(plain, trains) == ["False", "trains.py, line 10" + REFUSED]


def test_a_file_may_import_a_library_that_loads_torch_and_cannot_train_with_it(here):
    library = write(here, "import pytorch_optimizer", name="library")
    trains = write(here, "import sys, pytorch_optimizer", "torch = sys.modules['torch']", TRAINS, name="trains")
    assert loaded_without_torch(library) == ["True"]
    assert loaded_without_torch(trains, library) == ["trains.py, line 11" + REFUSED, "True"]


def test_a_file_that_loads_torch_past_the_import_system_is_refused(here):
    lines = [
        "import sys",
        "from importlib.machinery import PathFinder",
        "from importlib.util import module_from_spec",
        "spec = PathFinder.find_spec('torch')",
        "torch = sys.modules['torch'] = module_from_spec(spec)",
        "spec.loader.exec_module(torch)",
    ]
    expected = "mine.py: it loads torch without an `import torch` statement: write that"
    assert loaded_without_torch(write(here, *lines, TRAINS)) == [expected]


PATCHES = {
    "harness.execution.acceptance.Acceptance.accept": "sys.modules['harness.execution.acceptance'].Acceptance.accept = mine",
    "harness.execution.acceptance.Acceptance.__getattribute__": (
        "sys.modules['harness.execution.acceptance'].Acceptance.__getattribute__ = mine"
    ),
    "harness.canonical.stable_hash": "del sys.modules['harness.canonical'].stable_hash",
    "harness.canonical.json": "sys.modules['harness.canonical'].json = ModuleType('json')",
    "harness.canonical.sorted": "sys.modules['harness.canonical'].sorted = mine",
    "harness.schedule": "sys.modules['harness'].schedule = mine",
    "harness.registry.untouched._put_back": "sys.modules['harness.registry.untouched']._put_back = lambda *_: ()",
    "the module harness.canonical": "sys.modules['harness.canonical'] = ModuleType('canonical')",
    "builtins.len": "builtins.len = lambda values: 0",
    "builtins.map": "builtins.map = builtins.any = builtins.all = lambda *_: True",
    "json.encoder.JSONEncoder.encode": "json.encoder.JSONEncoder.encode = mine",
    "workloads.data.data_directory": "import workloads.data; workloads.data.data_directory = mine",
}
"""{what is replaced: how}."""

HEAD = ["import builtins, json.encoder, sys", "from types import ModuleType", "def mine(*_, **__): ..."]


def present() -> list[object]:
    """Return what is there of that which the patches replace."""
    import workloads.data

    names = ("stable_hash", "json", "sorted")
    return [
        *(Acceptance.accept, vars(Acceptance).get("__getattribute__"), vars(harness).get("schedule"), untouched._put_back),
        *(sys.modules["harness.canonical"], *map(vars(canonical).get, names), builtins.len, builtins.map),
        *(json.encoder.JSONEncoder.encode, workloads.data.data_directory),
    ]


@pytest.mark.parametrize("replaced", PATCHES)
def test_what_a_file_replaces_is_put_back_and_named(here, replaced):
    before, modules = present(), set(sys.modules)
    message = refused(write(here, *HEAD, PATCHES[replaced]))
    assert message.startswith("mine.py: it replaced ") and message.endswith(": leave it as it is") and replaced in message
    assert all(now is then for now, then in zip(present(), before, strict=True))
    assert not [name for name in sys.modules.keys() - modules if name.endswith(".mine")]


def test_what_a_file_replaces_is_put_back_where_its_import_fails(here):
    before = present()
    assert "line 13: no" in refused(
        write(here, *HEAD, PATCHES["builtins.len"], "from harness import ContractError; raise ContractError('no')")
    )
    assert present() == before


def test_what_a_class_replaces_where_its_facts_are_read_is_put_back(here):
    path = write(here, *HEAD, *odd(PATCHES["harness.execution.acceptance.Acceptance.accept"]))
    before = present()
    for _ in range(2):
        assert refused(path).startswith("mine.py: it replaced harness.execution.acceptance.Acceptance.accept")
        assert present() == before


def test_a_file_may_add_names_and_import_further_modules(here):
    added = ["harness.canonical.OF_MY_OWN = mine", "json.encoder.JSONEncoder.of_my_own = mine"]
    adds = write(here, *HEAD, "import harness.canonical, harness.forecast, workloads.digits_mlp", *added)
    assert loaded_without_torch(adds, write(here, name="other")) == ["False", "False"]


def odd(line: str) -> list[str]:
    """Return the lines of a plug-in whose class executes one where its facts are read."""
    return [
        "from harness import BadInput, TrainingAlgorithm",
        "class Odd(type):",
        "    @property",
        "    def cost(self):",
        f"        {line}",
        "        return ''",
        "class It(TrainingAlgorithm, metaclass=Odd):",
        "    def update(self, batch): ...",
    ]


def test_an_error_of_the_users_that_a_plug_in_raises_is_its_own(here):
    """Without a cause a worker would take it for a file that this machine does not have, and the trial for one to repeat."""
    with pytest.raises(BadInput, match=r"^mine.py, line 13: no such data$") as caught:
        load_file(write(here, *odd("raise BadInput('no such data')")))
    assert type(caught.value) is BadInput and type(caught.value.__cause__) is BadInput


@pytest.mark.parametrize(("base", "kind"), [("BadInput", BadInput), ("ContractError", ContractError)])
@pytest.mark.parametrize("when", ["imported", "listed"])
def test_an_error_whose_class_is_the_plug_ins_becomes_one_of_the_harness(here, base, kind, when):
    lines = [
        "from harness import BadInput, ContractError",
        f"class Mine({base}):",
        "    def __init__(self):",
        "        super().__init__('a')",
        "    def __str__(self):",
        "        raise ValueError",
    ]
    path = write(here, *lines, *(["raise Mine"] if when == "imported" else odd("raise Mine")))
    with pytest.raises(BadInput, match="Mine: its message cannot be read") as caught:
        find_submission(f"./{path.name}")
    assert type(caught.value) is kind and caught.value.__cause__ is not None
