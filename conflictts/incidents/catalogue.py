"""A coded press catalogue (the format of the bundled case) in, incidents out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os import PathLike

import numpy as np
import pandas as pd

from conflictts.incidents.checks import USED_ALREADY, check_incidents, file_table, tell_files
from conflictts.incidents.files import RawRecords, read_raw_records, require_columns
from conflictts.incidents.inputs import Input
from conflictts.incidents.table import Incidents, Provenance

NAMES = {
    "incident_id": "incident_id",
    "date_start": "date_start",
    "date_end": "date_end",
    "date_precision": "date_precision",
    "admin1": "admin1",
    "place": "place",
    "latitude": "lat",
    "longitude": "lon",
    "event_type": "event_type",
    "perpetrator": "perpetrator",
    "civilians_low": "civilians_killed_low",
    "civilians_best": "civilians_killed_best",
    "civilians_high": "civilians_killed_high",
    "injured_best": "civilians_injured_best",
    "combatants_best": "combatants_killed_best",
    "source": "publisher",
    "reporting_body": "reporting_body",
    "source_url": "source_url",
}
MENDED = "at fault, and mended in a later file"
COUNTED_UNITS = ("incident", "area_day_total")
REQUIRED = (
    "incident_id",
    "date_start",
    "date_end",
    "civilians_killed_low",
    "civilians_killed_best",
    "civilians_killed_high",
    "unit",
)


def read_catalogue(path: str | PathLike[str]) -> Incidents:
    """Read a coded press catalogue, CSV with the columns of the bundled case, into checked incidents.

    Parameters
    ----------
    path : path-like
        The file. ``unit`` is ``incident`` or ``area_day_total`` for records that count, and ``part_of:<incident_id>``
        for details of one of them.

    Returns
    -------
    Incidents
        `civilians` low/best/high as coded, a blank high meaning that no upper bound was stated. `deaths` is blank:
        a press catalogue seldom states a toll of all sides.

    Raises
    ------
    InputError
        If the file is missing, not a CSV table, or lacks a required column.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import conflictts as ct
    >>> catalogue = ct.read_catalogue(files("conflictts") / "data" / "idlib_2019" / "incidents.csv")
    >>> catalogue.ledger.summary()
      outcome reason  rows
    0    used          321
    """
    return catalogue_incidents(read_raw_records(path))


def catalogue_incidents(raw: RawRecords | Sequence[RawRecords], *, provenance: Provenance | None = None) -> Incidents:
    """Check rows of coded press catalogues that were read already; see `read_catalogue`.

    Of several files, a row at fault that a later file repeats under its identifier counts as mended there and is
    excluded in the ledger, so that a file of mended rows can be read beside the one they come from.
    """
    raws = tell_files(raw)
    for one in raws:
        require_columns(one, REQUIRED, kind="a press catalogue")
    records = file_table(raws, NAMES)
    unit = file_table(raws, {"unit": "unit"})["unit"].str.strip()
    named = unit.str.extract(r"^part_of:(.+)$", expand=False)
    # Any other unit becomes the name of no record, so that the row goes to quarantine.
    records["part_of"] = named.fillna("unit " + unit).mask(unit.isin(COUNTED_UNITS), "")
    files = ", ".join(one.name for one in raws)
    provenance = provenance or Provenance(
        provider="press catalogue",
        inputs=tuple(Input.of(one, "records") for one in raws),
        rows=sum(one.read for one in raws),
        area=f"area of {files}",
        licence="as stated by its compiler",
        citation=f"{files}, coded press catalogue; the publishers of its records stand in its source column.",
    )
    check = partial(check_incidents, records, raw=raws, names={**NAMES, "part_of": "unit"}, provenance=provenance)
    incidents = check()
    mended = _mended_later(records["incident_id"], incidents.ledger.quarantined, raws)
    return check(excluded={MENDED: mended}) if mended.any() else incidents


def _mended_later(identity: pd.Series, quarantined: pd.DataFrame, raws: Sequence[RawRecords]) -> pd.Series:
    """Rows at fault whose identifier stands in a later file; that repetition itself is no such fault."""
    file = pd.Series(np.repeat([one.name for one in raws], [len(one.table) for one in raws]), dtype="str")
    place = pd.Series(np.repeat(range(len(raws)), [len(one.table) for one in raws]))
    row = pd.Series(np.concatenate([one.table.index for one in raws]))
    repeated = quarantined["reason"].str.startswith(USED_ALREADY).to_numpy(dtype=bool)
    own = set(zip(quarantined["file"][~repeated], quarantined["row"][~repeated], strict=True))
    at_fault = pd.Series([key in own for key in zip(file, row, strict=True)], dtype=bool)
    name = identity.str.strip().reset_index(drop=True)
    return at_fault & (name != "") & (place < place.groupby(name).transform("max"))
