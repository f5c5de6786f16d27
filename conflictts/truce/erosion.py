"""How a calm wears off: growth of the rate per week after a truce's date, and when it brings the rate back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.truce.design import make_design
from conflictts.truce.few_counts import FEW_AFTER, FEW_BEFORE
from conflictts.truce.ratios import hundredths
from conflictts.truce.regression import fit_design
from conflictts.truce.stretches import log_ratio_on_days
from conflictts.truce.window import refuse_boundless

HORIZON = 3  # times the days of the truce that were watched; nothing is told beyond


@dataclass(frozen=True, slots=True, eq=False)
class Erosion:
    """Steady growth of the rate over a truce's days, beside the step at its first.

    Attributes
    ----------
    per_week, lower, upper : float
        Factor per week; 1 is no erosion.
    back : DataFrame, index the declared share and 1
        ``day`` on which the fitted rate is back at that share of the rate before, ``days`` from the truce's first,
        with ``lower`` and ``upper`` (infinite where the interval has no end within three times the days watched, and
        NaN or NaT throughout unless the interval of the growth lies above 1 and the rate begins below the share). At
        one half they are told as the half-life of the calm, which they are if it began near 0. In simulations their
        95 % interval held them in 87 to 98 % (benchmarks/courses.py).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> erosion = ct.truce_course(daily, case.truces["TRC-5"]).erosion
    >>> erosion.sentence().partition(" At that growth ")[0]
    'Over its days the rate grew by a factor of 1.14 a week (1.06 to 1.23).'
    >>> erosion.sentence().partition(" At that growth ")[2]
    'half of the rate before is back after 94 days (60 to 154), the half-life of the calm.'
    """

    per_week: float
    lower: float
    upper: float
    back: pd.DataFrame

    def sentence(self) -> str:
        """Growth per week with its interval, and after how many days it brings back the share of the rate before."""
        growth = f"{hundredths(self.per_week)} a week ({hundredths(self.lower)} to {hundredths(self.upper)})"
        if not self.lower > 1:
            return f"No steady growth over its days is established: a factor of {growth}."
        told, again = f"Over its days the rate grew by a factor of {growth}.", "of the rate before is"
        share, (days, lower, upper) = self.back.index[0], self.back[["days", "lower", "upper"]].iloc[0]
        if np.isnan(days):  # the rate begins above it
            return told
        part, name = ("half", ", the half-life of the calm") if share == 0.5 else (f"{share:.0%}", "")
        if np.isinf(days):
            end = f" ({lower:,.0f} days or more)" if np.isfinite(lower) else ""
            return f"{told} At that growth {part} {again} not back within {HORIZON} times the days watched{end}."
        end = f"to {upper:,.0f}" if np.isfinite(upper) else "or more"
        return f"{told} At that growth {part} {again} back after {days:,.0f} days ({lower:,.0f} {end}){name}."


def measure_erosion(counts: np.ndarray, start: int, days: pd.DatetimeIndex, *, share: float, level: float) -> Erosion:
    """Fit step, growth and weekday profile to the days before and of a truce.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
        NaN where not observed; ends with the truce's last day.
    start : int
        Position of the truce's first day.
    days : DatetimeIndex
        At least as many as counts.

    Raises
    ------
    TooLittleData
        If there are under 20 counts before or 10 after, or the regression says nothing.
    """
    n_before, n_after = np.nansum(counts[:start]), np.nansum(counts[start:])
    if n_before < FEW_BEFORE or n_after < FEW_AFTER:
        raise TooLittleData(
            f"Too few counts ({n_before:g} before, {n_after:g} after; {FEW_BEFORE} and {FEW_AFTER} are needed)."
        )
    day_of_week = days.day_of_week.to_numpy()[: len(counts)]
    fit = fit_design(
        make_design(counts, first_after=start, day_of_week=day_of_week, model="level+erosion", weekday=True)
    )
    growth, half = fit.coefficients[2], fit.half_width(np.eye(len(fit.coefficients))[2], level)
    refuse_boundless("growth per week", half)
    now, back = np.exp(fit.coefficients[1]), {}
    for part in (share, 1.0):
        row: dict[str, object] = {"day": pd.NaT, "days": np.nan, "lower": np.nan, "upper": np.nan}
        if growth - half > 0 and now < part:
            reach = HORIZON * (np.flatnonzero(~np.isnan(counts))[-1] + 1 - start)
            log = log_ratio_on_days(fit, np.arange(reach + 1) / 7, level)
            estimate, latest, earliest = (_first_at_least(curve, float(np.log(part))) for curve in log)
            day = days[start] + pd.Timedelta(days=int(np.ceil(estimate))) if np.isfinite(estimate) else pd.NaT
            row = {"day": day, "days": estimate, "lower": earliest, "upper": latest}
        back[part] = row
    per_week, lower, upper = (float(value) for value in np.exp([growth, growth - half, growth + half]))
    return Erosion(per_week=per_week, lower=lower, upper=upper, back=pd.DataFrame.from_dict(back, orient="index"))


def _first_at_least(curve: np.ndarray, bound: float) -> float:
    """Where a curve given at 0, 1, 2 ... first reaches a bound, between its points; infinity where it does not."""
    reached = np.flatnonzero(curve >= bound)
    if len(reached) == 0:
        return float("inf")
    k = int(reached[0])
    return 0.0 if k == 0 else float(k - (curve[k] - bound) / (curve[k] - curve[k - 1]))
