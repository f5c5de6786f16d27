"""Pooling over areas: published answers, a library that does part of it, and how often the intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.truce.pooling import restricted_likelihood

# Thirteen trials of the BCG vaccine: cases and others among vaccinated, then among controls; table 1 of Viechtbauer
# (2010), Journal of Statistical Software 36(3), after Colditz et al. (1994), JAMA 271(9), 698-702.
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
        [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232],
        [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825],
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def trials() -> tuple[np.ndarray, np.ndarray]:
    sick, well, sick_control, well_control = BCG.T
    treated, control = sick + well, sick_control + well_control
    log_ratio = np.log(sick / treated / (sick_control / control))
    return log_ratio, np.sqrt(1 / sick - 1 / treated + 1 / sick_control - 1 / control)


def test_bcg_trials_as_published(trials):
    """Viechtbauer (2010), section 4: REML mean -0.7145, tau² 0.3132, I² 92.22 %."""
    pooled = ct.pool_effects(*trials)
    assert np.log(pooled.rate_ratio) == pytest.approx(-0.7145, abs=5e-5)  # four digits are printed
    assert pooled.tau**2 == pytest.approx(0.3132, abs=5e-5)
    assert pooled.heterogeneity == pytest.approx(0.9222, abs=5e-5)


def test_same_mean_and_scaled_error_as_statsmodels_at_its_own_variance(trials, monkeypatch):
    from statsmodels.stats.meta_analysis import combine_effects

    log_ratio, errors = trials
    other = combine_effects(log_ratio, errors**2, method_re="dl", use_t=True)
    monkeypatch.setattr("conflictts.truce.pooling.restricted_likelihood", lambda *_: other.tau2)
    pooled = ct.pool_effects(log_ratio, errors)
    lower, upper = other.conf_int(use_t=True)[3]  # random effects, Hartung-Knapp
    exact = 1e-9  # the same sums in another order
    assert np.log(pooled.rate_ratio) == pytest.approx(other.mean_effect_re, abs=exact)
    assert np.log([pooled.lower, pooled.upper]) == pytest.approx([lower, upper], abs=exact)


def test_variance_is_where_the_restricted_likelihood_is_greatest(trials):
    log_ratio, errors = trials

    def likelihood(between: float) -> float:
        variance = errors**2 + between
        mean = np.average(log_ratio, weights=1 / variance)
        squares = ((log_ratio - mean) ** 2 / variance).sum()
        return float(-0.5 * (np.log(variance).sum() + np.log((1 / variance).sum()) + squares))

    found = restricted_likelihood(log_ratio, errors**2)
    assert likelihood(found) > max(likelihood(found * 0.99), likelihood(found * 1.01))


def test_equal_estimates_have_no_variance_between_them_and_no_narrower_interval_than_theirs():
    pooled = ct.pool_effects([-0.5] * 6, [0.3] * 6)
    assert (pooled.tau, pooled.heterogeneity) == (0.0, 0.0)
    # t quantile with 5 degrees of freedom, 2.5706, times 0.3 / sqrt(6): the scale is not let below 1
    assert np.log(pooled.upper / pooled.rate_ratio) == pytest.approx(2.5706 * 0.3 / 6**0.5, abs=1e-4)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 3)), min_size=3, max_size=12),
    st.floats(-2, 2),
    st.randoms(use_true_random=False),
)
def test_moves_with_its_areas_and_not_with_their_order(areas, shift, random):
    log_ratio, errors = np.array(areas).T
    pooled = ct.pool_effects(log_ratio, errors)
    assert pooled.lower <= pooled.rate_ratio <= pooled.upper
    assert pooled.prediction_lower <= pooled.rate_ratio <= pooled.prediction_upper
    assert pooled.areas["weight"].sum() == pytest.approx(1)
    order = list(range(len(areas)))
    random.shuffle(order)
    moved = ct.pool_effects(log_ratio[order] + shift, errors[order])
    near = {"rel": 1e-5, "abs": 1e-7}  # the variance between areas is a root, flat where it is near 0
    assert np.log(moved.rate_ratio) == pytest.approx(np.log(pooled.rate_ratio) + shift, **near)
    assert np.log(moved.prediction_upper / moved.lower) == pytest.approx(
        np.log(pooled.prediction_upper / pooled.lower), **near
    )


def test_leaving_one_out_is_pooling_the_others(trials):
    names = pd.Index([f"trial {k}" for k in range(13)], name="area")
    log_ratio, errors = (pd.Series(values, names) for values in trials)
    table = ct.pool_effects(log_ratio, errors).leave_one_out()
    alone = ct.pool_effects(log_ratio.drop("trial 3"), errors.drop("trial 3"))
    assert table.index.equals(names)
    assert table.loc["trial 3"].tolist() == [alone.rate_ratio, alone.lower, alone.upper, alone.tau]


def test_intervals_hold_the_truth():
    """The study is benchmarks/pooled_effects.py; here 400 panels of 8 areas with unequal errors."""
    rng = np.random.default_rng(7)
    mean_held, next_held = 0, 0
    for _ in range(400):
        errors = rng.choice([0.2, 0.4, 0.8], 8)
        pooled = ct.pool_effects(rng.normal(-0.7, np.hypot(0.3, errors)), errors)
        mean_held += pooled.lower <= np.exp(-0.7) <= pooled.upper
        next_held += pooled.prediction_lower <= np.exp(rng.normal(-0.7, 0.3)) <= pooled.prediction_upper
    assert 0.92 <= mean_held / 400 <= 0.985  # 0.95 within 2.75 standard errors, and up to the price of few areas
    assert 0.93 <= next_held / 400 <= 0.99  # the usual interval holds 0.86 here


def test_two_areas_are_refused():
    with pytest.raises(TooLittleData, match=r"2 areas with an effect .* at least 3"):
        ct.pool_effects([-0.5, 0.1], [0.3, 0.2])


@pytest.mark.parametrize("errors", [[0.1, 0.2, 0.0], [0.1, 0.2, np.nan], [0.1, 0.2]])
def test_bad_errors_are_refused(errors):
    with pytest.raises(ValueError, match=f"3 log ratios and {len(errors)} standard errors"):
        ct.pool_effects([0.1, 0.2, 0.3], errors)
