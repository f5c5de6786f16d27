"""Findings arranged into one self-contained page, with the numbers and figures beside it."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.errors import InputError
from conflictts.figures.sheet import Sheet
from conflictts.incidents.table import Incidents, Where
from conflictts.report import claims as claim_words
from conflictts.report import escalation as escalation_words
from conflictts.report import opinions as opinion_words
from conflictts.report import sensitivity as choice_words
from conflictts.report import wording
from conflictts.report.drawing import draw_figures
from conflictts.report.export import as_json, findings_schema
from conflictts.report.findings import Findings, find
from conflictts.series.allocation import Allocation
from conflictts.series.daily import Day, Measure
from conflictts.series.reporting import ReportingLag
from conflictts.truce.period import Truce

PAGE, NUMBERS, SCHEMA, SERIES, FIGURES = (
    *("report.html", "findings.json", "findings.schema.json", "series.csv", "figures"),
)
PARTS = (PAGE, NUMBERS, SCHEMA, SERIES, FIGURES)


def write_report(
    incidents: Incidents,
    truce: Truce,
    out: str | os.PathLike[str],
    *,
    measure: Measure = "civilians",
    coverage: tuple[Day, Day] | None = None,
    window: tuple[Day, Day] | None = None,
    where: Where | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    baseline: tuple[Day, Day] | None = None,
    other_truces: Iterable[Truce] = (),
    claims: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write what a truce changed as one HTML page, with its numbers (JSON, CSV) and figures (SVG, PNG) beside it.

    Parameters
    ----------
    incidents : Incidents
    truce : Truce
        The truce in question.
    out : path-like
        Folder to write. It is written aside and renamed, so that an interrupted run leaves an older report whole. An
        existing folder is replaced only if it holds a report and nothing else.
    measure, coverage, where, gaps, allocation, lag, retrieved_on
        As in `daily_series`.
    window : (first, last), optional
        As in `estimate_truce_effect`.
    baseline : (first, last), optional
        Days to compare the latest four weeks with; default the days compared before the truce.
    other_truces : iterable of Truce, optional
        Shown beside it, and named where they weaken the comparison.
    claims : DataFrame, optional
        As from `read_claims`; held against the series where that is not filtered.
    events : DataFrame, columns date and label, optional
        Context for the first figure.
    progress : callable, optional
        Told the name of each step.

    Returns
    -------
    Path
        Of the page, ``<out>/report.html``.

    Raises
    ------
    ConflictTSError
        As `daily_series` and `estimate_truce_effect`; also if `out` holds anything else, or cannot be written.
    """
    out = Path(out).expanduser().absolute()
    _refuse_foreign_folder(out)
    progress = progress or (lambda _: None)
    progress("counting days and fitting")
    findings = find(
        incidents, truce, measure=measure, coverage=coverage, window=window, where=where, gaps=gaps,
        allocation=allocation, lag=lag, retrieved_on=retrieved_on, baseline=baseline, other_truces=other_truces,
        claims=claims, events=events,
    )  # fmt: skip
    progress("drawing figures")
    figures = draw_figures(findings)
    progress("writing the page")
    made_on = _today()
    numbers = as_json(findings, version=importlib.metadata.version("conflictts"), made_on=made_on)
    page = _render(findings, figures, numbers)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"The folder {out} cannot be written ({error.strerror}). Name another with --out.") from None
    try:
        _write(aside, page, numbers, findings, figures)
        _replace(out, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out / PAGE


def _render(findings: Findings, figures: dict[str, tuple[str, Sheet]], numbers: dict[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("conflictts", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": wording.day,
        "count": wording.count,
        "rate": wording.rate,
        "ratio": wording.ratio,
        "share": wording.share,
        "decimal": wording.decimal,
    }
    others = findings.windows.items()
    changes = findings.changes
    return environment.get_template("page.html.j2").render(
        w=wording,
        told=claim_words,
        rising=escalation_words,
        beside=opinion_words,
        chosen=choice_words,
        f=findings,
        daily=findings.daily,
        effect=findings.effect,
        windows=[("this report", findings.effect), *((n, e) for n, e in others if not isinstance(e, str))],
        refusals=[(name, effect) for name, effect in others if isinstance(effect, str)],
        changes=None if isinstance(changes, str) else changes,
        no_changes=changes if isinstance(changes, str) else None,
        claims=findings.claims,
        opinions=findings.opinions,
        course=findings.course,
        sensitivity=None if isinstance(findings.sensitivity, str) else findings.sensitivity,
        no_sensitivity=findings.sensitivity if isinstance(findings.sensitivity, str) else None,
        escalation=None if isinstance(findings.escalation, str) else findings.escalation,
        no_escalation=findings.escalation if isinstance(findings.escalation, str) else None,
        events=_inside(findings.events, findings.daily.coverage),
        figures={name: (words, Markup(sheet.svg)) for name, (words, sheet) in figures.items()},
        ledger=findings.incidents.ledger,
        provenance=findings.incidents.provenance,
        numbers=numbers,
    )


def _inside(events: pd.DataFrame | None, coverage: tuple[pd.Timestamp, pd.Timestamp]) -> list[dict[str, Any]]:
    if events is None:
        return []
    return list(events[events["date"].between(*coverage)].to_dict("records"))


def _write(
    folder: Path, page: str, numbers: dict[str, Any], findings: Findings, figures: dict[str, tuple[str, Sheet]]
) -> None:
    (folder / FIGURES).mkdir()
    for name, (_, sheet) in figures.items():
        (folder / FIGURES / f"{name}.svg").write_text(sheet.svg, encoding="utf-8")
        (folder / FIGURES / f"{name}.png").write_bytes(sheet.png)
    findings.daily.table.to_csv(folder / SERIES, date_format="%Y-%m-%d", lineterminator="\n")
    text = json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
    (folder / SCHEMA).write_text(findings_schema(), encoding="utf-8")
    (folder / PAGE).write_text(page, encoding="utf-8")
    folder.chmod(0o755)


def _refuse_foreign_folder(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file, and a report needs a folder. Name another with --out.")
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in PARTS)
    if foreign:
        raise InputError(
            f"The folder {out} holds {foreign[0][:60]!r}, which is not part of a report and would be lost. "
            "Name an empty or a new folder with --out."
        )


def _replace(out: Path, aside: Path) -> None:
    """Put the new folder in the old one's place; the old one is whole until then and restored if that fails."""
    if not out.exists():
        aside.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    try:
        out.rename(old / "report")
        try:
            aside.rename(out)
        except OSError:
            (old / "report").rename(out)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _today() -> str:
    """The day of SOURCE_DATE_EPOCH where that is set, so that the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return moment.date().isoformat()
