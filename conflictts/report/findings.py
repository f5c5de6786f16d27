"""Everything the report states, computed once: from incidents and a truce to plain numbers and tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.incidents.table import Incidents, Where
from conflictts.series.allocation import Allocation
from conflictts.series.claims import hold_claims
from conflictts.series.daily import DailySeries, Day, Measure, daily_series
from conflictts.truce.changepoints import Changepoints, detect_changepoints
from conflictts.truce.effect import TruceEffect, estimate_truce_effect
from conflictts.truce.period import Truce

SCHEMA_VERSION = 1
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
    held : DataFrame or None
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
    held: pd.DataFrame | None
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
    allocation: Allocation,
    other_truces: Iterable[Truce],
    claims: pd.DataFrame | None,
    events: pd.DataFrame | None,
) -> Findings:
    """Compute all that a report states; parameters as in `write_report`."""
    daily = daily_series(incidents, measure=measure, coverage=coverage, allocation=allocation, where=where)
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
    held = hold_claims(daily, claims) if claims is not None and not where else None
    return Findings(
        incidents=incidents,
        daily=daily,
        effect=effect,
        windows=windows,
        changes=changes,
        held=held if held is not None and len(held) else None,
        truces=tuple(sorted([truce, *others], key=lambda each: each.effective)),
        events=events,
    )


def as_json(findings: Findings, *, version: str, made_on: str) -> dict[str, Any]:
    """The findings as plain JSON values; dates as YYYY-MM-DD, a missing number as null."""
    daily, provenance, ledger = findings.daily, findings.incidents.provenance, findings.incidents.ledger
    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": f"conflictts {version}",
        "made_on": made_on,
        "source": {
            "provider": provenance.provider,
            "release": provenance.release,
            "files": [
                {"name": name, "sha256": digest}
                for name, digest in zip(provenance.files, provenance.sha256, strict=True)
            ],
            "licence": provenance.licence,
            "citation": provenance.citation,
        },
        "series": {
            "measure": daily.measure,
            "unit": daily.unit,
            "area": daily.area,
            "coverage": [_plain(day) for day in daily.coverage],
            "allocation": daily.allocation,
            "allocated_share": daily.allocated,
            "records_without_lower_bound": daily.no_lower_bound,
            "records_without_upper_bound": daily.no_upper_bound,
            "unobserved_days": int(daily.counts.isna().sum()),
            "account": _rows(daily.account),
        },
        "ledger": {
            "read": ledger.read,
            "used": ledger.used,
            "quarantined": ledger.n_quarantined,
            "summary": _rows(ledger.summary()),
            "warnings": _rows(ledger.warnings),
        },
        "truce": {
            "name": findings.effect.truce.name,
            "announced": _plain(findings.effect.truce.announced),
            "effective": _plain(findings.effect.truce.effective),
            "ended": _plain(findings.effect.truce.ended),
        },
        "effect": _effect_json(findings.effect),
        "other_windows": {name: _effect_json(effect) for name, effect in findings.windows.items()},
        "changes": _changes_json(findings.changes),
        "claims": _rows(findings.held) if findings.held is not None else [],
    }


def _effect_json(effect: TruceEffect | str) -> dict[str, Any]:
    if isinstance(effect, str):
        return {"refused": effect}
    return {
        "window": [_plain(day) for day in effect.window],
        "method": effect.method,
        "level": effect.level,
        "rates": _rows(effect.rates.rename_axis("side").reset_index()),
        "estimates": _rows(effect.summary().rename_axis("quantity").reset_index()),
        "dispersion": effect.alpha,
        "variance_inflation": effect.inflation,
        "warnings": list(effect.warnings),
    }


def _changes_json(changes: Changepoints | str) -> dict[str, Any]:
    if isinstance(changes, str):
        return {"refused": changes}
    return {
        "level": changes.level,
        "changes": [
            {"best_point": _plain(date), "location_set": [_plain(day) for day in location_set]}
            for date, location_set in zip(changes.dates, changes.location_sets, strict=True)
        ],
        "regimes": _rows(changes.regimes),
        "size": changes.size,
        "long_run_factor": changes.factor,
        "penalty": changes.penalty,
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    return value
