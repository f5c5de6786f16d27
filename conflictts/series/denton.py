"""Proportional Denton adjustment of daily counts to totals over periods. Arrays in, arrays out."""

from __future__ import annotations

import numpy as np

TOLERANCE = 1e-9  # of ratios and of their weighted means
_RIDGE = 1e-6  # on the level of the ratio, only while looking for the bounds that bind; shrunk where it misleads
_RIDGES = 6
_MOST_ROUNDS = 200


def fit_ratio(weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Find the smoothest daily ratio, 0 or more, whose weighted mean over each period lies between two bounds.

    Minimises the sum of squared day-to-day changes of the ratio r subject to ``low <= weights @ r <= high`` and
    ``r >= 0`` on the days that carry weight. Where a constant ratio will do, the one nearest to 1 is returned.

    With d the changes and c the first value the problem is one of least distance: minimise d'd subject to
    ``c + H d`` between bounds. Lawson & Hanson's reduction to non-negative least squares finds the bounds that bind;
    the equations of these alone then give d and c exactly, and the answer is returned only if it meets the
    Karush-Kuhn-Tucker conditions, which are sufficient here. Days at which the ratio would fall below 0 enter as
    further bounds, as they appear.

    Parameters
    ----------
    weights : ndarray of float, shape (n_periods, n_days)
        Row i holds each day's share of the total counted in period i: 0 or more, adding up to 1.
    low, high : ndarray of float, shape (n_periods,)
        Bounds of the period's total over the counted one; equal for an exact total; -inf and inf for none. They can be
        met together by some ratio of 0 or more.

    Returns
    -------
    ndarray of float, shape (n_days,)

    Raises
    ------
    ArithmeticError
        If no answer met the bounds to 1e-9 and the conditions of the minimum to 1e-7.

    References
    ----------
    Denton (1971), JASA 66(333), 99-102. Dagum & Cholette (2006), Benchmarking, Temporal Distribution, and
    Reconciliation Methods for Time Series, Springer, ch. 6 (without Denton's condition on the first day). Lawson &
    Hanson (1974), Solving Least Squares Problems, Prentice-Hall, ch. 23 (least distance programming).

    Examples
    --------
    >>> thirds = np.array([[1 / 3, 1 / 3, 1 / 3, 0, 0, 0]])
    >>> fit_ratio(np.vstack([thirds, thirds[:, ::-1]]), np.array([1.0, 2.0]), np.array([1.0, 2.0])).round(3).tolist()
    [0.789, 0.947, 1.263, 1.737, 2.053, 2.211]
    """
    n_days = weights.shape[1]
    least, most = low.max(initial=0.0), high.min(initial=np.inf)
    if least <= most:
        return np.full(n_days, np.clip(1.0, least, most))
    weighty = weights.sum(axis=0) > 0
    at_zero = np.zeros(n_days, dtype=bool)
    for _ in range(_MOST_ROUNDS):
        days = np.flatnonzero(at_zero)
        alone = np.zeros((len(days), n_days))
        alone[np.arange(len(days)), days] = 1.0
        rows = np.vstack([weights, alone])
        lower = np.concatenate([low, np.zeros(len(days))])
        upper = np.concatenate([high, np.full(len(days), np.inf)])
        ratio = _smoothest(rows, lower, upper)
        below = weighty & (ratio < -TOLERANCE)
        if not below.any():
            return np.where(weighty, np.maximum(ratio, 0.0), ratio)
        at_zero |= below
    raise ArithmeticError(f"the ratio still fell below 0 on {below.sum()} days after {_MOST_ROUNDS} rounds")


def _smoothest(rows: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The smoothest ratio whose means over `rows` keep the bounds; see `fit_ratio`."""
    # c + H d: a change at day j moves the mean by the weight of the days after it.
    changes = 1.0 - np.cumsum(rows, axis=1)[:, :-1]
    below, above = np.flatnonzero(np.isfinite(lower)), np.flatnonzero(np.isfinite(upper))
    row = np.concatenate([below, above])
    sign = np.concatenate([np.ones(len(below)), -np.ones(len(above))])
    bound = np.concatenate([lower[below], upper[above]])
    ridge = _RIDGE
    for _ in range(_RIDGES):
        binding = _binding(changes[row], sign, bound, ridge) | (lower[row] == upper[row])
        ratio = _least_changes(changes[row[binding]], bound[binding])
        if _is_smoothest(ratio, rows @ ratio, changes, lower, upper):
            return ratio
        ridge /= 10
    raise ArithmeticError("no set of binding totals met the conditions of the smoothest ratio")


def _binding(changes: np.ndarray, sign: np.ndarray, bound: np.ndarray, ridge: float) -> np.ndarray:
    """Which of ``sign * (c + changes @ d) >= sign * bound`` bind at the least d'd + ridge (c - 1)**2."""
    system = np.column_stack([changes, np.full(len(changes), ridge**-0.5), bound - 1.0]) * sign[:, None]
    size = np.linalg.norm(system, axis=1)
    target = np.zeros(system.shape[1])
    target[-1] = 1.0
    return _pulls((system / size[:, None]).T, target) > 0


def _pulls(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Shares of 0 or more of the columns that add up to the target as nearly as they can.

    A rotation that leaves as many rows as there are columns changes no distance between them, and days are many.
    """
    from scipy.optimize import nnls

    if len(columns) > columns.shape[1]:
        turned, columns = np.linalg.qr(columns)
        target = turned.T @ target
    return np.asarray(nnls(columns, target, maxiter=30 * columns.shape[1] + 100)[0])


def _least_changes(changes: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """The ratio of least d'd with ``c + changes @ d = bound``; rows may repeat one another."""
    # The level c is whatever the changes leave, so it falls out of the equations less their mean.
    centred = changes - changes.mean(axis=0)
    steps = np.linalg.lstsq(centred, bound - bound.mean(), rcond=1e-11)[0]
    level = (bound - changes @ steps).mean()
    return np.asarray(level + np.concatenate([[0.0], np.cumsum(steps)]))


def _is_smoothest(
    ratio: np.ndarray, mean: np.ndarray, changes: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> bool:
    """Whether the bounds are kept, and the changes are a sum of pulls by touched bounds, none the wrong way."""
    scale = TOLERANCE * max(1.0, float(np.abs(ratio).max()))
    if (mean < lower - scale).any() or (mean > upper + scale).any():
        return False
    up, down = np.flatnonzero(mean <= lower + scale), np.flatnonzero(mean >= upper - scale)
    with_level = np.column_stack([changes, np.ones(len(changes))])
    pulls = np.vstack([with_level[up], -with_level[down]])
    if len(pulls) == 0:
        return False
    steps = np.append(np.diff(ratio), 0.0)  # the pulls on the level cancel
    size = np.linalg.norm(pulls, axis=1)
    columns = (pulls / size[:, None]).T
    missing = np.linalg.norm(columns @ _pulls(columns, steps) - steps)
    return bool(missing <= 1e-7 * max(float(np.linalg.norm(steps)), TOLERANCE))
