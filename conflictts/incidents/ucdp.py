"""Exports of the UCDP Georeferenced Event Dataset (GED) and its Candidate releases in, incidents out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from os import PathLike

import numpy as np
import pandas as pd

from conflictts.incidents.checks import (
    area_in_words,
    as_text,
    check_incidents,
    file_table,
    form_of,
    shared_names,
    sound_numbers,
    superseded,
    tell_files,
    warn_in_ledger,
    warn_of_shared,
)
from conflictts.incidents.distinct import map_distinct, repeated, stripped
from conflictts.incidents.files import RawRecords, paths_of, read_raw_records, require_columns, tell_apart
from conflictts.incidents.inputs import Input
from conflictts.incidents.sidecar import Sidecar, with_downloads, with_faults
from conflictts.incidents.splitting import Form, Numbers
from conflictts.incidents.table import MOST, Incidents, Provenance

REQUIRED = ("id", "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians", "low", "best", "high")
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
BESIDE = ("deaths_a", "deaths_b", "code_status", "country")  # read, but no column of the incident table by themselves
OLDER = "older version of an event that a newer file repeats"
NO_AREA = "no first-order area (adm_1); kept, found under no area filter"
LICENCE = "CC BY 4.0"
CITATION = (
    "Sundberg, R. & Melander, E. (2013), Introducing the UCDP Georeferenced Event Dataset, "
    "Journal of Peace Research 50(4), 523-532; Högbladh, S., UCDP GED Codebook, Uppsala University."
)
CITATION_CANDIDATE = (
    "Hegre, H., Croicu, M., Eck, K. & Högbladh, S. (2020), Introducing the UCDP Candidate Events Dataset, "
    "Research & Politics 7(3), doi:10.1177/2053168020935257."
)


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A UCDP release as its file name tells it; a later one compares greater.

    GED proper appears about June of the year of its number and covers all years before. A Candidate release appears in
    the month after the last that it covers: 25.0.3 covers March 2025, 24.01.24.06 January to June 2024.
    """

    published: tuple[int, int, int]
    name: str
    candidate: bool

    @classmethod
    def of(cls, file_name: str) -> Release | None:
        """Read the release from a name such as GEDEvent_v23_01_23_12.csv, GEDEvent_v25_0_3.csv or ged251-csv.zip."""
        if found := re.search(r"v(\d{2})_01_(\d{2})_(\d{2})(?!\d)", file_name):
            first, year, month = found.groups()
            return cls(_month_after(year, month, rank=1), f"{first}.01.{year}.{month}", candidate=True)
        if found := re.search(r"v(\d{2})_0_(\d{1,2})(?!\d)", file_name):
            year, month = found.groups()
            return cls(_month_after(year, month, rank=0), f"{year}.0.{int(month)}", candidate=True)
        if found := re.search(r"(?:GEDEvent_v(\d{2})_|ged(\d{2}))(\d)(?![\d_])", file_name, re.IGNORECASE):
            year = found[1] or found[2]
            return cls((2000 + int(year), 6, 2), f"{year}.{found[3]}", candidate=False)
        return None

    @classmethod
    def named(cls, version: str) -> Release | None:
        """Read the release from its name: "25.1" of GED, "25.0.3" or "24.01.24.06" of Candidate."""
        return cls.of(f"GEDEvent_v{version.replace('.', '_')}.csv")

    @property
    def data_from(self) -> date | None:
        """First day that a Candidate release covers; GED covers all years before."""
        if not self.candidate:
            return None
        first = self.data_through.replace(day=1)
        return first.replace(month=1) if self.published[2] else first

    @property
    def data_through(self) -> date:
        """Last day that it covers."""
        year, month, _ = self.published
        return date(year, month, 1) - timedelta(days=1) if self.candidate else date(year - 1, 12, 31)


def read_ucdp(
    path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]], *, release: str | None = None
) -> Incidents:
    """Read exports of UCDP GED (19.1 to 25.1) or UCDP Candidate into checked incidents.

    Parameters
    ----------
    path_or_paths : path-like, or iterable of path-like
        The file as downloaded (CSV, plain, gzip or zip), or any selection of its rows; or several of them.
    release : str, optional
        The release it comes from ("19.1"), printed wherever its numbers are. Default: as the download that wrote the
        file noted it beside it, else as the file name tells it.

    Returns
    -------
    Incidents
        `deaths` is UCDP's low/best/high; `civilians_best` is ``deaths_civilians``, for which UCDP states no bounds;
        `combatants_best` is ``deaths_a + deaths_b``. ``low > best`` and ``best > high`` occur by design (codebook
        section 5.5) and are kept with a warning. `perpetrator` and `target` are the codebook's sides A and B; in
        clashes neither word applies. A negative ``number_of_sources`` means not recorded. `clarity` is
        ``event_clarity``; where ``code_status`` (of Candidate releases) is other than Clear, it follows after a comma.

    Raises
    ------
    InputError
        If a file is missing, not a table, or lacks the columns of GED.

    Notes
    -----
    Candidate releases repeat events under the same ``id`` when they learn more. Of several files the newest release
    wins, by the names of the files if all of them tell a release, else and within one release by the order in which
    they are given, the last being the newest. The older versions are excluded in the ledger, also where the newest is
    at fault: a figure that UCDP has replaced is not used.

    References
    ----------
    Högbladh, UCDP GED Codebook 19.1, sections 5.3 (date precision) and 5.5 (fatality estimates). Hegre et al. (2020),
    Research & Politics 7(3) (Candidate releases).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import conflictts as ct
    >>> table = (
    ...     "id,type_of_violence,side_a,side_b,date_start,date_end,date_prec,deaths_a,deaths_b,deaths_civilians,"
    ...     "deaths_unknown,best,high,low,latitude,longitude,adm_1,adm_2,country,where_coordinates\\n"
    ...     "7,1,Government,IS,2019-05-01,2019-05-31,4,1,2,3,0,6,8,5,35.6,36.6,Idlib Governorate,,Syria,Idlib\\n"
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "ged.csv")
    ...     _ = path.write_text(table)
    ...     incidents = ct.read_ucdp(path)
    >>> incidents.table[["date_precision", "deaths_low", "deaths_best", "deaths_high", "civilians_best"]]
      date_precision  deaths_low  deaths_best  deaths_high  civilians_best
    0          month         5.0          6.0          8.0             3.0
    """
    raws = [read_raw_records(path, wanted=wanted_columns) for path in paths_of(path_or_paths)]
    return ucdp_incidents(tell_apart(raws), release=release)


def wanted_columns(header: tuple[str, ...]) -> dict[str, Form]:
    """Those columns of a file that the incident table is made from, and what their cells are hoped to be."""
    forms: dict[str, Form] = {column: form_of(name) for name, column in NAMES.items()}
    count = form_of("deaths_best")
    forms |= dict.fromkeys(BESIDE, "text")
    forms |= {"deaths_a": count, "deaths_b": count, "number_of_sources": Numbers(-MOST, MOST)}
    return {column: forms[column] for column in header if column in forms}


def ucdp_incidents(
    raw: RawRecords | Sequence[RawRecords], *, release: str | None = None, shared: Sequence[str] | None = None
) -> Incidents:
    """Check rows of UCDP GED exports that were read already; see `read_ucdp`.

    The names of areas that lie in several countries are told from the rows, if not given as `shared`.
    """
    raws = tell_files(raw)
    for one in raws:
        require_columns(one, REQUIRED, kind="a UCDP GED export")
    told = [Sidecar.beside(one) for one in raws]
    raws = with_faults(raws, told)
    releases = [Release.named(of.release) or Release.of(one.path.name) for one, of in zip(raws, told, strict=True)]
    told = [_from_its_first_day(of, known) for of, known in zip(told, releases, strict=True)]
    text = file_table(raws, {**NAMES, **{column: column for column in BESIDE}})
    records = text.drop(columns=[column for column in BESIDE if column in text])
    if "date_precision" in records:
        records["date_precision"] = map_distinct(records["date_precision"], DATE_PRECISION)
    if "event_type" in records:
        records["event_type"] = map_distinct(records["event_type"], EVENT_TYPE)
    if "n_sources" in records:
        records["n_sources"] = _recorded_only(records["n_sources"])
    sizes = [len(one.table) for one in raws]
    providers = ["UCDP Candidate" if known is not None and known.candidate else "UCDP GED" for known in releases]
    records["source"] = pd.concat(list(map(repeated, providers, sizes)), ignore_index=True)
    records["combatants_best"] = _add_sides(text["deaths_a"], text["deaths_b"])
    status = _unclear_status(text)
    if status is not None:
        clarity = records.get("clarity", pd.Series("", records.index)).astype("str").str.strip()
        records["clarity"] = clarity.where(status == "", (clarity + ", " + status).str.removeprefix(", "))
    provenance = Provenance(
        provider=" and ".join(sorted(set(providers), reverse=True)),
        release=release or ", ".join(known.name for known in releases if known is not None) or None,
        inputs=tuple(Input.of(one, "records") for one in raws),
        rows=sum(one.read for one in raws),
        area=area_in_words(text, raws),
        licence=LICENCE,
        citation=f"{CITATION} {CITATION_CANDIDATE}" if "UCDP Candidate" in providers else CITATION,
    )
    provenance = with_downloads(provenance, told)
    newness = (np.repeat(_rank(releases), sizes), np.repeat(range(len(raws)), sizes))
    incidents = check_incidents(
        records,
        raw=raws,
        names={**NAMES, "combatants_best": "deaths_a + deaths_b"},
        provenance=provenance,
        excluded={OLDER: superseded(records["incident_id"], *newness)} if len(raws) > 1 else None,
    )
    blank_area = incidents.table["admin1"] == ""
    incidents = warn_in_ledger(incidents, blank_area, NO_AREA)
    incidents = warn_of_shared(incidents, shared_names(text) if shared is None else shared)
    unclear = incidents.table["clarity"].str.contains(", ", regex=False)
    return warn_in_ledger(incidents, unclear, "code_status is not Clear; kept, and stated in clarity")


def _from_its_first_day(told: Sidecar, release: Release | None) -> Sidecar:
    """A download covers no day before the first of its release, whatever it was asked for."""
    if release is None or release.data_from is None:
        return told
    first = pd.Timestamp(release.data_from)
    return replace(told, data_from=first if told.data_from is None else max(first, told.data_from))


def _month_after(year: str, month: str, *, rank: int) -> tuple[int, int, int]:
    months = 12 * (2000 + int(year)) + int(month)
    return months // 12, months % 12 + 1, rank


def _rank(releases: Sequence[Release | None]) -> list[int]:
    """Place of each file's release among all: by release where every name tells one, else as given."""
    known = [release for release in releases if release is not None]
    if len(known) < len(releases):
        return list(range(len(releases)))
    return [sorted(set(known)).index(release) for release in known]


def _unclear_status(text: pd.DataFrame) -> pd.Series | None:
    if "code_status" not in text:
        return None
    values = {value.strip() for value in text["code_status"].unique()}
    clear = {value for value in values if value.casefold() in ("", "clear")}
    return map_distinct(text["code_status"], dict.fromkeys(clear, "")) if values > clear else None


def _recorded_only(sources: pd.Series) -> pd.Series:
    """Numbers of sources; blank where negative, which means not recorded."""
    if sources.dtype == "float64":
        return sources.mask(np.signbit(sources.to_numpy()))
    written = stripped(sources)
    negative = written.str.startswith("-")
    return written.mask(negative, "") if negative.any() else written


def _add_sides(deaths_a: pd.Series, deaths_b: pd.Series) -> pd.Series:
    """deaths_a + deaths_b; as text, for the check to name what is wrong, unless every one is a count."""
    a, b = (
        side.to_numpy() if side.dtype == "float64" else sound_numbers(side, "deaths_best")
        for side in (deaths_a, deaths_b)
    )
    if a is not None and b is not None and (a + b).max() <= MOST:  # never true of NaN
        return pd.Series(a + b, deaths_a.index)
    written_a, written_b = stripped(as_text(deaths_a)), stripped(as_text(deaths_b))
    a, b = (pd.to_numeric(written, errors="coerce") for written in (written_a, written_b))
    unreadable = (a + b).isna() | (a < 0) | (b < 0) | (a % 1 != 0) | (b % 1 != 0)
    both = (a + b).map("{:.0f}".format).mask(unreadable, written_a + " + " + written_b)
    return both.mask((written_a == "") & (written_b == ""), "").astype("str")
