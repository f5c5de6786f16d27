from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import digamma, gammaln, polygamma
from scipy.stats import nbinom

from conflictts.truce import _noise as noise
from conflictts.truce._steady import SteadyNoise
from conflictts.truce.memories import PHI, weigh_memories

NONE = np.empty(0, np.int64)


def fitted_size(counts, observed, mean):
    """Every day a group of its own."""
    table = noise.tabled(counts, observed)
    return noise.fit_size(*table, np.where(observed, counts, 0.0), observed.astype(float), mean, 1.0)


def remembering(n_days: int, phi: float, seed: int) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=n_days)
    return noise.autoregressive(shocks, phi)


@pytest.mark.parametrize("kind", ["whole", "fractions", "thousands"])
@pytest.mark.parametrize("seed", range(12))
def test_size_by_scipy(kind, seed):
    rng = np.random.default_rng(seed)
    mean = rng.uniform(0.5, 8, 80) * (400 if kind == "thousands" else 1)
    true = rng.choice([0.2, 1.0, 6.0])
    counts, observed = rng.negative_binomial(true, true / (true + mean)).astype(float), rng.random(80) > 0.1
    if kind == "fractions":
        counts += np.where(rng.random(80) < 0.3, rng.random(80), 0.0)

    def surprise(log_size):
        size, y, m = math.exp(log_size), counts[observed], mean[observed]
        return -np.sum(
            gammaln(size + y) - gammaln(size) + size * np.log(size / (size + m)) + y * np.log(m / (size + m))
        )

    found = fitted_size(counts, observed, mean)
    best = minimize_scalar(surprise, bounds=(math.log(0.02), math.log(500)), method="bounded", options={"xatol": 1e-9})
    assert surprise(math.log(found)) <= best.fun + 1e-9  # rounding of sums
    if found < 100:  # above, the likelihood is flat
        assert math.log(found) == pytest.approx(best.x, abs=1e-5)  # a minimum is known to the root of rounding


@pytest.mark.parametrize(
    ("counts", "expected"),
    [pytest.param([5.0] * 40, 500, id="constant"), pytest.param([0.0] * 39 + [900.0], 0.02, id="one day")],
)
def test_size_stays_in_bounds(counts, expected):
    counts = np.array(counts)
    assert fitted_size(counts, np.ones(40, bool), np.full(40, counts.mean())) == expected


def test_digamma_by_scipy():
    for x in np.geomspace(0.02, 1e6, 60):
        value, slope = noise.digamma_and_slope(x)
        assert value == pytest.approx(digamma(x), rel=1e-11, abs=1e-11)  # the series ends there
        assert slope == pytest.approx(polygamma(1, x), rel=1e-11)  # as above


def test_table_keeps_every_count():
    counts, observed = np.array([0, 3, 2.5, 1, 3, 512, 513, 9.0]), np.arange(8) != 7
    above, rest = noise.tabled(counts, observed)
    assert [above[0], above[1], above[2], above[3], above[511]] == [4, 3, 3, 1, 1]  # days above 0, 1, 2, 3, 511
    assert rest.tolist() == [2.5, 513]


def test_days_in_their_order():
    assert noise.days_of(np.array([False, True, True, False, True])).tolist() == [1, 2, 4]
    assert noise.days_of(np.zeros(3, bool)).tolist() == []


def test_groups_by_hand():
    total, seen = noise.grouped(np.arange(10.0), np.arange(10) % 7, np.arange(10) != 8, np.array([7]))
    assert total.tolist() == [[0, 1, 2, 3, 4, 5, 6], [7, 0, 9, 0, 0, 0, 0]]
    assert seen.tolist() == [[1] * 7, [1, 0, 1, 0, 0, 0, 0]]


def test_weekday_profile_by_hand():
    raw = (np.array([32.0, *[4.0] * 6]) + 3.5) / (8 + 3.5)
    assert noise.weekday_profile(np.array([32.0, *[4.0] * 6]), np.full(7, 8.0)) == pytest.approx(raw / raw.mean())


def test_residuals_by_hand():
    counts, days = np.array([2.0, 8.0, 1.0, 0.0, 1.0]), np.zeros(5, np.int64)
    rates, changes = np.array([2.0, np.nan, 0.5]), np.array([2, 4])
    residuals = noise.pearson_residuals(counts, days, np.arange(5) != 4, changes, rates, np.ones(7), 4.0)
    assert residuals == pytest.approx([0.0, 6 / math.sqrt(3), 0.0, 0.0, 0.0])  # 2 + 2²/4 = 3


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_memory_by_the_average_behind_the_effect(phi, gaps):
    residuals, observed = remembering(300, phi, 4), np.random.default_rng(5).random(300) >= gaps
    residuals[~observed] = 0.0
    factor, _ = noise.memory(residuals, observed, 2)
    day = np.flatnonzero(observed)
    weights, phis, share = weigh_memories(residuals[day], day - day[0], 2)  # the same family
    sums = weights * share @ PHI[phis][:, None] ** np.arange(1, 300)
    assert factor == pytest.approx(1 + 2 * sums.sum(), rel=0.15)  # what slower members add


@pytest.mark.parametrize(("phi", "expected"), [(0.0, 1.0), (0.4, 7 / 3), (0.6, 4.0)])  # (1 + phi) / (1 - phi)
def test_memory_is_measured(phi, expected):
    factors = [noise.memory(remembering(1000, phi, seed), np.ones(1000, bool), 1)[0] for seed in range(30)]
    assert np.mean(factors) == pytest.approx(expected, rel=0.12)  # bounds of phi and of share pull inwards


@pytest.mark.parametrize("residual", [0.0, 3e-16])
def test_rounding_is_no_memory(residual):
    assert noise.memory(np.full(90, residual), np.ones(90, bool), 1) == (1.0, 0.0)


@pytest.mark.parametrize(("factor", "phi"), [(1.0, 0.0), (2.33, 0.4), (1.5, 0.6), (5.0, 0.3)])
@pytest.mark.parametrize("size", [0.5, 5.0])
def test_steady_noise_has_the_moments_asked_for(factor, phi, size):
    days = np.arange(40_000) % 7
    mean = np.array([6.0, 3, 3, 3, 3, 3, 1])[days]
    counts = SteadyNoise(mean, size, factor, phi).draw(np.random.default_rng(6))
    for kind in (0, 6):
        part = counts[days == kind]
        m = mean[kind]
        assert part.mean() == pytest.approx(m, rel=0.12)  # three standard errors at size 0.5 and factor 5
        assert part.var() == pytest.approx(m + m**2 / size, rel=0.3)  # as above
        assert np.mean(part == 0) == pytest.approx(nbinom.pmf(0, size, size / (size + m)), abs=0.04)  # as above
    residuals = (counts - mean) / np.sqrt(mean + mean**2 / size)
    lags = range(1, 15)
    reached = 1 + 2 * sum(np.mean(residuals[lag:] * residuals[:-lag]) for lag in lags) / np.mean(residuals**2)
    assert reached == pytest.approx(factor, rel=0.2)  # three standard errors, and what quantiles lose at later lags
