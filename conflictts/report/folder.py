"""A folder of files written whole: whoever looks finds the old one or the new one, never parts and never nothing."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from conflictts.errors import InputError
from conflictts.incidents.lock import Taken, locked

PATIENCE = 60.0  # seconds to wait for another process that writes the same report
_HERE = -100  # AT_FDCWD: paths are as they stand
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


def refuse_foreign_folder(out: Path, parts: Collection[str]) -> None:
    """Raise InputError where something else than a report would be lost."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file, and a report needs a folder. Name another with --out.")
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in parts)
    if foreign:
        raise InputError(
            f"The folder {out} holds {foreign[0][:60]!r}, which is not part of a report and would be lost. "
            "Name an empty or a new folder with --out."
        )


def write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Write files aside and put their folder in the place of an older one in one step.

    Parameters
    ----------
    out : Path
        The folder; where it is a link, what it leads to.
    files : mapping of relative path to content

    Raises
    ------
    InputError
        If it cannot be written, or another process has been writing it for a minute.

    Notes
    -----
    One process at a time writes a folder; the system takes the right back from the dead. So whatever lies aside when
    the right is had was left by a process that was killed, and is removed.

    The two folders change names in one system call (renameat2 of Linux, renamex_np of macOS). Where the system or the
    file system has no such call the old folder is moved aside first: for that moment there is none of the name, and a
    process killed in it leaves the old one whole in ``.<name>-.../old``, from where the next one brings it back.
    """
    out = out.resolve()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out, error) from None
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(out.parent / f".{out.name}-lock" / "lock", patience=PATIENCE, remove=True))
        except Taken as taken:
            raise InputError(
                f"The folder {out} is being written by {taken.holder}. Wait for it, and run again."
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise _unwritable(out, error) from None
        else:
            _sweep(out)
        _write(out, files)


def _unwritable(out: Path, error: OSError) -> InputError:
    return InputError(f"The folder {out} cannot be written ({error.strerror}). Name another with --out.")


def _sweep(out: Path) -> None:
    """Remove what killed processes left aside; bring back an older report that one had just moved there."""
    for aside in out.parent.glob(f".{glob.escape(out.name)}-{'[a-z0-9_]' * 8}"):
        if aside.is_symlink() or not aside.is_dir() or {entry.name for entry in aside.iterdir()} - {"new", "old"}:
            continue  # nothing that this module makes
        if (aside / "old").is_dir() and not out.exists():
            (aside / "old").rename(out)
        shutil.rmtree(aside, ignore_errors=True)


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from None
    try:
        new = aside / "new"
        new.mkdir()
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        if not out.exists():
            new.rename(out)
        elif not exchange(new, out):
            _replace_in_two_steps(new, out, aside / "old")
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; False where the system or the file system cannot."""
    if not sys.platform.startswith(("linux", "darwin")):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        return int(library.renameat2(_HERE, first, _HERE, second, ctypes.c_uint(_EXCHANGE))) == 0
    if hasattr(library, "renamex_np"):
        return int(library.renamex_np(first, second, ctypes.c_uint(_EXCHANGE))) == 0
    return False


def _replace_in_two_steps(new: Path, out: Path, old: Path) -> None:
    out.rename(old)
    try:
        new.rename(out)
    except OSError:
        old.rename(out)
        raise
