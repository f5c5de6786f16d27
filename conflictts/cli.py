"""The command line: words in, library calls, words out. No arithmetic here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from conflictts.incidents.table import Incidents

REFUSED, UNUSABLE, INTERRUPTED, UNEXPECTED = 1, 2, 130, 70
MEASURES = "incidents, deaths, civilians, combatants or injured"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Daily series of armed conflict from incident records, and what a truce changed in them.",
    epilog="Exit codes: 0 done; 1 refused by the data, with the reason; 2 wrong usage or unreadable input; "
    "70 a fault of the program.",
)
Input = Annotated[
    str | None, typer.Argument(help="A UCDP GED export or press catalogue (CSV, plain or gzip). Default: bundled case.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.callback()
def conflictts() -> None:
    """Keep `report` and `check` as commands of their own."""


@app.command()
def report(
    source: Input = None,
    truce: Annotated[str | None, typer.Option(help="First day the truce was in force, YYYY-MM-DD.")] = None,
    announced: Annotated[str | None, typer.Option(help="Day it was announced.")] = None,
    ended: Annotated[str | None, typer.Option(help="First day it was no longer in force.")] = None,
    coverage: Annotated[
        str | None, typer.Option(metavar="A:B", help="First and last day the source watched, YYYY-MM-DD:YYYY-MM-DD.")
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="A:B",
            help="Days to compare. Default: 120 days before the truce and 60 from it on, as far as covered.",
        ),
    ] = None,
    measure: Annotated[str, typer.Option(help=f"What to count: {MEASURES}.")] = "civilians",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only records with this value; one column twice means either."),
    ] = None,
    allocation: Annotated[
        str, typer.Option(help="How records of several days are laid over them: spread, exact, start or midpoint.")
    ] = "spread",
    out: Annotated[str, typer.Option(help="Folder to write the report into.")] = "conflictts-report",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Write what a truce changed as one HTML page, with numbers and figures beside it."""
    with _one_sentence(debug):
        from conflictts import cases
        from conflictts.report.page import write_report
        from conflictts.truce.period import Truce

        conditions = _conditions(where or [])
        covered, compared = _span(coverage, "--coverage"), _span(window, "--window")
        if truce and ended and ended <= truce:
            raise typer.BadParameter(f"{ended!r} is not after --truce {truce}.", param_hint="--ended")
        for date, option in ((truce, "--truce"), (announced, "--announced"), (ended, "--ended")):
            _date(date, option)
        bundled = cases.load_idlib_2019() if source is None else None
        if truce is not None:
            asked = Truce(truce, announced=announced, ended=ended)
        elif bundled is not None:
            asked = bundled.truces[cases.IDLIB_TRUCE]
            compared = compared or cases.IDLIB_WINDOW
        else:
            raise typer.BadParameter("none given. Say which truce: --truce YYYY-MM-DD.", param_hint="--truce")
        with _progress(quiet) as tell:
            tell("reading")
            incidents = bundled or _read(source)
            if covered is None and incidents.provenance.coverage is None:
                raise typer.BadParameter(
                    f"none given. {incidents.provenance.provider} does not say which days it covered, and they are not "
                    "guessed from the records. Declare them: --coverage YYYY-MM-DD:YYYY-MM-DD.",
                    param_hint="--coverage",
                )
            lost = incidents.ledger.n_quarantined
            if lost and not quiet:
                typer.echo(f"{lost:,} rows are in quarantine and not counted; conflictts check shows them.", err=True)
            page = write_report(
                incidents,
                asked,
                out,
                measure=measure,  # type: ignore[arg-type]
                coverage=covered,
                window=compared,
                where=conditions,
                allocation=allocation,  # type: ignore[arg-type]
                other_truces=bundled.truces.values() if bundled else (),
                claims=bundled.claims if bundled else None,
                events=bundled.events if bundled else None,
                progress=tell,
            )
        if not quiet:
            typer.echo(str(page))


@app.command()
def check(
    source: Input = None,
    quarantine: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the quarantined rows here, in the source's own columns.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Read a file and account for every row: used, quarantined, excluded; what is wrong where, and what is unusual."""
    with _one_sentence(debug):
        from conflictts.incidents.files import write_for_spreadsheet

        incidents = _read(source)
        _print_ledger(incidents)
        if quarantine is not None:
            try:
                write_for_spreadsheet(incidents.ledger.rejected, quarantine)
            except OSError as error:
                raise typer.BadParameter(
                    f"{quarantine} cannot be written ({error.strerror}). Name another file.", param_hint="--quarantine"
                ) from None
            typer.echo(f"{len(incidents.ledger.rejected):,} rows written to {quarantine}")
        if incidents.ledger.used == 0:
            typer.echo("conflictts: every row is in quarantine; nothing is left to count. Mend the file.", err=True)
            raise typer.Exit(REFUSED)


def main() -> None:
    """Run the command line."""
    app()


def _read(source: str | None) -> Incidents:
    from conflictts import cases
    from conflictts.incidents.recognise import read_incidents

    return cases.load_idlib_2019() if source is None else read_incidents(source)


def _print_ledger(incidents: Incidents) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = Console(soft_wrap=not sys.stdout.isatty())
    ledger, provenance = incidents.ledger, incidents.provenance
    table, colours = incidents.table, {"used": "green", "quarantined": "red", "excluded": "yellow"}
    console.print(f"{escape(', '.join(provenance.files))}: {escape(provenance.provider)}", highlight=False)
    lines = Table("outcome", "reason", box=None, pad_edge=False)
    lines.add_column("rows", justify="right")
    for line in ledger.summary().to_dict("records"):
        style = colours[line["outcome"]]
        lines.add_row(f"[{style}]{line['outcome']}[/]", escape(line["reason"]), f"{line['rows']:,}")
    lines.add_row("[bold]read[/]", "", f"[bold]{ledger.read:,}[/]")
    console.print(lines)
    if len(table):
        first, last = table["date_start"].min(), table["date_end"].max()
        several = int((table["date_end"] > table["date_start"]).sum())
        details = int((table["part_of"] != "").sum())
        console.print(
            f"Records lie between {first:%Y-%m-%d} and {last:%Y-%m-%d}; {several:,} span several days; {details:,} are "
            "details of another record and are never added.",
            highlight=False,
        )
    for line in ledger.warnings.to_dict("records"):
        console.print(
            f"[yellow]unusual[/]: {escape(line['warning'])}: {line['records']:,} records, for example "
            f"{escape(line['example'])}",
            highlight=False,
        )
    for fault in ledger.quarantined.head(20).to_dict("records"):
        console.print(
            f"[red]row {fault['row']}[/]: {escape(fault['column'])} = {escape(repr(fault['value'][:60]))}: "
            f"{escape(fault['reason'])}",
            highlight=False,
        )
    if len(ledger.quarantined) > 20:
        console.print(f"… and {len(ledger.quarantined) - 20:,} faults more; --quarantine FILE writes the rows out.")


def _conditions(where: list[str]) -> dict[str, list[str]]:
    conditions: dict[str, list[str]] = {}
    for condition in where:
        column, equals, value = condition.partition("=")
        if not equals or not column or not value:
            raise typer.BadParameter(f"{condition!r} is not COLUMN=VALUE, such as admin1=Idlib.", param_hint="--where")
        conditions.setdefault(column.strip(), []).append(value.strip())
    return conditions


def _span(text: str | None, option: str) -> tuple[str, str] | None:
    if text is None:
        return None
    first, colon, last = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text!r} is not two dates, such as 2019-01-01:2019-11-30.", param_hint=option)
    _date(first, option)
    _date(last, option)
    if first > last:
        raise typer.BadParameter(f"{text!r} ends before it starts. Write FIRST:LAST.", param_hint=option)
    return first, last


def _date(text: str | None, option: str) -> None:
    import datetime

    if text is None:
        return
    try:
        datetime.datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day written as YYYY-MM-DD.", param_hint=option) from None


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show the current step on a terminal, and nothing in a pipe or with --quiet."""
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield lambda step: status.update(step)


@contextmanager
def _one_sentence(debug: bool) -> Iterator[None]:
    """Turn an error into one sentence on stderr and its exit code."""
    from conflictts.errors import ConflictTSError, InputError, UnknownNameError

    try:
        yield
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except KeyboardInterrupt:
        typer.echo("conflictts: interrupted; nothing was replaced.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except ConflictTSError as error:
        if debug:
            raise
        typer.echo(f"conflictts: {error}", err=True)
        raise typer.Exit(UNUSABLE if isinstance(error, (InputError, UnknownNameError)) else REFUSED) from None
    except Exception as error:
        if debug:
            raise
        typer.echo(
            f"conflictts: unexpected {type(error).__name__}: {error}. This is a fault of the program: run again with "
            "--debug and report what it shows.",
            err=True,
        )
        raise typer.Exit(UNEXPECTED) from None


if __name__ == "__main__":
    main()
