"""The mistakes that authors make first: each is one line that says what to write instead."""

from __future__ import annotations

import pytest

from harness.cli.app import run_app
from harness.cli.running.live_board import LiveBoard

HEAD = "import torch\nfrom harness import TrainingAlgorithm, optimizer, schedule\n\n"
LISTENS = "@schedule(anytime=True, listens='training_loss')\n"
LOOP = LISTENS + "class mine:\n    def observe({0}):\n        pass\n    def multiplier({1}):\n"
PROCEDURE = "class Mine(TrainingAlgorithm):\n    def update({0}):\n        {1}\n"
RUN = ("run", "--suite", "smoke", "--executor", "inline", "--studies", "1", "--results", "r")

AT_ONCE = {
    "no parentheses": (
        "@optimizer\ndef mine(model, hyperparameters):\n    ...\n",
        'write @optimizer(defaults={"learning_rate": 0.001}) above def mine(model, hyperparameters)',
    ),
    "no defaults": (
        "@optimizer()\ndef mine(model, hyperparameters):\n    ...\n",
        'write @optimizer(defaults={"learning_rate": 0.001}) above def NAME(model, hyperparameters)',
    ),
    "a name by position": (
        "@schedule('linear')\ndef mine(step, horizon):\n    return 1.0\n",
        'write @schedule(name="linear") or @schedule above the function',
    ),
    "no step": (
        LOOP.format("self, feedback", "self") + "        return 1.0\n",
        "schedule 'mine': write def multiplier(self, step)",
    ),
    "no feedback": (
        LOOP.format("self", "self, step") + "        return 1.0\n",
        "schedule 'mine': write def observe(self, feedback)",
    ),
    "no batch": (PROCEDURE.format("self, x, y", "pass"), "Mine: write def update(self, batch)"),
    "another name": (
        "@schedule\ndef other(step, horizon):\n    return 1.0\n",
        "no submission 'mine': submissions/mine.py defines 'other': write -s other, or rename the plug-in",
    ),
    "nothing to list": (
        "@schedule\ndef _mine(step, horizon):\n    return 1.0\n",
        "no submission 'mine'",
    ),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submissions").mkdir()
    return tmp_path


@pytest.mark.parametrize("mistake", AT_ONCE)
def test_a_mistake_in_a_plug_in_is_one_line_before_anything_runs(mistake, here, capsys):
    source, says = AT_ONCE[mistake]
    (here / "submissions" / "mine.py").write_text(HEAD + source)
    assert run_app([*RUN, "-s", "mine"]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1
    assert not (here / "r").exists()


@pytest.mark.parametrize("typed", ["mine.py", "./mine.py"])
def test_a_file_of_the_folder_of_submissions_is_told_with_its_path(typed, here, capsys):
    (here / "submissions" / "mine.py").write_text(HEAD)
    assert run_app([*RUN, "-s", typed]) == 2
    assert capsys.readouterr().err.endswith(": write submissions/mine.py, or mine alone\n")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("run --suite smoke -s my_own_idea", "no submission 'my_own_idea': `timetrial new my_own_idea` writes one to edit"),
        ("check digits_mlp", "no submission 'digits_mlp': it is a workload: write -w digits_mlp"),
        ("run --suite smoke -w cosine", "no workload 'cosine': it is a submission: write -s cosine"),
        (
            "run --suite smoke --track external -s torch.optim.Adagrad -s cosine",
            "'cosine' is a schedule, which the external track does not take: name its optimizer too, as in"
            " -s torch.optim.Adagrad+cosine",
        ),
        ("list", "list needs KIND: submissions, workloads, suites or libraries (see "),
        ("new", "new needs NAME: name of the new plug-in, a schedule unless --kind says otherwise"),
        ("run cosine", "run takes no names without an option: write -s cosine"),
        ("run cosine linear --suite smoke", "run takes no names without an option: write -s cosine -s linear"),
        ("run --suite smoke -s cosine,linear", "no submission 'cosine,linear': repeat the option, as in -s cosine -s linear"),
        ("run -w digits_mlp,mri_unet", "no workload 'digits_mlp,mri_unet': repeat the option, as in -w digits_mlp -w mri_unet"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_with_the_right_one(typed, says, here, capsys):
    assert run_app(typed.split()) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"timetrial: {says}") and told.count("\n") == 1


OPTIMIZER = """
@optimizer(defaults={"learning_rate": 0.1})
def mine(model, hyperparameters):
    return torch.optim.SGD(model.parameters(), lr=hyperparameters.learning_rate)
"""


@pytest.mark.parametrize("typed", ["mine", "./submissions/mine.py"])
def test_an_optimizer_without_a_schedule_is_told_what_puts_it_under_one(typed, here, capsys):
    (here / "submissions" / "mine.py").write_text(HEAD + OPTIMIZER)
    raced = [*RUN, "-s", "adamw+cosine", "--track", "self-tuning", "--dry-run"]
    assert run_app([*raced, "-s", typed]) == 0
    says = f"{typed} has no schedule: its learning rate is constant after the warm-up; -s {typed}+cosine puts it under one\n"
    assert capsys.readouterr().err == says
    assert run_app([*raced, "-s", f"{typed}+cosine", "-s", "schedule_free_sgd"]) == 0
    assert capsys.readouterr().err == "", "an optimizer that is meant to keep its rate needs no schedule"


@pytest.mark.parametrize(
    "named, baseline",
    [("rex", "cosine"), ("lion+linear", "adamw+cosine"), ("cosine", ""), ("adamw+cosine", "")],
)
def test_a_race_without_the_baseline_of_its_track_is_told_what_adds_it(named, baseline, here, capsys):
    says = f"there will be no speed-ups: they compare with {baseline}, which is not in this race; -s {baseline} adds it\n"
    assert run_app([*RUN, "-s", named, "--dry-run"]) == 0
    assert capsys.readouterr().err == (says if baseline else "")
    (here / "r" / "trials" / "digits_mlp" / (baseline or "other")).mkdir(parents=True)
    assert run_app([*RUN, "-s", named, "--dry-run"]) == 0
    assert capsys.readouterr().err == "", "the results directory has trials of it"


def test_a_file_whose_function_has_no_decorator_is_told_to_get_one(here, capsys):
    (here / "submissions" / "plain.py").write_text("def plain(step, horizon):\n    return 1.0\n")
    assert run_app([*RUN, "-s", "plain"]) == 2
    told = capsys.readouterr().err
    says = "no submission 'plain': submissions/plain.py defines no plug-in with a public name: expected @schedule or @optimizer"
    assert told.startswith(f"timetrial: {says} above a function") and told.count("\n") == 1


@pytest.mark.parametrize("verb", ["check", "curve", "run --suite smoke -s"])
def test_an_unknown_name_is_told_with_the_folders_that_were_looked_at(verb, here, capsys, monkeypatch):
    for folder, absent in ((here, ""), (here / "submissions", ", which is not there,")):
        monkeypatch.chdir(folder)
        for typed in ("my_own_idea", "my_cosine"):  # near to none, near to one
            assert run_app([*verb.split(), typed]) == 2
            told = capsys.readouterr().err
            assert told.endswith(f" (looked in {folder}/submissions{absent} and among those of timetrial)\n"), told
            assert told.count("\n") == 1


def test_what_only_a_trial_can_find_is_the_reason_of_its_failure(here, capsys, monkeypatch):
    monkeypatch.setattr(LiveBoard, "write", lambda *_, **__: None)  # seconds, and nothing here reads it
    mistakes = {
        "no_return": "@optimizer(defaults={'learning_rate': 0.1})\ndef no_return(model, hyperparameters):\n    pass\n",
        "no_super": PROCEDURE.format("self, batch", "pass").replace("Mine", "NoSuper")
        + "    def __init__(self, task, hyperparameters):\n        self._rate = self.hyperparameters.learning_rate\n",
        "unpacked": PROCEDURE.format("self, batch", "x, y = batch").replace("Mine", "Unpacked"),
    }
    for name, source in mistakes.items():
        (here / "submissions" / f"{name}.py").write_text(HEAD + source)
    named = [word for name in mistakes for word in ("-s", name)]
    assert run_app([*RUN, "--track", "self-tuning", *named]) == 1
    told = capsys.readouterr()
    failures = [line for line in (told.out + told.err).splitlines() if line.startswith("failed: ")]
    assert len(failures) == 3
    for says in (
        "returned None: end it with `return` and the optimizer",
        "NoSuper has no 'hyperparameters' yet: begin its __init__ with super().__init__(task, hyperparameters)",
        "a batch does not show its examples: self.task.loss(batch) computes its loss, and charges it",
    ):
        assert sum(says in line for line in failures) == 1
