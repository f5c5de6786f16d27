"""Diagnostics: each says what it must of series made to show it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.tsa.stattools import acf, q_stat

from conflictts import DailySeries, Truce, diagnose_effect, estimate_truce_effect
from conflictts.errors import TooLittleData
from conflictts.truce import diagnostics
from tests.truce.invented import START, noisy

TRUCE = Truce(START + pd.Timedelta(days=120))
STEP = np.repeat([6.0, 2.0], [120, 60])


def diagnose(counts, *, seed: int = 0, **choices):
    daily = DailySeries.from_counts(pd.Series(np.asarray(counts, float), pd.date_range(START, periods=len(counts))))
    return diagnose_effect(estimate_truce_effect(daily, TRUCE, **choices), rng=np.random.default_rng(seed))


def remembering(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=180)
    for day in range(1, 180):
        latent[day] = 0.7 * latent[day - 1] + np.sqrt(0.51) * latent[day]
    return rng.poisson(STEP * np.exp(0.8 * latent - 0.32)).astype(float)


CLEAN = noisy(STEP)
BY_TURNS = np.random.default_rng(3).poisson(STEP * np.tile([1.6, 0.4], 90)).astype(float)
READINGS = [
    pytest.param(CLEAN, "dispersion", "as the model expects", id="dispersion"),
    pytest.param(CLEAN, "quiet days", "as many as the model expects", id="quiet days"),
    pytest.param(CLEAN, "Ljung-Box p, 14 lags", "no memory shown", id="no memory"),
    pytest.param(CLEAN, "largest gap of the transforms", "no misfit of the negative binomial law shown", id="law"),
    pytest.param(CLEAN, "growth per week before the date", "no trend shown", id="no trend"),
    pytest.param(remembering(2), "residual autocorrelation, lag 1", "remember each other", id="memory"),
    pytest.param(remembering(2), "Ljung-Box p, 14 lags", "memory shown; the intervals allow", id="memory, 14 lags"),
    pytest.param(
        noisy(np.r_[8 * np.exp(-np.arange(120) / 60), np.full(60, 1.0)]),
        "growth per week before the date",
        "was falling before the date already",
        id="falling",
    ),
    pytest.param(
        np.r_[np.tile([10.0, 10, 11, 9], 30), np.tile([5.0, 5, 6, 4], 15)], "dispersion", "cautious", id="too even"
    ),
    pytest.param(
        np.where(np.random.default_rng(0).random(180) < 0.4, 0.0, np.random.default_rng(1).poisson(2 * STEP)),
        "dispersion",
        "vary less than the model says; the intervals are narrowed",
        id="many zeros, and else even",
    ),
    pytest.param(BY_TURNS, "residual autocorrelation, lag 1", "less alike than chance", id="by turns"),
    pytest.param(BY_TURNS, "Ljung-Box p, 14 lags", "less alike than chance", id="by turns, 14 lags"),
    pytest.param(
        np.where(np.random.default_rng(0).random(180) < 0.35, 0.0, np.random.default_rng(1).poisson(40 * STEP / 6)),
        "largest gap of the transforms",
        "fits badly",
        id="quiet days among many deaths",
    ),
]


@pytest.mark.parametrize(("counts", "row", "words"), READINGS)
def test_reading_follows_the_series(counts, row, words):
    assert words in diagnose(counts).summary().loc[row, "reading"]


def test_numbers_are_those_of_the_residuals():
    found = diagnose(CLEAN, weekday=False)
    mean = np.repeat([CLEAN[:120].mean(), CLEAN[120:].mean()], [120, 60])
    residuals = (CLEAN - mean) / np.sqrt(mean * (1 + found.effect.alpha * mean))
    assert found.residuals.to_numpy() == pytest.approx(residuals)
    assert found.table.loc["dispersion", "value"] == pytest.approx((residuals**2).sum() / 178)
    centred = residuals - residuals.mean()
    assert found.autocorrelation.loc[1, "all"] == pytest.approx(centred[1:] @ centred[:-1] / (centred @ centred))
    zero = (1 + found.effect.alpha * mean) ** (-1 / found.effect.alpha)
    assert found.table.loc["quiet days", ["value", "expected"]].tolist() == pytest.approx(
        [(CLEAN == 0).mean(), zero.mean()]
    )
    box = found.autocorrelation["all"]
    statistic = 180 * 182 * (box**2 / (180 - box.index)).sum()  # Ljung & Box (1978)
    assert found.table.loc["Ljung-Box p, 14 lags", "value"] == pytest.approx(stats.chi2.sf(statistic, 14))


def test_transforms_lie_between_the_neighbouring_probabilities():
    found = diagnose(CLEAN)
    fit = found.effect.fit
    law = stats.nbinom(1 / fit.alpha, 1 / (1 + fit.alpha * fit.mean))
    assert ((found.pit >= law.cdf(CLEAN - 1)) & (found.pit <= law.cdf(CLEAN))).all()
    assert (diagnose(CLEAN).pit == found.pit).all(), "the same generator, the same answer"
    assert (diagnose(CLEAN, seed=1).pit != found.pit).all()


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.7])
def test_chances_and_distances_are_those_of_scipy(alpha):
    rng, mean = np.random.default_rng(2), np.array([0.01, 0.5, 3.0, 40.0, 900.0] * 20)
    counts = rng.poisson(mean).astype(float)
    law = stats.poisson(mean) if alpha == 0 else stats.nbinom(1 / alpha, 1 / (1 + alpha * mean))
    pit = diagnostics._randomised_pit(counts, mean, alpha, np.random.default_rng(3))
    drawn = np.random.default_rng(3).random(len(counts))
    assert pit == pytest.approx(law.cdf(counts - 1) + drawn * law.pmf(counts), abs=1e-9)  # pmf of 1e6 successes
    value, _, _, bound, _ = diagnostics._gap(pit)
    assert value == pytest.approx(stats.kstest(pit, "uniform").statistic)
    assert bound == pytest.approx(stats.kstwo.ppf(0.95, len(pit)), abs=1e-6)  # both distances beyond it: under 1e-6
    _, _, lower, upper, _ = diagnostics._dispersion(np.ones(100), mean, alpha, 3)
    assert [lower, upper] == pytest.approx(stats.chi2.ppf([0.025, 0.975], 97) / 97)


def test_autocorrelations_are_those_of_statsmodels():
    counts = remembering(2)
    counts[[3, 50, 51, 150]] = np.nan
    found = diagnose(counts)
    whole = acf(found.residuals.to_numpy(), nlags=14, fft=False, missing="conservative")[1:]
    assert found.autocorrelation["all"].to_numpy() == pytest.approx(whole)
    assert found.table.loc["Ljung-Box p, 14 lags", "value"] == pytest.approx(q_stat(whole, 176)[1][-1])


def test_missing_days_stay_missing():
    counts = CLEAN.copy()
    counts[[3, 50, 51, 150]] = np.nan
    found = diagnose(counts)
    assert found.residuals.isna().sum() == 4
    assert len(found.pit) == 176


def test_poisson_and_even_series_have_diagnostics():
    found = diagnose(np.r_[np.full(120, 8.0), np.full(60, 2.0)], weekday=False)
    assert "residuals without variation" in found.table.loc["Ljung-Box p, 14 lags", "reading"]
    assert found.table.loc["quiet days", "value"] == 0


def test_few_counts_have_no_regression_to_diagnose():
    with pytest.raises(TooLittleData, match="0 after"):
        diagnose(np.r_[noisy(np.full(120, 3.0)), np.zeros(60)])
