"""Kernels of growth in windows against plain formulas: fits, their spread, and what refutes a growth."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, polygamma

from conflictts.truce import _trend_windows, _trends

LENGTH = 42
WEEK = (np.arange(LENGTH) - (LENGTH - 1) / 2) / 7
N_SERIES = 4 if numba.config.DISABLE_JIT else 60  # of each kind; 15 windows each


def negative_binomial(rng, mean, size):
    return rng.negative_binomial(size, size / (size + mean)).astype(float)


def burst(rng, days):
    counts = np.zeros(len(days))
    counts[rng.choice(len(days), 24, replace=False)] = rng.integers(1, 300, 24)
    return counts


LEAST = np.log(1e-6)  # alpha of a plain search: below it differences of log gamma functions are rounding
KINDS = {
    "overdispersed": lambda rng, days: negative_binomial(rng, np.full(len(days), 5.0), 0.7),
    "few counts": lambda rng, days: negative_binomial(rng, np.full(len(days), 0.5), 1.0),
    "Poisson": lambda rng, days: rng.poisson(3.0, len(days)).astype(float),
    "underdispersed": lambda rng, days: rng.binomial(10, 0.5, len(days)).astype(float),
    "steep": lambda rng, days: negative_binomial(rng, np.exp(0.12 * days - 3), 3.0),
    "a step": lambda rng, days: negative_binomial(rng, np.where(days < 45, 0.3, 12.0), 2.0),
    "fractions": lambda rng, days: negative_binomial(rng, np.full(len(days), 30.0), 0.7) / 7,
    "thousands": lambda rng, days: negative_binomial(rng, np.full(len(days), 5000.0), 2.0),
    "a few days of many": burst,
    "all but constant": lambda rng, days: 3.0 + (rng.random(len(days)) < 0.05),
}
EACH_KIND = pytest.mark.parametrize("kind", KINDS)


def rows_of(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Counts and exposure of successive windows of random series, some with days not observed and with weekdays."""
    rng = np.random.default_rng(list(KINDS).index(kind))
    counts, exposures = [], []
    for _ in range(N_SERIES):
        days = np.arange(84)
        seen = rng.random(84) > rng.choice([0.0, 0.1])
        exposure = np.where(seen, rng.choice([np.ones(7), rng.uniform(0.4, 2.0, 7)])[days % 7], 0.0)
        series = np.where(seen, KINDS[kind](rng, days), 0.0)
        windows = [np.lib.stride_tricks.sliding_window_view(each, LENGTH)[::3] for each in (series, exposure)]
        enough = (windows[0].sum(axis=1) >= 10) & ((windows[0] > 0).sum(axis=1) >= 3)
        counts.append(windows[0][enough])
        exposures.append(windows[1][enough])
    return np.concatenate(counts), np.concatenate(exposures)


def fits_of(kind: str) -> tuple[np.ndarray, ...]:
    counts, exposure = rows_of(kind)
    return counts, exposure, WEEK, *_trends.fit_rows(counts, exposure, WEEK)


def means(exposure: np.ndarray, level: np.ndarray, growth: np.ndarray) -> np.ndarray:
    return exposure * np.exp(level[:, None] + growth[:, None] * WEEK)


def log_likelihood(counts: np.ndarray, mean: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Of rows, up to a constant that depends on counts and alpha; days not observed have a mean and a count of 0."""
    a = alpha[:, None]
    log_mean = np.log(np.where(mean > 0, mean, 1.0))
    shrunk = np.where(a > 0, np.log1p(a * mean) / np.where(a > 0, a, 1.0), mean)
    return (counts * (log_mean - np.log1p(a * mean)) - shrunk).sum(axis=1)


@EACH_KIND
def test_fit_solves_the_score_equations(kind):
    """At a maximum one more Newton step in each parameter is nothing; alpha is 0 where the likelihood falls from it."""
    counts, exposure, _, level, growth, alpha = fits_of(kind)
    assert len(counts) > N_SERIES
    assert np.isfinite(growth).all()
    mean, a = means(exposure, level, growth), alpha[:, None]
    pull = (counts - mean) / (1 + a * mean)
    weight = mean * (1 + a * counts) / (1 + a * mean) ** 2
    h00, h01, h11 = weight.sum(1), weight @ WEEK, weight @ WEEK**2
    determinant = h00 * h11 - h01**2
    s0, s1 = pull.sum(1), pull @ WEEK
    assert (determinant > 0).all()
    assert (h11 * s0 - h01 * s1) / determinant == pytest.approx(0, abs=1e-8)
    assert (h00 * s1 - h01 * s0) / determinant == pytest.approx(0, abs=1e-8)
    some = alpha > 0
    size, m, y = 1 / a[some], mean[some], counts[some]
    seen = exposure[some] > 0
    terms = digamma(size + y) - digamma(size) - np.log1p(m / size) + (m - y) / (m + size)
    bent = polygamma(1, size + y) - polygamma(1, size) + m / (size * (m + size)) - (m - y) / (m + size) ** 2
    bent = np.where(seen, bent, 0.0).sum(1)
    step = np.where(seen, terms, 0.0).sum(1) / bent  # of the size
    at_rounding = 2e-15 * LENGTH * np.abs(digamma(size[:, 0])) / np.abs(bent)
    assert (np.abs(alpha[some] ** 2 * step) <= 1e-8 + alpha[some] ** 2 * at_rounding).all()
    spread = np.where(exposure > 0, (counts - mean) ** 2 - counts, 0.0).sum(1)
    largest = 1e4 * (1 + mean.sum(1) / (exposure > 0).sum(1))
    assert ((spread[~some] <= 0) | (_score_at(largest, counts, mean, exposure)[~some] >= -1e-9)).all()


def _score_at(size: np.ndarray, counts: np.ndarray, mean: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    r = size[:, None]
    terms = digamma(r + counts) - digamma(r) - np.log1p(mean / r) + (mean - counts) / (mean + r)
    return np.where(exposure > 0, terms, 0.0).sum(1)


@EACH_KIND
def test_no_plain_search_finds_a_likelier_fit(kind):
    counts, exposure, _, level, growth, alpha = (each[:12] if each is not WEEK else each for each in fits_of(kind))
    for k in range(0, len(counts), 4):
        seen = exposure[k] > 0
        y = counts[k][seen]

        def minus(at: np.ndarray, k: int = k, seen: np.ndarray = seen, y: np.ndarray = y) -> float:
            mean, size = exposure[k][seen] * np.exp(at[0] + at[1] * WEEK[seen]), np.exp(-max(at[2], LEAST))
            told = gammaln(y + size) - gammaln(size) + size * np.log(size / (size + mean))
            return -float((told + y * np.log(mean / (size + mean))).sum())

        found = minus(np.array([level[k], growth[k], np.log(max(alpha[k], 1e-9))]))
        for log_alpha in (-6.0, -1.0, 2.0):
            begun = np.array([np.log(y.sum() / exposure[k].sum()), 0.0, log_alpha])
            assert found <= minimize(minus, begun, method="Nelder-Mead", options={"maxiter": 4000}).fun + 1e-4


@EACH_KIND
def test_spreads_are_those_of_matrices(kind):
    _, exposure, _, level, growth, alpha = fits_of(kind)
    acf = 0.6 ** np.arange(LENGTH)
    days, taken, of_growth, of_total = _trend_windows.spreads_of_rows(exposure, WEEK, level, growth, alpha, acf)
    assert days.tolist() == (exposure > 0).sum(axis=1).tolist()
    mean = means(exposure, level, growth)
    design = np.column_stack([np.ones(LENGTH), WEEK])
    distance = np.abs(np.arange(LENGTH)[:, None] - np.arange(LENGTH))
    for k in range(0, len(level), 7):
        scaled = np.sqrt(mean[k] / (1 + alpha[k] * mean[k]))[:, None] * design
        bread = np.linalg.inv(scaled.T @ scaled)
        pull = mean[k] @ design
        for which, correlated in enumerate((np.eye(LENGTH), acf[distance])):
            meat = scaled.T @ correlated @ scaled
            covariance = bread @ meat @ bread
            assert of_growth[which, k] == pytest.approx(covariance[1, 1], rel=1e-8)  # of the inverse's own rounding
            assert of_total[which, k] == pytest.approx(pull @ covariance @ pull / pull[0], rel=1e-8)
        assert taken[k] == pytest.approx(np.trace(bread @ meat), rel=1e-8)


@EACH_KIND
def test_sums_of_residuals_are_those_of_arrays(kind):
    counts, exposure, _, level, growth, alpha = fits_of(kind)
    growth[3] = np.nan  # a fit that did not converge enters no sum
    products, pairs = _trend_windows.residual_sums(counts, exposure, WEEK, level, growth, alpha, 5)
    kept = np.arange(len(growth)) != 3
    mean = means(exposure, level, growth)
    seen = exposure > 0
    residual = np.where(seen, (counts - mean) / np.sqrt(np.where(seen, mean * (1 + alpha[:, None] * mean), 1.0)), 0.0)
    for lag in range(6):
        before, after = slice(0, LENGTH - lag), slice(lag, LENGTH)
        assert pairs[lag] == (seen[kept, before] & seen[kept, after]).sum()
        assert products[lag] == pytest.approx(
            (residual[kept, before] * residual[kept, after]).sum(), rel=1e-9, abs=1e-9
        )


@EACH_KIND
def test_ends_lose_what_the_quantile_allows(kind):
    fit = fits_of(kind)
    counts, exposure, _, level, growth, alpha = fit
    rng = np.random.default_rng(1)
    scale, quantile = rng.uniform(1, 3, len(growth)), rng.uniform(1, 2.5, len(growth))
    lower, upper = _trends.ends_of_rows(*fit, scale, quantile)
    best = log_likelihood(counts, means(exposure, level, growth), alpha)
    for end in (lower, upper):
        known = np.isfinite(end)
        reached = likeliest(counts[known], exposure[known], end[known], alpha[known], level[known])
        root = np.sqrt(2 * (best[known] - reached) / scale[known])
        rounding = 1e-13 * np.abs(best[known])  # of the sums here
        assert (np.abs(root - quantile[known]) <= 1e-7 + rounding).all()
    sides = _trends.sides_of_rows(*fit, scale, quantile)
    assert sides.tolist() == ((lower > 0) * 1.0 - (upper < 0)).tolist()


def likeliest(
    counts: np.ndarray, exposure: np.ndarray, growth: np.ndarray, alpha: np.ndarray, level: np.ndarray
) -> np.ndarray:
    """Log-likelihood of given growths, each at its best level, which is where its derivative crosses 0: by halving."""
    low, high = level - 60, level + 60
    for _ in range(80):
        middle = (low + high) / 2
        mean = means(exposure, middle, growth)
        below = ((counts - mean) / (1 + alpha[:, None] * mean)).sum(axis=1) > 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return log_likelihood(counts, means(exposure, (low + high) / 2, growth), alpha)


def test_where_an_end_is_open_no_side_is_refuted():
    counts = np.zeros((1, LENGTH))
    counts[0, 19:22] = [400.0, 1.0, 1.0]  # so clustered that any slope may lie under it
    fit = counts, np.ones((1, LENGTH)), WEEK, *_trends.fit_rows(counts, np.ones((1, LENGTH)), WEEK)
    lower, upper = _trends.ends_of_rows(*fit, np.ones(1), np.full(1, 200.0))
    assert (lower[0], upper[0]) == (-np.inf, np.inf)
    assert _trends.sides_of_rows(*fit, np.ones(1), np.full(1, 200.0)).tolist() == [0.0]


def test_one_day_of_counts_has_no_trend_and_spoils_no_other_row():
    counts = np.zeros((3, LENGTH))
    counts[0] = counts[2] = np.arange(LENGTH) % 3
    counts[1, -1] = 50.0
    fit = counts, np.ones(counts.shape), WEEK, *_trends.fit_rows(counts, np.ones(counts.shape), WEEK)
    assert np.isnan(fit[4]).tolist() == [False, True, False]
    lower, upper = _trends.ends_of_rows(*fit, np.ones(3), np.full(3, 2.0))
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [False, True, False]
    assert _trends.sides_of_rows(*fit, np.ones(3), np.full(3, 2.0))[1] == 0.0


@pytest.mark.parametrize("turned", [False, True])
def test_beginning_at_the_row_before_changes_nothing(turned):
    """Rows begun at an unlike row, or at none, have the same fit."""
    counts = np.concatenate([rows_of(kind)[0][:4] for kind in KINDS])[:: -1 if turned else 1].copy()
    exposure = np.ones(counts.shape)
    together = _trends.fit_rows(counts, exposure, WEEK)
    for k in range(len(counts)):
        alone = _trends.fit_rows(counts[k : k + 1], exposure[k : k + 1], WEEK)
        assert [each[k] for each in together] == pytest.approx([each[0] for each in alone], rel=1e-7, abs=1e-8)


DAYS = np.array([2.0, np.nan, 0.0, 3.5, 0.0, 1.0, np.nan, np.nan, 4.0, 0.0, 7.0])


@pytest.mark.parametrize(("length", "step"), [(4, 1), (5, 5), (11, 11), (11, 1)])
def test_sums_of_windows_are_those_of_arrays(length, step):
    windows = np.lib.stride_tricks.sliding_window_view(DAYS, length)[::step]
    observed, totals, active = _trend_windows.sums_of_windows(DAYS, length, step)
    assert observed.tolist() == np.isfinite(windows).sum(axis=1).tolist()
    assert totals == pytest.approx(np.nansum(windows, axis=1))
    assert active.tolist() == (windows > 0).sum(axis=1).tolist()


def test_windows_of_rows_are_those_of_arrays():
    rows, exposure = np.stack([DAYS, DAYS[::-1]]), np.linspace(0.5, 1.5, len(DAYS))
    enough = np.array([True, False, True, True, False, True, False, True])
    counts, open_to = _trend_windows.windows_of_rows(rows, exposure, 4, enough)
    windows = np.lib.stride_tricks.sliding_window_view(rows, 4, axis=1)[:, enough].reshape(-1, 4)
    exposed = np.tile(np.lib.stride_tricks.sliding_window_view(exposure, 4)[enough], (2, 1))
    assert counts.tolist() == np.nan_to_num(windows).tolist()
    assert open_to.tolist() == np.where(np.isnan(windows), 0.0, exposed).tolist()


def test_shares_of_weekdays_are_those_of_arrays():
    rng = np.random.default_rng(9)
    weekday = np.arange(2, 142) % 7
    counts = rng.poisson(np.where(weekday == 4, 6.0, 2.0)).astype(float)
    counts[60:65] = np.nan
    around = np.convolve(counts, np.ones(7) / 7, mode="valid")  # NaN where a day of the seven is
    middle, day, known = counts[3:-3], weekday[3:-3], around > 0
    share = [(middle / (1 + around))[known & (day == d)].sum() / (around / (1 + around))[known & (day == d)].sum()
             for d in range(7)]  # fmt: skip
    found = _trend_windows.shares_of_weekdays(counts, weekday, 10.0)
    assert found == pytest.approx(np.array(share) / np.mean(share))
    assert found.argmax() == 4
    fewest = min(middle[known & (day == d)].sum() for d in range(7))
    assert _trend_windows.shares_of_weekdays(counts, weekday, fewest + 0.5).tolist() == [1.0] * 7
    assert _trend_windows.shares_of_weekdays(counts[:6], weekday[:6], 1.0).tolist() == [1.0] * 7


@pytest.mark.parametrize(
    ("of_window", "expected"),
    [
        pytest.param([2.0, np.nan, 4.0], [2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 0, 0], id="a gap"),
        pytest.param([np.nan, np.nan, 4.0], [0, 0, 4.0, 4.0, 4.0, 4.0, 4.0, 0, 0], id="late"),
        pytest.param([], [0] * 9, id="none"),
    ],
)
def test_factor_of_a_day_is_that_of_the_nearest_window(of_window, expected):
    """Windows of five days, middles from the third day on; 0 stands for the factor of all days."""
    counts = np.array([1.0, 2.0, 9.0, np.nan, 0.0, 4.0, 12.0, 0.0, 0.0])
    overall = np.nanvar(counts) / np.nanmean(counts)
    found = _trend_windows.factor_of_days(counts, np.array(of_window, dtype=float), 2)
    assert found == pytest.approx([each or overall for each in expected])
    assert _trend_windows.factor_of_days(np.zeros(9), np.array(of_window, dtype=float), 2).min() == 1.0


@pytest.mark.parametrize("n_days", [1, 7, 10, 21, 22, 41])
def test_no_window_is_near_a_day_of_a_short_series(n_days):
    """Read from beyond an array, which a kernel does not notice, it would be anything."""
    counts = np.arange(n_days) % 3 * 2.0
    overall = max(1.0, np.var(counts) / max(np.mean(counts), 1e-300))
    kernels = [
        _trend_windows.factor_of_days,
        getattr(_trend_windows.factor_of_days, "py_func", _trend_windows.factor_of_days),
    ]
    for kernel in kernels:
        assert kernel(counts, np.empty(0), 21) == pytest.approx(np.full(n_days, overall))


@EACH_KIND
def test_one_call_gives_what_its_parts_give(kind):
    counts, exposure, week, level, growth, alpha = fits_of(kind)
    products, pairs = _trend_windows.residual_sums(counts, exposure, week, level, growth, alpha, 10)
    by_phi = np.linspace(1.0, 0.1, 5)[:, None] * np.linspace(1.0, 0.5, 11)
    powers = np.array([0.0, 0.2, 0.4, 0.6, 0.8])[:, None] ** np.arange(LENGTH)
    for given in (np.empty(0), np.array([0.1, 0.0, 0.0, 0.3, 0.2])):
        *trend, days, taken, of_growth, of_total, memory, squares = _trend_windows.fit_with_memory(
            counts, exposure, week, 10, by_phi, powers, 150, given
        )
        weights = given if given.size else _trend_windows.weights_of_memory(products, pairs, by_phi, LENGTH, 150)
        acf = np.r_[1.0, (weights @ powers)[1:]]
        spread = _trend_windows.spreads_of_rows(exposure, week, level, growth, alpha, acf)
        expected = (level, growth, alpha, *spread, weights, products[0])
        for one, other in zip((*trend, days, taken, of_growth, of_total, memory, squares), expected, strict=True):
            assert one == pytest.approx(other, rel=1e-9, nan_ok=True)
