"""`NAME:key=value,...` sets hyperparameters: names have one canonical form, values are checked, mistakes are one line."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import BadInput
from harness.registry import canonical_name, find_optimizer, find_schedule, find_submission, parse_name
from harness.registry.settings import canonical_value, read_settings, with_settings
from harness.registry.sources import ROOT
from harness.registry.values import value_of

DECLARING = """
from harness import Choice, schedule

@schedule(space={"depth": Choice(1, 2), "shape": Choice("2.0", "None", "round")})
def bent(step, horizon, power=2, depth=1, shape="round", label="x", anything=None, on=False, points=(0.5, 1), extra={}):
    '''Bent.'''
    return (1 - step / horizon) ** power
"""

KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
NUMBERS = st.one_of(st.integers(-(2**70), 2**70).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr))
WORDS = st.one_of(
    st.sampled_from(["true", "FALSE", "None", "10%", "every step"]), st.from_regex(r"[a-zA-Z._%/-]{1,8}", fullmatch=True)
)
SCALARS = st.one_of(NUMBERS, WORDS)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]"))
HEADS = st.sampled_from(["rex", "torch.optim.Adagrad", "./my.py", "/a/my.py:name", "my.py:name"])
HALVES = st.tuples(HEADS, st.dictionaries(KEYS, VALUES, max_size=3))


def refused(name: str) -> str:
    with pytest.raises(BadInput) as caught:
        find_submission(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.py").write_text(DECLARING)
    return tmp_path


@given(st.lists(HALVES, min_size=1, max_size=2))
def test_a_name_is_read_as_it_was_put_together_and_its_canonical_form_is_final(halves):
    name = "+".join(with_settings(*half) for half in halves)
    canonical = canonical_name(name)
    assert canonical_name(canonical) == canonical
    assert parse_name(canonical) == parse_name(name)
    assert [(half.head, set(half.settings)) for half in parse_name(name)] == [(head, set(keys)) for head, keys in halves]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_has_the_value_that_was_typed_in_every_way_to_write_it(number):
    forms = {canonical_value(form) for form in (repr(number), f"{number:.17g}", f"{number:+.20e}")}
    assert len(forms) == 1
    assert value_of("x", "power", forms.pop(), 1.0, None) == number


def test_hyperparameters_are_sorted_and_values_have_one_form():
    assert canonical_name("polynomial:power=2.0,floor=.1") == "polynomial:floor=0.1,power=2"
    assert canonical_name("adamw:weight_decay=1e-1+polynomial:power=2e0") == "adamw:weight_decay=0.1+polynomial:power=2"
    assert canonical_name("a:b=1E+5+c:d=1e+20") == "a:b=100000+c:d=1e20"
    assert canonical_name("sgd:nesterov=False+rex") == "sgd:nesterov=false+rex"
    assert canonical_name("./my.py:name:power=02,x= a") == "./my.py:name:power=2,x=a"
    for name in ("rex", "adamw+rex", "./my.py", "./my.py:name", "algoperf:path/submission.py", "rex@previous"):
        assert canonical_name(name) == name


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("polynomial:power=3", {"power": 3.0}),
        ("adamw:weight_decay=0.1,clip=1+cosine", {"weight_decay": 0.1, "clip": 1.0}),
        ("adamw:weight_decay=0.1+polynomial:power=3", {"weight_decay": 0.1, "power": 3.0}),
        ("adamw+wsd:decay=cosine", {"decay": "cosine"}),
        ("sgd:nesterov=false,learning_rate=0.5", {"nesterov": False, "learning_rate": 0.5}),
        ("sam:rho=0.1", {"rho": 0.1}),
        ("torch.optim.Adagrad:weight_decay=0.1+cosine", {"weight_decay": 0.1}),
        ("pytorch_optimizer.Adan:beta1=0.9+rex", {"beta1": 0.9}),
        ("sgdr:cycles=7.0", {"cycles": 7}),
        ("sampled:sampling=every step", {"sampling": "every step"}),
        ("wsd_s:budgets=[.5,1]", {"budgets": [0.5, 1.0]}),
    ],
)
def test_what_is_set_is_part_of_the_submission_and_of_its_facts_but_not_of_its_content_hash(name, given_):
    found = find_submission(name)
    plain = find_submission("+".join(half.head for half in parse_name(name)))
    assert found.given == given_ and plain.given == {}
    assert {key: type(value) for key, value in found.given.items()} == {key: type(value) for key, value in given_.items()}
    assert found.name == canonical_name(name) == found.facts["name"]
    assert found.facts["given"] == given_
    assert found.facts["hyperparameters"] == {**plain.facts["hyperparameters"], **given_}
    assert set(found.facts["space"]) == set(plain.facts["space"]) - set(given_)
    assert found.content_hash == plain.content_hash and found.libraries == plain.libraries
    assert found.defaults == plain.defaults and found.space == plain.space


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("power=3", 3),
        ("power=2.5", 2.5),
        ("power=1e3", 1000),
        ("depth=5", 5),
        ("shape=2.00", "2.0"),
        ("shape=none", "None"),
        ("label=10%", "10%"),
        ("label=2", "2"),
        ("anything=none", None),
        ("anything=true", True),
        ("anything=0.5", 0.5),
        ("anything=word", "word"),
        ("on=TRUE", True),
        ("points=[0.25]", [0.25]),
    ],
)
def test_a_value_has_the_type_of_the_declared_default(here, typed, value):
    for name in (f"./my.py:{typed}", f"my.py:bent:{typed}"):
        found = list(find_submission(name).given.values())
        assert found == [value] and type(found[0]) is type(value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("polynomial:powr=2", "'polynomial' has no hyperparameter 'powr'; did you mean 'power'?"),
        ("rex:powr=2", "'rex' has no hyperparameter 'powr': it has none"),
        ("polynomial:power=two", "'polynomial:power=two': power must be a number, not 'two'"),
        ("polynomial:power=none", "power must be a number, not 'none'"),
        ("polynomial:power=1e999", "power must be a finite number"),
        ("polynomial:power=nan", "power must be a number, not 'nan'"),
        ("sgd:nesterov=1+rex", "'sgd:nesterov=1': nesterov must be true or false, not '1'"),
        ("sgdr:cycles=2.5", "cycles must be a whole number, not '2.5'"),
        ("wsd:decay=linaer", "decay cannot be 'linaer'; did you mean 'linear'?"),
        ("wsd_s:budgets=0.5", "budgets must be a list, as in budgets=[0.25,0.5,1], not '0.5'"),
        ("wsd_s:budgets=[0.5,half]", "budgets: each item must be a number, not 'half'"),
        ("polynomial:power=2,power=3", "'polynomial:power=2,power=3' sets 'power' twice: leave one out"),
        ("polynomial:power=", "'power' has no value: write power=VALUE"),
        ("adamw:clip=+rex", "'clip' has no value"),
        ("polynomial:power", "expected key=value, not 'power': write NAME:key=value,key=value"),
        ("polynomial:power=2,", "expected key=value, not ''"),
        ("polynomial:=2", "expected key=value, not '=2'"),
        ("polynomial:", "expected key=value, not ''"),
        ("./my.py:bent:", "expected key=value, not ''"),
        ("./my.py:bent:power", "expected key=value, not 'power'"),
        ("./my.py:bet", "defines no 'bet'; did you mean 'bent'?"),
        ("./my.py:bet:power=2", "defines no 'bet'; did you mean 'bent'?"),
        ("./my.py:powr=2", "'./my.py' has no hyperparameter 'powr'; did you mean 'power'?"),
        ("./my.py:label=a(b", "label cannot be 'a(b': use letters"),
        ("./my.py:extra=1", "extra is a mapping, which cannot be set after a name"),
        (f"./my.py:power={2**64}", "power must be smaller than 2^63"),
        ("polynomail:power=2", "no submission 'polynomail'; did you mean 'polynomial'?"),
        ("torch.optim.Adagrad:eps=1+rex", "did you mean 'epsilon'?"),
        ("torch.optim.lr_scheduler.CosineAnnealingLR:eta=0.1", "no hyperparameter 'eta'; did you mean 'eta_min'"),
        ("sam:rho=1+rex", "'sam' is a procedure"),
    ],
)
def test_a_mistake_is_one_line_that_says_how_to_mend_it(here, name, says):
    assert says in refused(name)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("rex:clip=1", "adamw:clip=1+rex"),
        ("rex:learning_rate=0.1", "adamw:learning_rate=0.1+rex"),
        ("polynomial:power=3,weight_decay=.1", "adamw:weight_decay=0.1+polynomial:power=3"),
        ("cosine:nesterov=false", "sgd:nesterov=false+cosine"),
    ],
)
def test_a_schedule_alone_has_no_hyperparameters_of_an_optimizer_and_says_to_name_one(name, write):
    assert refused(name).endswith(f"name the optimizer too, as in {write}")
    assert find_submission(write).name == write


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("adamw+rex:weight_decay=1", "adamw:weight_decay=1+rex"),
        ("adamw:power=3,clip=1+polynomial:floor=0.1", "adamw:clip=1+polynomial:floor=0.1,power=3"),
    ],
)
def test_each_half_sets_its_own_hyperparameters_and_a_misplaced_one_is_told_where_it_belongs(name, write):
    assert refused(name).endswith(f"write {write}")
    assert find_submission(write).name == write


def test_a_plus_in_the_path_of_a_file_does_not_separate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a+b.py").write_text(DECLARING)
    assert find_submission("./a+b.py:power=3").given == {"power": 3}
    both = find_submission("adamw:weight_decay=1e+1+./a+b.py:power=3")
    assert both.given == {"weight_decay": 10.0, "power": 3} and both.kind == "optimizer"
    assert [half.head for half in parse_name("./a+b.py:power=3+cosine")] == ["./a+b.py", "cosine"]


def test_the_values_are_the_defaults_of_the_schedule_or_optimizer_that_is_found():
    assert find_schedule("polynomial:power=3")(5, 10) == find_schedule("polynomial")(5, 10)
    assert find_schedule("adamw:clip=1+polynomial:power=3").curve(10)[5] == pytest.approx(0.125)
    assert find_optimizer("adamw:clip=1+polynomial:power=3").defaults["clip"] == 1.0
    assert find_schedule("rex") is find_submission("rex").schedule


def test_a_submission_with_settings_is_found_from_another_directory_by_its_source(here):
    path = here / "my.py"
    names = ("./my.py:power=3", "adamw:clip=1+./my.py:power=3", "polynomial:power=3")
    found = [find_submission(name) for name in names]
    sources = [f"{path}:bent:power=3", f"adamw:clip=1+{path}:bent:power=3", ""]
    assert [submission.source for submission in found] == sources
    code = (
        "import sys; from harness.registry import find_submission\n"
        "for name in sys.argv[1:]: s = find_submission(name); print(s.content_hash, dict(s.given))"
    )
    typed = [submission.source or submission.name for submission in found]
    out = subprocess.run([sys.executable, "-c", code, *typed], capture_output=True, text=True, check=True, cwd="/").stdout
    assert out.splitlines() == [f"{submission.content_hash} {dict(submission.given)}" for submission in found]


def test_the_source_of_a_file_in_this_repository_stays_relative_to_its_root(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = find_submission("analyses/claimed/adamw_tenth.py:weight_decay=0.2")
    assert found.source == "analyses/claimed/adamw_tenth.py:adamw_tenth:weight_decay=0.2"


def test_settings_are_read_without_a_registry():
    assert read_settings("x", "b=2.0, a = [1, 2.50]") == {"a": "[1,2.5]", "b": "2"}
