"""Findings in, plain JSON values out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Literal, get_args

import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import Ledger
from conflictts.report import wording
from conflictts.report.escalation import comparisons_in_words, phases_in_words
from conflictts.report.findings import Findings, Refused
from conflictts.report.opinions import SEED, Opinions, turned_as_far
from conflictts.report.sensitivity import choices_in_words
from conflictts.truce.changepoints import Changepoints
from conflictts.truce.course import TruceCourse
from conflictts.truce.effect import TruceEffect
from conflictts.truce.escalation import Escalation
from conflictts.truce.period import Truce
from conflictts.truce.sensitivity import Sensitivity

NUMBERS, SCHEMA = "findings.json", "findings.schema.json"
SCHEMA_VERSION = 7  # as in findings.schema.json
PANEL_VERSION = 2  # as in panel.schema.json
Kind = Literal["report", "panel", "anonymised"]


def findings_schema(of: Kind = "report") -> str:
    """The JSON Schema that every findings.json of this version meets, as text.

    Parameters
    ----------
    of : {"report", "panel", "anonymised"}, default "report"
        Of `write_report`, of `write_panel_report`, or of `write_report` with `anonymise`.

    Returns
    -------
    str
        JSON Schema, draft 2020-12: names, types and units. `schema_version` rises when a name or its meaning changes.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> import json
    >>> import conflictts as ct
    >>> json.loads(ct.findings_schema())["$id"]
    'urn:conflictts:findings:7'
    """
    if not isinstance(of, str) or of not in get_args(Kind):
        raise UnknownNameError(f"No page {of!r} has findings. Choose one of {', '.join(get_args(Kind))}.")
    name = {"report": "findings.schema.json"}.get(of, f"{of}.schema.json")
    return files("conflictts").joinpath("report", name).read_text(encoding="utf-8")


def numbers_files(numbers: dict[str, Any], of: Kind) -> dict[str, bytes]:
    """The numbers of a page as a file, and the schema that it meets."""
    text = json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False)
    return {NUMBERS: f"{text}\n".encode(), SCHEMA: findings_schema(of).encode()}


def as_json(
    found: Sequence[Findings],
    refused: Sequence[Refused],
    *,
    versions: dict[str, str],
    recipe: str,
    inputs: Sequence[Input],
    made_on: str,
    language: str = "en",
) -> dict[str, Any]:
    """The findings as plain JSON values; dates as YYYY-MM-DD, a missing or endless number as null."""
    provenance, ledger = found[0].incidents.provenance, found[0].incidents.ledger
    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": f"conflictts {versions['conflictts']}",
        "made_on": made_on,
        "language": language,
        "versions": versions,
        "recipe": recipe,
        "inputs": [asdict(each) for each in inputs],
        "source": {
            "provider": provenance.provider,
            "release": provenance.release,
            "query": provenance.query,
            "column_map": {"sha256": provenance.column_map_sha256, "toml": provenance.column_map}
            if provenance.column_map
            else None,
            "retrieved_on": _plain(provenance.retrieved_on),
            "data_through": _plain(provenance.data_through),
            "caveat": provenance.caveat,
            "licence": provenance.licence,
            "citation": provenance.citation,
        },
        "ledger": ledger_json(ledger),
        "findings": [_findings_json(each) for each in found],
        "not_compared": [
            {"area": each.area, "truce": _truce_json(each.truce), "reason": each.reason} for each in refused
        ],
        "areas_without_records": list(dict.fromkeys(each.area for each in refused if each.no_record)),
    }


def ledger_json(ledger: Ledger) -> dict[str, Any]:
    """What became of every row read."""
    return {
        "read": ledger.read,
        "used": ledger.used,
        "quarantined": ledger.n_quarantined,
        "summary": rows_of(ledger.summary()),
        "warnings": rows_of(ledger.warnings),
    }


def _findings_json(findings: Findings) -> dict[str, Any]:
    daily = findings.daily
    before, after = wording.silent_ends(daily, *wording.recorded(findings))
    return {
        "area": findings.area,
        "truce": _truce_json(findings.effect.truce),
        "sentences": _sentences(findings),
        "series": {
            "measure": daily.measure,
            "unit": daily.unit,
            "area": daily.area,
            "coverage": [_plain(day) for day in daily.coverage],
            "allocation": daily.allocation,
            "allocated_share": daily.allocated,
            "records_without_lower_bound": daily.no_lower_bound,
            "records_without_upper_bound": daily.no_upper_bound,
            "unobserved_days": int((daily.table["status"] == "unobserved").sum()),
            "provisional_days": int((daily.table["status"] == "provisional").sum()),
            "days_before_any_record": len(before),
            "days_after_all_records": len(after),
            "reporting_lag": daily.reporting_lag,
            "account": rows_of(daily.account),
        },
        "effect": _effect_json(findings.effect),
        "other_windows": {name: _effect_json(effect) for name, effect in findings.windows.items()},
        "second_opinions": _opinions_json(findings.opinions),
        "changes": _changes_json(findings.changes),
        "sensitivity": _sensitivity_json(findings.sensitivity),
        "course": _course_json(findings.course),
        "claims": rows_of(findings.claims.held) if findings.claims else [],
        "claims_by_body": rows_of(findings.claims.by_body.reset_index()) if findings.claims else [],
        "coverage_by_body": rows_of(findings.claims.bias.reset_index()) if findings.claims else [],
        "effect_fitted_to_claims": [
            {"body": each.body, "claims": list(each.claims), "effect": _effect_json(each.effect)}
            for each in (findings.claims.fitted if findings.claims else ())
        ],
        "escalation": _escalation_json(findings.escalation, findings.baseline),
    }


def _truce_json(truce: Truce) -> dict[str, Any]:
    return {
        "name": truce.name,
        "announced": _plain(truce.announced),
        "effective": _plain(truce.effective),
        "ended": _plain(truce.ended),
    }


def _sentences(findings: Findings) -> dict[str, Any]:
    """What the page says in words, as whole sentences."""
    found, rising = findings.sensitivity, findings.escalation
    return {
        "headline": wording.headline(findings.effect),
        "averted": wording.averted(findings.effect),
        "weaknesses": [sentence for sentence, _ in wording.weaknesses(findings)],
        "changes": []
        if isinstance(findings.changes, str)
        else wording.changes_in_words(findings.changes, findings.effect.truce),
        "course": findings.course.sentence(),
        "sensitivity": [] if isinstance(found, str) else choices_in_words(found),
        "escalation": []
        if isinstance(rising, str)
        else comparisons_in_words(rising, findings.baseline) + phases_in_words(rising),
    }


def _effect_json(effect: TruceEffect | str) -> dict[str, Any]:
    if isinstance(effect, str):
        return {"refused": effect}
    return {
        "window": [_plain(day) for day in effect.window],
        "method": effect.method,
        "level": effect.level,
        "rates": rows_of(effect.rates.rename_axis("side").reset_index()),
        "estimates": rows_of(effect.summary().rename_axis("quantity").reset_index()),
        "dispersion": effect.alpha,
        "variance_inflation": effect.inflation,
        "warnings": list(effect.warnings),
        "checks": rows_of(effect.checks.rename_axis("check").reset_index()),
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
        "regimes": rows_of(changes.regimes),
        "size": changes.size,
        "long_run_factor": changes.factor,
        "odds": changes.odds,
    }


def _opinions_json(opinions: Opinions) -> dict[str, Any]:
    onset, mix, found, placebos = opinions.onset, opinions.mix, opinions.diagnostics, opinions.placebos
    return {
        "seed": SEED,
        "bounds": rows_of(opinions.envelope.rename_axis("bound").reset_index()),
        "shift_test": {
            "p_value": opinions.shift.p_value,
            "turns": len(opinions.shift.log_ratios),
            "as_far": turned_as_far(opinions.shift),
        },
        "placebos": {"refused": placebos} if isinstance(placebos, str) else rows_of(placebos.steps.reset_index()),
        "diagnostics": {"refused": found} if isinstance(found, str) else rows_of(found.table.reset_index()),
        "source_mix": {"refused": mix}
        if isinstance(mix, str)
        else {
            "table": rows_of(mix.table),
            "changes": rows_of(mix.changes.reset_index()),
            "warnings": list(mix.warnings),
        },
        "onset": {"refused": onset}
        if isinstance(onset, str)
        else {
            "p_value": onset.p_value,
            "level": onset.level,
            "first_day_set": [_plain(day) for day in onset.onset_set],
            "best_point": _plain(onset.detected),
            "rate_before": _plain(onset.rate_before),
            "rate_after": _plain(onset.rate_after),
            "other_changes": [_plain(day) for day in onset.other_changes],
            "evidence": rows_of(onset.evidence.rename_axis("date").reset_index(name="evidence")),
        },
    }


def _sensitivity_json(found: Sensitivity | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"refused": found}
    return {
        "finding": found.finding,
        "level": found.level,
        "combinations": len(found.table),
        "answered": found.answered,
        "share_standing": found.share,
        "scopes": {name: dict(where) for name, where in found.scopes.items()},
        "influence": rows_of(found.influence.reset_index()),
        "options": rows_of(found.summary().reset_index()),
        "table": rows_of(found.table),
    }


def _course_json(course: TruceCourse) -> dict[str, Any]:
    erosion = course.erosion
    return {
        "outcome": course.outcome,
        "collapse_share": course.share,
        "level": course.level,
        "phases": rows_of(course.phases),
        "erosion": None
        if erosion is None
        else {
            "per_week": _plain(erosion.per_week),
            "lower": _plain(erosion.lower),
            "upper": _plain(erosion.upper),
            "back_at": rows_of(erosion.back.rename_axis("share").reset_index()),
        },
        "reasons": list(course.reasons),
    }


def _escalation_json(escalation: Escalation | str, baseline: str) -> dict[str, Any]:
    if isinstance(escalation, str):
        return {"refused": escalation}
    return {
        "rule": escalation.rule,
        "level": escalation.level,
        "baseline": baseline,
        "comparisons": rows_of(escalation.comparisons.rename_axis("other").reset_index()),
        "phases": rows_of(escalation.phases),
        "weeks": rows_of(escalation.weeks),
        "growth": rows_of(escalation.growth.reset_index()),
        "warnings": list(escalation.warnings),
    }


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as JSON holds it: days as text, None where there is no number."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
