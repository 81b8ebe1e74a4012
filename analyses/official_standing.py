"""AlgoPerf's official results of version 0.5, external ruleset, in the form that a comparison with our workloads needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from analyses.official_table import official_table
from harness.registry import find_workload, suites
from harness.scoring.profiles import median_times, workload_contributions

COUNTERPARTS = {
    **{
        f"v0.5/external/{name}": name
        for name in (
            "cyclic_lr",
            "lawa_ema",
            "lawa_queue",
            "schedule_free_adamw",
            "schedule_free_prodigy",
            "shampoo_submission",
        )
    },
    "baseline/external/nadamw_full_budget": "baseline",
}
"""{entry: name on the official board} of the entries in PyTorch. The official baseline ran in JAX; AlgoPerf's
reference NAdamW in PyTorch has the same points."""

MODALITIES = {
    "images": ["fashion_mnist_resnet", "fashion_mnist_vit", "fashion_mnist_mlp"],
    "tables": ["census_dlrm", "flights_dlrm", "adult_logreg"],
    "text": ["g2p_transformer", "shakespeare_lm"],
    "speech": ["speech_conformer", "speech_lstm"],
    "scans": ["mri_unet"],
    "graphs": ["qm9_gnn"],
}
"""{modality: our workloads}."""

_THEIRS = {
    "imagenet_resnet": "images",
    "imagenet_vit": "images",
    "criteo1tb": "tables",
    "wmt": "text",
    "librispeech_conformer": "speech",
    "librispeech_deepspeech": "speech",
    "fastmri": "scans",
    "ogbg": "graphs",
}


@dataclass(frozen=True)
class Standing:
    """The official board.

    Attributes:
        scores: {submission: score by our rules, which agree with the published ones to 0.002}.
        workloads: in order.
        contributions: {submission: {workload: share of the score}}.
        times: {submission: {workload: median time to the target over studies, in budgets; infinite for a miss}}.
        modality: {workload: modality}.
        counterparts: {our workload: official one}.
    """

    scores: Mapping[str, float]
    workloads: tuple[str, ...]
    contributions: Mapping[str, Mapping[str, float]]
    times: Mapping[str, Mapping[str, float]]
    modality: Mapping[str, str]
    counterparts: Mapping[str, str]


@cache
def official() -> Standing:
    """Return the official board."""
    found = official_table()
    times = found.study_times
    shares, medians = workload_contributions(times), median_times(times)
    budgets = [times.budgets.of(workload) for workload in times.workloads]
    names = find_counterparts()
    return Standing(
        dict(found.ours.scores),
        times.workloads,
        {
            name: dict(zip(times.workloads, row, strict=True))
            for name, row in zip(times.submissions, shares.tolist(), strict=True)
        },
        {
            name: {w: t / b for w, t, b in zip(times.workloads, row, budgets, strict=True)}
            for name, row in zip(times.submissions, medians.tolist(), strict=True)
        },
        _THEIRS,
        {own: other for own, other in names.items() if other in times.workloads},
    )


def find_counterparts() -> dict[str, str]:
    """Return {our laptop workload: what it says its counterpart is}."""
    return {name: find_workload(name, "laptop").algoperf for name in suites()["laptop"]}
