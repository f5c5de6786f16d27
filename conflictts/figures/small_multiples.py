"""Many series side by side: one small panel each, those with the highest toll first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from conflictts.errors import InputError, UnknownNameError, require_kind
from conflictts.figures.forest import name_of
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    COUNTED,
    HALF_DAY,
    INK,
    LEGEND_POINTS,
    LEGEND_ROW,
    LETTER,
    LEVEL,
    SET,
    columns_of,
    date_axis,
    draw_truces,
    footer_inches,
    given_or_current,
    lag_in_words,
    leave_room,
    legend_above,
    mark_days,
    range_of,
    shortened,
    span_in_words,
    tall_of,
    wide_of,
    wrapped,
    write_footer,
)
from conflictts.incidents.codes import columns_in_words
from conflictts.series.daily import DailySeries
from conflictts.series.panel import DailyPanel, Key
from conflictts.truce.period import Truces, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20  # panels, unless more are asked for
MEAN_DAYS, LEAST_DAYS = 7, 4  # of the centred mean, and days that it wants among them
LEFT = 0.1  # inches for what the scale is
LEAST_POINTS = 4.5  # of what the scale is
BELOW = 26  # points from the panels to below their dates


class Look(NamedTuple):
    """Of panels: least width and height, what lies left of and above each, in inches; points of names and numbers."""

    wide: float
    tall: float
    left: float
    above: float
    points: float
    small: float


USUAL = Look(wide=1.7, tall=0.35, left=0.4, above=0.32, points=7.5, small=7.0)
CLOSE = Look(wide=0.6, tall=0.15, left=0.32, above=0.22, points=6.0, small=6.0)  # where the usual ones find no room


@legible
@remembered
def plot_small_multiples(
    panel: DailyPanel,
    *,
    truces: Truces = (),
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
    truces : Truce, or iterable or mapping of Truce, optional
        Solid where effective, dotted where announced, in every panel.
    changes : DataFrame, optional
        Changes found in some or all of the series, as `analyse_panel` returns them: the key, ``set_first`` and
        ``set_last``, between which a strip lies along the top of the panel.
    most : int, default 20
        Panels at most.
    ax : Axes, optional
        Default: the current axes. Its frame is hidden; the panels stand inside it, and so do legend and footer as far
        as the figure has no room around it. About an inch of height for every row of four panels is ample; in less,
        more of them stand in a row, closer and smaller.

    Returns
    -------
    Axes
        The axes given.

    Raises
    ------
    InputError
        If so many panels cannot be read in the axes.
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
    require_kind(panel, DailyPanel, "panel")
    if most < 1:
        raise UnknownNameError(f"`most` is the number of panels to draw, 1 or more; met {most!r}.")
    sets = _sets(panel, changes)
    ax = given_or_current(ax)
    ax.set_axis_off()
    totals = _totals(panel)
    shown = list(totals.index[:most])
    truces, about = listed(truces), _about(panel, totals, len(shown))
    bottom, top = _free(
        ax, about, _kinds(ax, panel[shown[0]], truces, [each for key in shown for each in sets.get(key, [])])
    )
    look, columns, places = _places(wide_of(ax), tall_of(ax), bottom, top, len(shown))
    for position, (key, place) in enumerate(zip(shown, places, strict=True)):
        daily, small = panel[key], ax.inset_axes(place)
        means = _means(daily)
        _draw(small, daily, means, truces, sets.get(key, []))
        highest = float(np.nanmax([0.1, means["high"].max()]))
        _frame(small, daily, highest, look, dated=position + columns >= len(shown))
        _name(small, name_of(key), f"{totals[key]:,.0f}", look)
    legend_above(ax, of=ax.child_axes, drop=tall_of(ax) - top)
    scale = f"{panel.counting.unit} per day, each on its own scale"
    letters = min(LEGEND_POINTS, max(LEAST_POINTS, (top - bottom) * 72 / (LETTER * len(scale))))
    room = int((top - bottom) / LETTER * 72 / letters + 1e-6)
    ax.text(
        0, (bottom + top) / 2 / tall_of(ax), wrapped(scale, max(10, room)), transform=ax.transAxes,
        rotation=90, ha="left", va="center", fontsize=letters, parse_math=False,
    )  # fmt: skip
    write_footer(ax, about, below=BELOW - bottom * 72)
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
        if name not in panel:
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


def _kinds(
    ax: Axes, daily: DailySeries, truces: Truces, sets: Iterable[tuple[pd.Timestamp, pd.Timestamp]]
) -> list[str]:
    """What the legend will name, by a panel drawn and taken away again."""
    tried = ax.inset_axes((0, 0, 1, 1))
    _draw(tried, daily, _means(daily), truces, sets)
    kinds = list(dict.fromkeys(tried.get_legend_handles_labels()[1]))
    tried.remove()
    return kinds


def _free(ax: Axes, about: list[str], kinds: list[str]) -> tuple[float, float]:
    """Where panels begin and end in the axes, in inches from its foot, so that footer and legend stay on the figure."""
    rows = -(-len(kinds) // columns_of(kinds, wide_of(ax)))
    leave_room(ax, rows)
    box, sheet, dots = ax.get_window_extent(), ax.figure.bbox, ax.figure.dpi
    if ax.figure.get_layout_engine() is not None:  # which makes the room itself
        return 0.0, tall_of(ax)
    lacking = BELOW / 72 + footer_inches(ax, about) - (box.y0 - sheet.y0) / dots
    over = rows * LEGEND_ROW - (sheet.y1 - box.y1) / dots
    return max(lacking, 0.0), tall_of(ax) - max(over, 0.0)


def _places(
    width: float, height: float, bottom: float, top: float, panels: int
) -> tuple[Look, int, list[tuple[float, float, float, float]]]:
    """How panels look, in how many columns, and the place of each in shares of the axes, row by row.

    As few columns as leave panels their usual height; where that needs more than are usual, they stand closer.
    """

    def fit(look: Look) -> int:
        return max(1, min(panels, int((width - LEFT) / (look.wide + look.left))))

    look, columns = USUAL, fit(USUAL)
    while _tall(look, columns, panels, top - bottom) < USUAL.tall and columns < fit(CLOSE):
        columns += 1
    if columns > fit(USUAL) or _tall(look, columns, panels, top - bottom) < USUAL.tall:
        look = CLOSE
    tall = _tall(look, columns, panels, top - bottom)
    if tall < look.tall:
        each = look.tall + look.above
        fewer = columns * int((top - bottom) / each)
        raise InputError(
            f"{panels} panels cannot be read in axes of {width:.1f} by {height:.1f} inches: in {columns} columns they "
            f"want {height - (top - bottom) + each * math.ceil(panels / columns):.1f} inches of height. Give a larger "
            f"figure{f', or ask for at most {fewer} of them (`most`)' if fewer else ''}."
        )
    wide = (width - LEFT - columns * look.left) / columns
    places = [
        (
            (LEFT + look.left + (wide + look.left) * (position % columns)) / width,
            (top - (look.above + tall) * (position // columns + 1)) / height,
            wide / width,
            tall / height,
        )
        for position in range(panels)
    ]
    return look, columns, places


def _tall(look: Look, columns: int, panels: int, room: float) -> float:
    """Height of a panel."""
    return room / math.ceil(panels / columns) - look.above


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
    truces: Truces,
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
    ax.fill_between(means.index, *range_of(means), color=INK, alpha=0.4, linewidth=0, label="low to high")
    ax.plot(means.index, means["best"], color=LEVEL, linewidth=1.1, label=f"{MEAN_DAYS}-day mean")
    mark_days(ax, daily, first, last)


def _frame(ax: Axes, daily: DailySeries, top: float, look: Look, *, dated: bool) -> None:
    """The days and the scale, whose highest value alone is named; days only where nothing stands below."""
    first, last = daily.coverage
    ax.set_xlim(first - pd.Timedelta(hours=20), last + pd.Timedelta(hours=20))
    ax.tick_params(labelsize=look.small, length=2.5, pad=2)
    date_axis(ax, first, last, most=4)
    if not dated:
        ax.set_xticklabels([])
    ax.set_ylim(0, 1.06 * top)
    ax.set_yticks([0, top], ["0", f"{top:,.2g}" if top < 100 else f"{top:,.0f}"])
    ax.spines[["top", "right"]].set_visible(False)


def _name(ax: Axes, name: str, total: str, look: Look) -> None:
    """What a panel shows at its head: its group at the left, shortened to the room, and its toll at the right."""
    room = int(wide_of(ax) / (look.points / 72 * LETTER)) - len(total) - 2
    head: dict[str, Any] = {"transform": ax.transAxes, "va": "bottom", "fontsize": look.points, "parse_math": False}
    ax.text(0.0, 1.03, shortened(name, max(room, 6)), ha="left", color=INK, fontweight="bold", gid="name", **head)
    ax.text(1.0, 1.03, total, ha="right", color=INK, gid="total", **head)
