"""The regression behind an effect: fitted, pooled over draws, held against a trend, and read off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.series.daily import DailySeries
from conflictts.truce import cautions
from conflictts.truce.design import SLOPES, Design, Model
from conflictts.truce.negbin import NegBinFit, dispersion_about, fit_negbin, pool_fits
from conflictts.truce.toll import Toll, expected_rates, named_interval, toll_after
from conflictts.truce.window import refuse_boundless, refuse_small_counterfactual


def fit_design(design: Design, start: tuple[np.ndarray, float] | None = None) -> NegBinFit:
    """The regression of a design's counts on its columns."""
    return fit_negbin(
        design.counts, design.matrix, slow_columns=design.n_slow, day=design.used, offset=design.offset[design.used],
        start=start,
    )  # fmt: skip


def fit_effect(daily: DailySeries, design: Design, days: pd.DatetimeIndex) -> tuple[NegBinFit, list[str]]:
    """The regression on the best figures; where the series has draws, pooled over them."""

    fit = fit_design(design)
    if daily.draws is None:
        return fit, []
    if daily.draws.shape[1] < 2:
        return fit, [
            "one draw says nothing of how far draws differ, so the interval leaves out how records were dated; make 2 "
            "or more, such as 20"
        ]
    draws = daily.draws.reindex(days).to_numpy(dtype=float)[design.used]
    fits, failed = [], 0
    for counts in draws.T:
        try:
            fits.append(fit_design(replace(design, counts=counts), (fit.coefficients, fit.alpha)))
        except TooLittleData:
            failed += 1
    if len(fits) < 2 or failed > 0.2 * draws.shape[1]:
        return fit, [
            f"{failed} of {draws.shape[1]} draws could not be fitted, so the interval leaves out how records were dated"
        ]
    said = [f"{failed} of {draws.shape[1]} draws could not be fitted and were left out"] if failed else []
    return pool_fits(fits), said


def answer_of_regression(
    fit: NegBinFit, design: Design, days: pd.DatetimeIndex, first_after: pd.Timestamp, model: Model, level: float
) -> dict[str, Any]:
    """The fields of a TruceEffect that a regression gives."""
    numbers, toll = numbers_of_regression(fit, design, model, level)
    ends = (toll.would * np.exp(s) for s in (-toll.half_width, toll.half_width))
    return {
        **numbers,
        "expected": expected_rates(days, first_after, toll.fitted, toll.would, *ends),
        "fit": fit,
        "design": design.frame(days),
    }


def numbers_of_regression(fit: NegBinFit, design: Design, model: Model, level: float) -> tuple[dict[str, Any], Toll]:
    """Those fields that are single numbers, and the tolls behind them."""
    step = np.eye(design.matrix.shape[1])[1]
    before = design.counts[~design.after]
    # without the weekday profile, which can absorb a single enormous day
    side_means = np.where(design.after, design.counts[design.after].mean(), before.mean())
    refuse_small_counterfactual(
        before.mean() * design.after.sum(), 1 + dispersion_about(design.counts, side_means) * before.mean()
    )
    half = fit.half_width(step, level)
    refuse_boundless("rate ratio", half)
    toll = toll_after(fit, design, level)
    refuse_boundless("rate had there been no truce", float(toll.half_width.max()))
    slope: tuple[float, float, float] | tuple[None, None, None] = (None, None, None)
    if model in SLOPES:
        weekly = np.eye(design.matrix.shape[1])[2]
        growth, spread = fit.coefficients[2], fit.half_width(weekly, level)
        refuse_boundless("growth per week", spread)
        slope = (float(np.exp(growth)), float(np.exp(growth - spread)), float(np.exp(growth + spread)))
    log_ratio = fit.coefficients[1]
    numbers = {
        "method": "nb-avar",
        "rate_ratio": float(np.exp(log_ratio)),
        "lower": float(np.exp(log_ratio - half)),
        "upper": float(np.exp(log_ratio + half)),
        **named_interval("counterfactual", toll.counterfactual),
        **named_interval("averted", toll.averted),
        **named_interval("per_week", slope),
        "alpha": fit.alpha,
        "inflation": fit.inflation(step),
    }
    return numbers, toll


def against_trend(design: Design, fit: NegBinFit, model: Model, level: float) -> tuple[list[str], cautions.Checks]:
    """Hold the step against that of the model with a straight trend (of the one without, if it has one)."""
    slow = design.n_slow
    with_trend = model != "level+trend"
    if with_trend:
        trend = (design.used - design.used.mean()) / 7
        matrix = np.column_stack([design.matrix[:, :2], trend, design.matrix[:, slow:]])
    else:
        matrix = np.delete(design.matrix, 2, axis=1)
    start = np.concatenate([fit.coefficients[:2], np.zeros(int(with_trend)), fit.coefficients[slow:]])
    try:
        other = fit_negbin(
            design.counts, matrix, slow_columns=2 + with_trend, day=design.used, offset=design.offset[design.used],
            start=(start, fit.alpha),
        )  # fmt: skip
    except TooLittleData:
        alternative = None
    else:
        alternative = (float(other.coefficients[1]), other.half_width(np.eye(matrix.shape[1])[1], level))
    half = fit.half_width(np.eye(design.matrix.shape[1])[1], level)
    return cautions.about_trend(float(fit.coefficients[1]), half, alternative, with_trend=with_trend)
