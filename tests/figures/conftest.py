"""Two axes side by side: one to draw on, one that must stay empty."""

from __future__ import annotations

import matplotlib as mpl

mpl.use("Agg")

from collections.abc import Callable, Iterator

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch

import conflictts as ct


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


@pytest.fixture(scope="session")
def areas_found() -> ct.PanelAnalysis:
    """As an analysis would hold them: six areas with an effect, one of them beyond the scale, and one without."""
    ratios, errors = np.array([0.3, 0.08, 0.5, 1.6, 0.9, 0.0004]), np.array([0.2, 0.4, 0.3, 0.2, 0.5, 1.5])
    names = pd.Index([*"ABCDE", "$F$"], name="admin1")
    before, after = (pd.Series((1 + ratios**power) / errors**2, names) for power in (-1, 1))
    pooled = ct.pool_effects(before, after, np.ones(6))
    table = pd.DataFrame({
        "rate_ratio": ratios, "lower": ratios * np.exp(-2 * errors), "upper": ratios * np.exp(2 * errors),
        "standard_error": errors, "effect_reason": "", "total": 10.0, "window_first": pd.Timestamp("2019-05-03"),
        "window_last": pd.Timestamp("2019-10-29"),
    }, index=names)  # fmt: skip
    table.loc["silent"] = {"rate_ratio": np.nan, "effect_reason": "too few", "total": 2.0}
    table.index.name = "admin1"
    return ct.PanelAnalysis(
        table=table, changes=pd.DataFrame(), pooled=pooled, truce=ct.Truce("2019-08-31"), truces={}, by=("admin1",),
        level=0.95, unit="deaths", area="invented", source="a source",
    )  # fmt: skip
