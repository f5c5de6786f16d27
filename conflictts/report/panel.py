"""Findings of every area of a panel arranged into one page, with the numbers as JSON and CSV and the figures."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from conflictts.errors import UnknownNameError, require_kind, require_path
from conflictts.figures.forest import MOST as MOST_AREAS
from conflictts.figures.forest import NAME_LETTERS, name_of, parts_of, plot_forest
from conflictts.figures.map import plot_map
from conflictts.figures.sheet import draw_sheet
from conflictts.figures.small_multiples import MOST as MOST_SERIES
from conflictts.figures.small_multiples import plot_small_multiples
from conflictts.figures.style import shortened
from conflictts.incidents.codes import CODES, PLACES, columns_in_words, groups_in_words
from conflictts.incidents.files import as_csv
from conflictts.incidents.inputs import Input
from conflictts.incidents.outlines import Outlines
from conflictts.report import alternatives, wording
from conflictts.report.again import today, versions
from conflictts.report.areas import compared_in_words, how_many, mean_in_words, sides_in_numbers
from conflictts.report.drawing import FIGURES, Drawn, Figures, as_files
from conflictts.report.export import NUMBERS, PANEL_VERSION, SCHEMA, ledger_json, numbers_files, rows_of
from conflictts.report.folder import refuse_foreign_folder, write_folder
from conflictts.report.language import Language, Translator, say, translator
from conflictts.report.legible import legible
from conflictts.report.links import name_links
from conflictts.report.page import SERIES, embedded, templates
from conflictts.report.print import as_pdf, require_weasyprint
from conflictts.series.counting import COUNTED, NOT_STATED, all_stated
from conflictts.series.numerals import p_alone
from conflictts.series.panel import DailyPanel
from conflictts.truce.panel import PanelAnalysis

PAGE, PRINT, AREAS, CHANGES = "panel.html", "panel.pdf", "areas.csv", "changes.csv"
PARTS = (PAGE, PRINT, AREAS, CHANGES, SERIES, NUMBERS, SCHEMA, FIGURES)
TITLES = {
    "ratios": "What changed at the truce for every {one}",
    "map": "The rate ratios on the map",
    "series": "The {many} side by side",
}
KINDS_READ = ("records", "deletions", "download")
AGAIN = "How to make this page again"
DASH = "–"
FORMATS = ("html", "json", "csv", "figures")
SPOKEN = frozenset((NOT_STATED, *CODES.values()))  # names of areas that are words of a language


def write_panel_report(
    panel: DailyPanel,
    found: PanelAnalysis,
    out: str | os.PathLike[str],
    *,
    outlines: Outlines | None = None,
    language: Language = "en",
    pdf: bool = False,
    command: str | None = None,
) -> Path:
    """Write what was found in every area of a panel as one HTML page, its numbers (JSON, CSV) and figures beside it.

    The page's table is sorted by a click on a column's name, by a few lines of script that the page holds itself; where
    scripts are off it is a plain table.

    Parameters
    ----------
    panel : DailyPanel
    found : PanelAnalysis
        Of that panel, from `analyse_panel`.
    out : path-like
        Folder to write, in one step, in the place of an older one. An existing folder is replaced only if it holds
        such findings and nothing else.
    outlines : Outlines, optional
        The areas' outlines for the map of rate ratios, from `read_outlines`. Default: discs where the records of each
        area lie, if they have coordinates.
    language : {"en", "fr"}, default "en"
        Of the page and its figures.
    pdf : bool, default False
        Whether to lay the page out as tagged PDF too, by WeasyPrint (``pip install '.[pdf]'`` in the project's folder).
    command : str, optional
        The command that makes the page, to stand on it.

    Returns
    -------
    Path
        Of the page, ``<out>/panel.html``.

    Raises
    ------
    InputError
        If `out` holds anything else, or cannot be written; if `pdf` is asked for and what it needs is not installed.
    UnknownNameError
        If `found` is of another panel, the outlines are of none of its areas, or the language is not one.

    Examples
    --------
    >>> import conflictts as ct, tempfile
    >>> panel = ct.daily_series(ct.load_idlib_2019(), measure="civilians", by="admin1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = ct.write_panel_report(panel, ct.analyse_panel(panel), f"{folder}/areas")
    ...     sorted(path.name for path in page.parent.iterdir())
    ['areas.csv', 'changes.csv', 'figures', 'findings.json', 'findings.schema.json', 'panel.html', 'series.csv']
    """
    require_kind(panel, DailyPanel, "panel")
    require_kind(found, PanelAnalysis, "found")
    require_path(out, "out")
    out = Path(out).expanduser().absolute()
    refuse_foreign_folder(out, PARTS)
    if pdf:
        require_weasyprint()
    words = translator(language)
    if list(panel) != list(found.table.index):
        raise UnknownNameError("`found` is of other areas than `panel`. Give the analysis of this very panel.")
    files = {
        AREAS: _csv(found.table.reset_index()),
        CHANGES: _csv(found.changes),
        SERIES: _csv(_drawn_days(panel)),
        **numbers_files(as_numbers(panel, found), "panel"),
    }
    figures = draw_panel(panel, found, words, outlines)
    files |= as_files(figures)
    page = legible(name_links(words.page(_page(panel, found, figures, command))))
    files[PAGE] = page.encode()
    if pdf:
        files[PRINT] = as_pdf(page)
    write_folder(out, files)
    return out / PAGE


def as_numbers(panel: DailyPanel, found: PanelAnalysis) -> dict[str, Any]:
    """Everything that was found, as JSON holds it: days as text, None where there is no number."""
    days, provenance, pooled = panel.days, panel.counting.provenance, found.pooled
    truces = {None: found.truce} if found.truce is not None else found.truces
    return {
        "schema_version": PANEL_VERSION,
        "made_on": today(),
        "made_by": f"conflictts {version('conflictts')}",
        "unit": found.unit,
        "area": found.area,
        "by": list(found.by),
        "first_day": f"{days[0]:%Y-%m-%d}",
        "last_day": f"{days[-1]:%Y-%m-%d}",
        "source": found.source,
        "licence": "" if provenance is None else provenance.licence,
        "citation": "" if provenance is None else provenance.citation,
        "inputs": [asdict(each) for each in _inputs(panel)],
        "ledger": ledger_json(panel.ledger),
        "warnings": [sentence for sentence, _ in _warnings(panel, found)],
        "level": found.level,
        "truces": [
            {"area": key, "name": truce.name, "effective": f"{truce.effective:%Y-%m-%d}"}
            for key, truce in truces.items()
        ],
        "pooled": None
        if pooled is None
        else {
            name: getattr(pooled, name)
            for name in (
                *("rate_ratio", "lower", "upper", "prediction_lower", "prediction_upper", "tau", "heterogeneity"),
            )
        }
        | {"areas": len(pooled.areas)},
        "areas": rows_of(found.table.reset_index()),
        "changes": rows_of(found.changes),
    }


def draw_panel(panel: DailyPanel, found: PanelAnalysis, words: Translator, outlines: Outlines | None = None) -> Figures:
    """The figures, by name: with a truce its rate ratios, also on the map if one is known, and the series."""
    names = {
        name_of(key): ", ".join(words(part) if part in SPOKEN else part for part in parts_of(key)) for key in panel
    }
    names |= {shortened(name, NAME_LETTERS): shortened(said, NAME_LETTERS) for name, said in names.items()}
    put = (lambda text: names[text] if text in names else words(text)) if words.language != "en" else None
    truces = [found.truce] if found.truce is not None else []
    rows = -(-min(len(panel), MOST_SERIES) // 4)
    height = max(4.3, 1.7 + 1.05 * rows)  # what the words beside the scale want at least
    series = Drawn.of(
        alternatives.small_multiples(panel, changes=found.changes),
        draw_sheet(
            partial(plot_small_multiples, panel, truces=truces, changes=found.changes), name="series", height=height,
            axes=(0.02, 0.95 / height, 0.96, 1 - 1.5 / height), words=put,
        ),
    )  # fmt: skip
    effects = found.effects()
    if effects.empty:
        return {"series": series}
    height = 1.9 + 0.22 * (min(len(effects), MOST_AREAS) + 2)
    margin = min(0.4, 0.03 + 0.0085 * max(22, *(len(name_of(key)) for key in effects.index)))
    ratios = Drawn.of(
        alternatives.forest(found),
        draw_sheet(
            partial(plot_forest, found), name="ratios", height=height,
            axes=(margin, 1.0 / height, 0.97 - margin, 1 - 1.6 / height), words=put,
        ),
    )  # fmt: skip
    where = outlines if outlines is not None else panel.places
    if outlines is None and not (PLACES.issuperset(panel.by) and effects.index.isin(panel.places.index).any()):
        return {"ratios": ratios, "series": series}
    height = 6.2
    on_map = Drawn.of(
        alternatives.map_(found),
        draw_sheet(
            partial(plot_map, found, where), name="map", height=height,
            axes=(0.05, 1.0 / height, 0.93, 1 - 1.6 / height), words=put,
        ),
    )  # fmt: skip
    return {"ratios": ratios, "map": on_map, "series": series}


def _page(panel: DailyPanel, found: PanelAnalysis, figures: Figures, command: str | None) -> str:
    """The page in English."""
    from markupsafe import Markup

    last = np.argsort(~all_stated(found.table.index), kind="stable")  # what names no group stands below the groups
    ordered = found.table.iloc[last]
    script = resources("conflictts").joinpath("report", "templates", "sort.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = templates()
    provenance, refusals = panel.counting.provenance, found.refusals()
    one, many = groups_in_words(found.by)
    drawn = [(name, TITLES[name].format(one=one, many=many)) for name in figures]
    columns = _columns(found)
    inputs = _inputs(panel)
    typed = shlex.split(command or "")
    named = [each.name for each in inputs if each.name in typed]
    page: str = environment.get_template("panel.html.j2").render(
        p="", script=Markup(script), script_hash=f"sha256-{digest}",
        one=one, many=many, spoken=SPOKEN, names=[parts_of(key) for key in ordered.index],
        unit=found.unit, by=columns_in_words(found.by), area=found.area, source=found.source, level=found.level,
        span=wording.days(panel.days[0], panel.days[-1]), headline=_headline(found),
        sentences=[(sentence, any(word[0].isdigit() for word in sentence.split())) for sentence in _sentences(found)],
        together=_in_numbers(panel, found), pooled=found.pooled,
        contents=[("areas", f"Every {one}"), *drawn, ("refusals", "What has no answer, and why"),
                  ("quality", "How good the data are"), ("methods", "How it was done, in plain words"),
                  ("sources", "Sources and licences"), ("again", AGAIN)],
        weaknesses=_warnings(panel, found), ledger=panel.ledger,
        not_settled=wording.days_not_settled(next(iter(panel.values()))),
        columns=[(title, numeric) for title, numeric, _ in columns],
        rows=[[cell(key, row) for _, _, cell in columns] for key, row in ordered.iterrows()],
        drawn=drawn, figures=embedded(figures, FORMATS), formats=FORMATS, at="",
        refusals=[(parts_of(tuple(line[: len(found.by)])), line[-2], line[-1])
                  for line in refusals.itertuples(index=False, name=None)],
        methods=_methods(found), citation=provenance.citation if provenance else "",
        licence=provenance.licence if provenance else "", files=(NUMBERS, AREAS, CHANGES, SERIES),
        made_on=today(), made_by=f"conflictts {version('conflictts')}", again=AGAIN, command=command,
        inputs=inputs, check=shlex.join(["sha256sum", *named]) if named else "", w=wording,
        versions=versions(),
    )  # fmt: skip
    return page


Cell = tuple[str, str]  # what a reader sees, and what the column is sorted by; "" goes last


def _columns(found: PanelAnalysis) -> list[tuple[str, bool, Callable[[Any, pd.Series], Cell]]]:
    """Title, whether it holds numbers, and what makes its cell from an area's key and row."""

    def number(name: str, said: Callable[[float], str], *ends: str) -> Callable[[Any, pd.Series], Cell]:
        def cell(_: Any, row: pd.Series) -> Cell:
            if pd.isna(row[name]):
                return DASH, ""
            between = f" ({said(row[ends[0]])} to {said(row[ends[1]])})" if ends else ""
            return f"{said(row[name])}{between}", repr(float(row[name]))

        return cell

    def key_of(key: Any, _: pd.Series) -> Cell:
        return name_of(key), name_of(key)

    set_days = found.changes.groupby([*found.by], sort=False, dropna=False)["set_days"].last().to_dict()

    def change(_: Any, row: pd.Series) -> Cell:
        if pd.isna(row["last_change"]):
            return ("none" if row["n_changes"] == 0 else DASH), ""
        span = wording.days(row["last_set_first"], row["last_set_last"])
        length = (row["last_set_last"] - row["last_set_first"]).days + 1
        return f"{span}, with gaps" if set_days[row.name] < length else span, str(row["last_change"].toordinal())

    def alone(_: Any, row: pd.Series) -> Cell:
        single = [wording.day(pd.Timestamp(text)) for text in row["single_days"].split()]
        if not single:
            return ("none" if row["n_changes"] >= 0 else DASH), ""
        return (single[0] if len(single) == 1 else f"{len(single)} days"), str(len(single))

    def phase(_: Any, row: pd.Series) -> Cell:
        return row["phase"], row["phase"]

    columns = [
        (_head(found), False, key_of),
        ("Total", True, number("total", wording.count)),
        ("A day", True, number("per_day", wording.rate)),
        ("Changes", True, number("n_changes", wording.count)),
        *([("Single days", False, alone)] if (found.table["single_days"] != "").any() else []),
        ("Days that may be the latest change’s first", True, change),
        ("Now", False, phase),
        ("Growth a week", True, number("growth", wording.factor, "growth_lower", "growth_upper")),
    ]
    if "rate_ratio" in found.table:
        columns += [
            ("Rate ratio", True, number("rate_ratio", wording.ratio, "lower", "upper")),
            ("Adjusted p-value", True, number("p_adjusted", p_alone)),
            ("Fewer than expected", True, number("averted", wording.count, "averted_lower", "averted_upper")),
        ]
    return columns


def _head(found: PanelAnalysis) -> str:
    """Of the column of names."""
    return wording.begun(groups_in_words(found.by)[0])


def _headline(found: PanelAnalysis) -> str:
    unit, named = wording.begun(found.unit), int(all_stated(found.table.index).sum())
    number, single = f"{named:,}", named == 1
    if not named:
        return say("{unit} in records that state no {one}.", unit=unit, one=groups_in_words(found.by)[0])
    if not PLACES.issuperset(found.by):
        columns = columns_in_words(found.by)
        if found.truce is None:
            return say(
                "{unit} by {columns}, {number} in all, and what changed in each.",
                unit=unit, columns=columns, number=number,
            )  # fmt: skip
        return say(
            "{unit} by {columns}, {number} in all, before and after the {truce}, and what changed in each.",
            unit=unit, columns=columns, number=number, truce=found.truce.phrase,
        )  # fmt: skip
    if found.truce is not None:
        truce = found.truce.phrase
        if single:
            return say("{unit} in 1 area before and after the {truce}, and what changed in it.", unit=unit, truce=truce)
        return say(
            "{unit} in {number} areas before and after the {truce}, and what changed in each.",
            unit=unit, number=number, truce=truce,
        )  # fmt: skip
    if single:
        return say("{unit} in 1 area, and what changed in it.", unit=unit)
    return say("{unit} in {number} areas, and what changed in each.", unit=unit, number=number)


def _sentences(found: PanelAnalysis) -> list[str]:
    """What stands above the table."""
    table = found.table[all_stated(found.table.index)]
    if len(table) == 0:
        return []
    if len(table) == 1:  # whose row says the rest
        known = table["n_changes"].dropna()
        return [say("Changes of the rate found over all days: {number}.", number=how_many(known))] if len(known) else []
    one, many = groups_in_words(found.by)
    told = []
    if one == "group":
        told.append(say("On this page “group” stands for each {columns}.", columns=columns_in_words(found.by)))
    told.append(
        say(
            "A change of the rate is found for {number} of {total} {many}; over the latest weeks a rise is established "
            "for {rising} and a fall for {falling}.",
            many=many,
            number=how_many(table["n_changes"] > 0), total=f"{len(table):,}",
            rising=how_many(table["phase"] == "rising"), falling=how_many(table["phase"] == "falling"),
        )
    )  # fmt: skip
    alone = table["single_days"] != ""
    if alone.any():
        told.append(
            say(
                "A single day stands out alone for {number} of them: one event, not a change of rate, so it is named "
                "and left out of the search.",
                number=how_many(alone),
            )
        )
    if "rate_ratio" not in table:
        return told
    told.append(compared_in_words(found))
    effects = found.effects()
    if effects.empty:
        return told
    if len(effects) > 1:  # of one alone there is nothing to allow for
        told.append(
            say(
                "After allowing for how many are compared, a change is shown for {number} of them (adjusted p-value at "
                "most 0.05).",
                number=how_many(effects["p_adjusted"] <= 0.05),
            )
        )
    return [*told, *mean_in_words(found)]


def _in_numbers(panel: DailyPanel, found: PanelAnalysis) -> list[tuple[str, str]]:
    """The numbers of the sentences, one a line."""
    table, truce, ledger = found.table[all_stated(found.table.index)], found.truce, panel.ledger
    many = wording.begun(groups_in_words(found.by)[1])
    rows = [
        (many, f"{len(table):,}"),
        (f"{many} with a change of the rate", how_many(table["n_changes"] > 0)),
        ("Changes of the rate over all days", how_many(table["n_changes"].dropna())),
        (f"{many} with a rise over the latest weeks", how_many(table["phase"] == "rising")),
        (f"{many} with a fall over the latest weeks", how_many(table["phase"] == "falling")),
        (f"{many} with a single day that stands out alone", how_many(table["single_days"] != "")),
    ]
    if "rate_ratio" in table:
        rows += sides_in_numbers(found)
    if truce is not None and truce.announced is not None:
        rows.append(("Days between the announcement and the first in force",
                     f"{abs((truce.effective - truce.announced).days):,}"))  # fmt: skip
    rows += [row for _, *more in _not_stated(panel, found) for row in more]
    rows += wording.days_in_numbers(next(iter(panel.values())), *_recorded(panel))
    return rows + wording.names_in_numbers(ledger, panel.by)


def _recorded(panel: DailyPanel) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and the last day with a count; all days where there is none."""
    recorded = panel.days[(panel.sums[1:] > 0).any(axis=(0, 1))]
    days = recorded if len(recorded) else panel.days
    return days[0], days[-1]


def _warnings(panel: DailyPanel, found: PanelAnalysis) -> list[wording.Weakness]:
    """What weakens every number of the page: a doubtful date, long stretches without any record, rows in quarantine."""
    provenance, ledger = panel.counting.provenance, panel.ledger
    said = [] if found.truce is None else wording.announced_far_off(found.truce)
    if (panel.sums[1:] > 0).any():
        through = None if provenance is None else provenance.data_through
        said += wording.silences(next(iter(panel.values())), *_recorded(panel), through)
    said += wording.shared_names(ledger, panel.by)
    said += [sentence for sentence, *_ in _not_stated(panel, found)]
    told = [wording.Weakness(sentence, "table-together") for sentence in said]
    if ledger.n_quarantined:
        told.append(wording.Weakness(wording.quarantined(ledger), "table-rows"))
    return told


def _not_stated(panel: DailyPanel, found: PanelAnalysis) -> list[tuple[Any, ...]]:
    """What was counted of no group: sentences, each with its figures as rows."""
    left, (one, many) = ~all_stated(found.table.index), groups_in_words(found.by)
    if not left.any():
        return []
    account, best = panel.account, panel.sums[1]
    of_none = (account[list(panel.by)] == NOT_STATED).any(axis=1) & (account["outcome"] == COUNTED)
    records, (total, whole) = int(account.loc[of_none, "records"].sum()), (np.nansum(best[left]), np.nansum(best))
    told: list[tuple[Any, ...]] = [
        (
            say(
                "Counted records that state no {one}: {records}, with {total} of {whole} {unit}. They are a line of "
                "their own and no {one}: the numbers of {many}, the adjusted p-values and the mean leave them out, and "
                "the true toll by {one} may be higher than is told here.",
                one=one, many=many, records=f"{records:,}", total=wording.count(total), whole=wording.count(whole),
                unit=found.unit,
            ),
            (f"Counted records that state no {one}", f"{records:,}"),
            (f"{wording.begun(found.unit)} in them", f"{wording.count(total)} of {wording.count(whole)}"),
        )
    ]  # fmt: skip
    if found.truce is not None:
        after = np.asarray(panel.days >= found.truce.effective)
        shares = [np.nansum(best[left][:, side]) / max(np.nansum(best[:, side]), 1e-9) for side in (~after, after)]
        before, later = (wording.share(share) for share in shares)
        told.append(
            (
                say(
                    "In records that state no {one} are {before} of {unit} before the truce took effect and {after} "
                    "from then on; where these differ, {many} seem to change by that alone.",
                    one=one, many=many, before=before, after=later, unit=found.unit,
                ),
                (f"Share of {found.unit} without a stated {one}", f"{before} before, {later} from the truce on"),
            )
        )  # fmt: skip
    return told


def _methods(found: PanelAnalysis) -> list[str]:
    one, many = groups_in_words(found.by)
    told = [
        "Changes of rate are searched for in each series without being told of any truce, and each is given with the "
        "days that may be its first. Growth a week and the present phase are those of the latest settled weeks.",
    ]
    if "rate_ratio" in found.table:
        told.append(
            f"The p-values are adjusted by Benjamini and Hochberg’s procedure: of the {many} called changed, on "
            f"average at most one in twenty is not. That holds for {many} that are independent or move together; where "
            f"violence is displaced from one {one} to another it is not assured."
        )
    if found.pooled is not None:
        told.append(
            f"The mean over {many} is that of a random-effects model of their counts (binomial shares, log ratios "
            f"normal between {many}). What moves all {many} at once is in none of these intervals, and “after” says "
            "when, not why."
        )
    return told


def _inputs(panel: DailyPanel) -> list[Input]:
    """What was read for the panel; claims, truces and events of a case were not."""
    provenance = panel.counting.provenance
    return [each for each in provenance.inputs if each.holds in KINDS_READ] if provenance else []


def _drawn_days(panel: DailyPanel) -> pd.DataFrame:
    """The days of the series that are drawn side by side, one series below the other."""
    totals = panel.summary()["best"].reset_index()
    largest = totals.sort_values("best", ascending=False, kind="stable")[:MOST_SERIES]
    series = {key: panel[key].table for key in pd.Series(list(panel))[largest.index]}
    return pd.concat(series, names=[*panel.by, "day"]).reset_index().assign(measure=panel.counting.measure)


def _csv(table: pd.DataFrame) -> bytes:
    """The table as a file, days as text."""
    days = {name: table[name].dt.strftime("%Y-%m-%d") for name in table.select_dtypes("datetime").columns}
    return as_csv(table.assign(**days)).encode()
