"""Plug-ins that misbehave, as data: what each does, where, and how its trial may end. `write` makes a file of one.

Names begin with their kind: d_ dies, f_ fails in set-up or steps, g_ changes the process, h_ hangs, m_ eats memory, o_ floods
the output, s_ is a schedule with odd answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

PROCEDURE = '''import os, signal, subprocess, sys, time
import torch
from harness import TrainingAlgorithm
{at_import}

class {title}(TrainingAlgorithm):
    """Gradient descent, and what its name says."""

    defaults = {{"learning_rate": 0.1}}

    def __init__(self, task, hyperparameters):
        super().__init__(task, hyperparameters)
        self.optimizer = torch.optim.SGD(task.model.parameters(), lr=0.1, momentum=0.9)
        self.steps = 0
{set_up}
    def update(self, batch):
        task = self.task
        self.steps += 1
{every_step}
        if self.steps == 10:
            pass
{step}
        self.optimizer.zero_grad()
        task.loss(batch).backward()
        self.optimizer.step()
{methods}'''

SCHEDULE = '''from harness import schedule

@schedule
def {name}(step, horizon):
    """Odd."""
    later = step >= horizon / 2
{body}
'''

CLOSED = '''from harness import schedule

@schedule(anytime=True, listens="training_loss")
class {name}:
    """Odd after 20 observations."""

    def __init__(self):
        self.seen = 0

    def observe(self, feedback):
        self.seen += 1
{observe}
    def multiplier(self, step):
        return {multiplier}
'''

TRAINED = ("missed", "reached")
DIED = ("killed",)
FAILED = ("failed",)
MEMORY = ("out-of-memory",)
TIMEOUT = ("timeout",)
UNUSABLE = ()
"""Not even its import works: the command refuses it before it runs anything."""

IN_A_WORKER = '"ray" in sys.modules or "harness.execution.dispatch.child_worker" in sys.modules'


@dataclass(frozen=True)
class Hostile:
    """A plug-in that misbehaves.

    Attributes:
        name: of the file.
        code: what it does.
        ends: how its trial may end.
        where: "at_import", in "set_up", in the tenth "step", in "every_step", or among its "methods"; the whole "file"; the
            body of a "schedule"; what a closed loop does when it is to "observe", or its "multiplier".
    """

    name: str
    code: str
    ends: tuple[str, ...]
    where: str = "step"

    @property
    def is_schedule(self) -> bool:
        """Whether it needs an optimizer."""
        return self.where in ("schedule", "observe", "multiplier")

    def write(self, folder: Path) -> Path:
        """Write the plug-in into a file of `folder`, and return its path."""
        path = folder / f"{self.name}.py"
        path.write_text(self._text(), encoding="utf-8")
        return path

    def _text(self) -> str:
        code = dedent(self.code).strip("\n")
        if self.where == "file":
            return f"{code}\n"
        if self.where == "schedule":
            return SCHEDULE.format(name=self.name, body=indent(code, " " * 4))
        if self.is_schedule:
            answers = {"observe": "", "multiplier": "1.0", self.where: code}
            return CLOSED.format(name=self.name, observe=indent(answers["observe"], " " * 8), multiplier=answers["multiplier"])
        depths = {"at_import": 0, "set_up": 8, "every_step": 8, "step": 12, "methods": 4}
        parts = dict.fromkeys(depths, "") | {self.where: code}
        title = "".join(word.title() for word in self.name.split("_"))
        return PROCEDURE.format(title=title, **{part: indent(text, " " * depths[part]) for part, text in parts.items()})


def honest(name: str) -> Hostile:
    """Return the plug-in without anything hostile."""
    return Hostile(name, "", TRAINED)


def odd(answer: str) -> str:
    """Return the body of a schedule that gives an odd answer in the second half of its horizon."""
    return f"return {answer} if later else 0.5"


DIES = (
    Hostile("d_abort", "os.abort()", FAILED),
    Hostile("d_exit", "os._exit(3)", FAILED),
    Hostile("d_exit0", "os._exit(0)", FAILED),
    Hostile("d_int", "os.kill(os.getpid(), signal.SIGINT)", FAILED),
    Hostile("d_kill", "os.kill(os.getpid(), signal.SIGKILL)", FAILED),
    Hostile("d_parent", "os.kill(os.getppid(), signal.SIGKILL)", FAILED),
    Hostile("d_term", "os.kill(os.getpid(), signal.SIGTERM)", FAILED),
    Hostile("d_segv", "import ctypes; ctypes.string_at(0)", DIED),
    Hostile("d_exit_in_c", "import ctypes; ctypes.CDLL(None)._exit(3)", DIED),
    Hostile("d_exit0_in_c", "import ctypes; ctypes.CDLL(None)._exit(0)", DIED),
    Hostile("d_abort_in_c", "import ctypes; ctypes.CDLL(None).abort()", DIED),
    Hostile("d_kill_by_another", "subprocess.run(['kill', '-9', str(os.getpid())]); time.sleep(60)", DIED),
    Hostile("d_parent_by_another", "subprocess.run(['kill', '-9', str(os.getppid())]); time.sleep(5)", (*DIED, *TRAINED)),
)

FAILS = (
    Hostile("f_batch0", "def batch_size(self): return 0", FAILED, "methods"),
    Hostile("f_batchfloat", "def batch_size(self): return 0.5", FAILED, "methods"),
    Hostile("f_batchneg", "def batch_size(self): return -5", FAILED, "methods"),
    Hostile("f_batchstr", "def batch_size(self): return '16'", FAILED, "methods"),
    Hostile("f_batchhuge", "def batch_size(self): return 10**12", FAILED, "methods"),
    Hostile("f_ctor", "raise ValueError('in the constructor')", FAILED, "set_up"),
    Hostile("f_delparam", "del task.model._modules[next(iter(task.model._modules))]", FAILED),
    Hostile("f_exit_import", "import os; os._exit(7)", UNUSABLE, "file"),
    Hostile("f_genexit", "raise GeneratorExit", FAILED, "every_step"),
    Hostile("f_hugeexc", "raise ValueError('x' * 10_000_000)", FAILED, "every_step"),
    Hostile("f_import", "raise RuntimeError('at import')", UNUSABLE, "file"),
    Hostile("f_import_worker", f"if {IN_A_WORKER}: raise RuntimeError('only there')", (*FAILED, *TRAINED), "at_import"),
    Hostile("f_kbint", "raise KeyboardInterrupt", FAILED, "every_step"),
    Hostile("f_memerr", "raise MemoryError('nothing of the sort')", MEMORY, "every_step"),
    Hostile("f_nanweights", "with torch.no_grad(): next(task.model.parameters()).fill_(float('nan'))", ("diverged",)),
    Hostile("f_nocharge", "return", FAILED, "every_step"),
    Hostile("f_nomodel", "task.model = None", FAILED, "every_step"),
    Hostile("f_observe", "listens = ('training_loss',)\ndef observe(self, feedback): raise ValueError", FAILED, "methods"),
    Hostile("f_prepare", "def prepare_for_evaluation(self): raise ValueError('prepare')", FAILED, "methods"),
    Hostile("f_recursion", "return self.update(batch)", FAILED, "every_step"),
    Hostile("f_restore", "def restore_after_evaluation(self): raise ValueError('restore')", FAILED, "methods"),
    Hostile("f_select_none", "def select(self): return None", FAILED, "methods"),
    Hostile("f_step0", "raise ValueError('step 0')", FAILED, "every_step"),
    Hostile("f_stepn", "raise ValueError('step n')", FAILED),
    Hostile("f_stopiter", "raise StopIteration", FAILED, "every_step"),
    Hostile("f_syntax", "def x(:", UNUSABLE, "file"),
    Hostile("f_sysexit_import", "import sys; sys.exit(0)", UNUSABLE, "file"),
    Hostile("f_uniexc", r"raise ValueError('\udcff\x00\x1b[31mred\n\n[bold]x</script><script>alert(1)</script>')", FAILED),
    Hostile(
        "f_unpicklable",
        """
        class Bad(Exception):
            def __init__(self, a, b):
                super().__init__(a)
                import threading
                self.lock = threading.Lock()
            def __reduce__(self):
                raise RuntimeError("no pickling")
        raise Bad(1, 2)
        """,
        FAILED,
    ),
)

CHANGES = (
    Hostile("g_aslimit", "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**6, -1))", (*FAILED, *MEMORY, *TRAINED)),
    Hostile("g_builtins", "import builtins; builtins.len = lambda value: 7", FAILED),
    Hostile("g_cwd", "os.chdir('/')", TRAINED),
    Hostile("g_cwd_gone", "import tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())", TRAINED),
    Hostile("g_device", "torch.set_default_device('meta')", (*FAILED, *TRAINED)),
    Hostile("g_dtype", "torch.set_default_dtype(torch.float64)", (*FAILED, *TRAINED)),
    Hostile("g_env", "os.environ.clear(); os.environ.update(TIMETRIAL_DATA='/nonexistent', HOME='/nonexistent')", TRAINED),
    Hostile("g_fork_left", "if os.fork() == 0: os.setsid(); time.sleep(600)", TRAINED),
    Hostile("g_fsize", "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))", (*FAILED, *TRAINED)),
    Hostile("g_gc", "import gc; gc.disable(); gc.set_threshold(1)", TRAINED),
    Hostile("g_hashlib", "import hashlib; hashlib.sha256 = hashlib.md5", FAILED),
    Hostile("g_inference", "self.mode = torch.inference_mode(); self.mode.__enter__()", (*FAILED, *TRAINED)),
    Hostile(
        "g_inference_end",
        """
        def prepare_for_evaluation(self):
            if self.steps >= 90:
                self.mode = torch.inference_mode()
                self.mode.__enter__()
        """,
        (*FAILED, *TRAINED),
        "methods",
    ),
    Hostile("g_json", "import json; json.dumps = lambda *a, **k: '{}'", FAILED),
    Hostile(
        "g_linear",
        "import torch.nn.functional as F; old = F.linear; F.linear = lambda *a, **k: old(*a, **k) * 0.9",
        FAILED,
    ),
    Hostile("g_nofile", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 1000))", (*FAILED, *TRAINED)),
    Hostile("g_popen_left", "subprocess.Popen(['sleep', '599'], start_new_session=True)", TRAINED),
    Hostile("g_random", "import random, numpy; random.seed(1); numpy.random.seed(1); torch.manual_seed(1)", TRAINED),
    Hostile("g_recursion", "sys.setrecursionlimit(60)", (*FAILED, *TRAINED)),
    Hostile("g_relu", "torch.relu = lambda x: x; torch.nn.ReLU.forward = lambda self, x: x", FAILED),
    Hostile("g_sgdstep", "torch.optim.SGD.step = lambda self, closure=None: None", FAILED),
    Hostile("g_signals", "for s in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM): signal.signal(s, signal.SIG_IGN)", TRAINED),
    Hostile(
        "g_sysmodules",
        "for name in [n for n in sys.modules if n.startswith(('workloads', 'submissions'))]: del sys.modules[name]",
        (*FAILED, *TRAINED),
    ),
    Hostile("g_syspath", "sys.path[:] = []", TRAINED),
    Hostile(
        "g_switches",
        "torch.set_flush_denormal(True); torch.autograd.set_detect_anomaly(True); torch.use_deterministic_algorithms(True)",
        TRAINED,
    ),
    Hostile(
        "g_thread_left",
        """
        import threading
        def burn():
            x = torch.randn(64, 64)
            while True:
                x = torch.tanh(x @ x)
                time.sleep(0)
        threading.Thread(target=burn, daemon=True).start()
        """,
        TRAINED,
    ),
    Hostile("g_threads", "torch.set_num_threads(4)", TRAINED),
    Hostile("g_trace", "sys.settrace(lambda *a: None); sys.setswitchinterval(100)", TRAINED),
    Hostile("g_umask", "os.umask(0o777)", TRAINED),
    Hostile("g_warnings", "import warnings; warnings.simplefilter('error')", (*FAILED, *TRAINED)),
)

HANGS = (
    Hostile("h_ctor", "while True: pass", TIMEOUT, "set_up"),
    Hostile("h_gil", "import ctypes; ctypes.PyDLL(None).sleep(100000)", TIMEOUT),
    Hostile("h_import_worker", f"if {IN_A_WORKER}: time.sleep(1e6)", (*TIMEOUT, *TRAINED), "at_import"),
    Hostile("h_loop", "while True: pass", TIMEOUT),
    Hostile(
        "h_nowatch",
        """
        import faulthandler
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        while True: time.sleep(1)
        """,
        TIMEOUT,
    ),
    Hostile("h_regex", "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')", TIMEOUT),
    Hostile("h_sigign", "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass", TIMEOUT),
    Hostile("h_sleep", "time.sleep(1e6)", TIMEOUT),
    Hostile(
        "h_swallow",
        """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        TIMEOUT,
    ),
    Hostile(
        "h_thread_join",
        "import threading; e = threading.Event(); threading.Thread(target=e.wait, daemon=False).start(); e.wait()",
        TIMEOUT,
    ),
    Hostile("h_torch", "a = torch.randn(1500, 1500)\nwhile True: a = (a @ a).clamp(-1, 1)", TIMEOUT),
)

EATS = (
    Hostile(
        "m_leak", "self.kept = getattr(self, 'kept', []); self.kept.append(bytearray(b'x') * 50_000_000)", MEMORY, "every_step"
    ),
    Hostile("m_examples", "torch.zeros(10**12)", MEMORY),
    Hostile(
        "m_shared", "import mmap; m = mmap.mmap(-1, 2**30)\nfor i in range(0, 2**30, 4096): m[i] = 1\ntime.sleep(60)", MEMORY
    ),
)

FLOODS = (
    Hostile("o_ansi", r"print('\x1b[2J\x1b[H leaderboard: rank 1', flush=True)", TRAINED, "every_step"),
    Hostile("o_close", "os.close(1); os.close(2)", TRAINED),
    Hostile("o_flood", "for i in range(200_000): print('flood', i)\nsys.stderr.write('e' * 1000)", TRAINED),
    Hostile("o_long", r"print('y' * 10_000_000, flush=True); sys.stderr.write('z' * 10_000_000 + '\n')", TRAINED),
)

SCHEDULES = (
    Hostile("s_closed_huge", "1e30 if self.seen > 20 else 1.0", ("diverged", *FAILED), "multiplier"),
    Hostile("s_closed_nan", "float('nan') if self.seen > 20 else 1.0", FAILED, "multiplier"),
    Hostile("s_closed_observe", "if self.seen > 20: raise ValueError('observe')", FAILED, "observe"),
    Hostile("s_high", odd("1.5"), FAILED, "schedule"),
    Hostile("s_huge", odd("10**400"), FAILED, "schedule"),
    Hostile("s_impure", "import random; return random.random()", (*FAILED, *TRAINED), "schedule"),
    Hostile("s_inf", odd("float('inf')"), FAILED, "schedule"),
    Hostile("s_list", odd("[0.5]"), FAILED, "schedule"),
    Hostile("s_loop", "while True: pass", TIMEOUT, "schedule"),
    Hostile("s_nan", odd("float('nan')"), FAILED, "schedule"),
    Hostile("s_neg", odd("-0.2"), FAILED, "schedule"),
    Hostile("s_none", odd("None"), FAILED, "schedule"),
    Hostile("s_raise", "return 1 / (step - 3)", FAILED, "schedule"),
    Hostile("s_str", odd("'half'"), FAILED, "schedule"),
)

ALL = (*DIES, *FAILS, *CHANGES, *HANGS, *EATS, *FLOODS, *SCHEDULES)

BY_NAME = {hostile.name: hostile for hostile in ALL}

QUICK = tuple(
    BY_NAME[name]
    for name in (
        *(
            "d_exit",
            "d_kill",
            "f_ctor",
            "f_hugeexc",
            "f_kbint",
            "g_builtins",
            "g_device",
            "g_relu",
            "h_loop",
            "m_leak",
            "o_flood",
            "s_nan",
        ),
    )
)
"""A dozen, for every run of the tests."""

NO_NEW_PROCESS = ("d_kill", "f_kbint", "g_device", "s_nan")
"""Some of those of `QUICK` after which an inline run goes on in its own process, which is cheap."""
