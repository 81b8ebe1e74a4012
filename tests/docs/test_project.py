"""The files around the code agree with one another: addresses, versions, pins, targets, hooks, verbs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

import harness
from harness.cli.app import VERBS, app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCE = PROJECT["urls"]["Source"]


def read(name: str) -> str:
    return (ROOT / name).read_text()


def parsed(name: str):
    return yaml.safe_load(read(name))


def distribution(requirement: str) -> str:
    """Return the normalised name of a requirement or a pin."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=\[;]", requirement, maxsplit=1)[0]).lower()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_the_clone_line_names_the_project_s_address(page):
    assert f"git clone {SOURCE}.git" in read(page)


def test_the_citation_has_the_project_s_address_version_and_licence():
    citation = parsed("CITATION.cff")
    found = citation["repository-code"], str(citation["version"]), citation["license"]
    assert found == (SOURCE, PROJECT["version"], PROJECT["license"])


def test_the_package_says_the_version_of_the_project():
    assert harness.__version__ == PROJECT["version"]


def test_every_dependency_is_pinned():
    pins = {distribution(line) for line in read("constraints.txt").splitlines()}
    wanted = {*PROJECT["dependencies"], *(r for extra in PROJECT["optional-dependencies"].values() for r in extra)}
    assert sorted({distribution(r) for r in wanted} - pins - {PROJECT["name"]}) == []


def test_make_help_lists_every_target():
    makefile = read("Makefile")
    targets = re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[1] for line in listed.splitlines()] == targets
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None and sorted(phony[1].split()) == sorted(targets)


def test_the_hooks_before_a_commit_are_the_checks_of_make_lint():
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)
    assert lint is not None
    checks = [Path(line.split()[0]).name for line in lint[1].splitlines()]
    (local,) = parsed(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert [Path(hook["entry"].split()[0]).name for hook in local["hooks"]] == checks
    assert {hook["language"] for hook in local["hooks"]} == {"system"}, "a hook of another kind would need the network"


def test_ci_runs_the_committed_script_on_the_oldest_and_the_newest_python():
    (job,) = parsed(".github/workflows/ci.yml")["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert PROJECT["requires-python"] == ">=3.11"
    assert any(step.get("run") == "./.ci/run" for step in job["steps"])
    assert [line for line in read(".ci/run").splitlines() if line.startswith("make ")] == [
        "make install",
        "make -j2 lint site",
        "make test PYTEST_OPTIONS=--durations=30",
    ]


def test_a_pull_request_with_a_submission_does_what_make_submission_does():
    (job,) = parsed(".github/workflows/submission.yml")["jobs"].values()
    assert any("make submission NAME=" in step.get("run", "") for step in job["steps"])
    command = ["make", "-n", "--no-print-directory", "submission", "NAME=mine"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    steps = [line.split("timetrial ", 1)[1] for line in lines if "/timetrial " in line]
    assert [step.split()[0] for step in steps] == ["check", "run", "run", "report"]
    assert "--suite smoke -s mine" in steps[1] and "--suite laptop --reference -s mine" in steps[2]
    assert "--reference" in steps[3] and "--format md" in steps[3]


def test_a_pull_request_races_what_imports_a_changed_file_under_the_name_that_a_race_of_all_has():
    changed = (
        "submissions/optimizers/_cautious.py\nsubmissions/optimizers/schedule_free_sgd.py\nsubmissions/schedules/gone.py\n"
    )
    command = [sys.executable, ".github/changed_submissions.py"]
    done = subprocess.run(command, cwd=ROOT, input=changed, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cautious+cosine", "schedule_free_sgd+constant"]
    assert "< changed.txt" in read(".github/workflows/submission.yml")


@pytest.mark.parametrize("form", sorted(p.name for p in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")))
def test_an_issue_form_has_a_name_and_fields_with_labels(form):
    content = parsed(f".github/ISSUE_TEMPLATE/{form}")
    assert content["name"] and content["description"]
    fields = [part for part in content["body"] if part["type"] != "markdown"]
    assert fields and all(part["attributes"]["label"] for part in fields)


def options_of(verb: str) -> set[str]:
    """Return the options of a verb, and of the verbs under it."""
    command = get_command(app).commands[verb]
    under = getattr(command, "commands", {}).values()
    return {option for one in (command, *under) for parameter in one.params for option in parameter.opts}


def test_the_readme_names_verbs_and_options_that_exist():
    for verb in VERBS:
        import_module(f"harness.cli.{verb}")
    used = re.findall(r"(?:`|/)timetrial ([a-z]+)((?: [^`\n]*)?)", read("README.md"))
    assert len({verb for verb, _ in used}) > 5
    for verb, rest in used:
        assert verb in {name.rstrip("_") for name in VERBS}
        assert set(re.findall(r"(?<!\S)--?[a-z-]+", rest)) <= options_of(verb), f"timetrial {verb}{rest}"


def test_every_name_of_the_contracts_that_is_used_elsewhere_is_on_a_page_of_the_site():
    outside = (path for path in (ROOT / "harness").rglob("*.py") if path.parent.name != "contracts")
    nodes = (node for path in outside for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom))
    used = {alias.name for node in imports if str(node.module).startswith("harness.contracts.") for alias in node.names}
    page = read("docs/api/contracts.rst")
    assert {"did_you_mean", "BadInput"} <= used
    assert [name for name in sorted(used) if name not in harness.__all__ and f":: {name}\n" not in page] == []
