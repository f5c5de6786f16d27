"""Pooling over areas: brute force, a limit that is known, symmetries, and how often the intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, expit
from scipy.stats import norm

import conflictts as ct
from conflictts.errors import TooLittleData
from conflictts.truce import pooling
from conflictts.truce.pooling import log_likelihood


def test_likelihood_of_an_area_is_the_integral_over_its_own_log_ratio():
    z = np.linspace(-12, 12, 20_001)
    for after, before, log_exposure in ((0, 0, 0.0), (0, 30, -0.7), (0.4, 2, 0.3), (12, 5, -1.0), (400, 900, 0.0)):
        for mean, tau in ((-1.0, 0.05), (0.5, 0.6), (-2.0, 3.0)):
            share = expit(mean + tau * z + log_exposure)
            with np.errstate(divide="ignore"):
                parts = after * np.log(share) + before * np.log1p(-share)
            top = parts.max()
            brute = top + np.log(np.trapezoid(np.exp(parts - top) * norm.pdf(z), z))
            found = log_likelihood(np.array(mean), np.array(tau), after, before, log_exposure)
            assert float(found) == pytest.approx(brute, abs=2e-3)  # a tenth of a percent of the likelihood


def test_many_counts_leave_the_normal_model():
    """Standard errors of a thousandth: only the spread between areas is left, with a posterior in closed form."""
    log_ratio = np.array([-0.9, -0.2, -0.6, -1.1, -0.4])
    before = np.full(5, 4e6)
    pooled = ct.pool_effects(before, before * np.exp(log_ratio), np.ones(5))
    tau = np.linspace(1e-3, 8, 40_001)
    squares = ((log_ratio - log_ratio.mean()) ** 2).sum()
    weight = np.exp(-4 * np.log(tau) - squares / (2 * tau**2) - tau**2 / 2)
    weight /= weight.sum()
    centre = log_ratio.mean()
    for end, factor in ((pooled.upper, 1 / 5), (pooled.prediction_upper, 1 / 5 + 1)):
        below = weight @ norm.cdf((np.log(end) - centre) / (tau * np.sqrt(factor)))
        assert below == pytest.approx(0.975, abs=2e-3)
    assert np.log(pooled.rate_ratio) == pytest.approx(centre, abs=0.01)  # Jeffreys' prior of the mean draws by less
    assert pooled.tau == pytest.approx(tau[np.searchsorted(np.cumsum(weight), 0.5)], rel=0.03)


@pytest.mark.parametrize(("n_areas", "error"), [(3, 0.01), (3, 0.004), (4, 0.01), (8, 0.002)])
def test_areas_alike_with_small_errors_by_a_finer_grid(n_areas, error):
    """The normal model is all but exact there; areas differ by little, and might by much with few of them."""
    total = 1 / (0.4 / 1.4 * (1 / 1.4) * error**2)  # so that the log ratio of a binomial has the error
    pooled = ct.pool_effects([total / 1.4] * n_areas, [total * 0.4 / 1.4] * n_areas, [1.0] * n_areas)
    tau = error * np.sinh(np.linspace(1e-4, np.arcsinh(8 / error), 40_001))
    spread = np.sqrt((tau**2 + error**2) / n_areas)
    weight = (tau**2 + error**2) ** (-n_areas / 2) * spread * np.exp(-(tau**2) / 2) * np.gradient(tau)
    weight /= weight.sum()
    for end, more in ((pooled.lower, 0.0), (pooled.prediction_lower, tau)):
        below = weight @ norm.cdf((np.log(end) - np.log(0.4)) / np.hypot(spread, more))
        assert below == pytest.approx(0.025, abs=1e-3)
    assert pooled.tau == pytest.approx(tau[np.searchsorted(np.cumsum(weight), 0.5)], rel=0.02)


def test_areas_alike_tell_what_their_sum_tells():
    """Forty areas that do not differ: near the ratio of their totals by Jeffreys' prior, and not narrower."""
    pooled = ct.pool_effects([30] * 40, [6] * 40, [0.5] * 40)
    shares = np.exp(np.log([pooled.lower, pooled.upper]) + np.log(0.5))
    low, high = betainc(240.5, 1200.5, shares / (1 + shares))
    assert low <= 0.025
    assert high >= 0.975
    assert pooled.rate_ratio == pytest.approx(0.4, rel=0.02)
    assert pooled.heterogeneity < 0.1


COUNTS = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 300)), min_size=3, max_size=8)


@settings(max_examples=25, deadline=None)
@given(
    COUNTS.filter(lambda areas: np.sum(areas) > 5 and np.count_nonzero(np.sum(areas, axis=1)) >= 3),
    st.floats(0.2, 5),
    st.randoms(use_true_random=False),
)
def test_turned_round_the_answer_is_the_reciprocal_and_no_order_matters(areas, exposure, random):
    before, after = np.array(areas).T
    pooled = ct.pool_effects(before, after, np.full(len(before), exposure))
    assert 0 < pooled.lower <= pooled.rate_ratio <= pooled.upper < np.inf
    assert pooled.prediction_lower <= pooled.rate_ratio <= pooled.prediction_upper
    assert pooled.areas["weight"].sum() == pytest.approx(1)
    order = list(range(len(areas)))
    random.shuffle(order)
    turned = ct.pool_effects(after[order], before[order], np.full(len(before), 1 / exposure))
    near = {"rel": 0.02, "abs": 0.02}  # the grid is not symmetric
    assert np.log(turned.rate_ratio) == pytest.approx(-np.log(pooled.rate_ratio), **near)
    assert np.log(turned.lower) == pytest.approx(-np.log(pooled.upper), **near)


def test_an_area_without_counts_says_nothing_of_the_mean():
    three, four = (ct.pool_effects([40, 25, 60, 0][:n], [9, 10, 16, 0][:n], [0.5] * n) for n in (3, 4))
    assert four.areas["weight"].iloc[3] == 0
    assert [four.rate_ratio, four.lower, four.upper] == pytest.approx(
        [three.rate_ratio, three.lower, three.upper], rel=1e-6
    )
    assert four.areas["shrunken"].iloc[3] == pytest.approx(four.rate_ratio, rel=1e-6)


def test_nobody_killed_after_the_date_anywhere_is_an_upper_bound():
    pooled = ct.pool_effects([50, 30, 20], [0, 0, 0], [0.5, 0.5, 0.5])
    assert 0 < pooled.lower < 1e-3
    assert 0.01 < pooled.upper < 0.1  # 1.9 / 50 is the upper end of Jeffreys' interval of the sums


def test_published_ratios_come_in_as_counts():
    """As the docstring says; the curvature at the ratio is that of the standard error."""
    y, error, exposure = -0.7, 0.3, 0.5
    r = exposure * np.exp(y)
    before, after = (1 + 1 / r) / error**2, (1 + r) / error**2
    assert np.log(after / before / exposure) == pytest.approx(y)
    assert 1 / before + 1 / after == pytest.approx(error**2)


def pooled_without(pooled: ct.PooledEffect, k: int) -> list[float]:
    rest = pooled.areas.drop(pooled.areas.index[k])
    alone = ct.pool_effects(rest["before"], rest["after"], rest["exposure"], level=pooled.level)
    return [alone.rate_ratio, alone.lower, alone.upper, alone.tau]


LEFT_OUT = [
    pytest.param([40, 25, 60, 12], [9, 10, 16, 2], id="few areas"),
    pytest.param([40, 25, 60, 12, 25, 25], [9, 10, 16, 2, 10, 10], id="some alike"),
    pytest.param([0.3, 0.1, 2, 0, 0.7, 0, 1.4, 0.2], [0, 0.4, 1, 0, 0.2, 0, 0.1, 0.3], id="hardly any counts"),
    pytest.param([300, 250, 420, 180, 30_000], [80, 60, 110, 45, 100_000], id="one outweighs and contradicts all"),
]


@pytest.mark.parametrize(("before", "after"), LEFT_OUT)
def test_leaving_one_out_is_pooling_the_others(before, after):
    names = pd.Index([f"area {k}" for k in range(len(before))], name="area")
    exposure = np.linspace(0.4, 0.6, len(before)).round(1)
    pooled = ct.pool_effects(*(pd.Series(each, names) for each in (before, after, exposure)), level=0.9)
    table = pooled.leave_one_out()
    assert table.index.equals(names)
    slowly = [pooled_without(pooled, k) for k in range(len(names))]
    np.testing.assert_allclose(table.to_numpy(), slowly, rtol=1e-3)  # as stated: the grids differ


def test_leaving_one_out_where_nobody_was_killed_after_the_date():
    """The others' ends, 0.00001 and 0.04, lie so far apart that the grids differ by more."""
    pooled = ct.pool_effects([40, 25, 60, 12], [0, 0, 0, 0], [0.5] * 4)
    for k, told in enumerate(pooled.leave_one_out().to_numpy()):
        assert told.tolist() == pytest.approx(pooled_without(pooled, k), rel=0.06)  # as stated


def test_leaving_one_out_takes_time_by_the_number_of_areas(monkeypatch):
    """Likelihoods of an area on a grid are nearly all of it."""
    found = []
    monkeypatch.setattr(pooling, "log_likelihood", lambda *given: found.append(1) or log_likelihood(*given))

    def taken(n_areas: int) -> int:
        before = np.random.default_rng(4).gamma(2.0, 20.0, n_areas)
        pooled = ct.pool_effects(before, before / np.linspace(3, 5, n_areas), np.full(n_areas, 0.5))
        found.clear()
        pooled.leave_one_out()
        return len(found)

    assert taken(16) <= 2 * taken(8)


def test_three_areas_with_counts_leave_too_few_without_one():
    pooled = ct.pool_effects([40, 25, 60, 0], [9, 10, 16, 0], [0.5] * 4)
    with pytest.raises(TooLittleData, match=r"Counts in 3 of 4 areas: .* at least 4"):
        pooled.leave_one_out()


def test_areas_without_counts_do_not_move_what_is_told_of_the_spread():
    """They have no estimate whose variance could be between areas or within."""
    alone = ct.pool_effects([40, 25, 60, 12], [2, 10, 30, 2], [0.5] * 4)
    among = ct.pool_effects([40, 25, 60, 12, *[0] * 30], [2, 10, 30, 2, *[0] * 30], [0.5] * 34)
    assert alone.heterogeneity > 0.3
    assert [among.heterogeneity, among.tau] == pytest.approx([alone.heterogeneity, alone.tau], rel=1e-9)


def test_few_deaths_do_not_draw_the_mean_towards_no_change():
    """The study is benchmarks/pooled_effects.py: log ratios weighted by their own errors told 0.13."""
    rng, told, held = np.random.default_rng(7), [], 0
    for _ in range(30):
        log_ratio = np.log(0.1) + 0.3 * rng.standard_normal(20)
        before, after = rng.poisson(60, 20), rng.poisson(30 * np.exp(log_ratio))
        pooled = ct.pool_effects(before, after, np.full(20, 0.5))
        told.append(np.log(pooled.rate_ratio))
        held += pooled.lower <= 0.1 <= pooled.upper
    assert np.exp(np.mean(told)) == pytest.approx(0.1, rel=0.11)  # three standard errors
    assert 0.83 <= held / 30 <= 1  # 0.95 less three standard errors


def test_two_areas_are_refused():
    with pytest.raises(TooLittleData, match="Counts in 2 of 5 areas say"):
        ct.pool_effects([5, 4, 0, 0, 0], [1, 2, 0, 0, 0], [1] * 5)
    with pytest.raises(TooLittleData, match=r"Counts in 2 of 2 areas .* at least 3"):
        ct.pool_effects([5, 4], [3, 2], [1, 1])


def test_no_counts_are_refused():
    with pytest.raises(TooLittleData, match="Counts in 0 of 3 areas"):
        ct.pool_effects([0, 0, 0], [0, 0, 0], [1, 1, 1])


@pytest.mark.parametrize("before", [[5, 4, -1], [5, 4, np.nan], [5, 4]])
def test_bad_counts_are_refused(before):
    with pytest.raises(ValueError, match=f"{len(before)} counts before, 3 after"):
        ct.pool_effects(before, [1, 1, 1], [1, 1, 1])
