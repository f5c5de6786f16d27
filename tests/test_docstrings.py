"""Every example in a docstring runs and shows what it says, and every public name has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
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
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, globs=names):
        if example.name.removeprefix(f"{name}.").split(".")[0] in ct.__all__:
            example.globs = {}  # it imports what it needs, for who copies it from its page
        runner.run(example)
        plt.close("all")  # the next figure begins on Axes of its own
    assert runner.tries > 0
    assert runner.failures == 0, "see the captured output for what was met"


def docstrings(name: str) -> list[str]:
    """That of the public name; of a class also those of its own public methods, which its page shows with it."""
    named = getattr(ct, name)
    kind = named if inspect.isclass(named) or inspect.isfunction(named) else type(named)
    methods = [each for key, each in vars(kind).items() if inspect.isclass(kind) and not key.startswith("_")]
    return [inspect.getdoc(each) or "" for each in (kind, *methods)]


@pytest.mark.parametrize("name", ct.__all__)
def test_every_public_name_has_an_example(name):
    examples = [example for text in docstrings(name) for example in doctest.DocTestParser().get_examples(text)]
    assert any(not each.options.get(doctest.SKIP) for each in examples), "an example that runs, in the docstring"
