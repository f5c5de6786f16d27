"""Regimes that escalate: where a log-linear trend describes the counts at a lower price than the levels it replaces."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

Data = tuple[np.ndarray, np.ndarray, np.ndarray]
Fit = tuple[float, float, float, float, float, float]
REACH = 60  # days by which a change may move at a time while the fit is improved
_ROUNDS = 12
PENALTY = 2.35  # times f log(n_days): price of a change or trend, on the scale of twice the log-likelihood


@dataclass(frozen=True, slots=True, eq=False)
class SlopedFit:
    """Levels and trends between changes.

    Attributes
    ----------
    edges : list of int
        0, the first day of each regime after the first, and the number of days.
    sloped : list of bool
        Which regimes have a trend.
    fits : list of tuple
        Of each regime, as `_slope.fit_span` gives them.
    profile : ndarray, shape (7,)
    size, factor, phi : float
        As `_segment.find_changes` gives them, of these regimes.
    """

    edges: list[int]
    sloped: list[bool]
    fits: list[Fit]
    profile: np.ndarray
    size: float
    factor: float
    phi: float

    def regimes(self) -> list[tuple[int, int, bool, Fit]]:
        """First day, day after the last, whether there is a trend, and the fit, of each regime."""
        return list(zip(self.edges[:-1], self.edges[1:], self.sloped, self.fits, strict=True))

    def rates(self) -> np.ndarray:
        """Rate of each day at a profile of 1, shape (n_days,)."""
        parts = [np.exp(level + slope * weeks(begin, end)) for begin, end, _, (_, level, slope, *_) in self.regimes()]
        return np.concatenate(parts)

    def residuals(self, counts: np.ndarray, weekday: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """(count - mean) / standard deviation; 0 where unobserved or where the mean is 0."""
        mean = self.rates() * self.profile[weekday]
        known = observed & (mean > 0)
        return np.where(known, (counts - mean) / np.sqrt(np.where(known, mean + mean**2 / self.size, 1.0)), 0.0)


def weeks(begin: int, end: int) -> np.ndarray:
    """Weeks of each day of a span from its middle, shape (end - begin,)."""
    return (np.arange(begin, end) - (begin + end - 1) / 2) / 7


def find_slopes(
    counts: np.ndarray,
    weekday: np.ndarray,
    observed: np.ndarray,
    found: tuple[np.ndarray, np.ndarray, np.ndarray, float, float, float],
    use_profile: bool,
    min_days: int,
) -> SlopedFit:
    """From levels to the cheapest levels and trends between their changes, a trend costing as much as a change.

    The changes are those of the levels, and those that a price without memory would add: a trend that is taken for
    levels looks like memory. They are then moved to where the fit is best.

    Parameters
    ----------
    counts, weekday, observed, use_profile, min_days
        As `_segment.find_changes` takes them.
    found : tuple
        As it gives them.
    """
    from conflictts.truce import _path

    changes, rates, profile, size, factor, phi = found
    data = (counts, weekday, observed)
    half_penalty = PENALTY * math.log(observed.sum()) / 2
    grid = _path.rate_grid(counts, observed)
    more = _path.refined_path(*data, grid, rates, profile, size, half_penalty, min_days)[0]
    edges = sorted({0, len(counts), *changes.tolist(), *more.tolist()})
    answer: SlopedFit | None = None
    for _ in range(_ROUNDS):
        edges, sloped = _cheapest(data, edges, profile, size, half_penalty * factor, min_days)
        edges = _moved(data, edges, sloped, profile, size, min_days)
        before, answer = answer, _fitted(data, edges, sloped, profile, size, factor, phi)
        profile, size, factor, phi = _noise_of(answer, data, use_profile)
        if before is not None and (before.edges, before.sloped) == (edges, sloped) and factor <= 1.05 * answer.factor:
            break
    assert answer is not None
    return replace(answer, profile=profile, size=float(size), factor=float(factor), phi=float(phi))


def levels_of(
    counts: np.ndarray,
    weekday: np.ndarray,
    observed: np.ndarray,
    found: tuple[np.ndarray, np.ndarray, np.ndarray, float, float, float],
) -> SlopedFit:
    """What `_segment.find_changes` gives, in the same form."""
    changes, _, profile, size, factor, phi = found
    edges = [0, *changes.tolist(), len(counts)]
    return _fitted((counts, weekday, observed), edges, [False] * (len(edges) - 1), profile, size, factor, phi)


def _fitted(
    data: Data, edges: list[int], sloped: list[bool], profile: np.ndarray, size: float, factor: float, phi: float
) -> SlopedFit:
    from conflictts.truce import _slope

    spans = zip(edges[:-1], edges[1:], sloped, strict=True)
    fits = [_slope.fit_span(*data, begin, end, profile, size, trend) for begin, end, trend in spans]
    return SlopedFit(edges, sloped, fits, profile, float(size), float(factor), float(phi))


def _cheapest(
    data: Data, edges: list[int], profile: np.ndarray, size: float, price: float, min_days: int
) -> tuple[list[int], list[bool]]:
    """The cheapest choice of edges, and of level or trend between them, exactly."""
    from conflictts.truce import _slope

    level, trend = _slope.span_costs(*data, np.array(edges), profile, size)
    days = np.concatenate([[0], np.cumsum(data[2])])[edges]  # observed before each edge
    level[days - days[:, None] < min_days] = np.inf
    cost, sloped = np.minimum(level, trend + price), trend + price < level
    best, previous = [-price], [0]
    for j in range(1, len(edges)):
        total = np.array(best) + price + cost[:j, j]
        previous.append(int(total.argmin()))
        best.append(float(total.min()))
    kept, trends, j = [edges[-1]], [], len(edges) - 1
    while j > 0:
        i = previous[j]
        kept.append(edges[i])
        trends.append(bool(sloped[i, j]))
        j = i
    return kept[::-1], trends[::-1]


def _moved(
    data: Data, edges: list[int], sloped: list[bool], profile: np.ndarray, size: float, min_days: int
) -> list[int]:
    """Each change in turn moved to its cheapest day between its neighbours, until none moves."""
    from conflictts.truce import _slope

    edges = list(edges)
    seen = np.concatenate([[0], np.cumsum(data[2])])  # days observed before each
    for _ in range(_ROUNDS):
        moved = False
        for k in range(1, len(edges) - 1):
            begin, end = edges[k - 1], edges[k + 1]
            first, last = max(begin + 1, edges[k] - REACH), min(end, edges[k] + REACH + 1)
            trends = sloped[k - 1], sloped[k]
            costs, _ = _slope.split_costs(*data, begin, end, first, last, profile, size, *trends)
            days = seen[first:last]
            costs[(days - seen[begin] < min_days) | (seen[end] - days < min_days)] = np.inf
            best = int(np.argmin(costs)) + first
            if costs.min() < np.inf and best != edges[k]:
                edges[k], moved = best, True
        if not moved:
            break
    return edges


def _noise_of(fit: SlopedFit, data: Data, use_profile: bool) -> tuple[np.ndarray, float, float, float]:
    """Weekday profile, size, memory factor and its phi around the rates of a fit."""
    from conflictts.truce import _noise

    counts, weekday, observed = data
    seen = observed.nonzero()[0]
    rate = fit.rates()[seen]
    profile = fit.profile
    if use_profile:
        total, expected = (np.bincount(weekday[seen], weights=values, minlength=7) for values in (counts[seen], rate))
        profile = _noise.weekday_profile(total, expected)
    mean = rate * profile[weekday[seen]]
    above, rest = _noise.tabled(counts, observed)
    size = _noise.fit_size(above, rest, counts[seen], np.ones(len(seen)), mean, fit.size)
    residuals = replace(fit, profile=profile, size=size).residuals(counts, weekday, observed)
    factor, phi = _noise.memory(residuals, observed, len(fit.sloped) + sum(fit.sloped))
    return profile, float(size), float(factor), float(phi)
