"""Our schedules and optimizers as AlgoPerf's submissions: files that need nothing of timetrial."""

from harness.compat.exporting.exported import Exported, export_submission, write_exported

__all__ = ["Exported", "export_submission", "write_exported"]
