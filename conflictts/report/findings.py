"""Everything a report states, computed once: from incidents, truces and areas to plain numbers and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, NoRecordError, TooLittleData
from conflictts.incidents.table import Incidents, Where, matching_records
from conflictts.report.beside import beside
from conflictts.report.claims import ClaimFindings, find_claims
from conflictts.report.escalation import find_escalation
from conflictts.report.opinions import Opinions, find_opinions, or_why_not
from conflictts.report.sensitivity import find_sensitivity
from conflictts.series.allocation import Allocation
from conflictts.series.daily import DailySeries, Day, Measure, daily_series
from conflictts.series.reporting import ReportingLag
from conflictts.truce.changepoints import Changepoints, detect_changepoints
from conflictts.truce.course import TruceCourse, truce_course
from conflictts.truce.effect import TruceEffect, estimate_truce_effect
from conflictts.truce.escalation import Escalation
from conflictts.truce.period import Truce
from conflictts.truce.sensitivity import Sensitivity

SHORT_SIDE = 28  # days on each side in the second window of every report


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What a report counts, and how: the same for all of its areas and truces.

    Attributes
    ----------
    measure, coverage, gaps, allocation, lag, retrieved_on
        As in `daily_series`.
    where : mapping of column to value or values
        What holds in every area.
    baseline : (first, last) or None
        As in `write_report`.
    draws, seed : int or None, int
        As in `write_report`.
    """

    measure: Measure
    coverage: tuple[Day, Day] | None
    gaps: tuple[tuple[Day, Day], ...]
    where: Where
    allocation: Allocation
    lag: ReportingLag | int | None
    retrieved_on: Day | None
    baseline: tuple[Day, Day] | None
    draws: int | None
    seed: int

    def __post_init__(self) -> None:
        """Refuse a seed that seeds nothing, before anything is counted."""
        if self.seed < 0:
            raise InputError(f"seed = {self.seed} is below 0. Give 0 or more, such as 1.")

    def count(self, incidents: Incidents, area: Where) -> DailySeries:
        """The daily series of an area."""
        return daily_series(
            incidents, measure=self.measure, coverage=self.coverage, gaps=self.gaps, allocation=self.allocation,
            where={**self.where, **area}, lag=self.lag, retrieved_on=self.retrieved_on, draws=self.draws,
            rng=None if self.draws is None else np.random.default_rng(self.seed),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a report states of one truce in one area.

    Attributes
    ----------
    area : str
        Its name in the report; blank where the report has one area without a name.
    effect : TruceEffect
        Over the declared window.
    window_declared : bool
        Whether the days compared were asked for, or are the usual ones.
    windows : dict of str to (TruceEffect or str)
        The same comparison over other windows, by name: 28 days on each side, and all days covered; or why not.
    changes : Changepoints or str
        Over the whole series, told nothing of the truce; or why there are none.
    opinions : Opinions
        What stands beside the effect.
    sensitivity : Sensitivity or str
        The effect under other defensible choices; or why not.
    course : TruceCourse
        How the truce lived, until the next one or the last day covered.
    escalation : Escalation or str
        Over the whole series; or why there is none.
    baseline : str
        What the latest period is compared with besides the previous one, in words.
    claims : ClaimFindings or None
        Claims held against the series.
    truces : tuple of Truce
        The truce in question and the others, in order of time.
    events : DataFrame or None
        Context for the first figure.
    """

    area: str
    incidents: Incidents
    daily: DailySeries
    effect: TruceEffect
    window_declared: bool
    windows: dict[str, TruceEffect | str]
    changes: Changepoints | str
    opinions: Opinions
    sensitivity: Sensitivity | str
    course: TruceCourse
    escalation: Escalation | str
    baseline: str
    claims: ClaimFindings | None
    truces: tuple[Truce, ...]
    events: pd.DataFrame | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A truce in an area of which the data say too little, or hold no record at all."""

    area: str
    truce: Truce
    reason: str
    no_record: bool = False


def find_all(
    incidents: Incidents,
    truces: Sequence[Truce],
    areas: Mapping[str, Where],
    *,
    choices: Choices,
    windows: Mapping[str, tuple[Day, Day]],
    other_truces: Iterable[Truce],
    claims: pd.DataFrame | None,
    events: pd.DataFrame | None,
    processes: int,
    progress: Callable[[str], None],
) -> tuple[list[Findings], list[Refused]]:
    """Compute all that a report states, area by area and in each truce by truce; other parameters as `write_report`.

    Raises
    ------
    ConflictTSError
        If nothing at all can be said: for one truce in one area its own refusal, else a TooLittleData with each.
    """
    others = list(other_truces)
    others += [truce for truce in truces if truce.effective not in {other.effective for other in others}]
    found: list[Findings] = []
    refused: list[Refused] = []
    number, alone = len(truces) * len(areas), len(truces) * len(areas) == 1
    progress("counting days")
    missing = areas_without_records(incidents, areas, choices.where)
    series = {
        area: _counted(incidents, choices, conditions, alone=alone)
        for area, conditions in areas.items()
        if area not in missing
    }
    for area, conditions in areas.items():
        if area in missing:
            refused += [Refused(area, truce, missing[area], no_record=True) for truce in truces]
            continue
        daily = series[area]
        if isinstance(daily, str):
            refused += [Refused(area, truce, daily) for truce in truces]
            continue
        for truce in truces:
            progress(f"comparison {len(found) + len(refused) + 1} of {number}: {_named(area, truce)}")
            try:
                effect = estimate_truce_effect(
                    daily, truce, window=windows.get(truce.name), other_truces=_besides(truce, others)
                )
            except (TooLittleData, CoverageError) as refusal:
                if alone:
                    raise
                refused.append(Refused(area, truce, str(refusal)))
                continue
            told = None if choices.where or conditions else claims
            found.append(
                _find(
                    area, incidents, effect, conditions, choices=choices, declared=truce.name in windows, others=others,
                    claims=told, events=events, processes=processes,
                )
            )  # fmt: skip
    if not found:
        reasons = " ".join(
            f"{f'{each.area}, ' if each.area else ''}{each.truce.name}: {each.reason}" for each in refused
        )
        raise TooLittleData(f"None of {len(refused)} comparisons can be made. {reasons}")
    return found, refused


def _named(area: str, truce: Truce) -> str:
    return f"{area}, {truce.name}" if area else truce.name


def _counted(incidents: Incidents, choices: Choices, area: Where, *, alone: bool) -> DailySeries | str:
    """The daily series of an area, or why there is none; what is no refusal by the data stops the whole report."""
    try:
        return choices.count(incidents, area)
    except (TooLittleData, CoverageError) as refusal:
        if alone:
            raise
        return str(refusal)


def areas_without_records(incidents: Incidents, areas: Mapping[str, Where], where: Where) -> dict[str, str]:
    """Which of several areas are chosen by a value that stands in no record, and why; the others are reported on.

    Raises
    ------
    UnknownNameError
        If a column cannot be filtered on, or `where` itself chooses by such a value.
    NoRecordError
        If that holds of every area.
    """
    matching_records(incidents.table, where)
    missing: dict[str, str] = {}
    for name, conditions in areas.items():
        try:
            matching_records(incidents.table, conditions)
        except NoRecordError as error:
            missing[name] = str(error)
            if len(missing) == len(areas):
                raise
    return missing


def check_areas(areas: Mapping[str, Where], where: Where) -> None:
    """Refuse areas that cannot be told from one another, or that contradict the condition on all of them."""
    if not areas:
        raise InputError("`areas` names no area. Leave it out, or name one or more.")
    for name, conditions in areas.items():
        if not name.strip() and len(areas) > 1:
            raise InputError("An area of several has no name. Name each.")
        both = sorted(set(conditions) & set(where))
        if both:
            raise InputError(
                f"The area {name!r} and `where` both say something of {both[0]!r}. Say it in one place: in the area."
            )


def _besides(truce: Truce, others: Iterable[Truce]) -> list[Truce]:
    return [other for other in others if other.effective != truce.effective]


def _find(
    area: str,
    incidents: Incidents,
    effect: TruceEffect,
    conditions: Where,
    *,
    choices: Choices,
    declared: bool,
    others: Sequence[Truce],
    claims: pd.DataFrame | None,
    events: pd.DataFrame | None,
    processes: int,
) -> Findings:
    daily, truce, besides = effect.daily, effect.truce, _besides(effect.truce, others)
    where = {**choices.where, **conditions}

    def alternatives() -> Sensitivity | str:
        return find_sensitivity(
            incidents, effect, measure=choices.measure, coverage=choices.coverage, gaps=choices.gaps, where=where,
            allocation=choices.allocation, lag=choices.lag, retrieved_on=choices.retrieved_on,
        )  # fmt: skip

    with beside(alternatives, processes) as sensitivity:  # half of the arithmetic
        first, last = daily.coverage
        one = pd.Timedelta(days=1)
        until = min(last, truce.ended - one) if truce.ended else last
        spans = {
            f"{SHORT_SIDE} days on each side": (
                max(first, truce.effective - SHORT_SIDE * one),
                min(until, truce.effective + SHORT_SIDE * one - one),
            ),
            "all days covered": (first, until),
        }
        windows = {
            name: or_why_not(partial(estimate_truce_effect, daily, truce, window=span, other_truces=besides))
            for name, span in spans.items()
        }
        escalation, baseline_words = find_escalation(daily, effect, choices.baseline)
        return Findings(
            area=area,
            incidents=incidents,
            daily=daily,
            effect=effect,
            window_declared=declared,
            windows=windows,
            changes=or_why_not(partial(detect_changepoints, daily)),
            opinions=find_opinions(incidents, effect, measure=choices.measure, where=where),
            course=truce_course(daily, truce, other_truces=besides),
            escalation=escalation,
            baseline=baseline_words,
            claims=find_claims(daily, effect, claims) if claims is not None else None,
            truces=tuple(sorted([truce, *besides], key=lambda each: each.effective)),
            events=events,
            sensitivity=sensitivity(),
        )  # fmt: skip
