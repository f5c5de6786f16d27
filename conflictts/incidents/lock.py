"""A path in, the right of one process at a time to write beside it out; the system takes it back from the dead."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_FAR = 1 << 30  # the byte that is locked on Windows: beyond what is written, which others may then read
_TRIES = 100  # a lock file may be removed by its last holder just when it is opened
_STEP = 0.01  # seconds between two looks at a lock that is waited for


class Taken(Exception):
    """Another process holds the lock; `holder` says which, in words."""

    def __init__(self, holder: str) -> None:
        """Keep who it is."""
        super().__init__(holder)
        self.holder = holder


@contextlib.contextmanager
def locked(path: Path, *, patience: float = 0.0, remove: bool = False) -> Iterator[None]:
    """Hold a lock for as long as the ``with`` block lasts.

    The lock is the operating system's (flock, or LockFile on Windows) and not the file, so that a process that is
    killed leaves none: its file is taken over.

    Parameters
    ----------
    path : Path
        The lock file. It and its folder are made; it names the process that holds the lock.
    patience : float, default 0.0
        How long to wait for another holder, seconds.
    remove : bool, default False
        Remove the file, and its folder if that is then empty, in the end.

    Raises
    ------
    Taken
        If another process, or another thread of this one, holds it.
    OSError
        If the file cannot be written or its file system has no locks.
    """
    until = time.monotonic() + patience
    while True:
        try:
            held = _take(path)
            break
        except Taken:
            if time.monotonic() >= until:
                raise
        time.sleep(_STEP)
    try:
        yield
    finally:
        try:
            if remove:
                with contextlib.suppress(OSError):  # on Windows it cannot go while it is open: the next one takes it
                    path.unlink()
        finally:
            os.close(held)
        if remove:
            with contextlib.suppress(OSError):  # what an interrupted download keeps is in it
                path.parent.rmdir()


def _take(path: Path) -> int:
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # the folder went between the two lines
            continue
        try:
            if not _lock(descriptor):
                raise Taken(_holder(descriptor))
            if _is_at(descriptor, path):
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise Taken("processes that begin and end at this moment")


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one at its path: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    where = platform.node() or "this machine"
    words = f"process {os.getpid()} on {where}, since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, words.encode())


def _holder(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 200).decode("utf-8", "replace") or "another process"
