"""A computation in a second process: the same answer, the same errors, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import conflictts as ct
from conflictts.report.beside import beside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere everything is computed in one process")


def alive(process: int) -> bool:
    """Whether it runs; one that has ended and not been waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.parametrize("processes", [1, 2])
def test_the_answer_comes_from_here_or_from_a_second_process(processes):
    with beside(lambda: {"process": os.getpid(), "nan": float("nan")}, processes) as fetch:
        answer = fetch()
    assert (answer["process"] == os.getpid()) == (processes == 1)
    assert answer["nan"] != answer["nan"]
    assert not alive(answer["process"]) or processes == 1


def test_an_error_there_is_raised_here():
    with pytest.raises(ZeroDivisionError), beside(lambda: 1 // 0, 2) as fetch:
        fetch()


def test_what_a_killed_process_did_not_answer_is_computed_here():
    here = os.getpid()

    def compute() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    with beside(compute, 2) as fetch:
        assert fetch() == here


def test_an_error_here_ends_the_second_process(tmp_path):
    started = tmp_path / "started"

    def compute() -> None:
        started.write_text(str(os.getpid()))
        time.sleep(60)

    def fail() -> None:
        with beside(compute, 2):
            while not (started.exists() and started.read_text()):
                time.sleep(0.01)
            raise RuntimeError("here")

    with pytest.raises(RuntimeError, match="here"):
        fail()
    assert not alive(int(started.read_text()))


def test_the_second_process_dies_with_the_first():
    script = (
        "import os, time; from conflictts.report.beside import beside\n"
        "def compute(): print(os.getpid(), flush=True); time.sleep(60)\n"
        "with beside(compute, 2): time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(ct.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as first:
        second = int(first.stdout.readline())
        assert alive(second)
        first.kill()
    for _ in range(500):  # the system may take a moment
        if not alive(second):
            return
        time.sleep(0.01)
    os.kill(second, signal.SIGKILL)
    pytest.fail("the second process outlived the first by five seconds")
