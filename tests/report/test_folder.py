"""Writing over an older report: at every moment, and after a kill at any, the old one or the new one is there whole."""

from __future__ import annotations

import errno
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conflictts.errors import InputError
from conflictts.report import folder

KILLS, STEPS = 100, 300  # two replacements and a half, as the operating system is asked for things
OLD = {"report.html": b"old" * 9_000, **{f"figures/{number}.svg": b"o" * 30_000 for number in range(30)}}
NEW = {"report.html": b"new" * 9_000, **{f"figures/{number}.png": b"n" * 30_000 for number in range(28)}}
WRITER = """
import itertools, pathlib, pickle, sys
from conflictts.report.folder import write_folder
reports = pickle.loads(pathlib.Path(sys.argv[2]).read_bytes())
print("ready", flush=True)
for each in itertools.cycle(reports):
    write_folder(pathlib.Path(sys.argv[1]), each)
"""
KILLED_WRITERS = """
import itertools, json, os, pathlib, pickle, random, signal, sys
from conflictts.report.folder import write_folder
out, reports = pathlib.Path(sys.argv[1]), pickle.loads(pathlib.Path(sys.argv[2]).read_bytes())
kills, steps, chance = int(sys.argv[3]), int(sys.argv[4]), random.Random(7)

def replace_until(step, later):
    taken = itertools.count()
    def look(event, given):
        if next(taken) == step:  # SIGALRM ends a process at once, as SIGKILL does
            signal.setitimer(signal.ITIMER_REAL, later)
    sys.addaudithook(look)
    for each in itertools.cycle(reports):
        write_folder(out, each)

ends = []
for _ in range(kills):
    step, later = chance.randrange(steps), chance.uniform(1e-6, 3e-4)
    writer = os.fork()
    if writer == 0:
        replace_until(step, later)
    assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGALRM
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    ends.append(reports.index(found) if found in reports else None)
print(json.dumps(ends))
"""


def content(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_killed_at_random_moments_it_is_the_old_or_the_new_one(tmp_path, require):
    """Writers replace the one by the other all the time, and are killed shortly after a step of theirs.

    The moment is chosen by what a writer has done, not by the clock alone: on a busy machine a clock's kills would all
    come before the first replacement.
    """
    require(hasattr(os, "fork"), "kills forked writers")
    out, reports = tmp_path / "place" / "out", tmp_path / "reports"
    reports.write_bytes(pickle.dumps([NEW, OLD]))
    folder.write_folder(out, OLD)
    command = [sys.executable, "-c", KILLED_WRITERS, *map(str, (out, reports, KILLS, STEPS))]
    ends = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert len(ends) == KILLS
    assert None not in ends, "the one or the other, whole"
    assert min(ends.count(0), ends.count(1)) > KILLS // 10, "kills came on both sides of an exchange"
    left = [entry.name for entry in out.parent.iterdir() if entry.name != "out"]
    assert left, "killed writers leave their folders"
    folder.write_folder(out, NEW)
    assert [entry.name for entry in out.parent.iterdir()] == ["out"], "and the next one sweeps them"
    assert content(out) == NEW


def test_whole_runs_killed_leave_the_old_or_the_new_report(require):
    """A small seeded version of benchmarks/kills.py, with the command's quickest report."""
    require(sys.platform == "linux", "kills forked runs, and adopts what they leave")
    study = Path(__file__).resolve().parents[2] / "benchmarks" / "kills.py"
    command = [sys.executable, str(study), "--quick", "--kills", "8", "--seed", "2"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert {state for _, _, state, _ in found} <= {"old", "new"}
    assert sum(number for _, ended, _, number in found if ended == "killed") == 8


def test_an_older_report_that_was_moved_aside_is_brought_back(tmp_path):
    """A kill between the two steps leaves no report of the name; where the next run fails, the older one is there."""
    aside = tmp_path / ".out-abcd_123"
    folder.write_folder(aside / "old", OLD)
    (tmp_path / "out-of-place").mkdir()

    class Failing(dict):
        def items(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.write_folder(tmp_path / "out", Failing())
    assert content(tmp_path / "out") == OLD
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out", "out-of-place"]


def test_what_others_made_is_not_swept(tmp_path):
    """Of the same form of name, but no folder of this module's making: left alone."""
    strange = tmp_path / ".out-abcd1234"
    strange.mkdir()
    (strange / "thesis.docx").write_text("years of work")
    (tmp_path / ".out-abcd5678").symlink_to(strange)
    folder.write_folder(tmp_path / "out", NEW)
    assert (strange / "thesis.docx").exists()
    assert (tmp_path / ".out-abcd5678").is_symlink()


def test_one_process_at_a_time(tmp_path, monkeypatch):
    from conflictts.incidents.lock import locked

    monkeypatch.setattr(folder, "PATIENCE", 0.02)
    with locked(tmp_path / ".out-lock" / "lock"), pytest.raises(InputError, match=r"is being written by process \d+"):
        folder.write_folder(tmp_path / "out", NEW)


def test_there_is_no_moment_without_a_report(tmp_path, require):
    out, probe = tmp_path / "out", tmp_path / "probe"
    folder.write_folder(out, OLD)
    probe.mkdir()
    require(folder.exchange(probe, out) and folder.exchange(probe, out), "needs a file system that exchanges folders")
    absent, looks = [], [0]

    def look() -> None:
        looks[0] += 1
        if not (out / "report.html").exists():
            absent.append(looks[0])

    reports = tmp_path / "reports"
    reports.write_bytes(pickle.dumps([NEW, OLD]))
    command = [sys.executable, "-c", WRITER, str(out), str(reports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            look()
        writer.kill()
    assert looks[0] > 100
    assert absent == []


@pytest.mark.parametrize("exchanged", [True, False])
def test_nothing_of_the_older_one_is_left(tmp_path, monkeypatch, exchanged):
    """Where the system cannot exchange, it goes in two steps."""
    if not exchanged:
        monkeypatch.setattr(folder, "exchange", lambda one, other: False)
    out = tmp_path / "out"
    for each in (OLD, NEW, OLD):
        folder.write_folder(out, each)
        assert content(out) == each
        assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    (tmp_path / "plain").mkdir()
    assert out.stat().st_mode == (tmp_path / "plain").stat().st_mode, "as readable as any folder"


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    folder.write_folder(real, OLD)
    link.symlink_to(real)
    folder.write_folder(link, NEW)
    assert link.is_symlink()
    assert content(real) == NEW


def test_a_failure_in_the_second_step_brings_the_older_one_back(tmp_path, monkeypatch):
    out, rename = tmp_path / "out", Path.rename
    folder.write_folder(out, OLD)

    def fails_for_new(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(folder, "exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "rename", fails_for_new)
    with pytest.raises(InputError, match="No space left"):
        folder.write_folder(out, NEW)
    monkeypatch.undo()
    assert content(out) == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"cannot be written \(.+\)\. Name another with --out"):
        folder.write_folder(tmp_path / "file" / "out", NEW)


def test_a_disk_that_is_full_is_said_and_the_older_report_stays(tmp_path, monkeypatch):
    folder.write_folder(tmp_path / "out", OLD)

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(folder.Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"out cannot be written \(No space left on device\)"):
        folder.write_folder(tmp_path / "out", NEW)
    assert content(tmp_path / "out") == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
