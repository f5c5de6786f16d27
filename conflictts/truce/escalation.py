"""Escalation: the rate per day, its growth per week, and the phases in which it rises, falls, stays or falls silent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from conflictts.errors import TooLittleData, UnknownNameError, require_kind
from conflictts.series.daily import DailySeries, Day
from conflictts.series.numerals import toll
from conflictts.truce._windows import autocorrelation
from conflictts.truce.comparison import compare_periods, week_on_week
from conflictts.truce.growth import (
    WINDOW_DAYS,
    RollingGrowth,
    factor_of,
    rolling_growth,
    times,
    too_short,
    weekday_offset,
)
from conflictts.truce.intervals import refuse_level

RATE_DAYS, SILENT_DAYS = 14, 14
# Shortest established run as a share of the window: the longest run of a level series stays below it in 95 % of series
# (normal noise, white to AR(0.6), 2 to 50 windows long). The false-phase rate on counts is in benchmarks/README.md.
RUN_SHARE, RUN_GROWTH = 0.30, 0.07
PHASE_LEVEL = 0.95  # of the intervals in a run, whatever the level of those shown: the shortest run belongs to it
UNSEEN_DAYS = 1  # in succession, that do not end a silence: at least half of its days were observed
BRIDGE_WEEKS = 14  # an interruption of up to window / 14 days does not end a run
GROWTH_COLUMNS = ["growth", "lower", "upper", "doubling_days", "halving_days"]
Ends = tuple[np.ndarray, np.ndarray]  # lower and upper, of every window


@dataclass(frozen=True, slots=True, eq=False)
class Escalation:
    """How violence escalated and calmed in a daily series.

    Attributes
    ----------
    daily : DailySeries
        The series, kept so that a figure needs only the result.
    window_days : int
        Length of the windows for growth.
    rates : DataFrame, daily index
        ``trailing`` and ``centred`` rate per day over 14 days, each with ``_lower`` and ``_upper``; NaN where
        under half of the days are observed, as ``reason`` says.
    growth : DataFrame, indexed by the middle day of each window
        ``first``, ``last``, ``growth`` (factor per week; 1 is no change), ``lower``, ``upper`` (near 1e-304 and 1e304
        where no count limits them), ``doubling_days`` and ``halving_days`` (NaN unless the interval excludes 1),
        ``reason`` (why NaN; else ""), ``largest_share`` of the window's counts on its largest day. The last row is the
        latest: its window ends on the last settled day.
    phase : Series of str, daily index
        "rising", "falling", "level", "silent" or "undetermined".
    phases : DataFrame
        One row per phase: ``phase``, ``first``, ``last``, ``days``, ``best`` (total), ``per_day``; while rising or
        falling also ``growth``, ``lower``, ``upper``, ``doubling_days`` and ``halving_days`` of the window nearest the
        phase's middle whose 95 % interval excludes no change on its side; ``reason`` (why undetermined; else "").
    comparisons : DataFrame, index "previous period" and, if declared, "baseline"
        The latest period against another: days, totals and rates of both, ``ratio`` with ``lower`` and ``upper``, and
        ``reason`` where one of these cannot be told.
    weeks : DataFrame
        One row per week from Monday: ``first``, ``last``, ``days`` (settled), ``low``, ``best``, ``high``, ``per_day``,
        ``ratio`` to the week before with ``lower`` and ``upper``, ``reason`` (why there is no ratio). A side whose
        counts, so clustered, are worth less than one independent event sets no end of the interval.
    rule : str
        How phases were named, in words.
    level : float
        Confidence level of every interval.
    warnings : tuple of str
        Reasons why a right number is weaker than it looks.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> escalation = ct.measure_escalation(daily)
    >>> escalation.phases[["phase", "first", "last"]].head(3)
         phase      first       last
    0    level 2019-04-20 2019-08-31
    1  falling 2019-09-01 2019-09-19
    2    level 2019-09-20 2019-09-30
    """

    daily: DailySeries
    window_days: int
    rates: pd.DataFrame
    growth: pd.DataFrame
    phase: pd.Series
    phases: pd.DataFrame
    comparisons: pd.DataFrame
    weeks: pd.DataFrame
    rule: str
    level: float
    warnings: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One row per phase, in order of time."""
        return self.phases.copy()


def measure_escalation(
    daily: DailySeries,
    *,
    baseline: tuple[Day, Day] | None = None,
    window_days: int = WINDOW_DAYS,
    weekday: bool = True,
    level: float = 0.95,
) -> Escalation:
    """Measure the rate, its growth per week and its phases.

    In every window of `window_days` a log-linear trend is fitted by negative binomial regression; how far days remember
    each other is learnt from all windows together. A day is in a rising (falling) phase if it is the middle of a window
    whose interval lies above (below) no change and belongs to a run of such days too long to be chance anywhere in the
    series; interruptions of up to ``window_days // 14`` days are bridged. Days within half a window of either end take
    the phase of the outermost window. At least 14 observed days in succession without a single count are silent; one
    unobserved day between two of them does not end a silence. Level means that no rise or fall is established, not that
    there is none. A phase is dated by middles of windows, so a sudden change shows as a phase around its day;
    `detect_changepoints` dates sudden changes.

    Where the series has draws (allocations of records of several days by chance), every window's trend is fitted to
    each of m draws and the fits are pooled by Rubin's rules, so that growth and phases hold the dating's uncertainty;
    this takes m times as long. The totals of rates, weeks and comparisons are those of the series, as a warning says.

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days are missing, not 0.
    baseline : (first, last), optional
        A period to compare the latest 28 days with, inclusive; it ends before those begin.
    window_days : int, default 42
        Length of the windows for growth, 28 or more.
    weekday : bool, default True
        Whether a profile of the days of the week, where it can be told, is taken out of the growth.
    level : float, default 0.95
        Confidence level of the intervals shown. Phases are always named by 95 % intervals.

    Returns
    -------
    Escalation
        Series too short or too sparse give phases "undetermined" with the reason, not an error.

    Raises
    ------
    TooLittleData
        If no day is observed and settled.
    CoverageError
        If the baseline lies outside the series, holds no settled day or shares days with the latest period.
    UnknownNameError
        If the windows are too short.

    References
    ----------
    Zeger (1988), Biometrika 75(4), 621-629 (regression of counts that remember); Kent (1982), Biometrika 69(1), 19-27
    (scaled likelihood ratio); Rubin (1987), Multiple Imputation for Nonresponse in Surveys, section 3.1; Brown, Cai &
    DasGupta (2001), Statistical Science 16(2), 101-133 (Jeffreys intervals).

    Examples
    --------
    >>> import pandas as pd
    >>> from conflictts import DailySeries, measure_escalation
    >>> days = pd.date_range("2020-01-01", periods=150)
    >>> counts = [4.0, 3.0, 5.0] * 25 + [1.0, 0.0, 0.0] * 25
    >>> found = measure_escalation(DailySeries.from_counts(pd.Series(counts, days)))
    >>> found.summary()["phase"].tolist()
    ['level', 'falling', 'level']
    """
    require_kind(daily, DailySeries, "daily")
    refuse_level(level)
    if window_days < 28:
        raise UnknownNameError(f"window_days = {window_days} is too short. Give 28 or more days.")
    settled = daily.settled
    if settled.notna().sum() == 0:
        raise TooLittleData(f"None of {len(settled)} days is observed and settled. Wait, or widen the coverage.")
    first, last = settled.first_valid_index(), settled.last_valid_index()
    inside = settled.loc[first:last]
    offset = weekday_offset(daily) if weekday else np.zeros(len(settled))
    part = settled.index.slice_indexer(first, last)
    draws = None if daily.draws is None else daily.draws.loc[first:last].to_numpy(dtype=float).T
    rolling = rolling_growth(inside.to_numpy(), offset[part], window_days, draws)
    ends = rolling.interval(level)
    growth = _growth_table(inside, rolling, ends, window_days)
    factor = _factor_of_day(inside, rolling.factor, window_days)
    daily_factor = _factor_of_day(inside, rolling.daily_factor, window_days)
    memory = np.eye(1, 14)[0] if rolling.memory is None else autocorrelation(rolling.memory, 14)
    shortest = shortest_run_of(len(inside), window_days)
    for_phases = ends if level == PHASE_LEVEL else rolling.interval(PHASE_LEVEL)
    side = (for_phases[0] > 0) * 1.0 - (for_phases[1] < 0)
    phase, reason = _phases_of_days(settled, rolling, side, window_days, shortest)
    table = daily.table.loc[first:last].where(inside.notna())
    return Escalation(
        daily=daily,
        window_days=window_days,
        rates=_rates(settled, factor, level),
        growth=growth,
        phase=phase,
        phases=_phase_table(phase, reason, settled, growth, side),
        comparisons=compare_periods(inside, factor, baseline, level),
        weeks=week_on_week(table, daily_factor, memory, level),
        rule=_rule(window_days, shortest),
        level=level,
        warnings=_warnings(inside, growth, drawn=daily.draws is not None),
    )


def _growth_table(counts: pd.Series, rolling: RollingGrowth, ends: Ends, window_days: int) -> pd.DataFrame:
    n_windows = len(rolling.slope)
    middle = window_days // 2
    index = pd.DatetimeIndex(counts.index)
    doubling, halving = times(rolling.slope, *ends)
    growth, lower, upper = factor_of(rolling.slope, *ends)
    windows = counts.rolling(window_days, min_periods=1)
    columns = {
        "first": index[:n_windows],
        "last": index[window_days - 1 :] if n_windows else index[:0],
        "growth": growth,
        "lower": lower,
        "upper": upper,
        "doubling_days": doubling,
        "halving_days": halving,
        "reason": rolling.reason,
        "largest_share": (windows.max() / windows.sum()).to_numpy()[window_days - 1 :][:n_windows],
    }
    return pd.DataFrame(columns, index=index[middle : middle + n_windows].rename("day"))


def _factor_of_day(counts: pd.Series, of_window: np.ndarray, window_days: int) -> pd.Series:
    return pd.Series(factor_of_days(counts.to_numpy(), of_window, window_days), counts.index)


def factor_of_days(counts: np.ndarray, of_window: np.ndarray, window_days: int) -> np.ndarray:
    """Variance over mean of a total around each day, shape (n_days,).

    That of the window whose middle is nearest, up to half a window off; where none tells, that of single days of the
    whole series.
    """
    from conflictts.truce import _trend_windows

    return _trend_windows.factor_of_days(counts, of_window, window_days // 2)  # type: ignore[no-any-return]


def _rates(settled: pd.Series, factor: pd.Series, level: float) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    spread = factor.reindex(settled.index).ffill().bfill()
    for name, centred in (("trailing", False), ("centred", True)):
        window = settled.rolling(RATE_DAYS, center=centred, min_periods=(RATE_DAYS + 1) // 2)
        days, total = window.count(), window.sum().clip(lower=0.0)
        known = total.notna()
        lower, upper = _rate_interval(total.where(known, 0.0), days.clip(lower=1.0), spread, level)
        columns[name] = total / days
        columns[f"{name}_lower"] = pd.Series(lower, settled.index).where(known)
        columns[f"{name}_upper"] = pd.Series(upper, settled.index).where(known)
    rates = pd.DataFrame(columns)
    short = ["trailing", "centred"]
    missing = rates[short].isna()
    rates["reason"] = ""
    for name in short:
        text = f"{name}: under half of {RATE_DAYS} days observed"
        joined = rates["reason"].where(rates["reason"] == "", rates["reason"] + "; ") + text
        rates["reason"] = rates["reason"].where(~missing[name], joined)
    return rates


def _rate_interval(total: pd.Series, days: pd.Series, factor: pd.Series, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Jeffreys interval of a rate on counts divided by their variance inflation; it begins at the rate at the latest.

    Counts worth far less than one event, or none, lie below where Jeffreys' interval begins.
    """
    shape = (total / factor + 0.5).to_numpy()
    scale = (factor / days).to_numpy()
    lower, upper = (gammaincinv(shape, tail) * scale for tail in ((1 - level) / 2, (1 + level) / 2))
    return np.minimum(lower, (total / days).to_numpy()), np.asarray(upper)


def shortest_run_of(n_days: int, window_days: int) -> int:
    """Windows in succession that must exclude no change on one side before a rise or fall is established."""
    n_windows = n_days - window_days + 1
    lengths = max((n_days - window_days) / window_days, 0.25)
    return max(1, min(math.ceil(window_days * (RUN_SHARE + RUN_GROWTH * math.log(lengths))), n_windows))


def names_of_windows(sign: np.ndarray, told: np.ndarray, shortest: int, window_days: int) -> np.ndarray:
    """Phase of each window from the side of no change on which its interval lies (0: neither), and whether it is told.

    Arrays have shape (n_windows,).
    """
    kept = _established(sign, shortest, window_days // BRIDGE_WEEKS)
    return np.select([kept > 0, kept < 0, told], ["rising", "falling", "level"], "undetermined")


def in_silence(counts: np.ndarray) -> np.ndarray:
    """Which days belong to a stretch of at least `SILENT_DAYS` observed days without a count.

    A single unobserved day between two of them is passed over; more end it.
    """
    seen = np.flatnonzero(~np.isnan(counts))
    quiet = counts[seen] == 0
    begins = np.ones(len(seen), dtype=bool)
    begins[1:] = (quiet[1:] != quiet[:-1]) | (np.diff(seen) > UNSEEN_DAYS + 1)
    block = np.cumsum(begins)
    silent = quiet & (np.bincount(block)[block] >= SILENT_DAYS)
    found = np.zeros(len(counts), dtype=bool)
    found[seen[silent]] = True
    for gap in np.flatnonzero(silent[1:] & ~begins[1:] & (np.diff(seen) > 1)):
        found[seen[gap] : seen[gap + 1]] = True
    return found


def _established(sign: np.ndarray, shortest: int, bridge: int) -> np.ndarray:
    """Signs of windows that belong to a run of at least `shortest` days, short interruptions filled; else 0."""
    kept = np.zeros(len(sign))
    for side in (1.0, -1.0):
        days = np.flatnonzero(sign == side)
        if not len(days):
            continue
        # a window of the other sign between two of this one ends the run, however short the interruption
        parts = np.split(days, np.flatnonzero(_cut(days, sign, bridge)) + 1)
        for run in parts:
            if run[-1] - run[0] + 1 >= shortest:
                kept[run[0] : run[-1] + 1] = side
    return kept


def _cut(days: np.ndarray, sign: np.ndarray, bridge: int) -> np.ndarray:
    """Whether a run ends between each day and the next of the same sign."""
    against = np.concatenate([[0], np.cumsum(sign == -sign[days[0]])])
    return np.asarray((np.diff(days) > bridge + 1) | (np.diff(against[days]) > 0))


def _phases_of_days(
    settled: pd.Series, rolling: RollingGrowth, side: np.ndarray, window_days: int, shortest: int
) -> tuple[pd.Series, pd.Series]:
    first, last = settled.first_valid_index(), settled.last_valid_index()
    inside = settled.loc[first:last]
    phase = pd.Series("undetermined", settled.index, dtype=object)
    reason = pd.Series("not observed, or provisional", settled.index, dtype=object)
    if len(rolling.slope):
        names = names_of_windows(side, rolling.reason == "", shortest, window_days)
        window = np.clip(np.arange(len(inside)) - window_days // 2, 0, len(names) - 1)
        phase.loc[first:last] = names[window]
        reason.loc[first:last] = np.where(names == "undetermined", rolling.reason, "")[window]
    else:
        reason.loc[first:last] = too_short(len(inside), window_days)
    silent = in_silence(inside.to_numpy())
    phase.loc[inside.index[silent]] = "silent"
    reason.loc[inside.index[silent]] = ""
    return phase, reason


def _phase_table(
    phase: pd.Series, reason: pd.Series, settled: pd.Series, growth: pd.DataFrame, side: np.ndarray
) -> pd.DataFrame:
    rows = []
    for _, days in phase.groupby((phase != phase.shift()).cumsum()):
        first, last = days.index[0], days.index[-1]
        counts = settled.loc[first:last]
        middle = first + (last - first) // 2
        row = {"phase": days.iloc[0], "first": first, "last": last, "days": len(days), "best": counts.sum()}
        row["per_day"] = counts.mean()
        if days.iloc[0] in ("rising", "falling"):
            telling = growth[side == (1.0 if days.iloc[0] == "rising" else -1.0)]
            nearest = telling.iloc[telling.index.get_indexer([middle.normalize()], method="nearest")[0]]
            row |= nearest[GROWTH_COLUMNS].to_dict()
        row["reason"] = reason.loc[first:last].value_counts().index[0]
        rows.append(row)
    columns = ["phase", "first", "last", "days", "best", "per_day", *GROWTH_COLUMNS, "reason"]
    return pd.DataFrame(rows, columns=columns)


def _rule(window_days: int, shortest: int) -> str:
    return (
        f"rising or falling: at least {shortest} days in succession (up to {window_days // BRIDGE_WEEKS} days of "
        f"interruption bridged) are middles of {window_days}-day windows whose {PHASE_LEVEL:.0%} interval of growth "
        f"excludes no change on the same side; silent: at least {SILENT_DAYS} observed days without a count, "
        f"single unobserved days between them passed over; level: "
        f"neither; undetermined: too few counts or observed days"
    )


class OneDay(NamedTuple):
    """Windows of which a single day holds over half of the counts, and the largest of these days."""

    windows: int
    day: pd.Timestamp
    toll: float


def windows_of_one_day(growth: pd.DataFrame, counts: pd.Series) -> OneDay | None:
    """How many windows tell of a single day, and of which; None where none does.

    Parameters
    ----------
    growth : DataFrame
        As `Escalation.growth`.
    counts : Series, daily index
        NaN where not settled.
    """
    heavy = growth[growth["largest_share"] > 0.5]
    if heavy.empty:
        return None
    around = counts.loc[heavy["first"].iloc[0] : heavy["last"].iloc[-1]]
    return OneDay(len(heavy), around.idxmax(), float(around.max()))


def _warnings(counts: pd.Series, growth: pd.DataFrame, *, drawn: bool) -> tuple[str, ...]:
    said: list[str] = []
    if drawn:
        said.append(
            "growth and phases are pooled over the draws; the intervals of rates, weeks and comparisons leave out how "
            "records were dated"
        )
    found = windows_of_one_day(growth, counts)
    if found is not None:
        said.append(
            f"in {found.windows:,} of {len(growth):,} windows a single day holds over half of the counts, the "
            f"largest {found.day:%Y-%m-%d} with {toll(found.toll)}: growth there is the story of one day"
        )
    return tuple(said)
