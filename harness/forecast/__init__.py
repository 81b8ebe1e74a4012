"""Predicts the loss of a schedule that was not run, by the loss law with learning-rate annealing (arXiv:2408.11029)."""

from harness.forecast.fit import FEWEST, Curve, Fit, choose_decay, fit_law
from harness.forecast.law import Law, annealing, area

__all__ = ["FEWEST", "Curve", "Fit", "Law", "annealing", "area", "choose_decay", "fit_law"]
