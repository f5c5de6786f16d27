"""The effect where counts are too few for a regression: a ratio of two rates on effective counts. Arrays in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import digamma, fdtr, fdtrc, gammainc, gammaincinv, zeta

from conflictts.errors import TooLittleData
from conflictts.truce.design import Model
from conflictts.truce.negbin import NegBinFit, fit_negbin
from conflictts.truce.toll import Interval, expected_rates, named_interval
from conflictts.truce.window import refuse_small_counterfactual

FEW_BEFORE, FEW_AFTER = 20, 10  # counts from which a regression answers
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def too_few_to_regress(n_before: float, n_after: float, model: Model, *, with_offset: bool) -> bool:
    """Whether the ratio on effective counts takes the regression's place; it knows no slope and no offset."""
    if n_before >= FEW_BEFORE and n_after >= FEW_AFTER:
        return False
    if model != "level" or with_offset:
        raise TooLittleData(
            f"Too few counts ({n_before:g} before, {n_after:g} after; {FEW_BEFORE} and {FEW_AFTER} are needed) for "
            f"{'a model with a slope' if model != 'level' else 'an offset'}. Use model='level' without an offset, "
            "or widen the window."
        )
    return True


@dataclass(frozen=True, slots=True)
class FewCounts:
    """Intervals from few counts: quantiles of a posterior; estimates are its medians.

    Attributes
    ----------
    ratio, would, was : (estimate, lower, upper)
        Rate ratio; toll after the date at the rate before; toll after the date at the rate after.
    averted : (estimate, lower, upper)
        The estimate is that of `would` less that of `was`. Above 0 throughout exactly when `ratio` is below 1.
    alpha : float
        NB dispersion of the side with more counts.
    dispersion : float
        Its variance over its mean; at least 1.
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


@dataclass(frozen=True, slots=True)
class LogRatio:
    """A rate ratio as a panel's table and `pool_effects` take it.

    Attributes
    ----------
    p_value : float
        Two-sided, of no change.
    effective_before, effective_after : float
        Counts on either side, over how many times their variance exceeds that of a Poisson count.
    exposure : float
        Effective count after the date that one before it would lead to expect were there no change.
    """

    log_ratio: float
    standard_error: float
    p_value: float
    effective_before: float
    effective_after: float
    exposure: float


def few_counts_ratio(
    counts: np.ndarray, after: np.ndarray, day: np.ndarray, level: float, draws: np.ndarray | None = None
) -> FewCounts:
    """Jeffreys gamma-Poisson ratio on counts divided by the variance inflation of the side that has more of them.

    Parameters
    ----------
    counts : ndarray, shape (n_days,)
    after : ndarray of bool, shape (n_days,)
    day : ndarray of int, shape (n_days,)
        Day numbers, increasing.
    draws : ndarray, shape (n_days, n_draws), optional
        Equally plausible completions of the counts: the posterior is then the average of theirs, with the inflation of
        `counts`.

    References
    ----------
    Price & Bonett (2000), Computational Statistics & Data Analysis 34(3), 345-356 (ratio of two Poisson rates).
    """
    days_before, days_after = int((~after).sum()), int(after.sum())
    side, dispersion, inflation = _richer_side(counts, after, day)
    factor = dispersion * inflation
    shape_before, shape_after = _shapes(counts, after, factor, draws)
    scale = (shape_after / days_after) / (shape_before / days_before)
    would_scale = factor / days_before * days_after
    was_at = gammaincinv(shape_after[:, None], (_NODES + 1) / 2) * factor

    def averted_below(toll: float) -> float:
        below = gammainc(shape_before[:, None], np.maximum(toll + was_at, 0.0) / would_scale)
        return float((below @ _WEIGHTS).mean() / 2)

    tails = (0.5, (1 - level) / 2, (1 + level) / 2)
    ratio = _positive(lambda r: float(fdtr(2 * shape_after, 2 * shape_before, r / scale).mean()), tails, scale.mean())
    would = _positive(lambda toll: float(gammainc(shape_before, toll / would_scale).mean()), tails, would_scale)
    was = _positive(lambda toll: float(gammainc(shape_after, toll / factor).mean()), tails, factor)
    middle = would[0] - was[0]
    width = (would[2] - would[1]) + (was[2] - was[1])
    lower, upper = (_where(averted_below, tail, middle, width) for tail in tails[1:])
    return FewCounts(
        ratio=ratio,
        would=would,
        was=was,
        averted=(middle, lower, upper),
        alpha=side.alpha,
        dispersion=dispersion,
        inflation=inflation,
    )


def log_ratio_posterior(
    counts: np.ndarray, after: np.ndarray, day: np.ndarray, draws: np.ndarray | None = None
) -> LogRatio:
    """The log of that ratio by the moments of its posterior, and twice the probability of its less likely side of 1.

    The logarithm of a gamma variable of shape a has mean digamma(a) and variance trigamma(a).
    """
    _, dispersion, inflation = _richer_side(counts, after, day)
    before, later = _shapes(counts, after, dispersion * inflation, draws)
    days_ratio = (~after).sum() / after.sum()
    means = digamma(later) - digamma(before) + np.log(days_ratio)
    variances = zeta(2.0, later) + zeta(2.0, before)
    no_change = before / later / days_ratio
    smaller_tail = min(float(tail(2 * later, 2 * before, no_change).mean()) for tail in (fdtr, fdtrc))
    return LogRatio(
        log_ratio=float(means.mean()),
        standard_error=float(np.sqrt(variances.mean() + means.var())),
        p_value=min(2 * smaller_tail, 1.0),
        effective_before=float(before.mean() - 0.5),
        effective_after=float(later.mean() - 0.5),
        exposure=float(1 / days_ratio),
    )


def _richer_side(counts: np.ndarray, after: np.ndarray, day: np.ndarray) -> tuple[NegBinFit, float, float]:
    """A steady rate fitted to the side with more counts; its variance over its mean, and what memory does to it."""
    richer = after == (counts[after].sum() > counts[~after].sum())
    side = fit_negbin(counts[richer], np.ones((richer.sum(), 1)), slow_columns=1, day=day[richer])
    return side, float(side.independent[0, 0]) * float(side.mean.sum()), max(side.inflation(np.ones(1)), 1.0)


def _shapes(
    counts: np.ndarray, after: np.ndarray, factor: float, draws: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Shapes of the gamma posteriors of the rates before and after, one of each draw."""
    completions = counts[:, None] if draws is None else draws
    return completions[~after].sum(0) / factor + 0.5, completions[after].sum(0) / factor + 0.5


def _positive(below: Callable[[float], float], tails: tuple[float, float, float], near: float) -> Interval:
    """Quantiles of a positive quantity by its distribution function."""
    first, second, third = (
        float(np.exp(_where(lambda log: below(float(np.exp(log))), tail, float(np.log(near)), 1.0))) for tail in tails
    )
    return first, second, third


def _where(below: Callable[[float], float], probability: float, near: float, step: float) -> float:
    """Where a rising function reaches a probability, sought outwards from `near`."""
    low, high = near - step, near + step
    while below(low) > probability:
        low, step = low - step, 2 * step
    while below(high) < probability:
        high, step = high + step, 2 * step
    return float(brentq(lambda x: below(x) - probability, low, high, xtol=1e-12, rtol=1e-12))


def answer_of_few_counts(
    best: np.ndarray, after: np.ndarray, days: pd.DatetimeIndex, level: float, draws: pd.DataFrame | None
) -> dict[str, Any]:
    """The fields of a TruceEffect that the ratio on effective counts gives."""
    used = np.flatnonzero(~np.isnan(best))
    days_after = int(after[used].sum())
    before = best[used][~after[used]]
    completions = None if draws is None else draws.reindex(days).to_numpy(dtype=float)[used]
    found = few_counts_ratio(best[used], after[used], used, level, completions)
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
