"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import conflictts as ct

PACKAGE = Path(ct.__file__).parent
WITH_EXAMPLES = [
    ".".join(("conflictts", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name):
    module = importlib.import_module(name)
    names = {"ct": ct, "np": np, "pd": pd, **vars(module)}
    result = doctest.testmod(module, globs=names, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output for what was met"
