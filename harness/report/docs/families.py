"""Which optimizers stand together in the gallery, and in the table of what a step costs."""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "Adam and its relatives": (
        "adamw",
        "nadamw",
        "adamp",
        "adan",
        "ademamix",
        "adopt",
        "exadam",
        "mars",
        "spam",
        "nap",
    ),
    "Gradient descent with momentum": ("sgd", "nesterov", "sgdp", "sgd_sai"),
    "Signs of the momentum": ("lion", "signum"),
    "A rate per layer": ("lamb", "lars"),
    "Orthogonal steps of matrices": ("muon", "d_muon", "normuon", "scion", "lanton"),
    "Preconditioners and curvature": ("shampoo", "soap", "kron", "mkor", "sophia_h", "sam"),
    "Less memory": ("adafactor", "apollo", "apollo_mini", "galore", "natural_galore"),
    "The rate learnt": ("prodigy", "dadapt_adam", "dog", "dowg", "mechanic", "momo", "momo_adam", "cocob"),
    "Averages of the weights": ("schedule_free_adamw", "schedule_free_sgd", "diloco"),
    "Over any optimizer": ("cautious", "ema", "lawa"),
}
"""{heading: names}, of optimizers and of procedures that are optimizers."""

FAMILY_OF: Mapping[str, str] = {name: family for family, names in FAMILIES.items() for name in names}
