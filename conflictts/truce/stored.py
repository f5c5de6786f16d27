"""Finished parts of a panel's analysis, kept aside so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import tempfile
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from conflictts.errors import InputError
from conflictts.series.panel import DailyPanel
from conflictts.truce.rows import Plan, Row


class Store:
    """Rows of finished series in a folder, one file a chunk, named after all that they depend on.

    A name holds the counts, days, keys, choices and version from which the rows were made, so a file made of anything
    else is never looked at. A file that is not whole is made again.
    """

    def __init__(self, folder: Path, panel: DailyPanel, plan: Plan) -> None:
        """Make the folder.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        self.folder = folder.expanduser()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder {folder} cannot be written ({error.strerror}). Name another.") from None
        self._panel, self._plan, self._keys = panel, plan, list(panel)
        self._made_of = json.dumps(
            [
                importlib.metadata.version("conflictts"), _code(), panel.by, str(plan.window), plan.level,
                plan.has_truces, panel.counting.unit, [str(day) for day in panel.days[[0, -1]]],
            ]
        ).encode()  # fmt: skip
        self._status = np.asarray(panel.counting.status, dtype=str).tobytes()

    def find(self, chunk: range) -> list[Row] | None:
        """The rows of a chunk of series, or None where they must be made."""
        try:
            content = json.loads(self._path(chunk).read_bytes())
            rows, digest = content["rows"], content["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return rows if digest == _digest(rows) and len(rows) == len(chunk) else None

    def keep(self, chunk: range, rows: list[Row]) -> None:
        """Write the rows of a chunk, whole or not at all."""
        content = json.dumps({"rows": rows, "sha256": _digest(rows)}).encode()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)  # another run, done with them, may have removed it
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as aside:
                aside.write(content)
            os.replace(aside.name, self._path(chunk))
        except OSError as error:
            raise InputError(f"The folder {self.folder} cannot be written ({error.strerror}). Name another.") from None

    def _path(self, chunk: range) -> Path:
        part = slice(chunk.start, chunk.stop)
        digest = hashlib.sha256(self._made_of)
        digest.update(self._status)
        digest.update(np.ascontiguousarray(self._panel.sums[:3, part]).tobytes())
        if self._panel._tally.draws is not None:
            digest.update(np.ascontiguousarray(self._panel._tally.draws[part]).tobytes())
        for key in self._keys[part]:
            truce = self._plan.truce_of(key)
            digest.update(repr((key, None if truce is None else asdict(truce))).encode())
        return self.folder / f"{digest.hexdigest()}.json"


@cache
def _code() -> str:
    """A digest of the code that rows come from: between releases the version alone does not tell it."""
    digest = hashlib.sha256()
    for room in ("series", "truce"):
        for module in sorted(Path(str(files("conflictts").joinpath(room))).glob("*.py")):
            digest.update(module.read_bytes())
    return digest.hexdigest()


def _digest(rows: list[Row]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
