"""The comparisons of the optimizers' claims in docs/claims.md as data. They were committed before anything was run for them.

What they have in common stands on that page: the self-tuning track of the laptop suite, three studies, the `examples` clock,
and calibrated defaults on both sides, except where a name says ``defaults=paper``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyses.claim_table import in_words
from analyses.comparisons import AT_LEAST, AT_MOST, BETTER, CLAIMED, ClaimSet, PlannedComparison

TRACK = "self-tuning"
SCHEDULE = "+cosine"
ADAMW, NADAMW = f"adamw{SCHEDULE}", f"nadamw{SCHEDULE}"

MATRIX_BASED = ("soap", "shampoo", "muon", "d_muon", "normuon", "scion", "kron")
RATE_LEARNERS = ("prodigy", "dadapt_adam", "dog", "dowg", "mechanic", "momo", "momo_adam", "cocob")

SOURCES: Mapping[int, tuple[str, str]] = {
    16: ("arXiv:2509.02046", "matrix-based optimizers are better than scalar ones"),
    17: ("arXiv:2509.02046", "no matrix-based optimizer saves more than a factor of 1.4 over AdamW"),
    18: ("arXiv:2411.16085", "a cautious optimizer is better than its base"),
    19: ("arXiv:2405.15682", "Schedule-Free is at least as good as AdamW under cosine decay"),
    20: ("arXiv:2510.05491", "NorMuon is better than Muon, and than AdamW"),
    21: ("arXiv:2409.11321", "SOAP is better than Shampoo, and than AdamW"),
    22: ("arXiv:2409.03137", "AdEMAMix is better than AdamW"),
    23: ("arXiv:2411.10438", "MARS is better than AdamW"),
    24: ("arXiv:2509.01440", "AdEMAMix and MARS lead at larger batches"),
    25: ("arXiv:2302.06675", "Lion is better than AdamW at larger batches"),
    26: ("arXiv:2208.06677", "Adan is better than AdamW"),
    27: ("arXiv:2208.06677", "Adan reaches AdamW's quality in half of the epochs"),
    28: ("arXiv:1904.00962", "LAMB is better than AdamW at large batches"),
    29: ("arXiv:2505.24005", "no optimizer that learns its rate is better than NAdamW, both equally calibrated"),
    30: ("arXiv:2505.24005", "calibrated defaults are better than those of the literature"),
}
"""{claim: (source, what it says)}."""


def large_batch(name: str) -> str:
    """Return the plug-in that trains with an optimizer at four times the reference batch size, under cosine decay."""
    return f"{CLAIMED}{name}_large_batch.py"


def _pairs(claim: int, names: Sequence[str], other: str, relation: str = BETTER) -> tuple[PlannedComparison, ...]:
    return tuple(PlannedComparison(claim, f"{name}{SCHEDULE}", other, TRACK, relation) for name in names)


def _at_large_batch(claim: int, *names: str) -> tuple[PlannedComparison, ...]:
    return tuple(PlannedComparison(claim, large_batch(name), large_batch("adamw"), TRACK, BETTER) for name in names)


COMPARISONS = (
    *_pairs(16, ("soap", "muon", "kron"), ADAMW),
    *(PlannedComparison(17, f"{name}{SCHEDULE}", ADAMW, TRACK, AT_MOST, factor=1.4) for name in MATRIX_BASED),
    *_pairs(18, ("cautious",), ADAMW),
    *_pairs(18, ("cautious:base=lion",), f"lion{SCHEDULE}"),
    PlannedComparison(19, "schedule_free_adamw", ADAMW, TRACK, AT_LEAST),
    *_pairs(20, ("normuon",), f"muon{SCHEDULE}"),
    *_pairs(20, ("normuon",), ADAMW),
    *_pairs(21, ("soap",), f"shampoo{SCHEDULE}"),
    *_pairs(21, ("soap",), ADAMW),
    *_pairs(22, ("ademamix",), ADAMW),
    *_pairs(23, ("mars",), ADAMW),
    *_at_large_batch(24, "ademamix", "mars"),
    *_at_large_batch(25, "lion"),
    *_pairs(26, ("adan",), ADAMW),
    PlannedComparison(27, f"adan{SCHEDULE}", ADAMW, TRACK, AT_LEAST, factor=2.0),
    *_at_large_batch(28, "lamb"),
    *(PlannedComparison(29, NADAMW, f"{name}{SCHEDULE}", TRACK, AT_LEAST) for name in RATE_LEARNERS),
    *(
        PlannedComparison(30, f"{name}{SCHEDULE}", f"{name}:defaults=paper{SCHEDULE}", TRACK, BETTER)
        for name in ("nadamw", "prodigy", "mechanic", "dadapt_adam")
    ),
)

OPTIMIZERS = ClaimSet("optimizer claims", COMPARISONS, {})


def declared_table() -> str:
    """Return the claims and their comparisons as Markdown, as docs/claims.md declares them."""
    lines = ["| no. | source | claim | comparisons |", "|---|---|---|---|"]
    for claim, (source, words) in SOURCES.items():
        parts = "; ".join(in_words(c) for c in COMPARISONS if c.claim == claim)
        lines.append(f"| {claim} | {source} | {words} | {parts} |")
    return "\n".join(lines)


def names() -> list[str]:
    """Return what must be raced for these comparisons, as typed."""
    return sorted({name for c in COMPARISONS for name in (c.a, c.b)})
