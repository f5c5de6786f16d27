"""A folder of files written whole: whoever looks finds the old one or the new one, never parts and never nothing."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from conflictts.errors import InputError

_HERE = -100  # AT_FDCWD: paths are as they stand
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
        If it cannot be written.

    Notes
    -----
    The two folders change names in one system call (renameat2 of Linux, renamex_np of macOS). Where the system or the
    file system has no such call the old folder is moved aside first: for that moment there is none of the name, and a
    process killed in it leaves the old one whole in ``.<name>-.../old``.
    """
    out = out.resolve()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"The folder {out} cannot be written ({error.strerror}). Name another with --out.") from None
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
