"""Records counted where they lie: a file out of core by DuckDB, a frame by the engine that holds it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents import delimited, ucdp
from conflictts.incidents.checks import area_in_words
from conflictts.incidents.distinct import map_distinct, stripped
from conflictts.incidents.encoding import NotUtf8, decoded
from conflictts.incidents.files import RawRecords, paths_of, proved
from conflictts.incidents.formulas import names_as_meant, table_as_meant
from conflictts.incidents.packing import brief, digest, unpacked
from conflictts.incidents.recognise import read_incidents
from conflictts.incidents.sheets import PARQUET, text_of_column
from conflictts.incidents.sidecar import Sidecar
from conflictts.incidents.splitting import Form, Layout, Numbers, arrow_type, find_layout, stream_fast
from conflictts.incidents.table import MOST, Ledger, Provenance, Where
from conflictts.series.allocation import Allocation
from conflictts.series.counting import Bundles, count_bundles, require_known
from conflictts.series.daily import Calendar, Day, daily_series
from conflictts.series.measures import PARTS, Measure
from conflictts.series.panel import DailyPanel, panel_of
from conflictts.series.reporting import ReportingLag

if TYPE_CHECKING:
    import duckdb
    import narwhals as nw
    import pyarrow as pa

BESIDE = ("adm_1", "country", "code_status")  # texts that the checks look at, whatever is asked for
NEEDED = (*ucdp.REQUIRED, "adm_1")
VALUES = {"date_precision": ucdp.DATE_PRECISION, "event_type": ucdp.EVENT_TYPE}
_GLOB = frozenset("*?[")  # in a path, DuckDB takes them for a pattern


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The rows of one GED export in the engine that holds them.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        In the export's own columns; also ``row``, and ``odd`` where a cell was not in its form, if they are known.
    header : tuple of str
        The export's columns.
    as_written : callable
        Gives some rows of `frame` as the text they are, with where they come from.
    """

    frame: nw.LazyFrame[Any]
    header: tuple[str, ...]
    as_written: Callable[[nw.LazyFrame[Any]], RawRecords]


def daily_panel(
    source: str | PathLike[str] | Iterable[str | PathLike[str]] | Any,
    *,
    by: str | Sequence[str],
    measure: Measure,
    coverage: tuple[Day, Day] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    where: Where | None = None,
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    release: str | None = None,
    memory_limit: str = "2GB",
    temporary: str | PathLike[str] | None = None,
) -> DailyPanel:
    """Count the records of a file or frame per day and group, with all checks, without holding them in memory.

    Gives what ``daily_series(read_incidents(source), ...)`` gives, ledger included. Rows that the checks have nothing
    to say of are summed by the engine; every other row goes through the checks.

    Parameters
    ----------
    source : path-like, iterable of path-like, or a frame
        A UCDP GED export as CSV in UTF-8, unpacked, or as Parquet with numbers as numbers and days as days, is counted
        by DuckDB out of core; all else that `read_incidents` reads is read whole. A frame of PySpark is counted on its
        cluster; one of pandas, polars, pyarrow or DuckDB by DuckDB. It has the columns of a GED export.
    by : str or sequence of str
        Columns of the incident table; one series for each of their values that occur together.
    measure, coverage, gaps, allocation, where, lag, retrieved_on
        As in `daily_series`.
    release : str, optional
        The release that the records come from ("25.1"); default as the file's name tells it. A frame needs it.
    memory_limit : str, default "2GB"
        What DuckDB may hold; it puts the rest on disk.
    temporary : path-like, optional
        Folder for that; default the system's.

    Returns
    -------
    DailyPanel
        With the ledger of every row. Rows of a frame have no number; those at fault are numbered from 2 as they come.

    Raises
    ------
    InputError
        As in `read_incidents`; if a frame comes without `release`, lacks columns of GED, or holds one in another type.
    CoverageError, UnknownNameError, TooLittleData
        As in `daily_series`.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.to_datetime(["2019-05-01", "2019-05-01", "2019-05-03"])
    >>> place = ["Idlib", "Hama", "Idlib"]
    >>> ged = pd.DataFrame({"id": ["1", "2", "3"], "date_start": day, "date_end": day, "adm_1": place, "deaths_a": 0,
    ...     "deaths_b": 1, "deaths_civilians": 2, "low": 3, "best": 3, "high": 4})  # fmt: skip
    >>> panel = daily_panel(ged, by="admin1", measure="deaths", coverage=("2019-05-01", "2019-05-03"), release="19.1")
    >>> panel["Idlib"].counts.tolist(), panel.ledger.used
    ([3.0, 0.0, 3.0], 3)
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    require_known(measure, allocation, by)
    where = where or {}
    counted = {"measure": measure, "allocation": allocation, "where": where, "by": by}
    dated = {"coverage": coverage, "gaps": gaps, "lag": lag, "retrieved_on": retrieved_on}
    frame = _as_frame(source)
    paths = paths_of(source) if frame is None else []
    with _engine(memory_limit, temporary) as engine:
        if frame is not None:
            rows: _Rows | None = _of_frame(frame, engine, release)
        else:
            rows = _of_file(paths, engine, (*by, *where))
        gathered = None if rows is None else _gather(rows, measure, tuple(dict.fromkeys((*by, *where))), release)
    if gathered is None and frame is not None:
        raise InputError("The frame has no rows. Give one with records.")
    if gathered is None:
        incidents = read_incidents(paths)
        named = replace(incidents.provenance, release=release or incidents.provenance.release)
        return daily_series(replace(incidents, provenance=named), **counted, **dated)  # type: ignore[no-any-return, call-overload]
    bundles, ledger, provenance = gathered
    calendar = Calendar.of(provenance, **dated)  # type: ignore[arg-type]
    tally = count_bundles(bundles, ledger, calendar.days, calendar.missing, **counted)  # type: ignore[arg-type]
    return panel_of(tally, calendar.counting(measure, allocation, where, by, provenance), ledger)


@contextmanager
def _engine(memory_limit: str, temporary: str | PathLike[str] | None) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    if temporary is not None and not Path(temporary).is_dir():
        raise InputError(f"temporary is {str(temporary)!r}, which is no folder. Make it, or name another.")
    with tempfile.TemporaryDirectory(dir=temporary, prefix="conflictts-") as folder:
        given: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
        }
        try:
            engine = duckdb.connect(config=given)
        except duckdb.Error as error:
            raise InputError(f"memory_limit is {memory_limit!r}: {error}. Write it as '2GB'.") from None
        try:
            with engine:
                yield engine
        except duckdb.Error as error:
            raise InputError(
                f"DuckDB stopped counting: {brief(error)}. If it is short of memory or disk, raise memory_limit (now "
                f"{memory_limit!r}), or name a folder with more room as `temporary`."
            ) from None


def _as_frame(source: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any] | None:
    import narwhals as nw

    frame = nw.from_native(source, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame | nw.LazyFrame) else None


def _of_file(paths: Sequence[Path], engine: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> _Rows | None:
    """The rows of one file in the engine; None where it, or they, must be read whole."""
    path = paths[0]
    if len(paths) > 1 or delimited.map_beside(path) is not None:
        return None
    with unpacked(path) as stream:
        start = stream.read(4)
        if not isinstance(getattr(stream, "name", None), str):  # it was packed
            return None
    return _of_parquet(path, engine) if start == PARQUET else _of_text(path, engine, columns)


def _of_frame(frame: Any, engine: duckdb.DuckDBPyConnection, release: str | None) -> _Rows:
    import narwhals as nw

    if release is None:
        raise InputError("A frame does not tell which release its records come from. Give release='25.1', or yours.")
    kind = frame.implementation.value
    if isinstance(frame, nw.DataFrame):
        frame = nw.from_native(engine.from_arrow(frame.to_arrow()))
    schema = frame.collect_schema()
    missing = [column for column in NEEDED if column not in schema]
    if missing:
        raise InputError(f"The frame lacks the columns {', '.join(missing)} of a UCDP GED export. Rename its own.")
    if wrong := _in_other_types(schema):
        raise InputError(
            f"The frame's column {wrong} is of type {schema[wrong]}. Make days dates without a time zone, figures and "
            "degrees numbers, and identifiers and names text or whole numbers."
        )
    header = tuple(schema)

    def as_written(some: nw.LazyFrame[Any]) -> RawRecords:
        cells = _collected(some.select(*header))
        return _raw(cells, header, pd.RangeIndex(2, len(cells) + 2), Path(f"frame of {kind}"), "")

    return _Rows(frame, header, as_written)


def _of_parquet(path: Path, engine: duckdb.DuckDBPyConnection) -> _Rows | None:
    import duckdb
    import narwhals as nw

    if _GLOB.intersection(str(path)):
        return None
    try:
        lying = engine.read_parquet(str(path), file_row_number=True, hive_partitioning=False)
    except duckdb.Error:
        return None  # damaged, which its reader says better
    frame: nw.LazyFrame[Any] = nw.from_native(lying).with_columns(row=nw.col("file_row_number") + 2)
    schema = frame.collect_schema()
    header = tuple(column for column in schema if column not in ("file_row_number", "row"))
    if not set(NEEDED) <= set(header) or "row" in lying.columns or _in_other_types(schema):
        return None
    if header != tuple(column.strip() for column in names_as_meant(header)):
        return None
    sha256 = digest(path)

    def as_written(some: nw.LazyFrame[Any]) -> RawRecords:
        cells = _collected(some.select(*header, "row").sort("row"))
        return _raw(cells, header, pd.Index(cells.column("row").to_numpy()), path, sha256)

    return _Rows(frame, header, as_written)


def _of_text(path: Path, engine: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> _Rows | None:
    """The rows of a CSV as numbers and days, while another thread proves that it may be split so."""
    import narwhals as nw

    try:
        with unpacked(path) as stream, decoded(stream, path.name, declared=None, suspect=False) as text:
            if text.stream is not stream or text.remarks:
                return None
            layout = find_layout(text, path.name)
    except (InputError, NotUtf8):
        return None  # read whole, it is told what is wrong
    layout = replace(layout, header=names_as_meant(layout.header))
    if not set(NEEDED) <= set(layout.header) or len(set(layout.header)) < len(layout.header):
        return None
    needed = {"id", *BESIDE, *(ucdp.NAMES.get(column) for column in columns)}
    forms = {
        column: form
        for column, form in ucdp.wanted_columns(layout.header).items()
        if form != "text" or column in needed
    }
    with ThreadPoolExecutor(max_workers=1) as thread:
        proof = thread.submit(proved, path, layout)
        loaded = any(_load(path, layout, forms, engine, hopeful=hopeful) for hopeful in (True, False))
        try:
            sound, sha256 = proof.result()
        except NotUtf8:
            return None
    if not loaded or not sound.plain or sound.nul is not None:
        return None
    bare = RawRecords(path.name, sha256, pd.DataFrame(), _NONE, layout.header, path)

    def as_written(some: nw.LazyFrame[Any]) -> RawRecords:
        wanted = _collected(some.select("row")).column("row").to_numpy()
        table = _text_of_rows(path, layout, wanted)
        empty = (table == "").all(axis=1).any()  # an empty line, which is no record, or a blank one, which is
        return replace(bare, table=bare.as_written(wanted) if empty else table_as_meant(table))

    return _Rows(nw.from_native(engine.table("records")), layout.header, as_written)


def _load(
    path: Path, layout: Layout, forms: Mapping[str, Form], engine: duckdb.DuckDBPyConnection, *, hopeful: bool
) -> bool:
    """Hand the rows to the engine as the table ``records``; say whether the text allows it."""
    import duckdb
    import pyarrow as pa

    schema = pa.schema(
        {**{name: arrow_type(form) for name, form in forms.items()}, "row": pa.int64(), "odd": pa.bool_()}
    )
    try:
        batches = pa.RecordBatchReader.from_batches(schema, stream_fast(path, layout, forms, hopeful=hopeful))
        engine.register("batches", batches)
        engine.execute("create or replace temp table records as select * from batches")
    except (pa.ArrowInvalid, duckdb.InvalidInputException):
        return False
    return True


def _text_of_rows(path: Path, layout: Layout, wanted: np.ndarray) -> pd.DataFrame:
    """Some rows of a sound CSV as text, in the columns that checks look at."""
    import pyarrow as pa

    columns = dict.fromkeys(ucdp.wanted_columns(layout.header), "text")
    found, last = [], wanted.max(initial=0)
    for batch in stream_fast(path, layout, columns):  # type: ignore[arg-type]
        rows = batch.column("row").to_numpy()
        found.append(batch.filter(pa.array(np.isin(rows, wanted))))
        if rows[-1] >= last:
            break
    cells = pa.Table.from_batches(found).drop_columns("odd").to_pandas()
    return cells.set_index("row").astype("str")


def _gather(
    rows: _Rows, measure: Measure, columns: Sequence[str], release: str | None
) -> tuple[Bundles, Ledger, Provenance] | None:
    """Sum the plain rows and put the others through the checks; None if these must see all of them."""
    import narwhals as nw

    frame, names = rows.frame, set(rows.header)
    plain = nw.all_horizontal(*_conditions(frame, names), ignore_nulls=False).fill_null(value=False)
    identity = nw.col("id").cast(nw.String)
    again = frame.select(id=identity).group_by("id").agg(times=nw.len()).filter(nw.col("times") > 1)
    shared = _texts(_collected(again.select("id")), "id")
    alone = [text.strip() for text in _texts(_collected(frame.filter(~plain).select(id=identity)), "id")]
    checked_ids = sorted({*shared, *alone})
    odd = ~plain | identity.is_in(checked_ids)
    if not checked_ids:  # one row goes through the checks all the same, so that they say who speaks
        checked_ids = _texts(_collected(frame.filter(plain).select(id=identity).head(1)), "id")
        odd = identity.is_in(checked_ids)
    plain &= ~identity.is_in(checked_ids)
    raw = rows.as_written(frame.filter(odd))
    if not raw.read or Sidecar.beside(raw).fault:
        return None
    checked = ucdp.ucdp_incidents(raw, release=release)
    bundles = _bundles(frame.filter(plain), names, measure, columns, checked.provenance.provider)
    count = int(bundles.records.sum())
    countries = pd.DataFrame()
    if "country" in names:
        named = _collected(frame.select(country=nw.col("country").cast(nw.String)).unique())
        countries = table_as_meant(pd.DataFrame({"country": _texts(named, "country")}, dtype="str"))
    provenance = replace(checked.provenance, rows=raw.read + count, area=area_in_words(countries, [raw]))
    ledger = replace(checked.ledger, read=raw.read + count, used=checked.ledger.used + count)
    return _together(bundles, Bundles.of(checked.table, measure)), ledger, provenance


def _conditions(frame: nw.LazyFrame[Any], names: set[str]) -> Iterator[nw.Expr]:
    """What holds of a row that the checks have nothing to say of; null counts as not."""
    import narwhals as nw

    if "odd" in frame.collect_schema() and "odd" not in names:
        yield ~nw.col("odd")
    yield nw.col("id").cast(nw.String).str.contains("^[0-9A-Za-z][!-~]*$")
    first, last = nw.col("date_start"), nw.col("date_end")
    yield first <= last
    for day in (first, last):
        yield day == day.cast(nw.Date)
    low, best, high = (nw.col(part).cast(nw.Float64) for part in PARTS)
    yield low.is_null() | best.is_null() | (low <= best)
    yield high.is_null() | best.is_null() | (best <= high)
    sides = [nw.col(side).cast(nw.Float64) for side in ("deaths_a", "deaths_b")]
    yield from (side >= 0 for side in sides)
    yield sides[0] + sides[1] <= MOST
    for column, form in ucdp.wanted_columns(tuple(sorted(names))).items():
        if isinstance(form, Numbers):
            figure = nw.col(column).cast(nw.Float64)
            within = (figure >= form.least) & (figure <= form.most)
            yield figure.is_null() | (within & (figure % 1 == 0) if form.whole else within)
    yield nw.col("adm_1").cast(nw.String).str.contains("[!-~]")
    if "code_status" in names:
        yield nw.col("code_status").cast(nw.String).fill_null("").is_in(["", "Clear"])


def _bundles(
    frame: nw.LazyFrame[Any], names: set[str], measure: Measure, columns: Sequence[str], provider: str
) -> Bundles:
    """The one expression: rows alike in days, groups and whether they state the measure become one row of sums."""
    import narwhals as nw

    grouped = {column: ucdp.NAMES[column] for column in columns if ucdp.NAMES.get(column) in names}
    days = {day: nw.col(day).cast(nw.Date) for day in ("date_start", "date_end")}
    keys = {column: nw.col(name).cast(nw.String).fill_null("") for column, name in grouped.items()}
    low, best, high = _amounts(measure)
    summed = (
        frame.select(**days, **keys, low=low, best=best, high=high)
        .with_columns(
            stated=~nw.col("best").is_null(),
            no_lower=nw.when(~nw.col("best").is_null() & nw.col("low").is_null()).then(1).otherwise(0),
            no_upper=nw.when(~nw.col("best").is_null() & nw.col("high").is_null()).then(1).otherwise(0),
            low=nw.when(~nw.col("best").is_null()).then(nw.coalesce("low", "best")),
            high=nw.when(~nw.col("best").is_null()).then(nw.coalesce("high", "best")),
        )
        .group_by(*days, *keys, "stated")
        .agg(
            nw.col(*PARTS).cast(nw.Float64).sum(),  # DuckDB sums whole numbers to decimals, slow to take over
            nw.col("no_lower", "no_upper").cast(nw.Float64).sum(),
            records=nw.len(),
        )
    )
    found = _collected(summed)
    stated = found.column("stated").to_numpy()
    numbers = {name: found.column(name).to_numpy() for name in (*PARTS, "no_lower", "no_upper", "records")}
    table = pd.DataFrame({day: found.column(day).to_numpy().astype("datetime64[us]") for day in days})
    for column in columns:
        value = provider if column == "source" else ""
        table[column] = pd.Series(_texts(found, column) if column in grouped else [value] * len(table), dtype="str")
    table = table_as_meant(table)
    for column in columns:
        table[column] = stripped(map_distinct(table[column], VALUES.get(column, {})))
    return Bundles(
        table.assign(part_of=pd.Series("", table.index, dtype="str")),
        pd.DataFrame({part: np.where(stated, numbers[part].astype("float64"), np.nan) for part in PARTS}),
        *(numbers[name].astype("int64") for name in ("records", "no_lower", "no_upper")),
    )


def _amounts(measure: Measure) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
    """Low, best and high of each row as `measures.amounts_of` gives them, of an export that bounds deaths alone."""
    import narwhals as nw

    none = nw.lit(None, dtype=nw.Float64)
    low, best, high, a, b, civilians = (
        nw.col(name).cast(nw.Float64) for name in (*PARTS, "deaths_a", "deaths_b", "deaths_civilians")
    )
    if measure == "incidents":
        return nw.lit(1.0), nw.lit(1.0), nw.lit(1.0)
    if measure == "deaths":
        return low, best, high
    if measure == "civilians":
        return none, civilians, none
    if measure == "combatants":
        return none, a + b, none
    if measure == "injured":
        return none, none, none

    def told(died: nw.Expr, nobody: nw.Expr) -> nw.Expr:
        return nw.when(died).then(1.0).otherwise(nw.when(nobody).then(0.0))

    died = (best > 0) | (civilians > 0) | (a + b > 0)
    by_best = told(died, (best == 0) | ((civilians == 0) & (a + b == 0)))
    return told(low > 0, low == 0), by_best, nw.when(died).then(1.0).otherwise(told(high > 0, high == 0))


def _together(plain: Bundles, checked: Bundles) -> Bundles:
    table = checked.table[list(plain.table)]
    return Bundles(
        pd.concat([plain.table, table], ignore_index=True),
        pd.concat([plain.amounts, checked.amounts], ignore_index=True),
        *(
            np.concatenate([getattr(plain, name), getattr(checked, name)])
            for name in ("records", "no_lower", "no_upper")
        ),
    )


def _in_other_types(schema: Mapping[str, nw.dtypes.DType]) -> str | None:
    """The first column of an export that an engine does not hold as what it is."""
    import narwhals as nw

    for column, form in ucdp.wanted_columns(tuple(schema)).items():
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


def _collected(frame: nw.LazyFrame[Any]) -> pa.Table:
    return frame.collect("pyarrow").to_native()


def _texts(found: pa.Table, column: str) -> list[str]:
    return [text or "" for text in found.column(column).to_pylist()]


_NONE = pd.DataFrame({"reason": [], "value": []}, index=pd.Index([], dtype="int64", name="row"), dtype="str")
