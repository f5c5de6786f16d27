"""Any table of records in, with a map of its columns; incidents out."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from conflictts.errors import CoverageError, InputError, UnknownNameError
from conflictts.incidents.checks import check_incidents
from conflictts.incidents.day import read_day
from conflictts.incidents.distinct import Distinct
from conflictts.incidents.doubts import NAMES, trimmed_names
from conflictts.incidents.files import RawRecords, map_beside, paths_of, read_raw_records, shorten
from conflictts.incidents.inputs import Input
from conflictts.incidents.quantities import DecimalMark
from conflictts.incidents.table import COLUMNS, COUNTS, Incidents, Provenance
from conflictts.incidents.written import Periods, Quantities, read_periods, read_quantities

TEXTS_OF_PROVENANCE = ("provider", "release", "licence", "citation", "area", "caveat")
_SOURCE_KEYS = (*TEXTS_OF_PROVENANCE, "coverage")
_READING_KEYS = ("day_first", "decimal_mark", "encoding", "sheet", "reference_date")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column of a file becomes which of the incident table, how it is read, and where it comes from."""

    columns: Mapping[str, str]
    source: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)


def read_delimited(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, str] | str | PathLike[str] | None = None,
    day_first: bool | None = None,
    decimal_mark: DecimalMark | None = None,
    reference_date: str | pd.Timestamp | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    coverage: tuple[str, str] | None = None,
    **source: str,
) -> Incidents:
    """Read a table of records of any make into checked incidents, by a map of its columns.

    Parameters
    ----------
    path : path-like
        CSV, TSV or other delimited text, an Excel workbook, a Parquet file, or JSON lines; plain, gzip or zip. Formulas
        of a workbook are read as the values stored with them; one that was never computed stands as itself.
    columns : mapping of str to str, or path-like, optional
        Column of the incident table -> column of the file: ``{"date_start": "Date", "civilians_best": "Killed"}``; or
        the TOML file that holds it. Default: ``<name of the file without its ending>.toml`` beside the file, else the
        file's own names. `date_start` is required; `date_end` is the last day of what stands in `date_start` if it has
        no column.
    day_first : bool, optional
        Whether 3/4/2019 is 3 April. Default: decided by those rows of the file that allow one order only.
    decimal_mark : {".", ","}, optional
        The mark that separates decimals in counts; the other one groups thousands. Default: as other counts of the
        column tell it (3.0, 2,5); where none does, 12.000, which may be 12 or 12 000, is at fault, and 1.043 is 1 043,
        since a person is no fraction. A cell that is a number (Excel, Parquet,
        JSON) needs no mark. In degrees either mark is read.
    reference_date : str or Timestamp, optional
        The day from which phrases such as "last week" are counted.
    encoding : str, optional
        Where the file is neither UTF-8 nor UTF-16, and its encoding is known.
    sheet : str, optional
        The sheet of a workbook; default the first that is not hidden.
    coverage : (str, str), optional
        First and last day the source watched.
    **source : str
        `provider`, `release`, `licence`, `citation`, `area`, `caveat`: printed wherever its numbers are.

    Returns
    -------
    Incidents
        A quantity in words ("nearly fifty") in a ``_best`` column fills low and high where the map gives them no
        column. Where the source has no identifiers, each is the hash of the row as written; of rows alike in every
        column only the first is used.

    Raises
    ------
    InputError
        If the file or its map cannot be read, a mapped column is missing, or the order of day and month cannot be told
        or contradicts itself; the message names two rows.
    UnknownNameError
        If the map or a keyword names what does not exist.

    Notes
    -----
    The TOML file has up to three parts::

        [columns]
        date_start = "Date"
        deaths_best = "Killed"

        [source]
        provider = "Desk of The Example"
        licence = "internal"
        coverage = ["2019-01-01", "2019-12-31"]

        [reading]
        day_first = true

    Keywords given here win over the file. The map of ``desk.csv`` also serves ``desk.mended.csv`` beside it, so that
    rows in quarantine can be written there, mended and read; the details of a record (``part_of``) are mended in the
    file that holds the record.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import conflictts as ct
    >>> columns = {"date_start": "Date", "place": "Where", "civilians_best": "Killed"}
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "desk.csv")
    ...     _ = path.write_text("Date;Where;Killed\\nlate April 2019;Khan Hamra;nearly fifty\\n")
    ...     incidents = ct.read_delimited(path, columns=columns)
    >>> incidents.table[["date_start", "date_end", "civilians_low", "civilians_best", "civilians_high"]]
      date_start   date_end  civilians_low  civilians_best  civilians_high
    0 2019-04-15 2019-04-30           48.0            49.0            49.0
    """
    (path,) = paths_of(path)
    chosen = _column_map(path, columns)
    given = {
        "day_first": day_first,
        "decimal_mark": decimal_mark,
        "encoding": encoding,
        "sheet": sheet,
        "reference_date": reference_date,
    }
    reading = {**chosen.reading, **{key: value for key, value in given.items() if value is not None}}
    described = {**chosen.source, **source, **({"coverage": coverage} if coverage is not None else {})}
    _refuse_unknown(described, _SOURCE_KEYS, "keyword or key of [source]")
    if reading.get("decimal_mark", ".") not in (".", ","):
        raise UnknownNameError(f"{path.name}: decimal_mark is {reading['decimal_mark']!r}. Choose '.' or ','.")
    raw = read_raw_records(path, encoding=reading.get("encoding"), sheet=reading.get("sheet"))
    mapping = _mapping(chosen.columns, raw)
    text = raw.table.reset_index(drop=True)
    records = pd.DataFrame({name: text[column] for name, column in mapping.items()}, dtype="str")
    names = dict(mapping)
    remarks = list(raw.remarks)
    if "incident_id" not in mapping:
        records["incident_id"] = _hashes(text)
        names["incident_id"] = "(identifier derived from the row)"
        remarks.append("identifiers are derived from the rows as written: a row that is mended gets another")
    periods = read_periods(
        records,
        rows=raw.table.index,
        names=names,
        file=raw.name,
        day_first=reading.get("day_first"),
        reference_date=_reference(reading.get("reference_date"), raw.name),
    )
    quantities = read_quantities(records, decimal_mark=reading.get("decimal_mark"))
    records = _with_readings(records, periods, quantities)
    notes = _notes(mapping, records, raw)
    checked = check_incidents(
        records,
        raw=replace(raw, remarks=(*remarks, *periods.remarks, *quantities.remarks)),
        names={"date_end": names["date_start"], **_bounds(names), **names},
        provenance=replace(_provenance(described, raw), column_map=_written(mapping, described, reading)),
        faults=[*periods.faults, *quantities.faults],
    )
    return replace(checked, ledger=replace(checked.ledger, notes=notes))


def _column_map(path: Path, columns: Mapping[str, str] | str | PathLike[str] | None) -> ColumnMap:
    if isinstance(columns, Mapping):
        return ColumnMap(dict(columns))
    file = Path(columns) if columns is not None else map_beside(path)
    return ColumnMap({}) if file is None else _read_map(file)


def _read_map(file: Path) -> ColumnMap:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"The column map {file} cannot be read ({error.strerror}). Check the path.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The column map {file.name} is not TOML ({error}). Mend it; see read_delimited.") from None
    if "records" in content:
        raise InputError(
            f"{file.name} is read as a column map, but holds [records], as a report's own file does. Give that another "
            "name than the table's."
        )
    parts = {key: content.get(key, {}) for key in ("columns", "source", "reading")}
    _refuse_unknown(content, tuple(parts), f"part of {file.name}")
    for key, part in parts.items():
        if not isinstance(part, dict):
            raise InputError(f"{file.name}: {key} is {part!r}, where a part [{key}] is expected; see read_delimited.")
    _refuse_unknown(parts["source"], _SOURCE_KEYS, f"key of [source] in {file.name}")
    _refuse_unknown(parts["reading"], _READING_KEYS, f"key of [reading] in {file.name}")
    if not isinstance(parts["reading"].get("day_first", True), bool):
        raise InputError(f"{file.name}: day_first is {parts['reading']['day_first']!r}. Write true or false.")
    for key in ("encoding", "sheet"):
        if not isinstance(value := parts["reading"].get(key, ""), str):
            raise InputError(f"{file.name}: {key} is {value!r}. Write it as text, in quotation marks.")
    return ColumnMap(**parts)


def _refuse_unknown(given: Mapping[str, Any], known: Sequence[str], what: str, *, where: str = "") -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Choose from {', '.join(known)}."
            raise UnknownNameError(f"{where}There is no {what} {name!r}. {hint}")


def _mapping(columns: Mapping[str, str], raw: RawRecords) -> dict[str, str]:
    mapping = dict(columns) or {name: name for name in COLUMNS if name in raw.header}
    _refuse_unknown(mapping, COLUMNS, "column of the incident table", where=f"{raw.name}: ")
    for name, column in mapping.items():
        if column not in raw.header:
            near = difflib.get_close_matches(str(column), raw.header, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"It has {shorten(list(raw.header))}. Name one of them."
            raise InputError(f"{raw.name} has no column {column!r}, which the map gives to {name}. {hint}")
    if "date_start" not in mapping:
        raise InputError(
            f"{raw.name} has no column for date_start, and every record needs a day. It has "
            f"{shorten(list(raw.header))}. Say which it is: columns={{'date_start': ...}}, or write a column map."
        )
    return mapping


def _notes(mapping: Mapping[str, str], records: pd.DataFrame, raw: RawRecords) -> tuple[str, ...]:
    """What a slip in the map, or in a name, leaves behind."""
    used = set(mapping.values())
    unused = [column for column in raw.header if column not in used]
    notes = [f"Columns that no mapping uses: {shorten(unused, 20)}"] if unused else []
    for name in NAMES:
        if name in mapping:
            notes += trimmed_names(mapping[name], records[name])
    return tuple(notes)


def _hashes(text: pd.DataFrame) -> pd.Series:
    rows = zip(*(text[column].astype("str") for column in text), strict=True)
    digests = [hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:16] for row in rows]
    return pd.Series(digests, text.index, dtype="str")


def _with_readings(records: pd.DataFrame, periods: Periods, quantities: Quantities) -> pd.DataFrame:
    days = {"date_start": periods.first, "date_end": periods.last}
    stated = Distinct.of(records["date_precision"]).text if "date_precision" in records else None
    precision = periods.precision if stated is None else stated.where(stated != "", periods.precision)
    return records.assign(**days, date_precision=precision, **quantities.columns)


def _bounds(names: Mapping[str, str]) -> dict[str, str]:
    kinds = [name.removesuffix("_best") for name in names if name in COUNTS and name.endswith("_best")]
    return {f"{kind}_{part}": names[f"{kind}_best"] for kind in kinds for part in ("low", "high")}


def _reference(date: str | dt.date | None, name: str) -> pd.Timestamp | None:
    if date is None:
        return None
    try:
        return read_day(date)
    except (ValueError, TypeError):
        raise InputError(f"{name}: reference_date is {date!r}. Write it as YYYY-MM-DD.") from None


def _written(columns: Mapping[str, str], source: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """The whole map, as it may be written beside the file, keys in order, so that one map has one digest."""
    lines = []
    for part, keys in (("columns", columns), ("source", source), ("reading", reading)):
        lines += [f"[{part}]"] if keys else []
        for key in sorted(keys):
            text = json.dumps(_plain(keys[key]), ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{key} = {text}")
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else f"{read_day(value):%Y-%m-%d}"


def _provenance(described: Mapping[str, Any], raw: RawRecords) -> Provenance:
    texts = {key: str(described[key]) for key in TEXTS_OF_PROVENANCE if key in described}
    return Provenance(
        **{
            "provider": raw.name,
            "area": f"area of {raw.name}",
            "licence": "not stated",
            "citation": f"{raw.name}, as given; its maker is not stated.",
            **texts,
        },
        inputs=(Input.of(raw, "records"),),
        rows=raw.read,
        coverage=_coverage(described.get("coverage"), raw.name),
    )


def _coverage(days: Any, name: str) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if days is None:
        return None
    try:
        first, last = (read_day(day) for day in days)
    except (ValueError, TypeError):
        raise CoverageError(f"{name}: coverage is {days!r}. Give its first and last day, as YYYY-MM-DD.") from None
    if last < first:
        raise CoverageError(
            f"{name}: coverage ends on {last:%Y-%m-%d}, before it begins on {first:%Y-%m-%d}. Swap them."
        )
    return first, last
