"""The command line: words in, library calls, words out. No arithmetic here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from conflictts.incidents.remote import Download
    from conflictts.incidents.table import Incidents

REFUSED, UNUSABLE, PROVIDER_FAILED, INTERRUPTED, UNEXPECTED = 1, 2, 3, 130, 70
MEASURES = "incidents, deaths, civilians, combatants or injured"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Daily series of armed conflict from incident records, and what a truce changed in them.",
    epilog="Exit codes: 0 done; 1 refused by the data, with the reason; 2 wrong usage or unreadable input; "
    "3 a provider failed; 70 a fault of the program.",
)
Input = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[INPUT]...",
        help="One or more exports of UCDP GED or ACLED, a press catalogue, or a table with a column map beside it "
        "(CSV, Excel, Parquet, JSON lines; plain, gzip or zip). Default: the bundled case.",
    ),
]
Deletions = Annotated[str | None, typer.Option(metavar="FILE", help="ACLED's list of deleted events, to be left out.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.callback()
def conflictts() -> None:
    """Hold the commands together."""


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
    deletions: Deletions = None,
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
        bundled = None if source else cases.load_idlib_2019()
        if truce is not None:
            asked = Truce(truce, announced=announced, ended=ended)
        elif bundled is not None:
            asked = bundled.truces[cases.IDLIB_TRUCE]
            compared = compared or cases.IDLIB_WINDOW
        else:
            raise typer.BadParameter("none given. Say which truce: --truce YYYY-MM-DD.", param_hint="--truce")
        with _progress(quiet) as tell:
            tell("reading")
            incidents = bundled or _read(source, deletions)
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
    deletions: Deletions = None,
    debug: Debug = False,
) -> None:
    """Read a file and account for every row: used, quarantined, excluded; what is wrong where, and what is unusual."""
    with _one_sentence(debug):
        from conflictts.incidents.files import write_for_spreadsheet

        incidents = _read(source, deletions)
        _print_ledger(incidents)
        if quarantine is not None:
            with _writing(quarantine, "--quarantine"):
                write_for_spreadsheet(incidents.ledger.rejected, quarantine)
            typer.echo(f"{len(incidents.ledger.rejected):,} rows written to {quarantine}")
        if incidents.ledger.used == 0:
            typer.echo("conflictts: every row is in quarantine; nothing is left to count. Mend the file.", err=True)
            raise typer.Exit(REFUSED)


def main() -> None:
    """Run the command line."""
    app()


@app.command()
def compare(
    old: Annotated[str, typer.Argument(help="The earlier download.")],
    new: Annotated[str, typer.Argument(help="The later download of the same source.")],
    changes: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write every changed cell here, as CSV."),
    ] = None,
    figure: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the months here, as SVG or PNG.")] = None,
    debug: Debug = False,
) -> None:
    """Say what changed between two downloads of one source: added, removed and changed records."""
    with _one_sentence(debug):
        from conflictts.figures.sheet import draw_sheet
        from conflictts.figures.vintages import plot_vintages
        from conflictts.incidents.files import write_for_spreadsheet
        from conflictts.incidents.vintages import compare_vintages

        comparison = compare_vintages(_read([old], None), _read([new], None))
        typer.echo(f"{comparison.names[0]}  ->  {comparison.names[1]}")
        typer.echo(comparison.summary().to_string(index=False))
        touched = comparison.by_month.loc[comparison.by_month.any(axis=1)]
        for heading, table in (("by month", touched), ("by column", comparison.by_column.set_index("column"))):
            if len(table):
                typer.echo(f"\n{heading}\n{table.to_string()}")
        if changes is not None:
            with _writing(changes, "--changes"):
                write_for_spreadsheet(comparison.changed, changes)
        if figure is not None:
            sheet = draw_sheet(partial(plot_vintages, comparison), name="vintages")
            with _writing(figure, "--figure"):
                Path(figure).write_bytes(sheet.svg.encode() if figure.lower().endswith(".svg") else sheet.png)


fetch = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Download records from a provider; an interrupted download goes on where it stopped. Credentials come from "
    "the environment or the keyring, never from the command line.",
)
app.add_typer(fetch, name="fetch")
Out = Annotated[str, typer.Option(metavar="FILE", help="CSV file to write; its provenance is written beside it.")]
Start = Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")]
End = Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as one line of JSON.")]


@fetch.command("ucdp")
def fetch_ucdp(
    out: Out,
    version: Annotated[str, typer.Option(help="Release of GED or Candidate, such as 25.1.")],
    country: Annotated[list[int] | None, typer.Option(help="Gleditsch-Ward number, such as 652; repeatable.")] = None,
    start: Start = None,
    end: End = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Download UCDP GED events. The token: CONFLICTTS_UCDP_TOKEN, or `keyring set conflictts CONFLICTTS_UCDP_TOKEN`."""
    with _one_sentence(debug), _progress(quiet) as tell:
        from conflictts.incidents.remote import fetch_ucdp as download

        done = download(out, version=version, country=country or None, start=start, end=end, progress=tell)
    _print_download(done, quiet, as_json)


@fetch.command("acled")
def fetch_acled(
    out: Out,
    country: Annotated[list[str], typer.Option(help="Country by name, such as Syria; repeat for more.")],
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option(help="Last day, YYYY-MM-DD.")],
    quiet: Quiet = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Download ACLED events. Account: CONFLICTTS_ACLED_USER and CONFLICTTS_ACLED_PASSWORD, or the keyring."""
    with _one_sentence(debug), _progress(quiet) as tell:
        from conflictts.incidents.remote import fetch_acled as download

        done = download(out, country=country, start=start, end=end, progress=tell)
    _print_download(done, quiet, as_json)


def _print_download(done: Download, quiet: bool, as_json: bool) -> None:
    if as_json:
        import json

        outcome = {**done.summary().to_dict("records")[0], "path": str(done.path), "notes": list(done.notes)}
        typer.echo(json.dumps(outcome, ensure_ascii=False))
    elif not quiet:
        resumed = f", {done.resumed:,} of them from an earlier run" if done.resumed else ""
        typer.echo(f"{done.path}: {done.rows:,} rows in {done.pages:,} pages{resumed}")
        for note in done.notes:
            typer.echo(note)


def _read(source: list[str] | None, deletions: str | None) -> Incidents:
    from conflictts import cases
    from conflictts.incidents.acled import read_acled
    from conflictts.incidents.recognise import read_incidents

    if not source:
        return cases.load_idlib_2019()
    return read_incidents(source) if deletions is None else read_acled(source, deletions=deletions)


@contextmanager
def _writing(path: str, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"{path} cannot be written ({error.strerror}). Name another file.", param_hint=option
        ) from None


def _print_ledger(incidents: Incidents) -> None:
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False)
    ledger, provenance, table = incidents.ledger, incidents.provenance, incidents.table
    width = len(f"{ledger.read:,}")
    colours = {"used": "green", "quarantined": "red", "excluded": "yellow"}
    console.print(f"{escape(', '.join(provenance.files))}: {escape(provenance.provider)}")
    for line in ledger.summary().to_dict("records"):
        reason = " " * (13 - len(line["outcome"])) + escape(line["reason"]) if line["reason"] else ""
        console.print(f"  {line['rows']:>{width},}  [{colours[line['outcome']]}]{line['outcome']}[/]{reason}")
    console.print(f"  {'-' * width}\n  [bold]{ledger.read:>{width},}  rows read[/]")
    if len(table):
        spans = int((table["date_end"] > table["date_start"]).sum())
        details = int((table["part_of"] != "").sum())
        told = [f"Records lie between {table['date_start'].min():%Y-%m-%d} and {table['date_end'].max():%Y-%m-%d}"]
        told += [f"{spans:,} span several days"] if spans else []
        told += [f"{details:,} are details of another record and are never added"] if details else []
        console.print(f"{'; '.join(told)}.")
    for line in ledger.warnings.to_dict("records"):
        some = f" ({line['records']:,} records, the first {escape(line['example'])})"
        of_file = line["records"] == ledger.read  # said of the file and not of some of its records
        console.print(f"[yellow]Note[/]: {escape(line['warning'])}{'' if of_file else some}.")
    several = len(provenance.files) > 1
    for _, alike in ledger.quarantined.groupby(["column", "reason"], sort=False):
        for fault in alike.head(3).to_dict("records"):
            where = f"{escape(fault['file'])} " if several else ""
            console.print(
                f"[red]{where}row {fault['row']}[/]: {escape(fault['column'])} = {escape(repr(fault['value'][:60]))}: "
                f"{escape(fault['reason'])}"
            )
        if len(alike) > 3:
            console.print(f"… and {len(alike) - 3:,} more such faults in {escape(alike['column'].iloc[0])}")
    if ledger.n_quarantined:
        name = Path(ledger.quarantined["file"].iloc[0]).name.split(".")[0]
        console.print(f"--quarantine {escape(name)}.mended.csv writes these rows out, to be mended and checked again.")


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
    from conflictts.errors import ConflictTSError, InputError, ProviderError, UnknownNameError

    try:
        yield
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except KeyboardInterrupt:
        typer.echo(
            "conflictts: interrupted; nothing was replaced. Run it again; a download goes on where it stopped.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except ConflictTSError as error:
        if debug:
            raise
        typer.echo(f"conflictts: {error}", err=True)
        if isinstance(error, ProviderError):
            raise typer.Exit(PROVIDER_FAILED) from None
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
