"""The command line: words in, library calls, words out. No arithmetic here."""

from conflictts.cli.check import check
from conflictts.cli.compare import compare
from conflictts.cli.fetch import fetch
from conflictts.cli.monitor import monitor
from conflictts.cli.panel import panel
from conflictts.cli.program import Once, app, main
from conflictts.cli.report import report
from conflictts.cli.series import series

for command in (report, series, panel, check, compare, monitor):  # in the order of the help
    app.command(cls=Once)(command)
app.add_typer(fetch, name="fetch")

__all__ = ["app", "main"]
