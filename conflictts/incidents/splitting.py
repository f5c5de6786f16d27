"""Delimited text in, its fields out: on a fast path where every row is sound, and exactly where one is not."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.encoding import NotUtf8, Text
from conflictts.incidents.packing import CHUNK, Readable

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CELL = 1 << 24  # characters; a longer cell means that a quotation mark is missing
MOST_COLUMNS = 1 << 14  # as many as Excel has
DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 20  # bytes in which the header ends
_LOOKED_AT = 1 << 17  # characters by which the delimiter is told
_SCANNED = 1 << 18  # bytes scanned at a time: few enough to stay near the processor
_BATCH = 20_000  # rows held as Python text at a time
_DAY = 86_400 * 10**6  # microseconds
_FIRST_DAY = int(np.datetime64("0001-01-01", "us").astype("int64"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The header's names, the delimiter, and the byte at which the first record begins."""

    header: tuple[str, ...]
    delimiter: str
    body: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Blank cells and numbers within bounds, whole ones or any."""

    least: float
    most: float
    whole: bool = True

    def hold(self, cells: np.ndarray[Any, Any], n_blank: int) -> bool:
        """Whether all cells are such; the blank ones are NaN."""
        if n_blank == len(cells):
            return True
        within = bool(self.least <= np.fmin.reduce(cells) and np.fmax.reduce(cells) <= self.most)
        sound = np.trunc(cells) == cells if self.whole else ~np.isnan(cells)
        return within and int(sound.sum()) == len(cells) - n_blank  # else one is "nan"


Form = Numbers | Literal["text", "days"]
"""What the cells of a column are hoped to be; the fast path reads columns of days and numbers as such."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows with as many fields as the header, and the rows that have not; each under its number (header = 1).

    All columns are of text, but for those that `split_fast` found to be as hoped.
    """

    table: pd.DataFrame
    malformed: list[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a scan of the bytes found.

    Attributes
    ----------
    plain : bool
        Whether the fast path reads them as the exact one does.
    nul : int or None
        The place of a NUL byte.
    rows, places : ndarray of int, shape (n_known,)
        Numbers of some of the records (the first is 2), in order, and the byte at which each begins; of plain text one
        in about every `_SCANNED` bytes.
    """

    plain: bool
    nul: int | None
    rows: np.ndarray[Any, Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    places: np.ndarray[Any, Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def find_layout(text: Text, name: str) -> Layout:
    """Read the header and tell the delimiter by the one that splits header and first records alike.

    Raises
    ------
    InputError
        If there is no text, the header cannot be read, or a column stands twice.
    """
    text.stream.seek(text.begins)
    try:
        sample = codecs.getincrementaldecoder("utf-8")().decode(text.stream.read(_SAMPLE))
    except UnicodeDecodeError:
        raise NotUtf8 from None
    if not sample.strip():
        raise InputError(f"{name} is empty: it holds no text. Export or download it again.")
    delimiter = _delimiter(sample[:_LOOKED_AT])
    used: list[str] = []
    reader = csv.reader(_recorded(io.StringIO(sample, newline=""), used), strict=True, delimiter=delimiter)
    _allow_long_cells()
    try:
        fields = next((fields for fields in reader if fields), [])
    except csv.Error as error:
        raise InputError(f"{name} has a header that cannot be read ({error}). Check its first line.") from None
    header = tuple(field.strip() or f"(column {number})" for number, field in enumerate(fields, start=1))
    refuse_twice(header, name)
    body = text.begins + len("".join(used).encode())
    return Layout(header, delimiter, body)


def refuse_twice(header: Sequence[str], name: str) -> None:
    """Raise InputError if a column stands twice, or there are more of them than a table has."""
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"{name} has {len(header):,} columns, more than any spreadsheet ({MOST_COLUMNS:,}). Check its first line; "
            "its delimiter or a line end is probably missing there."
        )
    twice = sorted(column for column, times in Counter(header).items() if times > 1)
    if twice:
        raise InputError(f"{name} has the column {twice[0]!r} more than once. Rename or remove one of them.")


def scan(stream: Readable, layout: Layout) -> Soundness:
    """Say whether the fast path splits the records as the exact path does; the stream stands at its beginning.

    It does where quotation marks stand only around whole fields (each opening one after a delimiter, a line end or a
    closing one, each closing one before a delimiter, a line end or an opening one: between two of these the count of
    marks so far is even), lines end in LF or CRLF, and there is no NUL. Of empty lines `split_fast` takes care.

    Raises
    ------
    NotUtf8
        If a byte is not UTF-8.
    """
    around = np.zeros(256, dtype=bool)
    around[[ord(layout.delimiter), 10, 13, 34]] = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain, quotes, seen = len(layout.header) > 1, 0, len(stream.read(layout.body))
    held = b"\n\n"  # two bytes of the part before, the last of them still to be judged
    row, known = 2, [(2, layout.body)]
    while True:
        part = stream.read(_SCANNED)
        try:
            if not part.isascii() or decoder.getstate()[0]:
                decoder.decode(part, final=not part)
        except UnicodeDecodeError:
            raise NotUtf8 from None
        if (place := part.find(0)) >= 0:
            return Soundness(plain=False, nul=seen + place)
        first = seen == layout.body
        if first and part.startswith(codecs.BOM_UTF8):
            plain = False
        seam = held + (part[:2] or layout.delimiter.encode())
        for piece, begins, place in ((seam, 2 if first else 1, seen - 2), (part, 1, seen)) if plain else ():
            sound, marks, ends = _judge(piece, around, quotes, begins=begins)
            plain, quotes = plain and sound, quotes + marks
            if len(ends):
                known.append((row + 1, place + int(ends[0]) + 1))
                row += len(ends)
        held = (seam + part[2:4] if len(part) < 4 else part)[-2:]
        if not part:
            rows, places = np.array(known, dtype=np.int64).T
            return Soundness(plain and quotes % 2 == 0, None, rows, places)
        seen += len(part)


def _judge(
    piece: bytes, around: np.ndarray[Any, Any], quotes: int, *, begins: int
) -> tuple[bool, int, np.ndarray[Any, Any]]:
    """Whether the bytes from `begins` to the last but one are sound, after so many marks.

    Also how many marks they hold, and where in the piece records end. Each byte is judged with a neighbour on either
    side.
    """
    codes = np.frombuffer(piece, dtype=np.uint8)
    ends = len(codes) - 1
    marks = np.flatnonzero(codes[begins:ends] == 34) + begins
    inside = quotes % 2
    opening, closing = marks[inside::2], marks[1 - inside :: 2]
    feeds = np.flatnonzero(codes[begins:ends] == 10) + begins
    if not (around[codes[opening - 1]].all() and around[codes[closing + 1]].all()):
        return False, 0, feeds
    if b"\r" in piece and piece.count(b"\r", begins, ends) != piece.count(b"\r\n", begins, ends + 1):
        return False, 0, feeds
    return True, len(marks), feeds[(inside + np.searchsorted(marks, feeds)) % 2 == 0]


def line_of(stream: IO[bytes], place: int) -> int:
    """The number of the line that holds a byte."""
    stream.seek(0)
    feeds = 0
    while part := stream.read(min(CHUNK, place)):
        feeds, place = feeds + part.count(b"\n"), place - len(part)
    return feeds + 1


def split_fast(source: IO[bytes] | Path, layout: Layout, columns: Mapping[str, Form]) -> pd.DataFrame | None:
    """Split sound text; None where a row has another number of fields than the header, is very long, or may be empty.

    If all columns are in their form, numbers are float64 (NaN where blank) and days are datetime64[us]; if a single
    cell is not, all columns are text. A file that is read by its path waits for no other thread of Python.
    """
    as_text: Mapping[str, Form] = dict.fromkeys(columns, "text")
    for given in (columns, as_text) if columns != as_text else (as_text,):
        table = _parsed(source, layout, given)
        if table is None:
            continue
        cells = {column: _in_form(table.column(column), form) for column, form in given.items()}
        if all(column is not None for column in cells.values()):
            index = pd.RangeIndex(2, table.num_rows + 2, name="row")
            return None if _may_be_empty(table) else pd.DataFrame(cells, copy=False).set_axis(index)
    return None


def _may_be_empty(table: pa.Table) -> bool:
    """Whether a row is blank in all columns, as an empty line would be, which is no record."""
    import pyarrow as pa
    import pyarrow.compute

    blank = np.ones(table.num_rows, dtype=bool)
    for cells in table.columns:
        here = pa.compute.equal(cells, "") if cells.type == pa.large_string() else cells.is_null()
        blank &= here.to_numpy()
        if not blank.any():
            return False
    return bool(blank.any())


def _in_form(cells: pa.ChunkedArray, form: Form) -> pd.Series | np.ndarray[Any, Any] | None:
    """The cells as pandas holds them, or None if one is not as hoped."""
    if form == "text":
        return cells.to_pandas()
    values = cells.to_numpy()
    if isinstance(form, Numbers):
        return values if form.hold(values, cells.null_count) else None
    instants = values.view("int64")
    days = not cells.null_count and instants.min(initial=_FIRST_DAY) >= _FIRST_DAY and not (instants % _DAY).any()
    return values if days else None


def _parsed(source: IO[bytes] | Path, layout: Layout, columns: Mapping[str, Form]) -> pa.Table | None:
    """The columns in these forms; None where the text, or any cell, cannot be read so."""
    import pyarrow as pa
    import pyarrow.csv

    try:
        with _opened(source, layout) as stream:
            return pa.csv.read_csv(stream, **_how(layout, columns))
    except pa.ArrowInvalid:
        return None


def stream_fast(
    path: Path, layout: Layout, columns: Mapping[str, Form], *, hopeful: bool = True, row: int = 2
) -> Iterator[pa.RecordBatch]:
    """Split sound text part by part; numbers as float64, days as timestamps, blank cells of both as null.

    Two columns follow those that were asked for: ``row``, its number, counted from that given for the first (header =
    1), and ``odd``, whether a cell of the row is not in its form; such a cell is null. Bounds are not looked at. The
    hopeful way is twice as fast, and fails on any odd cell.

    Raises
    ------
    pyarrow.ArrowInvalid
        If a row has another number of fields than the header, or is very long; or, hopeful, if a cell is odd.
    """
    import pyarrow as pa
    import pyarrow.csv

    parsed: Mapping[str, Form] = columns if hopeful else dict.fromkeys(columns, "text")
    with _opened(path, layout) as stream, pa.csv.open_csv(stream, **_how(layout, parsed)) as batches:
        for batch in batches:
            odd = np.zeros(batch.num_rows, dtype=bool)
            cells = {
                name: cells if hopeful else _read(cells, form, odd)
                for cells, (name, form) in zip(batch.columns, columns.items(), strict=True)
            }
            yield pa.record_batch({**cells, "row": np.arange(row, row + batch.num_rows), "odd": odd})
            row += batch.num_rows


def _read(cells: pa.Array, form: Form, odd: np.ndarray[Any, Any]) -> pa.Array:
    """The cells in their form; marks as odd those that are not."""
    import pyarrow as pa
    import pyarrow.compute

    if form == "text":
        return cells
    as_form = arrow_type(form)
    stated = pa.compute.if_else(pa.compute.equal(cells, ""), None, cells)
    try:
        return stated.cast(as_form)
    except pa.ArrowInvalid:
        coded = stated.dictionary_encode()
    known = []
    for value in coded.dictionary:
        try:
            known.append(pa.array([value]).cast(as_form))
        except pa.ArrowInvalid:
            known.append(pa.nulls(1, as_form))
    found = pa.concat_arrays(known).take(coded.indices)
    odd |= found.is_null().to_numpy(zero_copy_only=False) & stated.is_valid().to_numpy(zero_copy_only=False)
    return found


@contextmanager
def _opened(source: IO[bytes] | Path, layout: Layout) -> Iterator[pa.NativeFile]:
    import pyarrow as pa

    if isinstance(source, Path):
        with pa.OSFile(str(source), memory_pool=_pool()) as stream:
            stream.seek(layout.body)
            yield stream
    else:
        source.seek(layout.body)
        yield pa.PythonFile(source, mode="r")


def _how(layout: Layout, columns: Mapping[str, Form]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv

    return {
        "read_options": pa.csv.ReadOptions(column_names=list(layout.header), block_size=CHUNK, use_threads=False),
        "parse_options": pa.csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, ignore_empty_lines=False
        ),
        "convert_options": pa.csv.ConvertOptions(
            include_columns=list(columns),
            column_types={column: arrow_type(form) for column, form in columns.items()},
            null_values=[""],
            check_utf8=False,  # `scan` does
        ),
        "memory_pool": _pool(),
    }


def arrow_type(form: Form) -> pa.DataType:
    """How cells of this form are held."""
    import pyarrow as pa

    if isinstance(form, Numbers):
        return pa.float64()
    return pa.large_string() if form == "text" else pa.timestamp("us")


def _pool() -> pa.MemoryPool:
    """Where the text lies: not mimalloc, which hands each block's pages back to the system and fetches them again."""
    import pyarrow as pa

    try:
        return pa.jemalloc_memory_pool()
    except NotImplementedError:  # not built in, as on Windows
        return pa.default_memory_pool()


def split_exactly(stream: IO[bytes], layout: Layout, columns: Sequence[str], name: str) -> Split:
    """Split any text, row by row, and set aside the rows that do not have the header's number of fields.

    Raises
    ------
    InputError
        If the text ends inside a quotation, or a cell is longer than `MAX_CELL` characters.
    """
    places = [layout.header.index(column) for column in columns]
    frames: list[pd.DataFrame] = []
    numbers: list[int] = []
    cells: list[list[str]] = []
    malformed: list[tuple[int, str, str]] = []

    def flush() -> None:
        frame = {column: [row[i] for row in cells] for i, column in enumerate(columns)}
        frames.append(pd.DataFrame(frame, index=pd.Index(numbers, dtype="int64"), columns=list(columns), dtype="str"))
        numbers.clear()
        cells.clear()

    for number, fields, fault in records(stream, layout, name):
        if isinstance(fields, str):
            malformed.append((number, fault, fields))
            continue
        numbers.append(number)
        cells.append([fields[place] for place in places])
        if len(numbers) == _BATCH:
            flush()
    flush()
    table = pd.concat(frames) if len(frames) > 1 else frames[0]
    return Split(table.rename_axis("row"), malformed)


def records(stream: IO[bytes], layout: Layout, name: str) -> Iterator[tuple[int, list[str] | str, str]]:
    """Give each record under its number: its fields, or its text as written with what is wrong with it."""
    _allow_long_cells()
    stream.seek(0)
    before = sum(1 for _ in io.StringIO(stream.read(layout.body).decode(), newline=""))
    read_now: list[str] = []  # the physical lines of the record at hand, for rows that cannot be split
    wrapper = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    try:
        reader = csv.reader(_recorded(wrapper, read_now), strict=True, delimiter=layout.delimiter)
        number = 1
        while True:
            first_line = before + reader.line_num + 1
            read_now.clear()
            number += 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                _refuse_endless(error, name, first_line)
                yield number, _as_written(read_now), f"not readable as CSV: {error}"
                continue
            if len(fields) == len(layout.header):
                yield number, fields, ""
            elif fields:  # an empty line is no record
                reason = f"{len(fields)} fields where the header has {len(layout.header)}"
                yield number, _as_written(read_now), reason
    finally:
        wrapper.detach()


def _refuse_endless(error: csv.Error, name: str, line: int) -> None:
    if "unexpected end of data" in str(error):
        raise InputError(
            f"{name} ends inside a quotation that opens in the record at line {line}. "
            "The file is truncated or a quotation mark is missing there; mend that line or download it again."
        ) from None
    if "field limit" in str(error):
        raise InputError(
            f"{name} has a cell of more than {MAX_CELL:,} characters in the record at line {line}. A quotation mark is "
            "probably missing there; mend that line or download it again."
        ) from None


def _as_written(lines: list[str]) -> str:
    return "".join(lines).rstrip("\r\n")


def _recorded(lines: Iterator[str] | io.TextIOBase, into: list[str]) -> Iterator[str]:
    for line in lines:
        into.append(line)
        yield line


def _allow_long_cells() -> None:
    csv.field_size_limit(MAX_CELL)  # the module's own default of 131,072 refuses long notes


def _delimiter(sample: str) -> str:
    """The delimiter under which most of the first records have as many fields as the header, and the most fields."""
    best, chosen = (0.0, 1), ","
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths = []
        try:
            for fields in reader:
                widths.extend([len(fields)] if fields else [])
                if len(widths) > 50:
                    break
        except csv.Error:
            pass
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (alike, widths[0]) > best:
            best, chosen = (alike, widths[0]), delimiter
    return chosen
