"""The kernels that a report needs, in two halves that take about as long to compile."""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba import boolean, config, float64, int64
from numba.types import Array

from conflictts.truce import _noise, _path, _scan, _segment, _slope, _split, _trend_windows, _trends

_NUMBERS, _PLACES, _SEEN, _ROWS = float64[::1], int64[::1], boolean[::1], float64[:, ::1]
_KEPT, _KEPT_ROWS = Array(float64, 1, "C", readonly=True), Array(float64, 2, "C", readonly=True)  # as pandas gives them
_DAYS = (_NUMBERS, _PLACES, _SEEN)  # counts, weekday, observed

SEARCH: Mapping[Any, tuple[Any, ...]] = {
    _path.rate_grid: (_NUMBERS, _SEEN),
    _segment.find_changes: (*_DAYS, _NUMBERS, float64, boolean, int64),
    _scan.scan: (*_DAYS, int64, int64, boolean),
}
OTHERS: Mapping[Any, tuple[Any, ...]] = {
    # what `find_changes` calls too, here by the time that it comes to them
    _noise.memory: (_NUMBERS, _SEEN, int64),
    _noise.pearson_residuals: (*_DAYS, _PLACES, _NUMBERS, _NUMBERS, float64),
    _path.day_costs: (_NUMBERS, _NUMBERS, float64),
    _split.probabilities_of_changes: (*_DAYS, _PLACES, _NUMBERS, float64, float64, float64),
    _split.smallest_set: (_NUMBERS, float64),
    _slope.fit_span: (*_DAYS, int64, int64, _NUMBERS, float64, boolean),
    _trend_windows.shares_of_weekdays: (_KEPT, _PLACES, float64),
    _trend_windows.sums_of_windows: (_KEPT, int64, int64),
    _trend_windows.windows_of_rows: (_KEPT_ROWS, _NUMBERS, int64, _SEEN),
    _trend_windows.fit_with_memory: (_ROWS, _ROWS, _NUMBERS, int64, _ROWS, _ROWS, int64, _NUMBERS),
    _trends.ends_of_rows: (_ROWS, _ROWS, *6 * (_NUMBERS,)),
    _trend_windows.factor_of_days: (_KEPT, _NUMBERS, int64),
    _noise.autoregressive: (_NUMBERS, float64),
}


def are_compiled() -> bool:
    """Whether the compiled kernels lie where numba keeps them, or can lie nowhere."""
    if config.DISABLE_JIT:
        return True
    for kernel in (*SEARCH, *OTHERS):
        folder, module = kernel.stats.cache_path, kernel.py_func.__module__.rpartition(".")[2]
        if folder is not None and not any(Path(folder).glob(f"{module}.{kernel.py_func.__name__}-*.nbi")):
            return False
    return True


def compile_kernels(kernels: Mapping[Any, tuple[Any, ...]]) -> None:
    """Compile kernels for arrays of the kinds that a report hands them, or load them; others call what is kept.

    Without looking for garbage meanwhile, which takes a twentieth of the time and finds next to none. An interruption
    is answered between two kernels, since numba loses one that comes while it compiles.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _heard_interruptions() as heard:
            for kernel, kinds in kernels.items():
                kernel.compile(kinds)
                if heard:
                    raise KeyboardInterrupt
    finally:
        if collecting:
            gc.enable()


@contextmanager
def _heard_interruptions() -> Iterator[list[int]]:
    """Note SIGINT rather than raise KeyboardInterrupt, where this thread would."""
    heard: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield heard
        return
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
