"""What a panel's analysis says of one series, as one flat row: numbers, days as text, and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.special import stdtr

from conflictts.errors import ConflictTSError, TooLittleData
from conflictts.series.daily import DailySeries
from conflictts.series.panel import Key
from conflictts.truce.effect import TruceEffect, days_compared, estimate_truce_effect
from conflictts.truce.few_counts import LogRatio, log_ratio_posterior
from conflictts.truce.latest import RECENT_DAYS, latest_escalation
from conflictts.truce.levels import levels_but_for_single_days
from conflictts.truce.period import Truce

Row: TypeAlias = dict[str, Any]
CHANGES = ["best_point", "set_first", "set_last", "set_days", "rate_before", "rate_after"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of every series.

    Attributes
    ----------
    truce : Truce or None
    truces : mapping of key to Truce
    window : (Timestamp, Timestamp) or None
    level : float
    """

    truce: Truce | None
    truces: Mapping[Key, Truce]
    window: tuple[pd.Timestamp, pd.Timestamp] | None
    level: float

    @property
    def has_truces(self) -> bool:
        """Whether any area is asked for an effect."""
        return self.truce is not None or bool(self.truces)

    def truce_of(self, key: Key) -> Truce | None:
        """The truce of one area."""
        return self.truces.get(key, self.truce)


def rows_of_chunk(
    counts: np.ndarray, days: pd.DatetimeIndex, plan: Plan, keys: Sequence[Key], daily: Callable[[int], DailySeries]
) -> list[Row]:
    """Analyse some series, one after the other.

    Parameters
    ----------
    counts : ndarray of float, shape (n_series, n_days)
        NaN on days that are unobserved or provisional.
    days : DatetimeIndex, shape (n_days,)
    plan : Plan
    keys : sequence of str or tuple of str, length n_series
    daily : callable
        Makes the series at a position in `counts`, which only an effect needs.

    Returns
    -------
    list of dict
        What JSON holds without loss, so that rows may be stored, and travel.
    """
    weekday, dates = days.day_of_week.to_numpy().astype(np.int64), np.datetime_as_string(days.to_numpy(), unit="D")
    return [
        row_of_series(each, weekday, dates, plan, key, partial(daily, position))
        for position, (each, key) in enumerate(zip(counts, keys, strict=True))
    ]


def row_of_series(
    counts: np.ndarray,
    weekday: np.ndarray,
    dates: np.ndarray,
    plan: Plan,
    key: Key,
    daily: Callable[[], DailySeries],
) -> Row:
    """Analyse one series; what refuses or fails leaves its reason in the row.

    Parameters
    ----------
    counts : ndarray of float, shape (n_days,)
        NaN on days that are unobserved or provisional.
    weekday : ndarray of int64, shape (n_days,)
        Monday 0.
    dates : ndarray of str, shape (n_days,)
        YYYY-MM-DD.
    plan : Plan
    key : str or tuple of str
    daily : callable
        Makes the series itself, which only an effect needs.
    """
    seen = np.isfinite(counts)
    n_days, total = int(seen.sum()), float(counts[seen].sum())
    row: Row = {"days": n_days, "total": total, "per_day": total / n_days if n_days else None, "changes": []}

    def told(part: str, numbers: Callable[[], Row]) -> None:
        try:
            row.update({f"{part}_reason": ""} | numbers())
        except ConflictTSError as refusal:
            row[f"{part}_reason"] = str(refusal)
        except Exception as fault:  # one bad series must not end an analysis of thousands
            row[f"{part}_reason"] = f"unexpected {type(fault).__name__}: {fault}"

    told("changes", lambda: _changes(counts, weekday, dates, plan.level))
    recent = slice(-RECENT_DAYS, None)
    told("growth", lambda: latest_escalation(counts[recent], weekday[recent], plan.level)._asdict())
    if "phase" not in row:
        row.update(phase="undetermined", phase_reason=row["growth_reason"], ratio_reason=row["growth_reason"])
    if plan.has_truces:
        truce = plan.truce_of(key)
        if truce is None:
            row["effect_reason"] = "no truce of this area was given"
        else:
            told("effect", lambda: _effect(daily(), truce, plan))
    return row


def _changes(counts: np.ndarray, weekday: np.ndarray, dates: np.ndarray, level: float) -> Row:
    """Changes, each with its location set, and the rate of the last regime."""
    found, alone = levels_but_for_single_days(counts, weekday, level)
    ends = [(position, days[0], days[-1]) for position, days in zip(found.changes, found.sets, strict=True)]
    texts, rates = dates[np.array(ends, dtype=np.int64).reshape(-1, 3)].tolist(), found.rates[:, 0].tolist()
    changes = [
        (*text, len(days), before, after)
        for text, days, before, after in zip(texts, found.sets, rates[:-1], rates[1:], strict=True)
    ]
    row: Row = {"changes": changes, "n_changes": len(changes), "single_days": " ".join(dates[sorted(alone)])}
    row |= dict(zip(("rate_now", "rate_now_lower", "rate_now_upper"), found.rates[-1].tolist(), strict=True))
    if changes:
        row |= dict(zip(("last_change", "last_set_first", "last_set_last"), changes[-1][:3], strict=True))
    return row


def _effect(daily: DailySeries, truce: Truce, plan: Plan) -> Row:
    effect = estimate_truce_effect(daily, truce, window=plan.window, level=plan.level)
    found = log_scale(effect)
    if not np.isfinite(astuple(found)).all() or found.standard_error <= 0:  # else it would end the mean over all areas
        raise TooLittleData("The effect has no finite standard error on the log scale. Widen the window.")
    before, after = effect.rates["best"]
    return {
        "before": float(before),
        "after": float(after),
        "rate_ratio": effect.rate_ratio,
        "lower": effect.lower,
        "upper": effect.upper,
        **asdict(found),
        "method": effect.method,
        "averted": effect.averted,
        "averted_lower": effect.averted_lower,
        "averted_upper": effect.averted_upper,
        "window_first": f"{effect.window[0]:%Y-%m-%d}",
        "window_last": f"{effect.window[1]:%Y-%m-%d}",
        "warnings": "; ".join(effect.warnings),
    }


def log_scale(effect: TruceEffect) -> LogRatio:
    """Log rate ratio with its standard error, the two-sided p-value of no change, and the counts worth as much.

    Of a regression: coefficient, standard error and t test, and counts that share the standard error between the sides
    as the observed counts are shared. Of few counts: mean and standard deviation of the posterior of the log ratio,
    twice its smaller tail beyond no change, and the effective counts themselves.
    """
    if effect.fit is not None:
        step = np.eye(len(effect.fit.coefficients))[1]
        log_ratio, error = float(effect.fit.coefficients[1]), effect.fit.standard_error(step)
        times = effect.rates["best"].iloc[1] / effect.rates["best"].iloc[0]
        return LogRatio(
            log_ratio=log_ratio,
            standard_error=error,
            p_value=float(2 * stdtr(effect.fit.degrees_of_freedom(step), -abs(log_ratio) / error)),
            effective_before=float((1 + 1 / times) / error**2),
            effective_after=float((1 + times) / error**2),
            exposure=float(times * np.exp(-log_ratio)),
        )
    days = pd.date_range(*effect.window)
    best = effect.daily.settled.reindex(days).where(days_compared(effect)).to_numpy()
    used = np.flatnonzero(np.isfinite(best))
    draws = None if effect.daily.draws is None else effect.daily.draws.reindex(days).to_numpy(dtype=float)[used]
    after = (days >= effect.truce.effective)[used]
    return log_ratio_posterior(best[used], after, used, draws)
