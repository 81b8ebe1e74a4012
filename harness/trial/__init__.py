"""One trial: from a `TrialSpec` to a `TrialRecord`. `loop` is the place to start reading."""
