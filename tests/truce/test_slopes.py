from __future__ import annotations

from itertools import combinations, pairwise, product

import numba
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import conflictts as ct
from conflictts.truce import _slope, slopes

JIT = not numba.config.DISABLE_JIT
WEEK = np.array([1.2, 1.1, 1.0, 1.0, 0.5, 1.1, 1.1]) / np.mean([1.2, 1.1, 1.0, 1.0, 0.5, 1.1, 1.1])
DAYS = pd.date_range("2019-01-01", periods=240)
CLIMB = 0.5 * 1.35 ** (np.arange(100) / 7)
STEP_CLIMB_STEP = np.concatenate([np.full(80, 3.0), CLIMB, np.full(60, 1.0)])


def drawn(rate, seed=0, *, gaps=0.0):
    """Counts of size 2 around the rates, by weekday; weekdays; which days were observed."""
    rng = np.random.default_rng(seed)
    weekday = (np.arange(len(rate)) % 7).astype(np.int64)
    mean = rate * WEEK[weekday]
    return rng.negative_binomial(2, 2 / (2 + mean)).astype(float), weekday, rng.random(len(rate)) >= gaps


def series(rate, seed=0) -> ct.DailySeries:
    mean = rate * WEEK[DAYS[: len(rate)].day_of_week]
    counts = np.random.default_rng(seed).negative_binomial(2, 2 / (2 + mean)).astype(float)
    return ct.DailySeries.from_counts(pd.Series(counts, DAYS[: len(rate)]))


@pytest.mark.parametrize("sloped", [False, True])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("rate", [np.exp(np.linspace(0, 2, 90)), np.exp(np.linspace(1, -3, 60)), np.full(60, 0.5)])
def test_span_by_statsmodels(rate, gaps, sloped):
    counts, weekday, observed = drawn(rate, 3, gaps=gaps)
    cost, level, slope, i00, i01, i11 = _slope.fit_span(counts, weekday, observed, 0, len(rate), WEEK, 2.0, sloped)
    design = np.column_stack([np.ones(len(rate)), slopes.weeks(0, len(rate))])[:, : 1 + sloped]
    model = sm.GLM(
        counts[observed], design[observed], family=sm.families.NegativeBinomial(alpha=0.5),
        offset=np.log(WEEK[weekday])[observed],
    )  # fmt: skip
    fit = model.fit(tol=1e-12)
    assert (level, slope)[: 1 + sloped] == pytest.approx(fit.params, abs=1e-6)  # both end by steps under 1e-9
    information = np.array([[i00, i01], [i01, i11]])[: 1 + sloped, : 1 + sloped]
    assert np.linalg.inv(information) == pytest.approx(fit.cov_params(), rel=1e-5)
    saturated = counts[observed]
    constant = 2 * np.log1p(saturated / 2) + saturated * np.log1p(2 / np.maximum(saturated, 1e-300))
    assert cost == pytest.approx(fit.deviance / 2 + constant.sum(), rel=1e-9)


def test_span_without_counts_or_too_short_has_no_trend():
    counts, weekday, observed = np.zeros(30), np.zeros(30, np.int64), np.ones(30, bool)
    assert _slope.fit_span(counts, weekday, observed, 0, 30, WEEK, 2.0, False)[:2] == (0.0, -np.inf)
    assert _slope.fit_span(counts, weekday, observed, 0, 30, WEEK, 2.0, True)[0] == np.inf
    assert _slope.fit_span(counts + 1, weekday, observed, 0, 13, WEEK, 2.0, True)[0] == np.inf
    counts[[3, 9]] = 4.0  # two active days
    assert _slope.fit_span(counts, weekday, observed, 0, 30, WEEK, 2.0, True)[0] == np.inf
    counts[-1] = 1e6  # a trend towards one enormous day is none
    assert _slope.fit_span(counts, weekday, observed, 0, 30, WEEK, 2.0, True)[0] >= 0


@pytest.mark.parametrize("seed", range(8))
def test_cheapest_choice_by_brute_force(seed):
    counts, weekday, observed = drawn(STEP_CLIMB_STEP, seed)
    rng = np.random.default_rng(seed)
    inner = np.sort(rng.choice(np.arange(15, 225), 5, replace=False)).tolist()
    price = rng.uniform(2, 9)
    edges, sloped = slopes._cheapest((counts, weekday, observed), [0, *inner, 240], WEEK, 2.0, price, 1)

    def cost(edges, sloped):
        fits = [
            _slope.fit_span(counts, weekday, observed, a, b, WEEK, 2.0, trend)[0]
            for (a, b), trend in zip(pairwise(edges), sloped, strict=True)
        ]
        return sum(fits) + price * (len(edges) - 2 + sum(sloped))

    every = (
        cost([0, *chosen, 240], trends)
        for n in range(6)
        for chosen in combinations(inner, n)
        for trends in product([False, True], repeat=n + 1)
    )
    assert cost(edges, sloped) == pytest.approx(min(every), rel=1e-12)


def test_a_climb_between_two_levels_is_found_and_dated():
    found = ct.detect_changepoints(series(STEP_CLIMB_STEP, 1), slopes=True)
    regimes = found.regimes
    assert regimes["growth"].notna().tolist() == [False, True, False]
    assert regimes["growth_lower"].iloc[1] <= 1.35 <= regimes["growth_upper"].iloc[1]
    assert [DAYS[change] in days for change, days in zip((80, 180), found.location_sets, strict=True)] == [True, True]
    rates = found.rates.loc[regimes["first"].iloc[1] : regimes["last"].iloc[1]]
    assert (rates["rate"].iloc[7] / rates["rate"].iloc[0]) == pytest.approx(regimes["growth"].iloc[1])
    assert ((rates["lower"] < rates["rate"]) & (rates["rate"] < rates["upper"])).all()
    summary = found.summary()
    assert summary["rate_after"].iloc[0] == rates["rate"].iloc[0] < summary["rate_before"].iloc[1]


def test_one_steady_climb_is_no_change():
    climb = series(0.8 * 1.08 ** (np.arange(240) / 7), 2)
    assert len(ct.detect_changepoints(climb).dates) >= 1
    found = ct.detect_changepoints(climb, slopes=True)
    assert len(found.dates) == 0
    assert found.regimes["growth_lower"].iloc[0] > 1


@pytest.mark.parametrize("rate", [np.full(240, 3.0), np.repeat([3.0, 1.0, 6.0], [80, 100, 60])], ids=["one", "three"])
def test_levels_stay_levels(rate):
    """Of 20 series each; benchmarks/slopes.py has the share in 200."""
    sloped = [ct.detect_changepoints(series(rate, seed), slopes=True).regimes["growth"] for seed in range(20)]
    assert sum(growth.notna().any() for growth in sloped) <= 1


def test_without_slopes_the_regimes_are_levels():
    found = ct.detect_changepoints(series(STEP_CLIMB_STEP, 1))
    assert list(found.regimes) == ["first", "last", "rate", "lower", "upper"]
    for regime in found.regimes.itertuples():
        rates = found.rates.loc[regime.first : regime.last]
        assert (rates == [regime.rate, regime.lower, regime.upper]).all(axis=None)


@pytest.mark.skipif(not JIT, reason="compares compiled kernels with their Python source")
def test_kernels_by_their_python_source(monkeypatch):
    data = drawn(STEP_CLIMB_STEP[60:120], 5, gaps=0.1)
    edges = np.array([0, 21, 40, 60])
    compiled = [
        _slope.fit_span(*data, 0, 60, WEEK, 2.0, True),
        *_slope.span_costs(*data, edges, WEEK, 2.0),
        *_slope.split_costs(*data, 0, 60, 20, 40, WEEK, 2.0, True, False),
    ]
    monkeypatch.setattr(_slope, "fit_span", _slope.fit_span.py_func)
    interpreted = [
        _slope.fit_span(*data, 0, 60, WEEK, 2.0, True),
        *_slope.span_costs.py_func(*data, edges, WEEK, 2.0),
        *_slope.split_costs.py_func(*data, 0, 60, 20, 40, WEEK, 2.0, True, False),
    ]
    for one, other in zip(compiled, interpreted, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=1e-9)  # compiled sums reorder
