"""conflictts check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conflictts.cli.options import Debug, Deletions, Input, read_records
from conflictts.cli.program import REFUSED, Terminal, one_sentence, say, written_whole

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
        from conflictts.series.numerals import so_many

        incidents = read_records(source, deletions)
        _print_ledger(incidents)
        if quarantine is not None:
            with written_whole(quarantine, "--quarantine", inputs=source or ()) as part:
                write_for_spreadsheet(incidents.ledger.rejected, part)
            say(f"{so_many(len(incidents.ledger.rejected), 'row')} written to {quarantine}")
        if incidents.ledger.used == 0:
            say("conflictts: every row is in quarantine; nothing is left to count. Mend the file.", err=True)
            raise typer.Exit(REFUSED)


def _print_ledger(incidents: Incidents) -> None:
    import pandas as pd
    from rich.markup import escape

    from conflictts.incidents.doubts import doubts_about
    from conflictts.series.numerals import so_many

    console = Terminal(soft_wrap=True, highlight=False)
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
        told += [f"{spans:,} {'spans' if spans == 1 else 'span'} several days"] if spans else []
        told += ["1 is a detail of another record and is never added"] if details == 1 else []
        told += [f"{details:,} are details of another record and are never added"] if details > 1 else []
        console.print(f"{'; '.join(told)}.")
    for line in ledger.warnings.to_dict("records"):
        of_day = table.loc[table["incident_id"] == line["example"], "date_start"].head(1)  # none of a district's name
        when = "".join(f" of {day:%Y-%m-%d}" for day in of_day)
        some = f" ({so_many(line['records'], 'record')}, the first {escape(line['example'])}{when})"
        of_file = line["records"] == ledger.read  # said of the file and not of some of its records
        console.print(f"[yellow]Note[/]: {escape(line['warning'])}{'' if of_file else some}.")
    for doubt in doubts_about(incidents, today=pd.Timestamp.today().normalize()):
        console.print(f"[yellow]Note[/]: {escape(doubt)}.")
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
