"""How fast the daily rate grows or falls per week: in one declared window, and in every window of a series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from conflictts.errors import TooLittleData, require_kind
from conflictts.series.coverage import window_within
from conflictts.series.daily import DailySeries, Day
from conflictts.series.percent import percent
from conflictts.truce._windows import WindowFits, fit_windows
from conflictts.truce.design import story_of_one_day
from conflictts.truce.intervals import refuse_level
from conflictts.truce.negbin import pooled_freedom

WINDOW_DAYS = 42  # the rolling window; the coverage of its intervals is measured in benchmarks/growth_coverage.py
MIN_COUNTS, MIN_ACTIVE_DAYS = 10.0, 3
MAX_UNOBSERVED = 0.20
LEAST_BY_WEEKDAY = 10.0  # counts on each day of the week before a profile is believed
NOT_CONVERGED = "the regression does not converge"


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Growth of the daily rate over one declared window.

    Attributes
    ----------
    daily : DailySeries
    window : (Timestamp, Timestamp)
        First and last day used.
    days : int
        Days observed and settled in it.
    total : float
        Counts in it.
    growth, lower, upper : float
        Factor per week with its interval; 1 is no change. An end that no count limits is near 1e-304 or 1e304.
    doubling_days, halving_days : float
        Days in which the rate doubles (halves); NaN unless the whole interval lies above (below) 1.
    level : float
        Confidence level.
    warnings : tuple of str
        Reasons why a right number is weaker than it looks.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> growth = ct.estimate_growth(daily, window=("2019-09-01", "2019-11-06"))
    >>> [round(value, 2) for value in (growth.growth, growth.lower, growth.upper)]
    [1.14, 0.86, 1.54]
    """

    daily: DailySeries
    window: tuple[pd.Timestamp, pd.Timestamp]
    days: int
    total: float
    growth: float
    lower: float
    upper: float
    doubling_days: float
    halving_days: float
    level: float
    warnings: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One row: first, last, days, total, growth, lower, upper, doubling_days, halving_days."""
        names = ["days", "total", "growth", "lower", "upper", "doubling_days", "halving_days"]
        row = {"first": self.window[0], "last": self.window[1]} | {name: getattr(self, name) for name in names}
        return pd.DataFrame([row], index=["growth per week"])


def estimate_growth(
    daily: DailySeries, *, window: tuple[Day, Day] | None = None, weekday: bool = True, level: float = 0.95
) -> Growth:
    """Estimate by what factor the daily rate grew per week over a declared window.

    Counts are negative binomial around a log-linear trend. How far days remember each other is learnt from the whole
    series, of which the window is a part. The interval holds every growth that the scaled likelihood ratio does not
    refute; it is not symmetric. It is scaled by the residuals of the window itself, and that of `measure_escalation` by
    those of all its windows, so that the two differ a little. Where the series has draws (allocations of records of
    several days by chance), the trend is fitted to each and the fits are pooled by Rubin's rules, so that the interval
    holds the dating's uncertainty too.

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days are missing, not 0.
    window : (first, last), optional
        Days to use, inclusive; default all.
    weekday : bool, default True
        Whether a profile of the days of the week, learnt from the whole series, is taken out.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    Growth

    Raises
    ------
    CoverageError
        If the window lies outside the series.
    TooLittleData
        If the window has under 14 days, over a fifth of them unobserved, under 10 counts or counts on under 3 days,
        or that is so of the draws.

    References
    ----------
    Zeger (1988), Biometrika 75(4), 621-629 (regression of counts that remember); Kent (1982), Biometrika 69(1), 19-27
    (scaled likelihood ratio); Rubin (1987), Multiple Imputation for Nonresponse in Surveys, section 3.1; Barnard &
    Rubin (1999), Biometrika 86(4), 948-955 (degrees of freedom).

    Examples
    --------
    >>> import conflictts as ct
    >>> daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians")
    >>> found = ct.estimate_growth(daily, window=("2019-09-01", "2019-11-30"))
    >>> f"{found.growth:.2f} ({found.lower:.2f} to {found.upper:.2f})"
    '1.18 (0.97 to 1.43)'
    """
    require_kind(daily, DailySeries, "daily")
    from conflictts.truce import _trend_windows

    refuse_level(level)
    start, _ = daily.coverage
    first, last = window_within(daily.coverage, window)
    counts = daily.settled.loc[first:last].to_numpy()
    if len(counts) < 14:
        raise TooLittleData(f"The window has {len(counts)} days; growth needs at least 14. Widen it.")
    reason = why_not(counts, len(counts))[0]
    if reason:
        raise TooLittleData(f"No growth from {first:%Y-%m-%d} to {last:%Y-%m-%d}: {reason}. Widen the window.")
    offset = weekday_offset(daily) if weekday else np.zeros(len(daily.table))
    part = slice((first - start).days, (last - start).days + 1)
    memory = None
    if len(daily.table) > WINDOW_DAYS:
        memory = rolling_growth(daily.settled.to_numpy(), offset, WINDOW_DAYS).memory
    n_days = int(np.isfinite(counts).sum())
    rows = counts[None]
    if daily.draws is not None:
        rows = np.where(np.isfinite(rows), daily.draws.loc[first:last].to_numpy(dtype=float).T, np.nan)
        if (why_not(rows.ravel(), len(counts), len(counts)) != "").any():
            raise TooLittleData(f"Draws leave under {MIN_COUNTS:g} counts in the window, or too few days. Widen it.")
    whole = _trend_windows.windows_of_rows(rows, np.exp(offset[part]), len(counts), np.ones(1, dtype=bool))
    fits = fit_windows(*whole, total_days=n_days, memory=memory)
    slope, lower, upper = (each[0] for each in _pooled(fits, len(rows), level))
    if not np.isfinite(slope):
        raise TooLittleData(f"The regression on {n_days} days with {np.nansum(counts):g} counts does not converge.")
    doubling, halving = (float(days) for days in times(slope, lower, upper))
    growth, low, high = (float(value) for value in factor_of(slope, lower, upper))
    warnings = []
    if story_of_one_day(counts):
        day, share = daily.settled.loc[first:last].idxmax(), percent(np.nanmax(counts) / np.nansum(counts))
        warnings.append(f"a single day, {day:%Y-%m-%d}, holds {share} of the counts: growth is the story of one day")
    return Growth(
        daily, (first, last), n_days, float(np.nansum(counts)), growth, low, high, doubling, halving, level,
        tuple(warnings),
    )  # fmt: skip


def _pooled(fits: WindowFits, n_draws: int, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope of each window and the ends of its interval, over its draws by Rubin's rules; draws are the outer rows.

    The distance from an estimate to an end, over its quantile, is that side's standard error.
    """
    lower, upper = (end.reshape(n_draws, -1) for end in fits.interval(level))
    slopes, freedom = fits.growth.reshape(n_draws, -1), fits.degrees_of_freedom.reshape(n_draws, -1)
    if n_draws == 1:
        return slopes[0], lower[0], upper[0]
    tail, slope = 0.5 + level / 2, slopes.mean(0)
    between = (1 + 1 / n_draws) * slopes.var(0, ddof=1)
    equal = np.ptp(slopes, axis=0) < 1e-9  # to where the iteration ends
    ends = []
    for side, end in ((-1, lower), (1, upper)):
        variance = (((end - slopes) / stdtrit(freedom, tail)) ** 2).mean(0) + between
        shares = np.divide(between, variance, out=np.zeros_like(variance), where=variance > 0)
        pooled = np.array([pooled_freedom(*each, n_draws) for each in zip(freedom.mean(0), shares, strict=True)])
        ends.append(np.where(equal, end[0], slope + side * stdtrit(pooled, tail) * np.sqrt(variance)))
    return slope, ends[0], ends[1]


@dataclass(frozen=True, slots=True, eq=False)
class RollingGrowth:
    """Growth in every window of a series, as arrays of shape (n_windows,); log scale, per week.

    Attributes
    ----------
    slope : ndarray
        NaN where not determined.
    factor : ndarray
        Variance of a window's total over its mean, memory included.
    daily_factor : ndarray
        The same were days independent of each other.
    reason : ndarray of str
        Why a window is not determined; "" where it is.
    memory : ndarray or None
        Weights of the family of autocorrelations; None if no window is determined.
    fits : WindowFits or None
        Of the windows with enough counts, draw by draw.
    enough : ndarray of bool
        Which windows these are.
    n_draws : int
        1 where there are none.
    """

    slope: np.ndarray
    factor: np.ndarray
    daily_factor: np.ndarray
    reason: np.ndarray
    memory: np.ndarray | None
    fits: WindowFits | None
    enough: np.ndarray
    n_draws: int

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the slope at a confidence level, shape (n_windows,) each."""
        lower, upper = np.full(len(self.slope), np.nan), np.full(len(self.slope), np.nan)
        if self.fits is not None:
            _, lower[self.enough], upper[self.enough] = _pooled(self.fits, self.n_draws, level)
        return lower, upper


def rolling_growth(
    counts: np.ndarray, log_offset: np.ndarray, window_days: int, draws: np.ndarray | None = None
) -> RollingGrowth:
    """Fit every window of `window_days` successive days; none where the series is shorter.

    Parameters
    ----------
    counts, log_offset : ndarray, shape (n_days,)
        Counts are NaN on days not known.
    draws : ndarray, shape (n_draws, n_days), optional
        Each is fitted, and every window's fits are pooled by Rubin's rules.
    """
    from conflictts.truce import _trend_windows

    if len(counts) < window_days:
        nothing = np.empty(0)
        words, none = np.empty(0, dtype=object), np.empty(0, dtype=bool)
        return RollingGrowth(nothing, nothing, nothing, words, None, None, none, 1)
    rows = counts[None] if draws is None else np.where(np.isfinite(counts), draws, np.nan)
    n_draws, n_windows = len(rows), len(counts) - window_days + 1
    reason = why_not(counts, window_days)
    if draws is not None:
        short = np.any([why_not(row, window_days) != "" for row in rows], axis=0)
        reason[(reason == "") & short] = "draws leave too few counts, or counts on too few days"
    enough = reason == ""
    slope, factor, daily_factor = (np.full(n_windows, np.nan) for _ in range(3))
    if not enough.any():
        return RollingGrowth(slope, factor, daily_factor, reason, None, None, enough, n_draws)
    windows = _trend_windows.windows_of_rows(rows, np.exp(log_offset), window_days, enough)
    fits = fit_windows(*windows, total_days=int(np.isfinite(counts).sum()))
    found = fits.growth, fits.factor, fits.daily_factor
    if n_draws > 1:
        found = tuple(each.reshape(n_draws, -1).mean(0) for each in found)
    slope[enough], factor[enough], daily_factor[enough] = found
    reason[enough & np.isnan(slope)] = NOT_CONVERGED
    return RollingGrowth(slope, factor, daily_factor, reason, fits.memory, fits, enough, n_draws)


def why_not(counts: np.ndarray, length: int, step: int = 1) -> np.ndarray:
    """Why no growth can be told from each window of so many days, begun every `step`, shape (n_windows,); "" if it can.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        NaN on days not known.
    """
    from conflictts.truce import _trend_windows

    observed, totals, active = _trend_windows.sums_of_windows(counts, length, step)
    reason = np.full(len(totals), "", dtype=object)
    least = (1 - MAX_UNOBSERVED) * length
    if active.min() >= MIN_ACTIVE_DAYS and totals.min() >= MIN_COUNTS and observed.min() >= least:
        return reason
    for wanting, known, text in (
        (active < MIN_ACTIVE_DAYS, active, f"counts on only {{:d}} day{{}}, {MIN_ACTIVE_DAYS} are needed"),
        (totals < MIN_COUNTS, totals, f"only {{:g}} count{{}}, {MIN_COUNTS:g} are needed"),
        (
            observed < least,
            length - observed,
            f"{{:d}} of {length} days unobserved or provisional, at most a fifth may be",
        ),
    ):
        if wanting.any():
            numbers = known[wanting].tolist()
            words = {
                number: text.format(number, "s" if number != 1 else "") for number in set(numbers)
            }  # windows share most of their days
            reason[wanting] = [words[number] for number in numbers]
    return reason


def too_short(n_days: int, window_days: int) -> str:
    """Why no growth can be told of a series that no window fits into."""
    return f"{n_days} {'day is less' if n_days == 1 else 'days are fewer'} than the {window_days} of a window"


def weekday_offset(daily: DailySeries) -> np.ndarray:
    """Log rate of each day relative to its week, from the whole series; 0 where no profile can be told.

    Each day is compared with the mean of the seven days around it. Weeks count nearly alike, however violent, so that
    one enormous day does not make a profile.
    """
    settled = daily.settled
    return offset_of_weekdays(
        settled.to_numpy(), pd.DatetimeIndex(settled.index).day_of_week.to_numpy().astype(np.int64)
    )


def offset_of_weekdays(counts: np.ndarray, weekday: np.ndarray) -> np.ndarray:
    """The same from arrays of shape (n_days,): counts, NaN where not settled, and days of the week, Monday 0."""
    from conflictts.truce import _trend_windows

    return np.asarray(np.log(_trend_windows.shares_of_weekdays(counts, weekday, LEAST_BY_WEEKDAY))[weekday])


def factor_of(*logs: np.ndarray | float) -> tuple[np.ndarray, ...]:
    """Factors per week from their logarithms, kept within what a float can hold, so that figures can be drawn."""
    return tuple(np.exp(np.clip(each, -700.0, 700.0)) for each in logs)


def times(
    slope: np.ndarray | float, lower: np.ndarray | float, upper: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Days to double and to halve, NaN unless the whole interval lies on that side."""
    with np.errstate(divide="ignore", invalid="ignore"):
        days = 7 * np.log(2) / np.abs(slope)
        return np.where(np.greater(lower, 0), days, np.nan), np.where(np.less(upper, 0), days, np.nan)
