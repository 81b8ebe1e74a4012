"""Losses and metrics that several workloads share."""
