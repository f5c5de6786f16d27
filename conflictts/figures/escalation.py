"""Escalation: growth per week with its interval, the phases, and week on week."""

from __future__ import annotations

import math
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
    TRUCE,
    draw_bars,
    finish,
    given_or_current,
    range_of,
)
from conflictts.series.percent import of_level
from conflictts.truce.escalation import RATE_DAYS, Escalation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# orange against blue, grey between, and a hatch for what is not known: apart in grey and for every kind of colour sight
PHASE_LOOK: dict[str, tuple[str, str]] = {
    "rising": (CONTRAST, ""),
    "falling": (TRUCE, ""),
    "level": ("#D9DEE2", ""),
    "silent": ("#FFFFFF", ""),
    "undetermined": ("#FFFFFF", "////"),
}
_WIDEST = 4.0  # factor per week at which the axis is cut; intervals beyond it leave the frame


@legible
@remembered
def plot_growth(escalation: Escalation, *, ax: Axes | None = None) -> Axes:
    """Draw growth per week with its interval on a log axis, and where rise or fall is established.

    Parameters
    ----------
    escalation : Escalation
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
    >>> ct.plot_growth(ct.measure_escalation(daily)).get_ylabel()
    'growth per week'
    """
    require_kind(escalation, Escalation, "escalation")
    ax = given_or_current(ax)
    first, last = escalation.daily.coverage
    growth = escalation.growth
    for row in escalation.phases.itertuples():
        if row.phase in ("rising", "falling"):
            ax.axvspan(
                row.first - HALF_DAY, row.last + HALF_DAY, color=PHASE_LOOK[row.phase][0], alpha=0.25, linewidth=0,
                zorder=0, label=f"{row.phase}, established",
            )  # fmt: skip
    log = np.log2(growth[["growth", "lower", "upper"]].to_numpy(dtype=float))
    reach = float(np.nanquantile(np.abs(log[:, 1:]), 0.9)) if np.isfinite(log).any() else 1.0
    top = min(max(1.0, math.ceil(2 * reach) / 2), math.log2(_WIDEST))
    ax.fill_between(
        growth.index, log[:, 1], log[:, 2], color=LEVEL, alpha=0.2, linewidth=0,
        label=f"{of_level(escalation.level)} interval",
    )  # fmt: skip
    ax.plot(
        growth.index, log[:, 0], color=LEVEL, linewidth=1.8,
        label=f"growth in the {escalation.window_days} days around",
    )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.8)
    finish(ax, escalation.daily, first, last, ylabel="growth per week")
    ax.set_ylim(-top, top)
    ticks = np.arange(-math.floor(top), math.floor(top) + 1)
    ax.set_yticks(ticks, [_factor(int(tick)) for tick in ticks])
    return ax


@legible
@remembered
def plot_phases(escalation: Escalation, *, ax: Axes | None = None) -> Axes:
    """Draw the daily counts with their rate, and below them a strip of phases.

    Parameters
    ----------
    escalation : Escalation
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
    >>> ax = ct.plot_phases(ct.measure_escalation(daily))
    """
    require_kind(escalation, Escalation, "escalation")
    ax = given_or_current(ax)
    first, last = escalation.daily.coverage
    draw_bars(ax, escalation.daily, first, last)
    rates = escalation.rates
    ax.plot(rates.index, rates["centred"], color=LEVEL, linewidth=1.8, label=f"rate over {RATE_DAYS} days")
    ax.fill_between(
        rates.index, rates["centred_lower"], rates["centred_upper"], color=LEVEL, alpha=0.2, linewidth=0,
        label=f"its {of_level(escalation.level)} interval",
    )  # fmt: skip
    strip = ax.get_xaxis_transform()
    for row in escalation.phases.itertuples():
        colour, hatch = PHASE_LOOK[row.phase]
        ax.fill_between(
            [row.first - HALF_DAY, row.last + HALF_DAY], 0.93, 1.0, transform=strip, facecolor=colour,
            edgecolor=COUNTED, hatch=hatch, linewidth=0.6, label=row.phase,
        )  # fmt: skip
    finish(ax, escalation.daily, first, last, ylabel=f"{escalation.daily.unit} per day")
    highest = float(np.nanmax([escalation.daily.table["high"].max(), rates["centred"].max(), 1e-9]))
    ax.set_ylim(0, highest * 1.18)
    return ax


@legible
@remembered
def plot_weeks(escalation: Escalation, *, ax: Axes | None = None) -> Axes:
    """Draw one bar per week, with low and high, and mark weeks whose ratio to the week before excludes no change.

    Parameters
    ----------
    escalation : Escalation
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
    >>> ax = ct.plot_weeks(ct.measure_escalation(daily))
    """
    require_kind(escalation, Escalation, "escalation")
    ax = given_or_current(ax)
    first, last = escalation.daily.coverage
    weeks = escalation.weeks
    seen = weeks[weeks["days"] > 0]
    begin = seen["first"] - HALF_DAY
    width = seen["last"] - seen["first"] + pd.Timedelta(hours=20)
    whole = (seen["days"] == 7).to_numpy()
    for chosen, colour, hatch, label in (
        (whole, COUNTED, "", f"{escalation.daily.unit} per week"),
        (~whole, "white", "///", "week with fewer than 7 settled days"),
    ):
        if chosen.any():
            ax.bar(
                begin[chosen], seen["best"][chosen], width=width[chosen], align="edge", color=colour, hatch=hatch,
                edgecolor=COUNTED, linewidth=0.5, label=label,
            )  # fmt: skip
    middle = begin + width / 2
    least, greatest = range_of(seen)
    ranged = (greatest - least > 1e-9).to_numpy()
    if ranged.any():
        ax.vlines(middle[ranged], least[ranged], greatest[ranged], color=INK, linewidth=0.8, label="low to high")
    for name, chosen, colour, marker in (
        ("more than the week before", seen["lower"] > 1, CONTRAST, "^"),
        ("less than the week before", seen["upper"] < 1, LEVEL, "v"),
    ):
        if chosen.any():
            ax.plot(
                middle[chosen], greatest[chosen], marker=marker, color=colour, linestyle="none", markersize=6,
                clip_on=False, label=f"{name} ({of_level(escalation.level)} interval)",
            )  # fmt: skip
    finish(ax, escalation.daily, first, last, ylabel=f"{escalation.daily.unit} per week")
    return ax


def _factor(power: int) -> str:
    """Axis words for a power of two: ×2, ×1, ÷2."""
    return f"×{2**power}" if power >= 0 else f"÷{2**-power}"
