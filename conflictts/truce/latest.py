"""Where a series stands now: growth, phase, and the latest weeks against those before. Arrays in, numbers out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conflictts.truce._windows import WindowFits
from conflictts.truce.comparison import ratio_of_sides, side_of
from conflictts.truce.escalation import (
    PERIOD_DAYS,
    PHASE_LEVEL,
    SILENT_DAYS,
    factor_of_days,
    in_silence,
    names_of_windows,
    shortest_run_of,
)
from conflictts.truce.growth import WINDOW_DAYS, RollingGrowth, factor_of, offset_of_weekdays, rolling_growth

RECENT_DAYS = 182  # looked back on; the windows in them tell how far days remember each other


class Latest(NamedTuple):
    """What `measure_escalation` says of the end of a series; numbers are NaN where a reason says why.

    Attributes
    ----------
    growth, growth_lower, growth_upper : float
        Factor per week over the six weeks to the last settled day.
    growth_reason : str
    phase : str
        Of the last settled day.
    phase_reason : str
        Why it is "undetermined"; else "".
    last_weeks, weeks_before : float
        Totals of the latest four weeks, and of the four before them.
    ratio, ratio_lower, ratio_upper : float
        Rate of the latest four weeks over that of the four before.
    ratio_reason : str
    """

    growth: float = np.nan
    growth_lower: float = np.nan
    growth_upper: float = np.nan
    growth_reason: str = ""
    phase: str = "undetermined"
    phase_reason: str = ""
    last_weeks: float = np.nan
    weeks_before: float = np.nan
    ratio: float = np.nan
    ratio_lower: float = np.nan
    ratio_upper: float = np.nan
    ratio_reason: str = ""


def latest_escalation(counts: np.ndarray, weekday: np.ndarray, level: float = 0.95) -> Latest:
    """Growth, phase and comparison at the end of a series, as `measure_escalation` gives them for these days alone.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        NaN on days that are unobserved or provisional.
    weekday : ndarray of int, shape (n_days,)
        Monday 0.
    level : float
    """
    settled = np.flatnonzero(np.isfinite(counts))
    if not len(settled):
        reason = f"none of {len(counts)} days is observed and settled"
        return Latest(growth_reason=reason, phase_reason=reason, ratio_reason=reason)
    part = slice(settled[0], settled[-1] + 1)
    offset = offset_of_weekdays(counts, weekday)[part]
    counts = counts[part]
    rolling = rolling_growth(counts, offset, WINDOW_DAYS)
    last = None if rolling.fits is None or not rolling.enough[-1] else rolling.fits.last()
    if len(rolling.slope):
        phase, reason = _phase_of_last(rolling, last, len(counts)), str(rolling.reason[-1])
    else:
        phase, reason = "undetermined", f"{len(counts)} days are fewer than the {WINDOW_DAYS} of a window"
    if in_silence(counts[-SILENT_DAYS:], SILENT_DAYS)[-1]:
        phase = "silent"
    growth: tuple[float | np.ndarray, ...] = (np.nan, np.nan, np.nan)
    if not reason and last is not None:
        lower, upper = last.interval(level)
        growth = factor_of(rolling.slope[-1], lower[0], upper[0])
    factor = factor_of_days(counts, rolling.factor, WINDOW_DAYS)
    now, then = slice(-PERIOD_DAYS, None), slice(-2 * PERIOD_DAYS, -PERIOD_DAYS)
    sides = [side_of(counts[days], factor[days]) for days in (then, now)]
    ratio = ratio_of_sides(sides[0], sides[1], level, (PERIOD_DAYS + 1) // 2)
    return Latest(
        growth=float(growth[0]),
        growth_lower=float(growth[1]),
        growth_upper=float(growth[2]),
        growth_reason=reason,
        phase=phase,
        phase_reason=reason if phase == "undetermined" else "",
        last_weeks=sides[1].total,
        weeks_before=sides[0].total,
        ratio=float(ratio["ratio"]),  # type: ignore[arg-type]
        ratio_lower=float(ratio["lower"]),  # type: ignore[arg-type]
        ratio_upper=float(ratio["upper"]),  # type: ignore[arg-type]
        ratio_reason=str(ratio["reason"]),
    )


def _phase_of_last(rolling: RollingGrowth, last: WindowFits | None, n_days: int) -> str:
    """Phase of the last window; others are held against no growth only where it may end a run of them."""
    if rolling.fits is not None and last is not None and last.sides(PHASE_LEVEL).any():
        sign = np.zeros(len(rolling.slope))
        sign[rolling.enough] = rolling.fits.sides(PHASE_LEVEL)
        shortest = shortest_run_of(n_days, WINDOW_DAYS)
        return str(names_of_windows(sign, rolling.reason == "", shortest, WINDOW_DAYS)[-1])
    return "undetermined" if rolling.reason[-1] else "level"
