"""A race that is written down: `timetrial run RACE.toml` reads its options from a file, and `--write-config` makes one."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from harness.contracts.errors import BadInput, did_you_mean
from harness.results.regular_files import LARGEST_JSON, read_regular, reason_of
from harness.rules import TRACKS

if TYPE_CHECKING:
    from harness.plan import Plan

SUFFIX = ".toml"

NOT_OF_A_RACE = frozenset({"help", "dry-run", "write-config"})
"""Options that say what to do with a race, and are not written down."""

HEAD = (
    "An option of the command line stands instead of the file's. Paths are from the current directory.",
    "Options that are not here have their defaults: timetrial run --help",
)

NAME = "name"
"""Key of a submission's name in a table that has its hyperparameters."""


@dataclass(frozen=True)
class RaceOption:
    """An option of the verb.

    Attributes:
        name: without dashes.
        parameter: of the verb's function.
        kind: its type, "| None" left out.
        reads: reads a value that is written as text; None where the type does.
    """

    name: str
    parameter: str
    kind: Any
    reads: Callable[[str], Any] | None = None


def options_of(verb: Callable[..., int]) -> dict[str, RaceOption]:
    """Return {name: option} of the options of a verb's function, without those that are not of a race."""
    found = []
    for parameter, hint in get_type_hints(verb, include_extras=True).items():
        stated = next((item for item in getattr(hint, "__metadata__", ()) if isinstance(item, OptionInfo)), None)
        if stated is not None:
            written = [str(text) for text in (stated.default, *(stated.param_decls or ())) if str(text).startswith("-")]
            longest = max(written, key=len, default=parameter.replace("_", "-"))  # typer keeps the first as the default
            kind = get_args(hint)[0]
            found.append(RaceOption(longest.removeprefix("--"), parameter, _without_none(kind), stated.parser))
    return {option.name: option for option in found if option.name not in NOT_OF_A_RACE}


def _without_none(kind: Any) -> Any:
    """Return the type X of "X | None", and any other one as it is."""
    some = get_args(kind)
    return next(one for one in some if one is not type(None)) if type(None) in some else kind


def read_race(context: typer.Context, words: Sequence[str] | None, verb: Callable[..., int]) -> None:
    """Let a file's options stand for those that the command line does not have; called before any of these is read.

    Args:
        context: of the verb.
        words: what stands on the command line without an option.
        verb: its function.

    Raises:
        BadInput: the words are not one file, or it does not hold options of the verb.
    """
    if not words:
        return
    if len(words) > 1 or not words[0].endswith(SUFFIX):
        here = f"{words[0]}{SUFFIX}"
        file_name = here if len(words) == 1 and Path(here).is_file() else f"RACE{SUFFIX}"
        hint = "" if any(word.endswith(SUFFIX) for word in words) else f", or {file_name}, one file with a race"
        names = " ".join(f"-s {word}" for word in words if not word.endswith(SUFFIX))
        raise BadInput(f"run takes no names without an option: write {names or '-s rex'}{hint}")
    file = Path(words[0])
    known = options_of(verb)
    values = {}
    for key, value in _content(file).items():
        if key not in known:
            raise BadInput(f"{file}: run has no option '{key}'{did_you_mean(key, known)}")
        values[known[key].parameter] = checked_value(f"{file}: {key}", known[key], value)
    context.default_map = values


def overridden(context: typer.Context, verb: Callable[..., int]) -> list[str]:
    """Return the options that both the file and the command line have: the command line's stand."""
    file = context.default_map or {}
    return [f"--{o.name}" for o in options_of(verb).values() if o.parameter in file and _typed(context, o.parameter)]


def _typed(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _content(file: Path) -> Mapping[str, Any]:
    """Return what a file holds.

    Raises:
        BadInput: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(read_regular(file.resolve(), LARGEST_JSON).decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file} is not TOML: {error}; `timetrial run --write-config FILE{SUFFIX}` writes an example") from None
    except RecursionError:
        raise BadInput(f"{file} is no race: its values are nested too deeply") from None
    except FileNotFoundError:
        raise BadInput(f"no file '{file}' in {Path.cwd()}: `timetrial run --write-config {file}` writes one") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {reason_of(error)}") from None


def checked_value(place: str, option: RaceOption, value: Any) -> Any:
    """Return the value of an option as the command line would give it.

    Args:
        place: begins the messages.
        option: of the verb.
        value: what the file says.

    Raises:
        BadInput: it is of another type.
    """
    kind, items = option.kind, get_args(option.kind)
    if get_origin(kind) is list:
        many = value if isinstance(value, list) else [value]
        return [_text(place, _submission(place, item) if isinstance(item, dict) else item) for item in many]
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or len(value) != len(items):
            raise BadInput(f"{place} = {_shown(value)}: {len(items)} names in brackets are needed")
        return tuple(_text(place, item) for item in value)
    if kind is bool:
        return _of(place, value, bool, "true or false")
    if kind is int:
        return _of(place, value, int, "a whole number")
    if isinstance(value, str) and option.reads is not None:
        return option.reads(value)
    if kind is float:
        try:
            return float(_of(place, value, int | float, "a number"))
        except OverflowError:
            raise BadInput(f"{place}: the number is too large") from None
    return _text(place, value)


def _submission(place: str, table: Mapping[str, Any]) -> str:
    """Return NAME:key=value,... of a table with a name and hyperparameters."""
    name = _text(f"{place}: {NAME}", table.get(NAME, ""))
    given = {key: value for key, value in table.items() if key != NAME}
    if given and "+" in name.rpartition("/")[2]:
        raise BadInput(f"{place}: '{name}' has two halves: write the hyperparameters in its name, as in adamw:beta2=0.99+rex")
    return name + (":" if given else "") + ",".join(f"{key}={_setting(value)}" for key, value in given.items())


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else _shown(value)


def _text(place: str, value: Any) -> str:
    text = str(_of(place, value, str, "text in quotation marks"))
    if not text.strip():
        raise BadInput(f"{place} is empty: give one, or leave it out")
    return text


def _of(place: str, value: Any, kind: Any, needed: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadInput(f"{place} = {_shown(value)}: {needed} is needed")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)


def race_text(context: typer.Context, verb: Callable[..., int], file: Path, plan: Plan) -> str:
    """Return a command line as a file that `read_race` takes: what it and its own file set, and what says which race this is.

    Suite, track, seed and submissions are of the plan where they were left at their defaults.
    """
    lines = [f"# timetrial run {file}", *(f"# {line}" for line in HEAD)]
    named = _planned(context.params, plan)
    for key, option in options_of(verb).items():
        value = named.get(option.parameter, context.params[option.parameter])
        if value not in (None, "", (), []) and (option.parameter in named or _set(context, option.parameter)):
            lines.append(f"{key} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def _planned(params: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """Return {parameter: value} of the options that say which race a plan is, also where nobody has set them."""
    named: dict[str, Any] = {"suite": plan.suite, "seed": params["seed"]}
    if plan.track.name in TRACKS:  # that of --sensitivity is none that a user names
        named["track"] = plan.track.name
    if not (params["submission"] or params["all_submissions"] or plan.pair):
        named["submission"] = list(plan.submissions)
    return named


def _set(context: typer.Context, parameter: str) -> bool:
    """Return whether the command line or the file that it reads sets an option."""
    return _typed(context, parameter) or parameter in (context.default_map or {})


def toml_value(value: Any) -> str:
    """Return a value as TOML.

    >>> toml_value(True), toml_value(2.5), toml_value(["a", 'b"c'])
    ('true', '2.5', '["a", "b\\\\"c"]')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float() if not math.isfinite(value):
            return str(value)  # TOML has inf and nan
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def write_race(context: typer.Context, verb: Callable[..., int], file: Path, plan: Plan) -> None:
    """Write the race of a command line, as `race_text` has it, to a file that does not exist yet.

    Raises:
        BadInput: it exists or cannot be written, its name does not end as `read_race` asks, or an option has characters that
            are not Unicode.
    """
    if file.suffix != SUFFIX:
        raise BadInput(f"--write-config {file}: the file name must end in {SUFFIX}, by which `timetrial run FILE` knows a race")
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(race_text(context, verb, file, plan))
    except FileExistsError:
        raise BadInput(f"--write-config {file}: it exists, and is not overwritten: name another file, or remove it") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"--write-config {file}: cannot be written ({reason_of(error)})") from None
