"""How a truce lived: its phases with their rates, and how surely each is dated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    HALF_DAY,
    INK,
    LEVEL,
    SET,
    TRUCE,
    draw_bars,
    draw_truces,
    finish,
    given_or_current,
)
from conflictts.series.coverage import consecutive
from conflictts.series.percent import of_level
from conflictts.truce.course import TruceCourse

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PHASE_LOOK: dict[str, tuple[str, str]] = {
    "before": ("#D9DEE2", INK),
    "calm": (TRUCE, INK),
    "eroding": ("#F3C9A5", INK),
    "collapsed": (CONTRAST, "black"),
    "not calm": ("#D9DEE2", INK),
    "expired": ("white", INK),
    "over": ("white", INK),
    "undetermined": ("white", INK),
}
_ROOM = 1.42  # of the highest day: for the strip of names and the lanes below it
_STRIP, _LANE, _HEIGHT = 0.925, 0.05, 0.02  # of the axes' height


@legible
@remembered
def plot_course(course: TruceCourse, *, ax: Axes | None = None) -> Axes:
    """Draw the phases of a truce over the daily counts: rates with intervals, and the days that may be their first.

    The strip at the top names the phases, hatched where only the best estimate bears the name. Below it, one lane for
    each found first day: a diamond at the best point, a bar over its set.

    Parameters
    ----------
    course : TruceCourse
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
    >>> ax = ct.plot_course(ct.truce_course(daily, case.truces["TRC-5"], other_truces=case.truces.values()))
    """
    require_kind(course, TruceCourse, "course")
    ax = given_or_current(ax)
    first, last = course.window
    draw_truces(ax, [course.truce], first, last)
    draw_bars(ax, course.daily, first, last)
    before = course.phases.iloc[0]
    ax.hlines(
        course.share * before["rate"], course.truce.effective - HALF_DAY, last + HALF_DAY, color=INK, linewidth=1.0,
        linestyle=(0, (1, 2)), label=f"{_share(course.share)} the rate before",
    )  # fmt: skip
    lane = 0
    for row, days in zip(course.phases.itertuples(), course.first_days, strict=True):
        begin, end = row.first - HALF_DAY, row.last + HALF_DAY
        ax.fill_between([begin, end], row.lower, row.upper, color=LEVEL, alpha=0.2, linewidth=0)
        ax.hlines(
            row.rate, begin, end, color=LEVEL, linewidth=2.2, label=f"rate per day, {of_level(course.level)} interval"
        )
        _name(ax, row.phase, begin, end, established=row.established, whole=last - first)
        if len(days):
            lane += 1
            _date(ax, row.first, days, _STRIP - lane * _LANE, level=course.level)
    finish(ax, course.daily, first, last, ylabel=f"{course.daily.unit} per day")
    table = course.daily.table.loc[first:last]
    highest = float(np.nanmax([table["high"].max(), course.phases["rate"].max(), 1e-9]))
    ax.set_ylim(0, highest * _ROOM)
    return ax


def _name(
    ax: Axes, phase: str, begin: pd.Timestamp, end: pd.Timestamp, *, established: bool, whole: pd.Timedelta
) -> None:
    """The phase's part of the strip, with its name where there is room."""
    colour, ink = PHASE_LOOK[phase]
    strip = ax.get_xaxis_transform()
    hatch = "" if established else "////"
    face, edge = (colour, COUNTED) if established else ("white", colour if phase == "collapsed" else COUNTED)
    ax.fill_between(
        [begin, end], _STRIP, 1.0, transform=strip, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.6,
        label="named by the best estimate only" if hatch else None,
    )  # fmt: skip
    inches = ax.get_window_extent().width / ax.figure.dpi * ((end - begin) / whole)
    tall = ax.get_window_extent().height / ax.figure.dpi * (1 - _STRIP) > 0.13
    if tall and inches > 0.075 * len(phase):
        text = ax.text(
            begin + (end - begin) / 2, (_STRIP + 1.0) / 2, phase, transform=strip, ha="center", va="center", fontsize=8,
            color=ink if established else INK,
        )  # fmt: skip
        if not established:
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.2})


def _date(ax: Axes, best: pd.Timestamp, days: pd.DatetimeIndex, at: float, *, level: float) -> None:
    """The lane of one first day: a bar over its set, a diamond at the best point."""
    strip = ax.get_xaxis_transform()
    for block in consecutive(days):
        ax.fill_between(
            [block[0] - HALF_DAY, block[-1] + HALF_DAY], at - _HEIGHT / 2, at + _HEIGHT / 2, transform=strip,
            color=SET, linewidth=0, label=f"{of_level(level)} set of a phase's first day",
        )  # fmt: skip
    ax.plot(
        best, at, marker="D", markersize=4, color=LEVEL, linestyle="none", transform=strip, label="best point",
        clip_on=False,
    )  # fmt: skip


def _share(share: float) -> str:
    return "half" if share == 0.5 else f"{share:.0%} of"
