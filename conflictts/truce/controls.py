"""An effect held against areas without the truce, for those who have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from conflictts.errors import TooLittleData
from conflictts.series.daily import DailySeries
from conflictts.truce.effect import TruceEffect, refit
from conflictts.truce.memories import averaged_autocorrelation
from conflictts.truce.negbin import NegBinFit


@dataclass(frozen=True, slots=True, eq=False)
class ControlComparison:
    """The change at a truce's date over the change, at the same date, in areas without the truce.

    Attributes
    ----------
    effect : TruceEffect
        In the area of the truce.
    controls : DataFrame, index area
        ``rate_ratio``, ``lower``, ``upper`` of each area, ``correlation`` of its residuals with those of the truce's
        area on common days, and ``refused``: why an area was not used, else blank.
    ratio, lower, upper : float
        Rate ratio in the truce's area over the geometric mean of those of the areas used; 1 means that both changed
        alike.
    level : float

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> days = ("2019-01-01", "2019-08-28")
    >>> def invent(seed, ratio):
    ...     invented = ct.simulate_incidents(np.random.default_rng(seed), rate_ratio=ratio)
    ...     return ct.daily_series(invented.incidents, measure="incidents", coverage=days)
    >>> effect = ct.estimate_truce_effect(invent(1, 0.2), ct.Truce("2019-05-01"))
    >>> held = ct.compare_with_controls(effect, {"without a truce": invent(2, 1.0)})
    >>> held.controls[["rate_ratio", "lower", "upper"]].round(2).to_dict("index")
    {'without a truce': {'rate_ratio': 0.89, 'lower': 0.71, 'upper': 1.12}}
    """

    effect: TruceEffect
    controls: pd.DataFrame
    ratio: float
    lower: float
    upper: float
    level: float

    def summary(self) -> pd.DataFrame:
        """Rows "with the truce", one per area without it, and "ratio of ratios"; estimate, lower, upper."""
        rows = {"with the truce": (self.effect.rate_ratio, self.effect.lower, self.effect.upper)}
        rows |= {
            str(name): (row["rate_ratio"], row["lower"], row["upper"])
            for name, row in self.controls[self.controls["refused"] == ""].iterrows()
        }
        rows["ratio of ratios"] = (self.ratio, self.lower, self.upper)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])


def compare_with_controls(effect: TruceEffect, controls: Mapping[str, DailySeries]) -> ControlComparison:
    """Hold an effect against the same step in areas without the truce.

    Optional: it helps only where such areas would have moved alike without the truce, which the data cannot show. A
    truce that moves fighting elsewhere raises the controls, and the ratio of ratios then overstates what it did.

    Parameters
    ----------
    effect : TruceEffect
    controls : mapping of name to DailySeries
        One per area without the truce, covering the window of the effect.

    Returns
    -------
    ControlComparison
        The log of its ratio is a difference of log rates. Its variance takes each step's own NB-AVAR covariance, and
        the covariance between areas from the correlation of residuals on common days and the average of the two
        autocorrelations, by which a day remembers as far as its variance is that of the rate.

    Raises
    ------
    TooLittleData
        If the effect or every control has too few counts for a regression.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> days = ("2019-01-01", "2019-08-28")
    >>> def invent(seed, ratio):
    ...     invented = ct.simulate_incidents(np.random.default_rng(seed), rate_ratio=ratio)
    ...     return ct.daily_series(invented.incidents, measure="incidents", coverage=days)
    >>> effect = ct.estimate_truce_effect(invent(1, 0.2), ct.Truce("2019-05-01"))
    >>> held = ct.compare_with_controls(effect, {"without a truce": invent(2, 1.0)})
    >>> [round(value, 2) for value in (held.ratio, held.lower, held.upper)]
    [0.26, 0.18, 0.38]
    """
    if effect.fit is None:
        raise TooLittleData(
            f"The effect itself rests on few counts ({effect.rates.loc['before', 'best']:g} before, "
            f"{effect.rates.loc['after', 'best']:g} after), so it cannot be compared. Widen the window."
        )
    if not controls:
        raise TooLittleData("0 areas without the truce were given; at least one is needed.")
    found: dict[str, TruceEffect] = {}
    rows: dict[str, tuple[float | str, ...]] = {}
    for name, daily in controls.items():
        try:
            area = refit(effect, daily)
            if area.fit is None:
                raise TooLittleData("few counts: no regression")
        except TooLittleData as refusal:
            rows[name] = (np.nan, np.nan, np.nan, np.nan, str(refusal))
        else:
            found[name] = area
            rows[name] = (area.rate_ratio, area.lower, area.upper, _correlation(effect, area), "")
    if not found:
        raise TooLittleData(
            f"None of {len(rows)} areas has counts enough for a regression; the first: {next(iter(rows.values()))[-1]}"
        )
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["rate_ratio", "lower", "upper", "correlation", "refused"]
    ).rename_axis("area")

    members = [effect, *found.values()]
    weights = np.array([1.0] + [-1.0 / len(found)] * len(found))
    covariance = np.array([[_covariance(one, other) for other in members] for one in members])
    log_ratio = float(weights @ np.log([member.rate_ratio for member in members]))
    variance = float(weights @ covariance @ weights)
    freedom = _satterthwaite(members, weights, covariance)
    half = float(stdtrit(freedom, 0.5 + effect.level / 2)) * np.sqrt(max(variance, 0.0))
    ratio, lower, upper = np.exp(log_ratio + np.array([0.0, -half, half]))
    return ControlComparison(
        effect=effect, controls=table, ratio=float(ratio), lower=float(lower), upper=float(upper), level=effect.level
    )


def _parts(effect: TruceEffect) -> tuple[NegBinFit, pd.DataFrame]:
    assert effect.fit is not None
    assert effect.design is not None
    return effect.fit, effect.design


def _correlation(one: TruceEffect, other: TruceEffect) -> float:
    """Correlation of Pearson residuals on the days both use."""
    (first, first_design), (second, second_design) = _parts(one), _parts(other)
    table = pd.concat(
        [pd.Series(first.residuals, first_design.index), pd.Series(second.residuals, second_design.index)], axis=1
    ).dropna()
    a, b = table.to_numpy().T
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power > 0 else 0.0


def _covariance(one: TruceEffect, other: TruceEffect) -> float:
    """Covariance of two areas' steps: their variance if they are one area, else by correlation of their residuals."""
    first, _ = _parts(one)
    if one is other:
        return float(first.covariance[1, 1])
    second, _ = _parts(other)
    (x, remembered, own), (y, its_remembered, its) = _pulls(one), _pulls(other)
    lags = np.abs(np.subtract.outer(np.arange(len(x)), np.arange(len(y))))

    def together(x: np.ndarray, x_rate: np.ndarray, y: np.ndarray, y_rate: np.ndarray, memory: np.ndarray) -> float:
        """Of days that are one and the same in full, of others by their memory, which follows the rate."""
        return float(x @ y + x_rate @ memory[lags] @ y_rate)

    # residuals in the scale in which each area's own step has its own variance
    scale = _within(first) / together(x, remembered, x, remembered, own)
    scale *= _within(second) / together(y, its_remembered, y, its_remembered, its)
    both = together(x, remembered, y, its_remembered, (own + its) / 2)
    return _correlation(one, other) * float(np.sqrt(scale)) * both


def _within(fit: NegBinFit) -> float:
    """Variance of the step, without what lies between pooled fits."""
    return float(fit.covariance[1, 1] - (0.0 if fit.between is None else fit.between[1, 1]))


def _pulls(effect: TruceEffect) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far a residual of 1 on each day of the window moves the log rate ratio; the same times the part of the day's
    residual that remembers, as in `fit_negbin`; and the memory by distance in days, none at 0.
    """
    fit, design = _parts(effect)
    working = fit.mean / (1 + fit.alpha * fit.mean)
    scaled = design.to_numpy() * np.sqrt(working)[:, None]
    pull = scaled @ np.linalg.inv(scaled.T @ scaled)[1]
    day = np.asarray((design.index - effect.window[0]).days)
    n_days = (effect.window[1] - effect.window[0]).days + 1
    on_calendar = np.zeros((2, n_days))
    on_calendar[:, day] = pull, pull * np.sqrt(working / working.mean())
    known = averaged_autocorrelation(fit.residuals, day - day[0], fit.slow_columns)
    return *on_calendar, np.concatenate([[0.0], known[1:], np.zeros(n_days - len(known))])


def _satterthwaite(members: list[TruceEffect], weights: np.ndarray, covariance: np.ndarray) -> float:
    """Degrees of freedom of a sum of variances, each with its own."""
    parts = weights**2 * np.diag(covariance)
    own = np.array([_parts(m)[0].degrees_of_freedom(np.eye(len(_parts(m)[0].coefficients))[1]) for m in members])
    return float(parts.sum() ** 2 / (parts**2 / own).sum())
