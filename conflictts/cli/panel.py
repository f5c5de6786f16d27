"""conflictts panel."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conflictts.cli import options
from conflictts.cli.program import hand_out, one_sentence, progress, writing

if TYPE_CHECKING:
    from conflictts.series.panel import DailyPanel


def panel(
    source: options.Input = None,
    by: options.Groups = None,
    truce: options.Truce = None,
    announced: options.Announced = None,
    ended: options.Ended = None,
    window: options.Window = None,
    measure: options.MeasureName = "civilians",
    coverage: options.Coverage = None,
    gap: options.Gaps = None,
    where: options.Conditions = None,
    allocation: options.AllocationName = "spread",
    lag: options.Lag = None,
    retrieved_on: options.RetrievedOn = None,
    deletions: options.Deletions = None,
    out: Annotated[str, typer.Option(help="Folder to write the page and its numbers into.")] = "conflictts-panel",
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="What counting exports of GED or ACLED (CSV, Parquet), plain or packed, may hold in memory, such as "
            "500MB; the rest goes to disk. Tables of other columns and workbooks are read whole.",
        ),
    ] = "2GB",
    temporary: Annotated[
        str | None,
        typer.Option(
            "--temp-dir",
            metavar="DIR",
            help="Where that is put, and finished parts are kept until all are done, so that a run that was stopped "
            "goes on. Default: the system's, and beside --out.",
        ),
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", help="Default: as many as processors are free.")] = None,
    geojson: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Outlines of the areas in WGS84 degrees, for a map of the rate ratios. Default: discs where the "
            "records lie, if they have coordinates.",
        ),
    ] = None,
    geojson_key: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The property of each outline that names its area as the records do."),
    ] = None,
    language: options.Language = "en",
    pdf: options.Pdf = False,
    json_: Annotated[
        bool,
        typer.Option("--json", help="Print findings.json on standard output, for scripts, and nothing else there."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    debug: options.Debug = False,
) -> None:
    """Analyse every area at once: changes, the latest weeks and what changed at a truce; stopped, it goes on."""
    with one_sentence(debug):
        from conflictts.cases import load_idlib_2019
        from conflictts.errors import UndeclaredCoverage
        from conflictts.incidents.outlines import read_outlines
        from conflictts.report.export import NUMBERS
        from conflictts.report.folder import refuse_foreign_folder
        from conflictts.report.panel import PARTS, write_panel_report
        from conflictts.report.print import require_weasyprint
        from conflictts.series.aggregation import daily_panel
        from conflictts.series.daily import daily_series
        from conflictts.series.engine import require_room
        from conflictts.truce.panel import analyse_panel
        from conflictts.truce.period import Truce

        if not by:
            raise typer.BadParameter("none given. Say what makes an area: --by admin1.", param_hint="--by")
        if threads is not None and threads < 1:
            raise typer.BadParameter(f"{threads} is no number of threads. Give 1 or more.", param_hint="--threads")
        options.require_dates(truce=truce, announced=announced, ended=ended, retrieved_on=retrieved_on)
        given = (("--announced", announced), ("--ended", ended), ("--window", window))
        options.require_files(source)
        options.require_export(source, deletions)
        alone = [option for option, value in given if value and not truce]
        if alone:
            raise typer.BadParameter("needs --truce, the day to compare at, beside it.", param_hint=alone[0])
        if (geojson is None) != (geojson_key is None):
            lacking = "--geojson-key" if geojson_key is None else "--geojson"
            raise typer.BadParameter("--geojson and --geojson-key go together.", param_hint=lacking)
        outlines = None if geojson is None else read_outlines(Path(geojson).expanduser(), key=str(geojson_key))
        covered, compared = options.span_of(coverage, "--coverage"), options.span_of(window, "--window")
        gaps = options.spans_of(gap, "--gap")
        folder = Path(out).expanduser().absolute()
        refuse_foreign_folder(folder, PARTS)
        if pdf:
            require_weasyprint()
        aside = None if temporary is None else Path(temporary).expanduser()
        if aside is not None:
            with writing(str(temporary), "--temp-dir"):
                aside.mkdir(parents=True, exist_ok=True)
        require_room(memory, aside)
        parts = (aside or folder.parent) / f".{folder.name}-parts"
        asked = None if truce is None else Truce(truce, announced=announced, ended=ended)
        command = _command(
            source,
            {
                "by": by, "truce": truce, "announced": announced, "ended": ended, "window": window, "measure": measure,
                "coverage": coverage, "gap": gap, "where": where, "allocation": allocation, "lag": lag,
                "retrieved-on": retrieved_on, "deletions": deletions and Path(deletions).name,
                "geojson": geojson and Path(geojson).name, "geojson-key": geojson_key, "language": language,
            },
            pdf=pdf,
        )  # fmt: skip
        with progress(quiet) as tell:
            choices: dict[str, Any] = {
                "measure": measure,
                "coverage": covered,
                "gaps": gaps,
                "allocation": allocation,
                "where": options.conditions_of(where or []),
                "by": by,
                "lag": lag,
                "retrieved_on": retrieved_on,
            }
            counted: DailyPanel
            if source:
                tell("reading and counting")
                try:
                    counted = daily_panel(source, **choices, deletions=deletions, memory_limit=memory, temporary=aside)
                except UndeclaredCoverage:
                    raise options.no_coverage("The source") from None
            else:
                tell("reading")
                incidents = load_idlib_2019()
                tell("counting")
                counted = daily_series(incidents, **choices)
            found = analyse_panel(
                counted,
                truce=asked,
                window=compared,
                threads=threads,
                store=parts,
                progress=lambda done, of: tell(f"{done:,} of {of:,} series analysed"),
            )
            tell("drawing and writing")
            page = write_panel_report(
                counted,
                found,
                folder,
                outlines=outlines,
                language=language,  # type: ignore[arg-type]
                pdf=pdf,
                command=command,
            )
            shutil.rmtree(parts, ignore_errors=True)  # no longer needed; what stays of it does no harm
        if json_:
            hand_out((folder / NUMBERS).read_text(encoding="utf-8"))
        elif not quiet:
            hand_out(f"{page}\n")
        if not quiet:
            options.tell_quarantined(counted.ledger)


def _command(source: list[str] | None, given: dict[str, Any], *, pdf: bool) -> str:
    """What was asked for as it is typed; where it is written to and how fast changes nothing of the page."""
    words = ["conflictts", "panel", *(Path(name).name for name in source or [])]
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            words += [] if each is None else [f"--{name}", str(each)]
    return shlex.join([*words, *(["--pdf"] if pdf else [])])
