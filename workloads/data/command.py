"""Runs other programs quietly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandFailed(Exception):
    """A program could not be run, failed, or took too long; the message is one line."""


def run(
    command: Sequence[str], *, timeout: float, directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """Return what `command` printed on standard output; everything it prints is captured.

    Args:
        command: program and arguments.
        timeout: seconds until it is stopped.
        directory: working directory.
        environment: variables added to this process's; messages are in English.

    Raises:
        CommandFailed: the message is the last line on standard error that starts with "error", else the last line.
    """
    variables = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", **(environment or {})}
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            timeout=timeout,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{program} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{program} was stopped after {timeout:g} s") from error
    except OSError as error:
        raise CommandFailed(f"{program} cannot be run ({error.strerror})") from error
    if done.returncode:
        raise CommandFailed(_reason(done.stderr) or f"{program} failed with status {done.returncode}")
    return done.stdout


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:"))]
    return (errors or lines or [""])[-1][:200]
