"""What was asked of a report checked, found and written: the page, with the numbers and figures beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from conflictts.errors import InputError, UnknownNameError, require_kind, require_path, require_table
from conflictts.incidents.files import as_csv
from conflictts.incidents.table import Incidents, Where
from conflictts.report.again import inputs_of, recipe_of, today, versions
from conflictts.report.anonymised import PLACES, WEEKS, write_anonymised
from conflictts.report.drawing import FIGURES
from conflictts.report.export import NUMBERS, SCHEMA, as_json, numbers_files
from conflictts.report.findings import Choices, Findings, check_areas, find_all
from conflictts.report.first import compile_rest
from conflictts.report.folder import refuse_foreign_folder, write_folder
from conflictts.report.language import Language, translator
from conflictts.report.page import PAGE, PRINT, SERIES, Report, page_files
from conflictts.report.print import require_weasyprint
from conflictts.series.allocation import Allocation
from conflictts.series.claims import require_claims
from conflictts.series.daily import Day, Measure
from conflictts.series.reporting import ReportingLag
from conflictts.truce.compiling import told_of_compiling
from conflictts.truce.period import Truce, Truces, listed

RECIPE = "report.toml"
PARTS = (PAGE, PRINT, NUMBERS, SCHEMA, SERIES, FIGURES, RECIPE, WEEKS, PLACES)
Format = Literal["html", "json", "csv", "figures", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
USUAL: tuple[Format, ...] = ("html", "json", "csv", "figures")  # all that need nothing but what is always installed


def write_report(
    incidents: Incidents,
    truces: Truces,
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
    other_truces: Truces = (),
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
    truces : Truce, or iterable or mapping of Truce
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
    other_truces : Truce, or iterable or mapping of Truce, optional
        Shown beside them, and named where they weaken a comparison.
    claims : DataFrame, optional
        As from `read_claims`; held against a series that is not filtered by any condition.
    events : DataFrame, columns date and label, optional
        Context for the first figure.
    formats : collection of {"html", "json", "csv", "figures", "pdf"}, default all but "pdf"
        What the folder holds: the page, findings.json and its schema, series.csv, the figures as SVG and PNG, the page
        as tagged PDF (by WeasyPrint: ``pip install '.[pdf]'`` in the project's folder). Without the page and the
        figures nothing is drawn.
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
    asked = listed(truces)
    require_path(out, "out")
    if claims is not None:
        require_claims(claims, "reporting_body")
    if events is not None:
        require_table(events, ("date", "label"), "events", "pandas.read_csv(path, parse_dates=['date'])")
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
    others, windows = listed(other_truces, "other_truces"), _windows(asked, window)
    if anonymise is not None:
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
    report = Report(found, refused, words, processes, progress, formats)
    progress("writing the page")
    numbers = as_json(
        found,
        refused,
        versions=versions(),
        recipe=recipe,
        inputs=inputs_of(incidents, claims, events),
        made_on=today(),
        language=language,
    )
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


def _series(found: Sequence[Findings]) -> bytes:
    """The daily series of every area, one below the other, in the columns that `conflictts series` writes."""
    series = {each.area: each.daily for each in reversed(found)}
    table = pd.concat([
        daily.table.reset_index().assign(area=area, measure=daily.measure) for area, daily in reversed(series.items())
    ])  # fmt: skip
    table["day"] = table["day"].dt.strftime("%Y-%m-%d")
    return as_csv(table[["area", *(name for name in table if name != "area")]]).encode()
