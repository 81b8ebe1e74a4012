"""Optimizer recipes."""
