"""One log with something odd in it: which lines count, what is noted, and that nothing ends in a traceback."""

from __future__ import annotations

import gzip
import math
import os
import random
from pathlib import Path

import pytest

from harness.compat.log_curve import Goal, LogCurve, read_curve
from harness.compat.thinned import MOST_KEPT
from tests.compat.trees import GOOD, HEADER

GOAL = Goal("ssim", 0.723653, lower_is_better=False)


def read(place: Path, content: str | bytes, name: str = "eval_measurements.csv", goal: Goal = GOAL) -> LogCurve:
    file = place / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_curve(file, "LOG", goal, mixed=name.startswith("measurements"))


def hit_seconds(curve: LogCurve) -> float:
    return curve.evaluations[curve.hit].seconds if curve.hit >= 0 else math.inf


GROUPED = 'accumulated_submission_time,global_step,validation/ssim\n"1,000.0",1,"0.73"\n'
SEMICOLONS = "accumulated_submission_time;global_step;validation/ssim\n500,5;1;0,5\n1000,0;2;0,73\n"

READ = [
    ("as it is", GOOD, ""),
    ("byte-order mark", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "LOG:1: the file begins with a byte-order mark"),
    ("UTF-16", GOOD.encode("utf-16"), "LOG:1: the file begins with a byte-order mark (UTF-16)"),
    ("UTF-16 without a mark", GOOD.encode("utf-16-le"), "LOG:1: the file is UTF-16"),
    ("old line ends", GOOD.replace("\n", "\r"), ""),
    ("semicolons", SEMICOLONS, "LOG:1: semicolons separate the cells, and a comma is the decimal mark"),
    ("tabs", GOOD.replace(",", "\t"), "LOG:1: tabs separate the cells"),
    ("thousands separators", GROUPED, "LOG:2: '1,000.0' was read as 1000"),
    ("an unbalanced quote", f'{HEADER}500,1,"0.5\n1000,2,0.73\n', ""),
    ("a repeated header", f"{HEADER}500,1,0.5\n{HEADER}1000,1,0.73\n", "LOG:3: the header stands there again"),
    ("another header", f"{HEADER}500,1,0.5\nglobal_step,validation/ssim,accumulated_submission_time\n2,0.73,1000\n", "LOG:3"),
    ("blank lines", GOOD.replace("\n", "\n\n"), ""),
    ("lines of empty cells", f"{GOOD}\n,,\n", ""),
    ("empty cells after the last", GOOD.replace("0.5\n", "0.5,,,\n"), ""),
    ("a blank clock", f"{HEADER},1,0.5\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is blank: the line does not count"),
    ("an infinite clock", f"{HEADER}inf,1,0.5\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is infinite"),
    ("a negative clock", f"{HEADER}-1,1,0.5\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is negative"),
    ("a huge clock", f"{HEADER}1e300,1,0.5\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is too large"),
    ("a clock of zero before the first step", f"{HEADER}0,0,0.1\n1000,2,0.73\n", ""),
    ("a blank step", f"{HEADER}500,,0.5\n1000,2,0.73\n", "LOG:2: global_step is blank"),
    ("words", f"{HEADER}soon,1,0.5\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is not a number ('soon')"),
    ("an underscore", f"{HEADER}5_00,1,0.9\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is not a number ('5_00')"),
    ("bytes that are no text", HEADER.encode() + b"\xff\xfe,1,0.9\n1000,2,0.73\n", "LOG:2: accumulated_submission_time is not"),
    ("NUL bytes", HEADER.encode() + b"\0" * 4096 + b"\n1000,2,0.73\n", "LOG:2: the line consists of NUL bytes"),
    ("a line without an end", f"{HEADER}1000,2,0.73\n1100,3,0.7", "LOG:3: the last line has no line end"),
    ("a line that was cut in the middle", f"{HEADER}500,1\n1000,2,0.73\n", "LOG:2: the line has 2 cells, the header 3"),
    ("two lines in one", f"{HEADER}500,1,0.9500,1,0.9\n1000,2,0.73\n", "LOG:2: the line has 5 cells, the header 3"),
    ("a very long line", f"{HEADER}{'9' * 200_000},1,0.9\n1000,2,0.73\n", "LOG:2: the line is too long"),
    ("NaN", f"{HEADER}500,1,nan\n600,1,NaN\n1000,2,0.73\n", "LOG:2: validation/ssim is blank or not finite"),
    ("an infinite metric", f"{HEADER}500,1,inf\n1000,2,0.73\n", "LOG:2: validation/ssim is blank or not finite"),
    (
        "a clock that goes back",
        f"{HEADER}1200,2,0.5\n1000,1,0.73\n1,1,0.9\n",
        "LOG:3: accumulated_submission_time goes back from 1200",
    ),
    ("steps that go back", f"{HEADER}900,2,0.5\n1000,1,0.73\n", "LOG:3: global_step goes back from 2 to 1"),
]


@pytest.mark.parametrize(("content", "note"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_whole_lines_count_and_each_oddity_is_one_note_with_its_line(tmp_path: Path, content: str | bytes, note: str) -> None:
    curve = read(tmp_path, content)
    assert (hit_seconds(curve), curve.reason) == (1000.0, "")
    assert [line for line in curve.notes if note and line.startswith(note)] == list(curve.notes)
    assert len(curve.notes) == bool(note)


FAILED = [
    ("a blank clock at the hit", f"{HEADER}500,1,0.5\n,2,0.73\n1200,3,0.74\n", "line 3 meets the target, but its accumulated_"),
    ("an infinite clock at the hit", f"{HEADER}inf,1,0.73\ninf,2,0.74\n", "line 2 meets the target, but its accumulated_"),
    (
        "a clock of zero at the hit",
        f"{HEADER}0,1,0.73\n",
        "line 2 meets the target, but its accumulated_submission_time is zero",
    ),
    (
        "a negative clock at the hit",
        f"{HEADER}-5,1,0.73\n",
        "line 2 meets the target, but its accumulated_submission_time is neg",
    ),
    ("no step at the hit", f"{HEADER}5,nan,0.73\n", "line 2 meets the target, but its global_step is blank"),
    ("an empty file", "", "the file contains no evaluation"),
    ("a header alone", HEADER, "the file contains no evaluation"),
    ("NUL bytes alone", b"\0\0\0", "no line of the file can be used"),
    ("no clock", "global_step,validation/ssim\n1,0.9\n", "the file has no column accumulated_submission_time"),
    ("another metric", HEADER.replace("ssim", "loss") + "5,1,0.1\n", "the file has no column validation/ssim"),
    ("unusable lines alone", f"{HEADER}x,y,z\n", "no line of the file can be used"),
    ("no gzip file", b"\x1f\x8b" + b"\0" * 50, "the file cannot be read"),
]


@pytest.mark.parametrize(("content", "reason"), [case[1:] for case in FAILED], ids=[case[0] for case in FAILED])
def test_a_log_without_a_usable_time_is_a_failed_trial_with_a_reason(tmp_path: Path, content: str | bytes, reason: str) -> None:
    curve = read(tmp_path, content)
    assert curve.hit == -1 and curve.reason.startswith(reason)


def test_the_evaluations_before_a_hit_without_a_clock_are_kept_and_none_meets_the_target(tmp_path: Path) -> None:
    curve = read(tmp_path, f"{HEADER}500,1,0.5\n,2,0.73\n1200,3,0.74\n")
    assert [evaluation.metric for evaluation in curve.evaluations] == [0.5]


def test_a_bad_clock_after_the_hit_changes_nothing(tmp_path: Path) -> None:
    assert hit_seconds(read(tmp_path, f"{GOOD},3,0.74\n")) == 1000.0


def test_a_decimal_comma_is_never_mistaken_for_a_separator_of_thousands(tmp_path: Path) -> None:
    curve = read(tmp_path, SEMICOLONS.replace("1000,0", "1.200"))
    assert hit_seconds(curve) == 1200.0
    assert read(tmp_path, f'{HEADER}"0,723",1,0.9\n').reason, "neither 723 nor 0.723"


def test_a_metric_of_minus_infinity_meets_no_target(tmp_path: Path) -> None:
    loss = Goal("ssim", 0.1, lower_is_better=True)
    assert read(tmp_path, f"{HEADER}5,1,-inf\n", goal=loss).hit == -1


def test_compressed_logs_are_read_whatever_their_name_and_as_far_as_they_go(tmp_path: Path) -> None:
    whole = gzip.compress(GOOD.encode())
    assert hit_seconds(read(tmp_path, whole, "eval_measurements.csv.gz")) == 1000.0
    assert "compressed" in read(tmp_path, whole).notes[0]
    lines = "".join(f"{1000 + i},{i},{random.Random(i).random()}\n" for i in range(3000))
    long = gzip.compress(f"{GOOD}{lines}".encode())
    curve = read(tmp_path, long[: len(long) // 2], "eval_measurements.csv.gz")
    assert hit_seconds(curve) == 1000.0 and "cannot be read further" in curve.notes[-1]


def test_measurements_are_read_without_their_lines_of_training_steps(tmp_path: Path) -> None:
    header = "global_step,loss,validation/ssim,total_duration,accumulated_submission_time\n"
    lines = "0,1.9,,,\n1,,0.5,700,500\n100,.3,,,\n127,,,800,600\n200,,0.73,1200,1000\n250,,,,1100\n"
    curve = read(tmp_path, header + lines, "measurements.csv")
    assert [evaluation.seconds for evaluation in curve.evaluations] == [500, 600, 1000] and curve.hit == 2


def test_a_very_long_log_is_read_in_fixed_memory_and_keeps_its_hit_and_its_end(tmp_path: Path) -> None:
    count, at = 6 * MOST_KEPT, 44_445
    lines = "".join(f"{i},{i},{0.73 if i == at else 0.5}\n" for i in range(1, count + 1))
    curve = read(tmp_path, HEADER + lines)
    assert len(curve.evaluations) <= MOST_KEPT + 2 and hit_seconds(curve) == at
    assert curve.evaluations[-1].seconds == count and "60,000 evaluations" in curve.notes[-1]


def test_no_content_ends_in_a_traceback_or_in_a_clock_that_is_not_finite(tmp_path: Path) -> None:
    source = random.Random(7)
    pieces = [*HEADER, "\n", ",", '"', "\0", ";", "nan", "inf", "-", "1e999", "0.73", "9" * 400, "\ufeff", "\udcff", "'", "é"]
    for _ in range(300):
        text = HEADER * source.randint(0, 1) + "".join(source.choices(pieces, k=source.randint(0, 60)))
        curve = read(tmp_path, text.encode("utf-8", "surrogateescape"))
        assert all(math.isfinite(e.seconds) and math.isfinite(e.steps) and not math.isinf(e.metric) for e in curve.evaluations)
        assert curve.evaluations or curve.reason
    assert read(tmp_path, os.urandom(5000)).reason
