"""Freed memory stays in the process: large blocks come back without page faults."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
from harness.trial.process.allocator import keep_freed_memory
{keep}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
b"x" * 2**26
before = faults()
for _ in range(5):
    b"x" * 2**26
print(faults() - before)
"""


def page_faults(keep: str) -> int:
    line = [sys.executable, "-c", FAULTS.format(keep=keep)]
    return int(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of another C library is left as it is")
def test_large_blocks_cause_no_page_faults_once_freed_memory_is_kept():
    assert page_faults("assert keep_freed_memory()") < 50
    assert page_faults("") > 100, "the allocator keeps such blocks by itself: the module is not needed any more"
