"""conflictts panel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conflictts.cli.options import (
    MEASURES,
    Debug,
    Deletions,
    Input,
    conditions_of,
    read_records,
    require_coverage,
    require_date,
    span_of,
)
from conflictts.cli.program import one_sentence, progress

if TYPE_CHECKING:
    from conflictts.series.panel import DailyPanel


def panel(
    source: Input = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="One series for each value of it, such as admin1; repeatable."),
    ] = None,
    truce: Annotated[str | None, typer.Option(help="First day the truce was in force, YYYY-MM-DD.")] = None,
    announced: Annotated[str | None, typer.Option(help="Day it was announced.")] = None,
    ended: Annotated[str | None, typer.Option(help="First day it was no longer in force.")] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="A:B",
            help="Days to compare. Default: 120 days before the truce and 60 from it on, as far as covered.",
        ),
    ] = None,
    measure: Annotated[str, typer.Option(help=f"What to count: {MEASURES}.")] = "civilians",
    coverage: Annotated[
        str | None, typer.Option(metavar="A:B", help="First and last day the source watched, YYYY-MM-DD:YYYY-MM-DD.")
    ] = None,
    gap: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Days in between that it did not watch; repeatable.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only records with this value; one column twice means either."),
    ] = None,
    allocation: Annotated[
        str, typer.Option(help="How records of several days are laid over them: spread, exact, start or midpoint.")
    ] = "spread",
    lag: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Days until a count is final; younger ones are provisional.")
    ] = None,
    retrieved_on: Annotated[
        str | None, typer.Option(help="Day of the download, YYYY-MM-DD; needed with --lag.")
    ] = None,
    deletions: Deletions = None,
    out: Annotated[str, typer.Option(help="Folder to write the page and its numbers into.")] = "conflictts-panel",
    temporary: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Where finished parts are kept until all are done, so that a run that was stopped goes on. Default: "
            "beside --out.",
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="Default: as many as processors are free.")] = None,
    language: Annotated[str, typer.Option(help="Language of the page: en or fr.")] = "en",
    json_: Annotated[
        bool,
        typer.Option("--json", help="Print findings.json on standard output, for scripts, and nothing else there."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Analyse every area at once: changes, the latest weeks and what a truce changed; stopped, it goes on."""
    with one_sentence(debug):
        from conflictts.report.folder import refuse_foreign_folder
        from conflictts.report.panel import NUMBERS, PARTS, write_panel_report
        from conflictts.series.daily import daily_series
        from conflictts.truce.panel import analyse_panel
        from conflictts.truce.period import Truce

        if not by:
            raise typer.BadParameter("none given. Say what makes an area: --by admin1.", param_hint="--by")
        if threads is not None and threads < 1:
            raise typer.BadParameter(f"{threads} is no number of threads. Give 1 or more.", param_hint="--threads")
        for date, option in (
            (truce, "--truce"),
            (announced, "--announced"),
            (ended, "--ended"),
            (retrieved_on, "--retrieved-on"),
        ):
            require_date(date, option)
        given = (("--announced", announced), ("--ended", ended), ("--window", window))
        alone = [option for option, value in given if value and not truce]
        if alone:
            raise typer.BadParameter("needs --truce, the day to compare at, beside it.", param_hint=alone[0])
        covered, compared = span_of(coverage, "--coverage"), span_of(window, "--window")
        gaps = [span_of(days, "--gap") for days in gap or []]
        folder = Path(out).expanduser().absolute()
        refuse_foreign_folder(folder, PARTS)
        parts = (folder.parent if temporary is None else Path(temporary).expanduser()) / f".{folder.name}-parts"
        asked = None if truce is None else Truce(truce, announced=announced, ended=ended)
        with progress(quiet) as tell:
            tell("reading")
            incidents = read_records(source, deletions)
            require_coverage(covered, incidents)
            tell("counting")
            counted: DailyPanel = daily_series(  # type: ignore[call-overload]
                incidents,
                measure=measure,
                coverage=covered,
                gaps=[days for days in gaps if days is not None],
                allocation=allocation,
                where=conditions_of(where or []),
                by=by,
                lag=lag,
                retrieved_on=retrieved_on,
            )
            found = analyse_panel(
                counted,
                truce=asked,
                window=compared,
                threads=threads,
                store=parts,
                progress=lambda done, of: tell(f"{done:,} of {of:,} series analysed"),
            )
            tell("drawing and writing")
            page = write_panel_report(counted, found, folder, language=language)  # type: ignore[arg-type]
            shutil.rmtree(parts, ignore_errors=True)  # no longer needed; what stays of it does no harm
        if json_:
            typer.echo((folder / NUMBERS).read_text(encoding="utf-8"), nl=False)
        elif not quiet:
            typer.echo(str(page))
        lost = incidents.ledger.n_quarantined
        if lost and not quiet:
            typer.echo(f"{lost:,} rows are in quarantine and not counted; conflictts check shows them.", err=True)
