"""Rate ratios of several areas and truces, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from conflictts.figures.forest import draw_ratios, finish_ratios
from conflictts.figures.style import given_or_current
from conflictts.truce.effect import TruceEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_comparisons(effects: Sequence[TruceEffect], *, labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw each rate ratio as a point on its interval, on a scale of ratios; the first at the top.

    Parameters
    ----------
    labels : sequence of str
        What to call each.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given. A ratio of 0 and limits beyond a thousandfold stand at the end of the scale.
    """
    ratios = [(each.rate_ratio, each.lower, each.upper) for each in effects]
    ax = given_or_current(ax)
    rows = draw_ratios(ax, pd.DataFrame(ratios, columns=["rate_ratio", "lower", "upper"], index=list(labels)))
    finish_ratios(ax, rows, effects[0].level)
    return ax
