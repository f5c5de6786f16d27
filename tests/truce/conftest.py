from collections.abc import Callable
from copy import deepcopy
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def as_its_source() -> Callable[[Any, tuple[Any, ...]], None]:
    """Hold what a compiled kernel gives, and writes into its arguments, against its Python source."""

    def compare(kernel: Any, args: tuple[Any, ...]) -> None:
        found = []
        for run in (kernel, kernel.py_func):
            given = deepcopy(args)
            answer = run(*given)
            values = (*(answer if isinstance(answer, tuple) else (answer,)), *given)
            found.append([value for value in values if not isinstance(value, tuple | None)])
        for one, other in zip(*found, strict=True):
            assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-9, abs=1e-12)  # compiled sums reorder

    return compare


@pytest.fixture
def kernels_of() -> Callable[[ModuleType], set[str]]:
    """The names of the kernels that a module defines."""

    def names(module: ModuleType) -> set[str]:
        sources = {name: getattr(value, "py_func", None) for name, value in vars(module).items()}
        return {name for name, source in sources.items() if source and source.__module__ == module.__name__}

    return names
