"""The first reading of trials: how much compute a submission saves, from the quality at the ends of complete trials."""

from harness.scoring.compute_saved.board import ComputeSaved, compute_saved, one_pair
from harness.scoring.compute_saved.pairs import SpeedUpPair
from harness.scoring.compute_saved.points import QualityPoint, quality_points
from harness.scoring.compute_saved.ranks import RankRange
from harness.scoring.compute_saved.speedup import SpeedUp, WorkloadSpeedUp

__all__ = [
    "ComputeSaved",
    "QualityPoint",
    "RankRange",
    "SpeedUp",
    "SpeedUpPair",
    "WorkloadSpeedUp",
    "compute_saved",
    "one_pair",
    "quality_points",
]
