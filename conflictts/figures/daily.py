"""A daily series with its truces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from conflictts.errors import require_kind, require_table
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    INK,
    LETTER,
    LEVEL,
    ONE_DAY,
    draw_bars,
    draw_truces,
    finish,
    given_or_current,
)
from conflictts.series.daily import DailySeries
from conflictts.truce.period import Truces, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBER_POINTS = 8  # of the events along the top


@legible
@remembered
def plot_daily(
    daily: DailySeries, *, truces: Truces = (), events: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a daily series as bars with low-high whiskers, its centred 7-day mean, truces and context events.

    Days that nobody observed are hatched; provisional ones stand as outlined bars on dots, outside the mean.

    Parameters
    ----------
    daily : DailySeries
    truces : Truce, or iterable or mapping of Truce, optional
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
    require_kind(daily, DailySeries, "daily")
    if events is not None:
        require_table(events, ("date", "label"), "events", "pandas.read_csv(path, parse_dates=['date'])")
    ax, truces = given_or_current(ax), listed(truces)
    first, last = daily.coverage
    draw_truces(ax, truces, first, last)
    draw_bars(ax, daily, first, last)
    mean = daily.settled.rolling(7, center=True, min_periods=4).mean()
    ax.plot(mean.index, mean, color=LEVEL, linewidth=1.8, label="7-day mean")
    if events is not None:
        lines = [day for truce in truces for day in (truce.announced, truce.effective) if day is not None]
        _number_events(ax, events.loc[events["date"].between(first, last), "date"], lines, first, last)
    finish(ax, daily, first, last, ylabel=f"{daily.unit} per day")
    return ax


def _number_events(
    ax: Axes, days: pd.Series, lines: list[pd.Timestamp], first: pd.Timestamp, last: pd.Timestamp
) -> None:
    """A dashed line on each day below its number; numbers that would touch stand one below the other, on white.

    So do those that would stand on a line of the given days.
    """
    top, box = ax.get_xaxis_transform(), ax.get_window_extent()
    per_day = box.width / ((last - first) / ONE_DAY + 1) * 72 / ax.figure.dpi  # in points
    row_height = 1.4 * NUMBER_POINTS / (box.height * 72 / ax.figure.dpi)
    ends: list[float] = []  # of the last number in each row
    for number, day in sorted(enumerate(days, start=1), key=lambda each: each[1]):
        half = (0.5 * LETTER * len(str(number)) + 0.2) * NUMBER_POINTS
        at = (day - first) / ONE_DAY * per_day
        row = next((row for row, end in enumerate(ends) if end <= at - half), len(ends))
        ends[row : row + 1] = [at + half]
        crossed = row > 0 or any(abs((day - line) / ONE_DAY) * per_day < half for line in lines)
        height = 0.94 - row * row_height
        ax.plot(
            [day, day], [0.0, height - 0.01], transform=top, color=CONTRAST, linewidth=0.8, linestyle="--", zorder=1
        )
        ax.text(
            day, height, str(number), transform=top, ha="center", va="bottom", fontsize=NUMBER_POINTS, color=INK,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5} if crossed else None,
        )  # fmt: skip
