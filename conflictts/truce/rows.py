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
from conflictts.truce.latest import RECENT_DAYS, latest_of_rows
from conflictts.truce.levels import can_be_searched, levels_of_rows
from conflictts.truce.period import Truce
from conflictts.truce.window import choose_window, refuse_short_sides, settled_counts

Row: TypeAlias = dict[str, Any]
NO_TRUCE, FAULT = "no truce was given for it", "unexpected"  # reasons, one as it begins
CHANGES = ["best_point", "set_first", "set_last", "set_days", "rate_before", "rate_after"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of every series.

    Attributes
    ----------
    truces : mapping of key to Truce
    window : (Timestamp, Timestamp) or None
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
    """Analyse some series: the parts that take the time in a few compiled calls for all of them.

    What refuses or fails leaves its reason in the row of its series.

    Parameters
    ----------
    counts : ndarray of float, shape (n_series, n_days)
        NaN on days that are unobserved or provisional.
    days : DatetimeIndex, shape (n_days,)
    keys : sequence of str or tuple of str, length n_series
    daily : callable
        Makes the series at a position in `counts`, which only an effect needs.

    Returns
    -------
    list of dict
        What JSON holds without loss, so that rows may be stored, and travel.
    """
    weekday = (days[0].day_of_week + np.arange(len(days))) % 7
    seen, recent = np.isfinite(counts), counts[:, -RECENT_DAYS:]
    changes = partial(_changes, weekday=weekday, days=days, level=plan.level)
    latest = partial(_latest, weekday=weekday[-RECENT_DAYS:], level=plan.level)
    parts = [
        seen.sum(axis=1).tolist(),
        np.where(seen, counts, 0.0).sum(axis=1).tolist(),
        _told("changes", changes, counts, can_be_searched(counts)),
        _told("growth", latest, recent, np.isfinite(recent).any(axis=1)),
    ]
    rows = []
    for position, (key, n_days, total, found, now) in enumerate(zip(keys, *parts, strict=True)):
        row: Row = {"days": n_days, "total": total, "per_day": total / n_days if n_days else None, "changes": []}
        row |= found | now
        if "phase" not in row:
            row.update(phase="undetermined", phase_reason=row["growth_reason"], ratio_reason=row["growth_reason"])
        if plan.has_truces:
            row |= _one("effect", partial(_effect, daily, position, key, plan))
        rows.append(row)
    return rows


def _told(part: str, analyse: Callable[[np.ndarray], list[Row]], counts: np.ndarray, fit: np.ndarray) -> list[Row]:
    """One part of the analysis of each series: those that are fit for it at once, the others one by one.

    So are all of them where one fails against expectation: what refuses or fails leaves its reason in its own row.
    """
    together = np.flatnonzero(fit)
    try:
        found = dict(zip(together.tolist(), analyse(counts[together]), strict=True)) if len(together) else {}
    except Exception:  # told below, of the series in which it arises
        found = {}
    alone = {k: _one(part, partial(_first, analyse, counts[k : k + 1])) for k in range(len(counts)) if k not in found}
    return [alone[k] if k in alone else {f"{part}_reason": ""} | found[k] for k in range(len(counts))]


def _first(analyse: Callable[[np.ndarray], list[Row]], counts: np.ndarray) -> Row:
    return analyse(counts)[0]


def _one(part: str, numbers: Callable[[], Row]) -> Row:
    """One part of the analysis of one series; what refuses or fails leaves its reason."""
    try:
        return {f"{part}_reason": ""} | numbers()
    except ConflictTSError as refusal:
        return {f"{part}_reason": str(refusal)}
    except Exception as fault:  # one bad series must not end an analysis of thousands
        return {f"{part}_reason": f"{FAULT} {type(fault).__name__}: {fault}"}


def _changes(counts: np.ndarray, weekday: np.ndarray, days: pd.DatetimeIndex, level: float) -> list[Row]:
    """Changes of each series, each with its location set, and the rate of the last regime."""
    found = levels_of_rows(counts, weekday, level, but_for_single_days=True)
    ends = [
        (at, inside[0], inside[-1])
        for levels, _ in found
        for at, inside in zip(levels.changes, levels.sets, strict=True)
    ]
    of_changes = iter(_texts(days, np.array(ends, dtype=np.int64).reshape(-1, 3)))
    singles = iter(_texts(days, np.concatenate([alone for _, alone in found])))
    rows = []
    for levels, alone in found:
        rates = levels.rates[:, 0].tolist()
        changes = [
            (*next(of_changes), len(inside), before, after)
            for inside, before, after in zip(levels.sets, rates[:-1], rates[1:], strict=True)
        ]
        single_days = " ".join(next(singles) for _ in alone)
        row: Row = {"changes": changes, "n_changes": len(changes), "single_days": single_days}
        row |= dict(zip(("rate_now", "rate_now_lower", "rate_now_upper"), levels.rates[-1].tolist(), strict=True))
        if changes:
            row |= dict(zip(("last_change", "last_set_first", "last_set_last"), changes[-1][:3], strict=True))
        rows.append(row)
    return rows


def _texts(days: pd.DatetimeIndex, positions: np.ndarray) -> list[Any]:
    """Days as YYYY-MM-DD, in lists as nested as the positions."""
    return list(np.datetime_as_string(days.to_numpy()[positions], unit="D").tolist())


def _latest(counts: np.ndarray, weekday: np.ndarray, level: float) -> list[Row]:
    """Where each series stands now."""
    return [latest._asdict() for latest in latest_of_rows(counts, weekday, level)]


def _effect(daily: Callable[[int], DailySeries], position: int, key: Key, plan: Plan) -> Row:
    truce = plan.truce_of(key)
    if truce is None:
        raise TooLittleData(NO_TRUCE)
    series = daily(position)
    try:
        effect = estimate_truce_effect(series, truce, window=plan.window, level=plan.level)
    except TooLittleData as refusal:
        return {"effect_reason": str(refusal)} | counts_alone(series, truce, plan.window)
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


def counts_alone(daily: DailySeries, truce: Truce, window: tuple[pd.Timestamp, pd.Timestamp] | None) -> Row:
    """Effective counts of an area that was watched, but is too quiet for an effect of its own; nothing if it was not.

    An area is too quiet where its days before brought too little. Without such areas those would be left whose days
    before were busy by chance, and their mean would show a fall that never was.
    """
    try:
        first, last = choose_window(daily, truce, window)
        days, counts = settled_counts(daily, first, last)
        best, after = counts[:, 1], np.asarray(days >= truce.effective)
        refuse_short_sides(days, best, after, np.ones(len(days), dtype=bool), truce)
        used = np.flatnonzero(np.isfinite(best))
        draws = None if daily.draws is None else daily.draws.reindex(days).to_numpy(dtype=float)[used]
        found = log_ratio_posterior(best[used], after[used], used, draws)
    except TooLittleData:
        return {}
    return {name: getattr(found, name) for name in ("effective_before", "effective_after", "exposure")}


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
