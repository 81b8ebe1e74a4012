"""Plug-ins on their way to another machine: the files that a plan's submissions and workloads import, and where they land.

What comes with timetrial, or with another installed package, does not travel: a trial compares its hash. The files keep their
paths below a folder of the worker's own, and the worker's directory is the driver's below it, so that a name means the same.
"""

from __future__ import annotations

import base64
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.canonical import stable_hash
from harness.contracts.errors import BadInput
from harness.execution.dispatch.messages import LARGEST_MESSAGE
from harness.plan import Plan
from harness.records import TrialSpec
from harness.registry import BESIDE, BUILT_IN, ROOT, find_submission, workload_files

MOST_BYTES = LARGEST_MESSAGE // 4
"""Plug-ins of more bytes than these do not travel."""


@dataclass(frozen=True)
class PluginFiles:
    """Files of plug-ins, as they are on the driver's machine when the run begins.

    Attributes:
        contents: {absolute path on the driver's machine: content}.
        directory: the driver's working directory.
        root: the folder of the driver's installation; sources name files below it relative to it.
    """

    contents: Mapping[str, bytes] = field(default_factory=dict)
    directory: str = "/"
    root: str = str(ROOT)

    def to_json(self) -> dict[str, Any]:
        """Return the files as JSON types."""
        contents = {path: base64.b64encode(content).decode() for path, content in self.contents.items()}
        return {"contents": contents, "directory": self.directory, "root": self.root, "hash": self._hash}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PluginFiles:
        """Return the files that `to_json` wrote.

        Raises:
            ValueError: their content is not what was sent.
        """
        contents = {path: base64.b64decode(content) for path, content in value["contents"].items()}
        files = cls(contents, value["directory"], value["root"])
        if files._hash != value["hash"]:
            raise ValueError("the plug-ins that the driver sent have arrived damaged")
        return files

    @property
    def folders(self) -> frozenset[str]:
        """The folders of the files on the driver's machine: where a worker sees them too, it imports nothing from there."""
        return frozenset(str(Path(path).parent) for path in self.contents) - {self.root}

    def unpack(self, folder: Path) -> Path:
        """Write the files below a folder, and return what is there in the place of the driver's working directory."""
        directory = _below(folder, self.directory)
        directory.mkdir(parents=True, exist_ok=True)
        for path, content in self.contents.items():
            place = _below(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return directory

    def local(self, spec: TrialSpec, folder: Path) -> TrialSpec:
        """Return the trial with the source of its submission below the folder into which the files were unpacked."""
        source = spec.source
        for path in sorted(self.contents, key=len, reverse=True):
            names = [re.escape(path)]
            if Path(path).is_relative_to(self.root):
                names.append(re.escape(os.path.relpath(path, self.root)))
            place = str(_below(folder, path))
            source = re.sub(rf"(?<![\w./-])({'|'.join(names)})(?![\w./-])", lambda _, place=place: place, source)  # type: ignore[misc]
        return spec if source == spec.source else replace(spec, source=source)

    @property
    def _hash(self) -> str:
        contents = {path: base64.b64encode(content).decode() for path, content in self.contents.items()}
        return stable_hash(contents, self.directory, self.root)


def plugin_files(plan: Plan) -> PluginFiles:
    """Return the files that must travel with a plan.

    Raises:
        BadInput: a file has gone since the plan was made, or they are too large.
    """
    contents: dict[str, bytes] = {}
    for path in dict.fromkeys(_files(plan)):
        try:
            contents[str(path)] = path.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot read {path}: {error.strerror or error}") from None
    size = sum(map(len, contents.values()))
    if size > MOST_BYTES:
        raise BadInput(f"the plug-ins of this run have {size:,} bytes: at most {MOST_BYTES:,} travel to a cluster")
    return PluginFiles(contents, str(Path.cwd()))


def _files(plan: Plan) -> Iterator[Path]:
    for submission in plan.submissions.values():
        own = list(_not_installed(submission.files))
        yield from own
        for file in own:
            yield from (path for path in (file.with_name(BESIDE), file.parent.with_name(BESIDE)) if path.is_file())
    for workload in plan.workloads.values():
        recipe = find_submission(workload.size.reference.optimizer, calibrated=False)
        yield from _not_installed((*workload_files(workload), *recipe.files))


def _not_installed(files: Iterable[Path]) -> Iterator[Path]:
    installed = [*BUILT_IN.values(), *{Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}]
    return (file for file in files if not any(file.is_relative_to(folder) for folder in installed))


def _below(folder: Path, path: str) -> Path:
    """Return where an absolute path of the driver's machine lies below a folder."""
    return folder / path.lstrip("/")
