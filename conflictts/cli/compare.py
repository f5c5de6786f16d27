"""conflictts compare."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from conflictts.cli.options import FIGURES, Debug, read_records, require_ending
from conflictts.cli.program import one_sentence, say, write_figure, written_whole


def compare(
    old: Annotated[str, typer.Argument(help="The earlier download.")],
    new: Annotated[str, typer.Argument(help="The later download of the same source.")],
    changes: Annotated[str | None, typer.Option(metavar="FILE", help="Write every changed cell here, as CSV.")] = None,
    figure: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the months here, as SVG or PNG.")] = None,
    debug: Debug = False,
) -> None:
    """Say what changed between two downloads of one source: added, removed and changed records."""
    with one_sentence(debug):
        from conflictts.figures.vintages import plot_vintages
        from conflictts.incidents.files import write_for_spreadsheet
        from conflictts.incidents.vintages import PERSONS, compare_vintages

        require_ending(figure, FIGURES, "--figure")
        comparison = compare_vintages(read_records([old], None), read_records([new], None))
        say(f"{comparison.names[0]}  ->  {comparison.names[1]}")
        say(comparison.summary().to_string(index=False))
        for warning in comparison.warnings:
            say(f"Warning: {warning}.", err=True)
        months = comparison.by_month.loc[comparison.by_month.fillna(0.0).any(axis=1)]
        months = months.set_axis(months.index.strftime("%Y-%m")).rename_axis("month")
        tolls = {kind: lambda more: f"{more:+,.10g}" if more else "0" for kind in PERSONS}
        told = months.to_string(na_rep="not stated", formatters=tolls)
        for heading, table, text in (
            ("by month; civilians and deaths by the best figures, new less old", months, told),
            ("by column", comparison.by_column, comparison.by_column.set_index("column").to_string()),
        ):
            if len(table):
                say(f"\n{heading}\n{text}")
        if changes is not None:
            with written_whole(changes, "--changes", inputs=(old, new)) as part:
                write_for_spreadsheet(comparison.changed, part)
        if figure is not None:
            write_figure(partial(plot_vintages, comparison), figure, name="vintages")
