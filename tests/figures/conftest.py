"""Two axes side by side: one to draw on, one that must stay empty."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

from collections.abc import Callable, Iterator

import matplotlib.dates
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch


@pytest.fixture
def axes() -> Iterator[tuple[Axes, Axes]]:
    _, (drawn, neighbour) = plt.subplots(1, 2, figsize=(12, 4))
    yield drawn, neighbour
    assert not neighbour.has_data(), "the neighbouring axes were drawn on"
    plt.close("all")


def _bars(ax: Axes, label: str | None = None) -> pd.Series:
    found = {}
    for patch in ax.patches:
        if isinstance(patch, PathPatch) and label in (None, patch.get_label()):
            corners = patch.get_path().vertices.reshape(-1, 5, 2)
            middles = mpl.dates.num2date(corners[:, :2, 0].mean(axis=1))
            found |= {pd.Timestamp(day.date()): height for day, height in zip(middles, corners[:, 2, 1], strict=True)}
    return pd.Series(found, dtype=float).sort_index()


@pytest.fixture(scope="session")
def bars_by_day() -> Callable[..., pd.Series]:
    """Heights of the daily bars on some axes, of all or of one legend entry, by day; a bar of 0 is not drawn."""
    return _bars
