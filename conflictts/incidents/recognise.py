"""A file of a known format in, incidents out: the format is told by its columns."""

from __future__ import annotations

from os import PathLike

from conflictts.errors import InputError
from conflictts.incidents import catalogue, ucdp
from conflictts.incidents.files import read_raw_records, shorten
from conflictts.incidents.table import Incidents


def read_incidents(path: str | PathLike[str]) -> Incidents:
    """Read an export whose format is recognised by its columns.

    Parameters
    ----------
    path : path-like
        A UCDP GED export or a press catalogue in the format of the bundled case, CSV, plain or gzip.

    Returns
    -------
    Incidents

    Raises
    ------
    InputError
        If the file cannot be read, or its columns are those of no known format.

    See Also
    --------
    read_ucdp, read_catalogue : for the sure of hand.
    """
    raw = read_raw_records(path)
    columns = set(raw.table)
    if columns.issuperset(ucdp.REQUIRED):
        return ucdp.ucdp_incidents(raw)
    if columns.issuperset(catalogue.REQUIRED):
        return catalogue.catalogue_incidents(raw)
    formats = {"a UCDP GED export": ucdp.REQUIRED, "a press catalogue": catalogue.REQUIRED}
    kind, required = max(formats.items(), key=lambda item: len(columns.intersection(item[1])) / len(item[1]))
    lacking = [column for column in required if column not in columns]
    raise InputError(
        f"{raw.name} is of no known format. Nearest is {kind}, but it lacks {shorten(lacking)}; it has "
        f"{shorten(list(raw.table))}. Give a comma-separated export with its header row and its own column names."
    )
