"""Files of a known format in, incidents out: the format is told by its columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from conflictts.errors import InputError
from conflictts.incidents import acled, catalogue, ucdp
from conflictts.incidents.files import RawRecords, Wanted, map_beside, paths_of, read_raw_records, shorten, tell_apart
from conflictts.incidents.table import Incidents


@dataclass(frozen=True, slots=True, eq=False)
class _Format:
    kind: str
    required: tuple[str, ...]
    wanted: Wanted
    check: Callable[[list[RawRecords]], Incidents]
    any_case: bool = False

    def fits(self, header: Iterable[str]) -> bool:
        names = set(header)
        return names.issuperset(self.required) or (
            self.any_case and {name.lower() for name in names}.issuperset(self.required)
        )


FORMATS = (
    _Format("a UCDP GED export", ucdp.REQUIRED, ucdp.wanted_columns, ucdp.ucdp_incidents),
    _Format("an ACLED export", acled.REQUIRED, acled.wanted_columns, acled.acled_incidents, any_case=True),
    _Format("a press catalogue", catalogue.REQUIRED, lambda _: None, catalogue.catalogue_incidents),
)

TOGETHER = (
    "Read those of one format together and the others apart; then combine_incidents(a, b) puts them into one table, or "
    "merge_duplicates(a, b, find_duplicates(a, b).pairs, prefer='a') does and counts what both tell once."
)


def read_incidents(path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> Incidents:
    """Read exports whose format is recognised by their columns.

    Parameters
    ----------
    path_or_paths : path-like, or iterable of path-like
        A UCDP GED or Candidate export, an ACLED export, or a press catalogue in the format of the bundled case; or
        several files of one of these formats. Or one table of any other columns beside which lies a column map,
        ``<name of the file without its ending>.toml`` (see `read_delimited`). Files of several formats are read apart
        and put together by `combine_incidents`, or by `merge_duplicates` where they tell of the same events.

    Returns
    -------
    Incidents

    Raises
    ------
    InputError
        If a file cannot be read, its columns are those of no known format, or the files are of several formats.

    See Also
    --------
    read_ucdp, read_acled, read_catalogue, read_delimited : for the sure of hand.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import conflictts as ct
    >>> table = (
    ...     "event_id_cnty,event_date,time_precision,event_type,actor1,country,admin1,location,source,fatalities\\n"
    ...     "SYR1,16 May 2019,1,Battles,Army,Syria,Idleb,Kafr Nabl,SOHR,7\\n"
    ...     "SYR2,30 February 2019,1,Battles,Army,Syria,Idleb,Kafr Nabl,SOHR,2\\n"
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "export.csv")
    ...     _ = path.write_text(table)
    ...     incidents = ct.read_incidents(path)
    >>> incidents.provenance.provider, incidents.ledger.read, incidents.ledger.used
    ('ACLED', 2, 1)
    >>> incidents.ledger.quarantined[["row", "column", "value"]]
       row      column             value
    0    3  event_date  30 February 2019
    """
    paths = paths_of(path_or_paths)
    mapped = [path for path in paths if map_beside(path) is not None]
    if mapped:
        if len(paths) > 1:
            raise InputError(
                f"{mapped[0].name} has a column map of its own; such a file is read alone. For a command put the rows "
                f"of both into one file. In Python: {TOGETHER[:1].lower()}{TOGETHER[1:]}"
            )
        from conflictts.incidents.delimited import read_delimited  # with all its words for quantities and dates

        return read_delimited(mapped[0])
    raws = [read_raw_records(path, wanted=_wanted) for path in paths]
    formats = [_recognised(raw) for raw in raws]
    if len({one.kind for one in formats}) > 1:
        raise InputError(
            "The files are of several formats: "
            + "; ".join(f"{raw.name} is {one.kind}" for raw, one in zip(raws, formats, strict=True))
            + f". {TOGETHER}"
        )
    return formats[0].check(tell_apart(raws))


def _wanted(header: tuple[str, ...]) -> Collection[str] | None:
    found = next((one for one in FORMATS if one.fits(header)), None)
    return () if found is None else found.wanted(header)


def _recognised(raw: RawRecords) -> _Format:
    found = next((one for one in FORMATS if one.fits(raw.header)), None)
    if found is not None:
        return found
    columns = set(raw.header)
    nearest = max(FORMATS, key=lambda one: len(columns.intersection(one.required)) / len(one.required))
    lacking = [column for column in nearest.required if column not in columns]
    raise InputError(
        f"{raw.name} is of no known format. Nearest is {nearest.kind}, but it lacks {shorten(lacking)}; it has "
        f"{shorten(list(raw.header))}. Give an export with its header row and its own column names, or write a column "
        f"map beside it: a file {Path(raw.name).stem}.toml that begins with [columns] and goes on with lines such as "
        'date_start = "Date" and deaths_best = "Killed" (civilians_best if it counts civilians alone), this package\'s '
        "name first (read_delimited lists them)."
    )
