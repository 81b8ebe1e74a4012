"""The measurements of `tests.benchmarks.gpu`, a module per kind."""
