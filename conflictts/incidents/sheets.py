"""Workbooks, Parquet files and JSON lines in, rows of text out."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any
from xml.etree.ElementTree import iterparse
from zipfile import ZipFile

import pandas as pd

from conflictts.errors import ConflictTSError, InputError, UnknownNameError
from conflictts.incidents.packing import CHUNK, MAX_BYTES, brief
from conflictts.incidents.splitting import Split, refuse_twice

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet

PARQUET = b"PAR1"
MOST_ROWS = 1 << 20  # as many as an Excel sheet has
MOST_CELLS = 10_000_000  # what a small file may stand for; beyond it, MOST_SPARSE bounds the cells
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ROWS_AT_ONCE = 1 << 16  # of a Parquet file that becomes text
MOST_SPARSE = 20  # cells of the table per cell stated, or per byte of a Parquet file


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The columns and rows of a table that is no delimited text, and what to say about how it was read."""

    header: tuple[str, ...]
    split: Split
    remarks: tuple[str, ...] = ()


def read_workbook(stream: IO[bytes], name: str, *, sheet: str | None) -> Sheet:
    """Read one sheet of an Excel workbook as text; dates as ISO, formulas as the values stored with them.

    A formula without a stored value, as programs write it, stands as itself: as blank it would be a toll not stated.

    Raises
    ------
    InputError
        If the workbook is damaged or empty, or openpyxl is not installed.
    UnknownNameError
        If it has no sheet of that name.
    """
    try:
        import openpyxl
    except ModuleNotFoundError:
        raise InputError(
            f"{name} is an Excel workbook, which openpyxl reads. Install it (pip install '.[excel]' in the project's "
            "folder), or export the sheet as CSV."
        ) from None
    try:
        book: Any = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        names = [page.title for page in book.worksheets]
        if sheet is not None and sheet not in names:
            raise UnknownNameError(
                f"{name} has no sheet {sheet!r}. It has {', '.join(map(repr, names[:8]))}. Name one of these."
            )
        shown = [page for page in book.worksheets if page.sheet_state == "visible"]
        page = book[sheet] if sheet is not None else (shown or book.worksheets)[0]
        page.reset_dimensions()
        formulas = _without_values(book._archive, page._worksheet_path)
        rows = _filled_rows(_with_formulas(page.iter_rows(values_only=True), formulas), name)
        book.close()
    except ConflictTSError:
        raise
    except Exception as error:  # openpyxl raises whatever its zip and XML parsers raise
        raise InputError(
            f"{name} is an Excel workbook that cannot be read ({type(error).__name__}: {brief(error)}). Save it again, "
            "or export the sheet as CSV."
        ) from None
    if not rows:
        raise InputError(f"{name} is empty: its sheet {page.title!r} has no cells. Name another with `sheet`.")
    others = [title for title in names if title != page.title]
    remarks = [f"{name}: read the sheet {page.title!r}, not {', '.join(others[:4])}"] if others and not sheet else []
    if formulas:
        row, cells = next(iter(formulas.items()))
        remarks.append(
            f"{name}: formulas without a stored value ({sum(map(len, formulas.values())):,}, the first in row {row}: "
            f"{next(iter(cells.values()))[:40]}) are read as they stand; open and save it in a spreadsheet program"
        )
    return Sheet(*_ragged(rows, name), tuple(remarks))


def _without_values(archive: ZipFile, part: str) -> dict[int, dict[int, str]]:
    """Row -> column -> formula that no program has computed, counted from 1; one that gave blank text was computed."""
    from openpyxl.utils.cell import coordinate_to_tuple

    with archive.open(part) as stream:
        held, found = b"", False
        while not found and (read := stream.read(CHUNK)):
            held = held[-1:] + read
            found = b"<f" in held
    formulas: dict[int, dict[int, str]] = {}
    if found:
        with archive.open(part) as stream:
            for _, element in iterparse(stream):
                if element.tag == f"{_MAIN}row":
                    element.clear()  # with its cells, which would all be held
                formula, place = element.find(f"{_MAIN}f"), element.get("r")  # of a cell alone
                if formula is not None and place and element.get("t") != "str" and not element.findtext(f"{_MAIN}v"):
                    row, column = coordinate_to_tuple(place)
                    formulas.setdefault(row, {})[column] = f"={formula.text or ''}"
    return formulas


def _with_formulas(rows: Iterable[Sequence[Any]], formulas: Mapping[int, Mapping[int, str]]) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(rows, start=1):
        own = formulas.get(number, {})
        yield [own.get(column, value) for column, value in enumerate(row, start=1)] if own else row


def read_parquet(stream: IO[bytes], name: str) -> Sheet:
    """Read a Parquet file as text; null as blank, dates as ISO.

    Raises
    ------
    InputError
        If the file is damaged, or its columns would take more than `MAX_BYTES`.
    """
    with _as_parquet(stream, name) as (file, header):
        table = file.read()
        columns = {column: text_of_column(table.column(i)) for i, column in enumerate(header)}
    frame = pd.DataFrame(columns, index=pd.RangeIndex(2, table.num_rows + 2, name="row"), columns=list(header))
    return Sheet(header, Split(frame, []))


def text_of_parquet(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The CSV that a Parquet file might have been, part by part; null as blank, dates as ISO.

    Raises
    ------
    InputError
        As `read_parquet` does.
    """
    import pyarrow as pa
    import pyarrow.csv

    with _as_parquet(stream, name) as (file, header):
        schema = pa.schema(dict.fromkeys(header, pa.large_string()))
        plain = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
        part = io.BytesIO()
        pa.csv.write_csv(schema.empty_table(), part)
        yield part.getvalue()
        for batch in file.iter_batches(ROWS_AT_ONCE):
            part = io.BytesIO()
            pa.csv.write_csv(pa.table([text_of_column(each) for each in batch.columns], schema), part, plain)
            yield part.getvalue()


@contextmanager
def _as_parquet(stream: IO[bytes], name: str) -> Iterator[tuple[pa.parquet.ParquetFile, tuple[str, ...]]]:
    """The file and its columns' names; whatever fails while it is read is told as damage."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pa.parquet.ParquetFile(pa.PythonFile(stream, mode="r"))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if size > MAX_BYTES:
            raise InputError(f"{name} unpacks to {size:,} bytes, more than {MAX_BYTES:,}. Cut it by year.")
        bytes_packed = stream.seek(0, 2)
        _refuse_sparse(file.metadata.num_rows * file.metadata.num_columns, bytes_packed, name)
        header = tuple(column.strip() for column in file.schema_arrow.names)
        refuse_twice(header, name)
        yield file, header
    except InputError:
        raise
    except Exception as error:  # the format's parsers raise many kinds
        raise InputError(
            f"{name} is damaged ({str(error)[:120]}): it begins like a Parquet file; export it as CSV, or write it "
            "again."
        ) from None


def read_json_lines(lines: Iterable[str], name: str) -> Sheet:
    """Read one JSON object a line; a column for each key met, null and absent as blank.

    A line that is not an object, or has a key twice, is set aside. Rows are numbered as lines.
    """
    header: dict[str, int] = {}
    rows: list[tuple[int, dict[str, str]]] = []
    malformed: list[tuple[int, str, str]] = []
    stated = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_object)
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate, "\\ud800", is no text
        except UnicodeEncodeError:
            malformed.append((number, "not readable as JSON: half a character (a lone surrogate)", line.rstrip("\r\n")))
            continue
        except (ValueError, RecursionError) as error:
            malformed.append((number, f"not readable as JSON: {str(error)[:80]}", line.rstrip("\r\n")))
            continue
        if not isinstance(value, dict):
            malformed.append((number, "not a JSON object, {...}", line.rstrip("\r\n")))
            continue
        for key in value:
            header.setdefault(key.strip(), len(header))
        stated += len(value)
        _refuse_sparse(len(header) * (len(rows) + 1), stated, name)
        rows.append((number, {key.strip(): as_text(cell) for key, cell in value.items()}))
    if not rows:
        raise InputError(f"{name} begins like JSON lines, but no line is a JSON object. Export it as CSV.")
    columns = {column: [row.get(column, "") for _, row in rows] for column in header}
    index = pd.Index([number for number, _ in rows], dtype="int64", name="row")
    frame = pd.DataFrame(columns, index=index, columns=list(header), dtype="str")
    return Sheet(tuple(header), Split(frame, malformed))


def as_text(value: Any) -> str:
    """A cell as the text a CSV export would hold: blank for nothing, ISO for dates, 3 for 3.0."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else _unlike_thousands(repr(value))
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return _unlike_thousands(text.rstrip("0").rstrip(".") if "." in text else text)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _unlike_thousands(text: str) -> str:
    """A number of three decimals with a fourth: 2.125 as text may stand for 2 125, as a number it never does."""
    return text + "0" if re.fullmatch(r"-?\d+\.\d{3}", text) else text


def _filled_rows(rows: Iterable[Sequence[Any]], name: str) -> list[tuple[int, list[str]]]:
    """The rows of a sheet that hold anything, under their numbers, without the blank cells at their ends."""
    filled: list[tuple[int, list[str]]] = []
    width = stated = 0
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise InputError(f"{name} claims more than {MOST_ROWS:,} rows, which no sheet has. Export it as CSV.")
        cells = [as_text(value) for value in row]
        while cells and not cells[-1].strip():
            cells.pop()
        if cells:
            filled.append((number, cells))
            width += len(cells)
            stated += sum(cell != "" for cell in cells)
            _refuse_sparse(width, stated, name)
    return filled


def _refuse_sparse(cells: int, stated: int, name: str) -> None:
    if cells > MOST_CELLS and cells > MOST_SPARSE * stated:
        raise InputError(
            f"{name} spreads {stated:,} values or bytes over {cells:,} cells, which no table of records does. Look at "
            "it before reading it, and export the records alone as CSV."
        )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values; ValueError where a key stands twice, of which JSON would keep the last."""
    keys = [key.strip() for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return dict(pairs)


def _ragged(rows: Sequence[tuple[int, list[str]]], name: str) -> tuple[tuple[str, ...], Split]:
    first = rows[0][1]
    while first and not first[-1].strip():
        first.pop()
    header = tuple(cell.strip() or f"(column {number})" for number, cell in enumerate(first, start=1))
    refuse_twice(header, name)
    width = len(header)
    sound: list[tuple[int, list[str]]] = []
    malformed: list[tuple[int, str, str]] = []
    for number, row in rows[1:]:
        if any(cell.strip() for cell in row[width:]):
            filled = max(i for i, cell in enumerate(row, start=1) if cell.strip())
            malformed.append((number, f"{filled} fields where the header has {width}", " | ".join(row)))
        else:
            sound.append((number, [*row[:width], *[""] * (width - len(row))]))
    index = pd.Index([number for number, _ in sound], dtype="int64", name="row")
    frame = pd.DataFrame([row for _, row in sound], index=index, columns=list(header), dtype="str")
    return header, Split(frame, malformed)


def text_of_column(column: Any) -> pd.Series:
    """An Arrow column as the text a CSV export would hold."""
    return pd.Series([as_text(value) for value in column.to_pylist()], dtype="str").to_numpy()
