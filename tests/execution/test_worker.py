"""What a worker does before a trial begins."""

import subprocess
import sys

CODE = """
import sys
from harness.execution import worker
from harness.execution.settings import Settings
from harness.plan import Request, make_plan
from workloads.data import data_directory

def begun(*_):
    print(*before, "torch._dynamo" in sys.modules)
    raise SystemExit

before = ["torch._dynamo" in sys.modules]
worker.run_trial = begun  # its first act is to start the set-up clock
plan = make_plan(Request(suite="smoke", workloads=("digits_mlp",), submissions=("linear",), studies=1))
worker.work(plan.trials[0], Settings("inline", data_directory()), lambda: None)
"""


def test_what_torch_imports_for_its_first_optimizer_is_imported_before_the_set_up_clock_starts():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
