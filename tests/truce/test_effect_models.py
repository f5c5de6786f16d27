"""Declared models, days left out, offsets, draws, other truces, and the sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from conflictts import DailySeries, estimate_truce_effect
from conflictts.errors import CoverageError, TooLittleData, UnknownNameError
from conflictts.truce.negbin import fit_negbin, pool_fits
from conflictts.truce.ratios import with_limits
from tests.truce.invented import DAY, START, made, noisy, on_day

STEP = np.repeat([6.0, 2.0], [120, 60])
ERODING = np.r_[np.full(120, 6.0), 1.0 * np.exp(0.15 * np.arange(60) / 7)]


@pytest.mark.parametrize(
    ("model", "column", "name"),
    [
        ("level+erosion", lambda t: np.maximum(t - 120, 0) / 7, "erosion_per_week"),
        ("level+trend", lambda t: (t - 120) / 7, "trend_per_week"),
    ],
)
def test_slope_is_that_of_the_regression(model, column, name):
    counts = noisy(ERODING)
    effect = estimate_truce_effect(made(counts), on_day(120), model=model, weekday=False)
    t = np.arange(180)
    design = np.column_stack([np.ones(180), t >= 120, column(t)]).astype(float)
    fit = fit_negbin(counts, design, slow_columns=3)
    half = fit.half_width(np.eye(3)[2], 0.95)
    expected = np.exp(fit.coefficients[2] + np.array([0, -half, half]))
    assert effect.summary().loc[name].tolist() == pytest.approx(expected.tolist())
    assert effect.rate_ratio == pytest.approx(np.exp(fit.coefficients[1]))
    assert effect.design.columns.tolist() == ["intercept", "truce", name.removesuffix("_per_week")]


def test_level_has_no_slope():
    effect = estimate_truce_effect(made(noisy(STEP)), on_day(120))
    assert (effect.per_week, effect.per_week_lower, effect.per_week_upper) == (None, None, None)
    assert effect.summary().index.tolist() == ["rate_ratio", "counterfactual", "averted"]


@pytest.mark.parametrize("model", ["level", "level+erosion", "level+trend"])
def test_statsmodels_gets_every_model_and_offset(model):
    counts = noisy(ERODING)
    offset = pd.Series(np.log(np.linspace(0.5, 1.0, 180)), pd.date_range(START, periods=180))
    effect = estimate_truce_effect(made(counts), on_day(120), model=model, offset=offset)
    result = effect.to_statsmodels()
    assert result.params.to_numpy() == pytest.approx(effect.fit.coefficients, rel=1e-6, abs=1e-9)  # same likelihood
    assert result.bse.to_numpy() == pytest.approx(np.sqrt(np.diag(effect.fit.covariance)))
    assert result.predict().sum() == pytest.approx(effect.fit.mean.sum(), rel=1e-6)  # as the coefficients
    assert effect.expected["fitted"].sum() == pytest.approx(counts.sum(), rel=0.1)  # 180 days are not whole weeks


def test_days_around_the_date_are_left_out():
    counts = noisy(STEP)
    counts[115:125] = 400.0
    effect = estimate_truce_effect(made(counts), on_day(120), transition=5)
    assert effect.rates["days"].tolist() == [115, 55]
    assert effect.rates.loc["before", "last"] == START + 114 * DAY
    assert effect.rates.loc["after", "first"] == START + 125 * DAY
    blanked = counts.copy()
    blanked[115:125] = np.nan
    plain = estimate_truce_effect(made(blanked), on_day(120))
    assert effect.summary().to_numpy() == pytest.approx(plain.summary().to_numpy())


def test_provisional_days_are_missing():
    daily = made(noisy(STEP))
    table = daily.table.copy()
    table.loc[table.index[-6:], "best"] = 900.0
    table.loc[table.index[-6:], "status"] = "provisional"
    provisional = replace(daily, table=table)
    short = made(daily.counts.iloc[:-6])
    window = (START, START + 173 * DAY)
    here = estimate_truce_effect(provisional, on_day(120))
    there = estimate_truce_effect(short, on_day(120), window=window)
    assert here.summary().to_numpy() == pytest.approx(there.summary().to_numpy())
    assert here.rates["best"].tolist() == there.rates["best"].tolist()


def with_draws(n_draws: int, spread: float) -> DailySeries:
    daily = made(noisy(STEP))
    rng = np.random.default_rng(3)
    draws = (
        rng.poisson(daily.counts.to_numpy()[:, None] * (1 - spread), (180, n_draws))
        + np.round(spread * daily.counts.to_numpy())[:, None]
    )
    return replace(daily, draws=pd.DataFrame(draws.astype(float), index=daily.table.index))


def test_draws_are_pooled_by_rubins_rules():
    daily = with_draws(8, 0.5)
    effect = estimate_truce_effect(daily, on_day(120), weekday=False)
    design = np.column_stack([np.ones(180), np.arange(180) >= 120]).astype(float)
    fits = [fit_negbin(draw.to_numpy(), design, slow_columns=2) for _, draw in daily.draws.items()]
    steps = np.array([fit.coefficients[1] for fit in fits])
    within = np.mean([fit.covariance[1, 1] for fit in fits])
    between = steps.var(ddof=1)
    total = within + (1 + 1 / 8) * between
    share = (1 + 1 / 8) * between / total
    inflation = within / np.mean([fit.independent[1, 1] for fit in fits])
    tails = np.mean([fit.kurtosis for fit in fits])
    variances = np.concatenate([fit.members[:, 1, 1] for fit in fits])  # under every memory in every draw
    unsure = np.concatenate([fit.weights for fit in fits]) / 8 @ variances**2 / within**2 - 1
    complete = max(2 / ((tails - 1) * inflation / 180 + 1.5 * unsure) - 2, 4)
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    freedom = 1 / (share**2 / 7 + 1 / observed)  # Barnard & Rubin (1999), equation 3
    half = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    expected = np.exp(steps.mean() + np.array([0, -half, half]))
    assert between > 0
    assert effect.summary().loc["rate_ratio"].tolist() == pytest.approx(expected.tolist())
    assert effect.to_statsmodels().params.to_numpy() == pytest.approx(effect.fit.coefficients)


def test_equal_draws_change_nothing():
    daily = made(noisy(STEP))
    same = replace(daily, draws=pd.DataFrame(dict.fromkeys(range(5), daily.counts)))
    pooled, plain = (estimate_truce_effect(each, on_day(120)).summary() for each in (same, daily))
    assert pooled.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-3)  # Barnard and Rubin allow two days fewer


def test_pooled_fits_remember_how_many():
    counts, design = noisy(STEP), np.column_stack([np.ones(180), np.arange(180) >= 120]).astype(float)
    fit = fit_negbin(counts, design, slow_columns=2)
    assert pool_fits([fit, fit, fit]).n_pooled == 3
    assert pool_fits([fit, fit]).covariance == pytest.approx(fit.covariance)


def test_one_draw_is_said_to_tell_no_spread():
    effect = estimate_truce_effect(with_draws(1, 0.5), on_day(120))
    assert any("one draw says nothing of how far draws differ" in said for said in effect.warnings)
    assert not any("could not be fitted" in said for said in effect.warnings)
    assert effect.rate_ratio == estimate_truce_effect(replace(effect.daily, draws=None), on_day(120)).rate_ratio


def test_few_counts_average_the_posterior_over_draws():
    counts = np.r_[noisy(np.full(120, 3.0)), np.zeros(60)]
    counts[[130, 150]] = 3.0
    daily = made(counts)
    plain = estimate_truce_effect(daily, on_day(120))
    same = estimate_truce_effect(replace(daily, draws=pd.DataFrame(dict.fromkeys(range(3), daily.counts))), on_day(120))
    moved = daily.counts.to_numpy().copy()
    last = np.flatnonzero(moved[:120])[-1]
    moved[[last, 122]] = moved[[122, last]]  # a record that may belong to either side
    drawn = estimate_truce_effect(
        replace(daily, draws=pd.DataFrame({0: daily.counts, 1: moved}, index=daily.table.index)), on_day(120)
    )
    assert same.summary().to_numpy() == pytest.approx(plain.summary().to_numpy(), rel=1e-9)
    assert moved[120:].sum() > counts[120:].sum()
    assert drawn.upper > plain.upper
    assert drawn.rate_ratio > plain.rate_ratio
    factor = drawn.inflation * counts[:120].var(ddof=1) / counts[:120].mean()
    mixture = []  # the same posterior by drawing from it
    rng = np.random.default_rng(3)
    for completion in (counts, moved):
        after = rng.gamma(completion[120:].sum() / factor + 0.5, 1, 200_000) / 60
        mixture.append(after / (rng.gamma(completion[:120].sum() / factor + 0.5, 1, 200_000) / 120))
    expected = np.quantile(np.concatenate(mixture), [0.5, 0.025, 0.975])
    assert drawn.summary().loc["rate_ratio"].tolist() == pytest.approx(
        expected, rel=0.03
    )  # 400,000 draws: 1 % of a tail


@pytest.mark.parametrize("after", [0, 3, 6, 9])
def test_fewer_throughout_exactly_when_the_ratio_of_few_counts_is_below_one(after):
    counts = np.r_[noisy(np.full(120, 0.3)), np.zeros(60)]
    counts[np.linspace(121, 179, after).astype(int)] = 1.0
    effect = estimate_truce_effect(made(counts), on_day(120))
    assert effect.method == "few-counts"
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        each = estimate_truce_effect(made(counts), on_day(120), level=level)
        assert (each.averted_lower > 0) == (each.upper < 1)


REFUSED = [
    pytest.param({"model": "step"}, UnknownNameError, "No model 'step'. Choose one of level, level", id="model"),
    pytest.param({"other_truce_days": "drop"}, UnknownNameError, "other_truce_days = 'drop'", id="other days"),
    pytest.param({"transition": -1}, CoverageError, "transition = -1", id="negative transition"),
    pytest.param({"transition": 1.5}, CoverageError, "transition = 1.5", id="half a day"),
    pytest.param({"transition": 50}, TooLittleData, "Only 10 observed days after", id="transition over all"),
]


@pytest.mark.parametrize(("choices", "kind", "message"), REFUSED)
def test_impossible_choices_are_refused(choices, kind, message):
    with pytest.raises(kind, match=message):
        estimate_truce_effect(made(noisy(STEP)), on_day(120), **choices)


def test_offset_needs_a_number_on_every_day():
    offset = pd.Series(0.0, pd.date_range(START, periods=100))
    with pytest.raises(CoverageError, match="no finite number on 80 of 180 days of the window, the first 2020-04-15"):
        estimate_truce_effect(made(noisy(STEP)), on_day(120), offset=offset)


def test_few_counts_carry_no_slope():
    counts = np.r_[noisy(np.full(120, 3.0)), np.zeros(60)]
    with pytest.raises(TooLittleData, match=r"0 after; 20 and 10 are needed\) for a model with a slope"):
        estimate_truce_effect(made(counts), on_day(120), model="level+erosion")


def test_a_truce_over_at_once_is_refused_with_its_end():
    truce = on_day(120, ended=START + 123 * DAY)
    with pytest.raises(TooLittleData, match=r"Only 3 observed days after .*over on 2020-05-08"):
        estimate_truce_effect(made(noisy(STEP)), truce)


def test_other_truces_days_can_be_left_out():
    counts = noisy(STEP)
    counts[100:105] = 0
    earlier, later = on_day(100, ended=START + 105 * DAY, name="first"), on_day(165, name="third")
    kept = estimate_truce_effect(made(counts), on_day(120), other_truces=[earlier, later])
    left = estimate_truce_effect(made(counts), on_day(120), other_truces=[earlier, later], other_truce_days="leave out")
    blanked = counts.copy()
    blanked[100:105] = blanked[165:] = np.nan
    alone = estimate_truce_effect(made(blanked[:165]), on_day(120))
    assert left.rates["days"].tolist() == [115, 45]
    assert left.summary().to_numpy() == pytest.approx(alone.summary().to_numpy())
    said = with_limits(left.rate_ratio, left.lower, left.upper)
    assert f"without their days the rate ratio would be {said}" in kept.warnings[-1]
    assert "their days are left out" in left.warnings[-1]
    assert kept.rate_ratio != left.rate_ratio


def test_a_truce_inside_another_is_said_to_be():
    around = on_day(30, name="the long one")
    warnings = estimate_truce_effect(made(noisy(STEP)), on_day(120), other_truces=[around]).warnings
    assert any("the long one" in warning and "one truce with the next" in warning for warning in warnings)


def test_no_answer_without_the_others_is_said():
    around = on_day(10, name="the long one")
    warnings = estimate_truce_effect(made(noisy(STEP)), on_day(120), other_truces=[around]).warnings
    told = "there is no answer (Only 10 observed days before the truce, 2020-01-06..2020-01-15; at least 28 are"
    assert any(f"{told} needed)" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        pytest.param(STEP, "were lower after the truce of 5 May 2020 than before it", id="lower"),
        pytest.param(STEP[::-1][60:].tolist() + [9.0] * 60, "were higher after", id="higher"),
        pytest.param(np.full(180, 4.0), "show no detectable change after", id="no change"),
    ],
)
def test_sentence_says_lower_higher_or_nothing(mean, words):
    effect = estimate_truce_effect(made(noisy(np.asarray(mean, float)[:180])), on_day(120))
    sentence = effect.sentence()
    assert words in sentence
    assert f"rate ratio {effect.rate_ratio:.2g}" in sentence
    assert "because" not in sentence
    assert sentence.startswith("Incidents per day")
    assert sentence.count(".") - sentence.count("0.") <= 4


def test_sentence_of_a_slope_says_what_its_step_is():
    weeks = np.r_[np.zeros(120), np.arange(60)] / 7
    eroding = noisy(np.where(np.arange(180) < 120, 5.0, 0.5 * np.exp(0.47 * weeks)))
    effect = estimate_truce_effect(made(eroding), on_day(120), model="level+erosion")
    after, before = eroding[120:].mean(), eroding[:120].mean()
    assert after > before  # a sentence that called the days after it lower would be false
    sentence = effect.sentence()
    assert sentence.startswith("Incidents per day were lower than before on the first day of the truce of 5 May 2020:")
    assert f"changing from then on by a factor of {effect.per_week:.2f} ({effect.per_week_lower:.2f} to " in sentence
    climbing = noisy(2.0 * np.exp(0.14 * np.arange(180) / 7) * np.where(np.arange(180) < 120, 1, 0.4))
    effect = estimate_truce_effect(made(climbing), on_day(120), model="level+trend")
    assert effect.sentence().startswith(f"Beside a trend by a factor of {effect.per_week:.2f} (")
    assert ", incidents per day stepped to a lower level at the truce of 5 May 2020: rate ratio 0." in effect.sentence()
    flat = estimate_truce_effect(made(noisy(np.full(180, 4.0))), on_day(120), model="level+trend")
    assert "incidents per day show no detectable step at the truce of 5 May 2020" in flat.sentence()


def test_sentence_tells_limits_from_1():
    effect = estimate_truce_effect(made(noisy(STEP)), on_day(120))
    assert f"{replace(effect, upper=0.99895).sentence()}".count(" to 0.999)") == 1
    assert "(95% interval 1.0004 to " in replace(effect, rate_ratio=1.5, lower=1.0004, upper=2).sentence()


def test_memory_is_warned_of_with_few_counts():
    counts = np.zeros(180)
    counts[[*range(20, 45), *range(70, 90), 130]] = 1
    effect = estimate_truce_effect(made(counts), on_day(120))
    assert effect.method == "few-counts"
    assert f"memory between days multiplies the variance by {effect.inflation:.1f} (over 4)" in "; ".join(
        effect.warnings
    )


def test_averted_is_negative_where_more_came():
    effect = estimate_truce_effect(made(noisy(np.repeat([2.0, 8.0], [120, 60]))), on_day(120))
    assert effect.averted_upper < 0
    assert effect.lower > 1


def test_an_interval_without_bounds_is_refused():
    counts = np.random.default_rng(1).poisson(3, 90).astype(float)
    counts[88:] = 1e6
    with pytest.raises(TooLittleData, match=r"rate ratio runs over a factor of e to the \d+ each way \(at most 20"):
        estimate_truce_effect(made(counts), on_day(60), model="level+erosion")


def test_coverage_of_the_erosion():
    held = []
    mean = np.r_[np.full(120, 3.0), 1.2 * np.exp(0.08 * np.arange(60) / 7)]
    for seed in range(120):
        rng = np.random.default_rng([8, seed])
        latent = rng.normal(size=180)
        for day in range(1, 180):
            latent[day] = 0.3 * latent[day - 1] + np.sqrt(1 - 0.3**2) * latent[day]
        counts = rng.poisson(mean * np.exp(0.6 * latent - 0.18))
        effect = estimate_truce_effect(made(counts), on_day(120), model="level+erosion")
        held.append(
            [
                effect.per_week_lower <= np.exp(0.08) <= effect.per_week_upper,
                effect.lower <= 0.4 <= effect.upper,
                effect.averted_lower <= (3.0 - mean[120:]).sum() <= effect.averted_upper,
            ]
        )
    assert (np.mean(held, axis=0) >= 0.89).all()  # three binomial standard errors of 120 series below 0.95
    assert np.mean(held) < 1.0
