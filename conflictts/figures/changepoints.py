"""Regimes, and how surely the changes between them are dated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import HALF_DAY, LEVEL, SET, draw_bars, draw_truces, finish, given_or_current, shade_days
from conflictts.series.percent import of_level
from conflictts.truce.changepoints import Changepoints
from conflictts.truce.period import Truces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@legible
@remembered
def plot_changepoints(changes: Changepoints, *, truces: Truces = (), ax: Axes | None = None) -> Axes:
    """Draw the rate of each regime with its interval, and for each change the days that may have been its first.

    Parameters
    ----------
    changes : Changepoints
    truces : Truce, or iterable or mapping of Truce, optional
        For comparison; the changes were found without them.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Examples
    --------
    >>> import conflictts as ct
    >>> daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians")
    >>> ax = ct.plot_changepoints(ct.detect_changepoints(daily))
    """
    require_kind(changes, Changepoints, "changes")
    ax = given_or_current(ax)
    first, last = changes.window
    draw_truces(ax, truces, first, last, bands=False)
    draw_bars(ax, changes.daily, first, last)
    label = f"{of_level(changes.level)} set of a change's first day"
    for days in changes.location_sets:
        shade_days(ax, days, color=SET, alpha=0.35, zorder=0.5, label=label)
    for regime in changes.regimes.itertuples():
        rates = changes.rates.loc[regime.first : regime.last]
        days = [regime.first - HALF_DAY, *rates.index, regime.last + HALF_DAY]
        rate, lower, upper = ([values.iloc[0], *values, values.iloc[-1]] for _, values in rates.items())
        ax.fill_between(days, lower, upper, color=LEVEL, alpha=0.2, linewidth=0)
        ax.plot(
            days, rate, color=LEVEL, linewidth=2.2, solid_capstyle="butt", clip_on=False,
            label=f"rate per day, {of_level(changes.level)} interval",
        )  # fmt: skip
    top = ax.get_xaxis_transform()
    for date in changes.dates:
        ax.plot(
            date, 0.985, marker="v", markersize=5, color=LEVEL, linestyle="none", transform=top, clip_on=False,
            label="best point within its set",
        )  # fmt: skip
    finish(ax, changes.daily, first, last, ylabel=f"{changes.daily.unit} per day")
    return ax
