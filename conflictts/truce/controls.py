"""An effect held against areas without the truce, for those who have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from conflictts.errors import TooLittleData, require_kind, require_mapping
from conflictts.series.daily import DailySeries
from conflictts.truce.effect import TruceEffect, refit
from conflictts.truce.memories import NO_MEMORY, sums_by_memory, weigh_memories
from conflictts.truce.negbin import LEAST_INFLATION, NegBinFit, kurtosis, pooled_freedom, satterthwaite


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
        One per area without the truce, covering the window of the effect. An offset of the effect is its own area's;
        these have none.

    Returns
    -------
    ControlComparison
        The log of its ratio is a difference of log rates. Its variance is NB-AVAR's on the difference of the areas'
        residuals, weighted as the estimate weights them: what areas share cancels on the day, and the memory is that
        of what is left.

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
    require_kind(effect, TruceEffect, "effect")
    require_mapping(controls, DailySeries, "controls", "names of areas")
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
            area = refit(effect, daily, warn=False, offset=None)
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
    log_ratio = float(weights @ np.log([member.rate_ratio for member in members]))
    variance, freedom = _variance(members, weights)
    half = float(stdtrit(freedom, 0.5 + effect.level / 2)) * np.sqrt(variance)
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
    _, here, there = np.intersect1d(first_design.index, second_design.index, return_indices=True)
    a, b = first.residuals[here], second.residuals[there]
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power > 0 else 0.0


def _variance(members: list[TruceEffect], weights: np.ndarray) -> tuple[float, float]:
    """Variance of a weighted sum of the areas' steps, and its degrees of freedom.

    The error of that sum is itself a sum over days: of each area's residual times its pull on the area's step. What
    the areas share cancels within a day, so the daily terms, each over its own spread, show the memory that is left.
    Short windows show little of it: that there is none is thought no likelier beforehand than of the areas without the
    truce once their days are seen. With one area of weight 1 it is the variance of that area's own step.
    """
    fits = [_parts(member)[0] for member in members]
    n_days, n_columns = _parts(members[0])[1].shape
    residuals, pulls, remembered = (np.array(each) for each in zip(*map(_on_calendar, members), strict=True))
    correlation = np.array([[1.0 if a is b else _correlation(a, b) for b in members] for a in members])
    spread = np.array([np.sqrt(_dispersion(member)) for member in members])

    def power(of: np.ndarray) -> np.ndarray:
        """Variance of each day's weighted sum over the areas, by their correlation on one day."""
        of = of * (weights * spread)[:, None]
        return np.asarray(np.maximum(np.einsum("it,ij,jt->t", of, correlation, of), 0.0))

    alone, apart = power(pulls), ((weights * spread) ** 2) @ pulls**2
    day = np.flatnonzero(alone > 1e-9 * apart)
    between = sum(w**2 * fit.between[1, 1] for w, fit in zip(weights, fits, strict=True) if fit.between is not None)
    if len(day) == 0:  # the same counts in all areas; what is left is rounding
        return float(between), np.inf
    sign = np.where(pulls[0] < 0, -1.0, 1.0)
    terms = (sign * (weights @ (pulls * residuals)))[day] / np.sqrt(alone[day])
    forgets = float(np.mean([_forgets(member) for member in members[1:]] or [NO_MEMORY]))
    memory, phi, share = weigh_memories(terms, day - day[0], fits[0].slow_columns, min(forgets, NO_MEMORY))
    sums = sums_by_memory((sign * np.sqrt(power(remembered)))[day, None], day - day[0])[:, 0, 0]
    taken = np.mean([_taken(member) for member in members], axis=0)
    left = np.maximum(n_days - n_columns - share * taken[phi], min(n_days - n_columns, 4.0))
    independent = float(alone.sum())
    variances = (n_days - n_columns) / left * (independent + share * (sums - sums[0])[phi])
    within = max(float(memory @ variances), LEAST_INFLATION * independent)
    freedom = satterthwaite(
        memory,
        variances[None],
        np.array([max(within / independent, 1.0)]),
        kurtosis(terms),
        n_days,
        fits[0].slow_columns,
    )[0]
    if between > 0:
        fewest = min(fit.n_pooled for fit in fits if fit.n_pooled > 1)
        freedom = pooled_freedom(freedom, between / (within + between), fewest)
    return within + float(between), float(freedom)


def _forgets(effect: TruceEffect) -> float:
    """Probability that the area's days do not remember each other."""
    fit, design = _parts(effect)
    weights, phi, _ = weigh_memories(fit.residuals, np.asarray((design.index - design.index[0]).days), fit.slow_columns)
    return float(weights[phi == 0].sum())


def _scaled(effect: TruceEffect) -> tuple[np.ndarray, np.ndarray]:
    """Design times the root of its working weights; the root of those weights about their mean."""
    fit, design = _parts(effect)
    working = fit.mean / (1 + fit.alpha * fit.mean)
    return design.to_numpy() * np.sqrt(working)[:, None], np.sqrt(working / working.mean())


def _on_calendar(effect: TruceEffect) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By day of the window, 0 on days not used: the residual, how far one of 1 moves the log rate ratio, and the same
    times the part of the day's residual that remembers, as in `fit_negbin`.
    """
    fit, design = _parts(effect)
    scaled, rate = _scaled(effect)
    pull = scaled @ np.linalg.inv(scaled.T @ scaled)[1]
    on_calendar = np.zeros((3, (effect.window[1] - effect.window[0]).days + 1))
    on_calendar[:, (design.index - effect.window[0]).days] = fit.residuals, pull, pull * rate
    return on_calendar[0], on_calendar[1], on_calendar[2]


def _dispersion(effect: TruceEffect) -> float:
    """Variance of the area's residuals, as in `fit_negbin`."""
    scaled, _ = _scaled(effect)
    fit, _ = _parts(effect)
    return float(fit.independent[1, 1] / np.linalg.inv(scaled.T @ scaled)[1, 1])


def _taken(effect: TruceEffect) -> np.ndarray:
    """Squares that the columns take out of residuals beyond one each, by phi of the memory; as in `fit_negbin`."""
    _, design = _parts(effect)
    scaled, rate = _scaled(effect)
    by_phi = sums_by_memory(scaled * rate[:, None], np.asarray((design.index - design.index[0]).days))
    return np.asarray(((by_phi - by_phi[0]) * np.linalg.inv(scaled.T @ scaled)).sum((1, 2)))
