"""Ends of an interval must be where the likelihood says, and hold the truth as often as promised with few counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import stdtrit

from conflictts.truce._windows import _PHI, Trends, WindowFits, fit_windows, likelihood_ends

LENGTH = 42
WEEK = (np.arange(LENGTH) - (LENGTH - 1) / 2) / 7
NO_MEMORY = np.zeros(len(_PHI))
MET = {"rel": 1e-6, "abs": 1e-7}  # ends are found to 1e-8 standard errors, fits to 1e-9


def fitted(rows: np.ndarray, offset: np.ndarray | None = None) -> WindowFits:
    offset = np.zeros(rows.shape) if offset is None else offset
    seen = ~np.isnan(rows)
    counts, exposure = np.where(seen, rows, 0.0), np.where(seen, np.exp(offset), 0.0)
    return fit_windows(counts, exposure, total_days=rows.shape[1], memory=NO_MEMORY)


def two_days(first: float, second: float, scale: float = 1.0) -> Trends:
    """Poisson counts of two days a week apart: the growth is the log ratio."""
    one = np.ones(1)
    level, growth = np.log(first * second) / 2, np.log(second / first)
    return Trends(
        counts=np.array([[first, second]]), exposure=np.ones((1, 2)),
        week=np.array([-0.5, 0.5]), level=level * one, growth=growth * one, alpha=0 * one, scale=scale * one,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "scale"),
    [
        pytest.param(8.0, 2.0, 1.0, id="8 and 2"),
        pytest.param(8.0, 2.0, 2.5, id="8 and 2, clustered"),
        pytest.param(1.0, 30.0, 1.0, id="1 and 30"),
    ],
)
def test_two_days_give_the_interval_of_a_binomial_share(first, second, scale):
    """Given the total, the second count is binomial; its likelihood ratio is written out."""
    ends = likelihood_ends(two_days(first, second, scale), np.array([1.96]))
    share = second / (first + second)
    for (end,), side in zip(ends, (-1, 1), strict=True):
        at_end = 1 / (1 + np.exp(-end))
        lost = 2 * (second * np.log(share / at_end) + first * np.log((1 - share) / (1 - at_end)))
        assert lost == pytest.approx(1.96**2 * scale, **MET)
        assert (end - np.log(second / first)) * side > 0


def most_likely(growth: float, row: np.ndarray, offset: np.ndarray, alpha: float) -> float:
    """Log-likelihood of one growth at its best level, by a plain search."""
    seen = ~np.isnan(row)

    def minus(level: float) -> float:
        log_mean = level + growth * WEEK[seen] + offset[seen]
        mean = np.exp(log_mean)
        shrunk = np.log1p(alpha * mean) / alpha if alpha else mean
        return -float(np.sum(row[seen] * (log_mean - np.log1p(alpha * mean)) - shrunk))

    return -minimize_scalar(minus, bounds=(-15.0, 15.0), method="bounded", options={"xatol": 1e-10}).fun


def plain_distance(
    estimate: float, side: int, row: np.ndarray, offset: np.ndarray, alpha: float, allowed: float
) -> float:
    best = most_likely(estimate, row, offset, alpha)
    return brentq(lambda d: 2 * (best - most_likely(estimate + side * d, row, offset, alpha)) - allowed, 1e-6, 20.0)


def test_ends_are_those_of_plain_searches():
    rng = np.random.default_rng(3)
    rows = np.vstack([rng.negative_binomial(0.5, 0.5 / (0.5 + mean), (4, LENGTH)) for mean in (0.4, 3.0, 20.0)])
    rows = np.where(rng.random(rows.shape) < 0.05, np.nan, rows.astype(float))
    offset = np.log(1.3) * np.cos(np.arange(LENGTH)) * np.ones((len(rows), 1))
    fits = fitted(rows, offset)
    allowed = stdtrit(fits.degrees_of_freedom, 0.95) ** 2 * fits.trends.scale
    found = np.stack(fits.interval(0.9), axis=1)
    for k, row in enumerate(rows):
        plain = [
            fits.growth[k]
            + side * plain_distance(fits.growth[k], side, row, offset[k], fits.trends.alpha[k], allowed[k])
            for side in (-1, 1)
        ]
        # a plain minimum is known to the root of rounding, times the flatness of the likelihood there
        assert found[k] == pytest.approx(plain, abs=1e-5)


def test_many_counts_make_a_parabola():
    rows = np.random.default_rng(0).poisson(400.0, (6, LENGTH)).astype(float)
    fits = fitted(rows)
    half = stdtrit(fits.degrees_of_freedom, 0.975) * fits.standard_error
    lower, upper = fits.interval(0.95)
    assert upper - fits.growth == pytest.approx(half, rel=0.01)  # counts of 17,000 a window: near, not equal
    assert fits.growth - lower == pytest.approx(half, rel=0.01)


def test_a_dozen_counts_do_not_hold_the_truth_too_often():
    """Events on days drawn at random: 20,000 such windows hold no growth in 96.0 %, by standard errors in 97.1 %."""
    rng = np.random.default_rng(1)
    rows = rng.multinomial(12, np.full(LENGTH, 1 / LENGTH), 5000).astype(float)
    fits = fitted(rows)
    lower, upper = fits.interval(0.95)
    held = ((lower <= 0) & (upper >= 0)).mean()
    half = stdtrit(fits.degrees_of_freedom, 0.975) * fits.standard_error
    assert held == pytest.approx(0.96, abs=0.008)  # three standard errors of 5,000 windows
    assert (np.abs(fits.growth) <= half).mean() > held + 0.006  # of the same windows


def test_an_end_that_no_count_limits_is_open():
    rows = np.zeros((2, LENGTH))
    rows[0, 19:22] = [400.0, 1.0, 1.0]  # so clustered that any slope may lie under it
    rows[1] = np.arange(LENGTH) % 3
    fits = fitted(rows)
    trends = fits.trends
    lower, upper = likelihood_ends(trends, np.array([200.0, 2.0]))
    assert (lower[0], upper[0]) == (-np.inf, np.inf)
    assert np.isfinite([lower[1], upper[1]]).all()


def test_a_window_that_did_not_converge_has_no_ends():
    rows = np.zeros((2, LENGTH))
    rows[0, -1] = 50.0
    rows[1] = np.arange(LENGTH) % 3
    lower, upper = fitted(rows).interval(0.95)
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [True, False]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=LENGTH, max_size=LENGTH).filter(lambda counts: np.count_nonzero(counts) > 9)
)
def test_ends_enclose_the_estimate_turn_with_time_and_widen(counts):
    row = np.array([counts], float)
    there, back = fitted(row), fitted(row[:, ::-1])
    (lower,), (upper,) = there.interval(0.95)
    assert lower < there.growth[0] < upper
    assert [-each[0] for each in back.interval(0.95)] == pytest.approx([upper, lower], **MET)
    (inner,), (outer,) = there.interval(0.5)
    assert lower < inner
    assert outer < upper
