"""Which memories between days the residuals of a regression allow, and what memory does to sums of dependent days.

Arrays in, arrays out; no dates here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import next_fast_len, rfft

MAX_LAG = 14  # days; residual autocorrelations that inform the memory
PHI = np.arange(19) * 0.05  # slower memory is not told from drift
SHARE = np.arange(21) * 0.05
AT_ONCE = 128  # frequencies
NO_MEMORY = 0.6  # probability of phi = 0 before looking


def weigh_memories(
    residuals: np.ndarray, day: np.ndarray, slow_columns: int, no_memory: float = NO_MEMORY
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weigh autocorrelation functions ``share * phi**lag`` by how well they explain residuals.

    The evidence is the sample autocorrelations of up to `MAX_LAG` days, whose downward bias from fitting
    `slow_columns` is part of the explanation. Before looking, no memory at all (phi = 0) weighs `no_memory`, the rest
    is spread evenly.

    Parameters
    ----------
    residuals : ndarray, shape (n_days,)
    day : ndarray of int, shape (n_days,)
        Day numbers from 0, increasing.
    no_memory : float, default 0.6
        Probability, 0 or more and below 1.

    Returns
    -------
    weights : ndarray, shape (n_members,)
        Of the functions that weigh anything; sum to 1.
    phi : ndarray of int, shape (n_members,)
        Where each one's phi stands in `PHI`.
    share : ndarray, shape (n_members,)
    """
    n_days = len(residuals)
    if residuals @ residuals < 1e-12 * n_days:  # the fit is exact; what is left is rounding, not memory
        return np.ones(1), np.zeros(1, dtype=int), np.zeros(1)
    lags = np.arange(1, min(MAX_LAG, n_days // 4) + 1)
    on_calendar, seen = np.zeros(day[-1] + 1), np.zeros(day[-1] + 1)
    on_calendar[day], seen[day] = residuals, 1.0
    pairs = np.array([seen[lag:] @ seen[:-lag] for lag in lags])
    products = np.array([on_calendar[lag:] @ on_calendar[:-lag] for lag in lags])
    sample = products / (residuals @ residuals) * (n_days - lags) / np.maximum(pairs, 1)
    weight = pairs / n_days

    bias = slow_columns / n_days
    shape = PHI[:, None] ** lags - bias * (2 * PHI / (1 - PHI))[:, None]
    # the weighted sum of (sample + bias - share * shape)², less its part common to all members
    cross, square = shape @ (weight * (sample + bias)), shape**2 @ weight
    log_weight = n_days * (np.outer(cross, SHARE) - 0.5 * np.outer(square, SHARE**2))
    member = np.exp(log_weight - log_weight.max())
    member[0, 1:] = 0.0  # at phi = 0 every share is the same function
    member[0, 0] *= no_memory / (1 - no_memory) * (len(PHI) - 1) * len(SHARE)
    phi, share = np.nonzero(member > 1e-5 * member.max())
    return member[phi, share] / member[phi, share].sum(), phi, SHARE[share]


def sums_by_memory(rows: np.ndarray, day: np.ndarray) -> np.ndarray:
    """``rows.T @ R @ rows`` for each phi of `PHI`, R the matrix of ``phi**distance`` in days.

    Parameters
    ----------
    rows : ndarray, shape (n_days, n_columns)
    day : ndarray of int, shape (n_days,)
        Day numbers from 0, increasing.

    Returns
    -------
    ndarray, shape (n_phi, n_columns, n_columns)
    """
    length, power = _circle(int(day[-1]) + 1)
    on_calendar = np.zeros((day[-1] + 1, rows.shape[1]))
    on_calendar[day] = rows
    waves = rfft(on_calendar, length, axis=0)
    products = (waves.conj()[:, :, None] * waves[:, None, :]).real.reshape(len(waves), -1)
    # in parts: a larger product BLAS shares out between threads, which costs more than it saves where these are busy
    parts = [power[:, k : k + AT_ONCE] @ products[k : k + AT_ONCE] for k in range(0, len(products), AT_ONCE)]
    return np.asarray(np.sum(parts, axis=0).reshape(len(PHI), rows.shape[1], rows.shape[1]))


@lru_cache(maxsize=32)
def _circle(n_days: int) -> tuple[int, np.ndarray]:
    """Days of a circle on which no day meets itself, and the spectra of ``phi**distance`` on it, shape (n_phi, n)."""
    length = next_fast_len(2 * n_days, real=True)
    kernels = np.zeros((len(PHI), length))
    kernels[:, :n_days] = PHI[:, None] ** np.arange(n_days)
    kernels[:, length - n_days + 1 :] = kernels[:, n_days - 1 : 0 : -1]
    power = rfft(kernels).real / length
    power[:, 1 : (length + 1) // 2] *= 2  # these frequencies stand for their mirror images too
    return length, power
