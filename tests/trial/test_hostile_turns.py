"""While the harness judges, no clock runs: nothing of a plug-in gets a turn then, and none of its modes take part."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from typing import ClassVar

import pytest
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from harness.trial.process.undisturbed import Undisturbed
from tests.hostile import DATA, race
from tests.toy import Plain


def metrics(record):
    return [evaluation["metric"] for evaluation in record.evaluations]


class Flatters(TorchFunctionMode):
    """Makes losses smaller where no gradients are computed."""

    seen = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        Flatters.seen += function is F.cross_entropy
        return out * 0.7 if function is F.cross_entropy and not torch.is_grad_enabled() else out


class FlattersBelow(TorchDispatchMode):
    """The same below autograd."""

    seen = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        below = function is torch.ops.aten.nll_loss_forward.default
        FlattersBelow.seen += below
        return (out[0] * 0.7, out[1]) if below and not torch.is_grad_enabled() else out


class Enters(Plain):
    """Enters a mode before its first step, and never leaves it."""

    _mode: ClassVar = Flatters

    def update(self, batch):
        if not getattr(self, "_entered", False):
            self._entered = True
            self._mode().__enter__()
        super().update(batch)


class EntersBelow(Enters):
    """Enters a mode of the dispatcher."""

    _mode = FlattersBelow


class HalfPrecise(Plain):
    """Leaves autocast and another default type on, as somebody may do who computes with them."""

    def prepare_for_evaluation(self):
        torch.set_autocast_enabled("cpu", True)
        torch.set_default_dtype(torch.float64)

    def restore_after_evaluation(self):
        assert torch.is_autocast_enabled("cpu") and torch.get_default_dtype() == torch.float64, "it has its own state again"
        torch.set_autocast_enabled("cpu", False)
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("plugin", [Enters, EntersBelow, HalfPrecise])
def test_a_metric_is_computed_without_the_modes_of_a_plug_in(plugin):
    found = race(plugin)
    assert metrics(found) == metrics(race(Plain)), found.reason
    assert plugin is HalfPrecise or plugin._mode.seen, "the mode was there while it trained"


class Unasked(Plain):
    """Has a function of its own called while an evaluation runs."""

    _turns: ClassVar[list[bool]] = []
    _stolen: ClassVar[int] = 0

    def _call(self, *_):
        Unasked._turns.append(torch.is_grad_enabled())
        Unasked._stolen += not torch.is_grad_enabled()  # gradients are off where a metric is computed

    def prepare_for_evaluation(self):
        self._begin()

    def restore_after_evaluation(self):
        self._end()


class Collects(Unasked):
    def _begin(self):
        gc.callbacks.append(self._call)
        gc.set_threshold(1)

    def _end(self):
        gc.callbacks.remove(self._call)
        gc.set_threshold(700, 10, 10)


class Profiles(Unasked):
    def _begin(self):
        sys.setprofile(self._call)

    def _end(self):
        sys.setprofile(None)


class Traces(Unasked):
    def _begin(self):
        sys.settrace(self._call)

    def _end(self):
        sys.settrace(None)


@pytest.mark.parametrize("plugin", [Collects, Profiles, Traces])
def test_nothing_of_a_plug_in_is_called_while_it_is_judged(plugin):
    Unasked._turns, Unasked._stolen = [], 0
    found = race(plugin)
    assert metrics(found) == metrics(race(Plain)), found.reason
    assert Unasked._turns, "it is called in the plug-in's own time"
    assert Unasked._stolen == 0


def test_handlers_of_signals_that_a_plug_in_has_set_are_suspended_and_those_of_the_trial_are_put_back():
    rung: list[str] = []
    before = {number: signal.signal(number, lambda *_: rung.append("harness")) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    try:
        others = Undisturbed(torch.device("cpu"))
        for number in before:
            signal.signal(number, lambda *_: rung.append("plug-in"))
        others.suspend()
        for number in before:
            signal.raise_signal(number)
        assert rung == ["harness"], "of the other one nothing comes, and it does not end the process either"
        others.resume()
        signal.raise_signal(signal.SIGUSR1)
        assert rung == ["harness", "plug-in"]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Attributes(dict):
    """Calls a function of a plug-in's when something is looked up."""

    def __getitem__(self, key):
        Unasked._stolen += 1
        return dict.__getitem__(self, key)


class Name(str):
    """Calls one when it is hashed or printed."""

    def __format__(self, how):
        Unasked._stolen += 1
        return str(self)

    __hash__ = str.__hash__


class Shaped(torch.nn.Parameter):
    """Calls one when its shape is read."""

    @property
    def shape(self):
        Unasked._stolen += 1
        return torch.Tensor.shape.__get__(self)


class OwnAttributes(Plain):
    def prepare_for_evaluation(self):
        model = self.task.model
        object.__setattr__(model, "__dict__", Attributes(model.__dict__))
        Unasked._stolen = 0


class OwnNames(Plain):
    def prepare_for_evaluation(self):
        table = self.task.model._modules
        items = list(table.items())
        table.clear()
        table.update((Name(key), value) for key, value in items)
        Unasked._stolen = 0


class OwnParameter(Plain):
    def prepare_for_evaluation(self):
        next(iter(self.task.model.parameters())).__class__ = Shaped
        Unasked._stolen = 0


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (OwnAttributes, "the model was replaced, added or removed"),
        (OwnNames, "the model was replaced, added or removed"),
        (OwnParameter, "'0.weight' of the model has another shape or type"),
    ],
)
def test_what_answers_for_itself_where_the_weights_are_read_is_refused(plugin, reason):
    found = race(plugin)
    assert found.status == "failed" and reason in found.reason
    assert Unasked._stolen == 0


class Threads(Plain):
    """Has a thread compute beside it, past its evaluations."""

    _computed: ClassVar[float] = 0.0

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self._thread = threading.Thread(target=self._compute)

    def _compute(self):
        while time.thread_time() < 0.25:
            pass
        Threads._computed = time.thread_time()

    def update(self, batch):
        super().update(batch)
        if not self._thread.ident:
            self._thread.start()
        if self.task.examples >= self.task.horizon:
            self._thread.join()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system says what each thread computes")
def test_what_a_thread_of_the_trial_computes_is_paid_from_the_first_moment():
    """Threads that were there, such as the executor's, may take as much: 0.3 s."""
    found = race(Threads)
    assert Threads._computed >= 0.25 and found.clocks["seconds"] >= Threads._computed, found


class WritesLabels(Plain):
    """Writes into the validation labels while it is judged, where torch does not count it, and puts them back."""

    def prepare_for_evaluation(self):
        self._labels = DATA["validation"]["labels"].numpy()
        self._true = self._labels.copy()
        self._labels[:] = 0

    def restore_after_evaluation(self):
        self._labels[:] = self._true

    def __del__(self):
        self._labels[:] = self._true


def test_labels_that_are_put_back_in_time_are_seen():
    before = DATA["validation"]["labels"].clone()
    found = race(WritesLabels)
    gc.collect()
    assert found.status == "failed" and "the validation data were changed while the trial ran ('labels')" in found.reason
    assert torch.equal(DATA["validation"]["labels"], before)


class OwnKernel(Plain):
    """Registers a kernel for one of torch's functions."""

    _library: ClassVar = None

    def update(self, batch):
        if OwnKernel._library is None:
            OwnKernel._library = torch.library.Library("aten", "IMPL")
            OwnKernel._library.impl("relu", lambda values: values.clamp(min=0), "CPU")
        super().update(batch)


@pytest.mark.filterwarnings("ignore:.*Overriding a previously registered kernel")
def test_a_kernel_of_torch_that_was_registered_anew_voids_the_trial():
    try:
        found = race(OwnKernel)
    finally:
        OwnKernel._library._destroy()
    assert found.status == "failed" and "torch's function aten/relu/CPU was registered anew" in found.reason


class Audits(Plain):
    """Leaves a function that Python calls for good."""

    def update(self, batch):
        sys.addaudithook(lambda *_: None)


def test_what_stays_in_the_process_for_good_is_refused():
    found = race(Audits)
    assert found.status == "failed" and "sys.addaudithook() cannot be taken back" in found.reason
