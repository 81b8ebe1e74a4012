"""Every file, link, command and package that the documentation names is there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "results").glob("*.md")]
    if page.name != "CHANGELOG.md"  # it also names what is no longer there
)
TOP = r"harness|timetrial|workloads|submissions|analyses|examples|tests|docs|results|\.github|\.ci"
PATH = re.compile(rf"(?<![\w/.:-])(?:{TOP})/[\w./*-]*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]+\b|\*")
EXAMPLES = {
    "submissions/my_schedule.py",
    "submissions/my_optimizer.py",
    "tests/test_my_schedule.py",
    "workloads/my_workload.py",
}
"""Files that a reader is told to write."""


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def mentioned(page: str) -> list[str]:
    """Return the repository paths that a page names; what a run writes under `results/` is not among them."""
    found = {match.rstrip(".") for match in PATH.findall(text_of(page))}
    return sorted(p for p in found - EXAMPLES if not p.startswith("results/") or p.startswith("results/reference/"))


def is_there(path: str) -> bool:
    """Return whether a path exists; of one with a placeholder (NAME, *), the folder above the placeholder."""
    known = []
    for part in Path(path).parts:
        if PLACEHOLDER.search(part) and not (ROOT / Path(*known, part)).exists():
            break
        known.append(part)
    return (ROOT / Path(*known)).exists()


def anchors(page: Path) -> set[str]:
    """Return the anchors that a code host makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_missing_path_is_noticed():
    assert not is_there("harness/no_such_module.py")
    assert not is_there("harness/no_such_package/NAME.py")
    assert is_there("harness/cli/NAME.py")


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page):
    assert [path for path in mentioned(page) if not is_there(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page):
    broken = []
    for link in LINK.findall(re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        goal = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_module_that_a_page_runs_exists(page):
    modules = {name.rstrip(".") for name in re.findall(r"python -m ((?:harness|analyses|tests)[\w.]*)", text_of(page))}
    files = {name: f"{name.replace('.', '/')}.py" for name in modules}
    missing = [name for name, file in sorted(files.items()) if not is_there(file)]
    assert [name for name in missing if not is_there(f"{name.replace('.', '/')}/__main__.py")] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"(?:`|^|&& )make ([a-z][a-z-]*)", text_of(page), re.MULTILINE))
    assert sorted(used - targets) == []


def test_the_table_of_packages_names_every_package_and_module_of_the_harness():
    table = re.search(r"## Packages\n(.*?)\n## ", text_of("docs/architecture.md"), re.DOTALL)
    assert table is not None
    named = re.findall(r"^\| \d \| `harness/([\w.]+)/?` \|", table[1], re.MULTILINE)
    packages = [folder.parent.name for folder in (ROOT / "harness").glob("*/__init__.py")]
    modules = [file.name for file in (ROOT / "harness").glob("*.py") if file.name != "__init__.py"]
    assert sorted(named) == sorted([*packages, *modules])


def test_the_index_of_the_site_names_every_page():
    named = re.findall(r"^[\w/]+$", text_of("docs/index.md"), re.MULTILINE)
    pages = [page.stem for page in (ROOT / "docs").glob("*.md") if page.stem != "index"]
    assert sorted(named) == sorted([*pages, "decisions/README", "api/index"])


def test_every_package_of_the_picture_exists():
    names = re.findall(r'class="name"[^>]*>([^<]+)<', text_of("docs/architecture.svg"))
    assert len(names) == 9
    assert [name for name in names if not any((ROOT / home / name).exists() for home in ("", "harness"))] == []


def test_the_index_of_decisions_names_every_page_and_every_decision():
    index = text_of("docs/decisions/README.md")
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        row = next((line for line in index.splitlines() if f"({page.name})" in line), "")
        assert row, f"{page.name} has no row"
        missing = [title for title in re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) if title not in row]
        assert missing == [], page.name


def test_every_decision_has_a_date_a_problem_a_choice_and_evidence():
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        title, *decisions = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
        assert decisions, page.name
        assert re.match(rf"# {page.name[:3]} \w", title), page.name
        for decision in decisions:
            fields = re.findall(r"^- \*\*(\w+):\*\*", decision, re.MULTILINE)
            assert fields == ["Date", "Problem", "Choice", "Evidence"], f"{page.name}: {decision.splitlines()[0]}"
            assert re.search(r"^- \*\*Date:\*\* 20\d\d-\d\d-\d\d", decision, re.MULTILINE)


def test_the_example_of_the_definitions_is_true():
    result = doctest.testfile(str(ROOT / "docs" / "statistics.md"), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0
