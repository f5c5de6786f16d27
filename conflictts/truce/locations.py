"""How likely each day is the first after a change, and the fewest days that hold it."""

from __future__ import annotations

import numpy as np

from conflictts.truce.slopes import SlopedFit

PRIOR = 0.5  # both parameters of the beta prior on size / (size + rate)


def probabilities(
    counts: np.ndarray, day_of_week: np.ndarray, observed: np.ndarray, fit: SlopedFit
) -> list[tuple[int, np.ndarray]]:
    """Position of a day, and the probability of each from it on to be the first after a change, for each of a fit.

    A change between levels lies between its neighbours, or beyond one of them by the odds that this one is none: what
    it gains in log-likelihood, by the memory factor, against the price of a change. Beside trends it lies between them.
    """
    from conflictts.truce import _noise, _slope, _split

    edges = fit.edges
    if not any(fit.sloped):
        around = fit.profile, fit.size, fit.factor, fit.phi
        data = counts, day_of_week, observed, np.array(edges, dtype=np.int64)
        p, begins, ends = _split.probabilities_of_changes(*data, *around)
        return (
            list(zip(begins.tolist(), np.split(p, np.cumsum(ends - begins)[:-1]), strict=True)) if len(begins) else []
        )
    answer = []
    residuals = fit.residuals(counts, day_of_week, observed)
    for k in range(1, len(edges) - 1):
        part = slice(edges[k - 1], edges[k + 1])
        between = counts[part], day_of_week[part], observed[part], fit.profile, fit.size
        sloped = fit.sloped[k - 1], fit.sloped[k]
        factor, phi = max(_noise.memory(residuals[part], observed[part], 2 + sum(sloped)), (fit.factor, fit.phi))
        if any(sloped):
            answer.append((part.start, sloped_split_probabilities(*between, factor, phi, sloped=sloped)))
        else:
            sides = (edges[k - 1 : k + 1], edges[k : k + 2])
            before, after = (
                _slope.fit_level(counts, day_of_week, observed, *side, fit.profile, fit.size)[1] for side in sides
            )
            answer.append((part.start, split_probabilities(*between, factor, phi, after - before)))
    return answer


def split_probabilities(
    counts: np.ndarray,
    day_of_week: np.ndarray,
    observed: np.ndarray,
    profile: np.ndarray,
    size: float,
    factor: float,
    phi: float,
    way: float,
) -> np.ndarray:
    """Probability of each day to be the first after one change of rate, shape (n_days,); the first day has none.

    Both rates are integrated over a beta prior on size / (size + rate), and the likelihood is raised to the power of
    one over the memory factor. The change shows only on days on which the mean rises (`way` above 0) or falls (below
    0), if there are any: quiet first days of a series, before violent ones, are no fall. Counts that remember the day
    before follow a change only as the memory fades; so the change may be k days earlier than it shows, with the odds of
    the autocorrelation at k days.
    """
    from conflictts.truce import _split

    return _split.split_probabilities(counts, day_of_week, observed, profile, size, factor, phi, way)  # type: ignore[no-any-return]


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
    """The same, but for the way, where a side may have a trend: level and slope are integrated by Laplace's method."""
    from conflictts.truce import _slope, _split

    n_days = len(counts)
    costs, log_volume = _slope.split_costs(counts, day_of_week, observed, 0, n_days, 1, n_days, profile, size, *sloped)
    log_p = np.concatenate([[-np.inf], log_volume - costs / factor])
    p = np.exp(log_p - log_p.max())
    _split.fade(p, factor, phi)
    return np.asarray(p / p.sum())


def smallest_set(p: np.ndarray, level: float) -> np.ndarray:
    """Positions of the fewest days that together hold a probability, in order."""
    from conflictts.truce import _split

    return _split.smallest_set(p, level)  # type: ignore[no-any-return]
