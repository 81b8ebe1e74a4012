"""AlgoPerf's workloads: metrics, targets, held-out variants and budgets of v0.5; other versions are read from a file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.contracts.errors import BadInput
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
    """

    version: str
    bases: tuple[str, ...]
    held_out: tuple[str, ...]
    goals: Mapping[str, tuple[str, float]]
    seconds: Mapping[str, float]
    self_tuning: float

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


def read_targets(path: Path) -> Targets:
    """Return the targets of an official ``workload_targets*.json``. Such a file states no budgets; those of v0.5 are known.

    Raises:
        BadInput: the file cannot be read, or its content has another form.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        goals = {
            str(label): (str(goal["target_metric_name"]), float(goal["validation_target_value"]))
            for label, goal in value["workloads"].items()
        }
        version, bases, held_out = str(value["benchmark_version"]), value["base_workloads"], value["held_out_workloads"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is not an official workload_targets.json ({error}): name one with --targets FILE") from error
    known = V05.seconds if version == V05.version else {}
    return Targets(version, tuple(bases), tuple(held_out), goals, known, V05.self_tuning)
