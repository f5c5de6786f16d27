from __future__ import annotations

import math
from itertools import combinations, pairwise

import numba
import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import nbinom

from conflictts.truce import _noise as noise
from conflictts.truce import _path as path

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


def regime_rates(counts, weekday, observed, changes, profile, size):
    return path.rates_of_groups(*noise.grouped(counts, weekday, observed, changes), profile, size)


def path_cost(counts, weekday, observed, changes, rates, profile, size):
    return path.cost_of_groups(*noise.grouped(counts, weekday, observed, changes), rates, profile, size)


def exact_cost(args, changes, profile, size, penalty) -> float:
    counts, weekday, observed = args
    rates = regime_rates(counts, weekday, observed, changes, profile, size)
    return path_cost(counts, weekday, observed, changes, rates, profile, size) + penalty * len(changes)


def test_best_path_by_brute_force():
    grid = np.linspace(math.log(0.05), math.log(20), 9)
    for seed in range(MANY):
        n_days = 2 + seed % 7
        counts, weekday, observed, size = series(seed, n_days)
        profile, penalty = uneven(seed), (0.2, 1.0, 3.0)[seed % 3]
        cost = day_costs(counts, weekday, observed, grid, profile, size)
        found = path.best_path(counts, weekday, observed, grid, profile, size, penalty)
        every = [c for k in range(n_days) for c in combinations(range(1, n_days), k)]
        cheapest = min(cost_on_grid(list(changes), cost, penalty) for changes in every)
        assert cost_on_grid(found, cost, penalty) == pytest.approx(cheapest, abs=1e-9)  # rounding of sums


@pytest.mark.parametrize("min_days", [2, 3])
def test_best_path_of_long_regimes_by_brute_force(min_days):
    grid = np.linspace(math.log(0.05), math.log(20), 9)
    binding = 0
    for seed in range(MANY):
        counts, weekday, observed, size = series(seed, 7 + seed % 4)
        seen = np.flatnonzero(observed)
        if len(seen) < 2 * min_days:
            continue
        profile, penalty = uneven(seed), (0.2, 1.0, 3.0)[seed % 3]
        cost = day_costs(counts, weekday, observed, grid, profile, size)
        found = path.best_path(counts, weekday, observed, grid, profile, size, penalty, min_days)
        every = [
            seen[list(places)]
            for k in range(len(seen))
            for places in combinations(range(1, len(seen)), k)
            if (np.diff([0, *places, len(seen)]) >= min_days).all()
        ]
        cheapest = min(cost_on_grid(changes, cost, penalty) for changes in every)
        assert cost_on_grid(found, cost, penalty) == pytest.approx(cheapest, abs=1e-9)  # rounding of sums
        assert (np.diff(np.searchsorted(seen, [0, *found, len(counts)])) >= min_days).all()
        free = path.best_path(counts, weekday, observed, grid, profile, size, penalty)
        binding += cost_on_grid(free, cost, penalty) < cheapest - 1e-9
    assert binding > 5  # without the bound, some paths would be cheaper


def test_best_path_by_dynamic_programming():
    grid = np.linspace(math.log(0.02), math.log(40), 24)
    found_any = 0
    for seed in range(MANY):
        counts, weekday, observed, size = series(seed, 40)
        profile, penalty = uneven(seed), (0.5, 2.0, 5.0)[seed % 3]
        cost = day_costs(counts, weekday, observed, grid, profile, size)
        found = path.best_path(counts, weekday, observed, grid, profile, size, penalty)
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
                rates = regime_rates(*part, np.empty(0, np.int64), profile, size)
                alone[begin, end] = path_cost(*part, np.empty(0, np.int64), rates, profile, size)
        best = [-penalty]
        for end in range(1, 25):
            best.append(min(best[begin] + penalty + alone[begin, end] for begin in range(end)))
        cost = day_costs(*args, grid, profile, size)
        on_grid = path.best_path(*args, grid, profile, size, penalty)
        changes, rates = path.refined_path(*args, grid, np.zeros(1), profile, size, penalty)
        refined = exact_cost(args, changes, profile, size, penalty)
        assert rates == pytest.approx(regime_rates(*args, changes, profile, size), nan_ok=True)
        assert refined <= cost_on_grid(on_grid, cost, penalty) + 1e-9  # rounding of sums
        # moving a rate to its nearest level costs information * half_step² / 2, and a day informs by at most its
        # size; rate 0 moves to the lowest level, which costs at most that level a day
        slack = 24 * size * half_step**2 / 2 + 24 * profile.max() * 0.3 / 24
        assert best[-1] - 1e-9 <= refined <= best[-1] + slack


def test_unobserved_days_cost_nothing():
    counts = np.repeat([1.0, 6.0, 0.0], 20)
    weekday, observed, size = np.arange(60) % 7, np.random.default_rng(3).random(60) > 0.3, 2.0
    grid = np.linspace(math.log(0.05), math.log(40), 40)
    changes, rates = path.refined_path(counts, weekday, observed, grid, np.zeros(1), FLAT, size, 2.0)
    unseen = np.where(observed, counts, 999.0)
    again, rates_again = path.refined_path(unseen, weekday, observed, grid, np.zeros(1), FLAT, size, 2.0)
    assert len(changes) == 2
    assert (again.tolist(), rates_again.tolist()) == (changes.tolist(), rates.tolist())
    assert observed[changes].all()  # a regime begins on a day that somebody saw


def test_nothing_observed_is_no_change():
    nothing = np.zeros(10, bool)
    assert path.best_path(np.ones(10), np.zeros(10, np.int64), nothing, np.arange(3.0), FLAT, 1.0, 1.0).size == 0


KNOWN_RATES = [
    pytest.param([4.0, 6.0, 0.0, 0.0, 1.0], [2], [5.0, 1 / 3], id="plain means"),
    pytest.param([4.0, 6.0, 0.0, 0.0, 0.0], [2], [5.0, 0.0], id="silence"),
    pytest.param([4.0, 6.0, -1.0, -1.0, 0.5], [2, 4], [5.0, np.nan, 0.5], id="nobody looked"),
]


@pytest.mark.parametrize(("counts", "changes", "expected"), KNOWN_RATES)
def test_rates_of_flat_weeks_are_means(counts, changes, expected):
    counts = np.array(counts)
    rates = regime_rates(counts, np.zeros(5, np.int64), counts >= 0, np.array(changes), FLAT, 0.7)
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
        fitted = regime_rates(counts, weekday, observed, np.empty(0, np.int64), profile, size)[0]
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
        cost.append(path_cost(counts, weekday, observed, np.array([change]), rates, profile, size))
        expected.append(-nbinom.logpmf(counts, size, size / (size + mean))[observed].sum())
    assert cost[1] - cost[0] == pytest.approx(expected[1] - expected[0])  # the terms without rates cancel


def test_silent_regime_is_free():
    counts = np.array([3.0, 3.0, 0.0, 0.0])
    weekday, observed = np.zeros(4, np.int64), np.ones(4, bool)
    cost = path_cost(counts, weekday, observed, np.array([2]), np.array([3.0, 0.0]), FLAT, 2.0)
    alone = path_cost(counts[:2], weekday, observed, np.empty(0, np.int64), np.array([3.0]), FLAT, 2.0)
    assert cost == pytest.approx(alone)


def functional_pruning(counts, size, penalty) -> float:
    """Cost of the best segmentation, all rates allowed: an interval of rates per last change, cut where others win.

    Written for flat weeks and whole series, in the rate p = rate / (size + rate), where a day costs
    -size log(1 - p) - count log(p): functions of p with two numbers each, whose differences have at most two roots.
    """
    candidates = [(0.0, 0.0, 0.0, [(0.0, 1.0)])]  # cost so far, days, total, the rates where it is cheapest
    best = -penalty
    for count in counts:
        candidates = [(base, days + 1, total + count, parts) for base, days, total, parts in candidates]
        fresh = [(0.0, 1.0)]
        kept = []
        for base, days, total, parts in candidates:
            good = [part for old in parts for part in below(base - best - penalty, days - 1, total - count, old, size)]
            if good:
                kept.append((base, days, total, good))
                fresh = [piece for new in fresh for piece in without(new, good)]
        if fresh:
            kept.append((best + penalty, 1.0, count, fresh))
        candidates = kept
        best = min(base + least(days, total, part, size) for base, days, total, parts in candidates for part in parts)
    return best


def curve(days, total, p, size) -> float:
    zero = -total * math.log(p) if total > 0 else 0.0
    return zero - size * days * math.log1p(-p) if p < 1 or days == 0 else math.inf


def least(days, total, part, size) -> float:
    low, high = part
    p = min(max(total / (total + size * days), low), high)
    return curve(days, total, max(p, 1e-300), size)


def below(base, days, total, part, size) -> list[tuple[float, float]]:
    """Where in an interval base + curve <= 0: convex, so one interval at most."""
    low, high = part
    bottom = min(max(total / (total + size * days), low), high) if days > 0 else low

    def value(p: float) -> float:
        return base + curve(days, total, min(max(p, 1e-300), 1 - 1e-16), size)

    if value(bottom) > 0:
        return []
    left = low if value(low) <= 0 else brentq(value, max(low, 1e-300), bottom, xtol=1e-14)
    right = high if value(high) <= 0 else brentq(value, bottom, min(high, 1 - 1e-16), xtol=1e-14)
    return [(left, right)]


def without(part, others) -> list[tuple[float, float]]:
    pieces = [part]
    for begin, end in others:
        pieces = [(a, b) for low, high in pieces for a, b in ((low, min(high, begin)), (max(low, end), high)) if a < b]
    return pieces


def test_refined_path_by_functional_pruning():
    cheaper_on_grid = 0
    for seed in range(2 * MANY):
        rng = np.random.default_rng([3, seed])
        n_days, size = int(rng.integers(10, 40)), float(rng.choice([0.5, 2.0, 10.0]))
        rate = np.repeat(rng.choice([0.3, 2.0, 8.0], 2), [n_days // 2, n_days - n_days // 2])
        counts = rng.negative_binomial(size, size / (size + rate)).astype(float)
        if counts.sum() == 0:
            continue
        args = counts, np.zeros(n_days, np.int64), np.ones(n_days, bool)
        grid = np.linspace(math.log(0.03 / n_days), math.log(3 * counts.max() + 1), 96)
        penalty = float(rng.choice([1.0, 3.0]))
        changes, _ = path.refined_path(*args, grid, np.zeros(1), FLAT, size, penalty)
        exact = functional_pruning(counts, size, penalty)
        found = exact_cost(args, changes, FLAT, size, penalty)
        half_step = (grid[1] - grid[0]) / 2
        assert exact - 1e-8 <= found <= exact + min(size * n_days, counts.sum()) * half_step**2 / 2 + 0.03
        cheaper_on_grid += found <= exact + 1e-8
    assert cheaper_on_grid >= 0.97 * 2 * MANY  # the grid, moved onto the fitted rates, nearly always holds the best


def passing(n_levels):
    """Costs, a jump, and what a day costs at each level."""
    costs = np.linspace(0.0, 9.0, n_levels)
    return costs, 4.0, (costs - 3.0) ** 2, costs - 1.0


def kernel_arguments() -> dict[str, tuple]:
    counts, weekday, observed, size = series(2, 60)
    grid = np.linspace(math.log(0.05), math.log(40), 30)
    changes, rates, profile = np.array([20, 41]), np.array([1.0, 5.0, 0.0]), uneven(2)
    args = (counts, weekday, observed)
    total, seen = noise.grouped(*args, changes)
    cheapest, level = np.linspace(-2.0, 50.0, 61), np.full(61, 7)
    return {
        "day_costs": (grid, profile, size),
        "evenly_spaced": (-1.0, 2.5, 33),
        "rate_grid": (counts, observed),
        "smallest": (grid,),
        "passed": (*passing(61), 3.0),
        "_place": (grid, grid[17], 3),
        "best_path": (*args, grid, profile, size, 2.0),
        "_backtracked": (*args, *path.day_costs(grid, profile, size), 2.0, cheapest, level, 1),
        "_best_path_apart": (counts, args[1], *path.day_costs(grid, profile, size), 2.0, 7),
        "rates_of_groups": (total, seen, profile, size),
        "cost_of_groups": (total, seen, rates, profile, size),
        "snapped": (grid, rates),
        "refined_path": (*args, grid, np.zeros(1), profile, size, 2.0),
    }


def test_levels_are_evenly_spaced_as_by_numpy():
    assert path.evenly_spaced(-1.1, 2.3, 96).tolist() == np.linspace(-1.1, 2.3, 96).tolist()


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 24, 32, 96])
def test_smallest(width):
    for seed in range(width):
        values = np.random.default_rng(seed).permutation(np.arange(3.0, 3.0 + width))
        assert path.smallest(values) == 3.0


@pytest.mark.parametrize("n_levels", [path.N_LEVELS, 61])
def test_a_day_passes_by_numpy(n_levels):
    counts, weekday, observed, _ = series(3, 200)
    grid = np.linspace(-2.0, 3.0, n_levels)
    profile, size, penalty = np.linspace(0.8, 1.2, 7), 2.0, 6.0
    fixed, per_count = path.day_costs(grid, profile, size)
    cost, least = np.zeros(n_levels), -penalty
    for t in np.flatnonzero(observed):
        cost = np.minimum(cost, least + penalty) + fixed[weekday[t]] + counts[t] * per_count[weekday[t]]
        least = cost.min()
    found = path.best_path(counts, weekday, observed, grid, profile, size, penalty)
    edges = [0, *found, len(counts)]
    parts = [
        sum(fixed[weekday[t]] + counts[t] * per_count[weekday[t]] for t in range(a, b) if observed[t])
        for a, b in pairwise(edges)
    ]
    reached = sum(part.min() for part in parts) + penalty * len(found)
    assert reached == pytest.approx(least, rel=1e-12)  # the same sums in another order


@pytest.mark.parametrize("n_days", [14, 100, 1001, 4000])
def test_rate_grid_by_numpy(n_days):
    counts = np.random.default_rng(n_days).negative_binomial(0.5, 0.1, n_days).astype(float)
    observed = np.arange(n_days) % 9 > 0
    seen = counts[observed]
    quietest = np.convolve(seen, np.ones(7), "valid").min() / 7
    lowest = max(0.3 / n_days, quietest / 2)
    highest = 1.5 * max(np.quantile(seen, 0.999), 1.0) + 1.0
    expected = np.linspace(np.log(lowest), np.log(highest), path.N_LEVELS)
    assert path.rate_grid(counts, observed) == pytest.approx(expected, abs=1e-9)  # rounding of running sums
