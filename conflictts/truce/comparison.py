"""One stretch of days against another: the ratio of their rates, with an interval that allows for clustered days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import fdtri

from conflictts.errors import CoverageError
from conflictts.series.daily import Day, pair_of_days
from conflictts.series.numerals import toll

PERIOD_DAYS = 28  # of the latest period, and of the previous one
LEAST_EFFECTIVE = 1.0  # effective counts on a side; with fewer the prior alone would set that end of the interval


def compare_periods(
    counts: pd.Series, factor: pd.Series, baseline: tuple[Day, Day] | None, level: float
) -> pd.DataFrame:
    """Compare the last `PERIOD_DAYS` with as many before them, and with a declared baseline.

    Raises
    ------
    CoverageError
        If the baseline lies outside the series, holds no settled day or shares days with the latest period.
    """
    one = pd.Timedelta(days=1)
    end = counts.index[-1]
    latest = (end - (PERIOD_DAYS - 1) * one, end)
    others = {"previous period": (latest[0] - PERIOD_DAYS * one, latest[0] - one)}
    if others["previous period"][1] >= counts.index[0] > others["previous period"][0]:
        others["previous period"] = (counts.index[0], latest[0] - one)
    if baseline is not None:
        others["baseline"] = pair_of_days(baseline, "baseline")
        first, last = others["baseline"]
        if first < counts.index[0] or last > end or counts.loc[first:last].notna().sum() == 0:
            raise CoverageError(
                f"The baseline {first:%Y-%m-%d}..{last:%Y-%m-%d} must hold settled days of the series, which are "
                f"{counts.index[0]:%Y-%m-%d}..{end:%Y-%m-%d}."
            )
        if last >= latest[0]:
            raise CoverageError(
                f"The baseline {first:%Y-%m-%d}..{last:%Y-%m-%d} shares days with the latest period, "
                f"{latest[0]:%Y-%m-%d}..{end:%Y-%m-%d}, which would be compared with itself. End it sooner."
            )
    rows = {}
    for name, (first, last) in others.items():
        row: dict[str, object] = {"first": latest[0], "last": latest[1], "other_first": first, "other_last": last}
        now, then = counts.loc[latest[0] : latest[1]], counts.loc[first:last]
        before, after = (side_of(days.to_numpy(), factor.loc[days.index].to_numpy()) for days in (then, now))
        row |= {"days": int(now.count()), "other_days": int(then.count()), "best": now.sum(), "other_best": then.sum()}
        row |= {"per_day": now.mean(), "other_per_day": then.mean()}
        rows[name] = row | ratio_of_sides(before, after, level, (PERIOD_DAYS + 1) // 2)
    return pd.DataFrame.from_dict(rows, orient="index")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: settled days, their total, and the variance inflation around them."""

    days: int
    total: float
    factor: float

    @property
    def effective(self) -> float:
        """Counts divided by their variance inflation: as many independent events know as much."""
        return self.total / self.factor


def side_of(counts: np.ndarray, factor: np.ndarray) -> Side:
    """A side from its counts, NaN where not settled, and the variance inflation around each of its days."""
    known = counts[np.isfinite(counts)]
    return Side(len(known), float(known.sum()), float(factor.mean()) if len(factor) else 1.0)


def _week(counts: np.ndarray, factor: float) -> Side:
    return Side(int(np.isfinite(counts).sum()), float(np.nansum(counts)), max(factor, 1.0))


def ratio_of_sides(then: Side, now: Side, level: float, least_days: int) -> dict[str, object]:
    """Rate of `now` over rate of `then`: a Jeffreys ratio on counts divided by their variance inflation."""
    unknown = {"ratio": np.nan, "lower": np.nan, "upper": np.nan}
    fewest = min(then.days, now.days)
    if fewest < least_days:
        days = "day" if fewest == 1 else "days"
        return unknown | {"reason": f"only {fewest} settled {days} on one side, {least_days} are needed"}
    if then.total + now.total == 0:
        return unknown | {"reason": "no counts on either side"}
    few_before, few_now = then.effective < LEAST_EFFECTIVE, now.effective < LEAST_EFFECTIVE
    if few_before and few_now:
        counts = f"{toll(then.total)} and {toll(now.total)}"
        return unknown | {"reason": f"too clustered to compare: {counts}, each worth less than one independent event"}
    before, after = then.effective + 0.5, now.effective + 0.5
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    scale = (after * now.factor / now.days) / (before * then.factor / then.days)
    lower, upper = fdtri(2 * after, 2 * before, tails) * scale
    if few_now:
        lower = 0.0
    if few_before:
        few = f"{'too few' if then.total else 'no'} counts before: only a lower end"
        return {"ratio": np.nan, "lower": float(lower), "upper": np.inf, "reason": few}
    ratio = (now.total / now.days) / (then.total / then.days)
    return {"ratio": ratio, "lower": float(lower), "upper": float(upper), "reason": ""}


def remembered(then: np.ndarray, now: np.ndarray, autocorrelation: np.ndarray) -> float:
    """How many times memory multiplies the variance of the difference of the means of two adjoining stretches of days.

    Memory swells the variance of either mean, but what the two share leaves their difference; between neighbouring
    weeks that is much of it. Where each stretch is one number spread over its days, as of a bulletin, they share
    nothing, and all their days are worth one.

    Parameters
    ----------
    then, now : ndarray of float, shapes (n_then,) and (n_now,)
        Counts; NaN on days not observed. Each has a day that is.
    autocorrelation : ndarray
        By distance in days from 0; as long as both stretches.
    """
    fewer, more = sorted(int(np.isfinite(counts).sum()) for counts in (then, now))
    if fewer > 1 and all(np.nanmin(counts) == np.nanmax(counts) for counts in (then, now)):
        return float(more)
    parts = [sign * np.isfinite(counts) / np.isfinite(counts).sum() for sign, counts in ((-1, then), (1, now))]
    pull = np.concatenate(parts)
    day = np.arange(len(pull))
    return float(pull @ autocorrelation[np.abs(day[:, None] - day)] @ pull / (pull @ pull))


def week_on_week(
    table: pd.DataFrame, daily_factor: pd.Series, autocorrelation: np.ndarray, level: float
) -> pd.DataFrame:
    """Totals per week from Monday, and the ratio of each week's rate to that of the week before.

    Parameters
    ----------
    table : DataFrame, daily index
        low, best and high; NaN on days that are not settled.
    daily_factor : Series, daily index
        Variance over mean of a total around each day, were days independent.
    autocorrelation : ndarray, shape (14,)
        By distance in days from 0.
    """
    index = pd.DatetimeIndex(table.index)
    begins = np.flatnonzero((index.day_of_week == 0) | (np.arange(len(index)) == 0))
    totals = table[["low", "best", "high"]].to_numpy()
    spread = daily_factor.to_numpy()
    rows: list[dict[str, object]] = []
    before: tuple[np.ndarray, float] | None = None  # counts of the week before, and its factor
    for begin, end in zip(begins, [*begins[1:], len(index)], strict=True):
        week = totals[begin:end]
        days = int(np.isfinite(week[:, 1]).sum())
        low, best, high = np.nansum(week, axis=0) if days else np.full(3, np.nan)
        factor = float(spread[begin:end].mean())
        row: dict[str, object] = {"first": index[begin], "last": index[end - 1], "days": days}
        row |= {"low": low, "best": best, "high": high, "per_day": best / days if days else np.nan}
        if before is None:
            row |= {"ratio": np.nan, "lower": np.nan, "upper": np.nan, "reason": "first week"}
        else:
            (then, then_factor), now = before, week[:, 1]
            both = bool(np.isfinite(then).any() and np.isfinite(now).any())
            memory = remembered(then, now, autocorrelation) if both else 1.0
            row |= ratio_of_sides(_week(then, then_factor * memory), _week(now, factor * memory), level, 4)
        rows.append(row)
        before = (week[:, 1], factor)
    return pd.DataFrame(rows)
