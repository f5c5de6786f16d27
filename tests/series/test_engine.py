"""What DuckDB writes aside goes with the process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from conflictts.series.engine import engine_of

SPILLING = """
import sys
from conflictts.series.engine import engine_of
with engine_of("30MB", sys.argv[1]) as engine:
    engine.execute("set threads = 1")
    engine.execute("create table numbers as select hash(i) as n from range(8000000) as t(i)")
    print("spilt", flush=True)
    sys.stdin.read()
"""


def count(temporary):
    with engine_of("60MB", temporary) as engine:
        (found,) = engine.execute("select count(*) from range(1000)").fetchone()
    return found


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system knows no SIGKILL")
def test_what_a_killed_process_wrote_aside_goes_at_the_next_start(tmp_path):
    others = tmp_path / "conflictts-aside-mine1234"
    others.mkdir()
    (others / "lock").touch()
    (others / "notes.txt").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", SPILLING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"spilt\n"
        (aside,) = (folder for folder in tmp_path.iterdir() if folder != others)
        assert sum(file.stat().st_size for file in aside.iterdir()) > 10**7
        assert count(tmp_path) == 1000
        assert len(list(aside.iterdir())) > 1, "a living process keeps what it wrote"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert aside.exists()
        assert count(tmp_path) == 1000
        assert list(tmp_path.iterdir()) == [others]
    finally:
        process.kill()
        process.communicate()


def test_what_a_killed_process_unpacked_goes_too(tmp_path):
    dead = tmp_path / "conflictts-aside-dead1234"
    dead.mkdir()
    for name in ("lock", "unpacked", "duckdb_temp_storage-0.tmp"):
        (dead / name).touch()
    assert count(tmp_path) == 1000
    assert list(tmp_path.iterdir()) == []


def test_engines_of_one_process_leave_each_other_alone(tmp_path):
    with engine_of("60MB", tmp_path) as engine:
        (aside,) = tmp_path.iterdir()
        assert count(tmp_path) == 1000
        assert list(tmp_path.iterdir()) == [aside]
        engine.execute("select 1")
    assert list(tmp_path.iterdir()) == []
