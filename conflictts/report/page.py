"""Findings arranged into one self-contained page, with the numbers and figures beside it."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.incidents.table import Incidents, Where
from conflictts.report import claims as claim_words
from conflictts.report import escalation as escalation_words
from conflictts.report import opinions as opinion_words
from conflictts.report import sensitivity as choice_words
from conflictts.report import wording
from conflictts.report.drawing import Figures, draw_figures
from conflictts.report.export import as_json, findings_schema
from conflictts.report.findings import Findings, find
from conflictts.report.folder import refuse_foreign_folder, write_folder
from conflictts.report.language import Language, translator
from conflictts.series.allocation import Allocation
from conflictts.series.daily import Day, Measure
from conflictts.series.reporting import ReportingLag
from conflictts.truce.period import Truce

PAGE, NUMBERS, SCHEMA, SERIES, FIGURES = (
    *("report.html", "findings.json", "findings.schema.json", "series.csv", "figures"),
)
CONTENTS = {
    "truces": "The truce: announced, in force, detected",
    "effect": "What changed at the date",
    "changes": "Changes found without being told of any truce",
    "course": "How the truce lived",
    "claims": "What others counted",
    "sensitivity": "Other defensible choices",
    "escalation": "Rising or falling",
    "quality": "How good the data are",
    "methods": "How it was done, in plain words",
    "sources": "Sources and licences",
}
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
    language: Language = "en",
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write what a truce changed as one HTML page, with its numbers (JSON, CSV) and figures (SVG, PNG) beside it.

    Parameters
    ----------
    incidents : Incidents
    truce : Truce
        The truce in question.
    out : path-like
        Folder to write. It is written aside and put in an older one's place in one step, so that at every moment, and
        after an interrupted run too, the older report or the new one is there, whole. An existing folder is replaced
        only if it holds a report and nothing else.
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
    language : {"en", "fr"}, default "en"
        Of the page, its figures and the sentences in findings.json; names and words of the records stay as they are.
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

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1))
    >>> days = (invented.rates.index[0], invented.rates.index[-1])
    >>> with TemporaryDirectory() as folder:
    ...     page = ct.write_report(invented.incidents, ct.Truce(invented.truce), Path(folder, "out"), coverage=days)
    ...     print(*sorted(path.name for path in page.parent.iterdir()))
    figures findings.json findings.schema.json report.html series.csv
    """
    out = Path(out).expanduser().absolute()
    refuse_foreign_folder(out, PARTS)
    words = translator(language)
    progress = progress or (lambda _: None)
    progress("counting days and fitting")
    findings = find(
        incidents, truce, measure=measure, coverage=coverage, window=window, where=where, gaps=gaps,
        allocation=allocation, lag=lag, retrieved_on=retrieved_on, baseline=baseline, other_truces=other_truces,
        claims=claims, events=events,
    )  # fmt: skip
    progress("drawing figures")
    figures = draw_figures(findings, words)
    progress("writing the page")
    made_on = _today()
    version = importlib.metadata.version("conflictts")
    numbers = words.numbers(as_json(findings, version=version, made_on=made_on, language=language))
    page = words.page(_render(findings, figures, numbers))
    write_folder(out, _files(page, numbers, findings, figures))
    return out / PAGE


def _render(findings: Findings, figures: Figures, numbers: dict[str, Any]) -> str:
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
        figures={
            name: {"shows": drawn.shows, "svg": Markup(_with_text(drawn.sheet.svg, drawn.alternative))}
            for name, drawn in figures.items()
        },
        titles=CONTENTS,
        contents=[(name, title) for name, title in CONTENTS.items() if name != "claims" or findings.claims is not None],
        ledger=findings.incidents.ledger,
        provenance=findings.incidents.provenance,
        numbers=numbers,
    )


def _with_text(svg: str, alternative: str) -> str:
    """The drawing as one image with a text in its place, for those who hear the page."""
    from markupsafe import escape

    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative)}" ', 1)


def _inside(events: pd.DataFrame | None, coverage: tuple[pd.Timestamp, pd.Timestamp]) -> list[dict[str, Any]]:
    if events is None:
        return []
    return list(events[events["date"].between(*coverage)].to_dict("records"))


def _files(page: str, numbers: dict[str, Any], findings: Findings, figures: Figures) -> dict[str, bytes]:
    """Every file of the folder."""
    drawn: dict[str, bytes] = {}
    for name, figure in figures.items():
        drawn |= {f"{FIGURES}/{name}.svg": figure.sheet.svg.encode(), f"{FIGURES}/{name}.png": figure.sheet.png}
    series = findings.daily.table.to_csv(date_format="%Y-%m-%d", lineterminator="\n")
    text = json.dumps(numbers, ensure_ascii=False, indent=1, allow_nan=False)
    return {
        **drawn,
        SERIES: series.encode(),
        NUMBERS: f"{text}\n".encode(),
        SCHEMA: findings_schema().encode(),
        PAGE: page.encode(),
    }


def _today() -> str:
    """The day of SOURCE_DATE_EPOCH where that is set, so that the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return moment.date().isoformat()
