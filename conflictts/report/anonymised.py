"""A report that tells nothing of single records: all it states comes from rounded weeks and places alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.errors import CoverageError, InputError, TooLittleData
from conflictts.figures.safe_weeks import plot_safe_weeks
from conflictts.figures.sheet import draw_sheet
from conflictts.incidents.files import as_csv
from conflictts.incidents.table import Incidents, Provenance, Where, matching_records
from conflictts.report import alternatives, wording
from conflictts.report.again import today, versions
from conflictts.report.drawing import Drawn, Figures, as_files
from conflictts.report.export import NUMBERS, SCHEMA, numbers_files
from conflictts.report.findings import Choices, areas_without_records
from conflictts.report.folder import write_folder
from conflictts.report.language import Translator
from conflictts.report.page import PAGE, embedded, page_files, templates
from conflictts.series.counting import counted_area, where_in_words
from conflictts.series.daily import DailySeries, Day, daily_series
from conflictts.series.disclosure import (
    CELL,
    GRID,
    SafeWeeks,
    on_grid,
    require_threshold,
    safe_places,
    with_toll,
    withhold_small_weeks,
)
from conflictts.series.percent import of_level
from conflictts.truce.disclosed import SafeEffect, Sides, safe_effect, sides_of
from conflictts.truce.period import Truce

WEEKS, PLACES = "weeks.csv", "places.csv"
SCHEMA_VERSION = 1  # as in anonymised.schema.json
MAY_BE_NAMED = ("admin1", "admin2", "event_type", "perpetrator", "target")  # columns whose conditions a page states
SUNDAY = pd.Timedelta(days=6)
CONTENTS = {
    "weeks": "Week by week",
    "places": "Where",
    "anonymised": "What is withheld, and how",
    "methods": "How it was done, in plain words",
    "sources": "Sources and licences",
}


@dataclass(frozen=True, slots=True, eq=False)
class SafeArea:
    """All that an anonymised report states of one area.

    Attributes
    ----------
    name : str
        Blank where the report has one area without a name.
    scope : str
        What is counted, in words.
    places : DataFrame
        As from `safe_places`.
    effects : tuple of (Truce, SafeEffect or str)
        Of each truce; or why there is none.
    """

    name: str
    scope: str
    safe: SafeWeeks
    places: pd.DataFrame
    effects: tuple[tuple[Truce, SafeEffect | str], ...]


@dataclass(frozen=True, slots=True)
class SafeSource:
    """What may be said of where records come from: nothing of files, their digests or what was asked for."""

    provider: str
    release: str
    area: str
    licence: str
    citation: str
    caveat: str

    @classmethod
    def of(cls, provenance: Provenance) -> SafeSource:
        """Leave out what holds the name of a file."""
        said = {
            name: "" if any(file and file in text for file in provenance.files) else text
            for name in ("provider", "release", "area", "licence", "citation", "caveat")
            for text in [getattr(provenance, name) or ""]
        }
        return cls(**{**said, "provider": said["provider"] or "a table whose maker is not stated"})

    @property
    def words(self) -> str:
        """Provider and vintage."""
        return f"{self.provider}, release {self.release}" if self.release else self.provider


def write_anonymised(
    incidents: Incidents,
    truces: Sequence[Truce],
    out: Path,
    *,
    k: int,
    areas: Mapping[str, Where],
    choices: Choices,
    windows: Mapping[str, tuple[Day, Day]],
    formats: Collection[str],
    words: Translator,
    progress: Callable[[str], None],
) -> Path:
    """Write the page, its numbers and its figures; parameters as in `write_report`.

    Raises
    ------
    ConflictTSError
        As `write_report`; also if areas share records, or a condition names a place or a source.
    """
    _refuse_what_tells(choices, areas)
    left_out = list(areas_without_records(incidents, areas, choices.where))
    areas = {name: where for name, where in areas.items() if name not in left_out}
    found = find_safe(incidents, truces, k=k, areas=areas, choices=choices, windows=windows, progress=progress)
    source = SafeSource.of(incidents.provenance)
    progress("drawing figures")
    figures = {
        each.name: _figures(each, source, words, place, png="figures" in formats)
        for each, place in zip(found, _places(found), strict=False)
    }
    progress("writing the page")
    numbers = as_json(found, left_out, source, words)
    files: dict[str, bytes] = {}
    if "figures" in formats:
        for place, drawn in zip(_places(found), figures.values(), strict=True):
            files |= as_files(drawn, place)
    if "csv" in formats:
        for name, table_of in ((WEEKS, _weeks_table), (PLACES, _places_table)):
            files[name] = as_csv(pd.concat(map(table_of, found), ignore_index=True)).encode()
    if "json" in formats:
        files |= numbers_files(numbers, "anonymised")
    if {"html", "pdf"} & set(formats):
        files |= page_files(words.page(_page(found, left_out, source, figures, formats)), formats, progress)
    write_folder(out, files)
    return out / PAGE if "html" in formats else out


def find_safe(
    incidents: Incidents,
    truces: Sequence[Truce],
    *,
    k: int,
    areas: Mapping[str, Where],
    choices: Choices,
    windows: Mapping[str, tuple[Day, Day]],
    progress: Callable[[str], None],
) -> list[SafeArea]:
    """Count each area and keep of it what may be shown."""
    require_threshold(k)
    _refuse_shared_records(incidents, areas, choices.where)
    gridded = on_grid(incidents)
    found = []
    for position, (name, where) in enumerate(areas.items(), start=1):
        progress(f"area {position} of {len(areas)}{': ' if name else ''}{name}")
        found.append(_safe_area(name, where, incidents, gridded, truces, k=k, choices=choices, windows=windows))
    reasons = [
        f"{f'{each.name}, ' if each.name else ''}{truce.name}: {effect}"
        for each in found
        for truce, effect in each.effects
        if isinstance(effect, str)
    ]
    if len(reasons) == sum(len(each.effects) for each in found):
        raise TooLittleData(f"Nothing can be compared without telling of single records. {' '.join(reasons)}")
    return found


def _refuse_what_tells(choices: Choices, areas: Mapping[str, Where]) -> None:
    for where in (choices.where, *areas.values()):
        telling = [column for column in where if column not in MAY_BE_NAMED]
        if telling:
            raise InputError(
                f"An anonymised report cannot be of a single {telling[0]}: its page would tell of it. Choose records "
                f"by {', '.join(MAY_BE_NAMED[:-1])} or {MAY_BE_NAMED[-1]} alone."
            )
    for name, given in (("baseline", choices.baseline), ("draws", choices.draws)):
        if given is not None:
            raise InputError(f"An anonymised report has no part that `{name}` bears on. Leave it out.")


def _refuse_shared_records(incidents: Incidents, areas: Mapping[str, Where], where: Where) -> None:
    chosen = {name: matching_records(incidents.table, {**where, **area}) for name, area in areas.items()}
    for (one, first), (other, second) in combinations(chosen.items(), 2):
        if (first & second).any():
            raise InputError(
                f"The areas {one!r} and {other!r} share records: the difference of their figures would tell what is "
                "withheld. Choose areas that do not overlap, or write a full report."
            )


def _safe_area(
    name: str,
    where: Where,
    incidents: Incidents,
    gridded: Incidents,
    truces: Sequence[Truce],
    *,
    k: int,
    choices: Choices,
    windows: Mapping[str, tuple[Day, Day]],
) -> SafeArea:
    both = {**choices.where, **where}
    incidents, gridded = (with_toll(each, choices.measure, both) for each in (incidents, gridded))
    daily = choices.count(incidents, where)
    panel = daily_series(
        gridded, measure=choices.measure, coverage=choices.coverage, gaps=choices.gaps, allocation=choices.allocation,
        where=both, by=CELL, lag=choices.lag, retrieved_on=choices.retrieved_on,
    )  # fmt: skip
    sides = {truce.name: _sides(daily, truce, windows.get(truce.name)) for truce in truces}
    cuts = [cut for each in sides.values() if isinstance(each, Sides) for cut in each.cuts]
    safe = withhold_small_weeks(daily, k=k, cuts=cuts)
    area = SafeSource.of(incidents.provenance).area
    scope = counted_area(area, both) if area or not both else f"only {where_in_words(both)}"
    return SafeArea(
        name=name,
        scope=scope,
        safe=safe,
        places=safe_places(panel, safe),
        effects=tuple((truce, _effect(safe, truce, sides[truce.name])) for truce in truces),
    )


def _sides(daily: DailySeries, truce: Truce, window: tuple[Day, Day] | None) -> Sides | str:
    try:
        return sides_of(daily, truce, window)
    except CoverageError as refusal:
        return str(refusal)


def _effect(safe: SafeWeeks, truce: Truce, sides: Sides | str) -> SafeEffect | str:
    if isinstance(sides, str):
        return sides
    try:
        return safe_effect(safe, truce, sides)
    except TooLittleData as refusal:
        return str(refusal)


def headline(effect: SafeEffect, unit: str) -> str:
    """The finding in one sentence, by the week."""
    before, after = effect.sides.loc["before"], effect.sides.loc["after"]
    subject = f"Counted {unit}"
    slots = {
        "truce": effect.truce.phrase,
        "after": _two_digits(after["per_week"]),
        "days_after": wording.days(after["first"], after["last"] + SUNDAY),
        "before": _two_digits(before["per_week"]),
        "days_before": wording.days(before["first"], before["last"] + SUNDAY),
        "ratio": _ratio(effect.rate_ratio),
        "level": f"{of_level(effect.level)}",
        "lower": _ratio(effect.lower),
        "upper": _ratio(effect.upper),
    }
    if effect.upper < 1:
        sentence = (
            "{subject} were lower after the {truce}: about {after} a week ({days_after}) against about {before} a week "
            "before it ({days_before}), a rate ratio of {ratio} ({level} interval {lower} to {upper})."
        )
    elif effect.lower > 1:
        sentence = (
            "{subject} were higher after the {truce}: about {after} a week ({days_after}) against about {before} a "
            "week before it ({days_before}), a rate ratio of {ratio} ({level} interval {lower} to {upper})."
        )
    else:
        sentence = (
            "{subject} did not change detectably after the {truce}: about {after} a week ({days_after}) against about "
            "{before} a week before it ({days_before}), a rate ratio of {ratio} ({level} interval {lower} to {upper})."
        )
    return sentence.format(subject=subject, **slots)


def _two_digits(number: float) -> str:
    """A number to two significant digits, above a hundred with the zeros that stand for the others."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    decimals = 1 - math.floor(math.log10(float(f"{number:.1e}")))
    return f"{round(number, decimals):,.{max(0, decimals)}f}"


def _ratio(number: float) -> str:
    """The same, next to 1 with so many more as tell on which side it lies."""
    return wording.ratio(number) if f"{number:.1f}" == "1.0" else _two_digits(number)


def as_json(
    found: Sequence[SafeArea], left_out: Sequence[str], source: SafeSource, words: Translator
) -> dict[str, Any]:
    """The numbers of the page as plain JSON values."""
    k = found[0].safe.k
    return {
        "schema_version": SCHEMA_VERSION,
        "anonymised": {"k": k, "degrees": 1 / GRID, "significant_digits": 2},
        "made_by": f"conflictts {versions()['conflictts']}",
        "made_on": today(),
        "language": words.language,
        "source": {name: getattr(source, name) for name in SafeSource.__slots__},
        "areas": [
            {
                "area": each.name,
                "scope": each.scope,
                "measure": each.safe.measure,
                "unit": each.safe.unit,
                "weeks": [
                    {"week": _iso(monday), "status": row["status"], "count": _number(row["count"])}
                    for monday, row in each.safe.weeks.iterrows()
                ],
                "withheld_together": [
                    {
                        "first_week": _iso(row["first"]),
                        "last_week": _iso(row["last"]),
                        "weeks": row["withheld"],
                        "count": _number(row["count"]),
                    }
                    for row in each.safe.stretches.to_dict("records")
                    if row["withheld"]
                ],
                "places": [
                    {**row, "count": _number(row["count"])} for row in each.places.to_dict("records")
                ],
                "comparisons": [_comparison(truce, effect, each.safe.unit, words) for truce, effect in each.effects],
            }
            for each in found
        ],
        "areas_without_records": list(left_out),
    }  # fmt: skip


def _comparison(truce: Truce, effect: SafeEffect | str, unit: str, words: Translator) -> dict[str, Any]:
    named: dict[str, Any] = {
        "truce": truce.name,
        **{day: _iso(getattr(truce, day)) for day in ("announced", "effective", "ended")},
    }
    if isinstance(effect, str):
        return {**named, "refused": words(effect)}
    sides = [
        {
            "side": name,
            "first_week": _iso(row["first"]),
            "last_week": _iso(row["last"]),
            "weeks": int(row["weeks"]),
            "withheld": int(row["withheld"]),
            "count": _number(row["total"]),
            "per_week": _shortened(row["per_week"]),
        }
        for name, row in effect.sides.iterrows()
    ]
    numbers = {name: float(_ratio(getattr(effect, name)).replace(",", "")) for name in ("rate_ratio", "lower", "upper")}
    return {**named, "sentence": words(headline(effect, unit)), "sides": sides, **numbers, "level": effect.level}


def _shortened(number: float) -> float:
    return float(f"{number:.1e}")


def _number(count: float) -> int | None:
    return None if math.isnan(count) else int(count)


def _iso(day: pd.Timestamp | None) -> str | None:
    return None if day is None else day.date().isoformat()


def _weeks_table(area: SafeArea) -> pd.DataFrame:
    weeks = area.safe.weeks
    return pd.DataFrame(
        {
            "area": area.name,
            "week": [_iso(monday) for monday in weeks.index],
            "unit": area.safe.unit,
            "status": weeks["status"].to_numpy(),
            "count": _whole(weeks["count"]),
            "k": area.safe.k,
        }
    )


def _places_table(area: SafeArea) -> pd.DataFrame:
    places = area.places.assign(count=_whole(area.places["count"]), unit=area.safe.unit, k=area.safe.k)
    return places.assign(area=area.name)[["area", "latitude", "longitude", "unit", "count", "k"]]


def _whole(counts: pd.Series) -> list[str]:
    return ["" if math.isnan(count) else f"{count:.0f}" for count in counts]


def _places(found: Sequence[SafeArea]) -> list[str]:
    """What begins the anchors and file names of each area."""
    return [""] if len(found) == 1 else [f"area-{number}-" for number in range(1, len(found) + 1)]


def _figures(area: SafeArea, source: SafeSource, words: Translator, place: str, *, png: bool) -> Figures:
    safe = area.safe
    truces = [truce for truce, _ in area.effects]
    named = " · ".join(part for part in (area.name, area.scope) if part)
    sheet = draw_sheet(
        partial(plot_safe_weeks, safe, truces=truces, area=named, source=source.words), name=f"{place}weeks",
        words=words if words.language != "en" else None, png=png,
    )  # fmt: skip
    told = [headline(effect, safe.unit) for _, effect in area.effects if not isinstance(effect, str)]
    return {"weeks": Drawn.of(alternatives.safe_weeks(safe), sheet, *told)}


def _page(
    found: Sequence[SafeArea],
    left_out: Sequence[str],
    source: SafeSource,
    figures: Mapping[str, Figures],
    formats: Collection[str],
) -> str:
    """The page in English."""
    first = found[0]
    effects = [effect for each in found for _, effect in each.effects if not isinstance(effect, str)]
    number = _by_side(effects, found)
    compared, unit = sum(number), first.safe.unit
    span = (min(each.safe.weeks.index[0] for each in found), max(each.safe.weeks.index[-1] for each in found) + SUNDAY)
    beside_it = [(NUMBERS, SCHEMA)] * ("json" in formats) + [(WEEKS, ""), (PLACES, "")] * ("csv" in formats)
    page: str = templates().get_template("anonymised.html.j2").render(
        w=wording, k=first.safe.k, unit=unit, found=found, source=source, single=compared == 1,
        headline=headline(effects[0], unit) if compared == 1 else wording.counted_by_side(unit, *number),
        number=number,
        left_out=left_out, sentence=headline, two=_two_digits, ratio=_ratio, span=wording.days(*span), sunday=SUNDAY,
        is_text=lambda effect: isinstance(effect, str),
        figures={name: embedded(drawn, formats) for name, drawn in figures.items()},
        places=dict(zip([each.name for each in found], _places(found), strict=True)),
        formats=formats, titles=CONTENTS, made_on=today(), made_by=f"conflictts {versions()['conflictts']}",
        level=effects[0].level, beside_it=beside_it,
    )  # fmt: skip
    return page


def _by_side(effects: Sequence[SafeEffect], found: Sequence[SafeArea]) -> tuple[int, int, int, int]:
    """How many comparisons are lower, higher, not detectably different, and not made."""
    lower, higher = (sum(each.upper < 1 for each in effects), sum(each.lower > 1 for each in effects))
    total = sum(len(each.effects) for each in found)
    return lower, higher, len(effects) - lower - higher, total - len(effects)
