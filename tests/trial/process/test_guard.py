"""Whatever a trial does to its process, the next trial is what it is without it, or the process is reported."""

import builtins
import gc
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode

from harness.trial import meter
from harness.trial.process import originals
from harness.trial.process.originals import Originals
from harness.trial.tampering import LIBRARIES
from tests.hostile import DATA
from tests.trial.process.children import in_a_process
from tests.trial.process.guarded import guarded_race, honest, in_the_tenth_step


def remove_working_directory(_):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    shutil.rmtree(folder)


def clear_environment(_):
    os.environ.clear()
    os.environ.update(OMP_NUM_THREADS="7", HOME="/nonexistent")


def ignore_signals(_):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
    signal.setitimer(signal.ITIMER_VIRTUAL, 1000)


def seed(_):
    random.seed(1)
    np.random.seed(1)
    np.seterr(all="raise")
    torch.manual_seed(1)


def slow_garbage_collection(_):
    gc.disable()
    gc.set_threshold(1)


def trace(_):
    sys.settrace(lambda *arguments: None)
    sys.setprofile(lambda *arguments: None)
    threading.settrace(lambda *arguments: None)
    sys.setswitchinterval(10)


def switch_torch(_):
    torch.set_flush_denormal(True)
    torch.autograd.set_detect_anomaly(True)
    torch.use_deterministic_algorithms(True)
    torch.backends.mkldnn.flags(_enabled=False).__enter__()
    torch.set_float32_matmul_precision("medium")
    torch.autograd.forward_ad.enter_dual_level()


def enter_inference_mode(algorithm):
    algorithm.mode = torch.inference_mode()
    algorithm.mode.__enter__()


class Doubles(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        return result * 2 if function is torch.ops.aten.mm.default else result


def close_streams(_):
    os.close(1)
    os.close(2)
    sys.stdout.close()
    sys.stderr = None


def leave_a_process(_):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
        os._exit(0)


def leave_an_orphan(_):
    subprocess.run(["sh", "-c", "sleep 600 & sleep 600 &"], start_new_session=True, check=True)


def spoil(optimizer, *_):
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.data.mul_(0.9)


class Finaliser:
    """Does something when it ends, which garbage collection decides."""

    def __init__(self, action):
        self.cycle, self.action = self, action

    def __del__(self):
        self.action()


RESTORED = {
    "hooks on optimizers": lambda _: register_optimizer_step_post_hook(spoil),
    "a finaliser": lambda algorithm: setattr(algorithm, "end", Finaliser(lambda: register_optimizer_step_post_hook(spoil))),
    "hooks on saved tensors": lambda _: saved_tensors_hooks(lambda t: t * 0, lambda t: t).__enter__(),
    "callbacks of garbage collection": lambda _: gc.callbacks.append(lambda phase, facts: torch.manual_seed(1)),
    "working directory": lambda _: os.chdir("/"),
    "working directory gone": remove_working_directory,
    "environment": clear_environment,
    "umask": lambda _: os.umask(0o777),
    "signals": ignore_signals,
    "random numbers": seed,
    "garbage collection": slow_garbage_collection,
    "trace": trace,
    "recursion limit": lambda _: sys.setrecursionlimit(90),
    "digits": lambda _: sys.set_int_max_str_digits(640),
    "import path": lambda _: sys.path.clear(),
    "importers": lambda _: sys.meta_path.clear(),
    "warnings": lambda _: warnings.simplefilter("error"),
    "address space": lambda _: resource.setrlimit(resource.RLIMIT_AS, (10**6, resource.RLIM_INFINITY)),
    "file size": lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
    "open files": lambda _: resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
    "default device": lambda _: torch.set_default_device("meta"),
    "default type": lambda _: torch.set_default_dtype(torch.float64),
    "threads of torch": lambda _: torch.set_num_threads(4),
    "switches of torch": switch_torch,
    "inference mode": enter_inference_mode,
    "dispatch mode": lambda _: Doubles().__enter__(),
    "streams": close_streams,
    "a process": leave_a_process,
    "orphans": leave_an_orphan,
}


def after_each(actions, own_process):
    """Return for each action what it left, and whether an honest trial after it differs from one before all of them."""
    before, _ = honest(own_process)
    found = {}
    for name, action in actions.items():
        _, aftermath = guarded_race(in_the_tenth_step(action), own_process=own_process)
        state = settings()
        after, left = honest(own_process)
        found[name] = aftermath.replaced, aftermath.lost, state, after == before, left
    return found


def settings():
    """Return what a trial must not change and what no evaluation shows."""
    return (
        *(Path.cwd(), sorted(os.environ), sys.getrecursionlimit(), sys.gettrace(), gc.isenabled(), gc.get_threshold()[0]),
        *(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        *(signal.getitimer(signal.ITIMER_VIRTUAL), resource.getrlimit(resource.RLIMIT_FSIZE), torch.get_num_threads()),
        *(torch.get_default_dtype(), torch.get_default_device(), torch.are_deterministic_algorithms_enabled()),
        *(sys.path[0], warnings.filters[0], gc.callbacks[:], children(), os.fstat(1).st_ino, sys.stdout.closed),
    )


def children():
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return []


@pytest.mark.parametrize("own_process", [True, False])
def test_what_a_trial_changes_in_its_process_is_restored(own_process):
    actions = {name: action for name, action in RESTORED.items() if own_process or name != "orphans"}
    status, found = in_a_process(restored_after_each, tuple(actions), own_process)
    assert status == 0
    for name, (replaced, lost, same_settings, same, left) in found.items():
        assert (replaced, lost, same_settings, same, left) == ([], [], True, True, ""), name


def restored_after_each(names, own_process):
    honest(own_process)
    before = settings()
    found = after_each({name: RESTORED[name] for name in names}, own_process)
    return {name: (*each[:2], each[2] == before, *each[3:]) for name, each in found.items()}


def replace_function(_):
    original = torch.nn.functional.linear
    torch.nn.functional.linear = lambda *arguments: 0.9 * original(*arguments)


def hide_an_inherited_method(_):
    torch.nn.ReLU.__call__ = lambda self, values: values


def replace_later(algorithm):
    algorithm.end = Finaliser(lambda: setattr(torch._C._nn, "gelu", lambda values, approximate="none": values))


def slow_graph_break(msg=""):
    time.sleep(0.001)


def remove_modules(_):
    for name in [name for name in sys.modules if name.startswith("harness.trial")]:
        del sys.modules[name]


REPLACED = {
    "builtins.len": lambda _: setattr(builtins, "len", lambda values: 7),
    "builtins.isinstance": lambda _: setattr(builtins, "isinstance", lambda *arguments: True),
    "torch.nn.functional.linear": replace_function,
    "torch.relu": lambda _: setattr(torch, "relu", lambda values: values),
    "torch.nn.modules.activation.ReLU.forward": lambda _: setattr(torch.nn.ReLU, "forward", lambda self, values: values),
    "torch.nn.modules.activation.ReLU.__call__": hide_an_inherited_method,
    "torch.optim.sgd.SGD.step": lambda _: setattr(torch.optim.SGD, "step", lambda self, closure=None: None),
    "torch.Tensor.relu": lambda _: setattr(torch.Tensor, "relu", lambda self: self),
    "torch._C._nn.gelu": replace_later,
    "torch._VF.lstm": lambda _: setattr(torch._VF, "lstm", lambda *arguments: arguments),
    "torch._VF.VFModule.__getattr__": lambda _: setattr(type(torch._VF), "__getattr__", lambda self, name: None),
    "torch._VF.vf": lambda _: setattr(torch._VF, "vf", torch),
    "torch.compiler.is_compiling": lambda _: setattr(torch.compiler, "is_compiling", lambda: True),
    "torch.compiler._is_compiling_flag": lambda _: setattr(torch.compiler, "_is_compiling_flag", True),
    "torch._dynamo.graph_break": lambda _: setattr(torch._dynamo, "graph_break", slow_graph_break),
    "torch._dynamo.eval_frame._maybe_set_eval_frame": lambda _: setattr(
        torch._dynamo.eval_frame, "_maybe_set_eval_frame", lambda callback: callback
    ),
    "json.dumps": lambda _: setattr(json, "dumps", lambda *arguments, **keywords: "{}"),
    "hashlib.sha256": lambda _: setattr(hashlib, "sha256", hashlib.md5),
    "time.thread_time": lambda _: setattr(time, "thread_time", lambda: 0.0),
    "random.random": lambda _: setattr(random, "random", lambda: 0.5),
    "harness.trial.meter.IDLE_STEPS": lambda _: setattr(meter, "IDLE_STEPS", 10**9),
    "harness.trial.meter.Meter.finite": lambda _: setattr(meter.Meter, "finite", lambda self, model: True),
    "the module harness.trial": remove_modules,
    "the data of its workload": lambda algorithm: algorithm.task._train["labels"].fill_(0),
}


def test_functions_and_data_that_a_trial_replaces_are_named_and_functions_are_put_back():
    status, found = in_a_process(after_each_replaced)
    assert status == 0
    for name, (replaced, lost, _, same, left) in found.items():
        assert any(each.startswith(name) for each in replaced), (name, replaced)
        assert lost == [], name
        assert (same, left) == (name != "the data of its workload", ""), name  # a worker loads them again


def after_each_replaced():
    import_module("torch._dynamo")
    return after_each(REPLACED, own_process=True)


def test_whatever_is_watched_while_a_trial_runs_is_compared_at_its_end_too():
    assert in_a_process(not_compared).value == []


def not_compared():
    """Return what `tampering` watches of torch and Python, but `Originals` does not compare."""
    Originals(own_process=True)
    compared = [space.owner for _, spaces in originals._spaces.values() for space in spaces]
    return [str(library) for library in LIBRARIES if not any(owner is library for owner in compared)]


def leave_a_thread(_):
    threading.Thread(target=lambda: [time.sleep(0.01) for _ in range(10**4)], daemon=True).start()


def leave_a_waiting_thread(_):
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def keep_memory(algorithm):
    KEPT.append(b"x" * (6 * 10**8))


def replace_a_kernel(_):
    KEPT.append(torch.library.Library("aten", "IMPL"))
    KEPT[-1].impl("relu", lambda values: values.clamp(min=0.1), "CPU")


KEPT = []


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (leave_a_thread, "a thread that it started is still running"),
        (leave_a_waiting_thread, "a thread that it started is still running"),
        (keep_memory, "of memory that its trials took were not given back"),
        (replace_a_kernel, "a kernel of torch that was registered in Python could not be restored"),
    ],
)
def test_what_cannot_be_restored_is_reported(action, words):
    (lost,) = in_a_process(lost_after, action).value
    assert lost.endswith(words)


def define_an_operator(_):
    KEPT.append(torch.library.Library("a_plugin", "DEF"))
    KEPT[-1].define("doubled(Tensor values) -> Tensor")
    KEPT[-1].impl("doubled", lambda values: 2 * values, "CPU")


def replace_a_kernel_for_a_while(_):
    with torch.library._scoped_library("aten", "IMPL") as library:
        library.impl("relu", lambda values: values.clamp(min=0), "CPU")


@pytest.mark.parametrize("action", [define_an_operator, replace_a_kernel_for_a_while])
def test_operators_of_its_own_and_kernels_that_it_takes_back_are_no_reason_to_replace_a_process(action):
    assert in_a_process(lost_after, action).value == []


def lower_a_hard_limit(_):
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may raise a hard limit again")
def test_a_hard_limit_that_was_lowered_for_good_is_reported():
    assert in_a_process(lost_after, lower_a_hard_limit).value == ["a resource limit could not be restored"]


def lost_after(action):
    return guarded_race(in_the_tenth_step(action))[1].lost


def test_a_child_that_comes_back_from_a_trial_ends_there():
    assert in_a_process(forked).value == (True, 1)


def forked():
    """Return whether the trial ended as usual, and how often the code after it ran."""
    read, write = os.pipe()
    record, _ = guarded_race(in_the_tenth_step(lambda algorithm: os.fork()))
    os.write(write, b"x")
    time.sleep(0.2)
    return record.status == "missed", len(os.read(read, 10))


def test_the_data_of_a_workload_are_unchanged_by_an_honest_trial():
    before = {name: values.clone() for name, values in DATA["train"].items()}
    assert honest(own_process=False)[1] == ""
    assert all(torch.equal(values, before[name]) for name, values in DATA["train"].items())
