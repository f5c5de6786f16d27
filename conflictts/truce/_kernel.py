"""How every numba kernel is compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from conflictts.truce.compiling import forget_stale_kernels

forget_stale_kernels(Path(__file__).parent)  # here, since the file of every kernel imports this one first

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile a function once for all runs, to run without Python's lock; further options as `numba.njit` takes them.

    A division by 0 gives infinity or NaN, as NumPy's does. No function for C to call is made: none calls, and compiling
    takes a sixteenth less time.
    """
    compiled = njit(**_OPTIONS, **options)
    return compiled if function is None else compiled(function)
