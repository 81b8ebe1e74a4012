"""A plug-in cannot interrupt or end the process of its trial; Ctrl-C and a signal to terminate from outside can."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.hostile import Early, race
from tests.toy import Plain
from tests.trial.process.guarded import in_the_tenth_step


def raises(error):
    def action(_):
        raise error

    return action


def from_a_thread(_):
    found = []

    def act():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as error:  # noqa: BLE001
            found.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    raise found[0]


REFUSED = "would end or interrupt the process that runs the trial"

OWN = {
    "KeyboardInterrupt": raises(KeyboardInterrupt()),
    "SystemExit: 0": raises(SystemExit(0)),
    "GeneratorExit": raises(GeneratorExit()),
    "StopIteration": raises(StopIteration()),
    f"ContractError: os.kill() {REFUSED}": lambda _: os.kill(os.getpid(), signal.SIGINT),
    f"ContractError: os.kill() {REFUSED} ": lambda _: os.kill(os.getppid(), signal.SIGKILL),
    f"ContractError: os.kill() {REFUSED}  ": from_a_thread,
    f"ContractError: os.killpg() {REFUSED}": lambda _: os.killpg(0, signal.SIGTERM),
    f"ContractError: signal.raise_signal() {REFUSED}": lambda _: signal.raise_signal(signal.SIGINT),
    f"ContractError: signal.pthread_kill() {REFUSED}": lambda _: signal.pthread_kill(threading.get_ident(), signal.SIGINT),
    f"ContractError: _thread.interrupt_main() {REFUSED}": lambda _: _thread.interrupt_main(),
    f"ContractError: os._exit() {REFUSED}": lambda _: os._exit(0),
    f"ContractError: os.abort() {REFUSED}": lambda _: os.abort(),
    f"ContractError: os.execv() {REFUSED}": lambda _: os.execl(sys.executable, "python"),
}


@pytest.mark.parametrize("reason", OWN)
@pytest.mark.parametrize("when", ["set-up", "step"])
def test_a_plug_in_that_ends_or_interrupts_its_process_fails_its_trial(reason, when):
    action = OWN[reason]
    plugin = in_the_tenth_step(action) if when == "step" else type("AtOnce", (Early,), {"_begin": action})
    record = race(plugin)
    assert record.status == "failed"
    assert record.reason.startswith(reason.strip())


def test_a_plug_in_may_end_its_own_children_and_ask_whether_a_process_lives():
    def action(_):
        os.kill(os.getpid(), 0)
        child = subprocess.Popen(["sleep", "60"])
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM
        if (child := os.fork()) == 0:
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3

    assert race(in_the_tenth_step(action), target=0.0).status == "missed"


def test_the_calls_work_again_after_the_trial_also_through_a_plug_ins_own_reference():
    kept = []
    race(in_the_tenth_step(lambda _: kept.append(os.kill)), target=0.0)
    received = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: received.append(number))
    try:
        for kill in (os.kill, kept[0]):
            kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert received == [signal.SIGUSR1] * 2


def signalled(number, *, swallowed):
    """Return a plug-in that receives a signal from another process, and that perhaps swallows what this raises."""

    class Signalled(Plain):
        """Is signalled from outside."""

        def update(self, batch):
            super().update(batch)
            if self.task.step == 3:
                try:
                    subprocess.run(["kill", f"-{int(number)}", str(os.getpid())], check=True)
                    time.sleep(5)
                except BaseException:
                    if not swallowed:
                        raise

    return Signalled


@pytest.mark.parametrize("swallowed", [False, True])
def test_ctrl_c_from_outside_ends_the_trial_without_a_record_even_if_the_plug_in_catches_it(swallowed):
    with pytest.raises(KeyboardInterrupt):
        race(signalled(signal.SIGINT, swallowed=swallowed))
    assert race(Plain, target=0.0).status == "missed"


@pytest.mark.parametrize("swallowed", [False, True])
def test_so_does_what_a_handler_of_the_signal_to_terminate_raises(swallowed):
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        with pytest.raises(SystemExit):
            race(signalled(signal.SIGTERM, swallowed=swallowed))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_trial_outside_of_the_main_thread_leaves_signals_alone():
    records = []
    thread = threading.Thread(target=lambda: records.append(race(Plain, target=0.0)))
    thread.start()
    thread.join()
    assert records[0].status == "missed"
