"""What the calm before the alarms says of rate, size and memory: nodes with weights, and a ceiling of the mean."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData

MIN_DAYS, MIN_ACTIVE = 28, 3
N_RATES, N_SIZES = 21, 7
_COARSE = np.exp(np.linspace(math.log(0.05), math.log(500.0), 60))  # sizes tried
_DROP = 6.0  # sizes whose log-likelihood is further below the best are left out
_REACH = 4.5  # standard errors of the log rate that the nodes span each way


class Baseline(NamedTuple):
    """Calm, as the kernels take it.

    `null`, shape (n_sizes, n_rates), is how likely each node is given the calm; `size` the likeliest one; `factor` the
    memory factor, `mean` the calm's mean per observed day and `ceiling` its upper limit.
    """

    rates: np.ndarray
    sizes: np.ndarray
    null: np.ndarray
    size: float
    factor: float
    mean: float
    ceiling: float


def baseline_of(calm: np.ndarray, *, quantile: float | None, level: float) -> Baseline:
    """Fit the calm.

    Parameters
    ----------
    calm : ndarray, shape (n_days,)
        NaN where not observed.
    quantile : float, optional
        Take this quantile of what the residuals say of the memory factor; default the mean. Either is at least the
        number of days over which the calm's numbers are spread.
    level : float
        One-sided confidence level of the ceiling.
    """
    from scipy.special import ndtri

    from conflictts.truce._evidence import log_likelihood

    seen = calm[~np.isnan(calm)]
    total, mean, n_days = float(seen.sum()), float(seen.mean()), len(seen)
    profile = np.array([log_likelihood(seen, mean, size) for size in _COARSE])
    size = float(_COARSE[profile.argmax()])
    factor = max(memory_factor(calm, mean, size, quantile), days_to_a_number(calm))
    kept = _COARSE[profile / factor > profile.max() / factor - _DROP]
    sizes = np.exp(np.linspace(math.log(kept[0]), math.log(kept[-1]), N_SIZES))
    error = math.sqrt(factor * (1 / total + 1 / (n_days * size)))
    rates = mean * np.exp(np.linspace(-_REACH, _REACH, N_RATES) * min(error, 1.0))
    log_weight = np.array([[log_likelihood(seen, rate, one) for rate in rates] for one in sizes]) / factor
    log_weight += 0.5 * np.log(rates / (1 + rates / sizes[:, None]))  # Jeffreys' prior of the log rate
    weight = np.exp(log_weight - log_weight.max())
    ceiling = mean * math.exp(min(float(ndtri(level)) * error, 700.0))
    return Baseline(rates, sizes, weight / weight.sum(), size, factor, mean, ceiling)


def memory_factor(calm: np.ndarray, mean: float, size: float, quantile: float | None) -> float:
    """Long-run variance over variance of the residuals: its mean over plausible memories, or a quantile of them.

    The memories are those of `_noise.memory`: autocorrelations share * phi**lag, phi up to 0.7, weighted by how well
    they explain the sample's, bias included.
    """
    from conflictts.truce import _noise

    observed = ~np.isnan(calm)
    residuals = np.where(observed, (calm - mean) / math.sqrt(mean + mean * mean / size), 0.0)
    if quantile is None:
        return max(float(_noise.memory(residuals, observed, 1)[0]), 1.0)
    sample, paired = _noise.autocorrelations(residuals, observed)
    if not sample.size:
        return 1.0
    n_seen = int(observed.sum())
    phi = (np.arange(_noise.N_PHI) * _noise.GRID_STEP)[:, None, None]
    share = (np.arange(_noise.N_SHARE) * _noise.GRID_STEP)[None, :, None]
    lags = np.arange(1, len(sample) + 1)
    off = sample + 1 / n_seen - share * (phi**lags - 2 * phi / (1 - phi) / n_seen)
    log_weight = -0.5 * n_seen * (paired * off**2).sum(axis=-1)
    weight = np.exp(log_weight - log_weight.max())
    weight[0, 1:] = 0.0  # at phi = 0 every share is the same function: one point with the row's whole mass
    weight[0, 0] *= _noise.N_SHARE
    factor = (1 + 2 * share * phi / (1 - phi))[:, :, 0].ravel()
    order = np.argsort(factor, kind="stable")
    held = np.cumsum(weight.ravel()[order])
    return float(factor[order][int(np.searchsorted(held, quantile * held[-1]))])


def days_to_a_number(calm: np.ndarray) -> float:
    """Over how many days a number was spread, as of a weekly bulletin; 1 unless most of the total lies on such days.

    Told by neighbouring days of one count that is no whole number, as the median length of such runs: equal numbers in
    a row are one run. So many days are worth one, which is more than the autocorrelations of a calm of a dozen numbers
    can show.
    """
    counts = calm[np.isfinite(calm)]
    begins = np.flatnonzero(~np.isclose(counts[1:], counts[:-1], rtol=1e-9, atol=1e-12)) + 1  # rounding
    edges = np.concatenate([[0], begins, [len(counts)]])
    days, count = np.diff(edges), counts[edges[:-1]]
    spread = (days > 1) & ~np.isclose(count, np.round(count), rtol=0, atol=1e-9)
    if 2 * (days * count)[spread].sum() <= counts.sum():
        return 1.0
    return float(np.median(days[spread]))


def refuse_thin(calm: pd.Series) -> None:
    """Raise TooLittleData where a calm has too few observed days, or too few above 0."""
    n_days, active = int(calm.count()), int((calm > 0).sum())
    if n_days < MIN_DAYS:
        raise TooLittleData(
            f"Only {n_days} days of the calm are observed; a baseline needs at least {MIN_DAYS}. Wait, or widen it."
        )
    if active < MIN_ACTIVE:
        what = f"All {n_days}" if active == 0 else f"All but {active} of {n_days}"
        raise TooLittleData(
            f"{what} observed days of the calm are 0: there is no rate for a rise to be measured against (at least "
            f"{MIN_ACTIVE} days above 0 are needed). Choose a longer calm, a wider area, or a measure with more counts."
        )


def cautions_of(calm: pd.Series) -> tuple[str, ...]:
    """What weakens alarms against this calm, in words."""
    said, share = [], float(calm.max() / calm.sum())
    if share > 0.5:
        said.append(
            f"{share:.0%} of the calm's total fell on one day, {calm.idxmax():%Y-%m-%d}: the baseline is hardly more "
            "than that day, and only a very large rise would show."
        )
    days = days_to_a_number(calm.to_numpy(dtype=float))
    if days > 1:
        said.append(
            f"The calm is made of numbers spread over some {days:.0f} days each: it is worth "
            f"{calm.count() / days:.0f} numbers, and a rise shows only after several more of them."
        )
    return tuple(said)
