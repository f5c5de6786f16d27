"""conflictts series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conflictts.cli import options
from conflictts.cli.program import hand_out, one_sentence, progress, say, write_figure, written_whole

if TYPE_CHECKING:
    import pandas as pd

    from conflictts.series.daily import Counting, DailySeries
    from conflictts.series.panel import DailyPanel

TABLES = (".csv", ".parquet", ".json")


def series(
    source: options.Input = None,
    measure: options.MeasureName = "civilians",
    coverage: options.Coverage = None,
    gap: options.Gaps = None,
    where: options.Conditions = None,
    by: options.Groups = None,
    allocation: options.AllocationName = "spread",
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="M",
            help="Lay records of several days out by chance M times, and add the least and the most of each day.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the draws.")] = 1,
    lag: options.Lag = None,
    retrieved_on: options.RetrievedOn = None,
    deletions: options.Deletions = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write .csv, .parquet or .json here. Default: CSV to the screen.")
    ] = None,
    figure: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the series here, as .svg or .png.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but the series and errors.")] = False,
    debug: options.Debug = False,
) -> None:
    """Count per day, low, best and high, and say which days were observed; as CSV, Parquet or JSON."""
    with one_sentence(debug):
        import numpy as np

        from conflictts.series.daily import DailySeries, daily_series

        options.require_ending(out, TABLES, "--out")
        options.require_ending(figure, options.FIGURES, "--figure")
        if figure is not None and by:
            raise typer.BadParameter(
                "draws one series. Leave --by out, or name one with --where.", param_hint="--figure"
            )
        if draws is not None and by:
            raise typer.BadParameter(
                "is for one series. Leave --by out, or name one with --where.", param_hint="--draws"
            )
        options.require_dates(retrieved_on=retrieved_on)
        covered, gaps = options.span_of(coverage, "--coverage"), options.spans_of(gap, "--gap")
        with progress(quiet) as tell:
            tell("reading")
            incidents = options.read_records(source, deletions)
            options.require_coverage(covered, incidents)
            tell("counting")
            counted: DailySeries | DailyPanel = daily_series(  # type: ignore[call-overload, misc]
                incidents,
                measure=measure,
                coverage=covered,
                gaps=gaps,
                allocation=allocation,
                where=options.conditions_of(where or []),
                by=by,
                draws=draws,
                rng=None if draws is None else np.random.default_rng(seed),
                lag=lag,
                retrieved_on=retrieved_on,
            )
            if figure is not None and isinstance(counted, DailySeries):
                from conflictts.figures.daily import plot_daily

                tell("drawing")
                write_figure(partial(plot_daily, counted), figure, name="series")
        table = _table(counted)
        if out is None:
            hand_out(_csv(table, measure))
        else:
            _write(table, _facts(counted, table, seed), out, source or ())
        if not quiet:
            options.tell_quarantined(incidents.ledger)
            _tell(counted, table, seed)


def _table(counted: DailySeries | DailyPanel) -> pd.DataFrame:
    """A flat table, the day in a column; with draws also the least and the most that a day has in any of them."""
    table, draws = counted.table, getattr(counted, "draws", None)
    if "day" in table:
        return table
    if draws is not None:
        table = table.assign(drawn_least=draws.min(axis=1), drawn_most=draws.max(axis=1))
    return table.reset_index()


def _day_as_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(day=table["day"].dt.strftime("%Y-%m-%d"))


def _facts(counted: DailySeries | DailyPanel, table: pd.DataFrame, seed: int) -> dict[str, Any]:
    """What a reader of the numbers must know, as it goes into a file."""
    from conflictts.series.daily import DailySeries

    common: DailySeries | Counting = counted if isinstance(counted, DailySeries) else counted.counting
    facts: dict[str, Any] = {
        name: getattr(common, name) for name in ("measure", "unit", "area", "source", "allocation", "reporting_lag")
    }
    facts |= {"first_day": f"{table['day'].iloc[0]:%Y-%m-%d}", "last_day": f"{table['day'].iloc[-1]:%Y-%m-%d}"}
    if common.provenance is not None:
        facts |= {"licence": common.provenance.licence, "citation": common.provenance.citation}
    if isinstance(counted, DailySeries):
        facts |= {name: getattr(counted, name) for name in ("allocated", "no_lower_bound", "no_upper_bound")}
        if counted.draws is not None:
            facts |= {"draws": counted.draws.shape[1], "seed": seed}
    else:
        facts |= {"by": list(counted.by), "groups": counted.summary().reset_index().to_dict("records")}
    return {**facts, "account": counted.account.to_dict("records")}


def _tell(counted: DailySeries | DailyPanel, table: pd.DataFrame, seed: int) -> None:
    """On stderr, so that the series on stdout stays clean: what was counted, and what was not."""
    from conflictts.series.numerals import so_many, with_unit

    facts = _facts(counted, table, seed)
    days = table.drop_duplicates("day")["status"].value_counts()
    say(f"{facts['unit']}: {facts['area']}; {facts['source']}", err=True)
    statuses = ", ".join(f"{number:,} {status}" for status, number in days.items())
    groups = f"{len(facts['groups']):,} series of " if "groups" in facts else ""
    say(f"{groups}{facts['first_day']} to {facts['last_day']}, days: {statuses}", err=True)
    if facts.get("allocated"):
        say(f"{facts['allocated']:.1%} of the total is from records of several days ({facts['allocation']})", err=True)
    if "draws" in facts:
        say(f"drawn_least and drawn_most: over {facts['draws']:,} draws of their days, seed {seed}", err=True)
    say(f"reporting lag: {facts['reporting_lag']}", err=True)
    account = counted.account.groupby("outcome", sort=False)[["records", "best"]].sum()
    for outcome, line in account.iterrows():
        total = with_unit(f"{line['best']:,.10g}", facts["unit"])
        say(f"{outcome}: {so_many(int(line['records']), 'record')}, {total}", err=True)


def _csv(table: pd.DataFrame, measure: str) -> str:
    """With what is counted on every line, for whatever reads it next: a CSV has no other place for it."""
    from conflictts.incidents.files import as_csv

    return as_csv(_day_as_text(table).assign(measure=measure))


def _json(table: pd.DataFrame, facts: dict[str, Any]) -> str:
    table = _day_as_text(table)
    days = table.astype(object).where(table.notna(), None).to_dict("records")
    return json.dumps({**facts, "days": days}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _write(table: pd.DataFrame, facts: dict[str, Any], path: str, inputs: Sequence[str]) -> None:
    with written_whole(path, "--out", inputs=inputs) as part:
        if path.lower().endswith(".parquet"):
            table = table.copy()
            table.attrs = facts  # kept in the file's metadata
            table.to_parquet(part, index=False)
        else:
            text = _csv(table, facts["measure"]) if path.lower().endswith(".csv") else _json(table, facts)
            part.write_text(text, encoding="utf-8", newline="")
