"""Rows of text in, checked incidents out, with the account of every row: used, quarantined or excluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from conflictts.incidents.distinct import (
    Distinct,
    as_numbers,
    composed,
    numbers_at_once,
    plain_digits,
    repeated,
    stripped,
)
from conflictts.incidents.files import RawRecords
from conflictts.incidents.splitting import Form, Numbers
from conflictts.incidents.table import COLUMNS, COUNTS, DAYS, DEGREES, MOST, Incidents, Ledger, Provenance

Mask = npt.NDArray[np.bool_]
LOW_ABOVE = "{}: low is above best; kept as stated"
BEST_ABOVE = "{}: best is above high; kept as stated"
_AS_WRITTEN = ("incident_id", "part_of", "source_url")
USED_ALREADY = "identifier already used in row"
SHARED_DISTRICTS = "second-order area (admin2) of a name that several first-order areas have; counted as one area"
SHARED = "first-order area (admin1) of a name that areas of several countries have; counted as one area"


def file_table(raws: Sequence[RawRecords], columns: Mapping[str, str]) -> pd.DataFrame:
    """The columns of an incident table that the files have, as read, one file's rows after the other's.

    Parameters
    ----------
    columns : mapping of str to str
        Name in the result -> name in the files. Names that no file has are left out; where one file lacks a column
        that another has, its rows are blank there. Where a column is text in one of the files, it is so in all.
    """
    count = sum(len(raw.table) for raw in raws)
    present = {name: column for name, column in columns.items() if any(column in raw.table for raw in raws)}
    if len(raws) == 1:
        table = raws[0].table
        series = {name: table[column].reset_index(drop=True) for name, column in present.items()}
    else:
        series = {
            name: _end_to_end([raw.table.get(column, pd.Series("", raw.table.index, dtype="str")) for raw in raws])
            for name, column in present.items()
        }
    return pd.DataFrame(series, index=pd.RangeIndex(count), copy=False)


def _end_to_end(parts: Sequence[pd.Series]) -> pd.Series:
    alike = len({part.dtype for part in parts}) == 1
    return pd.concat(parts if alike else [as_text(part) for part in parts], ignore_index=True)


def as_text(cells: pd.Series) -> pd.Series:
    """A column as the text it stands for: numbers as a file would write them, blank where they are NaN."""
    if cells.dtype != "float64":
        return cells.astype("str")
    return cells.astype("str").str.removesuffix(".0").mask(cells.isna(), "")


def area_in_words(text: pd.DataFrame, raws: Sequence[RawRecords]) -> str:
    """The first three countries of the files' column ``country``, and the files."""
    countries = sorted({name.strip() for name in text["country"].unique()} - {""}) if "country" in text else []
    names = f"{', '.join(countries[:3]) or 'area'}{' …' if len(countries) > 3 else ''}"
    return f"{names} (records of {', '.join(one.name for one in raws)})"


def shared_names(text: pd.DataFrame) -> list[str]:
    """Values of a column ``admin1``, as read, of areas that lie in more than one ``country``."""
    if not {"admin1", "country"} <= set(text):
        return []
    (at_area, areas), (at_country, countries) = (text[name].factorize() for name in ("admin1", "country"))
    if len(countries) < 2:
        return []
    met, also_met = np.divmod(pd.unique(at_area * len(countries) + at_country), len(countries))  # texts compared once
    pairs = pd.DataFrame({"admin1": areas.take(met), "country": countries.take(also_met)})
    area, country = (composed(stripped(pairs[name].astype("str"))) for name in ("admin1", "country"))
    lying = pd.DataFrame({"area": area, "country": country})[(area != "") & (country != "")].drop_duplicates()
    several = lying["area"][lying["area"].duplicated()]
    return list(pairs.loc[area.isin(several), "admin1"].unique())


def superseded(identity: pd.Series, *newness: npt.NDArray[np.generic]) -> pd.Series:
    """Say which rows repeat the identifier of a newer row; the first measure of newness decides, then the next.

    Rows alike in every measure are left for the check to find. A blank identifier is nobody's repetition.
    """
    older = pd.Series(False, identity.index)
    if _numbers_differ(identity) or (identity := stripped(identity)).is_unique:
        return older
    again = identity.duplicated(keep=False) & (identity != "")
    for measure in newness:
        value = pd.Series(measure, identity.index)[again & ~older]
        newest = value.groupby(identity[value.index]).transform("max")
        older |= (value < newest).reindex(older.index, fill_value=False)
    return older


@dataclass(slots=True)
class _Faults:
    """Collects every breach of every row, so that one reading reports them all."""

    names: Mapping[str, str]
    index: pd.Index
    frames: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self, breach: Mask, column: str, values: pd.Series, reason: str | pd.Series, *, instead: bool = False
    ) -> None:
        """Note a breach; `instead` of what was noted of the same cells before."""
        places = np.flatnonzero(breach)
        if not len(places):
            return
        if instead:
            name, here = self.names.get(column, column), self.index[places]
            self.frames = [frame[~(frame["at"].isin(here) & (frame["column"] == name))] for frame in self.frames]
        reasons = reason.iloc[places].to_numpy() if isinstance(reason, pd.Series) else reason
        self.frames.append(
            pd.DataFrame(
                {
                    "at": self.index[places],
                    "column": self.names.get(column, column),
                    "value": values.iloc[places].astype(str).str.slice(0, 200).to_numpy(),
                    "reason": reasons,
                }
            )
        )

    def add_values(self, distinct: Distinct, breach: Mask | pd.Series, column: str, reason: str | pd.Series) -> None:
        """The same where the breach, and the reason, are known for each distinct value."""
        breach = np.asarray(breach, dtype=bool)
        if not breach.any():
            return
        if isinstance(reason, pd.Series):
            reason = pd.Series(distinct.rows(reason.to_numpy()))
        self.add(distinct.rows(breach), column, distinct.text, reason)

    @property
    def at_fault(self) -> set[int]:
        return set(pd.concat([frame["at"] for frame in self.frames])) if self.frames else set()


def check_incidents(
    records: pd.DataFrame,
    *,
    raw: RawRecords | Sequence[RawRecords],
    names: Mapping[str, str],
    provenance: Provenance,
    excluded: Mapping[str, pd.Series] | None = None,
    faults: Sequence[tuple[str, pd.Series, pd.Series]] = (),
) -> Incidents:
    """Turn rows of text into checked incidents; rows with a fault go to quarantine with the reason.

    Parameters
    ----------
    records : DataFrame of str
        Columns of the incident table, still as text, one row for each row of the files' tables in their order;
        columns the source lacks may be absent. A column may be of numbers, sound or NaN where blank, or of days
        already.
    raw : RawRecords or sequence of RawRecords
        The files the rows came from.
    names : mapping of str to str
        Column of the table -> name of the column in the file, for messages.
    excluded : mapping of str to Series of bool, optional
        Filter -> the rows it leaves out, in the order of `records`. Excluded rows are not checked; a row that several
        filters leave out counts under the first.
    faults : sequence of (column, value, reason), optional
        Faults the reader found itself: for each row the value as written, and the reason or blank. They stand in place
        of what else is wrong with the same cell.

    Returns
    -------
    Incidents
        With used + quarantined + excluded = read.
    """
    raws = tell_files(raw)
    records = records.reset_index(drop=True)
    out, lines = _exclude(len(records), excluded or {})
    kept = records if not out.any() else records.loc[~out]
    found = _Faults(names, kept.index)
    table = _checked(kept, found)
    for column, values, reasons in faults:
        mine = reasons.reset_index(drop=True).loc[kept.index]
        written = values.reset_index(drop=True).loc[kept.index]
        found.add((mine != "").to_numpy(), column, written, mine, instead=True)
    _check_identity(table, found, raws)
    _check_days_in_order(table, kept, found)
    _check_parts(table, found, raws)

    quarantined = _located(found, table["incident_id"], raws)
    at_fault = found.at_fault
    used = (table.loc[~table.index.isin(at_fault)] if at_fault else table).reset_index(drop=True)
    ledger = Ledger(
        read=sum(one.read for one in raws),
        used=len(used),
        quarantined=quarantined,
        rejected=_rejected(found, raws),
        excluded=lines,
        warnings=_unusual(used),
    )
    example = used["incident_id"].iloc[0] if len(used) else ""
    for one in raws:
        for remark in one.remarks:
            ledger = _add_warning(ledger, remark, one.read, example)
    return Incidents(table=used, ledger=ledger, provenance=provenance)


def warn_in_ledger(incidents: Incidents, breach: pd.Series, warning: str) -> Incidents:
    """Add a line to the ledger's warnings if any record meets `breach`; the records stay as they are."""
    if not breach.any():
        return incidents
    example = incidents.table.loc[breach, "incident_id"].iloc[0]
    return replace(incidents, ledger=_add_warning(incidents.ledger, warning, int(breach.sum()), example))


def warn_of_shared(incidents: Incidents, names: Sequence[str]) -> Incidents:
    """Say in the ledger which records lie in an area whose name is one of `shared_names`."""
    if not names:
        return incidents
    read = composed(stripped(pd.Series(names, dtype="str")))
    return warn_in_ledger(incidents, incidents.table["admin1"].isin(read), SHARED)


def warn_of_districts(ledger: Ledger, records: pd.DataFrame) -> Ledger:
    """Say in the ledger how many records lie in districts whose name several first-order areas have.

    Parameters
    ----------
    ledger : Ledger
    records : DataFrame, columns admin1, admin2 and records
        How many lie in each, of those that are counted by district alone.
    """
    known = records[(records["records"] > 0) & (records["admin1"] != "") & (records["admin2"] != "")]
    areas = known.groupby("admin2")["admin1"].nunique()
    here = known["admin2"].isin(areas.index[areas > 1])
    if not here.any():
        return ledger
    lying = known[here]
    return _add_warning(ledger, SHARED_DISTRICTS, int(lying["records"].sum()), lying["admin2"].min())


def tell_files(raw: RawRecords | Sequence[RawRecords]) -> list[RawRecords]:
    """One file or several as a list."""
    return [raw] if isinstance(raw, RawRecords) else list(raw)


def _add_warning(ledger: Ledger, warning: str, count: int, example: str) -> Ledger:
    line = pd.DataFrame({"warning": [warning], "records": [count], "example": [example]})
    return replace(ledger, warnings=pd.concat([ledger.warnings, line], ignore_index=True))


def _exclude(count: int, excluded: Mapping[str, pd.Series]) -> tuple[Mask, pd.DataFrame]:
    out = np.zeros(count, dtype=bool)
    lines = []
    for name, rows in excluded.items():
        here = rows.to_numpy(dtype=bool) & ~out
        out |= here
        if here.any():
            lines.append((name, int(here.sum())))
    frame = pd.DataFrame(lines, columns=["filter", "records"])
    return out, frame.astype({"filter": "str", "records": "int64"})


def _checked(records: pd.DataFrame, faults: _Faults) -> pd.DataFrame:
    blank = repeated("", len(records)).array
    unstated = np.full(len(records), np.nan)
    columns: dict[str, object] = {}
    for column in COLUMNS:
        if column in records:
            columns[column] = _check_column(records[column], column, faults)
        elif column in DAYS:
            raise AssertionError(f"the reader gave no {column}")
        else:
            columns[column] = unstated.copy() if column in (*COUNTS, *DEGREES) else blank
    return pd.DataFrame(columns, index=records.index, copy=False)


def _check_column(text: pd.Series, column: str, faults: _Faults) -> object:
    if column not in (*DAYS, *COUNTS, *DEGREES):
        return (stripped(text) if column in _AS_WRITTEN else composed(stripped(text))).array
    if text.dtype in ("datetime64[us]", "float64"):
        return text.array
    if column not in DAYS and (sound := sound_numbers(text, column)) is not None:
        return sound
    distinct = Distinct.of(text)
    check = _check_days if column in DAYS else _check_counts if column in COUNTS else _check_degrees
    return distinct.rows(check(distinct, column, faults))


def form_of(column: str) -> Form:
    """What the cells of a column of the incident table are hoped to be in a file."""
    if column in DEGREES:
        return Numbers(-DEGREES[column], DEGREES[column], whole=False)
    if column in COUNTS:
        return Numbers(0, MOST)
    return "days" if column in DAYS else "text"


def sound_numbers(text: pd.Series, column: str) -> npt.NDArray[Any] | None:
    """The whole column as float64 where every row passes its check; None leaves it to the check to say which do not."""
    numbers, form = numbers_at_once(text), form_of(column)
    sound = numbers is not None and len(numbers) and isinstance(form, Numbers) and form.hold(numbers, 0)
    return numbers if sound else None


def _check_days(text: Distinct, column: str, faults: _Faults) -> npt.NDArray[Any]:
    written = plain_digits(text.values).str.replace(r"[ T]00(:00(:00(\.0+)?)?)?$", "", regex=True)
    iso = written.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").astype(bool)
    day = pd.to_datetime(written.where(iso), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    reason = pd.Series("not a date written as YYYY-MM-DD", written.index)
    reason[iso] = "no such day in the calendar"
    reason[written == ""] = "blank, but every record needs its first and last day"
    faults.add_values(text, day.isna(), column, reason)
    return np.asarray(day)


def _check_counts(text: Distinct, column: str, faults: _Faults) -> npt.NDArray[Any]:
    written = plain_digits(text.values)
    number = as_numbers(written)
    stated = written != ""
    unreadable = stated & ~np.isfinite(number)
    faults.add_values(text, unreadable, column, "not a number")
    faults.add_values(text, number < 0, column, "negative, but it counts persons or sources")
    faults.add_values(text, ~unreadable & (number % 1 != 0) & number.notna(), column, "not a whole number")
    faults.add_values(text, ~unreadable & (number > MOST), column, f"above {MOST:,}, which no record can count")
    return np.asarray(number)


def _check_degrees(text: Distinct, column: str, faults: _Faults) -> npt.NDArray[Any]:
    written = plain_digits(text.values)
    number = as_numbers(written)
    faults.add_values(text, (written != "") & number.isna(), column, "not a number of degrees")
    bound = DEGREES[column]
    faults.add_values(text, number.abs() > bound, column, f"outside -{bound:g}..{bound:g} degrees")
    return np.asarray(number)


def _check_identity(table: pd.DataFrame, faults: _Faults, raws: Sequence[RawRecords]) -> None:
    identity = table["incident_id"]
    if _numbers_differ(identity):
        return
    blank = identity == ""
    faults.add(blank.to_numpy(), "incident_id", identity, "blank, but every record needs an identifier")
    if identity.is_unique:
        return
    repeated = identity.duplicated() & ~blank
    first = identity[~identity.duplicated()]
    files, rows = _places(pd.Series(first.index, first.to_numpy())[identity[repeated]].to_numpy(), raws)
    seen = pd.Series("", identity.index)
    several = len(raws) > 1
    seen[repeated] = [
        f"{USED_ALREADY} {row}" + (f" of {raws[file].name}" if several else "")
        for file, row in zip(files, rows, strict=True)
    ]
    faults.add(repeated.to_numpy(), "incident_id", identity, seen)


def _numbers_differ(identity: pd.Series) -> bool:
    """Whether the identifiers are whole numbers, all different; far sooner told of numbers than of text."""
    import pyarrow as pa
    import pyarrow.compute

    try:
        numbers = pa.compute.cast(pa.array(identity, pa.large_string()), pa.int64())
    except pa.ArrowInvalid:
        return False
    return bool(pd.Index(numbers.to_numpy(zero_copy_only=False)).is_unique)


def _check_days_in_order(table: pd.DataFrame, records: pd.DataFrame, faults: _Faults) -> None:
    before = (table["date_end"] < table["date_start"]).to_numpy()
    if before.any():
        start, end = records["date_start"].astype("str").str.strip(), records["date_end"].astype("str").str.strip()
        faults.add(before, "date_end", end, "ends before it starts, on " + start)


def _check_parts(table: pd.DataFrame, faults: _Faults, raws: Sequence[RawRecords]) -> None:
    """Every chain of details must end in a sound record that counts; one that does not is at fault as a whole."""
    part_of = table["part_of"]
    is_part = part_of != ""
    if not is_part.any():
        return
    sound = ~table.index.isin(list(faults.at_fault))
    contained = set(table.loc[sound & ~is_part, "incident_id"])
    grows = True
    while grows:
        held = set(table.loc[sound & is_part & part_of.isin(contained), "incident_id"]) - contained
        contained |= held
        grows = bool(held)
    lost = (is_part & sound & ~table["incident_id"].isin(contained)).to_numpy()
    column = faults.names.get("part_of", "part_of")
    written = file_table(raws, {"part_of": column}).get("part_of", pd.Series("", range(len(table)))).loc[table.index]
    faults.add(lost, "part_of", written, "names no sound record that would contain this one")


def _places(at: npt.NDArray[np.int64], raws: Sequence[RawRecords]) -> tuple[npt.NDArray[np.intp], list[int]]:
    """File number and row number of rows given by their place in all files' tables laid end to end."""
    ends = np.cumsum([len(raw.table) for raw in raws])
    files = np.searchsorted(ends, at, side="right")
    begins = np.concatenate([[0], ends])[files]
    rows = [int(raws[file].table.index[place]) for file, place in zip(files, at - begins, strict=True)]
    return files, rows


def _located(faults: _Faults, identity: pd.Series, raws: Sequence[RawRecords]) -> pd.DataFrame:
    columns = ["file", "row", "incident_id", "column", "value", "reason"]
    if not faults.frames and not any(len(raw.malformed) for raw in raws):
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in columns})
    found = pd.concat([pd.DataFrame(columns=["at", "column", "value", "reason"]), *faults.frames], ignore_index=True)
    at = found["at"].to_numpy(dtype="int64")
    files, rows = _places(at, raws)
    found = found.assign(order=files, row=rows, incident_id=identity.loc[at].to_numpy())
    whole = [
        raw.malformed.reset_index().assign(
            order=number,
            column="(whole row)",
            incident_id="",
            value=raw.malformed["value"].str.slice(0, 200).to_numpy(),
        )
        for number, raw in enumerate(raws)
        if len(raw.malformed)
    ]
    found = pd.concat([found, *whole], ignore_index=True)
    found = found.sort_values(["order", "row", "column"], kind="stable")
    # one cell may serve two columns of the table: its fault is one
    found = found.drop_duplicates(["order", "row", "column", "value", "reason"], ignore_index=True)
    found["file"] = [raws[number].name for number in found["order"]]
    return found[columns].astype({"row": "int64"})


def _rejected(faults: _Faults, raws: Sequence[RawRecords]) -> pd.DataFrame:
    if not faults.frames and not any(len(raw.malformed) for raw in raws):
        return pd.DataFrame(columns=list(raws[0].header), index=pd.Index([], dtype="int64", name="row"), dtype="str")
    files, rows = _places(np.array(sorted(faults.at_fault), dtype="int64"), raws)
    parts = []
    for number, raw in enumerate(raws):
        at_fault = raw.as_written(row for file, row in zip(files, rows, strict=True) if file == number)
        as_written = pd.DataFrame("", raw.malformed.index, list(raw.header), dtype="str")
        as_written[raw.header[0]] = raw.malformed["value"]
        parts.append(pd.concat([at_fault, as_written]).sort_index())
    return parts[0] if len(parts) == 1 else pd.concat(parts).fillna("").rename_axis("row")


def _unusual(table: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for kind in ("deaths", "civilians"):
        low, best, high = (table[f"{kind}_{part}"] for part in ("low", "best", "high"))
        for breach, words in ((low > best, LOW_ABOVE), (best > high, BEST_ABOVE)):
            if breach.any():
                example = table.loc[breach, "incident_id"].iloc[0]
                lines.append((words.format(kind), int(breach.sum()), example))
    return pd.DataFrame(lines, columns=["warning", "records", "example"])
