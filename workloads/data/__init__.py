"""Data sets: downloaded once, checked, prepared, and then read from a cache directory."""

from workloads.data.cache import data_directory

__all__ = ["data_directory"]
