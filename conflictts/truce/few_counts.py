"""The effect where counts are too few for a regression: a ratio of two rates on effective counts. Arrays in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import fdtri, gammaincinv

from conflictts.truce.negbin import fit_negbin
from conflictts.truce.toll import Interval, expected_rates, named_interval
from conflictts.truce.window import refuse_small_counterfactual


@dataclass(frozen=True, slots=True)
class FewCounts:
    """Intervals from few counts; estimates are posterior medians.

    Attributes
    ----------
    ratio, would, was : (estimate, lower, upper)
        Rate ratio; toll after the date at the rate before; toll after the date at the rate after.
    averted : (estimate, lower, upper)
    alpha : float
        NB dispersion of the side with more counts.
    dispersion : float
        Its variance over its mean.
    inflation : float
        How many times its memory multiplies the variance of its mean; at least 1.
    """

    ratio: Interval
    would: Interval
    was: Interval
    averted: Interval
    alpha: float
    dispersion: float
    inflation: float


def few_counts_ratio(counts: np.ndarray, after: np.ndarray, day: np.ndarray, level: float) -> FewCounts:
    """Jeffreys gamma-Poisson ratio on counts divided by the variance inflation of the side that has more of them.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
    after : ndarray of bool, shape (n_days,)
    day : ndarray of int, shape (n_days,)
        Day numbers, increasing.
    level : float

    Returns
    -------
    FewCounts
    """
    before_total, after_total = counts[~after].sum(), counts[after].sum()
    days_before, days_after = int((~after).sum()), int(after.sum())
    richer = after == (after_total > before_total)
    side = fit_negbin(counts[richer], np.ones((richer.sum(), 1)), slow_columns=1, day=day[richer])
    inflation = max(side.inflation(np.ones(1)), 1.0)
    dispersion = float(side.independent[0, 0]) * side.mean.sum()
    factor = dispersion * inflation

    tails = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    shape_before, shape_after = before_total / factor + 0.5, after_total / factor + 0.5
    scale = (shape_after / days_after) / (shape_before / days_before)
    ratio = fdtri(2 * shape_after, 2 * shape_before, tails) * scale
    would = gammaincinv(shape_before, tails) * factor / days_before * days_after
    was = gammaincinv(shape_after, tails) * factor
    averted = would[0] - was[0]
    return FewCounts(
        ratio=_triple(ratio),
        would=_triple(would),
        was=_triple(was),
        averted=(
            float(averted),
            float(averted - np.hypot(would[0] - would[1], was[2] - was[0])),
            float(averted + np.hypot(would[2] - would[0], was[0] - was[1])),
        ),
        alpha=side.alpha,
        dispersion=dispersion,
        inflation=inflation,
    )


def _triple(values: np.ndarray) -> Interval:
    return float(values[0]), float(values[1]), float(values[2])


def answer_of_few_counts(best: np.ndarray, after: np.ndarray, days: pd.DatetimeIndex, level: float) -> dict[str, Any]:
    """The fields of a TruceEffect that the ratio on effective counts gives."""
    used = np.flatnonzero(~np.isnan(best))
    days_after = int(after[used].sum())
    before = best[used][~after[used]]
    found = few_counts_ratio(best[used], after[used], used, level)
    refuse_small_counterfactual(before.mean() * days_after, found.dispersion)
    would, lower, upper = (np.full(len(days), value / days_after) for value in found.would)
    fitted = np.where(after, found.was[0], found.would[0]) / days_after
    first_after = days[after][0]
    return {
        "method": "few-counts",
        "rate_ratio": found.ratio[0],
        "lower": found.ratio[1],
        "upper": found.ratio[2],
        **named_interval("counterfactual", found.would),
        **named_interval("averted", found.averted),
        **named_interval("per_week", (None, None, None)),
        "expected": expected_rates(days, first_after, fitted, would, lower, upper),
        "alpha": found.alpha,
        "inflation": found.inflation,
        "fit": None,
        "design": None,
    }
