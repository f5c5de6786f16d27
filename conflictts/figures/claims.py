"""Totals that others claim, against the series added up from the same day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, require_kind, require_table
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import CONTRAST, INK, LEVEL, finish, given_or_current, mark_days, range_of
from conflictts.series.claims import HELD, SLACK_DAYS
from conflictts.series.daily import DailySeries, Day, whole_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (CONTRAST, INK, "#CC79A7", "#009E73", "#E69F00", "#56B4E9")  # of bodies, without the counted series' own
MARKS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "*", "d", "p")  # without the open ones, which mean "at most"
LARGER = {"*": 1.6, "d": 1.2, "p": 1.2}  # marks that look small among the others


@legible
@remembered
def plot_claims(
    daily: DailySeries,
    held: pd.DataFrame,
    *,
    since: Day,
    bodies: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the series added up from a day, and the claims that count from about that day as brackets.

    Parameters
    ----------
    daily : DailySeries
    held : DataFrame
        Claims as from `hold_claims`.
    since : date
        First day of the sum. Claims whose period begins within three days of it are drawn, each at the end of its
        period.
    bodies : sequence of str, optional
        The order in which reporting bodies take their colours and marks; default that of their number of claims in
        `held`. The same order keeps them the same in `plot_coverage_ratio`. Marks alone tell the first twelve apart,
        as on a grey print, mark and colour together 72.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given. An arrow upward means that the claim states no upper bound. The sum ends where a day was not
        observed, since nobody knows it from there on; provisional days, whose count still grows, are dotted.

    Raises
    ------
    CoverageError
        If no claim begins within three days of `since`.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> ax = ct.plot_claims(daily, ct.hold_claims(daily, case.claims), since="2019-04-30")
    """
    require_kind(daily, DailySeries, "daily")
    require_table(held, HELD, "held", "hold_claims(daily, claims)")
    ax = given_or_current(ax)
    start = whole_day(since, "since")
    near = held[(held["period_start"] - start).abs() <= pd.Timedelta(days=SLACK_DAYS)]
    if near.empty:
        raise CoverageError(
            f"No claim begins within {SLACK_DAYS} days of {start:%Y-%m-%d}. Claims begin on "
            f"{', '.join(f'{day:%Y-%m-%d}' for day in held['period_start'].drop_duplicates().head(8))}."
        )
    last = near["period_end"].max()
    summed = daily.table.loc[start:last, ["low", "best", "high"]].cumsum(skipna=False)
    ax.fill_between(
        summed.index, *range_of(summed), step="post", color=LEVEL, alpha=0.2, linewidth=0,
        label="counted, low to high",
    )  # fmt: skip
    ax.plot(summed.index, summed["best"], drawstyle="steps-post", color=LEVEL, linewidth=1.8, label="counted, best")
    mark_days(ax, daily, start, last)
    looks = looks_of(held["reporting_body"], bodies)
    for body in near["reporting_body"].value_counts().index:
        told = near[near["reporting_body"] == body]
        upward = np.where(told["high"].isna(), 0.0, told["high"] - told["best"])
        colour, marker, size = looks[body]
        ax.errorbar(
            told["period_end"], told["best"], yerr=[told["best"] - told["low"], upward], fmt=marker, color=colour,
            markersize=4.5 * size, elinewidth=1.2, capsize=2.5, clip_on=False, label=f"claimed by {body}",
        )  # fmt: skip
        unbounded = told[told["high"].isna()]
        draw_arrows(ax, unbounded["period_end"], unbounded["best"], 0.04 * near["best"].max(), colour)
    finish(ax, daily, start, last, ylabel=f"{daily.unit} since {start.day} {start:%B %Y}")
    return ax


def looks_of(told: pd.Series, bodies: Sequence[str] | None) -> dict[str, tuple[str, str, float]]:
    """Colour, mark and size of each body of some claims, in an order, or by its claims."""
    order = list(dict.fromkeys([*(bodies or ()), *told.value_counts().index]))
    looks = {}
    for place, body in enumerate(order):
        mark = MARKS[place % len(MARKS)]
        colour = COLOURS[(place + place // len(MARKS)) % len(COLOURS)]  # another one each time that marks begin anew
        looks[body] = (colour, mark, LARGER.get(mark, 1.0))
    return looks


def draw_arrows(ax: Axes, days: pd.Series, heights: pd.Series, length: float, colour: str) -> None:
    """An arrow from each height: upward, or downward where `length` is negative; for a bound that nobody stated."""
    arrows = ax.errorbar(
        days, heights, yerr=np.full(len(days), abs(length)), lolims=length > 0, uplims=length < 0, fmt="none",
        ecolor=colour, elinewidth=0.9, capsize=2,
    )  # fmt: skip
    for cap in arrows[1]:
        cap.set_markerfacecolor(colour)
        cap.set_markeredgewidth(0.6)
