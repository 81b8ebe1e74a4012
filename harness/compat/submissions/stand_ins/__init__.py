"""Modules that stand in for AlgoPerf's package, and for others that its submissions import, while a submission runs."""
