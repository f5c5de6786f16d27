"""The incident table: its columns and units, the account of every row that was read, and where it comes from."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import pandas as pd

from conflictts.errors import NoRecordError, UnknownNameError
from conflictts.incidents.inputs import Input

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
    notes : tuple of str
        What `conflictts check` tells of a file whose columns were mapped, such as columns that the map does not use.
    """

    read: int
    used: int
    quarantined: pd.DataFrame
    rejected: pd.DataFrame
    excluded: pd.DataFrame
    warnings: pd.DataFrame
    notes: tuple[str, ...] = ()

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
    inputs : tuple of Input
        Every file that was read for the records: theirs, a list of deletions, what a download wrote beside them; of the
        bundled case also its claims, truces and events.
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
    query : str
        What the provider was asked for, in its own parameters, where the records were downloaded by this package.
    column_map : str
        The map by which the columns of a table of one's own were read, whole, as TOML; blank for a known format.
    """

    provider: str
    inputs: tuple[Input, ...]
    rows: int
    area: str
    licence: str
    citation: str
    release: str | None = None
    coverage: tuple[pd.Timestamp, pd.Timestamp] | None = None
    retrieved_on: pd.Timestamp | None = None
    data_through: pd.Timestamp | None = None
    caveat: str = ""
    query: str = ""
    column_map: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files of records."""
        return tuple(each.name for each in self.inputs if each.holds == "records")

    @property
    def sha256(self) -> tuple[str, ...]:
        """The digests of the bytes of `files`."""
        return tuple(each.sha256 for each in self.inputs if each.holds == "records")

    @property
    def column_map_sha256(self) -> str:
        """The digest of the column map; blank where there is none."""
        return hashlib.sha256(self.column_map.encode()).hexdigest() if self.column_map else ""

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

    Examples
    --------
    >>> import conflictts as ct
    >>> incidents = ct.load_idlib_2019()  # a Case is Incidents, as every reader returns them
    >>> incidents.ledger.read, incidents.ledger.used, incidents.ledger.n_quarantined
    (321, 321, 0)
    >>> incidents.table.loc[0, ["civilians_low", "civilians_best", "civilians_high"]].tolist()
    [3.0, 3.0, 3.0]
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
        If a column cannot be filtered on.
    NoRecordError
        If a value stands in no record; the message names the nearest that do.
    """
    match = pd.Series(True, table.index)
    for column, wanted in where.items():
        if column not in FILTERS:
            raise UnknownNameError(f"No column {column!r} to filter on. Choose one of {', '.join(FILTERS)}.")
        values = [wanted] if isinstance(wanted, str) else list(() if wanted is None else wanted)
        if not values:
            raise UnknownNameError(f"No value given for {column}. Name one or more, or leave the condition out.")
        present = sorted(set(table[column]) - {""})
        values = [normalize("NFC", value) for value in values]  # as the readers leave it
        for value in values:
            if value not in present:
                raise NoRecordError(f"No record has {column} = {value!r}. {_nearest(value, present)}")
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
