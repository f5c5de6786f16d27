from __future__ import annotations

import math
from itertools import combinations

import numba
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import betaln
from scipy.stats import nbinom

from conflictts.truce import _segment as segment

JIT = not numba.config.DISABLE_JIT
MANY = 200 if JIT else 60  # series per property; interpreted loops are slow
FLAT = np.ones(7)


def series(seed: int, n_days: int, *, gaps: float = 0.15):
    """Random counts, a third of them fractional, with a change or two; weekdays; which days were observed."""
    rng = np.random.default_rng([n_days, seed])
    rate = np.repeat(rng.choice([0.0, 0.3, 1.0, 4.0, 12.0], 3), [n_days // 3, n_days // 3, n_days - 2 * (n_days // 3)])
    size = rng.choice([0.3, 1.0, 5.0])
    counts = rng.negative_binomial(size, size / (size + np.maximum(rate, 1e-9))).astype(float)
    counts += np.where(rng.random(n_days) < 0.3, rng.random(n_days), 0.0) * (rate > 0)
    observed = rng.random(n_days) >= gaps
    observed[rng.integers(n_days)] = True
    counts[~observed] = rng.integers(0, 50)  # must not matter
    weekday = (np.arange(n_days) + rng.integers(7)) % 7
    return counts, weekday.astype(np.int64), observed, float(size)


def uneven(seed: int) -> np.ndarray:
    profile = np.random.default_rng(seed).uniform(0.5, 1.5, 7)
    return profile / profile.mean()


def day_costs(counts, weekday, observed, log_rate, profile, size) -> np.ndarray:
    """Minus log-likelihood of each day at each level, (n_days, n_levels), as defined in the module's first lines."""
    mean = profile[weekday][:, None] * np.exp(log_rate)
    cost = size * np.log1p(mean / size) + counts[:, None] * np.log1p(size / mean)
    return np.where(observed[:, None], cost, 0.0)


def cost_on_grid(changes, cost: np.ndarray, penalty: float) -> float:
    parts = np.split(cost, changes)
    return sum(part.sum(axis=0).min() for part in parts) + penalty * len(changes)


def cheapest_by_dynamic_programme(cost: np.ndarray, penalty: float) -> float:
    """Optimal partitioning: every last change is tried for every day."""
    total = np.vstack([np.zeros(cost.shape[1]), np.cumsum(cost, axis=0)])
    best = [-penalty]
    for end in range(1, len(cost) + 1):
        best.append(min(best[begin] + penalty + (total[end] - total[begin]).min() for begin in range(end)))
    return best[-1]


def exact_cost(args, changes, profile, size, penalty) -> float:
    counts, weekday, observed = args
    rates = segment.regime_rates(counts, weekday, observed, changes, profile, size)
    return segment.path_cost(counts, weekday, observed, changes, rates, profile, size) + penalty * len(changes)


def test_best_path_by_brute_force():
    grid = np.linspace(math.log(0.05), math.log(20), 9)
    for seed in range(MANY):
        n_days = 2 + seed % 7
        counts, weekday, observed, size = series(seed, n_days)
        profile, penalty = uneven(seed), (0.2, 1.0, 3.0)[seed % 3]
        cost = day_costs(counts, weekday, observed, grid, profile, size)
        found = segment.best_path(counts, weekday, observed, grid, profile, size, penalty)
        every = [c for k in range(n_days) for c in combinations(range(1, n_days), k)]
        cheapest = min(cost_on_grid(list(changes), cost, penalty) for changes in every)
        assert cost_on_grid(found, cost, penalty) == pytest.approx(cheapest, abs=1e-9)  # rounding of sums


def test_best_path_by_dynamic_programming():
    grid = np.linspace(math.log(0.02), math.log(40), 24)
    found_any = 0
    for seed in range(MANY):
        counts, weekday, observed, size = series(seed, 40)
        profile, penalty = uneven(seed), (0.5, 2.0, 5.0)[seed % 3]
        cost = day_costs(counts, weekday, observed, grid, profile, size)
        found = segment.best_path(counts, weekday, observed, grid, profile, size, penalty)
        cheapest = cheapest_by_dynamic_programme(cost, penalty)
        assert cost_on_grid(found, cost, penalty) == pytest.approx(cheapest, abs=1e-9)  # rounding of sums
        assert (np.diff(found) > 0).all()
        found_any += len(found) > 0
    assert found_any > MANY / 4  # the comparison is not about empty answers


def test_refined_path_by_exact_partition():
    for seed in range(MANY // 4):
        counts, weekday, observed, size = series(seed, 24)
        grid = np.linspace(math.log(0.3 / 24), math.log(3 * counts[observed].max() + 1), 96)  # holds every rate
        half_step = (grid[1] - grid[0]) / 2
        args, profile, penalty = (counts, weekday, observed), uneven(seed), (1.0, 3.0)[seed % 2]
        alone = np.full((25, 25), np.nan)
        for begin in range(24):
            for end in range(begin + 1, 25):
                part = tuple(array[begin:end] for array in args)
                rates = segment.regime_rates(*part, np.empty(0, np.int64), profile, size)
                alone[begin, end] = segment.path_cost(*part, np.empty(0, np.int64), rates, profile, size)
        best = [-penalty]
        for end in range(1, 25):
            best.append(min(best[begin] + penalty + alone[begin, end] for begin in range(end)))
        cost = day_costs(*args, grid, profile, size)
        on_grid = segment.best_path(*args, grid, profile, size, penalty)
        changes, rates = segment.refined_path(*args, grid, profile, size, penalty)
        refined = exact_cost(args, changes, profile, size, penalty)
        assert rates == pytest.approx(segment.regime_rates(*args, changes, profile, size), nan_ok=True)
        assert refined <= cost_on_grid(on_grid, cost, penalty) + 1e-9  # rounding of sums
        # moving a rate to its nearest level costs information * half_step² / 2, and a day informs by at most its
        # size; rate 0 moves to the lowest level, which costs at most that level a day
        slack = 24 * size * half_step**2 / 2 + 24 * profile.max() * 0.3 / 24
        assert best[-1] - 1e-9 <= refined <= best[-1] + slack


def test_unobserved_days_cost_nothing():
    counts = np.repeat([1.0, 6.0, 0.0], 20)
    weekday, observed, size = np.arange(60) % 7, np.random.default_rng(3).random(60) > 0.3, 2.0
    grid = np.linspace(math.log(0.05), math.log(40), 40)
    changes, rates = segment.refined_path(counts, weekday, observed, grid, FLAT, size, 2.0)
    unseen = np.where(observed, counts, 999.0)
    again, rates_again = segment.refined_path(unseen, weekday, observed, grid, FLAT, size, 2.0)
    assert len(changes) == 2
    assert (again.tolist(), rates_again.tolist()) == (changes.tolist(), rates.tolist())
    assert observed[changes].all()  # a regime begins on a day that somebody saw


def test_nothing_observed_is_no_change():
    nothing = np.zeros(10, bool)
    assert segment.best_path(np.ones(10), np.zeros(10, np.int64), nothing, np.arange(3.0), FLAT, 1.0, 1.0).size == 0


KNOWN_RATES = [
    pytest.param([4.0, 6.0, 0.0, 0.0, 1.0], [2], [5.0, 1 / 3], id="plain means"),
    pytest.param([4.0, 6.0, 0.0, 0.0, 0.0], [2], [5.0, 0.0], id="silence"),
    pytest.param([4.0, 6.0, -1.0, -1.0, 0.5], [2, 4], [5.0, np.nan, 0.5], id="nobody looked"),
]


@pytest.mark.parametrize(("counts", "changes", "expected"), KNOWN_RATES)
def test_rates_of_flat_weeks_are_means(counts, changes, expected):
    counts = np.array(counts)
    rates = segment.regime_rates(counts, np.zeros(5, np.int64), counts >= 0, np.array(changes), FLAT, 0.7)
    assert rates == pytest.approx(np.array(expected), nan_ok=True)


def log_likelihood(counts, mean, size) -> float:
    """Negative binomial, without the terms in counts and size alone: fractions of counts are allowed."""
    return float(np.sum(size * np.log(size / (size + mean)) + counts * np.log(mean / (size + mean))))


def test_rates_by_scipy():
    for seed in range(MANY // 8):
        counts, weekday, observed, size = series(seed, 30)
        profile = uneven(seed)
        if counts[observed].sum() == 0:
            continue
        fitted = segment.regime_rates(counts, weekday, observed, np.empty(0, np.int64), profile, size)[0]
        weight, seen = profile[weekday][observed], counts[observed]
        best = minimize_scalar(
            lambda x: -log_likelihood(seen, weight * math.exp(x), size),  # noqa: B023 - used at once
            bounds=(math.log(fitted) - 3, math.log(fitted) + 3),
            method="bounded",
            options={"xatol": 1e-10},
        )
        assert math.log(fitted) == pytest.approx(best.x, abs=1e-6)  # a minimum is known to the root of rounding


def test_path_cost_is_minus_the_log_likelihood():
    counts, weekday, observed, size = series(8, 40)
    counts, profile = np.floor(counts), uneven(8)
    rates = np.array([0.5, 6.0])
    cost, expected = [], []
    for change in (10, 25):
        mean = profile[weekday] * np.repeat(rates, [change, 40 - change])
        cost.append(segment.path_cost(counts, weekday, observed, np.array([change]), rates, profile, size))
        expected.append(-nbinom.logpmf(counts, size, size / (size + mean))[observed].sum())
    assert cost[1] - cost[0] == pytest.approx(expected[1] - expected[0])  # the terms without rates cancel


def test_silent_regime_is_free():
    counts = np.array([3.0, 3.0, 0.0, 0.0])
    weekday, observed = np.zeros(4, np.int64), np.ones(4, bool)
    cost = segment.path_cost(counts, weekday, observed, np.array([2]), np.array([3.0, 0.0]), FLAT, 2.0)
    alone = segment.path_cost(counts[:2], weekday, observed, np.empty(0, np.int64), np.array([3.0]), FLAT, 2.0)
    assert cost == pytest.approx(alone)


def test_size_by_scipy():
    for seed in range(MANY // 8):
        rng = np.random.default_rng(seed)
        mean = rng.uniform(0.5, 8, 80)
        true = rng.choice([0.2, 1.0, 6.0])
        counts, observed = rng.negative_binomial(true, true / (true + mean)).astype(float), rng.random(80) > 0.1

        def surprise(log_size, counts=counts[observed], mean=mean[observed]):
            size = math.exp(log_size)
            return -nbinom.logpmf(counts, size, size / (size + mean)).sum()

        found = segment.fit_size(counts, observed, mean)
        best = minimize_scalar(surprise, bounds=(math.log(0.02), math.log(500)), method="bounded")
        assert surprise(math.log(found)) <= best.fun + 1e-6  # SciPy's default tolerance
        if found < 100:  # above, the likelihood is flat
            assert math.log(found) == pytest.approx(best.x, abs=1e-3)  # SciPy's default tolerance, times ten


@pytest.mark.parametrize(
    ("counts", "expected"),
    [pytest.param([5.0] * 40, 500, id="constant"), pytest.param([0.0] * 39 + [900.0], 0.02, id="one day")],
)
def test_size_stays_in_bounds(counts, expected):
    counts = np.array(counts)
    size = segment.fit_size(counts, np.ones(40, bool), np.full(40, counts.mean()))
    assert size == pytest.approx(expected, rel=1e-4)  # the golden section stops at 1e-5


def test_weekday_profile_by_hand():
    weekday = np.arange(28) % 7
    counts = np.where(weekday == 0, 8.0, 1.0)
    observed = np.arange(28) != 3
    counts[3] = 100.0
    profile = segment.weekday_profile(counts, weekday, observed, np.full(28, 2.0))
    raw = np.array([(32 + 3.5) / (8 + 3.5), *[(4 + 3.5) / (8 + 3.5)] * 6])
    raw[3] = (3 + 3.5) / (6 + 3.5)
    assert profile == pytest.approx(raw / raw.mean())


def test_daily_rate_and_residuals_by_hand():
    rate = segment.daily_rate(5, np.array([2, 4]), np.array([2.0, np.nan, 0.5]))
    assert rate.tolist() == [2.0, 2.0, 0.0, 0.0, 0.5]
    residuals = segment.pearson_residuals(np.array([2.0, 8.0, 1.0, 0.0, 1.0]), np.arange(5) != 4, rate, 4.0)
    assert residuals == pytest.approx([0.0, 6 / math.sqrt(3), 0.0, 0.0, 0.0])  # 2 + 2²/4 = 3


def naive_factor(residuals, observed) -> float:
    centred = np.where(observed, residuals - residuals[observed].mean(), 0.0)
    pairs = [(1 - lag / 15) * (centred[lag:] @ centred[:-lag]) for lag in range(1, min(14, len(centred) - 1) + 1)]
    return max(1.0, 1 + 2 * sum(pairs) / (centred @ centred))


@pytest.mark.parametrize("n_days", [6, 40, 300])
@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.6])
def test_long_run_factor_by_numpy(n_days, phi):
    rng = np.random.default_rng(n_days)
    residuals = rng.normal(size=n_days)
    for t in range(1, n_days):
        residuals[t] += phi * residuals[t - 1]
    observed = rng.random(n_days) > 0.2
    assert segment.long_run_factor(residuals, observed) == pytest.approx(naive_factor(residuals, observed))


def test_long_run_factor_measures_memory():
    rng = np.random.default_rng(1)
    memory = rng.normal(size=3000)
    assert segment.long_run_factor(memory, np.ones(3000, bool)) < 1.35  # 1 plus three of its standard errors, 0.11
    for t in range(1, 3000):
        memory[t] += 0.5 * memory[t - 1]
    # AR(1) with phi 0.5: (1 + phi) / (1 - phi) = 3, of which the Bartlett window over 14 days keeps 2.7
    assert segment.long_run_factor(memory, np.ones(3000, bool)) == pytest.approx(2.7, abs=0.5)  # 1.5 standard errors


@pytest.mark.parametrize("residual", [0.0, 0.1, 3e-16])
def test_constant_residuals_have_no_memory(residual):
    assert segment.long_run_factor(np.full(90, residual), np.ones(90, bool)) == 1.0


@pytest.mark.parametrize("size", [0.3, 1.0, 8.0])
def test_split_likelihoods_by_the_beta_integral(size):
    counts, weekday, observed, _ = series(21, 40)
    grid = np.linspace(-45, 45, 4001)  # far beyond the rates of any weight
    odds = np.exp(grid - math.log(size))
    log_prior = -0.5 * (np.log1p(odds) + np.log1p(1 / odds))  # Beta(1/2, 1/2) on size / (size + rate) = 1 / (1 + odds)
    found = segment.split_log_likelihoods(counts, weekday, observed, grid, log_prior, FLAT, size)

    def integral(part: slice) -> float:  # the likelihood of a part is share^(size n) (1 - share)^sum
        return betaln(0.5 + size * observed[part].sum(), 0.5 + counts[part][observed[part]].sum())

    expected = np.array([integral(slice(0, t)) + integral(slice(t, 40)) for t in range(1, 40)])
    assert found[1:] - found[1] == pytest.approx(
        expected - expected[0], abs=1e-6
    )  # both sums are fine; constants cancel


def test_log_sum_exp_does_not_overflow():
    assert segment.log_sum_exp(np.array([1000.0, 1000.0])) == pytest.approx(1000 + math.log(2))
    assert segment.log_sum_exp(np.array([-5000.0, -1e6])) == pytest.approx(-5000)


def test_find_changes_reaches_a_fixed_point():
    rng = np.random.default_rng(5)
    rate = np.repeat([8.0, 1.0, 4.0], [90, 60, 60])
    weekday = np.arange(210) % 7
    profile = np.array([1.6, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6])
    mean = rate * profile[weekday]
    counts, observed = rng.negative_binomial(5, 5 / (5 + mean)).astype(float), np.ones(210, bool)
    grid = np.linspace(math.log(0.3 / 210), math.log(40), 96)
    half_penalty = 1.25 * math.log(210)
    changes, rates, found_profile, size, factor = segment.find_changes(
        counts, weekday, observed, grid, half_penalty, True
    )
    assert np.abs(changes - [90, 150]).max() <= 3  # eight to one, and one to four, in NB noise of size 5
    assert rates == pytest.approx([8, 1, 4], rel=0.3)  # three standard errors of 60 NB days at rate 1
    assert found_profile == pytest.approx(profile, rel=0.35)  # three standard errors of 30 NB days
    assert found_profile.mean() == pytest.approx(1.0)
    again, rates_again = segment.refined_path(
        counts, weekday, observed, grid, found_profile, size, half_penalty * factor
    )
    assert again.tolist() == changes.tolist()
    fitted = segment.daily_rate(210, changes, rates)
    assert segment.weekday_profile(counts, weekday, observed, fitted) == pytest.approx(found_profile, abs=0.01)
    assert segment.fit_size(counts, observed, fitted * found_profile[weekday]) == pytest.approx(size, rel=0.05)
    assert rates_again == pytest.approx(rates, rel=0.01)  # the three tolerances: one more round moves them little
    flat = segment.find_changes(counts, weekday, observed, grid, half_penalty, False)[2]
    assert flat.tolist() == [1.0] * 7


def kernel_arguments() -> dict[str, tuple]:
    counts, weekday, observed, size = series(2, 60)
    grid = np.linspace(math.log(0.05), math.log(40), 30)
    changes, rates, profile = np.array([20, 41]), np.array([1.0, 5.0, 0.0]), uneven(2)
    mean = segment.daily_rate(60, changes, rates) * profile[weekday]
    residuals = segment.pearson_residuals(counts, observed, mean, size)
    args = (counts, weekday, observed)
    return {
        "best_path": (*args, grid, profile, size, 2.0),
        "regime_rates": (*args, changes, profile, size),
        "path_cost": (*args, changes, rates, profile, size),
        "refined_path": (*args, grid, profile, size, 2.0),
        "daily_rate": (60, changes, rates),
        "weekday_profile": (*args, segment.daily_rate(60, changes, rates)),
        "fit_size": (counts, observed, mean),
        "size_cost": (counts, observed, mean, size),
        "pearson_residuals": (counts, observed, mean, size),
        "long_run_factor": (residuals, observed),
        "find_changes": (*args, grid, 3.0, True),
        "split_log_likelihoods": (*args, grid, np.zeros(30), profile, size),
        "log_sum_exp": (grid,),
    }


@pytest.mark.skipif(not JIT, reason="compares compiled kernels with their Python source")
@pytest.mark.parametrize("name", kernel_arguments())
def test_kernel_by_its_python_source(name):
    kernel, args = getattr(segment, name), kernel_arguments()[name]
    compiled, interpreted = kernel(*args), kernel.py_func(*args)
    if not isinstance(compiled, tuple):
        compiled, interpreted = (compiled,), (interpreted,)
    for one, other in zip(compiled, interpreted, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-9, abs=1e-12)  # compiled sums reorder


@pytest.mark.skipif(not JIT, reason="a kernel is known by its Python source")
def test_every_kernel_is_compared():
    kernels = {name for name, value in vars(segment).items() if hasattr(value, "py_func")}
    assert kernels == set(kernel_arguments())
