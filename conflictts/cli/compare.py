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
        from conflictts.incidents.vintages import compare_vintages

        require_ending(figure, FIGURES, "--figure")
        comparison = compare_vintages(read_records([old], None), read_records([new], None))
        say(f"{comparison.names[0]}  ->  {comparison.names[1]}")
        say(comparison.summary().to_string(index=False))
        for warning in comparison.warnings:
            say(f"Warning: {warning}.", err=True)
        touched = comparison.by_month.loc[comparison.by_month.any(axis=1)]
        for heading, table in (("by month", touched), ("by column", comparison.by_column.set_index("column"))):
            if len(table):
                say(f"\n{heading}\n{table.to_string()}")
        if changes is not None:
            with written_whole(changes, "--changes", inputs=(old, new)) as part:
                write_for_spreadsheet(comparison.changed, part)
        if figure is not None:
            write_figure(partial(plot_vintages, comparison), figure, name="vintages")
