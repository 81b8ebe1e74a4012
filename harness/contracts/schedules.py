"""The schedule contract: a pure function of step and horizon, or a class that reacts to the run (a closed loop)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, overload

from harness.contracts.attributes import check_attributes, check_signals, check_takes, first_line
from harness.contracts.errors import BadInput, ContractError, did_you_mean
from harness.contracts.messages import named, said, shown
from harness.contracts.numbers import number, whole
from harness.contracts.spaces import Range, Space, check_choices, check_defaults, check_known, check_space

CONTEXT = ("step", "horizon", "warmup", "batch_size", "examples")
"""Arguments of a schedule that the harness fills in: see `Schedule`. All others are hyperparameters."""

HOOKS = ("observe", "multiplier", "state_dict", "load_state_dict")
"""The methods of a closed-loop schedule."""

ROUNDING = 1e-6
"""How far outside of [0, 1] a multiplier may lie, since schedules may compute in single precision; it is set to the bound."""


@dataclass(frozen=True)
class Feedback:
    """What is measured of a run for a plug-in that listens. A signal is None if the plug-in did not name it in `listens`, and
    on calls at which it is not measured.

    Attributes:
        step: steps after warm-up at the reference batch size (0 after the first step that follows warm-up; negative
            during warm-up).
        examples: charged examples so far.
        training_loss: mean loss of the step's batch (nats unless the workload says otherwise).
        gradient_norm_l1, gradient_norm_l2: norm of the gradient over all parameters together, before any clipping.
        validation_metric: the workload's metric, negated where higher is better, so that lower is always better; measured
            at evaluations, where every other signal is None.
        descent: inner product of this step's gradient g_t with the change that the step before made, w_{t-1} - w_t, over
            all parameters together. If it is positive, a longer step would have lowered the loss further. Measured from
            the third step on.
        descent_cosine: cosine of the angle between those two vectors (0 if one of them is zero).
        learning_rate: the learning rate of the step.
    """

    step: float
    examples: float
    training_loss: float | None = None
    gradient_norm_l1: float | None = None
    gradient_norm_l2: float | None = None
    validation_metric: float | None = None
    descent: float | None = None
    descent_cosine: float | None = None
    learning_rate: float | None = None


SIGNALS = tuple(field.name for field in fields(Feedback) if field.name not in ("step", "examples"))
"""What a closed-loop schedule or a training algorithm may listen to: every field of `Feedback` that is computed on request."""


class ClosedLoop(Protocol):
    """A schedule that reacts to the run: the harness calls `observe` after a step, then `multiplier` before the next."""

    def observe(self, feedback: Feedback) -> None:
        """Receive the signals of the step, or of the evaluation, that just ended."""

    def multiplier(self, step: float) -> float:
        """Return the multiplier (finite, >= 0) of the peak learning rate for the coming step, an int where it is whole."""


@dataclass(frozen=True)
class Schedule:
    """A learning-rate schedule and its facts. `schedule` makes it; it is called like the function that it wraps.

    The function returns a multiplier in [0, 1] of the peak learning rate: one real number of any type (see
    `harness.contracts.numbers.number`). The harness passes these arguments by name, as far as the function has them: `step`
    and `horizon` (steps after warm-up, 0 <= step < horizon), `warmup` (steps of warm-up before step 0), `batch_size`
    (examples per step) and `examples` (examples before this step, warm-up included). Every other argument is a
    hyperparameter and needs a default.

    What counts steps or examples is an int where it is a whole number, in `curve` and in a trial alike, and else a float. In
    a trial every step of a pure schedule is whole; `horizon` and `warmup` are.

    Attributes:
        name: what users type after ``-s``.
        function: the pure function, or the class of a closed loop.
        summary: first line of the docstring.
        paper: where the schedule comes from (arXiv number, DOI or book).
        anytime: whether it ignores the horizon.
        defaults: hyperparameters and their declared defaults.
        space: search space of the hyperparameters that are tuned; the `schedule` track leaves them at their defaults, or at
            what the user sets.
        listens: the signals of `Feedback` that a closed loop needs; empty for a pure function.
        cost: what a step costs beyond evaluating a formula, in words; empty if nothing.
        deviation: how this differs from the source, in words; empty if it does not.
        context: which of `CONTEXT` the function takes.
    """

    name: str
    function: Callable[..., Any]
    summary: str
    paper: str = ""
    anytime: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    listens: tuple[str, ...] = ()
    cost: str = ""
    deviation: str = ""
    context: tuple[str, ...] = ("step", "horizon")

    kind = "schedule"

    @property
    def closed_loop(self) -> bool:
        """Whether the schedule is a class that reacts to the run, not a pure function."""
        return inspect.isclass(self.function)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return what the wrapped function returns."""
        return self.function(*arguments, **keywords)

    def start(
        self, *, horizon: float, warmup: float = 0, batch_size: int = 1, hyperparameters: Mapping[str, Any] | None = None
    ) -> ClosedLoop:
        """Return the schedule for one run: an object with `multiplier(step)` and `observe(feedback)`.

        Args:
            horizon: steps after warm-up.
            warmup: warm-up steps.
            batch_size: reference batch size, in examples.
            hyperparameters: values that replace the declared defaults.

        Raises:
            ContractError: a hyperparameter is not declared, or a string is not one of its options.
        """
        given = dict(hyperparameters or {})
        check_known(f"schedule '{self.name}'", given, self.defaults)
        check_choices(f"schedule '{self.name}'", given, self.space)
        keywords = {**self.defaults, **given}
        fixed = {"horizon": whole(horizon), "warmup": whole(warmup), "batch_size": batch_size}
        keywords |= {name: fixed[name] for name in self.context if name in fixed}
        if self.closed_loop:
            loop: ClosedLoop = self.function(**keywords)
            return loop
        return _Bound(self, keywords, warmup, batch_size)

    def curve(self, horizon: int, hyperparameters: Mapping[str, Any] | None = None, *, warmup: int = 0) -> list[float]:
        """Return the multipliers at steps 0 .. horizon-1; a closed loop receives no signals meanwhile.

        Raises:
            ContractError: as `sample`.
        """
        return self.sample(range(horizon), horizon=horizon, warmup=warmup, hyperparameters=hyperparameters)

    def sample(
        self,
        steps: Iterable[float],
        *,
        horizon: float,
        warmup: float = 0,
        batch_size: int = 1,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> list[float]:
        """Return the multipliers at `steps` of a run that `start` describes.

        Raises:
            ContractError: the schedule raised an exception, or it returned no multiplier.
        """
        step: float | None = None
        values = []
        try:
            bound = self.start(horizon=horizon, warmup=warmup, batch_size=batch_size, hyperparameters=hyperparameters)
            for step in steps:
                values.append(checked_multiplier(self, bound.multiplier(whole(step)), step))
        except BadInput:
            raise
        except (Exception, SystemExit) as error:
            when = "when it was started" if step is None else f"at step {shown(whole(step))}"
            raise ContractError(f"{self.title} raised {said(error)} {when}") from error
        return values

    @property
    def title(self) -> str:
        """What messages call the schedule: its name and where it is defined."""
        return named("schedule", self.name, self.function)


@dataclass(frozen=True)
class _Bound:
    """A pure schedule with everything but the step filled in."""

    schedule: Schedule
    keywords: Mapping[str, Any]
    warmup: float
    batch_size: int

    def observe(self, feedback: Feedback) -> None:
        """Do nothing: a pure schedule does not depend on the run."""

    def multiplier(self, step: float) -> float:
        moving: dict[str, float] = {}
        if "step" in self.schedule.context:
            moving["step"] = whole(step)
        if "examples" in self.schedule.context:
            moving["examples"] = whole((step + self.warmup) * self.batch_size)
        value: float = self.schedule.function(**moving, **self.keywords)
        return value


def checked_multiplier(plugin: Schedule, value: Any, step: float) -> float:
    """Return `value` as a float.

    Raises:
        ContractError: it is not in [0, 1], or for a closed loop not a finite number >= 0.
    """
    low, high = -ROUNDING, math.inf if plugin.closed_loop else 1 + ROUNDING
    try:
        multiplier = number(value)
        what = "" if math.isfinite(multiplier) and low <= multiplier <= high else shown(multiplier)
    except TypeError:
        what = shown(value) if value is None else f"{shown(value)} ({type(value).__name__})"
    except OverflowError:
        what = "a number too large for a float"
    if what:
        expected = "a finite number >= 0" if plugin.closed_loop else "a multiplier in [0, 1]"
        raise ContractError(f"{plugin.title} returned {what} at step {shown(whole(step))}, expected {expected}")
    return max(multiplier, 0.0) if plugin.closed_loop else min(max(multiplier, 0.0), 1.0)


@overload
def schedule(function: Callable[..., Any], /) -> Schedule: ...
@overload
def schedule(
    *,
    name: str = "",
    paper: str = "",
    anytime: bool = False,
    space: Mapping[str, Range] | None = None,
    listens: tuple[str, ...] | str = (),
    cost: str = "",
    deviation: str = "",
) -> Callable[[Callable[..., Any]], Schedule]: ...
def schedule(  # one argument per fact of the submission
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    paper: str = "",
    anytime: bool = False,
    space: Mapping[str, Range] | None = None,
    listens: tuple[str, ...] | str = (),
    cost: str = "",
    deviation: str = "",
) -> Schedule | Callable[[Callable[..., Any]], Schedule]:
    """Turn a function ``(step, horizon, ...) -> multiplier``, or the class of a closed loop, into a `Schedule`.

    >>> @schedule(paper="arXiv:2107.04197")
    ... def rex(step, horizon):
    ...     '''Reflected exponential decay.'''
    ...     left = 1 - step / horizon
    ...     return left / (0.5 + 0.5 * left)
    >>> round(rex(500, 1000), 3)
    0.667

    Raises:
        ContractError: an argument is neither filled in by the harness nor has a default, a method of a closed loop is
            misspelt or missing, or a signal that it listens to does not exist.
    """

    def wrap(function: Callable[..., Any]) -> Schedule:
        title = name or function.__name__
        signals = (listens,) if isinstance(listens, str) else tuple(listens)
        if inspect.isclass(function):
            _check_closed_loop(title, function, signals)
        elif signals:
            raise ContractError(
                f"schedule '{title}' listens to {signals[0]}, so it must be a class with observe() and multiplier()"
            )
        context, defaults = _read_signature(title, function, anytime)
        check_defaults(f"schedule '{title}'", defaults)
        check_space(f"schedule '{title}'", space or {}, defaults)
        return Schedule(
            name=title,
            function=function,
            summary=first_line(function),
            paper=paper,
            anytime=anytime,
            defaults=defaults,
            space=dict(space or {}),
            listens=signals,
            cost=cost,
            deviation=deviation,
            context=context,
        )

    if function is not None and not callable(function):
        name_it = f'name="{function}"' if isinstance(function, str) else "name=..., paper=..."
        raise ContractError(f"schedule takes its facts by name: write @schedule({name_it}) or @schedule above the function")
    return wrap(function) if function is not None else wrap


def _read_signature(title: str, function: Callable[..., Any], anytime: bool) -> tuple[tuple[str, ...], dict[str, Any]]:
    allowed = CONTEXT[1:4] if inspect.isclass(function) else CONTEXT
    context: list[str] = []
    defaults: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ContractError(f"schedule '{title}': name every argument; '{parameter}' cannot be filled in")
        if parameter.name in allowed:
            context.append(parameter.name)
        elif parameter.default is parameter.empty:
            hint = did_you_mean(parameter.name, allowed)
            raise ContractError(
                f"schedule '{title}': argument '{parameter.name}' has no default and is not one that the harness fills in{hint}"
            )
        else:
            defaults[parameter.name] = parameter.default
    if not inspect.isclass(function) and "step" not in context and "examples" not in context:
        raise ContractError(f"schedule '{title}' takes no 'step' argument: def {title}(step, horizon)")
    if not anytime and "horizon" not in context:
        raise ContractError(f"schedule '{title}' ignores the horizon: say so with @schedule(anytime=True), or take 'horizon'")
    return tuple(context), defaults


def _check_closed_loop(title: str, loop: type, listens: tuple[str, ...]) -> None:
    check_attributes(loop, title, "a closed-loop schedule", HOOKS)
    for hook in ("observe", "multiplier"):
        if not callable(getattr(loop, hook, None)):
            raise ContractError(f"schedule '{title}' is a class, so it needs a method {hook}()")
        check_takes(f"schedule '{title}'", loop, hook, "feedback" if hook == "observe" else "step")
    check_signals(f"schedule '{title}'", listens, SIGNALS)
    if not listens:
        raise ContractError(
            f"schedule '{title}' is a class, so it must name the signals that it needs:"
            f" @schedule(listens=...), some of {', '.join(SIGNALS)}"
        )
