"""A computation in a second process, while this one goes on with its own."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Answer = TypeVar("Answer")
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


@contextmanager
def beside(compute: Callable[[], Answer], processes: int) -> Iterator[Callable[[], Answer]]:
    """Begin a computation in a forked copy of this process; its answer is fetched by calling what is given.

    The copy is ended when the block is left, however that happens, and by the system when this process dies. Where
    there is no answer, because the computation raised an error or its process was killed, it is made again here, and
    so raises the error here.

    Parameters
    ----------
    compute : callable
        Its answer must go through pickle, and be the same in both processes.
    processes : int
        With 1, and on other systems than Linux, the computation is made here when its answer is asked for.

    Yields
    ------
    callable
        To be called once.
    """
    if processes < 2 or sys.platform != "linux":
        yield compute
        return
    reading, writing = os.pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of Arrow are made for it
        child = os.fork()
    if child == 0:
        _answer(compute, writing, parent)
    os.close(writing)
    running = True
    with open(reading, "rb") as pipe:

        def fetch() -> Answer:
            nonlocal running
            sent = pipe.read()
            _, status = os.waitpid(child, 0)
            running = False
            return pickle.loads(sent) if status == 0 else compute()

        try:
            yield fetch
        finally:
            if running:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _answer(compute: Callable[[], Answer], writing: int, parent: int) -> None:
    """In the copy: compute, send, end; it neither returns nor raises."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends this
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() == parent:
            with open(writing, "wb") as pipe:
                pickle.dump(compute(), pipe, pickle.HIGHEST_PROTOCOL)
            code = 0
    finally:
        os._exit(code)
