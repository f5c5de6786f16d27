"""One process at a time on one file, and one day's limit over all of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conflictts.incidents.lock import Taken, locked
from conflictts.incidents.quota import DailyRequests, state_folder

DAY = datetime(2021, 1, 1, 12, tzinfo=UTC)
HOLDS = """
import sys
from pathlib import Path
from conflictts.incidents.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
ASKS = """
import sys
from datetime import UTC, datetime
from conflictts.incidents.quota import DailyRequests
requests = DailyRequests("UCDP example.org", 100, print)
print(sum(requests.take(datetime(2021, 1, 1, 12, tzinfo=UTC)) for _ in range(40)))
"""


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("CONFLICTTS_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# --- the lock -------------------------------------------------------------------------------------------------------


def test_lock_names_the_process_that_holds_it(tmp_path):
    path = tmp_path / "folder" / "lock"
    with start(HOLDS, path) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Taken, match=rf"^process {other.pid} on .*, since 20\d\d-"), locked(path):
            pass
        other.communicate("\n", timeout=30)
    with locked(path):
        assert f"process {os.getpid()} " in path.read_text()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL")
def test_lock_of_a_killed_process_is_taken_over(tmp_path):
    path = tmp_path / "lock"
    with start(HOLDS, path) as other:
        other.stdout.readline()
        other.kill()
    assert f"process {other.pid} " in path.read_text(), "the file of the dead is still there"
    with locked(path):
        assert f"process {os.getpid()} " in path.read_text()


def test_lock_holds_between_threads_too(tmp_path):
    with locked(tmp_path / "lock"), pytest.raises(Taken), locked(tmp_path / "lock"):
        pass


def test_lock_is_waited_for_as_long_as_was_said(tmp_path):
    path, held, done = tmp_path / "lock", threading.Event(), threading.Event()

    def hold() -> None:
        with locked(path):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    with pytest.raises(Taken), locked(path, patience=0.05):
        pass
    threading.Timer(0.05, done.set).start()
    with locked(path, patience=30.0):
        assert done.is_set()
    thread.join()


def test_removed_lock_leaves_nothing_and_never_what_others_keep(tmp_path):
    with locked(tmp_path / "empty" / "lock", remove=True):
        pass
    with locked(tmp_path / "full" / "lock", remove=True):
        (tmp_path / "full" / "page-000001").write_text("kept")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["full", "full/page-000001"]


def test_lock_on_a_file_that_its_last_holder_removed_is_worth_nothing(tmp_path, monkeypatch):
    """Another takes and removes the lock between our opening of its file and our locking of it."""
    path, real, opened = tmp_path / "lock", os.open, []

    def slow_open(name: Path, *how: int) -> int:
        descriptor = real(name, *how)
        opened.append(name)
        if len(opened) == 1:
            path.unlink()
        return descriptor

    monkeypatch.setattr("conflictts.incidents.lock.os.open", slow_open)
    with locked(path):
        assert len(opened) == 2, "opened again"
        with pytest.raises(Taken), locked(path):
            pass


# --- the requests of a day ------------------------------------------------------------------------------------------


def test_limit_holds_over_processes_that_ask_at_once():
    others = [start(ASKS) for _ in range(4)]
    granted = [int(other.communicate(timeout=60)[0]) for other in others]
    assert sum(granted) == 100
    assert not DailyRequests("UCDP example.org", 100, print).take(DAY)


def test_each_service_and_each_day_counts_for_itself(state):
    one, same, other = (
        DailyRequests(name, 2, print) for name in ("UCDP example.org", "UCDP example.org", "ACLED example.org")
    )
    assert [one.take(DAY), same.take(DAY), one.take(DAY), same.take(DAY)] == [True, True, False, False]
    assert other.take(DAY)
    assert one.take(DAY + timedelta(days=1))
    assert json.loads((state / "requests.json").read_text()) == {"2021-01-02": {"UCDP example.org": 1}}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"2021-01-01": 5}', b'{"2021-01-01": {"UCDP": "many"}}', b"\xff"])
def test_damaged_count_begins_again(content, state):
    state.mkdir()
    (state / "requests.json").write_bytes(content)
    requests = DailyRequests("UCDP", 1, print)
    assert [requests.take(DAY), requests.take(DAY)] == [True, False]


def test_count_that_cannot_be_kept_is_said_once_and_the_limit_holds_for_this_download(state):
    state.write_text("a file where the folder should be")
    told: list[str] = []
    requests = DailyRequests("UCDP", 3, told.append)
    assert [requests.take(DAY) for _ in range(5)] == [True, True, True, False, False]
    assert told == ["requests cannot be counted over several downloads; those of this one are"]


def test_state_folder_is_the_users_own(monkeypatch, tmp_path):
    assert state_folder() == tmp_path / "state"
    monkeypatch.delenv("CONFLICTTS_STATE")
    monkeypatch.setattr("conflictts.incidents.quota.sys.platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert state_folder() == Path("/x/conflictts")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert state_folder() == Path.home() / ".local/state/conflictts"
    monkeypatch.setattr("conflictts.incidents.quota.sys.platform", "darwin")
    assert state_folder() == Path.home() / "Library/Application Support/conflictts"
