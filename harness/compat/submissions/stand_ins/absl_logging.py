"""Stands in for ``absl.logging``: messages go to Python's logger "absl"."""

from __future__ import annotations

import logging as _logging
from typing import Any

DEBUG, INFO, WARNING, ERROR, FATAL = _logging.DEBUG, _logging.INFO, _logging.WARNING, _logging.ERROR, _logging.CRITICAL

_LOGGER = _logging.getLogger("absl")

debug, info, warning, error, exception = _LOGGER.debug, _LOGGER.info, _LOGGER.warning, _LOGGER.error, _LOGGER.exception
warn, fatal, log = _LOGGER.warning, _LOGGER.critical, _LOGGER.log


def log_first_n(level: int, message: str, n: int, *arguments: Any) -> None:
    """Log a message; how often it was logged before does not matter here."""
    _LOGGER.log(level, message, *arguments)


def vlog(level: int, message: str, *arguments: Any) -> None:
    """Log a message for debugging."""
    _LOGGER.debug(message, *arguments)


def set_verbosity(level: Any) -> None:
    """Do nothing: a trial's output is kept as it comes."""
