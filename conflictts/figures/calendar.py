"""A calendar of days: how much on each, and which days were quiet, not observed or not yet settled."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    COUNTED,
    INK,
    LEGEND_POINTS,
    columns_of,
    given_or_current,
    leave_room,
    points_of,
    what_is_drawn,
    wide_of,
    write_footer,
)
from conflictts.series.daily import DailySeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUIET = "#F4F5F6"
# one hue from light to dark, so that order reads in grey and for every kind of colour sight
STEPS = ("#CFE1EE", "#8DBBD9", "#4A90BF", "#1C5F92", "#08304F")
_EDGES = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@legible
@remembered
def plot_calendar(daily: DailySeries, *, ax: Axes | None = None) -> Axes:
    """Draw one square per day, a column per week from Monday; years stand below each other.

    Quiet days are pale, days that nobody observed hatched, provisional days dotted over their colour.

    Parameters
    ----------
    daily : DailySeries
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
    >>> ax = ct.plot_calendar(daily)
    """
    require_kind(daily, DailySeries, "daily")
    from matplotlib.patches import Patch, Rectangle

    ax = given_or_current(ax)
    table = daily.table
    days = pd.DatetimeIndex(table.index)
    first, last = daily.coverage
    long = (last - first).days > 500
    column, row = _places(days, by_year=long)
    edges = _edges(table["best"])
    step = np.digitize(table["best"].fillna(0.0).to_numpy(), edges)  # 0 below the first edge
    for x, y, best, status, k in zip(column, row, table["best"], table["status"], step, strict=True):
        if status == "unobserved":
            look: dict[str, Any] = {"facecolor": "white", "edgecolor": COUNTED, "hatch": "//////"}
        else:
            colour = QUIET if best == 0 else STEPS[max(k - 1, 0)]
            ink = "white" if k > 2 else INK
            hatch = "....." if status == "provisional" else ""
            look = {"facecolor": colour, "edgecolor": ink if hatch else "white", "hatch": hatch}
        ax.add_artist(Rectangle((x - 0.5, y - 0.5), 1, 1, linewidth=0.0 if look["hatch"] else 0.6, **look))
    handles = (
        [Patch(facecolor=QUIET, edgecolor=COUNTED, linewidth=0.4, label="0")] if (table["best"] == 0).any() else []
    )
    handles += [
        Patch(facecolor=STEPS[k], label=text) for k, text in enumerate(_step_words(edges, float(table["best"].max())))
    ]
    if (table["status"] == "unobserved").any():
        handles.append(Patch(facecolor="white", edgecolor=COUNTED, hatch="//////", label="not observed"))
    if (table["status"] == "provisional").any():
        handles.append(Patch(facecolor="white", edgecolor=INK, hatch=".....", label="provisional"))
    _frame(ax, daily, days, column, row, long)
    columns = columns_of([str(handle.get_label()) for handle in handles], wide_of(ax))
    leave_room(ax, 2 + -(-len(handles) // columns))
    points = points_of(ax, LEGEND_POINTS)
    legend = ax.legend(
        handles=handles, title=f"{daily.unit} per day", loc="lower left", bbox_to_anchor=(0, 1.03), frameon=False,
        fontsize=points, title_fontsize=points, ncols=columns, columnspacing=1.0, handlelength=1.4, borderaxespad=0,
        alignment="left",
    )  # fmt: skip
    legend.get_title().set_parse_math(False)
    return ax


def _places(days: pd.DatetimeIndex, *, by_year: bool) -> tuple[np.ndarray, np.ndarray]:
    """Column (week) and row (day of the week, eight rows to a year) of each day."""
    if by_year:
        begin = pd.to_datetime({"year": days.year, "month": 1, "day": 1}).to_numpy()
        row = days.day_of_week + 8 * (days.year - days[0].year)
    else:
        begin = np.full(len(days), days[0].to_datetime64())
        row = days.day_of_week
    begin = pd.DatetimeIndex(begin)
    monday = begin - pd.to_timedelta(begin.day_of_week, unit="D")
    return np.asarray((days - monday).days // 7), np.asarray(row)


def _edges(best: pd.Series) -> list[float]:
    """Lower edges of at most five steps, round numbers that cut the days with counts into like parts."""
    counts = best[best > 0]
    if counts.empty:
        return [1.0]
    if float(counts.max()) <= len(STEPS) and (counts == counts.round()).all():
        return [float(k) for k in range(1, int(counts.max()) + 1)]
    wanted = np.quantile(counts, [0.25, 0.5, 0.75, 0.95])
    scale = 10.0 ** max(0, math.floor(math.log10(counts.max())) - 3)
    round_numbers = np.array(_EDGES, dtype=float) * scale
    edges = sorted({float(round_numbers[np.argmin(np.abs(np.log(round_numbers / value)))]) for value in wanted} - {1.0})
    return [0.0, *[edge for edge in edges if edge <= counts.max()]]


def _step_words(edges: list[float], highest: float) -> list[str]:
    if edges[0] == 1.0:
        return [f"{edge:g}" for edge in edges] if highest > 0 else []
    words = [f"under {edges[1]:,g}"] if len(edges) > 1 else ["above 0"]
    for low, high in pairwise(edges[1:]):
        words.append(f"{low:,g} to {high - 1:,g}" if high - 1 > low else f"{low:,g}")
    return [*words, f"{edges[-1]:,g} or more"] if len(edges) > 1 else words


def _frame(
    ax: Axes, daily: DailySeries, days: pd.DatetimeIndex, column: np.ndarray, row: np.ndarray, long: bool
) -> None:
    ax.set_xlim(column.min() - 0.6, column.max() + 0.6)
    ax.set_ylim(row.max() + 0.6, -0.6)
    ax.set_aspect("auto" if long else "equal", adjustable="box", anchor="NW")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if long:
        years = pd.unique(days.year)
        ax.set_yticks([3 + 8 * k for k in range(len(years))], [str(year) for year in years])
        months = pd.date_range("2019-01-01", periods=12, freq="MS")
        ax.set_xticks([day.day_of_year / 7 + 1.5 for day in months], [f"{day:%b}" for day in months])
    else:
        ax.set_yticks(range(0, 7, 2), WEEKDAYS[::2])
        starts = np.flatnonzero(days.day == 1)
        named = [n == 0 or days[k].month == 1 for n, k in enumerate(starts)]
        words = [f"{days[k]:%b}" + (f"\n{days[k].year}" if year else "") for k, year in zip(starts, named, strict=True)]
        ax.set_xticks(column[starts], words, ha="left")
    write_footer(ax, what_is_drawn(daily, *daily.coverage))
