"""Test processes, and those that they start, compute on one thread.

The matrices of the tests are small: with more threads than free cores they take twice the CPU time. The variables are
read when NumPy, SciPy and PyTorch are first imported, so they are set here, before any test module is.
"""

import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what runs in the background so, and children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from hypothesis import settings  # noqa: E402  hypothesis may import NumPy

settings.register_profile("timetrial", deadline=None)  # a busy machine must not fail a test
settings.load_profile("timetrial")
