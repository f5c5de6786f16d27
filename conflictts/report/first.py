"""What a first report waits for: its kernels, compiled in two processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from conflictts.report.beside import beside
from conflictts.truce.kernels import OTHERS, SEARCH, are_compiled, compile_kernels

_begun: list[Callable[[], None]] = []


@contextmanager
def half_compiled_beside(processes: int) -> Iterator[None]:
    """On a fresh installation, begin to compile half of the kernels in a second process; `compile_rest` awaits it.

    For a command that will write a report, before it imports and reads what that takes.
    """
    if processes < 2 or are_compiled():
        yield
        return
    with beside(partial(compile_kernels, OTHERS), processes) as others:
        _begun.append(others)
        try:
            yield
        finally:
            _begun.clear()


def compile_rest(processes: int) -> None:
    """Compile the other half here, meanwhile, and await the first; both are loaded when called."""
    if _begun:
        compile_kernels(SEARCH)
        _begun.pop()()
    elif processes > 1 and not are_compiled():
        with half_compiled_beside(processes):
            compile_rest(processes)
