"""The kernels of a first report, half of them compiled in a second process."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import pytest

pytestmark = [
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere everything is computed in one process"),
]

TWO_KERNELS = """
from conflictts.report import first
from conflictts.truce import kernels
from conflictts.truce._split import smallest_set
from conflictts.truce._noise import autoregressive

first.SEARCH = {autoregressive: kernels.OTHERS[autoregressive]}
first.OTHERS = {smallest_set: kernels.OTHERS[smallest_set]}
kernels.SEARCH, kernels.OTHERS = first.SEARCH, first.OTHERS
print(kernels.are_compiled())
"""
REST = """
print(kernels.are_compiled(), len(autoregressive.signatures), len(smallest_set.signatures))
smallest_set.compile(kernels.OTHERS[smallest_set])
print(smallest_set.stats.cache_hits.total())
"""
BEGUN_BEFORE = """
from conflictts.report.beside import beside
begun = []
first.beside = lambda compute, processes: begun.append(compute) or beside(compute, processes)
with first.half_compiled_beside(2):
    first.compile_rest(2)
    first.compile_rest(2)
with first.half_compiled_beside(2):
    first.compile_rest(2)
assert len(begun) == 1
"""
COMMAND = """
import os, sys
from conflictts.cli import main
from conflictts.report import first

here = os.getpid()

def compile_kernels(_):
    if os.getpid() != here:
        os.write(1, f"second process, pandas imported: {'pandas' in sys.modules}".encode())

first.are_compiled, first.compile_kernels = lambda: False, compile_kernels
sys.argv = ["conflictts", "report", "--quiet", "--where", "admin1=Nowhere"]
main()
"""


@pytest.mark.parametrize("way", ["first.compile_rest(2)", BEGUN_BEFORE])
def test_a_second_process_leaves_its_half_where_the_first_finds_it(way, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", TWO_KERNELS + way + REST], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["False", "True 1 0", "1"]


def test_one_process_leaves_all_to_the_first_call(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    script = TWO_KERNELS + "first.compile_rest(1)" + REST
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["False", "False 0 0", "0"]


def test_the_command_begins_before_it_imports_what_it_reads_with():
    run = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=False)
    assert run.stdout == "second process, pandas imported: False"
    assert "Nowhere" in run.stderr
