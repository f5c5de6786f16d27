"""How well the regression behind an effect describes its days: memory, dispersion, quiet days, earlier trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaincc, chdtrc, gammaincc, gammaincinv, smirnovi

from conflictts.errors import TooLittleData, require_kind
from conflictts.truce.effect import TruceEffect
from conflictts.truce.negbin import fit_negbin
from conflictts.truce.window import ONE_DAY, refuse_boundless

LAGS = 14
BINS = 10
MIN_DAYS_OF_SIDE = 3 * LAGS  # for an autocorrelation of one side
UNLIKE = "days are less alike than chance makes them; the intervals are not narrowed by it"


@dataclass(frozen=True, slots=True, eq=False)
class EffectDiagnostics:
    """What is left over once an effect's regression has had its say.

    Attributes
    ----------
    effect : TruceEffect
    residuals : Series, daily index over the window
        Pearson residuals; NaN on days not used.
    autocorrelation : DataFrame, index lag 1 .. 14
        Of the residuals: ``all`` days, days ``before`` and days ``after`` the date (NaN where a side has under 42 days
        or no variation), and ``band``, twice the standard error of white noise over all days.
    pit : ndarray, shape (n_used_days,)
        Randomised probability integral transforms: uniform on 0 .. 1 if the model is right. Fractional counts, which
        spreading makes, are rounded to whole ones.
    table : DataFrame, index diagnostic
        ``value``, ``expected``, ``lower`` and ``upper`` (an interval of the value, or of what is expected if the model
        is right; NaN where there is none) and ``reading`` in words.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> found = ct.diagnose_effect(effect, rng=np.random.default_rng(1))
    >>> found.table.index.tolist()[:3]
    ['dispersion', 'quiet days', 'residual autocorrelation, lag 1']
    """

    effect: TruceEffect
    residuals: pd.Series
    autocorrelation: pd.DataFrame
    pit: np.ndarray
    table: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row per diagnostic: value, expected, lower, upper, reading."""
        return self.table


def diagnose_effect(effect: TruceEffect, *, rng: np.random.Generator) -> EffectDiagnostics:
    """Check the regression behind an effect.

    Parameters
    ----------
    effect : TruceEffect
    rng : Generator
        Breaks the ties of whole counts in the probability integral transform.

    Returns
    -------
    EffectDiagnostics

    Raises
    ------
    TooLittleData
        If the effect came from the few-counts ratio, which is no regression.

    References
    ----------
    Dunn & Smyth (1996), Journal of Computational and Graphical Statistics 5(3), 236-244 (randomised residuals);
    Ljung & Box (1978), Biometrika 65(2), 297-303.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> found = ct.diagnose_effect(effect, rng=np.random.default_rng(1))
    >>> found.table.loc["quiet days", "reading"]
    'as many as the model expects'
    """
    require_kind(effect, TruceEffect, "effect")
    require_kind(rng, np.random.Generator, "rng")
    fit, design = effect.fit, effect.design
    if fit is None or design is None:
        raise TooLittleData(
            "Too few counts for a regression, so there is nothing to diagnose: the effect is a Jeffreys ratio on "
            f"effective counts ({effect.rates.loc['before', 'best']:g} before, "
            f"{effect.rates.loc['after', 'best']:g} after). Widen the window."
        )
    days = pd.date_range(*effect.window, unit="us", name="day")
    counts = effect.daily.settled.loc[design.index].to_numpy()
    residuals = pd.Series((counts - fit.mean) / np.sqrt(fit.mean * (1 + fit.alpha * fit.mean)), design.index)
    on_calendar = residuals.reindex(days)
    after = design["truce"].to_numpy() > 0
    autocorrelation = _autocorrelations(on_calendar, effect.truce.effective, len(residuals))
    pit = _randomised_pit(np.round(counts), fit.mean, fit.alpha, rng)
    rows = {
        "dispersion": _dispersion(residuals.to_numpy(), fit.mean, fit.alpha, design.shape[1]),
        "quiet days": _quiet_days(counts, fit.mean, fit.alpha),
        "residual autocorrelation, lag 1": _lag_one(autocorrelation),
        "Ljung-Box p, 14 lags": _ljung_box(autocorrelation["all"].to_numpy(), len(residuals)),
        "largest gap of the transforms": _gap(pit),
        "growth per week before the date": _trend_before(effect, counts, design, after),
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "expected", "lower", "upper", "reading"])
    return EffectDiagnostics(
        effect=effect, residuals=on_calendar, autocorrelation=autocorrelation, pit=pit,
        table=table.rename_axis("diagnostic"),
    )  # fmt: skip


Row = tuple[float, float, float, float, str]


def _autocorrelations(residuals: pd.Series, date: pd.Timestamp, n_used: int) -> pd.DataFrame:
    sides = {"all": residuals, "before": residuals.loc[: date - ONE_DAY], "after": residuals.loc[date:]}
    table = pd.DataFrame(index=pd.RangeIndex(1, LAGS + 1, name="lag"))
    for name, side in sides.items():
        seen = side.dropna()
        if len(seen) < MIN_DAYS_OF_SIDE or np.ptp(seen.to_numpy()) < 1e-9:
            table[name] = np.nan
        else:
            left = (side - seen.mean()).fillna(0.0).to_numpy()
            table[name] = [left[lag:] @ left[:-lag] / (left @ left) for lag in table.index]
    table["band"] = 2 / np.sqrt(n_used)
    return table


def _randomised_pit(counts: np.ndarray, mean: np.ndarray, alpha: float, rng: np.random.Generator) -> np.ndarray:
    def fewer(bound: np.ndarray) -> np.ndarray:
        """Probability of fewer counts than so many, by the incomplete beta or gamma function."""
        return np.asarray(
            betaincc(bound, 1 / alpha, alpha * mean / (1 + alpha * mean)) if alpha > 0 else gammaincc(bound, mean)
        )

    below, upto = fewer(counts), fewer(counts + 1)
    transforms: np.ndarray = below + rng.random(len(counts)) * (upto - below)
    return transforms


def _dispersion(residuals: np.ndarray, mean: np.ndarray, alpha: float, n_columns: int) -> Row:
    freedom = len(mean) - n_columns
    value = float(residuals @ residuals) / freedom
    lower, upper = 2 * gammaincinv(freedom / 2, [0.025, 0.975]) / freedom  # of a chi-squared
    reading = "as the model expects"
    if value > upper:
        reading = "days vary more than the model says; the intervals are widened by it"
    elif value < min(lower, 1 / (1 + alpha * float(mean.mean()))):  # the intervals go down to Poisson counts, not below
        reading = "days vary less than the model says; the intervals are cautious"
    elif value < lower:
        reading = "days vary less than the model says; the intervals are narrowed by it"
    return value, 1.0, float(lower), float(upper), reading


def _quiet_days(counts: np.ndarray, mean: np.ndarray, alpha: float) -> Row:
    chance = np.exp(-mean) if alpha == 0 else (1 + alpha * mean) ** (-1 / alpha)
    expected, half = float(chance.mean()), float(1.96 * np.sqrt((chance * (1 - chance)).sum()) / len(mean))
    value = float((np.round(counts) == 0).mean())
    reading = "as many as the model expects"
    if value > expected + half:
        reading = "more quiet days than the model expects"
    elif value < expected - half:
        reading = "fewer quiet days than the model expects"
    return value, expected, max(expected - half, 0.0), min(expected + half, 1.0), reading


def _lag_one(table: pd.DataFrame) -> Row:
    value, band = float(table["all"].iloc[0]), float(table["band"].iloc[0])
    if np.isnan(value):
        return value, 0.0, -band, band, "not computed: under 42 days, or residuals without variation"
    reading = "no memory shown"
    if value > band:
        reading = "neighbouring days remember each other; the intervals allow for it"
    elif value < -band:
        reading = UNLIKE
    return value, 0.0, -band, band, reading


def _ljung_box(autocorrelation: np.ndarray, n_days: int) -> Row:
    if np.isnan(autocorrelation).any():
        return np.nan, np.nan, np.nan, np.nan, "not computed: under 42 days, or residuals without variation"
    statistic = n_days * (n_days + 2) * float((autocorrelation**2 / (n_days - np.arange(1, LAGS + 1))).sum())
    value = float(chdtrc(LAGS, statistic))
    reading = "no memory shown"
    if value < 0.05:
        alike = (autocorrelation * np.abs(autocorrelation)).sum() > 0  # most of the statistic comes from likeness
        reading = "memory shown; the intervals allow for it" if alike else UNLIKE
    return value, np.nan, 0.05, 1.0, reading


def _gap(pit: np.ndarray) -> Row:
    """Kolmogorov's distance from the uniform law; its bound holds for independent days and known parameters."""
    steps, pit = np.arange(len(pit) + 1) / len(pit), np.sort(pit)
    value = float(max((steps[1:] - pit).max(), (pit - steps[:-1]).max()))
    bound = float(smirnovi(len(pit), 0.025))  # that both one-sided distances pass it has a chance under 1e-6
    reading = (
        "no misfit of the negative binomial law shown" if value <= bound else "the negative binomial law fits badly"
    )
    return value, 0.0, 0.0, bound, reading


def _trend_before(effect: TruceEffect, counts: np.ndarray, design: pd.DataFrame, after: np.ndarray) -> Row:
    """Growth of the rate per week over the days before the date alone."""
    day = (design.index[~after] - design.index[0]).days.to_numpy()
    weekdays = [name for name in design.columns if name.startswith("weekday_")]
    matrix = np.column_stack(
        [np.ones(len(day)), (day - day.mean()) / 7, design.loc[~after, weekdays].to_numpy()]
    )  # fmt: skip
    offset = None if effect.offset is None else effect.offset.loc[design.index[~after]].to_numpy(dtype=float)
    try:
        fit = fit_negbin(counts[~after], matrix, slow_columns=2, day=day, offset=offset)
        half = fit.half_width(np.eye(matrix.shape[1])[1], effect.level)
        refuse_boundless("growth per week", half)
    except TooLittleData as refusal:
        return np.nan, 1.0, np.nan, np.nan, f"not computed: {refusal}"
    value, lower, upper = np.exp(fit.coefficients[1] + np.array([0, -half, half]))
    reading = "no trend shown before the date"
    if upper < 1:
        reading = "the rate was falling before the date already"
    elif lower > 1:
        reading = "the rate was rising before the date"
    return float(value), 1.0, float(lower), float(upper), reading
