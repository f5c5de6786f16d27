"""Second opinions: the low and high figures, other dates, other areas."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from conflictts import (
    Truce,
    compare_with_controls,
    effect_envelope,
    estimate_truce_effect,
    placebo_effects,
    shift_test,
)
from conflictts.errors import TooLittleData
from conflictts.truce import controls
from conflictts.truce.controls import _variance
from conflictts.truce.rows import log_scale
from tests.truce.invented import DAY, START, made, noisy

TRUCE = Truce(START + 120 * DAY)
STEP = np.repeat([6.0, 2.0], [120, 60])


def test_turning_divides_counts_by_their_exposure():
    """Half the area was watched after the date, and nothing changed."""
    counts = noisy(np.repeat([6.0, 3.0], [120, 60]))
    watched = pd.Series(np.log(np.repeat([1.0, 0.5], [120, 60])), pd.date_range(START, periods=180))
    effect = estimate_truce_effect(made(counts), TRUCE, offset=watched)
    found = shift_test(effect)
    expected = np.log((2 * counts[120:].sum() + 0.5) / 60) - np.log((counts[:120].sum() + 0.5) / 120)
    assert found.log_ratios.iloc[0] == pytest.approx(expected)
    assert found.p_value > 0.1
    assert shift_test(estimate_truce_effect(made(counts), TRUCE)).p_value < 0.1


def test_turning_is_refused_beside_a_slope():
    effect = estimate_truce_effect(made(noisy(STEP)), TRUCE, model="level+trend")
    with pytest.raises(ValueError, match=r"model is 'level\+trend', and turning compares mean counts"):
        shift_test(effect)


def test_envelope_refits_low_and_high():
    daily = made(noisy(STEP))
    table = daily.table.assign(low=np.floor(daily.counts / 2), high=3 * daily.counts)
    ranged = replace(daily, table=table)
    found = effect_envelope(estimate_truce_effect(ranged, TRUCE))
    for bound in ("low", "best", "high"):
        alone = estimate_truce_effect(made(table[bound]), TRUCE)
        assert found.loc[bound, ["rate_ratio", "lower", "upper"]].tolist() == pytest.approx(
            [alone.rate_ratio, alone.lower, alone.upper]
        )
    assert found.loc["envelope", "lower"] == found["lower"].min()
    assert found.loc["envelope", "averted_upper"] == found.loc["high", "averted_upper"]
    assert found.loc["envelope", "rate_ratio"] == found.loc["best", "rate_ratio"]
    pd.testing.assert_frame_equal(ranged.table, table)


def test_envelope_says_why_a_row_is_empty():
    daily = made(noisy(STEP))
    found = effect_envelope(estimate_truce_effect(replace(daily, table=daily.table.assign(low=0.0)), TRUCE))
    assert "All 180 observed days are 0" in found.loc["low", "refused"]
    assert np.isnan(found.loc["low", "rate_ratio"])
    assert np.isfinite(found.loc["envelope", "lower"])


def test_shifts_are_turns_of_the_circle():
    counts = noisy(STEP)
    found = shift_test(estimate_truce_effect(made(counts), TRUCE))
    expected = []
    for shift in range(180):
        turned = np.concatenate([counts[180 - shift :], counts[: 180 - shift]])
        expected.append(np.log((turned[120:].sum() + 0.5) / 60) - np.log((turned[:120].sum() + 0.5) / 120))
    assert found.log_ratios.to_numpy() == pytest.approx(np.array(expected))
    assert found.p_value == np.mean(np.abs(expected) >= abs(expected[0]) - 1e-12)
    assert found.summary()["turns"].tolist() == [180]


def test_shifts_move_missing_days_along():
    counts = noisy(STEP)
    counts[[5, 6, 130]] = np.nan
    found = shift_test(estimate_truce_effect(made(counts), TRUCE))
    turned = np.roll(counts, 60)
    expected = np.log((np.nansum(turned[120:]) + 0.5) / (~np.isnan(turned[120:])).sum())
    expected -= np.log((np.nansum(turned[:120]) + 0.5) / (~np.isnan(turned[:120])).sum())
    assert found.log_ratios[60] == pytest.approx(expected)


def test_left_out_days_belong_to_no_side():
    """Another truce's days from day 40 to 59, and the week either side of the date: as the effect compares."""
    counts = noisy(STEP)
    counts[40:60] = 0
    other = Truce(START + 40 * DAY, ended=START + 60 * DAY)
    effect = estimate_truce_effect(
        made(counts), TRUCE, transition=7, other_truces=[other], other_truce_days="leave out", weekday=False
    )
    found = shift_test(effect)
    before, after = np.r_[0:40, 60:113], np.arange(127, 180)
    for shift in (0, 1, 50):
        turned = np.roll(counts, shift)
        expected = np.log((turned[after].sum() + 0.5) / 53) - np.log((turned[before].sum() + 0.5) / 93)
        assert found.log_ratios[shift] == pytest.approx(expected)
    assert effect.rates["days"].tolist() == [93, 53]


def test_few_counts_tell_their_p_value_by_the_days_compared():
    """Violence while another truce was in force is in neither the ratio nor its row of a panel."""
    counts = np.where(np.arange(180) < 120, np.arange(180) % 3 == 0, np.arange(180) % 30 == 0).astype(float)
    calm = counts.copy()
    counts[40:60], calm[40:60] = 2.0, np.nan
    other = Truce(START + 40 * DAY, ended=START + 60 * DAY)
    effect = estimate_truce_effect(made(counts), TRUCE, other_truces=[other], other_truce_days="leave out")
    without = estimate_truce_effect(made(calm), TRUCE)
    assert effect.method == without.method == "few-counts"
    assert asdict(log_scale(effect)) == pytest.approx(asdict(log_scale(without)))


def test_shift_finds_a_clear_step_and_not_a_constant_rate():
    assert shift_test(estimate_truce_effect(made(noisy(STEP)), TRUCE)).p_value <= 3 / 180
    assert shift_test(estimate_truce_effect(made(noisy(np.full(180, 4.0), seed=3)), TRUCE)).p_value > 0.1


def test_placebos_are_the_model_at_other_dates():
    daily = made(noisy(STEP))
    effect = estimate_truce_effect(daily, TRUCE)
    found = placebo_effects(effect)
    assert (found.steps.index[0], found.steps.index[-1]) == (START + 28 * DAY, START + 106 * DAY)
    assert len(found.steps) == 79
    assert found.refused.empty
    date = START + 60 * DAY
    alone = estimate_truce_effect(daily, Truce(date), window=(START, START + 119 * DAY))
    assert found.steps.loc[date].tolist() == pytest.approx([alone.rate_ratio, alone.lower, alone.upper])
    assert found.summary() is found.steps


def test_placebos_need_room():
    daily = made(noisy(STEP))
    effect = estimate_truce_effect(daily, TRUCE, window=(START + 90 * DAY, START + 170 * DAY))
    with pytest.raises(TooLittleData, match="30 days before the truce leave no date"):
        placebo_effects(effect)


def test_placebo_dates_without_counts_are_listed():
    counts = noisy(STEP)
    counts[:40] = 0
    found = placebo_effects(estimate_truce_effect(made(counts), TRUCE))
    assert len(found.steps) + len(found.refused) == 79
    assert found.refused.str.contains("would have brought 0.0 after it").any()


def test_controls_divide_the_ratios():
    truced, one, two = noisy(STEP), noisy(np.full(180, 5.0), seed=1), noisy(np.full(180, 9.0), seed=2)
    effect = estimate_truce_effect(made(truced), TRUCE)
    found = compare_with_controls(effect, {"one": made(one), "two": made(two)})
    alone = [estimate_truce_effect(made(each), TRUCE) for each in (one, two)]
    assert found.controls["rate_ratio"].tolist() == pytest.approx([each.rate_ratio for each in alone])
    assert found.ratio == pytest.approx(effect.rate_ratio / np.sqrt(alone[0].rate_ratio * alone[1].rate_ratio))
    # areas drawn apart: nearly the sum of variances
    variance = effect.fit.covariance[1, 1] + sum(each.fit.covariance[1, 1] for each in alone) / 4
    assert np.log(found.upper / found.lower) == pytest.approx(2 * 2.0 * np.sqrt(variance), rel=0.2)
    assert found.summary().index.tolist() == ["with the truce", "one", "two", "ratio of ratios"]


def test_the_same_series_as_control_leaves_nothing():
    effect = estimate_truce_effect(made(noisy(STEP)), TRUCE)
    found = compare_with_controls(effect, {"twin": made(noisy(STEP))})
    assert found.ratio == pytest.approx(1.0)
    assert found.upper / found.lower == pytest.approx(1.0, abs=1e-5)  # a variance of rounding errors
    assert found.controls.loc["twin", "correlation"] == pytest.approx(1.0)


def test_thin_controls_are_named_and_left_out():
    effect = estimate_truce_effect(made(noisy(STEP)), TRUCE)
    found = compare_with_controls(effect, {"thick": made(noisy(STEP, seed=5)), "thin": made(np.zeros(180))})
    assert "All 180 observed days are 0" in found.controls.loc["thin", "refused"]
    assert "thin" not in found.summary().index
    with pytest.raises(TooLittleData, match="None of 1 areas has counts enough"):
        compare_with_controls(effect, {"thin": made(np.zeros(180))})
    with pytest.raises(TooLittleData, match="0 areas"):
        compare_with_controls(effect, {})


@pytest.mark.parametrize("seed", range(4))
def test_memory_of_an_area_is_that_of_its_effect(seed):
    noise = np.random.default_rng(seed).normal(size=180)
    for t in range(1, 180):
        noise[t] = 0.7 * noise[t - 1] + np.sqrt(1 - 0.7**2) * noise[t]
    steep = np.repeat([8.0, 0.8], [120, 60]) * np.exp(0.8 * noise)
    effect = estimate_truce_effect(made(np.random.default_rng(seed).poisson(steep)), TRUCE, weekday=False)
    variance, freedom = _variance([effect], np.ones(1))
    assert variance == pytest.approx(effect.fit.covariance[1, 1])
    assert freedom == pytest.approx(effect.fit.degrees_of_freedom(np.eye(2)[1]))


def test_an_offset_is_that_of_its_own_area():
    """Half of the area with the truce was watched after the date; the other was watched whole, and nothing changed."""
    watched = pd.Series(np.log(np.repeat([1.0, 0.5], [120, 60])), pd.date_range(START, periods=180))
    effect = estimate_truce_effect(made(noisy(np.repeat([6.0, 3.0], [120, 60]))), TRUCE, offset=watched)
    other = made(noisy(np.full(180, 6.0), seed=1))
    found = compare_with_controls(effect, {"control": other})
    alone = estimate_truce_effect(other, TRUCE)
    assert found.controls.loc["control", "rate_ratio"] == pytest.approx(alone.rate_ratio)
    assert found.ratio == pytest.approx(effect.rate_ratio / alone.rate_ratio)
    assert found.lower < 1 < found.upper


def test_a_difference_is_thought_to_remember_where_the_other_areas_do(monkeypatch):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=180)
    for t in range(1, 180):
        noise[t] = 0.8 * noise[t - 1] + 0.6 * noise[t]
    remembers, forgets = rng.poisson(8 * np.exp(0.8 * noise)), rng.poisson(np.full(180, 8.0))
    assert controls._forgets(estimate_truce_effect(made(remembers), TRUCE)) < 0.01
    assert controls._forgets(estimate_truce_effect(made(forgets), TRUCE)) > 0.6
    effect = estimate_truce_effect(made(noisy(STEP)), TRUCE)
    widths = []
    for probability in (0.0, 0.3, 0.6, 1.0):
        monkeypatch.setattr(controls, "_forgets", lambda _, probability=probability: probability)
        found = compare_with_controls(effect, {"control": made(forgets)})
        widths.append(np.log(found.upper / found.lower))
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] == widths[3]  # never surer of no memory than before any area was seen


def test_shared_shocks_cancel():
    held = []
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        shared = np.exp(0.7 * rng.normal(size=180) - 0.245)
        truced, control = rng.poisson(8 * STEP / 6 * shared), rng.poisson(8 * shared)
        effect = estimate_truce_effect(made(truced), TRUCE, weekday=False)
        found = compare_with_controls(effect, {"control": made(control)})
        held.append((found.lower <= 1 / 3 <= found.upper, np.log(found.upper / found.lower)
                     < np.log(effect.upper / effect.lower)))  # fmt: skip
    inside, narrower = np.mean(held, axis=0)
    assert inside >= 0.87  # 95 % less three binomial standard errors of 60 series
    assert narrower > 0.8


def test_a_shared_memory_cancels_too():
    half, found, held = [], [], []
    for seed in range(60):
        rng = np.random.default_rng([8, seed])
        noise = rng.normal(size=180)
        for t in range(1, 180):
            noise[t] = 0.8 * noise[t - 1] + 0.6 * noise[t]
        shared = np.exp(0.7 * noise - 0.245)
        effect = estimate_truce_effect(made(rng.poisson(8 * STEP / 6 * shared)), TRUCE, weekday=False)
        compared = compare_with_controls(effect, {"control": made(rng.poisson(8 * shared))})
        half.append(np.log(compared.upper / compared.lower) / 2)
        found.append(np.log(compared.ratio))
        held.append(compared.lower <= 1 / 3 <= compared.upper)
    # summed from variances and a correlation of one day, it was 2.3 times that
    assert np.mean(half) == pytest.approx(1.96 * np.std(found), rel=0.3)
    assert np.mean(held) >= 0.87


@pytest.mark.filterwarnings("error")
def test_areas_unobserved_on_different_days_are_compared():
    two = noisy(np.full(180, 5.0), seed=1).astype(float)
    two[30:45] = np.nan
    effect = estimate_truce_effect(made(noisy(STEP)), TRUCE)
    found = compare_with_controls(effect, {"gaps": made(two)})
    alone = estimate_truce_effect(made(two), TRUCE)
    variance = effect.fit.covariance[1, 1] + alone.fit.covariance[1, 1]
    assert np.log(found.upper / found.lower) == pytest.approx(2 * 2.0 * np.sqrt(variance), rel=0.2)
