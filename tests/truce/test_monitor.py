"""Alarms: the evidence by hand and by enumeration, what is promised by simulation, and states that come back whole."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

import conflictts as ct
from conflictts.errors import CoverageError, InputError, TooLittleData, UnknownNameError
from conflictts.truce import _baseline, _contracts, _evidence, _noise
from conflictts.truce._contracts import ARL_WEIGHTS, INCREASES, WEIGHTS, Contract

FIRST = pd.Timestamp("2020-01-01")
CALM_DAYS = 60
BEGIN = FIRST + pd.Timedelta(days=CALM_DAYS)
CONTRACTS: tuple[Contract, ...] = ("arl", "provable", "yearly")


def series(counts, first: pd.Timestamp = FIRST, **labels: str) -> ct.DailySeries:
    counts = np.asarray(counts, dtype=float)
    return ct.DailySeries.from_counts(pd.Series(counts, pd.date_range(first, periods=len(counts))), **labels)


def noisy(n_days: int, mean: float = 2.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).negative_binomial(2, 2 / (2 + mean), n_days).astype(float)


@pytest.fixture(scope="module", params=CONTRACTS)
def fitted(request) -> ct.Monitor:
    return ct.Monitor.fit(series(noisy(CALM_DAYS)), contract=request.param)


AREAS = [
    pytest.param("Idlib", "Aleppo", True, id="another"),
    pytest.param("Idlib", "Idlib", False, id="the same"),
    pytest.param("Idlib", "area not stated", False, id="not stated"),
    pytest.param("Syria (records of a (1).csv), admin1 Idlib", "Iraq, Syria (records of b.csv), admin1 Idlib", False,
                 id="another file"),
    pytest.param("Syria (records of may.csv), admin1 Idlib", "Syria (records of may.csv), admin1 Hama", True,
                 id="another place in the same file"),
    pytest.param("Syria (records of may.csv), admin1 Idlib", "Syria (records of may.csv)", True, id="all of the file"),
    pytest.param("Idlib", "Syria (records of may.csv), admin1 Idlib", False, id="by hand, then from records"),
]  # fmt: skip


@pytest.mark.parametrize(("calm", "later", "refused"), AREAS)
def test_a_series_of_another_area_is_refused(calm, later, refused):
    monitor = ct.Monitor.fit(series(noisy(CALM_DAYS), area=calm))
    given_later = series([1.0, 2.0], BEGIN, area=later)
    if refused:
        with pytest.raises(InputError, match=r"The calm is of .*, the series of .*\. Give a series of the same area"):
            monitor.update(given_later)
    else:
        assert monitor.update(given_later).counts.tolist() == [1.0, 2.0]


BETS = [  # ceiling 2, half the stake: gains 1.5 for a count of 4, 0.5 for 0, 1 for 2
    pytest.param([4.0], [1.5], id="one day above: (0 + 1) 1.5"),
    pytest.param([4.0, 0.0], [1.5, 1.25], id="then none: (1.5 + 1) 0.5"),
    pytest.param([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], id="as calm: a day more each day"),
    pytest.param([4.0, np.nan, 0.0], [1.5, np.nan, 1.25], id="a day not observed changes nothing"),
]


@pytest.mark.parametrize(("counts", "expected"), BETS)
def test_bets_by_hand(counts, expected):
    met = _evidence.follow_bets(np.array(counts), 2.0, np.array([0.5]), np.ones(1), np.zeros(1))
    np.testing.assert_array_equal(met, expected)


def naive(counts, rates, sizes, increases, weights, factor, start, prior) -> list[float]:
    """The same from its definition: a sum over the first days of the rise, each a ratio of averages over the nodes."""
    answer = []
    for t in range(1, len(counts) + 1):
        size, rate = np.meshgrid(sizes, rates, indexing="ij")

        def likelihood(part, increase, size=size, rate=rate):
            p = nbinom.pmf(np.array(part)[:, None, None], size, size / (size + rate * increase)) ** (1 / factor)
            return p.prod(axis=0)

        steady = (prior * likelihood(counts[:t], 1.0)).sum()
        answer.append(
            sum(
                start * weight * (prior * likelihood(counts[:j], 1.0) * likelihood(counts[j:t], increase)).sum()
                for j in range(t)
                for increase, weight in zip(increases, weights, strict=True)
            )
            / steady
        )
    return answer


@pytest.mark.parametrize("factor", [1.0, 2.3])
def test_evidence_is_the_sum_of_likelihood_ratios_over_first_days(factor):
    rates, sizes, prior = np.array([1.0, 1.5, 2.5]), np.array([0.7, 5.0]), np.array([[0.1, 0.2, 0.1], [0.3, 0.2, 0.1]])
    counts = np.array([0.0, 3.0, 1.0, 9.0, 2.0, 0.0, 7.0])
    arguments = (counts, rates, sizes, INCREASES, WEIGHTS, factor, 1.0)
    expected = naive(*arguments, prior)
    kernel = _evidence.follow_likelihood
    for follow in (kernel, getattr(kernel, "py_func", kernel)):
        met = follow(*arguments, prior.copy(), np.zeros((len(INCREASES), 2, 3)))
        np.testing.assert_allclose(met, expected, rtol=1e-10)  # sums in another order


def test_without_a_rise_the_evidence_grows_by_one_a_day_on_average():
    """Over all pairs of counts, by their probability under the averaged baseline: what both contracts rest on."""
    rates, sizes, prior = np.array([0.6, 1.1]), np.array([2.0]), np.array([[0.4, 0.6]])
    increases, weights = np.array([1.25, 2.0]), np.array([0.4, 0.6])
    p = nbinom.pmf(np.arange(60), 2.0, 2.0 / (2.0 + rates[:, None]))
    for start, expected in ((1.0, 2.0), (1 / 365, 2 / 365)):
        mean = 0.0
        for pair in np.ndindex(60, 60):
            after = _evidence.follow_likelihood(
                np.array(pair, dtype=float), rates, sizes, increases, weights, 1.0, start, prior.copy(),
                np.zeros((2, 1, 2)),
            )  # fmt: skip
            mean += float(prior[0] @ (p[:, pair[0]] * p[:, pair[1]])) * after[-1]
        assert mean == pytest.approx(expected, rel=1e-9)  # of a doubled rate less than 1e-14 lies beyond 59


@pytest.mark.parametrize("weights", [WEIGHTS, ARL_WEIGHTS])
def test_weights_sum_to_one(weights):
    assert sum(weights) == pytest.approx(1, abs=1e-15)  # rounding


@pytest.mark.parametrize(("mean", "size"), [(3.0, 2.0), (3.0, math.inf), (3.0, 0.5), (0.1, 1.0)])
def test_the_scale_of_arl(mean, size):
    """3.2 over the coefficient of variation; from a squared one of 1.5 on falling with its tenth root."""
    scatter = 1 / mean + 1 / size
    expected = 3.2 / scatter**0.5 if scatter < 1.5 else 3.2 / 1.5**0.4 / scatter**0.1
    base = _baseline.Baseline(*(np.ones(1),) * 2, np.ones((1, 1)), size, 1.0, mean, mean)
    assert _contracts.arl_scale(base) == pytest.approx(expected, rel=1e-12)


def test_evidence_of_arl_by_its_definition():
    """The calm to the fourth power, tempered with three times the factor's excess, and scaled."""
    monitor = ct.Monitor.fit(series(np.repeat(noisy(CALM_DAYS // 3), 3)))  # days that remember each other
    counts = np.array([1.0, 6.0, 0.0, 9.0])
    base = monitor._baseline
    scale = 3.2 / (1 / monitor.rate + 1 / monitor.size) ** 0.5
    assert 1 / monitor.rate + 1 / monitor.size < 1.5
    assert monitor.factor > 1.2
    expected = naive(
        counts, base.rates, base.sizes, [2.0, 3.0, 5.0], [0.6, 0.25, 0.15], 3 * monitor.factor - 2, scale,
        base.null**4 / (base.null**4).sum(),
    )  # fmt: skip
    met = monitor.update(series(counts, BEGIN)).evidence
    np.testing.assert_allclose(met, expected, rtol=1e-8)  # sums in another order


def test_yearly_evidence_starts_at_the_whole_stake():
    monitor = ct.Monitor.fit(series(noisy(CALM_DAYS)), contract="yearly").update(BEGIN, None)
    assert monitor.evidence.tolist() == [1.0]
    assert monitor.threshold == 20


def bits(values: pd.Series) -> list[str]:
    return [value.hex() for value in values.tolist()]


@settings(deadline=None, max_examples=15)
@given(
    counts=st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0, 40.0, math.nan]), min_size=2, max_size=25),
    cut=st.integers(1, 24),
    contract=st.sampled_from(CONTRACTS),
)
def test_saved_and_resumed_anywhere_evidence_is_the_same_bit_for_bit(counts, cut, contract):
    begun = ct.Monitor.fit(series(noisy(CALM_DAYS)), contract=contract)
    whole = begun.update(series(counts, BEGIN))
    daily = begun
    for t, count in enumerate(counts):
        daily = daily.update(BEGIN + pd.Timedelta(days=t), count)
        if t == cut:
            daily = ct.Monitor.from_state(daily.state)
    assert bits(daily.evidence) == bits(whole.evidence)
    assert daily.state == whole.state
    assert ct.Monitor.from_state(whole.state).state == whole.state


def test_update_leaves_the_monitor_as_it_was(fitted):
    before = fitted.state
    later = fitted.update(series([1, 2, 3], BEGIN))
    assert fitted.state == before
    assert (len(fitted.counts), len(later.counts)) == (0, 3)
    with pytest.raises(AttributeError):
        later.threshold = 1.0


def test_a_revised_day_is_computed_anew_and_said(fitted):
    counts = noisy(20, seed=2)
    monitor = fitted.update(series(counts, BEGIN))
    revised = counts.copy()
    revised[12] += 5
    met = monitor.update(BEGIN + pd.Timedelta(days=12), revised[12])
    assert met.recomputed_from == BEGIN + pd.Timedelta(days=12)
    assert met.summary()["recomputed_from"].iloc[0] == met.recomputed_from
    assert bits(met.evidence) == bits(fitted.update(series(revised, BEGIN)).evidence)
    assert bits(met.evidence[:12]) == bits(monitor.evidence[:12])
    assert (met.evidence.iloc[12:] > monitor.evidence.iloc[12:]).all()
    assert met.update(series(revised, BEGIN)).recomputed_from is None, "the same days again are no revision"


def test_a_backfilled_day_is_computed_anew_but_a_tail_that_settles_is_not(fitted):
    counts = noisy(20, seed=2)
    counts[[5, 18, 19]] = np.nan
    monitor = fitted.update(series(counts, BEGIN))
    settled = monitor.update(BEGIN + pd.Timedelta(days=18), 1.0)
    assert settled.recomputed_from is None
    filled = settled.update(BEGIN + pd.Timedelta(days=5), 4.0)
    assert filled.recomputed_from == BEGIN + pd.Timedelta(days=5)
    assert filled.evidence.iloc[4] == monitor.evidence.iloc[4]
    assert filled.evidence.iloc[5] != monitor.evidence.iloc[5]


def test_unobserved_and_provisional_days_say_nothing(fitted):
    seen = fitted.update(series([3, 1], BEGIN)).evidence
    gap = fitted.update(series([3, np.nan, np.nan, 1], BEGIN)).evidence
    assert gap.tolist() == [seen.iloc[0], seen.iloc[0], seen.iloc[0], seen.iloc[1]]
    skipped = fitted.update(BEGIN, 3).update(BEGIN + pd.Timedelta(days=3), 1)
    assert bits(skipped.evidence) == bits(gap)
    assert skipped.counts.isna().tolist() == [False, True, True, False]
    daily = series([3, 50, 50, 1], BEGIN)
    daily.table.loc[daily.table.index[1:3], "status"] = "provisional"
    assert bits(fitted.update(daily).evidence) == bits(gap)


def test_days_of_the_calm_in_a_series_are_passed_over(fitted):
    later = noisy(5, seed=3)
    whole = np.concatenate([noisy(CALM_DAYS) + 9, later])
    assert bits(fitted.update(series(whole)).evidence) == bits(fitted.update(series(later, BEGIN)).evidence)
    assert fitted.update(series(noisy(CALM_DAYS))).counts.empty


def test_a_rise_gives_an_alarm_and_calm_does_not(fitted):
    calm = fitted.update(series(noisy(30, seed=5), BEGIN))
    assert not calm.alarm
    assert calm.first_alarm is None
    risen = fitted.update(series(noisy(60, mean=10, seed=4), BEGIN))
    assert risen.alarm
    assert risen.alarms[0] == risen.first_alarm
    assert risen.evidence[risen.first_alarm] >= risen.threshold
    assert (risen.evidence[: risen.first_alarm][:-1] < risen.threshold).all()
    row = risen.summary().iloc[0]
    assert (row["alarm"], row["first_alarm"], row["observed_days"]) == (True, risen.first_alarm, 60)
    assert (row["unit"], row["latest_rate"], row["latest_days"]) == ("incidents", risen.counts[-7:].mean(), 7)


def test_a_fall_gives_no_alarm(fitted):
    monitor = fitted.update(series(np.zeros(200), BEGIN))
    assert len(monitor.alarms) == 0


@pytest.mark.parametrize("count", [1e6, 1e15, 0.003])
def test_enormous_days_stay_numbers(count, fitted):
    monitor = fitted.update(BEGIN, count).update(BEGIN + pd.Timedelta(days=1), 0.0)
    assert np.isfinite(monitor.evidence).all()
    assert ct.Monitor.from_state(monitor.state).state == monitor.state


THIN = [
    pytest.param([1.0] * 27, "Only 27 days of the calm are observed", id="27 days"),
    pytest.param([1.0] * 27 + [np.nan] * 20, "Only 27 days of the calm are observed", id="27 observed"),
    pytest.param([0.0] * 90, "All 90 observed days of the calm are 0", id="all 0"),
    pytest.param([0.0] * 88 + [5.0, 900.0], "All but 2 of 90 observed days", id="two days"),
]


@pytest.mark.parametrize(("counts", "said"), THIN)
def test_a_calm_that_carries_no_baseline_is_refused(counts, said):
    with pytest.raises(TooLittleData, match=said):
        ct.Monitor.fit(series(counts))


def test_one_huge_day_in_the_calm_is_cautioned_and_dulls_the_alarm():
    usual = np.tile([0.0, 1.0, 2.0], 20)
    huge = usual.copy()
    huge[30] = 500
    monitor = ct.Monitor.fit(series(huge))
    assert "89% of the calm's total fell on one day, 2020-01-31" in monitor.cautions[0]
    assert ct.Monitor.fit(series(usual)).cautions == ()
    week = series([8.0] * 7, BEGIN)
    assert ct.Monitor.fit(series(usual)).update(week).alarm
    assert not monitor.update(week).alarm


@pytest.mark.parametrize("counts", [[1.0] * 28, [0.0] * 60 + [1.0] * 3, [0.05] * 40], ids=["flat", "rare", "fractions"])
def test_odd_calms_still_give_finite_evidence(counts):
    for contract in CONTRACTS:
        monitor = ct.Monitor.fit(series(counts), contract=contract)
        start = monitor.calm.index[-1] + pd.Timedelta(days=1)
        assert np.isfinite(monitor.update(series([0, 1, 9, 0, 0], start)).evidence).all()


OPTIONS = [
    pytest.param({"contract": "weekly"}, UnknownNameError, "No contract 'weekly'. Choose one of arl", id="contract"),
    pytest.param({"days_between": 1}, ValueError, "days_between = 1 is no time", id="days"),
    pytest.param({"days_between": 89}, ValueError, "days_between = 89 is shorter than .* 21 to 25 days", id="soon"),
    pytest.param({"false_alarm": 0}, ValueError, "false_alarm = 0 is no probability", id="probability"),
    pytest.param({"horizon": 0}, ValueError, "horizon = 0 is no number", id="horizon"),
    pytest.param({"ceiling": -1}, ValueError, "ceiling = -1 is no mean", id="ceiling"),
    pytest.param({"window": ("2019-01-01", "2020-02-01")}, CoverageError, "2019-01-01..2020-02-01 must", id="window"),
]


@pytest.mark.parametrize(("options", "error", "said"), OPTIONS)
def test_wrong_options_are_refused(options, error, said):
    with pytest.raises(error, match=said):
        ct.Monitor.fit(series(noisy(CALM_DAYS)), **options)


def test_short_waits_are_for_the_contract_that_keeps_them():
    calm = series(noisy(CALM_DAYS))
    assert ct.Monitor.fit(calm, days_between=90).threshold == 90
    assert ct.Monitor.fit(calm, contract="provable", days_between=30).threshold == 30


UPDATES = [
    pytest.param((FIRST, 1), CoverageError, "2020-01-01 belongs to the calm, which ends on 2020-02-29", id="calm"),
    pytest.param((BEGIN, -1), InputError, "-1 on 2020-03-01 is no count", id="negative"),
    pytest.param((series([1.0], BEGIN), 3), InputError, "count = 3 goes with one day", id="both"),
    pytest.param(
        (series([1.0], BEGIN, measure="deaths"),), InputError, "'incidents', the series 'deaths'", id="measure"
    ),
]


@pytest.mark.parametrize(("arguments", "error", "said"), UPDATES)
def test_wrong_days_are_refused(arguments, error, said, fitted):
    with pytest.raises(error, match=said):
        fitted.update(*arguments)


def test_a_declared_ceiling_is_what_bets_are_held_against():
    fitted = ct.Monitor.fit(series(noisy(CALM_DAYS)), contract="provable", ceiling=4.0)
    monitor = ct.Monitor.from_state(fitted.update(BEGIN, 8).state)
    assert monitor.ceiling == 4.0
    # shares 0.02 to 0.4 of the stake at a gain of 1 each: 1 + their mean, 0.154
    assert monitor.evidence.iloc[0] == pytest.approx(1.154, abs=1e-12)  # rounding
    assert monitor.update(BEGIN + pd.Timedelta(days=1), 4).evidence.iloc[1] == pytest.approx(2.154, abs=1e-12)


def test_a_contract_of_so_many_days_runs_out():
    monitor = ct.Monitor.fit(series(noisy(CALM_DAYS)), contract="yearly", horizon=10)
    full = monitor.update(series([1.0] * 5 + [np.nan] + [1.0] * 5, BEGIN))
    with pytest.raises(CoverageError, match="covers 10 observed days after the calm; 2020-03-12 is one more"):
        full.update(BEGIN + pd.Timedelta(days=11), 1)


def spoilt(change) -> str:
    parts = json.loads(ct.Monitor.fit(series(noisy(CALM_DAYS))).update(series([1, 2], BEGIN)).state)
    change(parts)
    return json.dumps(parts)


STATES = [
    pytest.param(lambda: "{}", "no state of a monitor: '{}'", id="empty"),
    pytest.param(lambda: "day,best", "no state of a monitor: 'day,best'", id="csv"),
    pytest.param(
        lambda: spoilt(lambda parts: parts.update(conflictts_monitor=9)),
        "version 9; this release reads version 3, and versions 1 and 2 under",
        id="version",
    ),
    pytest.param(lambda: spoilt(lambda parts: parts.pop("calm")), r"damaged \(KeyError: 'calm'\)", id="part missing"),
    pytest.param(
        lambda: spoilt(lambda parts: parts["days"]["counts"].__setitem__(0, 3)), "does not follow from its", id="count"
    ),
    pytest.param(
        lambda: spoilt(lambda parts: parts["days"]["evidence"].pop()), "does not follow from its", id="evidence cut"
    ),
    pytest.param(
        lambda: spoilt(lambda parts: parts["days"]["counts"].__setitem__(0, -3)), "that are no counts", id="negative"
    ),
]


def older(contract: Contract, version: int) -> str:
    monitor = ct.Monitor.fit(series(noisy(CALM_DAYS)), contract=contract).update(series([1, 2], BEGIN))
    return json.dumps(json.loads(monitor.state) | {"conflictts_monitor": version})


@pytest.mark.parametrize("version", [1, 2])
def test_states_of_older_versions_are_read_where_the_evidence_is_the_same_and_else_refused(version):
    for contract in ("provable", "yearly"):
        assert json.loads(ct.Monitor.from_state(older(contract, version)).state)["conflictts_monitor"] == 3
    with pytest.raises(InputError, match=f"version {version}, whose evidence under 'arl' was reckoned otherwise"):
        ct.Monitor.from_state(older("arl", version))


@pytest.mark.parametrize(("text", "said"), STATES)
def test_a_spoilt_state_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        ct.Monitor.from_state(text())


def test_the_memory_factors_quantiles_stand_around_its_mean():
    rng = np.random.default_rng(3)
    white = rng.poisson(3.0, 200).astype(float)
    latent = _noise.autoregressive(rng.standard_normal(200), 0.6)
    slow = rng.poisson(3.0 * np.exp(0.8 * latent - 0.32)).astype(float)
    for counts in (white, slow):
        arguments = (counts, float(counts.mean()), 2.0)
        mean = _baseline.memory_factor(*arguments, None)
        low, high = (_baseline.memory_factor(*arguments, quantile) for quantile in (0.01, 0.99))
        assert 1 <= low <= mean <= high
        assert low < high
    assert _baseline.memory_factor(white, 3.0, 500.0, 0.99) < _baseline.memory_factor(slow, 3.0, 2.0, 0.99)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9, 0.99])
def test_a_quantile_of_the_memory_factor_member_by_member(quantile):
    """All pairs of share and phi, each with its weight; those with phi = 0 are all the same and all count."""
    counts = noisy(120, seed=11)
    mean, size = float(counts.mean()), 2.0
    residuals = (counts - mean) / math.sqrt(mean + mean**2 / size)
    sample, paired = _noise.autocorrelations(residuals, np.ones(120, dtype=bool))
    members = []
    for phi in np.arange(15) * 0.05:
        for share in np.arange(21) * 0.05:
            c = share if phi > 0 else 0.0
            fitted = [c * (phi**lag - 2 * phi / (1 - phi) / 120) for lag in range(1, len(sample) + 1)]
            misfit = sum(w * (r + 1 / 120 - e) ** 2 for w, r, e in zip(paired, sample, fitted, strict=True))
            members.append((1 + 2 * c * phi / (1 - phi), math.exp(-60 * misfit)))
    members.sort()
    held = np.cumsum([weight for _, weight in members])
    factor = next(factor for (factor, _), h in zip(members, held, strict=True) if h >= quantile * held[-1])
    assert _baseline.memory_factor(counts, mean, size, quantile) == pytest.approx(factor, rel=1e-9)  # rounding


SPREAD = [
    pytest.param(np.repeat([10, 3, 0, 6, 22, 9], 7) / 7, 7.0, id="weekly bulletins, one of none"),
    pytest.param(
        np.concatenate([np.repeat([10 / 7, 3 / 7], 7), np.repeat([10 / 30], 30)]),
        7.0,
        id="and one of a month",
    ),
    pytest.param(np.repeat([1.0, 2.0, 1.0, 3.0], 7), 1.0, id="whole numbers that repeat"),
    pytest.param(np.concatenate([np.repeat([10 / 7], 7), np.arange(1.0, 15.0)]), 1.0, id="a tenth of the total"),
    pytest.param(np.r_[1.0, 20.0, np.repeat(1 / 15, 15)], 1.0, id="most days, and one of 22 deaths"),
    pytest.param(np.repeat([10, 10, 3, 4, 4, 9, 6], 7) / 7, 7.0, id="equal numbers in a row"),
    pytest.param(np.diff(np.cumsum(np.repeat([10, 3, 6, 22, 9], 7) / 7), prepend=0.0), 7.0, id="from running sums"),
    pytest.param(np.array([0.5, 1.5, 0.25, 2.5]), 1.0, id="shares that differ"),
]


@pytest.mark.parametrize(("counts", "days"), SPREAD)
def test_days_over_which_numbers_were_spread(counts, days):
    assert _baseline.days_to_a_number(counts) == pytest.approx(days)


def test_a_calm_of_weekly_numbers_is_worth_as_many_and_says_so():
    weekly = np.repeat(noisy(13, mean=21.0, seed=4), 7) / 7
    monitor = ct.Monitor.fit(series(weekly), contract="yearly")
    assert monitor.factor >= 7.0  # the autocorrelations alone give at most 5.7
    assert "numbers spread over some 7 days each: it is worth 13 numbers" in monitor.cautions[0]


def test_the_baseline_holds_the_true_rate_and_size_inside_its_nodes():
    base = _baseline.baseline_of(noisy(90, mean=3.0, seed=5), quantile=None, level=0.95)
    assert base.null.sum() == pytest.approx(1, abs=1e-12)  # rounding
    assert base.rates[0] < 3.0 < base.rates[-1]
    assert base.sizes[0] < 2.0 < base.sizes[-1]
    assert base.ceiling > base.mean
    edges = base.null[:, 0].sum() + base.null[:, -1].sum()
    assert edges < 1e-3, "the nodes reach far enough"


def inar(n_days: int, rng: np.random.Generator) -> np.ndarray:
    """3 a day on average, geometric-like innovations, two fifths of each day's count remembered."""
    counts = rng.negative_binomial(2, 2 / 3.8, n_days).astype(float)
    for t in range(1, n_days):
        counts[t] += rng.binomial(int(counts[t - 1]), 0.4)
    return counts


NOISE = {
    "independent": lambda n_days, rng: rng.negative_binomial(2, 2 / 5, n_days).astype(float),
    "Poisson": lambda n_days, rng: rng.poisson(3.0, n_days).astype(float),
    "INAR": inar,
}


@pytest.mark.parametrize("name", NOISE)
def test_false_alarms_keep_to_what_is_promised(name):
    """40 series a noise; benchmarks/alarms.py has more, and harder ones."""
    rng = np.random.default_rng(7)
    waited, yearly = [], []
    for _ in range(40):
        counts = NOISE[name](90 + 800, rng)
        for contract, days, found in (("arl", 800, waited), ("yearly", 365, yearly)):
            monitor = ct.Monitor.fit(series(counts[:90]), contract=contract)
            begin = monitor.calm.index[-1] + pd.Timedelta(days=1)
            alarms = monitor.update(series(counts[90 : 90 + days], begin)).alarms
            found.append((alarms[0] - begin).days + 1 if len(alarms) else days)
    assert np.mean(waited) >= 365, "a lower bound: those without an alarm count as 800 days"
    assert sum(days < 365 for days in yearly) <= 2


def test_a_doubling_is_soon_met():
    rng = np.random.default_rng(8)
    delays = []
    for _ in range(40):
        monitor = ct.Monitor.fit(series(rng.negative_binomial(2, 2 / 5, 90).astype(float)))
        begin = monitor.calm.index[-1] + pd.Timedelta(days=1)
        alarms = monitor.update(series(rng.negative_binomial(2, 2 / 8, 150).astype(float), begin)).alarms
        delays.append((alarms[0] - begin).days + 1 if len(alarms) else 150)
    assert np.mean(delays) < 25, "the benchmark has about 15 from 30 days on, and starting from 0 takes longer"


def test_idlib_2019_by_ucdp_alarms_with_the_erosion_of_late_october(greater_idlib):
    daily = ct.daily_series(greater_idlib, measure="deaths", coverage=("2019-01-01", "2019-12-31"))
    monitor = ct.Monitor.fit(daily, window=("2019-09-01", "2019-10-12")).update(daily)
    assert monitor.first_alarm == pd.Timestamp("2019-10-24"), "as detect_changepoints, which sees all days"
    provable = ct.Monitor.fit(daily, window=("2019-09-01", "2019-10-12"), contract="provable").update(daily)
    assert monitor.first_alarm <= provable.first_alarm <= pd.Timestamp("2019-11-10")


def test_reach_is_what_taking_in_each_day_gives():
    """The share and the median of simulated rises, day by day through `update`, from the same draws."""
    calm = pd.Series([0.0, 1.0, 0.0, 0.0, 2.0, 0.0] * 10, pd.date_range("2020-01-01", periods=60))
    monitor = ct.Monitor.fit(ct.DailySeries.from_counts(calm))
    told = monitor.reach(rng=np.random.default_rng(7)).iloc[0]
    mean = 2 * monitor.rate
    drawn = np.random.default_rng(7).negative_binomial(monitor.size, monitor.size / (monitor.size + mean), (99, 90))
    days = pd.date_range("2020-03-01", periods=90)
    firsts = [
        monitor.update(ct.DailySeries.from_counts(pd.Series(row, days, dtype=float))).first_alarm for row in drawn
    ]
    waits = sorted(np.inf if day is None else (day - days[0]).days + 1 for day in firsts)
    assert told["share"] == np.isfinite(waits).mean()
    assert 0.2 < told["share"] < 1
    assert told["median_days"] == waits[49] or np.isnan(told["median_days"])
