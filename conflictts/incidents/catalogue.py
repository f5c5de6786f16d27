"""A coded press catalogue (the format of the bundled case) in, incidents out."""

from __future__ import annotations

from os import PathLike

import pandas as pd

from conflictts.incidents.files import RawRecords, read_raw_records, require_columns
from conflictts.incidents.table import Incidents, Provenance, check_incidents

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
    """
    return catalogue_incidents(read_raw_records(path))


def catalogue_incidents(raw: RawRecords, *, provenance: Provenance | None = None) -> Incidents:
    """Check rows of a coded press catalogue that were read already; see `read_catalogue`."""
    require_columns(raw, REQUIRED, kind="a press catalogue")
    text = raw.table
    records = pd.DataFrame({name: text[column] for name, column in NAMES.items() if column in text}, dtype="str")
    unit = text["unit"].str.strip()
    named = unit.str.extract(r"^part_of:(.+)$", expand=False)
    # Any other unit becomes the name of no record, so that the row goes to quarantine.
    records["part_of"] = named.fillna("unit " + unit).mask(unit.isin(COUNTED_UNITS), "")
    provenance = provenance or Provenance(
        provider="press catalogue",
        files=(raw.name,),
        sha256=(raw.sha256,),
        rows=len(text) + len(raw.malformed),
        area=f"area of {raw.name}",
        licence="as stated by its compiler",
        citation=f"{raw.name}, coded press catalogue; the publishers of its records stand in its source column.",
    )
    return check_incidents(records, raw=raw, names={**NAMES, "part_of": "unit"}, provenance=provenance)
