"""The same analysis of many series at once: changes, escalation and a truce's effect, one row a series."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from conflictts.errors import InputError, UnknownNameError, require_kind, require_mapping
from conflictts.series.counting import all_stated
from conflictts.series.daily import Day, pair_of_days
from conflictts.series.panel import DailyPanel, Key
from conflictts.truce.intervals import refuse_level
from conflictts.truce.period import Truce
from conflictts.truce.pooling import LEAST_AREAS, PooledEffect, pool_effects
from conflictts.truce.rows import CHANGES, Plan, Row, rows_of_chunk
from conflictts.truce.spark import rows_on_spark
from conflictts.truce.stored import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHUNK = 16  # series that a thread takes at a time, and that one stored file holds
DATES = [
    "best_point", "set_first", "set_last", "last_change", "last_set_first", "last_set_last", "window_first",
    "window_last",
]  # fmt: skip
BASE = ["days", "total", "per_day"]
FOUND = [
    "n_changes", "single_days", "last_change", "last_set_first", "last_set_last", "rate_now", "rate_now_lower",
    "rate_now_upper", "changes_reason",
]  # fmt: skip
NOW = [
    "growth", "growth_lower", "growth_upper", "growth_reason", "phase", "phase_reason", "last_weeks", "weeks_before",
    "ratio", "ratio_lower", "ratio_upper", "ratio_reason",
]  # fmt: skip
EFFECT = [
    "before", "after", "rate_ratio", "lower", "upper", "log_ratio", "standard_error", "effective_before",
    "effective_after", "exposure", "p_value", "p_adjusted", "method", "averted", "averted_lower", "averted_upper",
    "window_first", "window_last", "warnings", "effect_reason",
]  # fmt: skip
REASONS = [name for name in (*FOUND, *NOW, *EFFECT) if name.endswith("_reason")]
WORDS = [*REASONS, "single_days", "phase", "method", "warnings"]


@dataclass(frozen=True, slots=True, eq=False)
class PanelAnalysis:
    """One analysis of each series of a panel.

    Attributes
    ----------
    table : DataFrame, shape (n_series, n_columns), index the panel's keys in their order
        ``days`` (settled), ``total``, ``per_day``; ``n_changes``, ``single_days`` (days that stand alone, a blank
        between them), ``last_change`` with the first and last day of its set (``last_set_first``, ``last_set_last``),
        ``rate_now`` with ``_lower`` and ``_upper``, that of the last regime; ``growth`` per week over the latest six
        weeks with ``_lower`` and ``_upper``, ``phase`` on the last settled day, ``last_weeks`` and ``weeks_before``
        (totals of four weeks each), ``ratio`` of their rates with ``_lower`` and ``_upper``; with a truce ``before``
        and ``after`` (totals), ``rate_ratio`` with ``lower`` and ``upper``, ``log_ratio`` with ``standard_error``
        (for "few-counts" mean and standard deviation of the posterior), ``effective_before``, ``effective_after`` and
        ``exposure`` (what `pool_effects` takes, also of areas too quiet for an effect), ``p_value``, ``p_adjusted``
        (Benjamini-Hochberg over the stated areas with an effect), ``method``, ``averted`` with ``_lower`` and
        ``_upper``, ``window_first``, ``window_last``, ``warnings``; and ``changes_reason``, ``growth_reason``,
        ``phase_reason``, ``ratio_reason``, ``effect_reason``: why a part has no answer, else "".
    changes : DataFrame
        One row per change: the key, ``best_point``, ``set_first``, ``set_last``, ``set_days``, ``rate_before``,
        ``rate_after``. The best point is not to be quoted without its set.
    pooled : PooledEffect or None
        The mean rate ratio over all stated areas that were watched and had any count, those too quiet for an effect of
        their own too; None without a truce or where they are fewer than three.
    truce : Truce or None
    truces : mapping of key to Truce
        That of each area, where they were given one by one.
    by : tuple of str
    level : float
    unit, area, source : str
        As of the panel.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="perpetrator")
    >>> found = ct.analyse_panel(panel, truce=case.truces["TRC-5"])
    >>> found.table.loc["government", ["rate_ratio", "lower", "upper"]].astype(float).round(2).tolist()
    [0.19, 0.06, 0.56]
    >>> found.refusals()["part"].unique().tolist()
    ['growth', 'ratio', 'effect']
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    pooled: PooledEffect | None
    truce: Truce | None
    truces: Mapping[Key, Truce]
    by: tuple[str, ...]
    level: float
    unit: str
    area: str
    source: str

    def effects(self) -> pd.DataFrame:
        """The rows of `table` that are of a stated area with an effect of the truce, its columns only."""
        columns = [name for name in EFFECT if name in self.table and name != "effect_reason"]
        known = self.table["effect_reason"] == "" if columns else np.zeros(len(self.table), dtype=bool)
        return self.table.loc[known & all_stated(self.table.index), columns]

    def refusals(self) -> pd.DataFrame:
        """One row for each part of a series that has no answer: the key, ``part`` and ``reason``."""
        found = []
        for part in REASONS:
            if part in self.table:
                reasons = self.table[part]
                told = reasons[reasons != ""].rename("reason").reset_index()
                found.append(told.assign(part=part.removesuffix("_reason")))
        table = pd.concat(found, ignore_index=True)
        return table[[*self.by, "part", "reason"]]

    def summary(self) -> pd.DataFrame:
        """One row per series: days, total, per_day, changes, growth, phase, and the truce's rate ratio if there is one.

        Returns
        -------
        DataFrame
        """
        columns = ["days", "total", "per_day", "n_changes", "growth", "growth_lower", "growth_upper", "phase"]
        if "rate_ratio" in self.table:
            columns += ["rate_ratio", "lower", "upper", "p_adjusted"]
        return self.table[columns].copy()


def analyse_panel(
    panel: DailyPanel,
    *,
    truce: Truce | None = None,
    truces: Mapping[Key, Truce] | None = None,
    window: tuple[Day, Day] | None = None,
    level: float = 0.95,
    threads: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    spark: SparkSession | None = None,
) -> PanelAnalysis:
    """Analyse every series of a panel: its changes, where it stands now, and what changed in it at a truce.

    Changes are those of `detect_changepoints` over all days, but for single days that would be a regime of their own:
    they are named, and left out of the search, since one record of many deaths is no two changes of rate. Where a
    series stands now is what `measure_escalation` says of its last 182 days: the growth per week of the latest six
    weeks, the phase of the last day, and the latest four weeks against the four before; the phases of earlier years
    are not drawn up, since that takes twenty times as long as all the rest. The effect is that of
    `estimate_truce_effect`. A series that one of them refuses, or in which one of them fails, has the reason in its
    row; the others go on.

    The p-values of many areas are adjusted by Benjamini and Hochberg's procedure: of the areas called changed at an
    adjusted p-value of 0.05, on average at most 5 % are not, if areas are independent or depend on each other
    positively (Benjamini & Yekutieli 2001), as areas of one war mostly do; where violence is displaced from one area
    to another, that is not assured. Draws, where a panel has them, enter the effect but not changes and escalation.

    The mean ratio takes in every area that was watched: an effect of its own needs counts before the date, so that
    those that have one are areas whose days before were busy, also by chance. Of 40 areas with 0.06 deaths a day in
    which nothing changed the mean of these alone told a fall to 0.82, that of all areas 0.99
    (python benchmarks/pooled_effects.py --no-change).

    Records that state no area, "not stated", are no area like the others but some of each of them, and what they tell
    of a truce may be that more or fewer records name their place: their series has its row, with a ratio and a p-value
    of its own, and is in neither the adjusted p-values nor the mean.

    Parameters
    ----------
    panel : DailyPanel
    truce : Truce, optional
        One for all areas.
    truces : mapping of key to Truce, optional
        One of each area's own; areas without one get no effect.
    window : (first, last), optional
        As in `estimate_truce_effect`.
    level : float, default 0.95
        Confidence level of every interval.
    threads : int, optional
        Default: as many as processors are free to this process.
    store : path-like, optional
        Folder in which finished parts are kept. A run that was interrupted takes up those that were made of the same
        counts, choices and version, and ends with the same result.
    progress : callable, optional
        Told how many series are done, of how many.
    spark : SparkSession, optional
        Analyse on its cluster instead, whose every worker needs this package: the same rows, in the same order. Spark
        divides the work and repeats what fails; `threads`, `store` and `progress` are for one machine.

    Returns
    -------
    PanelAnalysis

    Raises
    ------
    UnknownNameError
        If `truces` names an area that the panel does not have, or both `truce` and `truces` are given.
    CoverageError
        If the window is not a pair of days.
    InputError
        If `level` is not a confidence level, or `threads` no number of them; or if `spark` is no session, or comes
        with what is for one machine.
    InputError
        If the store cannot be written, or Spark stops.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300; Benjamini & Yekutieli (2001), Annals of Statistics 29(4),
    1165-1188. For the pooled effect see `pool_effects`.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="admin1")
    >>> found = ct.analyse_panel(panel, truce=case.truces["TRC-5"], window=("2019-06-01", "2019-10-18"))
    >>> found.table.loc["Idlib", ["rate_ratio", "lower", "upper"]].astype(float).round(2).tolist()
    [0.08, 0.02, 0.35]
    """
    require_kind(panel, DailyPanel, "panel")
    if truce is not None:
        require_kind(truce, Truce, "truce")
    if truces is not None:
        require_mapping(truces, Truce, "truces", "areas")
    plan = _planned(panel, truce, truces, window, level)
    if spark is not None:
        if (threads, store, progress) != (None, None, None):
            raise InputError("threads, store and progress are for one machine. Leave them out where `spark` is given.")
        return _assembled(rows_on_spark(panel, plan, spark), panel, plan)
    kept = None if store is None else Store(Path(store), panel, plan)
    return _assembled(_rows(panel, plan, _threads(threads), kept, progress), panel, plan)


def _planned(
    panel: DailyPanel,
    truce: Truce | None,
    truces: Mapping[Key, Truce] | None,
    window: tuple[Day, Day] | None,
    level: float,
) -> Plan:
    refuse_level(level)
    if truce is not None and truces:
        raise UnknownNameError("Both one truce for all areas and truces by area were given. Give one of them.")
    unknown = [key for key in truces or {} if key not in panel]
    if unknown:
        raise UnknownNameError(f"No area {unknown[0]!r} by {', '.join(panel.by)} to which `truces` gives a truce.")
    return Plan(truce, dict(truces or {}), None if window is None else pair_of_days(window, "window"), level)


def _threads(threads: int | None) -> int:
    if threads is None:
        free = getattr(os, "sched_getaffinity", None)
        return len(free(0)) if free else (os.cpu_count() or 1)
    if not (isinstance(threads, int) and threads >= 1):
        raise InputError(f"threads = {threads!r} is no number of threads. Give 1 or more.")
    return threads


def _rows(
    panel: DailyPanel, plan: Plan, threads: int, store: Store | None, progress: Callable[[int, int], None] | None
) -> list[Row]:
    """Rows of all series in the panel's order; several threads share the work, one at a time tells of it."""
    keys, settled = list(panel), np.asarray(panel.counting.status) == "observed"

    def analysed(begin: int) -> list[Row]:
        chunk = range(begin, min(begin + CHUNK, len(keys)))
        rows = None if store is None else store.find(chunk)
        if rows is None:
            some = keys[begin : chunk.stop]
            counts = np.where(settled, panel.sums[1, begin : chunk.stop], np.nan)
            rows = rows_of_chunk(counts, panel.days, plan, some, lambda position: panel[some[position]])
            if store is not None:
                store.keep(chunk, rows)
        return rows

    found: list[Row] = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            for rows in pool.map(analysed, range(0, len(keys), CHUNK)):
                found += rows
                if progress is not None:
                    progress(len(found), len(keys))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # an interrupted run does not first end its work
            raise
    return found


def _assembled(rows: list[Row], panel: DailyPanel, plan: Plan) -> PanelAnalysis:
    """Tables, adjusted p-values and the pooled effect from the rows of all series."""
    keys = list(panel)
    index = pd.Index(keys, name=panel.by[0]) if len(panel.by) == 1 else pd.MultiIndex.from_tuples(keys, names=panel.by)
    columns = [*BASE, *FOUND, *NOW, *(EFFECT if plan.has_truces else [])]
    table = pd.DataFrame({name: _column(name, [row.get(name) for row in rows]) for name in columns}, index=index)
    changes = [(position, *change) for position, row in enumerate(rows) for change in row["changes"]]
    long = pd.DataFrame(changes, columns=["position", *CHANGES])
    for name in DATES:
        if name in long:
            long[name] = pd.to_datetime(long[name]).astype("datetime64[us]")
    of_change = index.to_frame(index=False).iloc[long.pop("position").to_numpy(dtype=int)].reset_index(drop=True)
    pooled = None
    if plan.has_truces:
        named = all_stated(index)
        known = (table["effect_reason"] == "") & named
        if known.any():
            adjusted = false_discovery_control(table.loc[known, "p_value"].to_numpy(dtype=float), method="bh")
            table.loc[known, "p_adjusted"] = adjusted
        # also where too quiet alone
        watched = table.loc[named, ["effective_before", "effective_after", "exposure"]].dropna()
        if len(watched) >= LEAST_AREAS:
            pooled = pool_effects(*(watched[name] for name in watched), level=plan.level)
    return PanelAnalysis(
        table=table,
        changes=pd.concat([of_change, long], axis=1),
        pooled=pooled,
        truce=plan.truce,
        truces=plan.truces,
        by=panel.by,
        level=plan.level,
        unit=panel.counting.unit,
        area=panel.counting.area,
        source=panel.counting.source,
    )


def _column(name: str, values: list[Any]) -> Any:
    """Values of one kind, blank where a series has none; integers cannot be blank, so they are floats."""
    if name in DATES:
        return pd.Series(pd.to_datetime(values)).astype("datetime64[us]").array
    if name in WORDS:
        return pd.array(["" if value is None else value for value in values], dtype="str")
    return np.array([np.nan if value is None else value for value in values], dtype=float)
