"""The incident table: its columns, units and invariants, and the account of every row that was read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.incidents.files import RawRecords

DAYS = ("date_start", "date_end")
COUNTS = (
    "deaths_low",
    "deaths_best",
    "deaths_high",
    "civilians_low",
    "civilians_best",
    "civilians_high",
    "combatants_best",
    "injured_best",
    "n_sources",
)
DEGREES = {"latitude": 90.0, "longitude": 180.0}
MOST = 100_000_000  # persons or sources in one record; more is a slip of the keyboard
TEXTS = (
    "incident_id",
    "date_precision",
    "admin1",
    "admin2",
    "place",
    "location_precision",
    "event_type",
    "perpetrator",
    "target",
    "source",
    "reporting_body",
    "source_url",
    "clarity",
    "part_of",
)
COLUMNS = (
    "incident_id",
    *DAYS,
    "date_precision",
    "admin1",
    "admin2",
    "place",
    "latitude",
    "longitude",
    "location_precision",
    "event_type",
    "perpetrator",
    "target",
    *COUNTS[:-1],
    "source",
    "reporting_body",
    "source_url",
    "n_sources",
    "clarity",
    "part_of",
)
FILTERS = tuple(column for column in TEXTS if column not in ("incident_id", "source_url", "part_of"))

Where = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """What became of every row that was read: used + quarantined + excluded = read.

    Attributes
    ----------
    read : int
        Rows in the source.
    used : int
        Rows that became incidents, details of other incidents included.
    quarantined : DataFrame, columns file, row, incident_id, column, value, reason
        One line per fault; a row with two faults stands twice. `row` counts as a spreadsheet does, header = 1.
    rejected : DataFrame of str
        The quarantined rows in the source's own columns, to be mended and read again. A row that could not be split
        into columns stands in the first, as it was written.
    excluded : DataFrame, columns filter, records
        Rows left out by a declared choice.
    warnings : DataFrame, columns warning, records, example
        Rows kept although something about them is unusual; `example` is an incident_id.
    """

    read: int
    used: int
    quarantined: pd.DataFrame
    rejected: pd.DataFrame
    excluded: pd.DataFrame
    warnings: pd.DataFrame

    def __post_init__(self) -> None:
        outcome = self.used + self.n_quarantined + int(self.excluded["records"].sum())
        if outcome != self.read:
            raise AssertionError(f"the ledger accounts for {outcome} rows of {self.read} read")

    @property
    def n_quarantined(self) -> int:
        """Rows in quarantine (not faults: a row may have several)."""
        return len(self.quarantined[["file", "row"]].drop_duplicates())

    def summary(self) -> pd.DataFrame:
        """One line per outcome, with its reason and the number of rows; the lines add up to `read`."""
        lines = [("used", "", self.used)]
        first_fault = self.quarantined.drop_duplicates(["file", "row"])
        by_reason = first_fault.groupby(["column", "reason"], sort=True).size()
        lines += [("quarantined", f"{column}: {reason}", n) for (column, reason), n in by_reason.items()]
        lines += [("excluded", row["filter"], row["records"]) for row in self.excluded.to_dict("records")]
        return pd.DataFrame(lines, columns=["outcome", "reason", "rows"])


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where records come from: all that a reader of a number needs in order to find it again.

    Attributes
    ----------
    provider : str
        Who publishes the records.
    release : str or None
        The provider's name for this vintage, if known.
    files, sha256 : tuple of str
        File names and the digests of their bytes.
    rows : int
        Rows read.
    area : str
        What the records cover in space, in words.
    coverage : (Timestamp, Timestamp) or None
        First and last day the source watched, where the source declares it; never guessed from its records.
    retrieved_on, data_through : Timestamp or None
        When it was downloaded, and the last day it claims to cover.
    licence, citation : str
        The terms of use, and how to cite.
    caveat : str
        What a reader of any number from this source must know first.
    """

    provider: str
    files: tuple[str, ...]
    sha256: tuple[str, ...]
    rows: int
    area: str
    licence: str
    citation: str
    release: str | None = None
    coverage: tuple[pd.Timestamp, pd.Timestamp] | None = None
    retrieved_on: pd.Timestamp | None = None
    data_through: pd.Timestamp | None = None
    caveat: str = ""

    @property
    def vintage(self) -> str:
        """The release if it is known, else the beginning of the file's digest."""
        return f"release {self.release}" if self.release else f"SHA-256 {self.sha256[0][:12]}"


@dataclass(frozen=True, slots=True, eq=False)
class Incidents:
    """Checked incident records, the account of how they were read, and where they come from.

    Attributes
    ----------
    table : DataFrame, shape (n_records, 27)
        One row per record; columns as in `conflictts.incidents.table.COLUMNS`, dates inclusive at both ends, numbers
        in persons (NaN = not stated, never 0), coordinates in WGS84 degrees. A record with `part_of` details another
        record, whose total contains it already; it is kept and shown, and never added.
    ledger : Ledger
    provenance : Provenance
    """

    table: pd.DataFrame
    ledger: Ledger
    provenance: Provenance

    def __repr__(self) -> str:
        details = int((self.table["part_of"] != "").sum())
        return (
            f"<{type(self).__name__}: {self.provenance.provider}, {len(self.table):,} records ({details:,} of them "
            f"details of another record), {self.ledger.n_quarantined:,} quarantined of {self.ledger.read:,} read>"
        )


@dataclass(slots=True)
class _Faults:
    """Collects every breach of every row, so that one reading reports them all."""

    raw: RawRecords
    names: Mapping[str, str]
    frames: list[pd.DataFrame] = field(default_factory=list)

    def add(self, breach: pd.Series, column: str, values: pd.Series, reason: str | pd.Series) -> None:
        rows = breach.index[breach.to_numpy(dtype=bool)]
        if len(rows) == 0:
            return
        self.frames.append(
            pd.DataFrame(
                {
                    "row": rows,
                    "column": self.names.get(column, column),
                    "value": values.loc[rows].astype(str).str.slice(0, 200).to_numpy(),
                    "reason": reason.loc[rows].to_numpy() if isinstance(reason, pd.Series) else reason,
                }
            )
        )


def check_incidents(
    records: pd.DataFrame, *, raw: RawRecords, names: Mapping[str, str], provenance: Provenance
) -> Incidents:
    """Turn rows of text into checked incidents; rows with a fault go to quarantine with the reason.

    Parameters
    ----------
    records : DataFrame of str, indexed by row number
        Columns of the incident table, still as text; columns the source lacks may be absent.
    raw : RawRecords
        The file the rows came from.
    names : mapping of str to str
        Column of the table -> name of the column in the file, for messages.
    provenance : Provenance

    Returns
    -------
    Incidents
        With used + quarantined = read.
    """
    faults = _Faults(raw, names)
    table = pd.DataFrame(index=records.index)
    for column in COLUMNS:
        text = records[column].str.strip() if column in records else pd.Series("", records.index, dtype="str")
        if column in DAYS:
            table[column] = _check_days(text, column, faults)
        elif column in COUNTS:
            table[column] = _check_counts(text, column, faults)
        elif column in DEGREES:
            table[column] = _check_degrees(text, column, faults)
        else:
            table[column] = text
    identity = table["incident_id"]
    faults.add(identity == "", "incident_id", identity, "blank, but every record needs an identifier")
    repeated = identity.duplicated() & (identity != "")
    first_row = pd.Series(identity.index, identity.to_numpy()).groupby(level=0).first()
    seen_in = "identifier already used in row " + identity.map(first_row).astype(str)
    faults.add(repeated, "incident_id", identity, seen_in)
    before = table["date_end"] < table["date_start"]
    faults.add(before, "date_end", records["date_end"], "ends before it starts, on " + records["date_start"])
    _check_parts(table, faults)

    quarantined = pd.concat([pd.DataFrame(columns=["row", "column", "value", "reason"]), *faults.frames])
    if len(raw.malformed):
        lines = raw.malformed.reset_index().assign(column="(whole row)")
        lines["value"] = lines["value"].str.slice(0, 200)
        quarantined = pd.concat([quarantined, lines[["row", "column", "value", "reason"]]])
    quarantined = quarantined.sort_values(["row", "column"], kind="stable", ignore_index=True)
    quarantined.insert(0, "file", raw.name)
    quarantined.insert(2, "incident_id", identity.reindex(quarantined["row"], fill_value="").to_numpy())
    kept = table.loc[~table.index.isin(quarantined["row"])].reset_index(drop=True)
    at_fault = raw.table.loc[raw.table.index.isin(quarantined["row"])]
    as_written = pd.DataFrame("", raw.malformed.index, raw.table.columns, dtype="str")
    as_written[raw.table.columns[0]] = raw.malformed["value"]
    rejected = pd.concat([at_fault, as_written]).sort_index()
    ledger = Ledger(
        read=len(raw.table) + len(raw.malformed),
        used=len(kept),
        quarantined=quarantined.astype({"row": "int64"}),
        rejected=rejected,
        excluded=pd.DataFrame({"filter": pd.Series(dtype="str"), "records": pd.Series(dtype="int64")}),
        warnings=_unusual(kept),
    )
    return Incidents(table=kept, ledger=ledger, provenance=provenance)


def warn_in_ledger(incidents: Incidents, breach: pd.Series, warning: str) -> Incidents:
    """Add a line to the ledger's warnings if any record meets `breach`; the records stay as they are."""
    if not breach.any():
        return incidents
    example = incidents.table.loc[breach, "incident_id"].iloc[0]
    line = pd.DataFrame({"warning": [warning], "records": [int(breach.sum())], "example": [example]})
    warnings = pd.concat([incidents.ledger.warnings, line], ignore_index=True)
    return replace(incidents, ledger=replace(incidents.ledger, warnings=warnings))


def matching_records(table: pd.DataFrame, where: Where) -> pd.Series:
    """Say which records meet every condition of `where`.

    Parameters
    ----------
    table : DataFrame
        An incident table.
    where : mapping of str to str or sequence of str
        Column -> the value, or the values of which any will do. Values are compared exactly.

    Returns
    -------
    Series of bool, shape (n_records,)

    Raises
    ------
    UnknownNameError
        If a column cannot be filtered on, or a value stands in no record; the message names the nearest that do.
    """
    match = pd.Series(True, table.index)
    for column, wanted in where.items():
        if column not in FILTERS:
            raise UnknownNameError(f"No column {column!r} to filter on. Choose one of {', '.join(FILTERS)}.")
        values = [wanted] if isinstance(wanted, str) else list(wanted or ())
        if not values:
            raise UnknownNameError(f"No value given for {column}. Name one or more, or leave the condition out.")
        present = sorted(set(table[column]) - {""})
        for value in values:
            if value not in present:
                raise UnknownNameError(f"No record has {column} = {value!r}. {_nearest(value, present)}")
        match &= table[column].isin(values)
    return match


def _nearest(value: str, present: list[str]) -> str:
    if not present:
        return "The source leaves that column blank in every record; filter on another."
    holding = [name for name in present if value.casefold() in name.casefold()]
    near = holding or difflib.get_close_matches(value, present, n=4, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(repr(name) for name in near[:4])}?"
    more = f" and {len(present) - 8} more" if len(present) > 8 else ""
    return f"The source has {', '.join(repr(name) for name in present[:8])}{more}."


def _check_days(text: pd.Series, column: str, faults: _Faults) -> pd.Series:
    written = text.str.replace(r"[ T]00:00(:00(\.0+)?)?$", "", regex=True)
    day = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    iso = written.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").astype(bool)
    day = day.where(iso)
    breach = day.isna()
    reason = pd.Series("not a date written as YYYY-MM-DD", text.index)
    reason[iso] = "no such day in the calendar"
    reason[written == ""] = "blank, but every record needs its first and last day"
    faults.add(breach, column, text, reason)
    return day


def _check_counts(text: pd.Series, column: str, faults: _Faults) -> pd.Series:
    number = pd.to_numeric(text.where(text != ""), errors="coerce").astype("float64")
    stated = text != ""
    unreadable = stated & ~pd.Series(np.isfinite(number), text.index)
    faults.add(unreadable, column, text, "not a number")
    faults.add(number < 0, column, text, "negative, but it counts persons or sources")
    faults.add(~unreadable & (number % 1 != 0) & number.notna(), column, text, "not a whole number")
    faults.add(~unreadable & (number > MOST), column, text, f"above {MOST:,}, which no record can count")
    return number


def _check_degrees(text: pd.Series, column: str, faults: _Faults) -> pd.Series:
    number = pd.to_numeric(text.where(text != ""), errors="coerce").astype("float64")
    faults.add((text != "") & number.isna(), column, text, "not a number of degrees")
    bound = DEGREES[column]
    faults.add(number.abs() > bound, column, text, f"outside -{bound:g}..{bound:g} degrees")
    return number


def _check_parts(table: pd.DataFrame, faults: _Faults) -> None:
    """Every chain of details must end in a sound record that counts; one that does not is at fault as a whole."""
    at_fault = set(pd.concat([frame["row"] for frame in faults.frames])) if faults.frames else set()
    sound = ~table.index.isin(at_fault)
    part_of = table["part_of"]
    is_part = part_of != ""
    contained = set(table.loc[sound & ~is_part, "incident_id"])
    grows = True
    while grows:
        held = set(table.loc[sound & is_part & part_of.isin(contained), "incident_id"]) - contained
        contained |= held
        grows = bool(held)
    lost = is_part & sound & ~table["incident_id"].isin(contained)
    written = faults.raw.table.get(faults.names.get("part_of", "part_of"), part_of)
    faults.add(lost, "part_of", written, "names no sound record that would contain this one")


def _unusual(table: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for kind in ("deaths", "civilians"):
        low, best, high = (table[f"{kind}_{part}"] for part in ("low", "best", "high"))
        for breach, words in ((low > best, "low is above best"), (best > high, "best is above high")):
            if breach.any():
                example = table.loc[breach, "incident_id"].iloc[0]
                lines.append((f"{kind}: {words}; kept as stated", int(breach.sum()), example))
    return pd.DataFrame(lines, columns=["warning", "records", "example"])
