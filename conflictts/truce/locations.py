"""How likely each day is the first after a change, and the fewest days that hold it."""

from __future__ import annotations

import math

import numpy as np

from conflictts.truce.slopes import SlopedFit

PRIOR = 0.5  # both parameters of the beta prior on size / (size + rate)
_N_LEVELS = 384  # of the rate on either side


def probabilities(
    counts: np.ndarray, day_of_week: np.ndarray, observed: np.ndarray, fit: SlopedFit
) -> list[np.ndarray]:
    """Probability of each day between the neighbours of a change to be its first, for each change of a fit.

    Shape of each: days from the change before (or the first day) to before the change after (or the end).
    """
    from conflictts.truce import _noise

    answer = []
    if any(fit.sloped):
        residuals = fit.residuals(counts, day_of_week, observed)
    else:
        rates, changes = np.exp([level for _, level, *_ in fit.fits]), np.array(fit.edges[1:-1], dtype=np.int64)
        residuals = _noise.pearson_residuals(counts, day_of_week, observed, changes, rates, fit.profile, fit.size)
    for k in range(1, len(fit.edges) - 1):
        part = slice(fit.edges[k - 1], fit.edges[k + 1])
        data = counts[part], day_of_week[part], observed[part]
        sloped = fit.sloped[k - 1], fit.sloped[k]
        noise = max(_noise.memory(residuals[part], observed[part], 2 + sum(sloped)), (fit.factor, fit.phi))
        if any(sloped):
            answer.append(sloped_split_probabilities(*data, fit.profile, fit.size, *noise, sloped=sloped))
        else:
            answer.append(split_probabilities(*data, fit.profile, fit.size, *noise))
    return answer


def split_probabilities(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    profile: np.ndarray,
    size: float,
    factor: float,
    phi: float,
) -> np.ndarray:
    """Probability of each day to be the first after one change of rate, shape (n_days,); the first day has none.

    Both rates are integrated over a beta prior on size / (size + rate), and the likelihood is raised to the power of
    one over the memory factor. Counts that remember the day before follow a change only as the memory fades; so the
    change may be k days earlier than it shows, with the odds r**k, r being the autocorrelation at one day.
    """
    from conflictts.truce import _split

    exposure = max(float(observed.sum()), 1.0)
    top = 3.0 * max(counts.max(), 1.0) + 10.0
    log_rate = np.linspace(math.log(1e-4 / exposure), math.log(top), _N_LEVELS)
    rate = np.exp(log_rate)
    # as a density of the log rate
    log_prior = PRIOR * (np.log(size / (size + rate)) + np.log(rate / (size + rate)))
    log_p = (
        _split.split_log_likelihoods(counts, day_of_week, observed, log_rate, log_prior, profile, size, factor) / factor
    )
    return _remembering(log_p, factor, phi)


def sloped_split_probabilities(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    profile: np.ndarray,
    size: float,
    factor: float,
    phi: float,
    *,
    sloped: tuple[bool, bool],
) -> np.ndarray:
    """The same where a side may have a trend: its level and slope are integrated by Laplace's approximation."""
    from conflictts.truce import _slope

    n_days = len(counts)
    costs, log_volume = _slope.split_costs(counts, day_of_week, observed, 0, n_days, 1, n_days, profile, size, *sloped)
    return _remembering(np.concatenate([[-np.inf], log_volume - costs / factor]), factor, phi)


def _remembering(log_p: np.ndarray, factor: float, phi: float) -> np.ndarray:
    """Probabilities from their logarithms, each shared with the days before on which the change may not have shown."""
    from conflictts.truce import _split

    p = np.exp(log_p - log_p.max())
    _split.shared_back(p, (factor - 1) * (1 - phi) / 2)
    return np.asarray(p / p.sum())


def smallest_set(p: np.ndarray, level: float) -> np.ndarray:
    """Positions of the fewest days that together hold a probability, in order."""
    days = np.flatnonzero(p)  # few of them, mostly
    order = days[np.argsort(-p[days], kind="stable")]
    held = np.cumsum(p[order])
    return np.sort(order[: int(np.searchsorted(held, level * held[-1])) + 1])
