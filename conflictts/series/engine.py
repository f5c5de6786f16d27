"""DuckDB within its bounds of memory and disk, and what an engine finds, taken over from it."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conflictts.errors import InputError
from conflictts.incidents.lock import Taken, locked

if TYPE_CHECKING:
    import duckdb
    import narwhals as nw
    import pyarrow as pa

AT_ONCE = 2**17  # rows, some 30 MB, that are handed to DuckDB or taken over from it at a time
LEAST = 10**7  # bytes that DuckDB starts with
PATIENCE = 10.0  # seconds to wait for a process that holds the lock of a new folder to see whether it is of a dead one
UNPACKED, AS_TEXT = "unpacked", "as-text"  # what the names of files written aside begin with
_ASIDE, _LOCK = "conflictts-aside-", "lock"


def require_room(memory_limit: str, temporary: str | PathLike[str] | None) -> float:
    """The limit in bytes.

    Raises
    ------
    InputError
        If it is no amount of memory, or so small that DuckDB does not start; if `temporary` is no folder.
    """
    if temporary is not None and not Path(temporary).is_dir():
        raise InputError(f"temporary is {str(temporary)!r}, which is no folder. Make it, or name another.")
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT])(i?)B", memory_limit.strip(), re.IGNORECASE)
    size = 0.0
    if found is not None:
        size = float(found[1]) * (1024 if found[3] else 1000) ** (1 + "KMGT".index(found[2].upper()))
    if not LEAST <= size < math.inf:
        raise InputError(
            f"memory_limit is {memory_limit!r}, which is no amount of {LEAST // 10**6} MB or more. Write it as '2GB'."
        )
    return size


@contextmanager
def engine_of(memory_limit: str, temporary: str | PathLike[str] | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB within that much memory; what it writes aside goes with it.

    Raises
    ------
    InputError
        If it stops while it is used, or the folder cannot be written into.
    """
    import duckdb

    try:
        folder = tempfile.TemporaryDirectory(dir=temporary, prefix=_ASIDE)
    except OSError as error:
        raise InputError(f"{temporary} cannot be written into ({error.strerror}). Name another folder.") from None
    given: dict[str, Any] = {
        "memory_limit": memory_limit,
        "temp_directory": folder.name,
        "autoinstall_known_extensions": "false",
    }
    try:
        with folder, ExitStack() as held:
            with suppress(OSError, Taken):  # without locks nobody can tell the dead from the living
                held.enter_context(locked(Path(folder.name, _LOCK), patience=PATIENCE))
                _sweep(Path(folder.name).parent)
            yield held.enter_context(duckdb.connect(config=given))
    except duckdb.Error as error:
        raise InputError(_stopped(error, memory_limit, Path(folder.name).parent)) from None


def _stopped(error: duckdb.Error, memory_limit: str, temporary: Path) -> str:
    """What DuckDB says first, and what to do; the lines that follow are of its own settings."""
    words = str(error).partition("\n")[0].strip().removeprefix("Out of Memory Error: ").rstrip(".")
    if "offload" in words or "No space left" in words:  # onto the disk
        return (
            f"DuckDB stopped counting for want of disk: {words}. What does not fit into memory_limit (--memory), "
            f"{memory_limit!r}, goes into {temporary}. Make room there, or name a folder with more of it as temporary "
            "(--temp-dir)."
        )
    if "Out of Memory Error" in str(error):
        return (
            f"DuckDB stopped counting for want of memory: {words}. memory_limit (--memory) is {memory_limit!r}, which "
            "is too little for these records. Raise it, such as to '2GB'."
        )
    return f"DuckDB stopped counting: {words}. Check that {temporary} can be written into and the file can be read."


def _sweep(temporary: Path) -> None:
    """Remove what killed processes left aside; the system takes their locks back."""
    for folder in temporary.glob(f"{_ASIDE}{'[a-z0-9_]' * 8}"):
        with suppress(OSError, Taken):
            names = {entry.name for entry in folder.iterdir()}
            if folder.is_symlink() or _LOCK not in names or any(_foreign(name) for name in names):
                continue  # one that is just being made, or nothing that this module makes
            with locked(folder / _LOCK, remove=True):
                for name in names - {_LOCK}:
                    (folder / name).unlink()


def _foreign(name: str) -> bool:
    return name != _LOCK and not name.startswith((UNPACKED, AS_TEXT, "duckdb_temp"))


def collected(frame: nw.LazyFrame[Any]) -> pa.Table:
    """The rows that the engine finds."""
    return frame.collect("pyarrow").to_native()


def batches_of(frame: nw.LazyFrame[Any]) -> Iterator[pa.RecordBatch]:
    """The rows that the engine finds, some at a time where it is DuckDB; one batch at least."""
    import duckdb
    import pyarrow as pa

    native = frame.to_native()
    if isinstance(native, duckdb.DuckDBPyRelation):
        reader = native.to_arrow_reader(AT_ONCE)
    else:
        reader = collected(frame).to_reader()
    yield pa.RecordBatch.from_pylist([], reader.schema)
    try:
        with reader:  # closed, it gives its memory back
            yield from reader
    except OSError as error:  # as pyarrow names what DuckDB meets on the way
        raise duckdb.OperationalError(str(error)) from None
