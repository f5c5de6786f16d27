"""A word when kernels are compiled, as by the first run after an installation: it takes half a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
