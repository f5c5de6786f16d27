"""The same answer under every defensible choice: which of them it survives, and which moves it most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, TooLittleData, UnknownNameError, require_kind
from conflictts.incidents.table import Incidents, Where, matching_records
from conflictts.series.allocation import ALLOCATIONS, Allocation
from conflictts.series.daily import DailySeries, Day, Measure, daily_series, pair_of_days
from conflictts.series.measures import amounts_of
from conflictts.series.percent import percent
from conflictts.series.reporting import ReportingLag
from conflictts.truce.design import Model, make_design
from conflictts.truce.effect import TruceEffect, estimate_truce_effect
from conflictts.truce.few_counts import answer_of_few_counts, too_few_to_regress
from conflictts.truce.period import Truce
from conflictts.truce.ratios import two_digits
from conflictts.truce.regression import fit_design, numbers_of_regression
from conflictts.truce.window import (
    BOUNDS,
    DAYS_AFTER,
    DAYS_BEFORE,
    compared_days,
    days_around,
    refuse_short_sides,
    settled_counts,
)

Figures = Literal["best", "low", "high"]
Regression = Literal["level", "level, no weekdays", "level+trend"]
REGRESSIONS: dict[str, tuple[Model, bool]] = {
    "level": ("level", True),
    "level, no weekdays": ("level", False),
    "level+trend": ("level+trend", True),
}
WINDOWS = ((DAYS_BEFORE, DAYS_AFTER), (60, 60), (42, 42))
CHOICES = ("figures", "allocation", "imprecise_dates", "perpetrator", "window", "model", "transition")
MIN_SHARE = 0.1  # of the toll; perpetrators named for less are not among the main ones
_NUMBERS = ("rate_ratio", "lower", "upper", "averted", "averted_lower", "averted_upper")


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """One estimate of a truce's effect per combination of choices.

    Attributes
    ----------
    effect : TruceEffect
        Under the first option of every choice: the finding whose standing is asked for.
    finding : {"lower", "higher", "no detectable change"}
        What the interval of `effect` says.
    table : DataFrame, one row per combination
        The options (``figures``, ``allocation``, ``imprecise_dates``, ``perpetrator``, ``window``, ``model``,
        ``transition``), ``first`` and ``last`` day, ``before`` and ``after`` (counts), ``rate_ratio``, ``lower``,
        ``upper``, ``averted``, ``averted_lower``, ``averted_upper``, ``method``, ``finding``, ``stands`` (the same
        finding as that of `effect`; never where refused) and ``refused``: why there is no answer, else blank.
    influence : DataFrame, one row per choice, the most moving first
        ``lowest`` and ``highest``: the options of this choice with the least and the greatest geometric mean ratio
        over the settings of all other choices that every option answers; ``factor``: the greatest over the least of
        these means. ``settings``: how many those are; where none, no factor. An option that answers nowhere is left
        out.
    scopes : mapping of label to conditions
        What the options of ``perpetrator`` mean.
    level : float

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> few = {"models": ["level"], "transitions": [0], "allocations": ["spread"]}
    >>> choices = ct.sensitivity(case, case.truces["TRC-5"], measure="civilians", **few)
    >>> choices.finding, choices.influence.index[0]
    ('lower', 'window')
    """

    effect: TruceEffect
    finding: Literal["lower", "higher", "no detectable change"]
    table: pd.DataFrame
    influence: pd.DataFrame
    scopes: Mapping[str, Where]
    level: float

    @property
    def answered(self) -> int:
        """Combinations that have an answer."""
        return int((self.table["refused"] == "").sum())

    @property
    def share(self) -> float:
        """Share of the answered combinations under which the finding stands."""
        return float(self.table["stands"].sum() / self.answered)

    def summary(self) -> pd.DataFrame:
        """One row per choice and option: combinations, refused, share standing of the answered, median rate ratio."""
        rows = {}
        for choice in self.influence.index:
            for option, part in self.table.groupby(choice, sort=False):
                answered = part[part["refused"] == ""]
                rows[(choice, str(option))] = {
                    "combinations": len(part),
                    "refused": len(part) - len(answered),
                    "stands": float(answered["stands"].mean()) if len(answered) else np.nan,
                    "rate_ratio": float(answered["rate_ratio"].median()) if len(answered) else np.nan,
                }
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(list(rows), names=["choice", "option"])
        return table

    def sentence(self) -> str:
        """Under how many choices the finding stands, how many were refused, and which choice moves it most."""
        refused = len(self.table) - self.answered
        said = {"lower": "a lower rate", "higher": "a higher rate"}.get(self.finding, "no detectable change")
        text = (
            f"The finding ({said} after the {self.effect.truce.phrase}) stands under "
            f"{int(self.table['stands'].sum())} of {self.answered} combinations of choices ({percent(self.share)})"
        )
        text += f"; {refused} more gave no answer" if refused else ""
        moving = self.influence[self.influence["factor"] > 1]
        if len(moving):
            most = moving.iloc[0]
            text += (
                f". The choice that moves it most is {str(moving.index[0]).replace('_', ' ')}: with all other "
                f"choices the same, the ratio is on average {two_digits(most['factor'])} times as high under "
                f"{most['highest']} as under {most['lowest']}"
            )
        return text + "."


def sensitivity(
    incidents: Incidents,
    truce: Truce,
    *,
    measure: Measure,
    window: tuple[Day, Day] | None = None,
    coverage: tuple[Day, Day] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    where: Where | None = None,
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    figures: Sequence[Figures] = ("best", "low", "high"),
    allocations: Sequence[Allocation] = ("spread", "start", "midpoint"),
    max_span_days: Sequence[int | None] = (None, 7),
    perpetrators: Mapping[str, Where] | None = None,
    windows: Sequence[tuple[int, int]] = WINDOWS,
    models: Sequence[Regression] = ("level", "level, no weekdays", "level+trend"),
    transitions: Sequence[int] = (0, 7),
    level: float = 0.95,
) -> Sensitivity:
    """Estimate a truce's effect under every combination of declared choices.

    The first option of each choice together is the finding; the others are asked whether it stands. Each series is
    counted once, and combinations that come to the same counts and model share one fit.

    Parameters
    ----------
    incidents : Incidents
    truce : Truce
    measure : {"incidents", "deadly incidents", "deaths", "civilians", "combatants", "injured"}
    window : (first, last), optional
        Days of the finding, put before `windows`.
    coverage, gaps, where, lag, retrieved_on
        As in `daily_series`.
    figures : sequence of {"best", "low", "high"}
    allocations : sequence of {"spread", "exact", "start", "midpoint"}
        How records of several days are laid over them.
    max_span_days : sequence of int or None, default (None, 7)
        Records that may have happened on more days than this are left out; None keeps all.
    perpetrators : mapping of label to conditions, optional
        Scopes. Default: all, and together those named for a tenth of the toll or more each ("main perpetrators").
    windows : sequence of (days before, days after), default (120, 60), (60, 60), (42, 42)
        As far as they are settled and the truce was not over: unobserved and provisional days at the series' ends are
        cut off, as in `estimate_truce_effect`. Those that come to the same days are one choice, under the first name.
    models : sequence of {"level", "level, no weekdays", "level+trend"}
    transitions : sequence of int, default (0, 7)
        Days left out on each side of the date.
    level : float, default 0.95
        Confidence level of every interval.

    Returns
    -------
    Sensitivity

    Raises
    ------
    TooLittleData
        If the finding itself, under the first options, has no answer.
    CoverageError
        If no coverage is known, or the truce or the window lies outside it.
    UnknownNameError
        If an option does not exist or a choice has none.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4, 1208-1214 (the specification curve); Steegen,
    Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11(5), 702-712 (the multiverse).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> found = ct.sensitivity(case, case.truces["TRC-5"], measure="civilians", models=["level"], transitions=[0])
    >>> found.finding, len(found.table)
    ('lower', 108)
    """
    require_kind(incidents, Incidents, "incidents")
    require_kind(truce, Truce, "truce")
    _check_options(figures, models, allocations, max_span_days, windows, transitions)
    scopes = dict(perpetrators) if perpetrators is not None else _scopes(incidents, measure, where or {})
    if not scopes:
        raise UnknownNameError("perpetrators names no scope. Give one or more, such as {'all': {}}.")
    spans = {_span_in_words(most): most for most in max_span_days}
    for conditions in scopes.values():
        matching_records(incidents.table, {**(where or {}), **conditions})  # refuses names that no record has

    def counted(allocation: Allocation, span: int | None, scope: str) -> DailySeries:
        return daily_series(
            _of_span(incidents, span), measure=measure, coverage=coverage, gaps=gaps, allocation=allocation,
            where={**(where or {}), **scopes[scope]}, lag=lag, retrieved_on=retrieved_on,
        )  # fmt: skip

    base = counted(allocations[0], max_span_days[0], next(iter(scopes)))
    between = _windows(base, truce, window, windows)
    regression, weekday = REGRESSIONS[models[0]]
    effect = estimate_truce_effect(
        _with_figures(base, figures[0]), truce, window=next(iter(between.values())), model=regression, weekday=weekday,
        transition=transitions[0], level=level,
    )  # fmt: skip
    fits = _Fits(truce, level)
    finding = finding_of(effect.lower, effect.upper)
    rows = []
    for allocation, (said, span), scope in product(allocations, spans.items(), scopes):
        refused, parts = "", {}
        try:
            daily = counted(allocation, span, scope)
            parts = {name: settled_counts(daily, *days) for name, days in between.items()}
        except (TooLittleData, CoverageError, UnknownNameError) as refusal:
            refused = str(refusal)
        for figure in figures:
            for (name, days), model, transition in product(between.items(), models, transitions):
                answer: Mapping[str, object] = {"refused": refused}
                if not refused:
                    window_days, counts = parts[name]
                    answer = fits.answer(window_days, counts[:, BOUNDS.index(figure)], model, transition)
                options = (figure, allocation, said, scope, name, model, transition)
                rows.append(
                    dict(zip(CHOICES, options, strict=True)) | {"first": days[0], "last": days[1]} | dict(answer)
                )
    table = pd.DataFrame(rows, columns=[*CHOICES, "first", "last", "before", "after", *_NUMBERS, "method", "refused"])
    known = table["refused"] == ""
    table.insert(table.columns.get_loc("refused"), "finding", [
        finding_of(row.lower, row.upper) if ok else "" for row, ok in zip(table.itertuples(), known, strict=True)
    ])  # fmt: skip
    table.insert(table.columns.get_loc("refused"), "stands", table["finding"] == finding)
    return Sensitivity(effect, finding, table, _influence(table), scopes, level)


class _Fits:
    """Effects of one truce, each estimated once for the same counts, days and model.

    It goes the way of `estimate_truce_effect` without what a grid does not tell: tables by day, and warnings, for which
    every regression would be fitted a second time.
    """

    def __init__(self, truce: Truce, level: float) -> None:
        self.truce, self.level = truce, level
        self.known: dict[tuple[object, ...], dict[str, object]] = {}

    def answer(
        self, days: pd.DatetimeIndex, counts: np.ndarray, model: Regression, transition: int
    ) -> Mapping[str, object]:
        """The numbers of a combination, or why there are none; counts of a window, NaN where not settled."""
        key = (counts.tobytes(), days[0], model, transition)
        if key not in self.known:
            try:
                self.known[key] = self._estimate(days, counts, model, transition) | {"refused": ""}
            except TooLittleData as refusal:
                self.known[key] = {"refused": str(refusal)}
        return self.known[key]

    def _estimate(
        self, days: pd.DatetimeIndex, counts: np.ndarray, model: Regression, transition: int
    ) -> dict[str, object]:
        regression, weekday = REGRESSIONS[model]
        after = np.asarray(days >= self.truce.effective)
        inside = compared_days(days, self.truce, transition=transition)
        refuse_short_sides(days, counts, after, inside, self.truce)
        best = np.where(inside, counts, np.nan)
        before, then = float(np.nansum(best[~after])), float(np.nansum(best[after]))
        if too_few_to_regress(before, then, regression, with_offset=False):
            answer = answer_of_few_counts(best, after, days, self.level, None)
        else:
            design = make_design(
                best, first_after=int(after.argmax()), day_of_week=days.day_of_week.to_numpy(), model=regression,
                weekday=weekday, transition=transition,
            )  # fmt: skip
            answer, _ = numbers_of_regression(fit_design(design), design, regression, self.level)
        return {"before": before, "after": then} | {name: answer[name] for name in (*_NUMBERS, "method")}


def _with_figures(daily: DailySeries, figure: Figures) -> DailySeries:
    return daily if figure == "best" else replace(daily, table=daily.table.assign(best=daily.table[figure]))


def _check_options(*options: Sequence[object]) -> None:
    figures, models, *others = options
    for name, given, allowed in (
        ("figures", figures, get_args(Figures)),
        ("models", models, tuple(REGRESSIONS)),
        ("allocations", others[0], ALLOCATIONS),
    ):
        wrong = [one for one in given if one not in allowed]
        if wrong:
            raise UnknownNameError(f"No option {wrong[0]!r} of {name}. Choose from {'; '.join(allowed)}.")
    names = ("figures", "models", "allocations", "max_span_days", "windows", "transitions")
    for name, given in zip(names, (figures, models, *others), strict=True):
        if len(given) == 0 and name != "windows":
            raise UnknownNameError(f"{name} has no option. Give one or more; the first belongs to the finding.")
        if len(set(given)) < len(given):
            raise UnknownNameError(f"{name} = {list(given)!r} names an option twice. Name each once.")


def _span_in_words(most: int | None) -> str:
    return "in" if most is None else f"over {most} days out"


def _of_span(incidents: Incidents, most: int | None) -> Incidents:
    """The records that may have happened on at most so many days."""
    if most is None:
        return incidents
    span = (incidents.table["date_end"] - incidents.table["date_start"]).dt.days + 1
    kept = incidents.table[span <= most].reset_index(drop=True)
    return Incidents(table=kept, ledger=incidents.ledger, provenance=incidents.provenance)


def _scopes(incidents: Incidents, measure: Measure, where: Where) -> dict[str, Where]:
    """All, and together those perpetrators who are named for a tenth of the toll or more each."""
    scopes: dict[str, Where] = {"all": {}}
    if "perpetrator" in where:
        return scopes
    table = incidents.table
    counted = table[(table["part_of"] == "") & matching_records(table, where)]
    toll = amounts_of(counted, measure)["best"].groupby(counted["perpetrator"]).sum()
    large = sorted(str(name) for name, part in toll.items() if name and part >= MIN_SHARE * toll.sum() > 0)
    if large and toll[large].sum() < toll.sum():
        scopes["main perpetrators"] = {"perpetrator": large}
    return scopes


def _windows(
    daily: DailySeries, truce: Truce, window: tuple[Day, Day] | None, around: Sequence[tuple[int, int]]
) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Days by label, cut to what is settled and to the days the truce was in force."""
    chosen: dict[str, tuple[pd.Timestamp, pd.Timestamp]] = {}
    if window is not None:
        first, last = pair_of_days(window, "window")
        chosen[f"{first.day} {first:%b} to {last.day} {last:%b}"] = first, last
    for before, after in around:
        days = days_around(daily, truce, before, after)
        if days not in chosen.values():
            chosen[f"{before}/{after} days"] = days
    if not chosen:
        raise UnknownNameError("No window is given. Give `window`, or one or more `windows` such as (120, 60).")
    return chosen


def finding_of(lower: float, upper: float) -> Literal["lower", "higher", "no detectable change"]:
    """What an interval of a rate ratio says."""
    if upper < 1:
        return "lower"
    return "higher" if lower > 1 else "no detectable change"


def _influence(table: pd.DataFrame) -> pd.DataFrame:
    """How far each choice moves the geometric mean ratio over settings of the others that all its options answer."""
    rows = {}
    log = np.log(table["rate_ratio"].where(table["rate_ratio"] > 0).astype(float))
    for choice in CHOICES:
        options = list(dict.fromkeys(table[choice]))
        if len(options) < 2:
            continue
        others = [name for name in CHOICES if name != choice]
        side_by_side = log.to_frame("log").join(table[list(CHOICES)])
        wide = side_by_side.pivot(index=others, columns=choice, values="log")  # noqa: PD010
        answering = [option for option in options if wide[option].notna().any()]
        complete = wide[answering].dropna()
        mean = complete.mean()
        known = len(answering) >= 2 and len(complete) > 0
        rows[choice] = {
            "factor": float(np.exp(mean.max() - mean.min())) if known else np.nan,
            "lowest": mean.idxmin() if known else "",
            "highest": mean.idxmax() if known else "",
            "settings": len(complete) if known else 0,
        }
    influence = pd.DataFrame.from_dict(rows, orient="index", columns=["factor", "lowest", "highest", "settings"])
    influence.index.name = "choice"
    return influence.sort_values("factor", ascending=False, kind="stable")
