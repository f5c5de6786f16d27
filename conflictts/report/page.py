"""Findings arranged into one self-contained page, and a page as files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pandas as pd

from conflictts.report import claims as claim_words
from conflictts.report import escalation as escalation_words
from conflictts.report import opinions as opinion_words
from conflictts.report import sensitivity as choice_words
from conflictts.report import wording
from conflictts.report.drawing import Figures, as_files, draw_figures, draw_overview
from conflictts.report.export import NUMBERS, SCHEMA
from conflictts.report.findings import Findings, Refused
from conflictts.report.glossary import GLOSSARY
from conflictts.report.language import Translator
from conflictts.report.legible import legible
from conflictts.report.links import name_links
from conflictts.report.print import as_pdf
from conflictts.series.numerals import p_alone
from conflictts.truce.growth import WINDOW_DAYS

PAGE, PRINT, SERIES = "report.html", "report.pdf", "series.csv"
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
TABLES = {  # where the numbers of a figure stand: a table of the page, a file, or a part of it
    "overview": "#overview",
    "daily": SERIES,
    "calendar": SERIES,
    "effect": "#table-windows",
    "sources": "#table-sources",
    "diagnostics": "#table-diagnostics",
    "changes": "#table-regimes",
    "onset": f"{NUMBERS}#/second_opinions/onset/evidence",
    "placebos": f"{NUMBERS}#/second_opinions/placebos",
    "course": "#table-course",
    "sensitivity": "#table-choices",
    "phases": "#table-phases",
    "growth": f"{NUMBERS}#/escalation/growth",
    "ratios": "#areas",
    "map": "#areas",
    "series": SERIES,
}


class Report:
    """The parts of a page: each area and truce with its drawings, and what all share."""

    def __init__(
        self,
        found: list[Findings],
        refused: list[Refused],
        words: Translator,
        processes: int,
        progress: Callable[[str], None],
        formats: Collection[str],
    ) -> None:
        """Draw the figures that the formats hold, those of an area with its first truce alone."""
        self.found, self.refused, self.words = found, refused, words
        self.single = len(found) == 1 and not refused
        self.places = [""] if self.single else _places(found)
        areas = [each.area for each in found]
        self.first = [areas.index(area) == position for position, area in enumerate(areas)]
        self.home = [self.places[areas.index(area)] for area in areas]
        self.figures: list[Figures] = []
        self.overview: Figures = {}
        if not {"html", "pdf", "figures"} & set(formats):
            return
        png = "figures" in formats
        for position, (each, place, first) in enumerate(zip(found, self.places, self.first, strict=True), start=1):
            progress(f"figures {position} of {len(found)}")
            self.figures.append(draw_figures(each, words, prefix=place, first=first, processes=processes, png=png))
        if not self.single:
            self.overview = draw_overview(found, words, png=png)

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
            not_compared=self._refusals(),
            overview=overview, contents=contents, left_out=numbers["areas_without_records"],
            methods={each.effect.method for each in self.found},
            window_days=next((each.escalation.window_days for each in self.found
                              if not isinstance(each.escalation, str)), WINDOW_DAYS),
            ledger=first.incidents.ledger, provenance=first.incidents.provenance, inputs=numbers["inputs"],
            glossary=GLOSSARY, recipe=numbers["recipe"], versions=numbers["versions"], made_on=numbers["made_on"],
            made_by=numbers["made_by"], beside_it=beside_it, at="", p="", formats=formats,
        )  # fmt: skip
        return str(whole)

    def _refusals(self) -> list[dict[str, Any]]:
        """What could not be compared, each reason once: with the truces it is of, and the areas it is of with these."""
        truces: dict[tuple[str, str], list[str]] = {}
        for each in self.refused:
            truces.setdefault((each.area, each.reason), []).append(each.truce.name)
        areas: dict[tuple[str, ...], list[str]] = {}
        for (area, reason), names in truces.items():
            areas.setdefault((reason, *names), []).append(area)
        return [{"areas": of, "truces": names, "reason": reason} for (reason, *names), of in areas.items()]

    def _context(self, position: int, formats: Collection[str]) -> dict[str, Any]:
        """What the part of one area and truce speaks of."""
        findings = self.found[position]
        others, changes = findings.windows.items(), findings.changes
        of_area = dict.fromkeys(("account", "table-series", "table-regimes"), self.home[position])  # told once for all
        of_table = {"table-rows": ""} | of_area
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
                (sentence, of_table.get(table, self.places[position]) + table)
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
            "figures": embedded(self.figures[position], formats, f"/findings/{position}"),
            "at": f"/findings/{position}",
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
        "p": p_alone,
    }
    return environment


def embedded(figures: Figures, formats: Collection[str], at: str = "") -> dict[str, dict[str, Any]]:
    """Every drawing as it stands in the page, with where its numbers stand."""
    from markupsafe import Markup

    absent = {file for file, made_by in ((SERIES, "csv"), (NUMBERS, "json")) if made_by not in formats}
    made = {}
    for name, drawn in figures.items():
        table = TABLES.get(name, "#table-claims" if name.startswith(("claims-", "coverage")) else "")
        svg = Markup(_with_text(drawn.sheet.svg, drawn.alternative))
        made[name] = {
            "shows": drawn.shows,
            "svg": svg,
            "table": "" if table.partition("#")[0] in absent else table.replace("#/", f"#{at}/"),
        }
    return made


def _with_text(svg: str, alternative: str) -> str:
    """The drawing as one image with a text in its place, for those who hear the page."""
    from markupsafe import escape

    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alternative)}" ', 1)


def _inside(events: pd.DataFrame | None, coverage: tuple[pd.Timestamp, pd.Timestamp]) -> list[dict[str, Any]]:
    if events is None:
        return []
    return list(events[events["date"].between(*coverage)].to_dict("records"))


def page_files(page: str, formats: Collection[str], progress: Callable[[str], None]) -> dict[str, bytes]:
    """A page in its language as the files that are asked for."""
    page, files = legible(name_links(page)), {}
    if "html" in formats:
        files[PAGE] = page.encode()
    if "pdf" in formats:
        progress("laying out the PDF")
        files[PRINT] = as_pdf(page)
    return files
