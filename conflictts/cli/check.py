"""conflictts check."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from conflictts.cli.options import Debug, Deletions, Input, read_records
from conflictts.cli.program import REFUSED, one_sentence, writing

if TYPE_CHECKING:
    from conflictts.incidents.table import Incidents


def check(
    source: Input = None,
    quarantine: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the quarantined rows here, in the source's own columns.")
    ] = None,
    deletions: Deletions = None,
    debug: Debug = False,
) -> None:
    """Read a file and account for every row: used, quarantined, excluded; what is wrong where, and what is unusual."""
    with one_sentence(debug):
        from conflictts.incidents.files import write_for_spreadsheet

        incidents = read_records(source, deletions)
        _print_ledger(incidents)
        if quarantine is not None:
            with writing(quarantine, "--quarantine"):
                write_for_spreadsheet(incidents.ledger.rejected, quarantine)
            typer.echo(f"{len(incidents.ledger.rejected):,} rows written to {quarantine}")
        if incidents.ledger.used == 0:
            typer.echo("conflictts: every row is in quarantine; nothing is left to count. Mend the file.", err=True)
            raise typer.Exit(REFUSED)


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
        spans = int((table["date_end"] > table["date_start"]).sum())
        details = int((table["part_of"] != "").sum())
        console.print(
            f"Records lie between {first:%Y-%m-%d} and {last:%Y-%m-%d}; {spans:,} span several days; {details:,} are "
            "details of another record and are never added.",
            highlight=False,
        )
    for line in ledger.warnings.to_dict("records"):
        console.print(
            f"[yellow]unusual[/]: {escape(line['warning'])}: {line['records']:,} records, for example "
            f"{escape(line['example'])}",
            highlight=False,
        )
    several = len(provenance.files) > 1
    for fault in ledger.quarantined.head(20).to_dict("records"):
        where = f"{escape(fault['file'])} " if several else ""
        console.print(
            f"[red]{where}row {fault['row']}[/]: {escape(fault['column'])} = {escape(repr(fault['value'][:60]))}: "
            f"{escape(fault['reason'])}",
            highlight=False,
        )
    if len(ledger.quarantined) > 20:
        console.print(f"… and {len(ledger.quarantined) - 20:,} faults more; --quarantine FILE writes the rows out.")
