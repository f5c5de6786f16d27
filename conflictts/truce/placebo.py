"""Second opinions on a truce's date: how the step compares with steps at other dates of the same series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from conflictts.errors import InputError, TooLittleData, require_kind
from conflictts.truce.effect import TruceEffect, days_compared, refit
from conflictts.truce.period import Truce
from conflictts.truce.window import MIN_DAYS_AFTER, MIN_DAYS_BEFORE, ONE_DAY


@dataclass(frozen=True, slots=True, eq=False)
class ShiftTest:
    """The step at the date among the steps of the same counts turned in a circle.

    Attributes
    ----------
    effect : TruceEffect
    p_value : float
        Share of turns, that of 0 days included, whose log rate ratio is at least as far from 0 as the true one.
    log_ratios : Series, index days turned 0 .. n_days - 1
        Log of (mean count after / mean count before), half a count added to each side; counts by their exposure
        where the effect has an offset.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> turned = ct.shift_test(effect)
    >>> len(turned.log_ratios), turned.p_value < 0.05
    (191, True)
    """

    effect: TruceEffect
    p_value: float
    log_ratios: pd.Series

    def summary(self) -> pd.DataFrame:
        """One row: the log ratio as it was, the number of turns, the share at least as far from 0."""
        return pd.DataFrame(
            {"log_ratio": [self.log_ratios.iloc[0]], "turns": [len(self.log_ratios)], "p_value": [self.p_value]}
        )


def shift_test(effect: TruceEffect) -> ShiftTest:
    """Turn the counts of the window in a circle by every number of days and compare the step at the date.

    Turning keeps the memory between days, so the test needs no model of it. If nothing happened at the date, the series
    is stationary and its memory short against the window, every turn is about as likely as the true order: a p-value
    of 0.05 or less came in 5 % of simulated series of 180 days whose rate remembers 0.6 or 0.8 of the day before, and
    in 9 % where it remembers 0.95. It is a second opinion beside the interval,
    with little power in short windows; the smallest possible value is 1 over the days of the window. Days that the
    effect leaves out belong to no side, whichever counts are turned onto them.

    Parameters
    ----------
    effect : TruceEffect
        Of the model "level", with or without an offset.

    Returns
    -------
    ShiftTest

    Raises
    ------
    InputError
        If the effect's model has a slope, beside which its step is another than that of the mean counts.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> bool(ct.shift_test(effect).p_value < 0.1)
    True
    """
    require_kind(effect, TruceEffect, "effect")
    if effect.per_week is not None:
        raise InputError(
            f"The effect's model is {effect.model!r}, and turning compares mean counts, which have a slope too. Give "
            "an effect of the model 'level'."
        )
    first, last = effect.window
    counts = effect.daily.settled.loc[first:last]
    if effect.offset is not None:
        counts = counts / np.exp(effect.offset.loc[first:last])
    seen = counts.notna().to_numpy().astype(float)
    best = counts.fillna(0.0).to_numpy()
    inside, later = days_compared(effect), counts.index >= effect.truce.effective
    before, after = (inside & ~later).astype(float), (inside & later).astype(float)

    def turned(values: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Sum over the side for every turn of the values."""
        return np.array([np.roll(values, shift) @ side for shift in range(len(values))])

    sums_after, sums_before = turned(best, after), turned(best, before)
    days_after, days_before = np.maximum(turned(seen, after), 1), np.maximum(turned(seen, before), 1)
    log_ratios = np.log((sums_after + 0.5) / days_after) - np.log((sums_before + 0.5) / days_before)
    extreme = np.abs(log_ratios) >= abs(log_ratios[0]) - 1e-12
    index = pd.RangeIndex(len(best), name="days_turned")
    return ShiftTest(effect=effect, p_value=float(extreme.mean()), log_ratios=pd.Series(log_ratios, index))


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboEffects:
    """The step that the same model finds at dates before the truce, those of other truces not left out.

    Attributes
    ----------
    effect : TruceEffect
        The one at the truce's date.
    steps : DataFrame, index date
        ``rate_ratio``, ``lower``, ``upper`` at every date before the truce that leaves 28 days before it and 14 days
        from it to the truce; only days before the truce enter. Neighbouring dates share nearly all their days: this is
        a picture of how far such steps stray, and no share of it is a p-value.
    refused : Series of str, index date
        Dates that have no step, and why.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> placebos = ct.placebo_effects(effect)
    >>> float(placebos.steps["rate_ratio"].min()) > effect.rate_ratio
    True
    """

    effect: TruceEffect
    steps: pd.DataFrame
    refused: pd.Series

    def summary(self) -> pd.DataFrame:
        """The steps, one row per placebo date."""
        return self.steps


def placebo_effects(effect: TruceEffect) -> PlaceboEffects:
    """Estimate the step at every date before the truce that has days enough on both sides, by the same model.

    Parameters
    ----------
    effect : TruceEffect

    Returns
    -------
    PlaceboEffects

    Raises
    ------
    TooLittleData
        If the window leaves no date with 28 days before it and 14 from it to the truce, or none could be estimated.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> placebos = ct.placebo_effects(effect)
    >>> len(placebos.steps), placebos.steps.index[0].date().isoformat()
    (80, '2019-05-28')
    >>> bool((placebos.steps["rate_ratio"] > effect.rate_ratio).all())
    True
    """
    require_kind(effect, TruceEffect, "effect")
    first, last = effect.window[0], effect.rates.loc["before", "last"]
    edge = effect.transition * ONE_DAY
    dates = pd.date_range(first + MIN_DAYS_BEFORE * ONE_DAY + edge, last - (MIN_DAYS_AFTER - 1) * ONE_DAY - edge)
    if not len(dates):
        raise TooLittleData(
            f"{(last - first).days + 1} days before the truce leave no date with {MIN_DAYS_BEFORE} days before it and "
            f"{MIN_DAYS_AFTER} after it. Widen the window."
        )
    alone: dict[str, Any] = {"other_truces": ()} if effect.other_truce_days == "keep" else {}
    rows, refused = {}, {}
    for date in dates:
        try:
            step = refit(effect, effect.daily, warn=False, truce=Truce(date), window=(first, last), **alone)
        except TooLittleData as refusal:
            refused[date] = str(refusal)
        else:
            rows[date] = (step.rate_ratio, step.lower, step.upper)
    if not rows:
        raise TooLittleData(
            f"None of {len(dates)} dates before the truce can be compared, the first because: {refused[dates[0]]}"
        )
    steps = pd.DataFrame.from_dict(rows, orient="index", columns=["rate_ratio", "lower", "upper"])
    steps.index = pd.DatetimeIndex(steps.index, name="date")
    return PlaceboEffects(effect=effect, steps=steps, refused=pd.Series(refused, dtype=str))
