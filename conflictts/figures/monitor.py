"""Evidence that the rate has risen, day by day, against the threshold of the alarm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData, require_kind
from conflictts.figures.lettering import legible
from conflictts.figures.shown import remembered
from conflictts.figures.style import (
    CONTRAST,
    COUNTED,
    HALF_DAY,
    INK,
    LEVEL,
    finish,
    give_way_to_names,
    given_or_current,
    shade_days,
)
from conflictts.truce.monitor import Monitor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOWEST, _MOST_TICKS = 0.1, 7  # evidence below it is drawn at the foot


@legible
@remembered
def plot_monitor(monitor: Monitor, *, ax: Axes | None = None) -> Axes:
    """Draw the evidence after each day on a log axis, its threshold, and the days of alarm.

    Parameters
    ----------
    monitor : Monitor
        With at least one day after the calm.
    ax : Axes, optional
        Default: the current axes.

    Returns
    -------
    Axes
        The axes given.

    Raises
    ------
    TooLittleData
        If no day has been monitored yet.

    Examples
    --------
    >>> import conflictts as ct
    >>> daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians")
    >>> monitor = ct.Monitor.fit(daily, window=("2019-08-31", "2019-10-11")).update(daily)
    >>> ct.plot_monitor(monitor).get_ylabel()
    'evidence for a rise'
    """
    require_kind(monitor, Monitor, "monitor")
    evidence = monitor.evidence
    if not len(evidence):
        raise TooLittleData("No day after the calm has been monitored yet. Give some to `Monitor.update`.")
    ax = given_or_current(ax)
    first, last = evidence.index[0], evidence.index[-1]
    shade_days(ax, monitor.alarms, color=CONTRAST, alpha=0.2, zorder=0, label="alarm")
    unseen = pd.DatetimeIndex(monitor.counts.index[monitor.counts.isna()])
    shade_days(ax, unseen, facecolor="none", edgecolor=COUNTED, hatch="///", label="not observed or not settled")
    log = np.log10(np.maximum(evidence.to_numpy(dtype=float), _LOWEST))
    ax.plot(
        evidence.index, log, color=LEVEL, linewidth=1.6, marker="o", markersize=2.5 if len(log) < 150 else 0,
        label="evidence after each day",
    )  # fmt: skip
    threshold = math.log10(monitor.threshold)
    ax.axhline(threshold, color=CONTRAST, linewidth=1.2, linestyle="--", label=f"threshold, {monitor.threshold:,.4g}")
    if monitor.first_alarm is not None:
        ax.plot(
            monitor.first_alarm, math.log10(evidence.loc[monitor.first_alarm]),
            color=CONTRAST, marker="o", markersize=6, linestyle="none", zorder=3,
            label=f"first alarm, {monitor.first_alarm.day} {monitor.first_alarm:%b %Y}",
        )  # fmt: skip
    if monitor.recomputed_from is not None:
        ax.axvline(
            monitor.recomputed_from - HALF_DAY, color=INK, linewidth=0.9, linestyle=":",
            label="computed anew from here (revised days)",
        )  # fmt: skip
    finish(ax, monitor.daily, first, last, ylabel="evidence for a rise")
    bottom, top = math.log10(_LOWEST), max(float(log.max()), threshold) + 0.4
    ax.set_ylim(bottom, top)
    step = math.ceil((top - bottom) / _MOST_TICKS)
    ticks = np.arange(math.ceil(bottom), math.floor(top) + 1, step)
    ax.set_yticks(ticks, [_power(int(tick)) for tick in ticks])
    give_way_to_names(ax)
    return ax


def _power(tick: int) -> str:
    """Axis words for a power of ten: 0.1, 1, 1,000, then 10⁶."""
    if tick < 5:
        return f"{10.0**tick:,g}"
    return "10" + str(tick).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
