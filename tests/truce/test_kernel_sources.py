"""Every kernel of the search for changes, compiled, gives what its Python source gives, and writes the same."""

from __future__ import annotations

from copy import deepcopy

import numba
import numpy as np
import pytest

from conflictts.truce import _path, _posterior, _segment
from tests.truce import test_path, test_posterior, test_segment

pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="a kernel is known by its Python source")
TESTS = {_segment: test_segment, _path: test_path, _posterior: test_posterior}
KERNELS = [
    pytest.param(module, name, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module, tests in TESTS.items()
    for name in tests.kernel_arguments()
]


@pytest.mark.parametrize(("module", "name"), KERNELS)
def test_kernel_by_its_python_source(module, name):
    kernel, found = getattr(module, name), []
    for run in (kernel, kernel.py_func):
        given = deepcopy(TESTS[module].kernel_arguments()[name])
        answer = run(*given)
        values = (*(answer if isinstance(answer, tuple) else (answer,)), *given)
        found.append([value for value in values if not isinstance(value, tuple | None)])
    for one, other in zip(*found, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-9, abs=1e-12)  # compiled sums reorder


@pytest.mark.parametrize("module", TESTS, ids=lambda module: module.__name__)
def test_every_kernel_is_compared(module):
    sources = {name: getattr(value, "py_func", None) for name, value in vars(module).items()}
    defined = {name for name, source in sources.items() if source and source.__module__ == module.__name__}
    assert defined == set(TESTS[module].kernel_arguments())
