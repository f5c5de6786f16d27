"""An export's rows in the engine that holds them: a file in DuckDB, a frame where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.encoding import NotUtf8, decoded
from conflictts.incidents.files import RawRecords, map_beside, proved, tell_apart
from conflictts.incidents.formulas import names_as_meant, table_as_meant
from conflictts.incidents.packing import digest, put, room, told_size, unpacked
from conflictts.incidents.sheets import PARQUET, text_of_column, text_of_parquet
from conflictts.incidents.splitting import Form, Layout, Soundness, find_layout, scan, stream_fast
from conflictts.series.engine import AS_TEXT, AT_ONCE, UNPACKED, collected
from conflictts.series.exports import GED, Export, export_of, soundness

if TYPE_CHECKING:
    import duckdb
    import narwhals as nw
    import pyarrow as pa

WHOLE = 4  # text of up to a fourth of the memory fits into it as tables, with room for the counting
FILE = 2**40  # more rows than a file has: what the numbers of the next file's rows begin after
_NEAR = 8  # places known by the scan, 2 MB: what lies between two rows is read rather than leapt over
_GLOB = frozenset("*?[")  # in a path, DuckDB takes them for a pattern
_NONE = pd.DataFrame({"reason": [], "value": []}, index=pd.Index([], dtype="int64", name="row"), dtype="str")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of an export's files in the engine that holds them.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        In the columns that its kind has there; also ``row``, if it is known: its number in the file, and of the files
        after the first as many times `FILE` more.
    header : tuple of str
        Those of them that come from the export.
    held : mapping of str to pyarrow.DataType
        Those that counting takes, and how text gives them.
    as_written : callable
        Gives some rows of `frame` as the text they are, file by file.
    export : Export
        Which kind of export it is.
    plain_id, sound : narwhals.Expr of bool
        As `exports.soundness` gives them, and for `sound` that every cell is in its form.
    files : int
        How many files they come from.
    """

    frame: nw.LazyFrame[Any]
    header: tuple[str, ...]
    held: Mapping[str, pa.DataType]
    as_written: Callable[[nw.LazyFrame[Any]], list[RawRecords]]
    export: Export
    plain_id: nw.Expr
    sound: nw.Expr
    files: int = 1

    def of_file(self, number: int) -> nw.Expr:
        """Which of the rows come from this file, counted from 0."""
        import narwhals as nw

        return nw.lit(value=True) if self.files == 1 else nw.col("row").is_between(*_numbers(number))


def better_whole(paths: Sequence[Path], memory: float) -> bool:
    """Whether files are to be read whole: what DuckDB would not read as the readers do, and what is small."""
    if any(map_beside(path) for path in paths):
        return True
    try:
        size = sum(map(told_size, paths))
        return not any(_is_parquet(path) for path in paths) and size * WHOLE <= memory
    except (OSError, ValueError):
        return True  # which says what is wrong


def rows_of_files(paths: Sequence[Path], engine: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> Rows | None:
    """The rows of the files of one export in the engine; None where they must be read whole.

    What is packed is unpacked into the engine's folder. A Parquet file that is no GED export in the types of one is
    written there as text.

    Parameters
    ----------
    columns : sequence of str
        Columns of the incident table that are asked for.

    Raises
    ------
    InputError
        If a file cannot be read or unpacked.
    """
    parts: list[Rows] = []
    for number, path in enumerate(paths):
        part = _of_file(path, engine, columns, number)
        if part is None or part.export is not (parts or [part])[0].export:
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else _together(parts)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == PARQUET


def _of_file(path: Path, engine: duckdb.DuckDBPyConnection, columns: Sequence[str], number: int) -> Rows | None:
    ((folder,),) = engine.execute("select current_setting('temp_directory')").fetchall()
    aside, as_text = (Path(folder, f"{name}-{number}") for name in (UNPACKED, AS_TEXT))
    with unpacked(path, into=aside) as stream:
        start = stream.read(4)
    plain = aside if aside.exists() else path
    table = f"records_{number}"
    if start != PARQUET:
        return _of_text(path, plain, engine, columns, table)
    found = _of_parquet(path, plain, engine, columns)
    if found is None and _write_as_text(path, plain, as_text):
        found = _of_text(path, as_text, engine, columns, table)
    return found


def _numbers(file: int) -> tuple[int, int]:
    """Between which numbers the rows of a file lie, counted from 0; both are none of theirs."""
    return file * FILE, (file + 1) * FILE - 1


def _together(parts: Sequence[Rows]) -> Rows:
    """The rows of several files one after the other, in the columns that counting takes."""
    import narwhals as nw
    import pyarrow as pa

    held = {name: kind for part in parts for name, kind in part.held.items()}
    kinds = nw.from_native(pa.schema(held).empty_table()).collect_schema()

    def numbered(number: int, part: Rows) -> nw.LazyFrame[Any]:
        there = part.frame.collect_schema()
        cells = {
            name: nw.col(name).cast(kind) if name in there else nw.lit(None, dtype=kind) for name, kind in kinds.items()
        }
        row = nw.col("row").cast(nw.Int64) + _numbers(number)[0]
        return part.frame.select(**cells, row=row, plain_id=part.plain_id, sound=part.sound)

    def as_written(some: nw.LazyFrame[Any]) -> list[RawRecords]:
        raws = []
        for number, part in enumerate(parts):
            rows = some.filter(whole.of_file(number)).select(row=nw.col("row") - _numbers(number)[0])
            raws += part.as_written(part.frame.join(rows, on="row", how="semi"))
        return tell_apart(raws)

    frame = nw.concat([numbered(number, part) for number, part in enumerate(parts)])
    whole = Rows(frame, tuple(held), held, as_written, parts[0].export, nw.col("plain_id"), nw.col("sound"), len(parts))
    return whole


def rows_of_frame(frame: Any, engine: duckdb.DuckDBPyConnection, columns: Sequence[str], release: str | None) -> Rows:
    """The rows of a frame where they are; of one that lies in memory, in `engine`.

    Raises
    ------
    InputError
        If there is no `release`, or columns of GED are missing or of another type.
    """
    import narwhals as nw

    if release is None:
        raise InputError("A frame does not tell which release its records come from. Give release='25.1', or yours.")
    kind = frame.implementation.value
    numbered = isinstance(frame, nw.DataFrame)
    if numbered:
        rows = frame.to_arrow()
        header = tuple(name for name in rows.column_names if name != "row")
        rows = rows.select(header).append_column("row", [np.arange(2, len(rows) + 2)])
        frame = nw.from_native(engine.from_arrow(rows))
    schema = frame.collect_schema()
    missing = [column for column in GED.needed if column not in schema]
    if missing:
        raise InputError(f"The frame lacks the columns {', '.join(missing)} of a UCDP GED export. Rename its own.")
    if wrong := _in_other_types(schema):
        raise InputError(
            f"The frame's column {wrong} is of type {schema[wrong]}. Make days dates without a time zone, figures and "
            "degrees numbers, and identifiers and names text or whole numbers."
        )
    if not numbered:
        header = tuple(schema)

    def as_written(some: nw.LazyFrame[Any]) -> list[RawRecords]:
        if numbered:
            cells = collected(some.select(*header, "row").sort("row"))
            row = pd.Index(cells.column("row").to_numpy())
        else:
            cells = collected(some.select(*header))
            row = pd.RangeIndex(2, len(cells) + 2)
        return [_raw(cells, header, row, Path(f"frame of {kind}"), "")]

    return Rows(frame, header, GED.held(GED.forms(header, columns)), as_written, GED, *soundness(GED, schema))


def _of_parquet(path: Path, plain: Path, engine: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> Rows | None:
    import duckdb
    import narwhals as nw

    if _GLOB.intersection(str(plain)):
        return None
    try:
        lying = engine.read_parquet(str(plain), file_row_number=True, hive_partitioning=False)
    except duckdb.Error:
        return None  # damaged, which its reader says better
    frame: nw.LazyFrame[Any] = nw.from_native(lying).with_columns(row=nw.col("file_row_number") + 2)
    schema = frame.collect_schema()
    header = tuple(column for column in schema if column not in ("file_row_number", "row"))
    if not set(GED.needed) <= set(header) or "row" in lying.columns or _in_other_types(schema):
        return None
    if header != tuple(column.strip() for column in names_as_meant(header)):
        return None
    sha256 = digest(path)

    def as_written(some: nw.LazyFrame[Any]) -> list[RawRecords]:
        cells = collected(some.select(*header, "row").sort("row"))
        return [_raw(cells, header, pd.Index(cells.column("row").to_numpy()), path, sha256)]

    known = soundness(GED, {name: schema[name] for name in header})
    return Rows(frame, header, GED.held(GED.forms(header, columns)), as_written, GED, *known)


def _write_as_text(path: Path, plain: Path, into: Path) -> bool:
    """Write the CSV that a Parquet file might have been; say whether it can be, or must be read whole to be refused."""
    with plain.open("rb") as stream, room(path.name, into) as target:
        parts = text_of_parquet(stream, path.name)
        while True:
            try:
                part = next(parts, None)
            except InputError:
                return False
            if part is None:
                return True
            put(part, target)


def _of_text(
    path: Path, plain: Path, engine: duckdb.DuckDBPyConnection, columns: Sequence[str], table: str
) -> Rows | None:
    """The rows of a CSV as numbers and days in a table, while another thread proves that it may be split so."""
    import narwhals as nw
    import pyarrow as pa

    try:
        with plain.open("rb") as stream, decoded(stream, path.name, declared=None, suspect=False) as text:
            if text.stream is not stream or text.remarks:
                return None
            layout = find_layout(text, path.name)
    except (InputError, NotUtf8):
        return None  # read whole, it is told what is wrong
    layout = replace(layout, header=names_as_meant(layout.header))
    export = export_of(set(layout.header))
    written = plain != path and plain.name.startswith(AS_TEXT)
    if export is None or len(set(layout.header)) < len(layout.header):
        return None
    if written and not {"row", "odd"}.isdisjoint(layout.header):
        return None  # they would stand beside the numbers of rows, under the same names
    forms = export.forms(layout.header, columns)
    with ThreadPoolExecutor(max_workers=1) as thread:
        proof = thread.submit(_proved, path, plain, layout)
        loaded = any(_load(plain, layout, export, forms, engine, table, hopeful=hopeful) for hopeful in (True, False))
        try:
            sound, sha256 = proof.result()
        except NotUtf8:
            return None
    if not loaded or not sound.plain or sound.nul is not None:
        return None
    bare = RawRecords(path.name, sha256, pd.DataFrame(), _NONE, layout.header, path)

    # checks look at some columns, and take a row at fault from the file itself, which is no text if it was Parquet
    looked_at = layout.header if written else export.wanted(layout.header)

    def read_again(wanted: np.ndarray) -> pd.DataFrame:
        lying = replace(bare, path=plain, sha256=digest(plain)) if written else bare
        return lying.as_written(wanted)

    def as_written(some: nw.LazyFrame[Any]) -> list[RawRecords]:
        wanted = np.sort(collected(some.select("row")).column("row").to_numpy())
        try:
            cells = _text_of_rows(plain, layout, looked_at, wanted, sound)
        except pa.ArrowInvalid:  # a row that was short enough for the blocks of the first time
            return [replace(bare, table=read_again(wanted))]
        empty = (cells == "").all(axis=1).any()  # an empty line, which is no record, or a blank one, which is
        return [replace(bare, table=read_again(wanted) if empty else table_as_meant(cells))]

    frame: nw.LazyFrame[Any] = nw.from_native(engine.table(table))
    held = export.held(forms)
    header = layout.header if export is GED else tuple(held)
    return Rows(frame, header, held, as_written, export, nw.col("plain_id"), nw.col("sound"))


def _proved(path: Path, plain: Path, layout: Layout) -> tuple[Soundness, str]:
    """Scan the text and take the digest of the file."""
    if plain == path:
        return proved(path, layout)
    with plain.open("rb", buffering=0) as stream:
        return scan(stream, layout), digest(path)


def _load(
    path: Path,
    layout: Layout,
    export: Export,
    forms: Mapping[str, Form],
    engine: duckdb.DuckDBPyConnection,
    table: str,
    *,
    hopeful: bool,
) -> bool:
    """Hand the rows to the engine as a table of this name; say whether the text allows it.

    What can be told of each row by itself is kept beside it, for it is asked for many times.
    """
    import duckdb
    import narwhals as nw
    import pyarrow as pa

    held = export.held(forms)
    schema = pa.schema({**held, "row": pa.int64(), "odd": pa.bool_()})
    split = stream_fast(path, layout, forms, hopeful=hopeful)
    try:
        prepared = (export.prepared(batch).select(schema.names) for batch in _many_at_a_time(split))
        batches = pa.RecordBatchReader.from_batches(schema, prepared)
        engine.register("batches", batches)
        frame: nw.LazyFrame[Any] = nw.from_native(engine.view("batches"))
        plain_id, sound = soundness(
            export, {name: kind for name, kind in frame.collect_schema().items() if name in held}
        )
        told = frame.select(*held, "row", plain_id=plain_id, sound=sound & ~nw.col("odd"))
        engine.execute(f"create or replace temp table {table} as {told.to_native().sql_query()}")
    except (pa.ArrowInvalid, duckdb.InvalidInputException):
        return False
    return True


def _many_at_a_time(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, `AT_ONCE` or some more at a time: of few, values that recur are not seen, and the engine is slow.

    The next are split while those given are worked on.
    """
    import pyarrow as pa

    def taken() -> list[pa.RecordBatch]:
        some, count = [], 0
        for batch in batches:
            some.append(batch)
            count += len(batch)
            if count >= AT_ONCE:
                break
        return some

    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(taken)
        while some := coming.result():
            coming = thread.submit(taken)
            yield pa.concat_batches(some)


def _text_of_rows(
    path: Path, layout: Layout, names: Iterable[str], wanted: np.ndarray, sound: Soundness
) -> pd.DataFrame:
    """Some rows of a sound CSV, in order, as text in the columns of these names; what lies between is passed over.

    Raises
    ------
    pyarrow.ArrowInvalid
        If a row is very long.
    """
    import pyarrow as pa

    columns: dict[str, Form] = dict.fromkeys(names, "text")
    schema = pa.schema({**dict.fromkeys(columns, pa.large_string()), "row": pa.int64(), "odd": pa.bool_()})
    found: list[pa.RecordBatch] = []
    known = np.searchsorted(sound.rows, wanted, side="right") - 1
    leaps = np.flatnonzero(np.diff(known) > _NEAR) + 1
    for some in np.split(wanted, leaps) if len(wanted) else ():
        begins = int(np.searchsorted(sound.rows, some[0], side="right")) - 1
        there = replace(layout, body=int(sound.places[begins]))
        for batch in stream_fast(path, there, columns, row=int(sound.rows[begins])):
            rows = batch.column("row").to_numpy()
            found.append(batch.filter(pa.array(np.isin(rows, some))))
            if rows[-1] >= some[-1]:
                break
    return pa.Table.from_batches(found, schema).drop_columns("odd").to_pandas().set_index("row").astype("str")


def _in_other_types(schema: Mapping[str, nw.dtypes.DType]) -> str | None:
    """The first column of an export that an engine does not hold as what it is."""
    import narwhals as nw

    for column, form in GED.wanted(tuple(schema)).items():
        kind = schema[column]
        if form == "text":
            sound = kind == nw.String or kind.is_integer()
        else:
            day = kind == nw.Date or (isinstance(kind, nw.Datetime) and kind.time_zone is None)
            sound = day if form == "days" else kind.is_numeric()
        if not sound:
            return column
    return None


def _raw(cells: pa.Table, header: tuple[str, ...], index: pd.Index, path: Path, sha256: str) -> RawRecords:
    table = pd.DataFrame({name: text_of_column(cells.column(name)) for name in header}, dtype="str")
    table = table_as_meant(table.set_axis(index.rename("row")))
    return RawRecords(path.name, sha256, table, _NONE, header, path)
