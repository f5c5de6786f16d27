"""Exports of the UCDP Georeferenced Event Dataset (GED) in, incidents out."""

from __future__ import annotations

from os import PathLike

import pandas as pd

from conflictts.incidents.files import RawRecords, read_raw_records, require_columns
from conflictts.incidents.table import Incidents, Provenance, check_incidents, warn_in_ledger

REQUIRED = (
    "id",
    "date_start",
    "date_end",
    "deaths_a",
    "deaths_b",
    "deaths_civilians",
    "low",
    "best",
    "high",
)
NAMES = {
    "incident_id": "id",
    "date_start": "date_start",
    "date_end": "date_end",
    "date_precision": "date_prec",
    "admin1": "adm_1",
    "admin2": "adm_2",
    "place": "where_coordinates",
    "latitude": "latitude",
    "longitude": "longitude",
    "location_precision": "where_prec",
    "event_type": "type_of_violence",
    "perpetrator": "side_a",
    "target": "side_b",
    "deaths_low": "low",
    "deaths_best": "best",
    "deaths_high": "high",
    "civilians_best": "deaths_civilians",
    "n_sources": "number_of_sources",
    "clarity": "event_clarity",
}
DATE_PRECISION = {"1": "day", "2": "range", "3": "week", "4": "month", "5": "year"}
EVENT_TYPE = {"1": "state-based conflict", "2": "non-state conflict", "3": "one-sided violence"}
CITATION = (
    "Sundberg, R. & Melander, E. (2013), Introducing the UCDP Georeferenced Event Dataset, "
    "Journal of Peace Research 50(4), 523-532; Högbladh, S., UCDP GED Codebook, Uppsala University."
)


def read_ucdp(path: str | PathLike[str], *, release: str | None = None) -> Incidents:
    """Read a UCDP GED export (CSV, plain or gzip) into checked incidents.

    Parameters
    ----------
    path : path-like
        The file as downloaded, or any selection of its rows.
    release : str, optional
        The release it comes from ("19.1"), printed wherever its numbers are.

    Returns
    -------
    Incidents
        `deaths` is UCDP's low/best/high; `civilians_best` is ``deaths_civilians``, for which UCDP states no bounds;
        `combatants_best` is ``deaths_a + deaths_b``. ``low > best`` and ``best > high`` occur by design (codebook
        section 5.5) and are kept with a warning. `perpetrator` and `target` are the codebook's sides A and B; in
        clashes neither word applies. A negative ``number_of_sources`` means not recorded.

    Raises
    ------
    InputError
        If the file is missing, not a CSV table, or lacks the columns of GED.

    References
    ----------
    Högbladh, UCDP GED Codebook 19.1, sections 5.3 (date precision) and 5.5 (fatality estimates).
    """
    return ucdp_incidents(read_raw_records(path), release=release)


def ucdp_incidents(raw: RawRecords, *, release: str | None = None) -> Incidents:
    """Check rows of a UCDP GED export that were read already; see `read_ucdp`."""
    require_columns(raw, REQUIRED, kind="a UCDP GED export")
    text = raw.table
    records = pd.DataFrame({name: text[column] for name, column in NAMES.items() if column in text}, dtype="str")
    if "date_precision" in records:
        records["date_precision"] = records["date_precision"].str.strip().replace(DATE_PRECISION)
    if "event_type" in records:
        records["event_type"] = records["event_type"].str.strip().replace(EVENT_TYPE)
    if "n_sources" in records:
        records["n_sources"] = records["n_sources"].mask(records["n_sources"].str.strip().str.startswith("-"), "")
    records["source"] = "UCDP GED"
    sides, side_names = _add_sides(text)
    records["combatants_best"] = sides
    countries = sorted(set(text["country"]) - {""}) if "country" in text else []
    provenance = Provenance(
        provider="UCDP GED",
        release=release,
        files=(raw.name,),
        sha256=(raw.sha256,),
        rows=len(text) + len(raw.malformed),
        area=f"{', '.join(countries[:3]) or 'area'}{' …' if len(countries) > 3 else ''} (records of {raw.name})",
        licence="CC BY 4.0",
        citation=CITATION,
    )
    names = {**NAMES, "combatants_best": side_names}
    incidents = check_incidents(records, raw=raw, names=names, provenance=provenance)
    blank_area = incidents.table["admin1"] == ""
    return warn_in_ledger(incidents, blank_area, "no first-order area (adm_1); kept, found under no area filter")


def _add_sides(text: pd.DataFrame) -> tuple[pd.Series, str]:
    """deaths_a + deaths_b as text; whatever is not a number is passed on, for the check to name it."""
    blank = (text["deaths_a"].str.strip() == "") & (text["deaths_b"].str.strip() == "")
    a, b = (pd.to_numeric(text[column], errors="coerce") for column in ("deaths_a", "deaths_b"))
    both = (a + b).map("{:.0f}".format)
    negative = (a < 0) | (b < 0)
    unreadable = (a + b).isna() | negative | (a % 1 != 0) | (b % 1 != 0)
    as_written = text["deaths_a"] + " + " + text["deaths_b"]
    return both.mask(unreadable, as_written).mask(blank, ""), "deaths_a + deaths_b"
