"""What torch replaces in its own classes when something is first compiled, done before any trial.

Otherwise the first submission of a process that compiles a function, as with ``@torch.compile``, would have replaced them, and
its trial could not be trusted.
"""

from __future__ import annotations

from importlib import import_module


def prepare_compilation() -> None:
    """Load torch's compiler, and have it wrap methods of modules and optimizers, once per process.

    Torch loads it with the first optimizer in any case, and that would be in a trial's set-up. A call of what is wrapped does
    what it did before.
    """
    import_module("torch._dynamo")
    import_module("torch._dynamo.eval_frame").TorchPatcher.patch()
    import_module("torch._dynamo.mutation_guard").install_generation_tagging_init()
