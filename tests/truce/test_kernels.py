"""The kernels that a report needs: all of them, for the kinds of arrays that it hands them, and where they lie."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numba
import pytest

from conflictts.truce import _noise as noise
from conflictts.truce.kernels import compile_kernels

compiled = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")

ALL = """
import sys
import conflictts as ct
from conflictts.truce.kernels import OTHERS, SEARCH, compile_kernels
from numba.core import event

compile_kernels({**SEARCH, **OTHERS})

class Late(event.Listener):
    def on_start(self, begun):
        print(begun.data["dispatcher"].py_func.__name__, begun.data["args"])

    def on_end(self, _):
        pass

case = ct.load_idlib_2019()
with event.install_listener("numba:compile", Late()):
    ct.write_report(case, case.truces["TRC-5"], sys.argv[1] + "/out", claims=case.claims, formats=("html",))
"""


@compiled
def test_a_report_has_nothing_compiled_but_these_kernels_for_these_kinds_of_arrays(tmp_path):
    run = subprocess.run([sys.executable, "-c", ALL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == []


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_looked_for_after_compiling_as_before(collecting):
    class Broken:
        def compile(self, _):
            assert not gc.isenabled()
            raise NotImplementedError

    was = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with pytest.raises(NotImplementedError):
            compile_kernels({Broken(): ()})
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if was else gc.disable)()


@compiled
@pytest.mark.skipif(sys.platform == "win32", reason="raise_signal ends the process there")
def test_an_interruption_is_answered_between_two_kernels():
    """Within numba's callbacks it was lost, or came out as a RuntimeError."""
    begun = []

    class Interrupted:
        def compile(self, kinds):
            begun.append(kinds)
            signal.raise_signal(signal.SIGINT)
            begun.append("whole")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        compile_kernels({Interrupted(): 1, Interrupted(): 2})
    assert begun == [1, "whole"]
    assert signal.getsignal(signal.SIGINT) is before


def test_all_kernels_divide_alike():  # or what they share is compiled for each way
    modules = [
        import_module(f"conflictts.truce.{path.stem}") for path in Path(noise.__file__).parent.glob("_[a-z]*.py")
    ]
    kernels = {value for module in modules for value in vars(module).values() if hasattr(value, "py_func")}
    assert len(kernels) > 60
    assert {kernel.targetoptions.get("error_model") for kernel in kernels} == {"numpy"}
