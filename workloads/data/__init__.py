"""Data sets by package name: fetched once, checked, prepared, and read from a cache directory ever after."""

from workloads.data.cache import data_directory

__all__ = ["data_directory"]
