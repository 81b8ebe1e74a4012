"""AlgoPerf's PyTorch submissions as training algorithms: ``algoperf:PATH/submission.py``, run as they are.

Written from AlgoPerf's specification. Modules by the names of its package exist only while a submission is loaded or runs.
"""

from harness.compat.submissions.reading import read_submission

__all__ = ["read_submission"]
