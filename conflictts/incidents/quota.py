"""A request to be sent in, whether the day's limit of this user still allows it out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from conflictts.incidents.lock import Taken, locked
from conflictts.incidents.pages import write_whole

STATE = "CONFLICTTS_STATE"  # the environment variable that names another folder
_PATIENCE = 10.0  # seconds; the count is held for about a millisecond


class DailyRequests:
    """Counts requests to one service over all downloads and processes of one user on this machine.

    The counts of a day (UTC) stand in ``requests.json`` in the user's state folder: service and address, and how many
    requests were sent. There is nothing else in it, no credential in particular. Where it cannot be written, the
    requests of this download alone are counted, and that is said.

    Parameters
    ----------
    service : str
        Name and address of the service.
    most : int
        Requests of one day.
    tell : callable
        Is told in one sentence if the count cannot be kept.
    """

    def __init__(self, service: str, most: int, tell: Callable[[str], None]) -> None:
        """Name the service; nothing is read yet."""
        self.most = most
        self._service = service
        self._tell = tell
        self._own: dict[str, int] = {}
        self._kept = True

    def take(self, now: datetime) -> bool:
        """Count one request more, unless the day's limit is reached: then return False."""
        day = now.date().isoformat()
        sent = self._own.get(day, 0)
        if self._kept:
            try:
                sent = self._count(day)
            except (OSError, RuntimeError, Taken):  # RuntimeError: there is no home folder
                self._kept = False
                self._tell("requests cannot be counted over several downloads; those of this one are")
        self._own = {day: sent + 1}
        return sent < self.most

    def _count(self, day: str) -> int:
        folder = state_folder()
        with locked(folder / "requests.lock", patience=_PATIENCE):
            path = folder / "requests.json"
            counts = _read(path).get(day, {})
            sent = counts.get(self._service, 0)
            if sent < self.most:
                write_whole(path, folder, json.dumps({day: {**counts, self._service: sent + 1}}, indent=1).encode())
        return sent


def state_folder() -> Path:
    """The folder in which this package remembers things from one run to the next.

    The environment variable CONFLICTTS_STATE if it is set; else ``conflictts`` in $XDG_STATE_HOME or ~/.local/state
    (Linux), ~/Library/Application Support (macOS) or %LOCALAPPDATA% (Windows).
    """
    if named := os.environ.get(STATE, "").strip():
        return Path(named)
    if sys.platform == "win32":
        base, usual = os.environ.get("LOCALAPPDATA"), ("AppData", "Local")
    elif sys.platform == "darwin":
        base, usual = None, ("Library", "Application Support")
    else:
        base, usual = os.environ.get("XDG_STATE_HOME"), (".local", "state")
    return (Path(base) if base else Path.home().joinpath(*usual)) / "conflictts"


def _read(path: Path) -> dict[str, dict[str, int]]:
    try:
        days = json.loads(path.read_bytes())
        return {str(day): {str(name): int(n) for name, n in counts.items()} for day, counts in days.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
