"""Rate ratios of several areas and truces, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from conflictts.figures.forest import draw_ratios, finish_ratios
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import given_or_current, legend_above, span_in_words, write_footer
from conflictts.truce.effect import TruceEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
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
    legend_above(ax)
    write_footer(ax, _about(effects))
    return ax


def _about(effects: Sequence[TruceEffect]) -> list[str]:
    """What was counted, where if in one place, over which days all together, and by whom."""
    series = [each.daily for each in effects]
    units = dict.fromkeys(daily.unit for daily in series)
    places = {daily.area if daily.provenance is None else daily.provenance.area for daily in series}
    firsts, lasts = zip(*(each.window for each in effects), strict=True)
    sources = dict.fromkeys(f"source: {daily.source}" for daily in series)
    return [*units, *(places if len(places) == 1 else ()), span_in_words(min(firsts), max(lasts)), *sources]
