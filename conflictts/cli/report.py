"""conflictts report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conflictts.cli import options
from conflictts.cli.program import IN_PART, hand_out, one_sentence, processors, progress, say

BESIDE_CONFIG = ("config", "out", "quiet", "json_", "progress_", "debug")  # say where to and how to speak, not what


def report(
    context: typer.Context,
    source: options.Input = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with all choices, several areas and truces; only --out, --json, --quiet "
            "and --progress may stand beside it.",
        ),
    ] = None,
    truce: options.Truce = None,
    announced: options.Announced = None,
    ended: options.Ended = None,
    coverage: options.Coverage = None,
    gap: options.Gaps = None,
    window: options.Window = None,
    measure: options.MeasureName = "civilians",
    where: options.Conditions = None,
    deletions: options.Deletions = None,
    allocation: options.AllocationName = "spread",
    lag: options.Lag = None,
    retrieved_on: options.RetrievedOn = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="A:B", help="Days to compare the latest four weeks with. Default: those compared before the truce."
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Draw the days of records of several days N times; intervals then hold the dating too."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the draws.")] = 1,
    out: Annotated[str, typer.Option(help="Folder to write the report into.")] = "conflictts-report",
    language: options.Language = "en",
    pdf: options.Pdf = False,
    anonymise: Annotated[
        bool,
        typer.Option(
            "--anonymise",
            help="Tell nothing of single records: by the week and tenth of a degree, few withheld, the rest rounded.",
        ),
    ] = False,
    smallest: Annotated[
        int, typer.Option(metavar="K", help="With --anonymise: withhold counts of incidents and tolls under K.")
    ] = 5,
    json_: Annotated[
        bool,
        typer.Option("--json", help="Print findings.json on standard output, for scripts, and nothing else there."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    progress_: Annotated[
        bool,
        typer.Option("--progress", help="Say on standard error what is being done, into a pipe or a file too."),
    ] = False,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the JSON Schema of findings.json, and do nothing else."),
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Write what changed at a truce as one HTML page, with numbers and figures beside it."""
    with one_sentence(debug):
        if schema:
            from conflictts.report.export import findings_schema

            hand_out(findings_schema("anonymised" if anonymise else "report"))
            return
        from conflictts.report.first import half_compiled_beside

        context.with_resource(half_compiled_beside(1 if anonymise else processors()))
        if config is not None:
            _refuse_beside_config(context)
            from conflictts.report.recipe import read_recipe

            recipe = read_recipe(config)
            given = _was_given(context, "out")
            with progress(quiet, asked=progress_) as tell:
                tell("reading")
                incidents = recipe.read()
                if not quiet:
                    options.tell_quarantined(incidents.ledger)
                left_out = recipe.without_records(incidents)
                page = recipe.make(incidents, out=out if given else None, processes=processors(), progress=tell)
            _print(page, json_, quiet)
            for area, reason in left_out.items():
                say(f"conflictts: the report leaves out the area {area!r}: {reason}", err=True)
            if left_out:
                raise typer.Exit(IN_PART)
            return
        if _was_given(context, "smallest") and not anonymise:
            raise typer.BadParameter(
                "it bears on --anonymise alone. Add that, or leave it out.", param_hint="--smallest"
            )
        from conflictts import cases
        from conflictts.report.write import USUAL, write_report
        from conflictts.truce.period import Truce

        conditions = options.conditions_of(where or [])
        covered, compared = options.span_of(coverage, "--coverage"), options.span_of(window, "--window")
        gaps, compare_to = options.spans_of(gap, "--gap"), options.span_of(baseline, "--baseline")
        if truce and ended and ended <= truce:
            raise typer.BadParameter(f"{ended!r} is not after --truce {truce}.", param_hint="--ended")
        options.require_dates(truce=truce, announced=announced, ended=ended, retrieved_on=retrieved_on)
        options.require_files(source)
        options.require_export(source, deletions)
        bundled = None if source else cases.load_idlib_2019()
        if truce is not None:
            asked = Truce(truce, announced=announced, ended=ended)
        elif bundled is not None:
            asked = bundled.truces[cases.IDLIB_TRUCE]
            compared = compared or cases.IDLIB_WINDOW
        else:
            raise typer.BadParameter("none given. Say which truce: --truce YYYY-MM-DD.", param_hint="--truce")
        with progress(quiet, asked=progress_) as tell:
            tell("reading")
            incidents = bundled or options.read_records(source, deletions)
            options.require_coverage(covered, incidents)
            if not quiet:
                options.tell_quarantined(incidents.ledger)
            page = write_report(
                incidents,
                asked,
                out,
                measure=measure,  # type: ignore[arg-type]
                coverage=covered,
                window=compared,
                where=conditions,
                gaps=gaps,
                lag=lag,
                retrieved_on=retrieved_on,
                baseline=compare_to,
                allocation=allocation,  # type: ignore[arg-type]
                draws=draws,
                seed=seed,
                other_truces=bundled.truces.values() if bundled else (),
                claims=bundled.claims if bundled else None,
                events=bundled.events if bundled else None,
                formats=(*USUAL, "pdf") if pdf else USUAL,
                language=language,  # type: ignore[arg-type]
                anonymise=smallest if anonymise else None,
                processes=processors(),
                progress=tell,
            )
        _print(page, json_, quiet)


def _refuse_beside_config(context: typer.Context) -> None:
    """A report by a file is what the file says, and nothing else."""
    for name in context.params:
        if name not in BESIDE_CONFIG and _was_given(context, name):
            shown = "INPUT" if name == "source" else f"--{name.replace('_', '-')}"
            raise typer.BadParameter(
                f"{shown} stands beside it. What is compared is said in the file alone: write it there, or leave "
                "--config out.",
                param_hint="--config",
            )


def _was_given(context: typer.Context, name: str) -> bool:
    """Whether an option or argument was written on the command line."""
    return getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"


def _print(page: Path, as_json: bool, quiet: bool) -> None:
    """Where the report lies, or its numbers."""
    if not as_json:
        if not quiet:
            hand_out(f"{page}\n")
        return
    numbers = (page if page.is_dir() else page.parent) / "findings.json"
    if not numbers.exists():
        raise typer.BadParameter('the file\'s `formats` leave out "json". Add it there.', param_hint="--json")
    hand_out(numbers.read_text(encoding="utf-8"))
