"""The figures of a page, each with what it shows in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from conflictts.figures.calendar import plot_calendar
from conflictts.figures.changepoints import plot_changepoints
from conflictts.figures.claims import plot_claims
from conflictts.figures.comparisons import plot_comparisons
from conflictts.figures.course import plot_course
from conflictts.figures.coverage import plot_coverage_ratio
from conflictts.figures.daily import plot_daily
from conflictts.figures.diagnostics import plot_diagnostics
from conflictts.figures.effect import plot_placebos, plot_truce_effect
from conflictts.figures.escalation import plot_growth, plot_phases
from conflictts.figures.onset import plot_onset
from conflictts.figures.sensitivity import plot_sensitivity
from conflictts.figures.sheet import Sheet, draw_sheet
from conflictts.figures.sources import plot_source_mix
from conflictts.report import alternatives, wording
from conflictts.report.alternatives import Told
from conflictts.report.beside import beside
from conflictts.report.claims import bias_in_words
from conflictts.report.findings import Findings
from conflictts.report.language import Translator
from conflictts.series.counting import NOT_STATED
from conflictts.truce.period import Truce

MIN_CLAIMS = 3  # claims from one start date that earn a figure


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure of the page.

    Attributes
    ----------
    shows : str
        What it shows, below it.
    finding : str
        What it finds, for those who hear the page.
    """

    shows: str
    sheet: Sheet
    finding: str = ""

    @property
    def alternative(self) -> str:
        """The text in its place."""
        return f"{self.shows} {self.finding}".strip()

    @classmethod
    def of(cls, told: Told, sheet: Sheet, *more: str) -> Drawn:
        """A drawing with what it shows and finds, and what else is to be heard in its place."""
        return cls(told.shows, sheet, " ".join([told.finding, *more]).strip())


Figures = dict[str, Drawn]
Draw = Callable[..., Sheet]
FIGURES = "figures"  # the folder that holds them


def as_files(figures: Figures, prefix: str = "") -> dict[str, bytes]:
    """Every figure as two files."""
    files: dict[str, bytes] = {}
    for name, drawn in figures.items():
        path = f"{FIGURES}/{prefix}{name}"
        files |= {f"{path}.svg": drawn.sheet.svg.encode(), f"{path}.png": drawn.sheet.png}
    return files


def draw_figures(
    findings: Findings, words: Translator, *, prefix: str, first: bool, processes: int, png: bool
) -> Figures:
    """Every figure of an area and truce, by name, its text in the page's language.

    Parameters
    ----------
    prefix : str
        Keeps the parts of the drawings apart from those of another area or truce on the same page.
    first : bool
        Whether this is the first truce of its area; the figures of the area alone are drawn with that one.
    processes : int
        With 2 or more, half of them are drawn in a second process.
    png : bool
        Whether they are drawn as PNG too.
    """

    def draw(plot: Callable[..., Any], *, name: str, **given: Any) -> Sheet:
        given.setdefault("words", words if words.language != "en" else None)
        return draw_sheet(plot, name=f"{prefix}{name}", png=png, **given)

    def others() -> Figures:
        return {
            **_opinions(findings, draw),
            **_course(findings, draw),
            **_claims(findings, draw),
            **_sensitivity(findings, draw, words),
        }

    with beside(others, processes) as drawn:
        of_the_area = (
            {**_days(findings, draw), **_changes(findings, draw), **_escalation(findings, draw)} if first else {}
        )
        return {**of_the_area, **_effect(findings, draw), **drawn()}


def draw_overview(found: Sequence[Findings], words: Translator, *, png: bool) -> Figures:
    """The rate ratios of all areas and truces in one figure."""
    rows = [(", ".join(filter(None, (each.area, words(each.effect.truce.name)))), each.effect) for each in found]
    several = len({each.effect.truce.name for each in found}) > 1
    labels = [label if several else each.area for (label, _), each in zip(rows, found, strict=True)]
    effects = [effect for _, effect in rows]
    height = 1.9 + 0.28 * len(rows)
    margin = min(0.42, 0.02 + 0.0085 * max(len(label) for label in labels))
    sheet = draw_sheet(
        partial(plot_comparisons, effects, labels=labels), name="overview", height=height,
        axes=(margin, 1.0 / height, 0.98 - margin, 1 - 1.6 / height),
        words=(lambda text: text if text in labels else words(text)) if words.language != "en" else None, png=png,
    )  # fmt: skip
    return {"overview": Drawn.of(alternatives.comparisons(effects, labels), sheet)}


def _days(findings: Findings, draw: Draw) -> Figures:
    daily, truces = findings.daily, findings.truces
    return {
        "daily": Drawn.of(
            alternatives.daily(daily, truces=truces),
            draw(lambda ax: plot_daily(daily, truces=truces, events=findings.events, ax=ax), name="daily"),
            wording.headline(findings.effect),
        ),
        "calendar": Drawn.of(
            alternatives.calendar(daily), draw(partial(plot_calendar, daily), name="calendar", height=3.2)
        ),
    }


def _effect(findings: Findings, draw: Draw) -> Figures:
    effect, onset = findings.effect, findings.opinions.onset
    drawn: Figures = {
        "effect": Drawn.of(alternatives.truce_effect(effect), draw(partial(plot_truce_effect, effect), name="effect")),
    }
    if not isinstance(onset, str):
        drawn["onset"] = Drawn.of(alternatives.onset(onset), draw(partial(plot_onset, onset), name="onset"))
    return drawn


def _opinions(findings: Findings, draw: Draw) -> Figures:
    opinions, drawn = findings.opinions, Figures()
    placebos, diagnostics, mix = opinions.placebos, opinions.diagnostics, opinions.mix
    if not isinstance(placebos, str):
        drawn["placebos"] = Drawn.of(
            alternatives.placebos(placebos), draw(partial(plot_placebos, placebos), name="placebos")
        )
    if not isinstance(diagnostics, str):
        drawn["diagnostics"] = Drawn.of(
            alternatives.diagnostics(diagnostics),
            draw(partial(plot_diagnostics, diagnostics), name="diagnostics", height=3.4),
        )
    if not isinstance(mix, str) and set(mix.table.query("column == 'reporting_body'")["value"]) != {NOT_STATED}:
        drawn["sources"] = Drawn.of(alternatives.source_mix(mix), draw(partial(plot_source_mix, mix), name="sources"))
    return drawn


def _changes(findings: Findings, draw: Draw) -> Figures:
    changes, truces = findings.changes, findings.truces
    if isinstance(changes, str):
        return {}
    return {
        "changes": Drawn.of(
            alternatives.changepoints(changes, truces=[findings.effect.truce]),
            draw(lambda ax: plot_changepoints(changes, truces=truces, ax=ax), name="changes"),
        )
    }


def _course(findings: Findings, draw: Draw) -> Figures:
    course = findings.course
    if course.outcome == "undetermined":
        return {}
    return {"course": Drawn.of(alternatives.course(course), draw(partial(plot_course, course), name="course"))}


def _claims(findings: Findings, draw: Draw) -> Figures:
    claims, daily, drawn = findings.claims, findings.daily, Figures()
    if claims is None:
        return drawn
    bodies = list(claims.by_body.index)  # one colour each in all figures
    if claims.ratio is not None:
        drawn["coverage"] = Drawn.of(
            alternatives.coverage_ratio(claims.ratio),
            draw(
                partial(plot_coverage_ratio, claims.ratio, truces=[findings.effect.truce], bodies=bodies),
                name="coverage",
            ),
            *bias_in_words(claims),
        )
    for start in _claim_starts(claims.held, findings.effect.truce):
        drawn[f"claims-{start:%Y-%m-%d}"] = Drawn.of(
            alternatives.claims(daily, claims.held, since=start),
            draw(partial(plot_claims, daily, claims.held, since=start, bodies=bodies), name=f"claims-{start:%Y%m%d}"),
        )
    return drawn


def _sensitivity(findings: Findings, draw: Draw, words: Translator) -> Figures:
    found = findings.sensitivity
    if isinstance(found, str):
        return {}
    if words.language != "en":  # "level" names a phase elsewhere
        draw = partial(draw, words=lambda text: words("level (model)" if text == "level" else text))
    return {
        "sensitivity": Drawn.of(
            alternatives.sensitivity(found),
            draw(partial(plot_sensitivity, found), name="sensitivity", height=5.6, axes=(0.01, 0.13, 0.98, 0.8)),
        )
    }


def _claim_starts(held: pd.DataFrame, truce: Truce) -> list[pd.Timestamp]:
    """The day from which most claims count before the truce, and the truce's own, where at least three do."""
    starts = held["period_start"].value_counts().sort_index()
    before = starts[(starts.index < truce.effective) & (starts >= MIN_CLAIMS)]
    chosen = [before.idxmax()] if len(before) else []
    if starts.get(truce.effective, 0) >= MIN_CLAIMS:
        chosen.append(truce.effective)
    return chosen


def _escalation(findings: Findings, draw: Draw) -> Figures:
    escalation = findings.escalation
    if isinstance(escalation, str):
        return {}
    drawn: Figures = {
        "phases": Drawn.of(alternatives.phases(escalation), draw(partial(plot_phases, escalation), name="phases"))
    }
    if escalation.growth["growth"].notna().any():
        drawn["growth"] = Drawn.of(
            alternatives.growth(escalation), draw(partial(plot_growth, escalation), name="growth")
        )
    return drawn
