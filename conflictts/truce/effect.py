"""What changed at a truce's date: rate ratio, counterfactual and averted toll, each with an interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import fdtri, gammaincinv

from conflictts.errors import CoverageError, TooLittleData
from conflictts.series.daily import DailySeries, Day, pair_of_days
from conflictts.truce.negbin import NegBinFit, fit_negbin
from conflictts.truce.period import Truce

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

DAYS_BEFORE, DAYS_AFTER = 120, 60  # the default window, at which the coverage of the intervals was measured
MIN_DAYS_BEFORE, MIN_DAYS_AFTER = 28, 14
MIN_EFFECTIVE_COUNTERFACTUAL = 5.0
MAX_UNOBSERVED = 0.20
FEW_BEFORE, FEW_AFTER = 20, 10
MAX_INFLATION = 4.0
FORTNIGHT = 14


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
        After / before; 1 is no change. For "few-counts" the posterior median.
    counterfactual, counterfactual_lower, counterfactual_upper : float
        Toll expected after the date had the rate before it gone on.
    averted, averted_lower, averted_upper : float
        Counterfactual less fitted toll; negative means more than expected.
    expected : DataFrame, daily index over the window
        Rates per day averaged over the week: ``fitted``, ``counterfactual`` with ``counterfactual_lower`` and
        ``counterfactual_upper`` (interval of the rate, not of single days; NaN before the date).
    alpha : float
        NB dispersion: variance = mean + alpha mean².
    inflation : float
        How many times memory between days multiplies the variance of the log rate ratio.
    warnings : tuple of str
        Reasons why a right number is weaker than it looks.
    fit : NegBinFit or None
        The regression; None for "few-counts".
    design : DataFrame or None, shape (n_observed_days, n_columns)
        Its design.
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
    expected: pd.DataFrame
    alpha: float
    inflation: float
    warnings: tuple[str, ...]
    fit: NegBinFit | None
    design: pd.DataFrame | None

    def summary(self) -> pd.DataFrame:
        """One row per quantity: rate ratio, counterfactual, averted; columns estimate, lower, upper."""
        rows = {
            "rate_ratio": (self.rate_ratio, self.lower, self.upper),
            "counterfactual": (self.counterfactual, self.counterfactual_lower, self.counterfactual_upper),
            "averted": (self.averted, self.averted_lower, self.averted_upper),
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])

    def to_statsmodels(self) -> GLMResults:
        """Hand over the same model as a fitted statsmodels result, for its tests, predictions and tables.

        Returns
        -------
        GLMResults
            NB2 regression at the fitted dispersion (Poisson where that is 0), with this package's covariance and t
            degrees of freedom attached.

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
        counts = self.daily.counts.loc[self.design.index]
        result = sm.GLM(counts, self.design, family=family).fit(
            start_params=self.fit.coefficients, tol=1e-12, tol_criterion="params", maxiter=100
        )
        inner = result._results  # the wrapper would keep these attributes to itself
        inner.cov_params_default = self.fit.covariance
        inner.cov_type = "NB-AVAR"
        inner.cov_kwds = {"description": "Autocorrelation-averaged sandwich covariance of conflictts."}
        inner.use_t = True
        inner.df_resid_inference = self.fit.degrees_of_freedom(_unit(self.design.shape[1], 1))
        return result


def estimate_truce_effect(
    daily: DailySeries,
    truce: Truce,
    *,
    window: tuple[Day, Day] | None = None,
    weekday: bool = True,
    other_truces: Iterable[Truce] = (),
    level: float = 0.95,
) -> TruceEffect:
    """Estimate how much the daily rate changed at a truce's date.

    The counts follow a negative binomial regression with a step at the truce's first day and a weekday profile. Its
    covariance averages over plausible memory between days, and its t quantiles spend the degrees of freedom that the
    memory costs. Where counts are few (under 20 before, under 10 after, or none on one side) a Jeffreys gamma-Poisson
    ratio on effective counts takes its place.

    Parameters
    ----------
    daily : DailySeries
        Unobserved days are missing, not 0.
    truce : Truce
        Its first effective day counts as after.
    window : (first, last), optional
        Days to use, inclusive. Default: the 120 days before the truce and the 60 from its first day on, as far as the
        series covers them and the truce was not over.
    weekday : bool, default True
        Whether the rate may differ by day of the week.
    other_truces : iterable of Truce, optional
        Truces whose presence among the days before weakens the comparison; a warning names them.
    level : float, default 0.95
        Confidence level of the intervals.

    Returns
    -------
    TruceEffect

    Raises
    ------
    CoverageError
        If the truce or the window lies outside the series.
    TooLittleData
        If there are fewer than 28 observed days before or 14 after, more than a fifth of the days on one side are
        unobserved, or the effective counterfactual (toll expected after the date, over variance by mean) is below 5.

    References
    ----------
    Zeger (1988), Biometrika 75(4), 621-629; Davis, Dunsmuir & Wang (2000), Biometrika 87(3), 491-505; Price & Bonett
    (2000), Computational Statistics & Data Analysis 34(3), 345-356 (ratio of two Poisson rates); Zou & Donner (2008),
    Statistics in Medicine 27(10), 1693-1702 (interval of a difference from two intervals).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> effect = ct.estimate_truce_effect(daily, case.truces["TRC-5"], window=("2019-04-30", "2019-10-18"))
    >>> effect.summary().loc["rate_ratio"].round(3).tolist()
    [0.075, 0.023, 0.245]
    """
    if not 0 < level < 1:
        raise ValueError(f"level = {level!r} is not a confidence level. Give a number between 0 and 1, such as 0.95.")
    first, last = _window(daily, truce, window)
    table = daily.table.loc[first:last]
    after = pd.Series(table.index >= truce.effective, table.index)
    rates = _rates(table, after)
    _refuse_short_sides(table, after)
    counts = table["best"].dropna()
    post = after.loc[counts.index].to_numpy(dtype=float)
    n_before, n_after = rates["best"]
    warnings = _warnings(table, after, truce, other_truces, first)
    few = n_before < FEW_BEFORE or n_after < FEW_AFTER
    if few:
        answer = _few_counts(counts, post, table.index, truce, level)
        warnings.append(
            f"few counts ({n_before:g} before, {n_after:g} after): the interval is a Jeffreys ratio on effective counts"
        )
    else:
        answer, found = _regression(counts, post, table.index, truce, weekday, level)
        warnings += found
    return TruceEffect(
        daily=daily, truce=truce, window=(first, last), rates=rates, level=level, warnings=tuple(warnings), **answer
    )


def _window(daily: DailySeries, truce: Truce, window: tuple[Day, Day] | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    start, end = daily.coverage
    if truce.effective == start:
        raise CoverageError(
            f"The {truce.name} took effect on the first day covered, {start:%Y-%m-%d}: no day lies before it to "
            "compare with. Widen the coverage."
        )
    if not start < truce.effective <= end:
        raise CoverageError(
            f"The {truce.name} took effect on {truce.effective:%Y-%m-%d}, not inside the days covered, "
            f"{start:%Y-%m-%d}..{end:%Y-%m-%d}. Correct its date, or widen the coverage to days before and after it."
        )
    if window is None:
        one = pd.Timedelta(days=1)
        last = min(end, truce.effective + DAYS_AFTER * one - one, truce.ended - one if truce.ended else end)
        return max(start, truce.effective - DAYS_BEFORE * one), last
    first, last = pair_of_days(window, "window")
    if not start <= first < truce.effective <= last <= end:
        raise CoverageError(
            f"The window {first:%Y-%m-%d}..{last:%Y-%m-%d} must hold the truce's first day, "
            f"{truce.effective:%Y-%m-%d}, and lie inside the days covered, {start:%Y-%m-%d}..{end:%Y-%m-%d}."
        )
    return first, last


def _rates(table: pd.DataFrame, after: pd.Series) -> pd.DataFrame:
    rows = {}
    for name, days in (("before", table[~after]), ("after", table[after])):
        observed = days["best"].count()
        totals = days[["low", "best", "high"]].sum()
        per_day = totals["best"] / observed if observed else np.nan
        rows[name] = {"first": days.index[0], "last": days.index[-1], "days": observed, **totals, "per_day": per_day}
    return pd.DataFrame.from_dict(rows, orient="index")


def _refuse_short_sides(table: pd.DataFrame, after: pd.Series) -> None:
    for name, side, minimum in (("before", ~after, MIN_DAYS_BEFORE), ("after", after, MIN_DAYS_AFTER)):
        best = table.loc[side, "best"]
        observed = int(best.count())
        if observed < minimum:
            noun = "day" if observed == 1 else "days"
            raise TooLittleData(
                f"Only {observed} observed {noun} {name} the truce, from {best.index[0]:%Y-%m-%d} to "
                f"{best.index[-1]:%Y-%m-%d}; at least {minimum} are needed. Widen the window or the coverage."
            )
        share = 1 - observed / len(best)
        if share > MAX_UNOBSERVED:
            raise TooLittleData(
                f"{share:.0%} of the days {name} the truce are unobserved; at most {MAX_UNOBSERVED:.0%} may be. "
                "Choose a window that was watched."
            )
    if table["best"].sum() == 0:
        raise TooLittleData(
            f"All {table['best'].count()} observed days are 0: there is no rate to compare. Check measure and area."
        )


def _regression(
    counts: pd.Series, post: np.ndarray, days: pd.DatetimeIndex, truce: Truce, weekday: bool, level: float
) -> tuple[dict[str, Any], list[str]]:
    warnings: list[str] = []
    index = pd.DatetimeIndex(counts.index)
    y = counts.to_numpy()
    columns = {"intercept": np.ones(len(y)), "truce": post}
    if weekday:
        totals = counts.groupby(index.day_of_week).sum()
        if (totals > 0).all() and len(totals) == 7:
            columns |= {f"weekday_{k}": (index.day_of_week == k).astype(float) for k in range(1, 7)}
        else:
            warnings.append("one day of the week has no counts at all, so no weekday profile was fitted")
    design = pd.DataFrame(columns, index=index)
    x = design.to_numpy()
    day = (index - index[0]).days.to_numpy()
    fit = fit_negbin(y, x, slow_columns=2, day=day)
    step = _unit(x.shape[1], 1)
    log_ratio, half = fit.coefficients[1], fit.half_width(step, level)
    inflation = fit.inflation(step)
    # without the weekday profile, which can absorb a single enormous day
    plain = fit_negbin(y, x[:, :2], slow_columns=2, day=day) if weekday else fit
    mean_before = float(y[post == 0].mean())
    _refuse_small_counterfactual(mean_before * post.sum(), 1 + plain.alpha * mean_before)
    if inflation > MAX_INFLATION:
        warnings.append(
            f"memory between days multiplies the variance by {inflation:.1f} (over {MAX_INFLATION:g}): a step at the "
            "date cannot be told from slow drift"
        )
    trend = np.column_stack([x, (day - day.mean()) / 7])
    disagreement = _trend_disagreement(y, trend, day, log_ratio, half, level)
    warnings += [disagreement] if disagreement else []

    without = x.copy()
    without[:, 1] = 0.0
    counterfactual_mean = np.exp(without @ fit.coefficients)
    is_post = post > 0
    pull = without[is_post].T @ counterfactual_mean[is_post]
    counterfactual = float(counterfactual_mean[is_post].sum())
    spread = fit.half_width(pull, level) / counterfactual
    averted_pull = pull - x[is_post].T @ fit.mean[is_post]
    averted = counterfactual - float(fit.mean[is_post].sum())
    averted_half = fit.half_width(averted_pull, level)

    week = np.unique(without, axis=0)  # the design of each day of the week, before the truce
    week_mean = np.exp(week @ fit.coefficients)
    would = float(week_mean.mean())
    would_half = fit.half_width(week.T @ week_mean / week_mean.sum(), level)
    expected = _expected(days, truce.effective, would * float(np.exp(log_ratio)), would, would_half)
    answer: dict[str, Any] = {
        "method": "nb-avar",
        "rate_ratio": float(np.exp(log_ratio)),
        "lower": float(np.exp(log_ratio - half)),
        "upper": float(np.exp(log_ratio + half)),
        "counterfactual": counterfactual,
        "counterfactual_lower": counterfactual * float(np.exp(-spread)),
        "counterfactual_upper": counterfactual * float(np.exp(spread)),
        "averted": averted,
        "averted_lower": averted - averted_half,
        "averted_upper": averted + averted_half,
        "expected": expected,
        "alpha": fit.alpha,
        "inflation": inflation,
        "fit": fit,
        "design": design,
    }
    return answer, warnings


def _trend_disagreement(
    y: np.ndarray, design: np.ndarray, day: np.ndarray, log_ratio: float, half: float, level: float
) -> str | None:
    """Fit the step beside a straight trend; say so if the two models draw different conclusions."""
    try:
        fit = fit_negbin(y, design, slow_columns=3, day=day)
    except TooLittleData:
        return "a model with a trend could not be fitted, so the step was not checked against drift"
    with_trend, trend_half = fit.coefficients[1], fit.half_width(_unit(design.shape[1], 1), level)

    def verdict(centre: float, width: float) -> int:
        return 0 if abs(centre) <= width else int(np.sign(centre))

    if verdict(log_ratio, half) == verdict(with_trend, trend_half):
        return None
    ratio, lower, upper = np.exp([with_trend, with_trend - trend_half, with_trend + trend_half])
    return (
        f"with a straight trend beside the step the rate ratio would be {ratio:.2g} ({lower:.2g} to {upper:.2g}): "
        "level and trend models disagree"
    )


def _few_counts(
    counts: pd.Series, post: np.ndarray, days: pd.DatetimeIndex, truce: Truce, level: float
) -> dict[str, Any]:
    """Jeffreys gamma-Poisson ratio on counts divided by the variance inflation of the richer side."""
    index = pd.DatetimeIndex(counts.index)
    y = counts.to_numpy()
    before, after = y[post == 0], y[post == 1]
    days_before, days_after = len(before), len(after)
    richer = post == float(after.sum() > before.sum())
    side_day = (index[richer] - index[richer][0]).days.to_numpy()
    side = fit_negbin(y[richer], np.ones((richer.sum(), 1)), slow_columns=1, day=side_day)
    inflation = max(side.inflation(np.ones(1)), 1.0)
    dispersion = 1 + side.alpha * side.mean[0]
    _refuse_small_counterfactual(before.mean() * days_after, dispersion)
    factor = dispersion * inflation

    tails = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    shape_before, shape_after = before.sum() / factor + 0.5, after.sum() / factor + 0.5
    scale = (shape_after / days_after) / (shape_before / days_before)
    ratio, lower, upper = fdtri(2 * shape_after, 2 * shape_before, tails) * scale
    would, would_lower, would_upper = gammaincinv(shape_before, tails) * factor / days_before * days_after
    was, was_lower, was_upper = gammaincinv(shape_after, tails) * factor
    averted = would - was
    expected = _expected(days, truce.effective, was / days_after, would / days_after, 0.0)
    bounds = ["counterfactual_lower", "counterfactual_upper"]
    expected.loc[truce.effective :, bounds] = np.array([would_lower, would_upper]) / days_after
    return {
        "method": "few-counts",
        "rate_ratio": float(ratio),
        "lower": float(lower),
        "upper": float(upper),
        "counterfactual": float(would),
        "counterfactual_lower": float(would_lower),
        "counterfactual_upper": float(would_upper),
        "averted": float(averted),
        "averted_lower": float(averted - np.hypot(would - would_lower, was_upper - was)),
        "averted_upper": float(averted + np.hypot(would_upper - would, was - was_lower)),
        "expected": expected,
        "alpha": side.alpha,
        "inflation": inflation,
        "fit": None,
        "design": None,
    }


def _expected(
    days: pd.DatetimeIndex, first_after: pd.Timestamp, after: float, would: float, half_width: float
) -> pd.DataFrame:
    """Rates per day, averaged over the week: fitted on both sides, and after the date had the rate before gone on."""
    is_after = days >= first_after
    columns = {"fitted": np.where(is_after, after, would)}
    for name, shift in (("", 0.0), ("_lower", -half_width), ("_upper", half_width)):
        columns[f"counterfactual{name}"] = np.where(is_after, would * np.exp(shift), np.nan)
    return pd.DataFrame(columns, index=days)


def _refuse_small_counterfactual(counterfactual: float, dispersion: float) -> None:
    effective = counterfactual / dispersion
    if effective < MIN_EFFECTIVE_COUNTERFACTUAL:
        raise TooLittleData(
            f"The rate before the truce would have brought {counterfactual:.1f} after it, worth {effective:.1f} "
            f"independent events (variance {dispersion:.1f} times the mean); at least {MIN_EFFECTIVE_COUNTERFACTUAL:g} "
            "are needed. Widen the window or the area, or choose a measure with more counts."
        )


def _warnings(
    table: pd.DataFrame, after: pd.Series, truce: Truce, other_truces: Iterable[Truce], first: pd.Timestamp
) -> list[str]:
    warnings = []
    best = table.loc[~after, "best"]
    if len(best) >= 3 * FORTNIGHT:
        fortnights = best.rolling(FORTNIGHT, min_periods=FORTNIGHT // 2).mean()
        if fortnights.iloc[-1] > 0 and fortnights.iloc[-1] >= fortnights.iloc[:-FORTNIGHT].max():
            warnings.append(
                f"the fortnight before the truce was the worst of the window ({fortnights.iloc[-1]:.1f} a day): part "
                "of the fall may be a return to the usual level (regression to the mean)"
            )
    for name, side in (("before", ~after), ("after", after)):
        counts = table.loc[side, "best"]
        if counts.max() > counts.sum() / 2 and counts.count() > 1:
            warnings.append(
                f"a single day, {counts.idxmax():%Y-%m-%d}, holds {counts.max() / counts.sum():.0%} of the toll {name}"
                ": the rate of that side is the story of one day"
            )
    if truce.ended is not None and table.index[-1] >= truce.ended:
        warnings.append(
            f"the window runs past the end of the truce on {truce.ended:%Y-%m-%d}: the days after "
            "include days without it"
        )
    others = [other for other in other_truces if other.effective != truce.effective]
    before = [
        other.name for other in others if other.effective < truce.effective and (other.ended or truce.effective) > first
    ]
    during = [other.name for other in others if truce.effective < other.effective <= table.index[-1]]
    if before:
        warnings.append(f"other truces among the days before ({', '.join(before)}): their rate is not free of truces")
    if during:
        warnings.append(f"other truces take effect among the days after ({', '.join(during)})")
    return warnings


def _unit(length: int, position: int) -> np.ndarray:
    vector = np.zeros(length)
    vector[position] = 1.0
    return vector
