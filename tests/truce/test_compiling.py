"""Whether a run tells that it compiles: where it does, once, and not where it does not."""

from __future__ import annotations

import os

from numba import njit

from conflictts.truce.compiling import forget_stale_kernels, told_of_compiling


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


def test_kernels_older_than_any_source_are_forgotten(tmp_path):
    compiled = tmp_path / "__pycache__"
    compiled.mkdir()
    indices = [compiled / f"{name}.py311.nbi" for name in ("_path.grouped-1", "_segment.find-1", "_split.date-1")]
    for at, path in [(10, tmp_path / "_path.py"), (30, tmp_path / "_segment.py"), (90, tmp_path / "effect.py"),
                     *zip((20, 29, 31), indices, strict=True)]:  # fmt: skip
        path.touch()
        os.utime(path, (at, at))
    (compiled / "_split.gone-1.py311.nbi").symlink_to(compiled / "deleted by another process meanwhile")
    forget_stale_kernels(tmp_path)
    assert [path.exists() for path in indices] == [False, False, True]
    assert (tmp_path / "_path.py").exists()
    forget_stale_kernels(tmp_path.with_name("nowhere"))  # and where nothing is compiled nothing is done
