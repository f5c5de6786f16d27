"""Writing over an older report: at every moment, and after a kill at any, the old one or the new one is there whole."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conflictts.errors import InputError
from conflictts.report import folder

KILLS = 100
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


def content(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_killed_at_random_moments_it_is_the_old_or_the_new_one(tmp_path):
    """A writer replaces the one by the other all the time; a kill comes 0 to 30 ms after it began."""
    out, reports = tmp_path / "place" / "out", tmp_path / "reports"
    reports.write_bytes(pickle.dumps([NEW, OLD]))
    folder.write_folder(out, OLD)
    chance, met = random.Random(7), {"old": 0, "new": 0}
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(out), str(reports)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.03))
            writer.kill()
        found = content(out)
        assert found in (OLD, NEW)
        met["old" if found == OLD else "new"] += 1
    assert min(met.values()) > 0, "kills came on both sides of an exchange"


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
    with pytest.raises(OSError, match="No space left"):
        folder.write_folder(out, NEW)
    monkeypatch.undo()
    assert content(out) == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"cannot be written \(.+\)\. Name another with --out"):
        folder.write_folder(tmp_path / "file" / "out", NEW)
