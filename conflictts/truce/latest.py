"""Where a series stands now: growth, phase, and the latest weeks against those before. Arrays in, numbers out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from conflictts.errors import TooLittleData
from conflictts.truce._windows import Trends, family_of, likelihood_ends, likelihood_sides, spread_of, weeks_of
from conflictts.truce.comparison import PERIOD_DAYS, ratio_of_sides, side_of
from conflictts.truce.escalation import PHASE_LEVEL, factor_of_days, in_silence, names_of_windows, shortest_run_of
from conflictts.truce.growth import (
    LEAST_BY_WEEKDAY,
    MAX_UNOBSERVED,
    MIN_ACTIVE_DAYS,
    MIN_COUNTS,
    NOT_CONVERGED,
    WINDOW_DAYS,
    factor_of,
    offset_of_weekdays,
    too_short,
    why_not,
)

RECENT_DAYS = 182  # looked back on; the windows in them tell how far days remember each other


class Latest(NamedTuple):
    """What `measure_escalation` says of the end of a series; numbers are NaN where a reason says why.

    Attributes
    ----------
    growth, growth_lower, growth_upper : float
        Factor per week over the six weeks to the last settled day.
    phase : str
        Of the last settled day.
    phase_reason : str
        Why it is "undetermined"; else "".
    last_weeks, weeks_before : float
        Totals of the latest four weeks, and of the four before them.
    ratio, ratio_lower, ratio_upper : float
        Rate of the latest four weeks over that of the four before.
    """

    growth: float
    growth_lower: float
    growth_upper: float
    growth_reason: str
    phase: str
    phase_reason: str
    last_weeks: float
    weeks_before: float
    ratio: float
    ratio_lower: float
    ratio_upper: float
    ratio_reason: str


def latest_of_rows(counts: np.ndarray, weekday: np.ndarray, level: float) -> list[Latest]:
    """Growth, phase and comparison at the end of each series, as `measure_escalation` gives them for these days alone.

    The windows of all series are fitted in one compiled call.

    Parameters
    ----------
    counts : ndarray of float, shape (n_series, n_days)
        NaN on days that are unobserved or provisional.
    weekday : ndarray of int64, shape (n_days,)
        Monday 0.

    Raises
    ------
    TooLittleData
        If no day of a series is observed and settled.
    """
    from conflictts.truce import _trend_windows

    if not np.isfinite(counts).any(axis=1).all():
        raise TooLittleData(f"none of {counts.shape[1]} days is observed and settled")
    asked = (1 - MAX_UNOBSERVED) * WINDOW_DAYS, MIN_COUNTS, MIN_ACTIVE_DAYS, LEAST_BY_WEEKDAY
    fits, days, taken, of_growth, of_total, squares, of_last, first, last = _trend_windows.fit_ends(
        counts, weekday, WINDOW_DAYS, *asked, *family_of(WINDOW_DAYS)
    )
    spread = spread_of(fits[1], days, taken, of_growth, of_total, squares)
    freedom, at = spread.degrees_of_freedom, (np.arange(len(counts)), np.maximum(last - WINDOW_DAYS + 1, 0))
    trends = _trends_of(of_last, fits[:, *at], spread.scale[at])
    sides = likelihood_sides(trends, stdtrit(freedom[at], 0.5 + PHASE_LEVEL / 2))
    logs = np.array([trends.growth, *likelihood_ends(trends, stdtrit(freedom[at], 0.5 + level / 2))])
    growths = np.array(factor_of(*logs)).T.tolist()
    answer = []
    for k, (begin, end) in enumerate(zip(first.tolist(), (last + 1).tolist(), strict=True)):
        part, windows = counts[k, begin:end], slice(begin, max(end - WINDOW_DAYS + 1, begin))
        reason = "" if np.isfinite(trends.growth[k]) else _why_not(part)
        phase = "undetermined" if reason else "level"
        if sides[k] != 0.0:
            exposure = np.exp(offset_of_weekdays(counts[k], weekday))[begin:end]
            of_windows = fits[:, k, windows], spread.scale[k, windows], freedom[k, windows]
            phase = _phase_of_last(part, exposure, *of_windows)
        if part[-1] == 0 and in_silence(part)[-1]:
            phase = "silent"
        factor = factor_of_days(part, spread.factor[k, windows], WINDOW_DAYS)
        now, then = slice(-PERIOD_DAYS, None), slice(-2 * PERIOD_DAYS, -PERIOD_DAYS)
        before, after = (side_of(part[days], factor[days]) for days in (then, now))
        ratio = ratio_of_sides(before, after, level, (PERIOD_DAYS + 1) // 2)
        growth, lower, upper = growths[k]
        found = Latest(
            growth=growth,
            growth_lower=lower,
            growth_upper=upper,
            growth_reason=reason,
            phase=phase,
            phase_reason=reason if phase == "undetermined" else "",
            last_weeks=after.total,
            weeks_before=before.total,
            ratio=float(ratio["ratio"]),  # type: ignore[arg-type]
            ratio_lower=float(ratio["lower"]),  # type: ignore[arg-type]
            ratio_upper=float(ratio["upper"]),  # type: ignore[arg-type]
            ratio_reason=str(ratio["reason"]),
        )
        answer.append(found)
    return answer


def _trends_of(windows: tuple[np.ndarray, np.ndarray], fits: np.ndarray, scale: np.ndarray) -> Trends:
    """Trends from counts and exposure of windows, and their level, growth and alpha, shape (3, n_windows)."""
    (counts, exposure), (level, growth, alpha) = windows, fits
    return Trends(counts, exposure, weeks_of(WINDOW_DAYS), level, growth, alpha, scale)


def _why_not(part: np.ndarray) -> str:
    """Why no growth is told from the last window of a series' settled part."""
    if len(part) < WINDOW_DAYS:
        return too_short(len(part), WINDOW_DAYS)
    return why_not(part[-WINDOW_DAYS:], WINDOW_DAYS)[0] or NOT_CONVERGED


def _phase_of_last(
    part: np.ndarray, exposure: np.ndarray, fits: np.ndarray, scale: np.ndarray, freedom: np.ndarray
) -> str:
    """Phase of the last window, which all before it are held against no growth to tell: it may end a run of them.

    Parameters
    ----------
    part, exposure : ndarray, shape (n_days,)
        Counts of a series' settled part, and the known part of their means.
    fits : ndarray, shape (3, n_windows)
        Level, growth and alpha of each window; NaN where not fitted, and so are its `scale` and `freedom`.
    """
    from conflictts.truce import _trend_windows

    told = np.isfinite(fits[1])
    windows = _trend_windows.windows_of_rows(part[None], exposure, WINDOW_DAYS, told)
    trends = _trends_of(windows, fits[:, told], scale[told])
    sign = np.zeros(len(told))
    sign[told] = likelihood_sides(trends, stdtrit(freedom[told], 0.5 + PHASE_LEVEL / 2))
    shortest = shortest_run_of(len(part), WINDOW_DAYS)
    return str(names_of_windows(sign, told, shortest, WINDOW_DAYS)[-1])
