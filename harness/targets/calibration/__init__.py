"""Calibrates an optimizer or a procedure on held-out variants: default point and search space (`timetrial calibrate`)."""

from harness.targets.calibration.design import LAPTOP, CalibrationDesign, held_out_variants
from harness.targets.calibration.entry import name_with_defaults, plugin_text, present_entries, write_calibrated
from harness.targets.calibration.run import Calibration, CalibrationRun, NotCalibrated
from harness.targets.calibration.subject import Subject, subject_of, uncalibrated

__all__ = [
    "LAPTOP",
    "Calibration",
    "CalibrationDesign",
    "CalibrationRun",
    "NotCalibrated",
    "Subject",
    "held_out_variants",
    "name_with_defaults",
    "plugin_text",
    "present_entries",
    "subject_of",
    "uncalibrated",
    "write_calibrated",
]
