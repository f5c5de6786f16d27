"""How a calm wears off: growth of the rate per week after a truce's date, and when it brings the rate back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.truce.design import Design, make_design
from conflictts.truce.few_counts import FEW_AFTER, FEW_BEFORE
from conflictts.truce.memories import MAX_LAG, PHI, weigh_memories
from conflictts.truce.negbin import NegBinFit, fit_negbin
from conflictts.truce.ratios import growth_with_limits, hundredths
from conflictts.truce.regression import fit_design
from conflictts.truce.stretches import log_ratio_on_days
from conflictts.truce.window import refuse_boundless

ANSWERS = 0.05  # autocorrelation, from which a day's counts are taken to answer to those of so many days before
HORIZON = 3  # times the days of the truce that were watched; nothing is told beyond


@dataclass(frozen=True, slots=True, eq=False)
class Erosion:
    """Steady growth of the rate over a truce's days.

    Attributes
    ----------
    per_week, lower, upper : float
        Factor per week; 1 is no erosion.
    back : DataFrame, index the declared share and 1
        ``day`` on which the fitted rate is back at that share of the rate before, ``days`` from the truce's first,
        with ``lower`` and ``upper`` (infinite where the interval has no end within three times the days watched, and
        NaN or NaT throughout unless the interval of the growth lies above 1 and the rate begins below the share). At
        one half they are told as the half-life of the calm, which they are if it began near 0. In simulations their
        95 % interval held them in 91 to 100 % (benchmarks/courses.py).
    left_out : int
        First days of the truce that growth is not fitted to, since their counts may still answer to the days before.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> erosion = ct.truce_course(daily, case.truces["TRC-5"]).erosion
    >>> erosion.sentence().partition(" At that growth ")[0]
    'Over its days the rate grew by a factor of 1.14 a week (1.01 to 1.30).'
    >>> erosion.sentence().partition(" At that growth ")[2]
    'half of the rate before is back after 94 days (52 or more), the half-life of the calm.'
    """

    per_week: float
    lower: float
    upper: float
    back: pd.DataFrame
    left_out: int = 0

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
    """Fit growth to the days of a truce and a steady rate to those before, each with the variance and memory it has.

    Both share one weekday profile. The first days of the truce, whose counts may still answer to the violence before
    it, are left out: those at whose distance the autocorrelation is expected to be a twentieth or more.

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
        If there are under 20 counts before or 10 on the truce's days that are left, or the regression says nothing.
    """
    n_before, n_after = np.nansum(counts[:start]), np.nansum(counts[start:])
    if n_before < FEW_BEFORE or n_after < FEW_AFTER:
        raise TooLittleData(
            f"Too few counts ({n_before:g} before, {n_after:g} after; {FEW_BEFORE} and {FEW_AFTER} are needed)."
        )
    day_of_week = days.day_of_week.to_numpy()[: len(counts)]
    design = make_design(counts, first_after=start, day_of_week=day_of_week, model="level+erosion", weekday=True)
    both = fit_design(design)
    calm, left_out = fit_calm(design, both, start)
    steady = _fit_some(design, both, ~design.after, np.ones(((~design.after).sum(), 1)))
    growth, half = growth_of(calm, level)
    now, back = np.exp(calm.coefficients[0] - steady.coefficients[0]), {}
    for part in (share, 1.0):
        row: dict[str, object] = {"day": pd.NaT, "days": np.nan, "lower": np.nan, "upper": np.nan}
        if growth - half > 0 and now < part:
            reach = HORIZON * (int(design.used[-1]) + 1 - start)
            log = log_ratio_on_days(calm, steady, np.arange(reach + 1) / 7, level)
            estimate, latest, earliest = (_first_at_least(curve, float(np.log(part))) for curve in log)
            day = days[start] + pd.Timedelta(days=int(np.ceil(estimate))) if np.isfinite(estimate) else pd.NaT
            row = {"day": day, "days": estimate, "lower": earliest, "upper": latest}
        back[part] = row
    per_week, lower, upper = (float(value) for value in np.exp([growth, growth - half, growth + half]))
    return Erosion(per_week, lower, upper, pd.DataFrame.from_dict(back, orient="index"), left_out)


def fit_calm(design: Design, both: NegBinFit, start: int) -> tuple[NegBinFit, int]:
    """Level and growth per week of the days after the date, with the variance and memory that these days have.

    Parameters
    ----------
    design : Design
        Of "level+erosion".
    both : NegBinFit
        Its regression; weekday profile and memory beyond the date are taken from it.
    start : int
        Position of the truce's first day.

    Returns
    -------
    fit : NegBinFit
    left_out : int
        First days that it leaves out, whose counts may still answer to those before the date.

    Raises
    ------
    TooLittleData
        If there are under 10 counts on the days that are left, or their regression says nothing.
    """
    left_out = _answering(both, design)
    after = design.used >= start + left_out
    if design.counts[after].sum() < FEW_AFTER:
        raise TooLittleData(
            f"Too few counts ({design.counts[after].sum():g} after the first {left_out} days, which may still answer "
            f"to those before; {FEW_AFTER} are needed)."
        )
    weeks = (design.used[after] - start) / 7
    return _fit_some(design, both, after, np.column_stack([np.ones(len(weeks)), weeks])), left_out


def growth_of(calm: NegBinFit, level: float) -> tuple[float, float]:
    """Log growth per week, and the half width of its interval."""
    growth, half = float(calm.coefficients[1]), calm.half_width(np.array([0.0, 1.0]), level)
    refuse_boundless("growth per week", half)
    return growth, half


def about_growth(design: Design, both: NegBinFit, start: int, level: float) -> list[str]:
    """Whether counts answer to those before the date, so that growth is better told from later days alone; in words."""
    left_out = _answering(both, design)
    if left_out == 0:
        return []
    said = f"counts may answer to those of {left_out} days before, so a fall at the date may take days"
    try:
        growth, half = growth_of(fit_calm(design, both, start)[0], level)
    except TooLittleData as refusal:
        return [f"{said}; growth on later days alone cannot be told: {str(refusal).split('. ')[0].removesuffix('.')}"]
    alone = growth_with_limits(*np.exp([growth, growth - half, growth + half]))
    return [f"{said}: without its first {left_out}, and by the truce's days alone, the growth would be {alone} a week"]


def _answering(both: NegBinFit, design: Design) -> int:
    """How many days after a change counts still answer to those before it; at most a quarter of those after it."""
    weights, phi, share = weigh_memories(both.residuals, design.used - design.used[0], design.n_slow)
    lags = np.arange(1, min(MAX_LAG, int(design.after.sum()) // 4) + 1)
    expected = (weights * share) @ PHI[phi][:, None] ** lags
    return int((expected >= ANSWERS).sum())


def _fit_some(design: Design, both: NegBinFit, some: np.ndarray, columns: np.ndarray) -> NegBinFit:
    """The regression of some of the days on columns of their own, the weekday profile and offset known."""
    known = design.matrix[some, design.n_slow :] @ both.coefficients[design.n_slow :]
    return fit_negbin(
        design.counts[some], columns, slow_columns=columns.shape[1], day=design.used[some],
        offset=known + design.offset[design.used[some]],
    )  # fmt: skip


def _first_at_least(curve: np.ndarray, bound: float) -> float:
    """Where a curve given at 0, 1, 2 ... first reaches a bound, between its points; infinity where it does not."""
    reached = np.flatnonzero(curve >= bound)
    if len(reached) == 0:
        return float("inf")
    k = int(reached[0])
    return 0.0 if k == 0 else float(k - (curve[k] - bound) / (curve[k] - curve[k - 1]))
