"""A daily series with its truces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from conflictts.figures.style import CONTRAST, INK, LEVEL, draw_bars, draw_truces, finish, given_or_current
from conflictts.series.daily import DailySeries
from conflictts.truce.period import Truce

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_daily(
    daily: DailySeries,
    *,
    truces: Iterable[Truce] = (),
    events: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a daily series as bars with low-high whiskers, its centred 7-day mean, truces and context events.

    Days that nobody observed are hatched; provisional ones stand as outlined bars on dots, outside the mean.

    Parameters
    ----------
    daily : DailySeries
    truces : iterable of Truce, optional
        Drawn as a band while in force, solid where effective, dotted where announced.
    events : DataFrame, columns date and label, optional
        Context, numbered along the top; the caller names the numbers.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> ct.plot_daily(daily, truces=case.truces.values()).get_ylabel()
    'civilian deaths per day'
    """
    ax = given_or_current(ax)
    first, last = daily.coverage
    draw_truces(ax, truces, first, last)
    draw_bars(ax, daily, first, last)
    mean = daily.settled.rolling(7, center=True, min_periods=4).mean()
    ax.plot(mean.index, mean, color=LEVEL, linewidth=1.8, label="7-day mean")
    if events is not None:
        inside = events[events["date"].between(first, last)]
        top = ax.get_xaxis_transform()
        for number, day in enumerate(inside["date"], start=1):
            ax.plot([day, day], [0.0, 0.93], transform=top, color=CONTRAST, linewidth=0.8, linestyle="--", zorder=1)
            ax.text(day, 0.94, str(number), transform=top, ha="center", va="bottom", fontsize=8, color=INK)
    finish(ax, daily, first, last, ylabel=f"{daily.unit} per day")
    return ax
