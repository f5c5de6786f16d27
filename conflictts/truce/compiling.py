"""Compiled kernels: a word when they are made, for 10 to 30 seconds, and none older than what they are made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def told_of_compiling(tell: Callable[[], object]) -> Iterator[None]:
    """Call a function once, when the first kernel is compiled inside the block; not where all come from the cache.

    Parameters
    ----------
    tell : callable
    """
    from numba.core import event

    class Listener(event.Listener):
        told = False

        def on_start(self, _: object) -> None:
            if not self.told:
                self.told = True
                tell()

        def on_end(self, _: object) -> None:
            pass

    with event.install_listener("numba:compile", Listener()):
        yield


def forget_stale_kernels(folder: Path) -> None:
    """Delete the indices of compiled kernels that are older than any kernel's source, so that all are made again.

    A compiled kernel holds the code of those it calls, but numba asks only whether the file it stands in has changed:
    after an update of one file, kernels of the others would go on with its old numbers.

    Parameters
    ----------
    folder : Path
        Where the kernels' sources stand, ``_*.py``, with their compiled forms in ``__pycache__``. Nothing is done where
        that is not written to: numba keeps them elsewhere then.
    """
    if not os.access(folder / "__pycache__", os.W_OK):
        return
    newest = max(source.stat().st_mtime_ns for source in folder.glob("_*.py"))
    for index in (folder / "__pycache__").glob("*.nbi"):
        with suppress(FileNotFoundError):  # another process is doing the same
            if index.stat().st_mtime_ns < newest:
                index.unlink()
