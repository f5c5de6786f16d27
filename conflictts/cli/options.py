"""Options that several commands share, and what they say as Python."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from conflictts.cli.program import say

if TYPE_CHECKING:
    from conflictts.incidents.table import Incidents, Ledger

FIGURES = (".svg", ".png")
MEASURES = "incidents, deadly incidents, deaths, civilians, combatants or injured"


BLANK = {"bash": "\\ ", "powershell": "` ", "pwsh": "` "}  # in a word; other shells write it so themselves


def one_of(module: str, values: str) -> Callable[[str], list[str]]:
    """What the shell completes a value with: the very list that the command accepts, read when it is asked for."""

    def begun_as(incomplete: str) -> list[str]:
        shell = os.environ.get("_CONFLICTTS_COMPLETE", "").removeprefix("complete_")
        known = getattr(import_module(f"conflictts.{module}"), values)
        return [value.replace(" ", BLANK.get(shell, " ")) for value in known if value.startswith(incomplete)]

    return begun_as


Input = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[INPUT]...",
        help="One or more exports of UCDP GED or ACLED, a press catalogue, or a table with a column map beside it "
        "(CSV, Excel, Parquet, JSON lines; plain, gzip or zip). Default: the bundled case.",
    ),
]
Truce = Annotated[
    str | None, typer.Option(help="First day the truce was in force, YYYY-MM-DD; counts are of whole days.")
]
Announced = Annotated[str | None, typer.Option(help="Day it was announced.")]
Ended = Annotated[str | None, typer.Option(help="First day it was no longer in force.")]
Window = Annotated[
    str | None,
    typer.Option(
        metavar="A:B", help="Days to compare. Default: 120 days before the truce and 60 from it on, as far as covered."
    ),
]
MeasureName = Annotated[
    str,
    typer.Option(
        help=f"What to count: {MEASURES}.",
        autocompletion=one_of("series.measures", "UNITS"),
    ),
]
Language = Annotated[
    str, typer.Option(help="Language of the page: en or fr.", autocompletion=one_of("report.language", "LANGUAGES"))
]
Coverage = Annotated[
    str | None, typer.Option(metavar="A:B", help="First and last day the source watched, YYYY-MM-DD:YYYY-MM-DD.")
]
Gaps = Annotated[
    list[str] | None, typer.Option(metavar="A:B", help="Days in between that it did not watch; repeatable.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="One series for each value of it, such as admin1; repeatable.",
        autocompletion=one_of("incidents.table", "FILTERS"),
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Only records with this value; one column twice means either."),
]
AllocationName = Annotated[
    str,
    typer.Option(
        help="How records of several days are laid over them: spread, exact, start or midpoint.",
        autocompletion=one_of("series.allocation", "ALLOCATIONS"),
    ),
]
Lag = Annotated[
    int | None, typer.Option(metavar="DAYS", help="Days until a count is final; younger ones are provisional.")
]
RetrievedOn = Annotated[str | None, typer.Option(help="Day of the download, YYYY-MM-DD; needed with --lag.")]
Deletions = Annotated[str | None, typer.Option(metavar="FILE", help="ACLED's list of deleted events, to be left out.")]
Pdf = Annotated[
    bool, typer.Option("--pdf", help="The page as PDF too; needs pip install '.[pdf]' in the project's folder.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def read_records(source: list[str] | None, deletions: str | None) -> Incidents:
    """Read the files given, or the bundled case."""
    from conflictts import cases
    from conflictts.incidents.acled import read_acled
    from conflictts.incidents.recognise import read_incidents

    require_export(source, deletions)
    if not source:
        return cases.load_idlib_2019()
    return read_incidents(source) if deletions is None else read_acled(source, deletions=deletions)


def require_export(source: list[str] | None, deletions: str | None) -> None:
    """Refuse a list of deletions without the export that they are of."""
    if deletions is not None and not source:
        raise typer.BadParameter("needs the ACLED export that the events were deleted from.", param_hint="--deletions")


def require_ending(path: str | None, endings: tuple[str, ...], option: str) -> None:
    """Refuse a file whose name does not say its format."""
    if path is not None and not path.lower().endswith(endings):
        raise typer.BadParameter(
            f"{path} ends in none of {', '.join(endings)}, so its format is not known.", param_hint=option
        )


def require_files(source: list[str] | None) -> None:
    """Refuse what is no file before a word on any other option."""
    from pathlib import Path

    from conflictts.errors import InputError

    for name in source or []:
        if not Path(name).exists():
            raise InputError(f"There is no file {name}. Check the path.")


def require_coverage(covered: tuple[str, str] | None, incidents: Incidents) -> None:
    """Refuse to count where neither the option nor the source says which days were watched."""
    if covered is None and incidents.provenance.coverage is None:
        raise no_coverage(incidents.provenance.provider)


def no_coverage(provider: str) -> typer.BadParameter:
    """The refusal where nobody says which days were watched."""
    return typer.BadParameter(
        f"none given. {provider} does not say which days it covered, and they are not guessed from the records. "
        "Declare them: --coverage YYYY-MM-DD:YYYY-MM-DD.",
        param_hint="--coverage",
    )


def conditions_of(where: list[str]) -> dict[str, list[str]]:
    """["admin1=Idlib", "admin1=Hama"] -> {"admin1": ["Idlib", "Hama"]}."""
    conditions: dict[str, list[str]] = {}
    for condition in where:
        column, equals, value = condition.partition("=")
        if not equals or not column or not value:
            raise typer.BadParameter(f"{condition!r} is not COLUMN=VALUE, such as admin1=Idlib.", param_hint="--where")
        conditions.setdefault(column.strip(), []).append(value.strip())
    return conditions


def span_of(text: str | None, option: str) -> tuple[str, str] | None:
    """Read "FIRST:LAST" as a pair of days."""
    return None if text is None else _span(text, option)


def spans_of(texts: list[str] | None, option: str) -> list[tuple[str, str]]:
    """The same of every text given."""
    return [_span(text, option) for text in texts or []]


def _span(text: str, option: str) -> tuple[str, str]:
    first, colon, last = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text!r} is not two dates, such as 2019-01-01:2019-11-30.", param_hint=option)
    _require_date(first, option)
    _require_date(last, option)
    if first > last:
        raise typer.BadParameter(f"{text!r} ends before it starts. Write FIRST:LAST.", param_hint=option)
    return first, last


def require_dates(**options: str | None) -> None:
    """Refuse what is no day written as YYYY-MM-DD."""
    for name, text in options.items():
        if text is not None:
            _require_date(text, f"--{name.replace('_', '-')}")


def _require_date(text: str, option: str) -> None:
    from conflictts.errors import CoverageError
    from conflictts.series.coverage import whole_day

    try:
        whole_day(text, option)
    except CoverageError:
        raise typer.BadParameter(
            f"{text!r} is not a day written as YYYY-MM-DD, without an hour.", param_hint=option
        ) from None


def tell_quarantined(ledger: Ledger) -> None:
    """Say on stderr that rows were lost to the count, if any were, and where they are shown."""
    if number := ledger.n_quarantined:
        rows = "row is" if number == 1 else "rows are"
        say(f"{number:,} {rows} in quarantine and not counted; conflictts check shows them.", err=True)
