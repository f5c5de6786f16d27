"""Everything the report states, computed once: from incidents and a truce to plain numbers and tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.incidents.table import Incidents, Where
from conflictts.report.claims import ClaimFindings, find_claims
from conflictts.report.escalation import find_escalation
from conflictts.report.opinions import Opinions, find_opinions
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
class Findings:
    """What one report states.

    Attributes
    ----------
    incidents : Incidents
    daily : DailySeries
    effect : TruceEffect
        Over the declared window.
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

    incidents: Incidents
    daily: DailySeries
    effect: TruceEffect
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


def find(
    incidents: Incidents,
    truce: Truce,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None,
    window: tuple[Day, Day] | None,
    where: Where | None,
    gaps: Iterable[tuple[Day, Day]],
    allocation: Allocation,
    lag: ReportingLag | int | None,
    retrieved_on: Day | None,
    baseline: tuple[Day, Day] | None,
    other_truces: Iterable[Truce],
    claims: pd.DataFrame | None,
    events: pd.DataFrame | None,
) -> Findings:
    """Compute all that a report states; parameters as in `write_report`."""
    gaps = list(gaps)
    daily = daily_series(
        incidents, measure=measure, coverage=coverage, gaps=gaps, allocation=allocation, where=where, lag=lag,
        retrieved_on=retrieved_on,
    )  # fmt: skip
    others = [other for other in other_truces if other.effective != truce.effective]
    effect = estimate_truce_effect(daily, truce, window=window, other_truces=others)
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
    windows: dict[str, TruceEffect | str] = {}
    for name, span in spans.items():
        try:
            windows[name] = estimate_truce_effect(daily, truce, window=span, other_truces=others)
        except TooLittleData as refusal:
            windows[name] = str(refusal)
    changes: Changepoints | str
    try:
        changes = detect_changepoints(daily)
    except TooLittleData as refusal:
        changes = str(refusal)
    escalation, baseline_words = find_escalation(daily, effect, baseline)
    return Findings(
        incidents=incidents,
        daily=daily,
        effect=effect,
        windows=windows,
        changes=changes,
        opinions=find_opinions(incidents, effect, measure=measure, where=where),
        sensitivity=find_sensitivity(
            incidents,
            effect,
            measure=measure,
            coverage=coverage,
            gaps=gaps,
            where=where,
            allocation=allocation,
            lag=lag,
            retrieved_on=retrieved_on,
        ),
        course=truce_course(daily, truce, other_truces=others),
        escalation=escalation,
        baseline=baseline_words,
        claims=find_claims(daily, effect, claims) if claims is not None and not where else None,
        truces=tuple(sorted([truce, *others], key=lambda each: each.effective)),
        events=events,
    )
