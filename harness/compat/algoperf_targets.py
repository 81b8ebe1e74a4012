"""AlgoPerf's workloads: metrics, targets, held-out variants and budgets of v0.5 and v0.6; others are read from a file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.contracts.errors import BadInput, did_you_mean
from harness.rules import ruleset

LOWER_IS_BETTER = frozenset({"loss", "wer", "ppl", "ce", "error_rate"})


@dataclass(frozen=True)
class Targets:
    """The workloads and targets of a version of AlgoPerf.

    Attributes:
        version: such as "0.5".
        bases: base workloads.
        held_out: held-out variants that are scored.
        goals: {workload or variant: (metric, validation target)}.
        seconds: {base workload: budget of the external ruleset}; a workload with an unknown budget is absent.
        self_tuning: budget of the self-tuning ruleset as a multiple of the external one.
        minimized: {workload or variant: whether lower is better}, where a file states it; else the metric's name decides.
        without: workloads and variants that were left out on request.
    """

    version: str
    bases: tuple[str, ...]
    held_out: tuple[str, ...]
    goals: Mapping[str, tuple[str, float]]
    seconds: Mapping[str, float]
    self_tuning: float
    minimized: Mapping[str, bool] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All workloads that count: the base workloads and their held-out variants."""
        return (*self.bases, *self.held_out)

    def lower_is_better(self, label: str) -> bool:
        """Return whether a workload's metric is to be minimized."""
        return self.minimized.get(label, self.goals[label][0] in LOWER_IS_BETTER)

    def leaving_out(self, names: Sequence[str]) -> Targets:
        """Return the targets without some workloads; a base workload takes its held-out variants with it.

        Raises:
            BadInput: there is no such workload, or none is left.
        """
        for name in names:
            if name not in self.labels:
                raise BadInput(
                    f"AlgoPerf {self.version} has no workload '{name}' to leave out{did_you_mean(name, self.labels)}"
                )
        bases = tuple(base for base in self.bases if base not in names)
        held_out = tuple(label for label in self.held_out if label not in names and self.base_of(label) not in names)
        if not bases:
            raise BadInput(f"no workload of AlgoPerf {self.version} is left: use --without fewer times")
        return replace(self, bases=bases, held_out=held_out, without=tuple(sorted({*self.without, *names})))

    def base_of(self, label: str) -> str:
        """Return the base workload of a workload or variant: the longest base name that it starts with, else itself."""
        fits = [base for base in self.bases if label == base or label.startswith(f"{base}_")]
        return max(fits, key=len) if fits else label

    def budget(self, label: str, track: str) -> float:
        """Return the budget in seconds, or NaN if it is unknown; a variant has the budget of its base."""
        longer = self.self_tuning if ruleset(track).algoperf == "self_tuning" else 1.0
        return self.seconds.get(self.base_of(label), math.nan) * longer


V05 = Targets(
    version="0.5",
    bases=(
        *("criteo1tb", "fastmri", "imagenet_resnet", "imagenet_vit"),
        *("librispeech_conformer", "librispeech_deepspeech", "ogbg", "wmt"),
    ),
    held_out=(
        *("criteo1tb_embed_init", "fastmri_tanh", "imagenet_resnet_large_bn_init"),
        *("librispeech_conformer_layernorm", "ogbg_model_size", "wmt_glu_tanh"),
    ),
    goals={
        "criteo1tb": ("loss", 0.123735),
        "criteo1tb_embed_init": ("loss", 0.129657),
        "fastmri": ("ssim", 0.723653),
        "fastmri_tanh": ("ssim", 0.71784),
        "imagenet_resnet": ("accuracy", 0.77431),
        "imagenet_resnet_large_bn_init": ("accuracy", 0.76526),
        "imagenet_vit": ("accuracy", 0.77309),
        "librispeech_conformer": ("wer", 0.085884),
        "librispeech_conformer_layernorm": ("wer", 0.09731),
        "librispeech_deepspeech": ("wer", 0.119936),
        "ogbg": ("mean_average_precision", 0.28098),
        "ogbg_model_size": ("mean_average_precision", 0.269446),
        "wmt": ("bleu", 30.8491),
        "wmt_glu_tanh": ("bleu", 29.5779),
    },
    seconds={
        "criteo1tb": 7703.0,
        "fastmri": 8859.0,
        "imagenet_resnet": 63008.0,
        "imagenet_vit": 77520.0,
        "librispeech_conformer": 61068.0,
        "librispeech_deepspeech": 55506.0,
        "ogbg": 18477.0,
        "wmt": 48151.0,
    },
    self_tuning=3.0,
)
"""Version 0.5 as frozen in mlcommons/submissions_algorithms; budgets from mlcommons/algorithmic-efficiency (8xV100)."""


V06 = Targets(
    version="0.6",
    bases=(*V05.bases[:6], "finewebedu_lm", *V05.bases[6:]),
    held_out=(),
    goals={**{base: V05.goals[base] for base in V05.bases}, "finewebedu_lm": ("ppl", 22.2995)},
    seconds={
        "criteo1tb": 7703.0,
        "fastmri": 4430.0,
        "imagenet_resnet": 66159.0,
        "imagenet_vit": 69768.0,
        "librispeech_conformer": 58015.0,
        "librispeech_deepspeech": 44405.0,
        "finewebedu_lm": 31967.0,
        "ogbg": 12011.0,
        "wmt": 43336.0,
    },
    self_tuning=1.5,
)
"""Version 0.6: targets as frozen in mlcommons/submissions_algorithms; budgets from mlcommons/algorithmic-efficiency."""

VERSIONS = {targets.version: targets for targets in (V05, V06)}
"""{version: its targets}, of the versions that are built in."""


def read_targets(path: Path) -> Targets:
    """Return the targets of an official ``workload_targets*.json``.

    A budget is taken from the file where it states one, else from the built-in version of the same number.

    Raises:
        BadInput: the file cannot be read, or its content has another form.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
        return _targets(value)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        what = f"no entry {error}" if isinstance(error, KeyError) else str(error)
        raise BadInput(f"{path} is not an official workload_targets.json ({what}): name one with --targets FILE") from error


def _targets(value: Any) -> Targets:
    """Return the targets in the JSON of an official file.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError: it has another form.
    """
    version = str(value["benchmark_version"])
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", version):
        raise ValueError("its benchmark_version is not a short word")
    bases, held_out = (tuple(map(str, value[name])) for name in ("base_workloads", "held_out_workloads"))
    workloads = value["workloads"]
    goals = {
        str(label): (str(goal["target_metric_name"]), float(goal["validation_target_value"]))
        for label, goal in workloads.items()
    }
    if unusable := [label for label, goal in goals.items() if not math.isfinite(goal[1])]:
        raise ValueError(f"the target of {unusable[0]} is not finite")
    if absent := [label for label in (*bases, *held_out) if label not in goals]:
        raise ValueError(f"it has no target of {absent[0]}")
    if not bases:
        raise ValueError("it names no base workload")
    built_in = VERSIONS.get(version)
    budgets = {str(label): goal.get("max_allowed_runtime_sec") for label, goal in workloads.items()}
    stated = {label: float(seconds) for label, seconds in budgets.items() if seconds is not None}
    if unusable := [label for label, seconds in stated.items() if not 0 < seconds < math.inf]:
        raise ValueError(f"the budget of {unusable[0]} is not a positive number")
    known = dict(built_in.seconds) if built_in else {}
    return Targets(
        version=version,
        bases=bases,
        held_out=held_out,
        goals=goals,
        seconds=known | stated,
        self_tuning=built_in.self_tuning if built_in else V06.self_tuning,
        minimized={
            str(label): goal["target_metric_goal"] == "minimize"
            for label, goal in workloads.items()
            if "target_metric_goal" in goal
        },
    )
