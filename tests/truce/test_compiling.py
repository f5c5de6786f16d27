"""Whether a run tells that it compiles: where it does, once, and not where it does not."""

from __future__ import annotations

from numba import njit

from conflictts.truce.compiling import told_of_compiling


def test_compiling_is_told_once_and_only_where_there_is_any():
    @njit
    def half(value):
        return value / 2

    @njit
    def doubled_half(value):
        return 2 * half(value)

    told = []
    with told_of_compiling(lambda: told.append("compiling")):
        assert doubled_half(3.0) == 3.0
    assert told == ["compiling"], "two kernels, one word"
    with told_of_compiling(lambda: told.append("compiling")):
        assert doubled_half(5.0) == 5.0
    assert told == ["compiling"]
    doubled_half(2)
    assert told == ["compiling"], "nothing is told outside"
