from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betainc

from conflictts import DailySeries, Truce, daily_series, estimate_truce_effect
from conflictts.errors import CoverageError, TooLittleData
from conflictts.truce import few_counts
from conflictts.truce.negbin import NegBinFit, fit_negbin
from tests.truce.invented import START, made, on_day, spike

# greater Idlib by UCDP about 31 August 2019: ratios of DESIGN.md section 12; its intervals, those of the specification
# (0.040-0.132, 0.027-0.343 and 0.027-0.092), took bursts for surer and no memory for rarer
IDLIB = [
    pytest.param("civilians", ("2019-05-01", "2019-10-23"), (0.073, 0.041, 0.129), id="civilians, May to October"),
    pytest.param("civilians", ("2019-08-03", "2019-09-27"), (0.096, 0.019, 0.484), id="civilians, four weeks"),
    pytest.param("deaths", ("2019-08-03", "2019-09-27"), (0.050, 0.027, 0.091), id="all deaths, four weeks"),
]
# counts after of days after, before of days before; the same by R's qf (reference_values.csv)
JEFFREYS = [
    pytest.param(0, 60, 30, 120, id="0of60.30of120"),
    pytest.param(3, 60, 30, 120, id="3of60.30of120"),
    pytest.param(12, 60, 24, 120, id="12of60.24of120"),
]


def steady(before: float, after: float, n_before: int = 120, n_after: int = 60, *, seed: int = 0) -> np.ndarray:
    """NB counts of size 2 around two rates."""
    mean = np.repeat([before, after], [n_before, n_after])
    return np.random.default_rng(seed).negative_binomial(2.0, 2.0 / (2.0 + mean)).astype(float)


def evenly(total: int, days: int) -> np.ndarray:
    counts = np.zeros(days)
    counts[np.arange(total) * days // max(total, 1)] = 1.0
    return counts


@pytest.mark.parametrize(("measure", "window", "expected"), IDLIB)
def test_truce_of_31_august_in_ucdp(greater_idlib, measure, window, expected):
    daily = daily_series(greater_idlib, measure=measure, coverage=("2018-01-01", "2019-11-30"))
    effect = estimate_truce_effect(daily, Truce("2019-08-31"), window=window)
    assert effect.summary().loc["rate_ratio"].tolist() == pytest.approx(expected, abs=6e-4)  # quoted to three places


def test_averted_toll_in_ucdp(greater_idlib):
    daily = daily_series(greater_idlib, measure="civilians", coverage=("2018-01-01", "2019-11-30"))
    effect = estimate_truce_effect(daily, Truce("2019-08-31"), window=("2019-05-01", "2019-10-23"))
    assert effect.summary().loc["averted"].round().tolist() == [447, 329, 599]
    assert effect.summary().loc["counterfactual"].round().tolist() == [482, 366, 635]


def test_truce_of_31_august_in_the_catalogue(idlib):
    daily = daily_series(idlib, measure="civilians")
    effect = estimate_truce_effect(daily, idlib.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    assert effect.summary().loc["rate_ratio"].round(3).tolist() == [0.075, 0.023, 0.248]


def test_rates_are_plain_averages():
    counts = np.r_[np.full(30, 2.0), np.full(20, 1.0)]
    counts[[3, 45]] = np.nan
    counts[10] = 9.0
    rates = estimate_truce_effect(made(counts), on_day(30)).rates
    assert rates["days"].tolist() == [29, 19]
    assert rates["best"].tolist() == [65.0, 19.0]
    assert rates["per_day"].tolist() == pytest.approx([65 / 29, 1.0])
    assert rates["first"].tolist() == [START, START + pd.Timedelta(days=30)]
    assert rates["last"].tolist() == [START + pd.Timedelta(days=29), START + pd.Timedelta(days=49)]


@pytest.mark.parametrize(("x_after", "n_after", "x_before", "n_before"), JEFFREYS)
def test_jeffreys_ratio_meets_r(shared, x_after, n_after, x_before, n_before, monkeypatch):
    monkeypatch.setattr(NegBinFit, "inflation", lambda self, contrast: 1.0)  # factor 1: the textbook ratio
    monkeypatch.setattr(few_counts, "FEW_BEFORE", 1000)
    table = pd.read_csv(shared / "reference" / "reference_values.csv")
    case = f"gammapoisson.jeffreys.{x_after}of{n_after}.{x_before}of{n_before}"
    values = table[table["case"] == case].set_index("name")["value"]
    counts = np.r_[evenly(x_before, n_before), evenly(x_after, n_after)]
    found = estimate_truce_effect(made(counts), on_day(n_before))
    expected = values[["median", "lo", "hi"]].tolist()
    assert found.summary().loc["rate_ratio"].tolist() == pytest.approx(expected, rel=1e-9)  # R prints 15 digits


@pytest.mark.parametrize("turned", [False, True])
def test_the_p_value_of_few_counts_is_never_nothing(turned):
    """3 a day and then none for 60 days, or the other way: two gammas of shapes 180 and 0, half a count added to each.

    The F distribution's tail by its regularised incomplete beta function, from the end on which it is small.
    """
    counts = np.r_[3 + (np.arange(60) % 3 - 1.0), np.zeros(60)]
    after, day = np.arange(120) >= 60, np.arange(120)
    if turned:
        counts = counts[::-1].copy()
    p = few_counts.log_ratio_posterior(counts, after, day).p_value
    found = few_counts.few_counts_ratio(counts, after, day, 0.95)
    many = counts.sum() / (found.dispersion * found.inflation) + 0.5
    assert p == pytest.approx(2 * betainc(many, 0.5, 0.5), rel=1e-9)
    assert 0 < p < 1e-50


@pytest.mark.parametrize("x_after", [0, 3, 9])
def test_few_counts_are_deflated(x_after):
    counts = np.r_[steady(1.5, 1.0, seed=4)[:120], evenly(x_after, 60)]
    effect = estimate_truce_effect(made(counts), on_day(120), level=0.9)
    x_before = counts[:120].sum()
    factor = counts[:120].var(ddof=1) / counts[:120].mean() * effect.inflation
    shapes = x_after / factor + 0.5, x_before / factor + 0.5
    would = stats.gamma.ppf([0.5, 0.05, 0.95], shapes[1]) * factor / 120 * 60
    was = stats.gamma.ppf([0.5, 0.05, 0.95], shapes[0]) * factor
    ratio = stats.f.ppf([0.5, 0.05, 0.95], 2 * shapes[0], 2 * shapes[1]) * (shapes[0] / 60) / (shapes[1] / 120)
    assert effect.method == "few-counts"
    assert factor > 1.5
    summary = effect.summary()
    assert summary.loc["rate_ratio"].tolist() == pytest.approx(ratio.tolist())
    assert summary.loc["counterfactual"].tolist() == pytest.approx(would.tolist())
    drawn = np.random.default_rng(6).gamma(np.array(shapes)[:, None], 1, (2, 400_000)) * factor
    simulated = np.quantile(drawn[1] / 2 - drawn[0], [0.05, 0.95])
    assert summary.loc["averted"].tolist() == pytest.approx(
        [would[0] - was[0], *simulated],
        rel=0.01,  # 400,000 draws: about 0.2 %
    )
    assert any("few counts" in warning and f"{x_after} after" in warning for warning in effect.warnings)


@pytest.mark.parametrize(
    ("x_before", "x_after", "method"),
    [
        pytest.param(20, 10, "nb-avar", id="just enough"),
        pytest.param(19, 10, "few-counts", id="19 before"),
        pytest.param(20, 9, "few-counts", id="9 after"),
    ],
)
def test_few_counts_begin_below_20_and_10(x_before, x_after, method):
    daily = made(np.r_[evenly(x_before, 40), evenly(x_after, 40)])
    assert estimate_truce_effect(daily, on_day(40), weekday=False).method == method


def with_gaps(days: int, missing: int) -> np.ndarray:
    counts = np.full(days, 4.0) + np.arange(days) % 3
    counts[1 : 2 * missing : 2] = np.nan
    return counts


AFTER = np.arange(30) % 3 + 2.0
REFUSED = [
    pytest.param(np.r_[with_gaps(27, 0), AFTER], 27, "Only 27 observed days before .* at least 28", id="27 before"),
    pytest.param(np.r_[with_gaps(33, 6), AFTER], 33, "Only 27 observed days before", id="short for the unobserved"),
    pytest.param(np.r_[with_gaps(60, 0), AFTER[:13]], 60, "Only 13 observed days after .* at least 14", id="13 after"),
    pytest.param(np.r_[with_gaps(50, 11), AFTER], 50, "22% of the days before .* at most 20%", id="gaps before"),
    pytest.param(np.r_[AFTER, with_gaps(28, 6)], 30, "21% of the days after", id="gaps after"),
    pytest.param(np.zeros(90), 60, "All 90 observed days are 0", id="all zero"),
    pytest.param(np.r_[evenly(8, 60), evenly(12, 30)], 60, "would have brought 4.0 after it", id="few expected"),
    pytest.param(np.r_[np.zeros(60), AFTER], 60, "would have brought 0.0 after it, worth 0.0", id="nothing before"),
    pytest.param(np.r_[100.0, np.zeros(59), evenly(9, 30)], 60, r"brought 50.0 .*, worth 0\.\d ind", id="one day"),
]


@pytest.mark.parametrize(("counts", "position", "message"), REFUSED)
def test_too_little_is_refused(counts, position, message):
    with pytest.raises(TooLittleData, match=message):
        estimate_truce_effect(made(counts), on_day(position))


@pytest.mark.parametrize(
    ("counts", "position"),
    [
        pytest.param(np.r_[with_gaps(28, 0), AFTER[:14]], 28, id="28 and 14 days"),
        pytest.param(np.r_[with_gaps(50, 10), AFTER], 50, id="a fifth unobserved"),
    ],
)
def test_just_enough_is_answered(counts, position):
    assert np.isfinite(estimate_truce_effect(made(counts), on_day(position)).summary().to_numpy()).all()


@pytest.mark.parametrize(
    ("position", "window", "message"),
    [
        pytest.param(0, None, "no day lies before it", id="truce on the first day"),
        pytest.param(180, None, r"took effect on 2020-07-04.*2020-01-06\.\.2020-07-03", id="truce after the series"),
        pytest.param(120, ("2020-01-05", "2020-07-03"), r"2020-01-05\.\.2020-07-03 must hold", id="window too early"),
        pytest.param(120, ("2020-01-06", "2020-07-04"), "2020-07-04 must hold", id="window too late"),
        pytest.param(120, ("2020-01-06", "2020-05-04"), "first day, 2020-05-05", id="window ends before the truce"),
        pytest.param(120, ("2020-05-05", "2020-07-03"), "first day, 2020-05-05", id="window starts with the truce"),
        pytest.param(120, ("spring", "summer"), "'spring' is not a date", id="words"),
        pytest.param(120, ("2020-01-06",), "is not a pair of dates", id="one date"),
        pytest.param(120, ("2020-01-06", None), "None is not a date", id="no date"),
        pytest.param(120, ("2020-01-06", "2020-07-01T00:00+02:00"), "not a date written as", id="time zone"),
    ],
)
def test_dates_outside_coverage_are_refused(position, window, message):
    with pytest.raises(CoverageError, match=message):
        estimate_truce_effect(made(steady(3, 1)), on_day(position), window=window)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_level_is_a_share(level):
    with pytest.raises(ValueError, match=f"level = {level}"):
        estimate_truce_effect(made(steady(3, 1)), on_day(120), level=level)


def sundays_off() -> np.ndarray:
    counts = steady(5, 2)
    counts[6::7] = 0
    return counts


def worst_at_the_end() -> np.ndarray:
    counts = steady(3, 1)
    counts[106:120] += 6
    return counts


def decline() -> np.ndarray:
    return np.random.default_rng(0).poisson(3 * np.exp(-np.arange(180) / 200))


def worse_from_the_date_on() -> np.ndarray:
    counts = worst_at_the_end()
    counts[120:] += 12
    return counts


WARNED = [
    pytest.param(worst_at_the_end(), r"fortnight before the truce \(\d.* a day\) was at least", id="worst fortnight"),
    pytest.param(np.round(10 + 8 * np.sin(np.arange(180) / 15)), r"variance by \d+\.\d \(over 4\)", id="slow drift"),
    pytest.param(
        np.random.default_rng(0).poisson(3 * np.exp(-np.arange(180) / 200)),
        "level and trend models disagree",
        id="trend",
    ),
    pytest.param(sundays_off(), "one day of the week has no counts", id="weekday without counts"),
]


@pytest.mark.parametrize(("counts", "message"), WARNED)
def test_weak_answers_carry_their_warning(counts, message):
    warnings = estimate_truce_effect(made(counts), on_day(120)).warnings
    assert [warning for warning in warnings if re.search(message, warning)]


def test_trend_is_fitted_as_a_slow_column():
    counts = decline().astype(float)
    effect = estimate_truce_effect(made(counts), on_day(120))
    trend = np.column_stack([effect.design, np.arange(180) / 7])
    fit = fit_negbin(counts, trend, slow_columns=3)
    half = fit.half_width(np.eye(9)[1], 0.95)
    ratio, lower, upper = np.exp(fit.coefficients[1] + np.array([0, -half, half]))
    assert f"would be {ratio:.2g} ({lower:.2g} to {upper:.2g})" in effect.warnings[0]


def test_what_was_looked_at_is_kept_warned_of_or_not():
    counts = steady(5, 2)
    counts[30], counts[150] = 90, 40
    others = [on_day(60, ended=START + pd.Timedelta(days=64))]
    effect = estimate_truce_effect(made(counts), on_day(120), other_truces=others)
    checks = effect.checks
    assert checks.loc["fortnight_before", "value"] == pytest.approx(counts[106:120].mean())
    assert checks.loc["largest_day_before", "value"] == pytest.approx(90 / counts[:120].sum())
    assert checks.loc["largest_day_after", "value"] == pytest.approx(40 / counts[120:].sum())
    assert checks.loc["fortnight_before":"largest_day_after", ["lower", "upper"]].isna().all(axis=None)
    without = estimate_truce_effect(made(counts), on_day(120), other_truces=others, other_truce_days="leave out")
    assert checks.loc["without_other_truces"].tolist() == [without.rate_ratio, without.lower, without.upper]
    assert "without_other_truces" not in without.checks.index
    trend = estimate_truce_effect(made(counts), on_day(120), model="level+trend")
    assert checks.loc["with_trend", "value"] == pytest.approx(trend.rate_ratio, rel=1e-6)  # from another start
    assert trend.checks.loc["without_trend", "upper"] == pytest.approx(effect.upper, rel=1e-6)


def test_a_peak_before_the_date_is_one_of_the_days_before_alone():
    effect = estimate_truce_effect(made(worse_from_the_date_on()), on_day(120))
    assert effect.lower > 1
    assert ["as violent as any before it" in warning for warning in effect.warnings if "fortnight" in warning] == [True]


def test_clean_answer_carries_no_warning():
    assert estimate_truce_effect(made(steady(5, 2)), on_day(120)).warnings == ()


BEFORE, DURING = "among the days before", "take effect among the days after"


@pytest.mark.parametrize(
    ("other", "where"),
    [
        pytest.param(on_day(60, ended=START + pd.Timedelta(days=64)), BEFORE, id="before"),
        pytest.param(on_day(60), BEFORE, id="before, never ended"),
        pytest.param(on_day(-20, ended=START + pd.Timedelta(days=1)), BEFORE, id="reaches in"),
        pytest.param(on_day(-20), BEFORE, id="began earlier, never ended"),
        pytest.param(on_day(-20, ended=START), None, id="over by the first day"),
        pytest.param(on_day(150), DURING, id="after"),
        pytest.param(on_day(179), DURING, id="on the last day"),
        pytest.param(on_day(180), None, id="after the window"),
        pytest.param(on_day(120, name="the same"), None, id="itself"),
    ],
)
def test_other_truces_are_named(other, where):
    warnings = estimate_truce_effect(made(steady(5, 2)), on_day(120), other_truces=iter([other])).warnings
    assert len(warnings) == (where is not None)
    assert all(where in warning and other.name in warning for warning in warnings)


@pytest.mark.parametrize(
    ("position", "ended", "first", "last"),
    [
        pytest.param(150, None, 30, 209, id="120 and 60 days"),
        pytest.param(100, None, 0, 159, id="as far as covered before"),
        pytest.param(200, None, 80, 229, id="as far as covered after"),
        pytest.param(150, 190, 30, 189, id="ended inside"),
        pytest.param(150, 210, 30, 209, id="ended after 60 days"),
        pytest.param(150, 400, 30, 209, id="ended later"),
    ],
)
def test_default_window(position, ended, first, last):
    end = None if ended is None else START + pd.Timedelta(days=ended)
    effect = estimate_truce_effect(made(steady(5, 2, 150, 80)), on_day(position, ended=end))
    assert effect.window == (START + pd.Timedelta(days=first), START + pd.Timedelta(days=last))
    assert (effect.expected.index[0], effect.expected.index[-1]) == effect.window


FEW = np.r_[steady(3, 3)[:120], evenly(4, 56)]


@pytest.mark.parametrize(
    "counts", [pytest.param(steady(5, 2, n_after=56), id="regression"), pytest.param(FEW, id="few counts")]
)
def test_parts_agree(counts):
    effect = estimate_truce_effect(made(counts), on_day(120))
    summary = effect.summary()
    assert (summary["lower"] < summary["estimate"]).all()
    assert (summary["estimate"] < summary["upper"]).all()
    after = effect.expected.loc[effect.truce.effective :]  # whole weeks: averages over the week add up to totals
    assert after["counterfactual"].sum() == pytest.approx(effect.counterfactual)
    assert after["fitted"].sum() == pytest.approx(effect.counterfactual - effect.averted)
    if effect.method == "nb-avar":
        assert after["fitted"].to_numpy() == pytest.approx(effect.rate_ratio * after["counterfactual"].to_numpy())
        assert (after["counterfactual_lower"] < after["counterfactual"]).all()
    else:
        bounds = after[["counterfactual_lower", "counterfactual_upper"]].sum().tolist()
        assert bounds == pytest.approx([effect.counterfactual_lower, effect.counterfactual_upper])
    assert effect.expected.loc[: START + pd.Timedelta(days=119), "counterfactual"].isna().all()


@pytest.mark.parametrize("counts", [pytest.param(steady(5, 2), id="regression"), pytest.param(FEW, id="few counts")])
def test_truce_begins_on_its_day_though_nobody_looked(counts):
    counts = counts.copy()
    counts[120:122] = np.nan
    effect = estimate_truce_effect(made(counts), on_day(120))
    assert effect.expected["counterfactual"].first_valid_index() == effect.truce.effective


def test_intervals_grow_with_the_level():
    effects = [estimate_truce_effect(made(steady(5, 2)), on_day(120), level=level) for level in (0.5, 0.9, 0.99)]
    summaries = [effect.summary() for effect in effects]
    for narrow, wide in pairwise(summaries):
        assert narrow["estimate"].equals(wide["estimate"])
        assert (wide["lower"] < narrow["lower"]).all()
        assert (wide["upper"] > narrow["upper"]).all()


def test_unobserved_days_are_not_zeros():
    counts = steady(5, 2)
    counts[[10, 30, 31, 130]] = np.nan
    effect = estimate_truce_effect(made(counts), on_day(120), weekday=False)
    seen = ~np.isnan(counts)
    after = np.arange(180) >= 120
    expected = counts[seen & after].mean() / counts[seen & ~after].mean()  # the ML ratio of two constant means
    assert effect.rate_ratio == pytest.approx(expected)
    filled = estimate_truce_effect(made(np.nan_to_num(counts)), on_day(120), weekday=False)
    assert abs(filled.rate_ratio - effect.rate_ratio) > 1e-3
    assert effect.counterfactual == pytest.approx(counts[seen & ~after].mean() * 59)


def test_memory_is_counted_in_days_across_a_gap():
    counts = np.r_[np.sort(steady(5, 2)[:120]), steady(5, 2)[120:]]
    counts[60:75] = np.nan
    seen = np.flatnonzero(~np.isnan(counts))
    effect = estimate_truce_effect(made(counts), on_day(120), weekday=False)
    design = np.column_stack([np.ones(len(seen)), seen >= 120]).astype(float)
    fit = fit_negbin(counts[seen], design, slow_columns=2, day=seen)
    assert np.log(effect.upper / effect.lower) == pytest.approx(2 * fit.half_width(np.array([0.0, 1.0]), 0.95))


def test_input_is_unchanged():
    daily = made(steady(5, 2))
    before = daily.table.copy(deep=True)
    estimate_truce_effect(daily, on_day(120), other_truces=iter([on_day(100)]))
    pd.testing.assert_frame_equal(daily.table, before)


@settings(max_examples=15, deadline=None)
@given(weeks=st.integers(-2000, 2000), seed=st.integers(0, 5))
def test_whole_weeks_do_not_matter(weeks, seed):
    daily, truce = made(steady(4, 2, seed=seed)), on_day(120)
    shift = pd.Timedelta(weeks=weeks)
    moved = DailySeries.from_counts(daily.counts.set_axis(daily.table.index + shift))
    here = estimate_truce_effect(daily, truce)
    there = estimate_truce_effect(moved, Truce(truce.effective + shift))
    assert there.summary().equals(here.summary())


def test_order_of_days_matters_to_the_interval_alone():
    counts = steady(5, 2)
    in_order = np.r_[np.sort(counts[:120]), np.sort(counts[120:])]
    shuffled = estimate_truce_effect(made(counts), on_day(120), weekday=False)
    drifting = estimate_truce_effect(made(in_order), on_day(120), weekday=False)
    assert drifting.rate_ratio == pytest.approx(shuffled.rate_ratio)
    assert np.log(drifting.upper / drifting.lower) > 1.5 * np.log(shuffled.upper / shuffled.lower)


ROUND_TRIPS = [
    pytest.param(steady(5, 2, seed=3), id="negative binomial"),
    pytest.param(np.r_[np.arange(120) % 4 + 2.0, np.arange(60) % 3 + 1.0], id="Poisson"),
]


@pytest.mark.parametrize("counts", ROUND_TRIPS)
def test_statsmodels_round_trip(counts):
    effect = estimate_truce_effect(made(counts), on_day(120))
    result = effect.to_statsmodels()
    fit = effect.fit
    assert (fit.alpha == 0) == (type(result.family).__name__ == "Poisson")
    assert result.params.to_numpy() == pytest.approx(fit.coefficients, rel=1e-6, abs=1e-9)  # same likelihood
    assert result.bse.to_numpy() == pytest.approx(np.sqrt(np.diag(fit.covariance)))
    assert np.exp(result.conf_int().loc["truce"]).tolist() == pytest.approx([effect.lower, effect.upper], rel=1e-6)
    assert result.predict(effect.design).to_numpy() == pytest.approx(fit.mean, rel=1e-6)  # as the coefficients
    assert "NB-AVAR" in result.summary().as_text()


def test_few_counts_are_no_regression():
    effect = estimate_truce_effect(made(np.r_[steady(3, 3)[:120], evenly(4, 60)]), on_day(120))
    with pytest.raises(TooLittleData, match="4 after"):
        effect.to_statsmodels()


NOISE = np.random.default_rng(1).poisson(3, 90)
DEGENERATE = [
    *(pytest.param(np.full(90, c), id=f"constant {c:g}") for c in (0.5, 1.0, 2.0, 3.0, 1e6)),
    *(pytest.param(spike(1e6, k, np.zeros(90)), id=f"one day of a million on day {k}") for k in (0, 59, 60, 89)),
    *(pytest.param(spike(1e6, k, NOISE), id=f"a million among threes on day {k}") for k in (0, 10, 59, 60, 89)),
    pytest.param(np.random.default_rng(1).poisson(1e6, 90), id="millions"),
    pytest.param(np.r_[np.random.default_rng(1).poisson(1e6, 60), np.ones(30)], id="millions to one"),
    pytest.param(np.r_[np.full(60, 8.0), np.full(30, 2.0)], id="two constants"),
    pytest.param(np.r_[np.full(60, 8.0), np.zeros(30)], id="constant, then nothing"),
    pytest.param(np.tile([7.0, 0, 0, 0, 0, 0, 0], 13), id="Mondays only"),
    pytest.param(np.tile([0.0, 1.0], 45), id="every other day"),
    pytest.param(np.arange(90.0), id="a line"),
    pytest.param(np.round(np.exp(np.arange(90) / 6)), id="explosive growth"),
    pytest.param(np.full(90, 1 / 366), id="one record spread over a year"),
    pytest.param(np.r_[np.full(60, np.nan), np.full(30, 2.0)], id="nothing observed before"),
    pytest.param(np.r_[np.full(60, 8.0), np.full(30, np.nan)], id="nothing observed after"),
    pytest.param(np.r_[NOISE[:60], np.full(30, 0.0)], id="nothing after"),
    pytest.param(np.r_[np.zeros(60), NOISE[:30]], id="nothing before"),
    pytest.param(np.r_[NOISE[:60], np.zeros(29), 1e6], id="a million on the last day"),
]


@pytest.mark.parametrize("weekday", [True, False], ids=["weekday", "plain"])
@pytest.mark.parametrize("model", ["level", "level+erosion", "level+trend"])
@pytest.mark.parametrize("counts", DEGENERATE)
def test_degenerate_series_give_numbers_or_a_refusal(counts, weekday, model):
    try:
        effect = estimate_truce_effect(made(counts), on_day(60), weekday=weekday, model=model)
    except TooLittleData:
        return
    assert np.isfinite(effect.summary().to_numpy()).all()
    assert np.isfinite([effect.alpha, effect.inflation]).all()
    assert effect.lower <= effect.rate_ratio <= effect.upper


def test_constant_series_shows_no_drift():
    effect = estimate_truce_effect(made(np.full(90, 3.0)), on_day(60))
    assert effect.rate_ratio == pytest.approx(1.0)
    assert not any("drift" in warning for warning in effect.warnings)


def test_coverage_of_the_intervals():
    held = []
    for seed in range(200):
        rng = np.random.default_rng([2019, seed])
        latent = rng.normal(size=180)
        for day in range(1, 180):
            latent[day] = 0.3 * latent[day - 1] + np.sqrt(1 - 0.3**2) * latent[day]
        mean = np.repeat([3.0, 1.2], [120, 60]) * np.exp(0.8 * latent - 0.32)
        effect = estimate_truce_effect(made(rng.poisson(mean)), on_day(120))
        held.append([effect.lower <= 0.4 <= effect.upper, effect.averted_lower <= 108 <= effect.averted_upper])
    coverage = np.mean(held, axis=0)
    assert (coverage >= 0.90).all()  # 3 binomial standard errors (0.0154) below 0.95: sampling error alone
    assert (coverage <= 0.99).all()  # 2.6 above: wider would mean intervals that say too little


def test_one_enormous_day_cannot_hide_in_the_weekday_profile():
    counts = np.r_[100.0, np.zeros(59), np.arange(30) % 3 + 2.0]
    with pytest.raises(TooLittleData, match=r"worth 4\.4 independent events at most"):
        estimate_truce_effect(made(counts), on_day(60))


@pytest.mark.parametrize("date", [60, 120])
def test_one_enormous_day_is_no_habit_of_its_weekday(date):
    """On the quiet side: a profile that took it for a habit would explain the other side's toll by that weekday."""
    busy, quiet = steady(6, 1)[:120], np.tile([0.0, 1.0], 30)
    quiet[20] = 400.0
    counts = np.r_[busy, quiet] if date == 120 else np.r_[quiet, busy]
    asked = {"truce": on_day(date), "window": (START, START + pd.Timedelta(days=179))}
    effect = estimate_truce_effect(made(counts), **asked)
    plain = estimate_truce_effect(made(counts), **asked, weekday=False)
    pd.testing.assert_frame_equal(effect.summary(), plain.summary())
    before, after = counts[:date], counts[date:]
    assert effect.rate_ratio == pytest.approx(after.mean() / before.mean())
    assert effect.averted == pytest.approx(before.mean() * len(after) - after.sum())
    said = "no weekday profile was fitted, since it would take the single day for the habit of its weekday"
    assert said in effect.warnings
    assert said not in plain.warnings
    quiet[20] = 0.98 * (quiet.sum() - 400)  # just under half
    counts = np.r_[busy, quiet] if date == 120 else np.r_[quiet, busy]
    assert "weekday_1" in estimate_truce_effect(made(counts), **asked).design


def test_a_side_that_is_one_day_is_said_to_be():
    counts = np.r_[steady(5, 1)[:120], np.zeros(30), 40.0, np.ones(29)]
    effect = estimate_truce_effect(made(counts), on_day(120))
    assert any("a single day, 2020-06-04, holds 58% of the toll after" in warning for warning in effect.warnings)
    assert effect.sentence().endswith(" to 3 July 2020; a single day, 2020-06-04, holds 58% of the toll after.")


def test_no_level_is_rounded_up():
    effect = estimate_truce_effect(made(steady(5, 1)), on_day(120), level=0.999)
    assert "(99.9% interval " in effect.sentence()


def test_a_window_past_the_end_of_the_truce_is_said_to_be():
    truce = on_day(120, ended=START + pd.Timedelta(days=150))
    window = (START, START + pd.Timedelta(days=179))
    effect = estimate_truce_effect(made(steady(5, 1)), truce, window=window)
    assert any("runs past the end of the truce on 2020-06-04" in warning for warning in effect.warnings)


def test_default_window_ends_with_the_last_settled_day():
    """Days that nobody watched at the end of the coverage shorten the comparison instead of refusing it."""
    counts = made(steady(5, 2, 150, 80)).counts.copy()
    counts.iloc[190:] = np.nan
    effect = estimate_truce_effect(DailySeries.from_counts(counts), on_day(150))
    assert effect.window == (START + pd.Timedelta(days=30), START + pd.Timedelta(days=189))
