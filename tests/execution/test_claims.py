"""Claims are exclusive between threads and processes, and a death releases them."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.execution import claims
from harness.execution.claims import Claims

TAKE = """
import sys, time
from pathlib import Path
from harness.execution.claims import Claims
mine = Claims(Path(sys.argv[1]))
taken = [trial for trial in sys.argv[3:] if mine.take(trial)]
print(*taken, flush=True)
if sys.argv[2] == "stay":
    time.sleep(600)
"""


def start(folder, stay, *trials):
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(folder), "stay" if stay else "end", *trials], stdout=subprocess.PIPE, text=True
    )


def test_a_trial_is_claimed_once_until_it_is_released(tmp_path):
    first, second = Claims(tmp_path), Claims(tmp_path)
    assert first.take("a") and first.take("a"), "a run may ask again for what it has"
    assert second.take("a") is None and second.is_claimed_elsewhere("a") and not first.is_claimed_elsewhere("a")
    assert second.holder("a").startswith(f"process {os.getpid()} on ")
    first.release("a")
    taken = second.take("a")
    assert taken is not None and not taken.after_death
    second.close()
    assert first.take("a")
    first.close()


def test_processes_and_threads_share_out_trials_without_a_trial_twice(tmp_path):
    trials = [f"{number:03d}" for number in range(120)]
    others = [start(tmp_path, True, *trials) for _ in range(2)]
    ours = [Claims(tmp_path) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(lambda mine: [trial for trial in trials if mine.take(trial)], ours))
    taken += [other.stdout.readline().split() for other in others]
    for other in others:
        other.kill()
        other.communicate()
    assert sorted(trial for each in taken for trial in each) == trials


def test_a_death_releases_claims_and_the_next_run_learns_of_it(tmp_path):
    other, ours = start(tmp_path, True, "a", "b"), Claims(tmp_path)
    assert other.stdout.readline().split() == ["a", "b"]
    assert ours.take("a") is None
    other.kill()
    other.communicate()
    taken = ours.take("a")
    assert taken is not None and taken.after_death
    assert not ours.is_claimed_elsewhere("b")
    assert len(list((tmp_path / ".claims").glob("run-*"))) == 2
    ours.close()
    again = Claims(tmp_path)
    assert again.take("c") and len(list((tmp_path / ".claims").glob("run-*"))) == 1, "leases of the dead are removed"
    again.close()


def test_claims_of_the_dead_on_recorded_trials_are_removed_and_no_others(tmp_path):
    living, dead, ours = start(tmp_path, True, "a"), start(tmp_path, True, "b", "c"), Claims(tmp_path)
    assert living.stdout.readline() and dead.stdout.readline()
    dead.kill()
    dead.communicate()
    ours.remove_settled({"a", "b", "never claimed"})
    assert {path.name for path in (tmp_path / ".claims").iterdir()} >= {"a", "c"}
    assert not (tmp_path / ".claims" / "b").exists()
    taken = ours.take("c")
    assert taken is not None and taken.after_death, "that its run died is still known"
    living.kill()
    living.communicate()
    ours.close()
    Claims(tmp_path / "nothing here").remove_settled({"a"})


def test_a_run_on_another_machine_is_dead_once_its_lease_is_not_renewed(tmp_path, monkeypatch):
    ours = Claims(tmp_path)
    assert ours.take("mine")
    folder, lease = tmp_path / ".claims", "run-elsewhere.json"
    (folder / lease).write_text(json.dumps({"host": "elsewhere", "pid": 7, "boot": "another machine's"}))
    (folder / "a").write_text(lease)
    assert ours.take("a") is None and ours.holder("a") == "process 7 on elsewhere"
    monkeypatch.setattr(claims, "LEASE_SECONDS", -1.0)
    os.utime(folder / lease)
    assert ours.take("a") is None, "it has been renewed"
    taken = ours.take("a")
    assert taken is not None and taken.after_death
    ours.close()


@pytest.mark.parametrize("content", ["", "\0\0", "run-nobody.json", "../../etc/passwd", "[1]"])
def test_a_damaged_claim_or_lease_is_no_claim(tmp_path, content):
    ours = Claims(tmp_path)
    assert ours.take("mine")
    (tmp_path / ".claims" / "a").write_text(content)
    (tmp_path / ".claims" / "run-damaged.json").write_text(content)
    assert ours.take("a") is not None
    ours.close()


def test_a_process_that_stands_still_while_it_holds_the_lock_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "LOCK_SECONDS", 0.3)
    mine = Claims(tmp_path)
    assert mine.take("a")
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'r+')\n"
    code += "fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); time.sleep(600)"
    line = [sys.executable, "-c", code, str(tmp_path / ".claims" / "lock")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as holder:
        holder.stdout.readline()
        assert mine.take("b") and not mine.is_claimed_elsewhere("b")
        assert holder.poll() is None
        holder.kill()
    mine.close()
