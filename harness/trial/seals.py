"""What a trial's measurements rest on, and whether the trial left it as it was: code, data and sizes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from harness.contracts.workloads import Workload
from harness.trial.batches import version_of
from harness.trial.judging import judged_examples
from harness.trial.process.interrupts import is_from_outside
from harness.trial.process.torch_state import registered_kernels
from harness.trial.tampering import (
    Functions,
    Tampering,
    changed_values,
    hidden_functions,
    model_functions,
    workload_functions,
)

Parts = Mapping[str, Mapping[str, Tensor]]
"""{"train", "validation", "test": {name: tensor [n, ...]}}."""

CHECKED_BYTES = 32_000_000
"""Of every validation tensor at most this much is compared byte by byte: more takes longer than an evaluation."""


class Seals:
    """Notices when the functions, the data or the sizes that a trial rests on are changed.

    Before every evaluation it looks whether functions or tensors were replaced, and whether torch has counted a change in
    place; at the end of the trial it compares the content of what was judged, since a change through numpy is not counted.

    Args:
        process: the functions of torch and of the harness, noted before a plug-in was imported.
        workload: of the trial.
        data: what its `load` returned.
    """

    def __init__(self, process: Functions, workload: Workload, data: Parts) -> None:
        self._code = [process, workload_functions(workload)]
        self._workload, self._values = workload, dict(vars(workload))
        self._kernels = registered_kernels()
        self._tensors: list[tuple[str, Mapping[str, Tensor], str, Tensor, int]] = []
        self._add(data)
        limit = judged_examples(data["validation"], workload.size.validation_examples)
        self._judged = {name: values[:limit] for name, values in data["validation"].items()}
        self._content = _content(self._judged)

    def add(self, model: nn.Module, parts: Parts) -> None:
        """Watch also the classes of the trial's model, and the copies of the data on its device."""
        self._code.append(model_functions(model))
        self._add(parts)

    def _add(self, parts: Parts) -> None:
        for part, examples in parts.items():
            self._tensors += [(part, examples, name, tensor, version_of(tensor)) for name, tensor in examples.items()]

    def check(self) -> None:
        """Check that nothing was replaced or changed in place.

        Raises:
            Tampering: something was.
        """
        for functions in self._code:
            functions.check()
        for name in registered_kernels() - self._kernels:
            raise Tampering(f"torch's function {name} was registered anew: leave those of aten as they are")
        for name in hidden_functions(self._workload):
            raise Tampering(f"{name}() of workload '{self._workload.name}' was replaced: leave it as it is")
        for name in changed_values(self._workload, self._values):
            raise Tampering(f"{name} of workload '{type(self._workload).name}' was replaced: leave it as it is")
        for part, examples, name, tensor, version in self._tensors:
            if examples.get(name) is not tensor or version_of(tensor) != version:
                raise Tampering(f"the {part} data were changed while the trial ran ('{name}'): leave them as they are")

    def check_content(self) -> None:
        """Check the same, and that the validation examples have the content that they had.

        Raises:
            Tampering: something was changed.
        """
        self.check()
        for name, content in _content(self._judged).items():
            if content != self._content[name]:
                raise Tampering(f"the validation data were changed while the trial ran ('{name}'): leave them as they are")

    def restore_workload(self) -> None:
        """Undo what was set on the workload's instance, which later trials in this process have too."""
        now = vars(self._workload)
        for name in (*hidden_functions(self._workload), *changed_values(self._workload, self._values)):
            now.pop(name, None)
            if name in self._values:
                now[name] = self._values[name]


@contextmanager
def sealed(process: Functions, workload: Workload, data: Parts) -> Iterator[Seals]:
    """Return the seals of a trial; at its end, however it ends, they are checked, and the workload is restored.

    Raises:
        Tampering: something was changed.
    """
    seals = Seals(process, workload, data)
    try:
        try:
            yield seals
        except BaseException as error:
            if is_from_outside(error):
                raise
            seals.check_content()
            raise
        seals.check_content()
    finally:
        seals.restore_workload()


def _content(examples: Mapping[str, Tensor]) -> dict[str, int]:
    """Return a checksum of each tensor's first bytes; tensors on an accelerator are left out."""
    return {name: _checksum(tensor) for name, tensor in examples.items() if tensor.device.type == "cpu"}


def _checksum(tensor: Tensor) -> int:
    rows = max(1, CHECKED_BYTES // max(1, tensor[:1].nbytes))
    return zlib.crc32(tensor[:rows].contiguous().view(torch.uint8).numpy().data)
