"""Findings arranged into one self-contained page, with the numbers and figures beside it."""

from __future__ import annotations

import datetime
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from conflictts.errors import InputError, UnknownNameError, require_kind
from conflictts.incidents.formulas import harmless
from conflictts.incidents.table import Incidents, Where
from conflictts.report import claims as claim_words
from conflictts.report import escalation as escalation_words
from conflictts.report import opinions as opinion_words
from conflictts.report import sensitivity as choice_words
from conflictts.report import wording
from conflictts.report.again import recipe_of, versions
from conflictts.report.drawing import FIGURES, Figures, as_files, draw_figures, draw_overview
from conflictts.report.export import NUMBERS, SCHEMA, as_json, numbers_files
from conflictts.report.findings import Choices, Findings, Refused, check_areas, find_all
from conflictts.report.first import compile_rest
from conflictts.report.folder import refuse_foreign_folder, write_folder
from conflictts.report.glossary import GLOSSARY
from conflictts.report.language import Language, Translator, translator
from conflictts.report.links import name_links
from conflictts.report.print import as_pdf, require_weasyprint
from conflictts.series.allocation import Allocation
from conflictts.series.daily import Day, Measure
from conflictts.series.reporting import ReportingLag
from conflictts.truce.compiling import told_of_compiling
from conflictts.truce.growth import WINDOW_DAYS
from conflictts.truce.period import Truce

PAGE, PRINT, SERIES, RECIPE = "report.html", "report.pdf", "series.csv", "report.toml"
WEEKS, PLACES = "weeks.csv", "places.csv"  # of an anonymised report
Format = Literal["html", "json", "csv", "figures", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
USUAL: tuple[Format, ...] = ("html", "json", "csv", "figures")  # all that need nothing but what is always installed
SECTIONS = {  # of each area and truce
    "truces": "The truce: announced, in force, detected",
    "effect": "What changed at the date",
    "changes": "Changes found without being told of any truce",
    "course": "How the truce lived",
    "claims": "What others counted",
    "sensitivity": "Other defensible choices",
    "escalation": "Rising or falling",
}
SHARED = {  # by all of them
    "quality": "How good the data are",
    "methods": "How it was done, in plain words",
    "glossary": "What the words mean",
    "sources": "Sources and licences",
    "again": "How to make this report again",
}
CONTENTS = SECTIONS | SHARED
PARTS = (PAGE, PRINT, NUMBERS, SCHEMA, SERIES, FIGURES, RECIPE, WEEKS, PLACES)
TABLES = {  # where the numbers of a figure stand: a table of the page, or a file
    "daily": SERIES,
    "calendar": SERIES,
    "effect": "#table-windows",
    "sources": "#table-sources",
    "diagnostics": "#table-diagnostics",
    "changes": "#table-regimes",
    "onset": NUMBERS,
    "course": "#table-course",
    "sensitivity": "#table-choices",
    "phases": "#table-phases",
    "growth": NUMBERS,
}


def write_report(
    incidents: Incidents,
    truces: Truce | Sequence[Truce],
    out: str | os.PathLike[str],
    *,
    measure: Measure = "civilians",
    coverage: tuple[Day, Day] | None = None,
    window: tuple[Day, Day] | Mapping[str, tuple[Day, Day]] | None = None,
    where: Where | None = None,
    areas: Mapping[str, Where] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    baseline: tuple[Day, Day] | None = None,
    draws: int | None = None,
    seed: int = 1,
    other_truces: Iterable[Truce] = (),
    claims: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    formats: Collection[Format] = USUAL,
    language: Language = "en",
    anonymise: int | None = None,
    processes: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write what changed at truces as one HTML page, with its numbers (JSON, CSV) and figures (SVG, PNG) beside it.

    Parameters
    ----------
    incidents : Incidents
    truces : Truce or sequence of Truce
        The truces in question. With several, or with several areas, the page begins with a table of all comparisons,
        and each has its part; one that the data cannot carry is listed with the reason and stops no other.
    out : path-like
        Folder to write. It is written aside and put in an older one's place in one step, so that at every moment, and
        after an interrupted run too, the older report or the new one is there, whole. An existing folder is replaced
        only if it holds a report and nothing else.
    measure, coverage, where, gaps, allocation, lag, retrieved_on
        As in `daily_series`.
    window : (first, last), or mapping of truce name to (first, last), optional
        As in `estimate_truce_effect`; a single one for a single truce.
    areas : mapping of name to conditions, optional
        Areas to compare in, each as in `where`, and under `where` too. Default: one area, that of `where`.
    baseline : (first, last), optional
        Days to compare the latest four weeks with; default the days compared before the truce.
    draws : int, optional
        As in `daily_series`: intervals then hold how surely the records are dated.
    seed : int, default 1
        Of the draws.
    other_truces : iterable of Truce, optional
        Shown beside them, and named where they weaken a comparison.
    claims : DataFrame, optional
        As from `read_claims`; held against a series that is not filtered by any condition.
    events : DataFrame, columns date and label, optional
        Context for the first figure.
    formats : collection of {"html", "json", "csv", "figures", "pdf"}, default all but "pdf"
        What the folder holds: the page, findings.json and its schema, series.csv, the figures as SVG and PNG, the page
        as tagged PDF (by WeasyPrint: ``pip install '.[pdf]'`` in the project's folder).
    language : {"en", "fr"}, default "en"
        Of the page, its figures and the sentences in findings.json; names and words of the records stay as they are.
    anonymise : int, optional
        Write a page that tells nothing of single records: whole weeks, and cells of a tenth of a degree, in which a
        toll or a number of incidents from 1 to one less than this is withheld and all other counts are rounded to its
        multiples; totals, rates and ratios from these alone. 5 is usual. Claims, events and other truces are left out.
    processes : int, default 1
        With 2 or more, on Linux, half of the work is done in a forked copy of this process, at the same time. The
        report is the same. Leave it at 1 where threads are running, as in a notebook.
    progress : callable, optional
        Told the name of each step.

    Returns
    -------
    Path
        Of the page, ``<out>/report.html``; of the folder where no page is asked for.

    Raises
    ------
    ConflictTSError
        As `daily_series` and `estimate_truce_effect`, where not a single comparison can be made; if an area, a format
        or a language is not one; if `out` holds anything else, or cannot be written; if what a PDF needs is asked for
        and not installed; if an anonymised report is asked for of areas that share records, of a single place or
        source, or with a threshold under 3.

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
    require_kind(
        incidents,
        Incidents,
        "incidents",
        "A report counts records: read_incidents(path). Of counts alone, estimate_truce_effect(daily, truce) gives the "
        "numbers.",
    )
    asked = [truces] if isinstance(truces, Truce | str) or not isinstance(truces, Iterable) else list(truces)
    for each in asked:
        require_kind(each, Truce, "truces", "Make it: Truce('YYYY-MM-DD'), or several of them in a list.")
    out = Path(out).expanduser().absolute()
    refuse_foreign_folder(out, PARTS)
    words = translator(language)
    progress = progress or (lambda _: None)
    chosen = areas if areas is not None else {"": {}}
    _check_asked(asked, window, formats)
    if "pdf" in formats:
        require_weasyprint()
    check_areas(chosen, where or {})
    choices = Choices(
        measure=measure, coverage=coverage, gaps=tuple(gaps), where=where or {}, allocation=allocation, lag=lag,
        retrieved_on=retrieved_on, baseline=baseline, draws=draws, seed=seed,
    )  # fmt: skip
    others, windows = list(other_truces), _windows(asked, window)
    if anonymise is not None:
        from conflictts.report.anonymised import write_anonymised

        return write_anonymised(
            incidents, asked, out, k=anonymise, areas=chosen, choices=choices, windows=windows, formats=formats,
            words=words, progress=progress,
        )  # fmt: skip
    with told_of_compiling(lambda: progress("compiling, once after the installation: 10 to 30 seconds")):
        compile_rest(processes)
        found, refused = find_all(
            incidents, asked, chosen, choices=choices, windows=windows, other_truces=others, claims=claims,
            events=events, processes=processes, progress=progress,
        )  # fmt: skip
    recipe = recipe_of(
        incidents, asked, chosen, choices=choices, windows=windows,
        other_truces=[each for each in others if each.effective not in {truce.effective for truce in asked}],
        claims=claims, events=events, formats=formats, language=language,
    )  # fmt: skip
    report = Report(found, refused, words, processes, progress)
    progress("writing the page")
    numbers = as_json(found, refused, versions=versions(), recipe=recipe, made_on=today(), language=language)
    files: dict[str, bytes] = {RECIPE: recipe.encode()} if recipe else {}
    if "figures" in formats:
        files |= report.drawn()
    if "csv" in formats:
        files[SERIES] = _series(found)
    if "json" in formats:
        files |= numbers_files(words.numbers(numbers), "report")
    if {"html", "pdf"} & set(formats):
        files |= page_files(words.page(report.page(numbers, formats)), formats, progress)
    write_folder(out, files)
    return out / PAGE if "html" in formats else out


def page_files(page: str, formats: Collection[str], progress: Callable[[str], None]) -> dict[str, bytes]:
    """A page in its language as the files that are asked for."""
    page, files = name_links(page), {}
    if "html" in formats:
        files[PAGE] = page.encode()
    if "pdf" in formats:
        progress("laying out the PDF")
        files[PRINT] = as_pdf(page)
    return files


def _check_asked(truces: Sequence[Truce], window: object, formats: Collection[str]) -> None:
    if not truces:
        raise InputError("`truces` is empty. Give one truce or several.")
    names = [truce.name for truce in truces]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(f"Two truces are called {twice[0]!r}. Name them apart: Truce(..., name=...).")
    if isinstance(window, Mapping):
        unknown = [name for name in window if name not in names]
        if unknown:
            raise UnknownNameError(f"`window` names no truce {unknown[0]!r}. Name one of {', '.join(names)}.")
    elif window is not None and len(truces) > 1:
        raise InputError(
            "One window cannot serve several truces. Give a mapping from each truce's name to its window, or none."
        )
    strange = [each for each in formats if each not in FORMATS]
    if strange or not formats:
        raise UnknownNameError(
            f"No format {strange[0]!r}." if strange else f"No format is asked for. Choose among {', '.join(FORMATS)}."
        )


def _windows(
    truces: Sequence[Truce], window: tuple[Day, Day] | Mapping[str, tuple[Day, Day]] | None
) -> Mapping[str, tuple[Day, Day]]:
    if window is None or isinstance(window, Mapping):
        return window or {}
    return {truces[0].name: window}


class Report:
    """The parts of a page: each area and truce with its drawings, and what all share.

    Attributes
    ----------
    found : list of Findings
    refused : list of Refused
    words : Translator
    """

    def __init__(
        self,
        found: list[Findings],
        refused: list[Refused],
        words: Translator,
        processes: int,
        progress: Callable[[str], None],
    ) -> None:
        """Draw the figures, those of an area with its first truce alone."""
        self.found, self.refused, self.words = found, refused, words
        self.single = len(found) == 1 and not refused
        self.places = [""] if self.single else _places(found)
        areas = [each.area for each in found]
        self.first = [areas.index(area) == position for position, area in enumerate(areas)]
        self.home = [self.places[areas.index(area)] for area in areas]
        self.figures: list[Figures] = []
        for position, (each, place, first) in enumerate(zip(found, self.places, self.first, strict=True), start=1):
            progress(f"figures {position} of {len(found)}")
            self.figures.append(draw_figures(each, words, prefix=place, first=first, processes=processes))
        self.overview: Figures = {} if self.single else draw_overview(found, words)

    def drawn(self) -> dict[str, bytes]:
        """Every figure as two files."""
        files: dict[str, bytes] = {}
        for place, figures in zip(["", *self.places], [self.overview, *self.figures], strict=True):
            files |= as_files(figures, place)
        return files

    def page(self, numbers: dict[str, Any], formats: Collection[str]) -> str:
        """The page in English."""
        from markupsafe import Markup

        environment = templates()

        def render(name: str, **context: Any) -> Markup:
            return Markup(environment.get_template(f"{name}.html.j2").render(**context))

        parts = []
        for position, findings in enumerate(self.found):
            context = self._context(position, formats)
            told = {name: render(name, **context) for name in ("numbers", "opening", "sections", "quality")}
            parts.append({**told, "area": findings.area, "effect": findings.effect, "p": context["p"],
                          "kicker": _kicker(findings)})  # fmt: skip
        first = self.found[0]
        overview = ""
        if self.overview:
            overview = render("overview", p="", figures=embedded(self.overview, formats), formats=formats)
        has = {"claims": any(each.claims is not None for each in self.found)}
        contents = [("", name, title) for name, title in CONTENTS.items() if has.get(name, True)]
        if not self.single:
            contents = [
                *((part["area"], f"{part['p']}case", part["effect"].truce.name) for part in parts),
                *(("", name, title) for name, title in SHARED.items()),
            ]
        beside_it = [(NUMBERS, SCHEMA)] * ("json" in formats) + [(SERIES, "")] * ("csv" in formats)
        whole = render(
            "report", w=wording, beside=opinion_words, titles=CONTENTS, found=self.found, refused=self.refused,
            single=self.single, effect=first.effect, unit=first.daily.unit, level=first.effect.level,
            kicker=_kicker(first) if self.single else _kicker_of_all(self.found), cases=parts,
            firsts=[part for part, is_first in zip(parts, self.first, strict=True) if is_first],
            rows=self._rows(parts),
            overview=overview, contents=contents, left_out=numbers["areas_without_records"],
            methods={each.effect.method for each in self.found},
            window_days=next((each.escalation.window_days for each in self.found
                              if not isinstance(each.escalation, str)), WINDOW_DAYS),
            ledger=first.incidents.ledger, provenance=first.incidents.provenance, files=numbers["source"]["files"],
            glossary=GLOSSARY, recipe=numbers["recipe"], versions=numbers["versions"], made_on=numbers["made_on"],
            made_by=numbers["made_by"], beside_it=beside_it,
        )  # fmt: skip
        return str(whole)

    def _rows(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One line for each area and truce, area by area, those that could not be compared below the others."""
        rows = [{**part, "truce": part["effect"].truce, "reason": ""} for part in parts]
        rows += [{"area": each.area, "truce": each.truce, "reason": each.reason} for each in self.refused]
        areas = list(dict.fromkeys(row["area"] for row in rows))
        return sorted(rows, key=lambda row: (areas.index(row["area"]), row["reason"] != ""))

    def _context(self, position: int, formats: Collection[str]) -> dict[str, Any]:
        """What the part of one area and truce speaks of."""
        findings = self.found[position]
        others, changes = findings.windows.items(), findings.changes
        return {
            "w": wording,
            "told": claim_words,
            "rising": escalation_words,
            "beside": opinion_words,
            "chosen": choice_words,
            "f": findings,
            "daily": findings.daily,
            "effect": findings.effect,
            "weaknesses": [
                (sentence, {"table-rows": "", "account": self.home[position]}.get(table, self.places[position]) + table)
                for sentence, table in wording.weaknesses(findings)
            ],
            "windows": [("this report", findings.effect), *((n, e) for n, e in others if not isinstance(e, str))],
            "refusals": [(name, effect) for name, effect in others if isinstance(effect, str)],
            "changes": None if isinstance(changes, str) else changes,
            "no_changes": changes if isinstance(changes, str) else None,
            "claims": findings.claims,
            "opinions": findings.opinions,
            "course": findings.course,
            "sensitivity": None if isinstance(findings.sensitivity, str) else findings.sensitivity,
            "no_sensitivity": findings.sensitivity if isinstance(findings.sensitivity, str) else None,
            "escalation": None if isinstance(findings.escalation, str) else findings.escalation,
            "no_escalation": findings.escalation if isinstance(findings.escalation, str) else None,
            "events": _inside(findings.events, findings.daily.coverage),
            "figures": embedded(self.figures[position], formats),
            "titles": CONTENTS,
            "provenance": findings.incidents.provenance,
            "formats": formats,
            "single": self.single,
            "first": self.first[position],
            "p": self.places[position],
            "home": self.home[position],
            "h": 2 if self.single else 3,
        }


def _places(found: Sequence[Findings]) -> list[str]:
    """What begins every anchor and file name of an area and truce: its name in plain letters, and the truce's day."""
    areas = list(dict.fromkeys(each.area for each in found))
    plain = []
    for number, area in enumerate(areas, start=1):
        letters = unicodedata.normalize("NFKD", area).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40]
        plain.append(slug if slug and slug[0].isalpha() else f"area-{number}")
    plain = [f"{slug}-{number}" if plain.count(slug) > 1 else slug for number, slug in enumerate(plain, start=1)]
    days = [f"{plain[areas.index(each.area)]}-{each.effect.truce.effective:%Y-%m-%d}" for each in found]
    return [f"{day}-{days[:place].count(day) + 1}-" if days.count(day) > 1 else f"{day}-"
            for place, day in enumerate(days)]  # fmt: skip


def _kicker(findings: Findings) -> str:
    daily = findings.daily
    named = f"{findings.area} · " if findings.area and findings.area not in daily.area else ""
    return f"{named}{daily.area} · {daily.unit} · {wording.days(*findings.effect.window)} · {daily.source}"


def _kicker_of_all(found: Sequence[Findings]) -> str:
    daily = found[0].daily
    source = found[0].incidents.provenance.area
    return " · ".join(part for part in (source, daily.unit, wording.days(*daily.coverage), daily.source) if part)


def templates() -> Any:
    """The jinja2 environment of the pages: every text escaped, numbers said as in the sentences."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

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
    return environment


def embedded(figures: Figures, formats: Collection[str]) -> dict[str, dict[str, Any]]:
    """Every drawing as it stands in the page, with where its numbers stand."""
    from markupsafe import Markup

    absent = {file for file, made_by in ((SERIES, "csv"), (NUMBERS, "json")) if made_by not in formats}
    made = {}
    for name, drawn in figures.items():
        table = TABLES.get(name, "#table-claims" if name.startswith(("claims-", "coverage")) else "")
        svg = Markup(_with_text(drawn.sheet.svg, drawn.alternative))
        made[name] = {"shows": drawn.shows, "svg": svg, "table": "" if table in absent else table}
    return made


def _with_text(svg: str, alternative: str) -> str:
    """The drawing as one image with a text in its place, for those who hear the page."""
    from markupsafe import escape

    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative)}" ', 1)


def _inside(events: pd.DataFrame | None, coverage: tuple[pd.Timestamp, pd.Timestamp]) -> list[dict[str, Any]]:
    if events is None:
        return []
    return list(events[events["date"].between(*coverage)].to_dict("records"))


def _series(found: Sequence[Findings]) -> bytes:
    """The daily series of every area, one below the other."""
    series = {each.area: each.daily.table for each in reversed(found)}
    table = pd.concat([
        daily.rename_axis("date").reset_index().assign(area=harmless(area)) for area, daily in reversed(series.items())
    ])  # fmt: skip
    table = table[["area", *(name for name in table if name != "area")]]
    return str(table.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")).encode()


def today() -> str:
    """The day of SOURCE_DATE_EPOCH where that is set, so that the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return moment.date().isoformat()
