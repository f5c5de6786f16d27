"""conflictts fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from conflictts.cli.options import Debug
from conflictts.cli.program import Once, hand_out, one_sentence, progress, say

if TYPE_CHECKING:
    from conflictts.incidents.remote import Download

fetch = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Download records from a provider; an interrupted download goes on where it stopped. Credentials come from "
    "the environment or the keyring, never from the command line.",
)

Out = Annotated[str, typer.Option(metavar="FILE", help="CSV file to write; its provenance is written beside it.")]
Start = Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")]
End = Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as one line of JSON.")]


@fetch.command("ucdp", cls=Once)
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
    with one_sentence(debug), progress(quiet) as tell:
        from conflictts.incidents.remote import fetch_ucdp as download

        done = download(out, version=version, country=country or None, start=start, end=end, progress=tell)
    _print_download(done, quiet, as_json)


@fetch.command("acled", cls=Once)
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
    with one_sentence(debug), progress(quiet) as tell:
        from conflictts.incidents.remote import fetch_acled as download

        done = download(out, country=country, start=start, end=end, progress=tell)
    _print_download(done, quiet, as_json)


def _print_download(done: Download, quiet: bool, as_json: bool) -> None:
    if as_json:
        import json

        outcome = {**done.summary().to_dict("records")[0], "path": str(done.path), "notes": list(done.notes)}
        hand_out(json.dumps(outcome, ensure_ascii=False) + "\n")
    elif not quiet:
        from conflictts.series.numerals import so_many

        resumed = f", {done.resumed:,} of them from an earlier run" if done.resumed else ""
        say(f"{done.path}: {so_many(done.rows, 'row')} in {so_many(done.pages, 'page')}{resumed}")
        for note in done.notes:
            say(note)
