"""Two axes side by side: one to draw on, one that must stay empty."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes


@pytest.fixture
def axes() -> Iterator[tuple[Axes, Axes]]:
    _, (drawn, neighbour) = plt.subplots(1, 2, figsize=(12, 4))
    yield drawn, neighbour
    assert not neighbour.has_data(), "the neighbouring axes were drawn on"
    plt.close("all")
