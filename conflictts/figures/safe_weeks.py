"""Weeks as anyone may see them: rounded, withheld or not observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    date_axis,
    draw_truces,
    finish_frame,
    given_or_current,
    shade_days,
    span_in_words,
    write_footer,
)
from conflictts.series.disclosure import SafeWeeks
from conflictts.truce.period import Truces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUNDAY = pd.Timedelta(days=6)


@legible
@remembered
def plot_safe_weeks(
    safe: SafeWeeks, *, truces: Truces = (), area: str = "", source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw weeks as bars, those withheld as hatched boxes of one height, those not observed hatched all the way.

    Parameters
    ----------
    area, source : str
        For the footer.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.
    """
    ax = given_or_current(ax)
    weeks, k = safe.weeks, safe.k
    first, last = weeks.index[0], weeks.index[-1] + SUNDAY
    draw_truces(ax, truces, first, last)
    middle = weeks.index + pd.Timedelta(days=3)
    shown = (weeks["status"] == "shown").to_numpy()
    withheld = (weeks["status"] == "withheld").to_numpy()
    ax.bar(middle[shown], weeks["count"][shown], width=6.3, color=COUNTED, label=f"to the nearest {k}")
    ax.bar(
        middle[withheld], [k - 1] * int(withheld.sum()), width=6.3, facecolor="none", edgecolor=CONTRAST, hatch="xxx",
        linewidth=0.6, label="withheld",
    )  # fmt: skip
    for monday in weeks.index[weeks["status"] == "not observed"]:
        week = pd.date_range(monday, monday + SUNDAY)
        shade_days(ax, week, facecolor="none", edgecolor=COUNTED, hatch="///", label="not observed")
    ax.set_xlim(first - pd.Timedelta(hours=20), last + pd.Timedelta(hours=20))
    ax.set_ylim(0, max(ax.get_ylim()[1], 4 * k))  # boxes stay low where nothing else is shown
    date_axis(ax, first, last)
    finish_frame(ax, ylabel=f"{safe.unit} per week")
    footer = [safe.unit, area, span_in_words(first, last), f"source: {source}" if source else ""]
    footer.append(f"weeks with fewer than {k} incidents or {safe.unit} are withheld, the others rounded")
    write_footer(ax, [part for part in footer if part])
    return ax
