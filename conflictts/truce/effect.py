"""What changed at a truce's date: rate ratio, counterfactual and averted toll, each with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, TooLittleData, UnknownNameError, require_kind
from conflictts.series.daily import DailySeries, Day
from conflictts.series.numerals import toll
from conflictts.series.percent import of_level
from conflictts.truce import cautions
from conflictts.truce.design import MODELS, SLOPES, Model, make_design
from conflictts.truce.erosion import about_growth
from conflictts.truce.few_counts import answer_of_few_counts, too_few_to_regress
from conflictts.truce.intervals import refuse_level
from conflictts.truce.negbin import NegBinFit
from conflictts.truce.period import Truce, Truces, listed
from conflictts.truce.ratios import growth_with_limits, with_limits
from conflictts.truce.regression import against_trend, answer_of_regression, fit_effect
from conflictts.truce.window import (
    choose_window,
    compared_days,
    days_of_others,
    rates_of_sides,
    refuse_short_sides,
    settled_counts,
)

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

LIMITS = pd.Index(["value", "lower", "upper"])


@dataclass(frozen=True, slots=True, eq=False)
class TruceEffect:
    """How the daily rate after a truce's date compares with the rate before it.

    Attributes
    ----------
    daily : DailySeries
        The series, kept so that a figure needs only the result.
    truce : Truce
    window : (Timestamp, Timestamp)
        First and last day used.
    rates : DataFrame, index "before" and "after"
        ``first``, ``last``, ``days`` (observed), ``low``, ``best``, ``high`` (totals) and ``per_day`` (best per day).
    level : float
        Confidence level of every interval here.
    method : {"nb-avar", "few-counts"}
        The regression with autocorrelation-averaged covariance, or the Jeffreys ratio on effective counts.
    rate_ratio, lower, upper : float
        After / before; 1 is no change. For "few-counts" the posterior median; with erosion the ratio on the truce's
        first day; with a trend the step beside it.
    counterfactual, counterfactual_lower, counterfactual_upper : float
        Toll expected on the observed days after the date had the rate before it (or its trend) gone on.
    averted, averted_lower, averted_upper : float
        Counterfactual less fitted toll; negative means more than expected. Above 0 throughout its interval exactly
        when the interval of the rate ratio (of the whole period, where there is a slope) lies below 1.
    per_week, per_week_lower, per_week_upper : float or None
        Factor by which the rate grows each week: after the date ("level+erosion") or all along ("level+trend"). None
        for "level", which has no slope.
    expected : DataFrame, daily index over the window
        Rates per day averaged over the week: ``fitted``, ``counterfactual`` with ``counterfactual_lower`` and
        ``counterfactual_upper`` (interval of the rate, not of single days; NaN before the date).
    alpha : float
        NB dispersion: variance = mean + alpha mean².
    inflation : float
        How many times memory between days multiplies the variance of the log rate ratio.
    warnings : tuple of str
        Reasons why a right number is weaker than it looks.
    checks : DataFrame, columns ``value``, ``lower`` and ``upper``
        What was looked at for them, warned of or not: rate per day of the ``fortnight_before`` the date; share of each
        side's toll on its ``largest_day_before`` and ``largest_day_after``; rate ratio ``with_trend`` beside the step
        (``without_trend`` for a model that has one) and, where other truces touch the window,
        ``without_other_truces``.
    fit : NegBinFit or None
        The regression; None for "few-counts".
    design : DataFrame or None, shape (n_used_days, n_columns)
        Its design.
    model : {"level", "level+erosion", "level+trend"}
    weekday : bool
        Whether a weekday profile was asked for.
    transition : int
        Days left out on each side of the date.
    offset : Series or None
        Known part of the log mean.
    other_truces : tuple of Truce
    other_truce_days : {"keep", "leave out"}

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    >>> effect.rates[["days", "low", "best", "high"]]
            days    low   best   high
    before   123  643.0  698.0  739.0
    after     68   61.0   61.0   62.0
    >>> effect.sentence()[:68]
    'Civilian deaths per day were lower after the truce of 31 August 2019'
    """

    daily: DailySeries
    truce: Truce
    window: tuple[pd.Timestamp, pd.Timestamp]
    rates: pd.DataFrame
    level: float
    method: Literal["nb-avar", "few-counts"]
    rate_ratio: float
    lower: float
    upper: float
    counterfactual: float
    counterfactual_lower: float
    counterfactual_upper: float
    averted: float
    averted_lower: float
    averted_upper: float
    per_week: float | None
    per_week_lower: float | None
    per_week_upper: float | None
    expected: pd.DataFrame
    alpha: float
    inflation: float
    warnings: tuple[str, ...]
    checks: pd.DataFrame
    fit: NegBinFit | None
    design: pd.DataFrame | None
    model: Model
    weekday: bool
    transition: int
    offset: pd.Series | None
    other_truces: tuple[Truce, ...]
    other_truce_days: Literal["keep", "leave out"]

    def summary(self) -> pd.DataFrame:
        """One row per quantity: rate ratio, counterfactual, averted, any slope; columns estimate, lower, upper."""
        rows: dict[str, tuple[float | None, ...]] = {
            "rate_ratio": (self.rate_ratio, self.lower, self.upper),
            "counterfactual": (self.counterfactual, self.counterfactual_lower, self.counterfactual_upper),
            "averted": (self.averted, self.averted_lower, self.averted_upper),
        }
        if self.per_week is not None:
            rows[f"{SLOPES[self.model]}_per_week"] = (self.per_week, self.per_week_lower, self.per_week_upper)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])

    def sentence(self) -> str:
        """The finding in one plain sentence: lower, higher or no detectable change after the date; never a cause.

        Where a single day holds over half of a side's toll, it says so.
        """
        subject = f"{self.daily.unit[:1].upper()}{self.daily.unit[1:]} per day"
        side = "lower" if self.upper < 1 else "higher" if self.lower > 1 else ""
        numbers = (
            f"rate ratio {with_limits(self.rate_ratio, self.lower, self.upper, f'{of_level(self.level)} interval ')}"
        )
        if self.per_week is not None:
            growth = f"a factor of {growth_with_limits(self.per_week, self.per_week_lower, self.per_week_upper)} a week"
        if self.model == "level+trend":
            step = f"stepped to a {side} level" if side else "show no detectable step"
            finding = f"Beside a trend by {growth}, {subject[0].lower()}{subject[1:]} {step} at the {self.truce.phrase}"
        elif self.model == "level+erosion":
            step = f"were {side} than before" if side else "show no detectable change from before"
            finding = f"{subject} {step} on the first day of the {self.truce.phrase}"
            numbers += f", changing from then on by {growth}"
        elif side:
            finding = f"{subject} were {side} after the {self.truce.phrase} than before it"
        else:
            finding = f"{subject} show no detectable change after the {self.truce.phrase}"
        first, last = self.window
        alone = [f"; {said.partition(':')[0]}" for said in self.warnings if said.startswith("a single day, ")]
        return f"{finding}: {numbers}, {first.day} {first:%B %Y} to {last.day} {last:%B %Y}{''.join(alone)}."

    def to_statsmodels(self) -> GLMResults:
        """Hand over the same model as a fitted statsmodels result, for its tests, predictions and tables.

        Returns
        -------
        GLMResults
            NB2 regression at the fitted dispersion (Poisson where that is 0), with this package's covariance and t
            degrees of freedom attached. Where draws were pooled, its coefficients are the pooled ones.

        Raises
        ------
        TooLittleData
            If the effect came from the few-counts ratio, which is no regression.
        """
        if self.fit is None or self.design is None:
            raise TooLittleData(
                "Too few counts for a regression, so there is none to hand over: the effect is a Jeffreys ratio on "
                f"effective counts ({self.rates.loc['before', 'best']:g} before, "
                f"{self.rates.loc['after', 'best']:g} after). Widen the window."
            )
        import statsmodels.api as sm

        families = sm.families
        family = families.NegativeBinomial(alpha=self.fit.alpha) if self.fit.alpha > 0 else families.Poisson()
        counts = self.daily.settled.loc[self.design.index]
        offset = None if self.offset is None else self.offset.loc[self.design.index]
        result = sm.GLM(counts, self.design, family=family, offset=offset).fit(
            start_params=self.fit.coefficients, tol=1e-12, tol_criterion="params", maxiter=100
        )
        inner = result._results  # the wrapper would keep these attributes to itself
        if self.fit.n_pooled > 1:
            inner.params = self.fit.coefficients
        inner.cov_params_default = self.fit.covariance
        inner.cov_type = "NB-AVAR"
        inner.cov_kwds = {"description": "Autocorrelation-averaged sandwich covariance of conflictts."}
        inner.use_t = True
        inner.df_resid_inference = self.fit.degrees_of_freedom(np.eye(self.design.shape[1])[1])
        return result


def estimate_truce_effect(
    daily: DailySeries,
    truce: Truce,
    *,
    window: tuple[Day, Day] | None = None,
    model: Model = "level",
    weekday: bool = True,
    transition: int = 0,
    offset: pd.Series | None = None,
    other_truces: Truces = (),
    other_truce_days: Literal["keep", "leave out"] = "keep",
    level: float = 0.95,
) -> TruceEffect:
    """Estimate how much the daily rate changed at a truce's date.

    The counts follow a negative binomial regression with a step at the truce's first day and a weekday profile. Its
    covariance averages over plausible memory between days, and its t quantiles spend the degrees of freedom that the
    memory costs. Where counts are few (under 20 before, under 10 after, or none on one side) a Jeffreys gamma-Poisson
    ratio on effective counts takes its place. Where the series has draws (whole-number allocations of records of
    several days), the regression is fitted to each and the fits are pooled, or the ratio's posterior averaged over
    them, so that the intervals hold the dating's uncertainty too.

    Parameters
    ----------
    daily : DailySeries
        Unobserved and provisional days are missing, not 0.
    truce : Truce
        Its first effective day counts as after.
    window : (first, last), optional
        Days to use, inclusive. Default: the 120 days before the truce and the 60 from its first day on, as far as
        they are covered, the truce was not over, and days at either end are neither unobserved nor provisional.
    model : {"level", "level+erosion", "level+trend"}, default "level"
        A step alone; a step and a growth of the rate per week after it; a step beside a straight trend of the log rate
        over the whole window. Declare it before looking: the models answer different questions. Where counts answer to
        earlier ones a fall takes days and hides growth, whose 95 % interval then held it in 70 to 89 % of simulated
        series; a warning tells the growth by the truce's days alone, as `truce_course` does (92 to 100 %;
        benchmarks/courses.py).
    weekday : bool, default True
        Whether the rate may differ by day of the week. It does not where a day of the week has no counts, or one day
        holds over half of a side's: a profile would take it for the habit of its weekday. A warning says so.
    transition : int, default 0
        Days to leave out on each side of the date.
    offset : Series, daily index, optional
        Known part of the log mean, such as the log of the share of the area that was watched. A number on every day
        of the window.
    other_truces : Truce, or iterable or mapping of Truce, optional
        Truces that touch the window; a warning names them and says what the ratio is without their days.
    other_truce_days : {"keep", "leave out"}, default "keep"
        Whether to use the days before the date on which another truce was in force, and the days after it from
        another truce's first on.
    level : float, default 0.95
        Confidence level of the intervals.

    Returns
    -------
    TruceEffect

    Raises
    ------
    CoverageError
        If the truce or the window lies outside the series, or the offset leaves days of it without a number.
    UnknownNameError
        If there is no such model or choice.
    TooLittleData
        If there are fewer than 28 observed days before or 14 after, more than a fifth of the days on one side are
        unobserved, the effective counterfactual (toll expected after the date, over variance by mean) is below 5, or
        counts are too few for a declared slope or offset.

    References
    ----------
    Zeger (1988), Biometrika 75(4), 621-629; Davis, Dunsmuir & Wang (2000), Biometrika 87(3), 491-505; Price & Bonett
    (2000), Computational Statistics & Data Analysis 34(3), 345-356 (ratio of two Poisson rates).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> effect.summary().loc["rate_ratio"].round(3).tolist()
    [0.075, 0.023, 0.248]
    """
    require_kind(daily, DailySeries, "daily")
    require_kind(truce, Truce, "truce")
    return _estimate(
        daily, truce, window=window, model=model, weekday=weekday, transition=transition, offset=offset,
        other_truces=other_truces, other_truce_days=other_truce_days, level=level,
    )  # fmt: skip


def _estimate(
    daily: DailySeries,
    truce: Truce,
    *,
    window: tuple[Day, Day] | None,
    model: Model,
    weekday: bool,
    transition: int,
    offset: pd.Series | None,
    other_truces: Truces,
    other_truce_days: Literal["keep", "leave out"],
    level: float,
    warn: bool = True,
) -> TruceEffect:
    """The effect; without its warnings in half of the time, since they need further fits."""
    _check_choices(model, transition, other_truce_days, level)
    first, last = choose_window(daily, truce, window)
    others = listed(other_truces, "other_truces")
    days, counts = settled_counts(daily, first, last)
    after = np.asarray(days >= truce.effective)
    taken = days_of_others(days, truce, others)
    inside = compared_days(days, truce, transition=transition, other_truces=others, other_truce_days=other_truce_days)
    rates = rates_of_sides(days, counts, after, inside)
    refuse_short_sides(days, counts[:, 1], after, inside, truce)
    best = np.where(inside, counts[:, 1], np.nan)
    n_before, n_after = (float(np.nansum(best[side])) for side in (~after, after))
    warnings, checks = cautions.about_counts(days, best, after, truce) if warn else ([], {})
    known = None if offset is None else _offset_on(offset, days, best)
    if too_few_to_regress(n_before, n_after, model, with_offset=known is not None):
        answer = answer_of_few_counts(best, after, days, level, daily.draws)
        warnings.append(
            f"few counts ({toll(n_before)} before, {toll(n_after)} after): the interval is a Jeffreys ratio on "
            "effective counts"
        )
    else:
        design = make_design(
            best,
            first_after=int(after.argmax()),
            day_of_week=days.day_of_week.to_numpy(),
            model=model,
            weekday=weekday,
            transition=transition,
            offset=known,
        )
        if design.no_weekdays:
            warnings.append(design.no_weekdays)
        fit, said = fit_effect(daily, design, days)
        warnings += said
        answer = answer_of_regression(fit, design, days, truce.effective, model, level)
        if warn:
            said, checked = against_trend(design, fit, model, level)
            warnings += said
            checks |= checked
        if warn and model == "level+erosion":
            warnings += about_growth(design, fit, int(after.argmax()), level)
    if warn:
        warnings += cautions.about_memory(answer["inflation"])
    without: TruceEffect | str | None = None
    if warn and taken.any() and other_truce_days == "keep":
        without = _without_other_truces(
            daily, truce, window=(first, last), model=model, weekday=weekday, transition=transition, offset=offset,
            other_truces=others, level=level,
        )  # fmt: skip
    if isinstance(without, TruceEffect):
        checks["without_other_truces"] = (without.rate_ratio, without.lower, without.upper)
        without = f"the rate ratio would be {with_limits(*checks['without_other_truces'])}"
    warnings += cautions.about_other_truces(
        days, truce, others, left_out=other_truce_days == "leave out", without=without
    )
    return TruceEffect(
        daily=daily, truce=truce, window=(first, last), rates=rates, level=level, warnings=tuple(warnings * warn),
        checks=pd.DataFrame(np.array([*checks.values()]).reshape(-1, 3), index=[*checks], columns=LIMITS.copy()),
        model=model, weekday=weekday, transition=transition, offset=offset, other_truces=others,
        other_truce_days=other_truce_days, **answer,
    )  # fmt: skip


def days_compared(effect: TruceEffect) -> np.ndarray:
    """Which days of the window no choice of the effect leaves out, bool of shape (n_days,)."""
    return compared_days(
        pd.date_range(*effect.window), effect.truce, transition=effect.transition, other_truces=effect.other_truces,
        other_truce_days=effect.other_truce_days,
    )  # fmt: skip


def refit(effect: TruceEffect, daily: DailySeries, *, warn: bool = True, **changes: Any) -> TruceEffect:
    """Estimate again by the same choices on another series, or with some choices changed; without warnings sooner."""
    choices: dict[str, Any] = {
        "window": effect.window,
        "model": effect.model,
        "weekday": effect.weekday,
        "transition": effect.transition,
        "offset": effect.offset,
        "other_truces": effect.other_truces,
        "other_truce_days": effect.other_truce_days,
        "level": effect.level,
    }
    return _estimate(daily, changes.pop("truce", effect.truce), warn=warn, **(choices | changes))


def _check_choices(model: str, transition: int, other_truce_days: str, level: float) -> None:
    refuse_level(level)
    if model not in MODELS:
        raise UnknownNameError(f"No model {model!r}. Choose one of {', '.join(MODELS)}.")
    if other_truce_days not in ("keep", "leave out"):
        raise UnknownNameError(f"other_truce_days = {other_truce_days!r}. Choose 'keep' or 'leave out'.")
    if not isinstance(transition, (int, np.integer)) or transition < 0:
        raise CoverageError(f"transition = {transition!r} is not a number of days. Give 0, 1, 2 ...")


def _offset_on(offset: pd.Series, days: pd.DatetimeIndex, best: np.ndarray) -> np.ndarray:
    known: np.ndarray = offset.reindex(days).to_numpy(dtype=float)
    missing = ~np.isfinite(known)
    if missing.any():
        raise CoverageError(
            f"The offset has no finite number on {int(missing.sum())} of {len(best)} days of the window, the first "
            f"{days[missing][0]:%Y-%m-%d}. Give the log of a positive number for every day."
        )
    return known


def _without_other_truces(daily: DailySeries, truce: Truce, **choices: Any) -> TruceEffect | str:
    """The effect without the days of other truces, or that there is none, in words."""
    try:
        return estimate_truce_effect(daily, truce, **choices, other_truce_days="leave out")
    except TooLittleData as refusal:
        return f"there is no answer ({str(refusal).split('. ')[0]})"
