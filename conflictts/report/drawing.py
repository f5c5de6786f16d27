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
from conflictts.report import wording
from conflictts.report.beside import beside
from conflictts.report.claims import bias_in_words
from conflictts.report.escalation import phases_in_words
from conflictts.report.findings import Findings
from conflictts.report.language import Translator, say
from conflictts.report.opinions import onset_in_words
from conflictts.report.sensitivity import choices_in_words
from conflictts.series.daily import DailySeries
from conflictts.truce.escalation import RATE_DAYS
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
    rows = [(f"{each.area}, {words(each.effect.truce.name)}", each.effect) for each in found]
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
    shows = (
        "Rate ratios after over before each truce, with their intervals, on a scale of ratios; left of the line at 1 "
        "is lower after the truce."
    )
    return {"overview": Drawn(shows, sheet)}


def _days(findings: Findings, draw: Draw) -> Figures:
    daily, truces = findings.daily, findings.truces
    span = wording.days(*daily.coverage)
    unit = wording.begun(daily.unit)
    return {
        "daily": Drawn(
            f"{unit} per day with the 7-day mean, {span}, and the truces.",
            draw(lambda ax: plot_daily(daily, truces=truces, events=findings.events, ax=ax), name="daily"),
            _peak(daily),
        ),
        "calendar": Drawn(
            f"{unit} per day as a calendar, one square per day and one column per week.",
            draw(partial(plot_calendar, daily), name="calendar", height=3.2),
        ),
    }


def _effect(findings: Findings, draw: Draw) -> Figures:
    daily, effect, onset = findings.daily, findings.effect, findings.opinions.onset
    drawn: Figures = {
        "effect": Drawn(
            f"Counted {daily.unit} per day around {wording.day(effect.truce.effective)}, the fitted rate before and "
            "after, and the rate expected after had the rate before gone on.",
            draw(partial(plot_truce_effect, effect), name="effect"),
            wording.headline(effect),
        ),
    }
    if not isinstance(onset, str):
        drawn["onset"] = Drawn(
            "How strongly each day around the truce's stands for the first of a new rate, with the days that may have "
            "been it shaded.",
            draw(partial(plot_onset, onset), name="onset"),
            onset_in_words(onset),
        )
    return drawn


def _peak(daily: DailySeries) -> str:
    """The toll of all days, and the day with the most."""
    total, most = daily.counts.sum(), daily.counts.max()
    if not most > 0:
        return say("No day has a count.")
    return say(
        "{total} in all; the most on one day, {most}, on {day}.",
        total=wording.count(total),
        most=wording.count(most),
        day=wording.day(daily.counts.idxmax()),
    )


def _opinions(findings: Findings, draw: Draw) -> Figures:
    opinions, drawn = findings.opinions, Figures()
    if not isinstance(opinions.placebos, str):
        drawn["placebos"] = Drawn(
            "A picture only: the rate ratio that the same model finds at earlier dates, those of other truces not left "
            "out. Neighbouring dates share nearly all their days, so no share of them is a p-value.",
            draw(partial(plot_placebos, opinions.placebos), name="placebos"),
        )
    if not isinstance(opinions.diagnostics, str):
        drawn["diagnostics"] = Drawn(
            "What the fit leaves over: residuals week by week, how far days remember each other, and whether the "
            "counts follow the assumed law (even bars, within the shaded band).",
            draw(partial(plot_diagnostics, opinions.diagnostics), name="diagnostics", height=3.4),
        )
    if not isinstance(opinions.mix, str):
        drawn["sources"] = Drawn(
            "Who told of the violence: each reporting body's share of the toll before the truce and from it on.",
            draw(partial(plot_source_mix, opinions.mix), name="sources"),
        )
    return drawn


def _so_many_changes(number: int) -> str:
    if number == 0:
        return "no change"
    shaded = "with the days that may have been its first shaded"
    return f"1 change, {shaded}" if number == 1 else f"{number} changes, each {shaded}"


def _changes(findings: Findings, draw: Draw) -> Figures:
    changes, drawn = findings.changes, Figures()
    if not isinstance(changes, str):
        drawn["changes"] = Drawn(
            f"Rates found without being told of any truce: {_so_many_changes(len(changes.dates))}.",
            draw(lambda ax: plot_changepoints(changes, truces=findings.truces, ax=ax), name="changes"),
            " ".join(wording.changes_in_words(changes, findings.effect.truce)),
        )
    return drawn


def _course(findings: Findings, draw: Draw) -> Figures:
    course = findings.course
    if course.outcome == "undetermined":
        return {}
    return {
        "course": Drawn(
            f"How the {course.truce.phrase} lived: a strip of phases over the daily counts, each with its rate and "
            "interval, and below it the days that may have been the first of each.",
            draw(partial(plot_course, course), name="course"),
            course.sentence(),
        )
    }


def _claims(findings: Findings, draw: Draw) -> Figures:
    claims, daily, drawn = findings.claims, findings.daily, Figures()
    if claims is None:
        return drawn
    if claims.ratio is not None:
        drawn["coverage"] = Drawn(
            "Counted over claimed, by the bodies with most claims: 1 is as many counted as claimed. Where it differs "
            "across the truce, the change in counts is partly a change in counting.",
            draw(partial(plot_coverage_ratio, claims.ratio, truces=[findings.effect.truce]), name="coverage"),
            " ".join(bias_in_words(claims)),
        )
    for start in _claim_starts(claims.held, findings.effect.truce):
        drawn[f"claims-{start:%Y-%m-%d}"] = Drawn(
            f"{wording.begun(daily.unit)} added up from {wording.day(start)}, against the totals that "
            "others claim from that day.",
            draw(partial(plot_claims, daily, claims.held, since=start), name=f"claims-{start:%Y%m%d}"),
        )
    return drawn


def _sensitivity(findings: Findings, draw: Draw, words: Translator) -> Figures:
    found = findings.sensitivity
    if isinstance(found, str):
        return {}
    if words.language != "en":  # "level" names a phase elsewhere
        draw = partial(draw, words=lambda text: words("level (model)" if text == "level" else text))
    return {
        "sensitivity": Drawn(
            f"The rate ratio under {len(found.table):,} combinations of choices, in order of size, each with its "
            f"{found.level:.0%} interval; below, which options the combinations above them took (the darker, the more "
            "of them).",
            draw(partial(plot_sensitivity, found), name="sensitivity", height=5.6, axes=(0.01, 0.13, 0.98, 0.8)),
            " ".join(choices_in_words(found)),
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
        "phases": Drawn(
            f"{wording.begun(findings.daily.unit)} per day with the rate over "
            f"{RATE_DAYS} days, and a strip of phases along the top.",
            draw(partial(plot_phases, escalation), name="phases"),
            " ".join(phases_in_words(escalation)),
        )
    }
    if escalation.growth["growth"].notna().any():
        drawn["growth"] = Drawn(
            f"Growth per week in the {escalation.window_days} days around each day (×1 is no change), with its "
            f"{escalation.level:.0%} interval, cut off where it leaves the frame; shaded where a rise or a fall is "
            "established.",
            draw(partial(plot_growth, escalation), name="growth"),
        )
    return drawn
