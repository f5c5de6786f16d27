"""Many series side by side: one small panel each, those with the highest toll first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.figures.forest import name_of
from conflictts.figures.style import (
    COUNTED,
    HALF_DAY,
    INK,
    LEGEND_POINTS,
    LETTER,
    LEVEL,
    SET,
    date_axis,
    draw_truces,
    given_or_current,
    lag_in_words,
    legend_above,
    mark_days,
    shortened,
    span_in_words,
    write_footer,
)
from conflictts.incidents.codes import columns_in_words
from conflictts.series.daily import DailySeries
from conflictts.series.panel import DailyPanel, Key
from conflictts.truce.period import Truce

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20  # panels, unless more are asked for
MEAN_DAYS, LEAST_DAYS = 7, 4  # of the centred mean, and days that it wants among them
WIDE, BETWEEN, ABOVE, LEFT = 1.7, 0.4, 0.32, 0.1  # inches: of a panel at least, between them, for names, for the scale
NAME_POINTS = 7.5


def plot_small_multiples(
    panel: DailyPanel,
    *,
    truces: Iterable[Truce] = (),
    changes: pd.DataFrame | None = None,
    most: int = MOST,
    ax: Axes | None = None,
) -> Axes:
    """Draw each series of a panel as its 7-day mean, from low to high, in a small panel of its own.

    All panels share the days. They stand in the order of their toll, row by row; what is not drawn is said below. Days
    that nobody observed are hatched, provisional ones dotted and left out of the mean. Each panel has its own scale, as
    the figure says: heights show when a series rose and fell, and cannot be compared between panels.

    Parameters
    ----------
    panel : DailyPanel
    truces : iterable of Truce, optional
        Solid where effective, dotted where announced, in every panel.
    changes : DataFrame, optional
        Changes found in some or all of the series, as `analyse_panel` returns them: the key, ``set_first`` and
        ``set_last``, between which a strip lies along the top of the panel.
    most : int, default 20
        Panels at most.
    ax : Axes, optional
        Default: the current axes. Its frame is hidden; the panels stand inside it. It wants about an inch of height
        for every row of panels.

    Returns
    -------
    Axes
        The axes given.

    Raises
    ------
    UnknownNameError
        If `changes` lacks a column or names a series that the panel has not, or `most` is below 1.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="admin1")
    >>> ax = ct.plot_small_multiples(panel, truces=[case.truces["TRC-5"]])
    >>> [text.get_text() for small in ax.child_axes for text in small.texts if text.get_gid() == "name"][:3]
    ['Idlib', 'Aleppo', 'Hama']
    """
    if most < 1:
        raise UnknownNameError(f"`most` is the number of panels to draw, 1 or more; met {most!r}.")
    sets = _sets(panel, changes)
    ax = given_or_current(ax)
    ax.set_axis_off()
    totals = _totals(panel)
    shown = list(totals.index[:most])
    columns, places = _places(ax, len(shown))
    truces = tuple(truces)
    for position, (key, place) in enumerate(zip(shown, places, strict=True)):
        daily, small = panel[key], ax.inset_axes(place)
        means = _means(daily)
        _draw(small, daily, means, truces, sets.get(key, []))
        top = float(np.nanmax([0.1, means["high"].max()]))
        _frame(small, daily, top, dated=position + columns >= len(shown))
        _name(small, name_of(key), f"{totals[key]:,.0f}")
    legend_above(ax, of=ax.child_axes)
    unit = panel.counting.unit
    ax.text(
        0, 0.5, f"{unit} per day, each on its own scale",
        transform=ax.transAxes, rotation=90, ha="left", va="center", fontsize=LEGEND_POINTS, parse_math=False,
    )  # fmt: skip
    write_footer(ax, _about(panel, totals, len(shown)))
    return ax


def _sets(panel: DailyPanel, changes: pd.DataFrame | None) -> dict[Key, list[tuple[pd.Timestamp, pd.Timestamp]]]:
    """First and last day of each change's set, by series."""
    if changes is None:
        return {}
    wanted = [*panel.by, "set_first", "set_last"]
    missing = [name for name in wanted if name not in changes]
    if missing:
        raise UnknownNameError(
            f"`changes` lacks {', '.join(missing)}; it has {', '.join(map(str, changes.columns))}. "
            "Give the `changes` of `analyse_panel` on the same panel."
        )
    sets: dict[Key, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for *key, begin, end in changes[wanted].itertuples(index=False):
        name = key[0] if len(key) == 1 else tuple(key)
        panel[name]  # which says what there is instead
        sets.setdefault(name, []).append((begin, end))
    return sets


def _totals(panel: DailyPanel) -> pd.Series:
    """Best total of every series, the highest first, by key."""
    totals = panel.summary()["best"]
    totals.index = pd.Index(list(panel), tupleize_cols=False)
    return totals.sort_values(ascending=False, kind="stable")


def _means(daily: DailySeries) -> pd.DataFrame:
    """Low, best and high per day as centred 7-day means over the settled days."""
    settled = daily.table[["low", "best", "high"]].where(daily.table["status"] == "observed")
    return settled.rolling(MEAN_DAYS, center=True, min_periods=LEAST_DAYS).mean()


def _places(ax: Axes, panels: int) -> tuple[int, list[tuple[float, float, float, float]]]:
    """Columns of panels, and the place of each in shares of the axes, row by row."""
    box = ax.get_window_extent()
    width, height = box.width / ax.figure.dpi, box.height / ax.figure.dpi
    columns = max(1, min(panels, int((width - LEFT) / (WIDE + BETWEEN))))
    rows = math.ceil(panels / columns)
    wide = (width - LEFT - columns * BETWEEN) / columns
    tall = max(height / rows - ABOVE, 0.15)
    places = [
        (
            (LEFT + BETWEEN + (wide + BETWEEN) * (position % columns)) / width,
            1 - (ABOVE + tall) * (position // columns + 1) / height,
            wide / width,
            tall / height,
        )
        for position in range(panels)
    ]
    return columns, places


def _about(panel: DailyPanel, totals: pd.Series, shown: int) -> list[str]:
    """What is drawn, and how much is not."""
    counting, days = panel.counting, panel.table["day"]
    left = totals.iloc[shown:]
    parts = [f"{counting.unit} by {columns_in_words(panel.by)}, the highest total first", counting.area]
    if len(left):
        others = "1 other holds" if len(left) == 1 else f"{len(left)} others hold"
        parts.append(f"{shown} of {len(totals)} drawn; {others} {left.sum():,.0f} of {totals.sum():,.0f}")
    parts += [span_in_words(days.min(), days.max()), f"source: {counting.source}"]
    return [*parts, *lag_in_words(counting.reporting_lag, int((counting.status == "provisional").sum()))]


def _draw(
    ax: Axes,
    daily: DailySeries,
    means: pd.DataFrame,
    truces: Iterable[Truce],
    sets: Iterable[tuple[pd.Timestamp, pd.Timestamp]],
) -> None:
    first, last = daily.coverage
    draw_truces(ax, truces, first, last, bands=False)
    for begin, end in sets:
        ax.axvspan(
            begin - HALF_DAY, end + HALF_DAY, ymin=0.86, color=SET, alpha=0.6, linewidth=0, zorder=0.5,
            label="first to last day of a change's set",
        )  # fmt: skip
    ax.fill_between(means.index, 0, means["best"], color=COUNTED, alpha=0.55, linewidth=0)
    ax.fill_between(means.index, means["low"], means["high"], color=INK, alpha=0.4, linewidth=0, label="low to high")
    ax.plot(means.index, means["best"], color=LEVEL, linewidth=1.1, label=f"{MEAN_DAYS}-day mean")
    mark_days(ax, daily, first, last)


def _frame(ax: Axes, daily: DailySeries, top: float, *, dated: bool) -> None:
    """The days and the scale, whose highest value alone is named; days only where nothing stands below."""
    first, last = daily.coverage
    ax.set_xlim(first - pd.Timedelta(hours=20), last + pd.Timedelta(hours=20))
    ax.tick_params(labelsize=7, length=2.5, pad=2)
    date_axis(ax, first, last, most=4)
    if not dated:
        ax.set_xticklabels([])
    ax.set_ylim(0, 1.06 * top)
    ax.set_yticks([0, top], ["0", f"{top:,.2g}" if top < 100 else f"{top:,.0f}"])
    ax.spines[["top", "right"]].set_visible(False)


def _name(ax: Axes, name: str, total: str) -> None:
    """What a panel shows at its head: its group at the left, shortened to the room, and its toll at the right."""
    em = NAME_POINTS / 72 * LETTER
    room = int(ax.get_window_extent().width / ax.figure.dpi / em) - len(total) - 2
    short = shortened(name, max(room, 6))
    head: dict[str, Any] = {"transform": ax.transAxes, "va": "bottom", "fontsize": NAME_POINTS, "parse_math": False}
    ax.text(0.0, 1.03, short, ha="left", color=INK, fontweight="bold", gid="name", **head)
    ax.text(1.0, 1.03, total, ha="right", color=INK, gid="total", **head)
