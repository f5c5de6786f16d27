"""Records counted where they lie: a file out of core by DuckDB, a frame by the engine that holds it."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.acled import deleted, read_acled
from conflictts.incidents.checks import SHARED, area_in_words, shared_names, warn_of_districts
from conflictts.incidents.distinct import composed, map_distinct, repeated, stripped
from conflictts.incidents.files import map_beside, paths_of
from conflictts.incidents.formulas import table_as_meant
from conflictts.incidents.inputs import Input
from conflictts.incidents.recognise import read_incidents
from conflictts.incidents.sidecar import Sidecar
from conflictts.incidents.table import Incidents, Ledger, Provenance, Where, matching_records
from conflictts.series.allocation import Allocation
from conflictts.series.counting import NOT_STATED, Bundles, count_bundles, require_known
from conflictts.series.coverage import covered_days, in_gaps
from conflictts.series.daily import Calendar, Day, daily_series
from conflictts.series.engine import batches_of, collected, engine_of, require_room
from conflictts.series.export_rows import Rows, better_whole, rows_of_files, rows_of_frame
from conflictts.series.exports import ACLED, GED
from conflictts.series.measures import PARTS, Measure
from conflictts.series.panel import DailyPanel, panel_of
from conflictts.series.places import by_district_alone, place_sums, places_of
from conflictts.series.reporting import ReportingLag

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

DAYS = ("date_start", "date_end")
FEW = 200  # identifiers that are looked for one by one; more are joined
_IDENTITY, _SHARED = "identity, stripped", "whether it is shared"  # no names of columns in an export
_BOUNDLESS = ("no_lower", "no_upper")


def daily_panel(
    source: str | PathLike[str] | Iterable[str | PathLike[str]] | Incidents | Any,
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
    deletions: str | PathLike[str] | Sequence[str] | None = None,
    memory_limit: str = "2GB",
    temporary: str | PathLike[str] | None = None,
) -> DailyPanel:
    """Count the records of a file or frame per day and group, with all checks, without holding them in memory.

    Gives what ``daily_series(read_incidents(source), ...)`` gives, ledger included. Rows that the checks find no fault
    with are summed by the engine; every other row goes through the checks.

    Parameters
    ----------
    source : path-like, iterable of path-like, a frame, or Incidents
        UCDP GED or ACLED exports (with the export tool's names in lower case) as CSV in UTF-8 or as Parquet, plain,
        gzip or zip, one or several, are counted by DuckDB out of core; text of up to a fourth of `memory_limit` in all
        is read whole, which takes less processor time. Parquet that is not GED's with numbers as numbers and days as
        days is first written aside as text. All else that `read_incidents` reads is read whole: tables with a column
        map, press catalogues, workbooks, what is not UTF-8, and several files of GED by or where `source`. A frame of
        PySpark is counted on its cluster; one of pandas, polars, pyarrow or DuckDB by DuckDB. It has the columns of a
        GED export. Records that were read already are counted as by `daily_series`.
    by : str or sequence of str
        Columns of the incident table; one series for each of their values that occur together.
    measure, coverage, gaps, allocation, where, lag, retrieved_on
        As in `daily_series`.
    release : str, optional
        The release that the records come from ("25.1"); default as the file's name tells it. A frame needs it.
    deletions : path-like or sequence of str, optional
        Events that ACLED has deleted since, as in `read_acled`; for its exports alone.
    memory_limit : str, default "2GB"
        What DuckDB may hold; it puts the rest on disk.
    temporary : path-like, optional
        Folder for that, and for what is unpacked; default the system's.

    Returns
    -------
    DailyPanel
        With the ledger of every row. Those of a frame in memory are numbered from 2; the rows of a lazy one (PySpark,
        DuckDB, polars) have no order, so that which of several with one identifier stands is its engine's choice.

    Raises
    ------
    InputError
        As in `read_incidents`; if a frame comes without `release`, lacks columns of GED, or holds one in another type.
    CoverageError, UnknownNameError, TooLittleData
        As in `daily_series`.

    Examples
    --------
    >>> import pandas as pd
    >>> import conflictts as ct
    >>> day = pd.to_datetime(["2019-05-01", "2019-05-01", "2019-05-03"])
    >>> place = ["Idlib", "Hama", "Idlib"]
    >>> ged = pd.DataFrame({"id": ["1", "2", "3"], "date_start": day, "date_end": day, "adm_1": place, "deaths_a": 0,
    ...     "deaths_b": 1, "deaths_civilians": 2, "low": 3, "best": 3, "high": 4})  # fmt: skip
    >>> days = ("2019-05-01", "2019-05-03")
    >>> panel = ct.daily_panel(ged, by="admin1", measure="deaths", coverage=days, release="19.1")
    >>> panel["Idlib"].counts.tolist(), panel.ledger.used
    ([3.0, 0.0, 3.0], 3)
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    require_known(measure, allocation, by)
    where = where or {}
    counted = {"measure": measure, "allocation": allocation, "where": where, "by": by}
    gaps = list(gaps)
    dated = {"coverage": coverage, "gaps": gaps, "lag": lag, "retrieved_on": retrieved_on}
    if isinstance(source, Incidents):
        if release is not None or deletions is not None:
            raise InputError(
                "`release` and `deletions` are of files, and these records were read already. Leave them out."
            )
        return daily_series(source, **counted, **dated)  # type: ignore[no-any-return, call-overload]
    memory = require_room(memory_limit, temporary)
    frame = _as_frame(source)
    if frame is not None and deletions is not None:
        raise InputError("A frame has the columns of a GED export, and deletions are of ACLED's. Leave them out.")
    gone, lists = (None, []) if deletions is None else deleted(deletions)
    paths = paths_of(source) if frame is None else []
    if coverage is not None or not any(map_beside(path) for path in paths):  # none else may declare it
        in_gaps(covered_days(coverage, paths[0].name if paths else "A frame"), gaps)
    gathered = None
    if frame is not None or not better_whole(paths, memory):
        columns = tuple(dict.fromkeys((*by, *where)))
        with engine_of(memory_limit, temporary) as engine:
            if frame is None:
                rows = rows_of_files(paths, engine, columns)
            else:
                rows = rows_of_frame(frame, engine, columns, release)
            gathered = None if rows is None else _gather(rows, measure, columns, release, gone, lists, by, where)
    if gathered is None and frame is not None:
        raise InputError("The frame has no rows. Give one with records.")
    if gathered is None:
        incidents = read_incidents(paths) if deletions is None else read_acled(paths, deletions=deletions)
        named = replace(incidents.provenance, release=release or incidents.provenance.release)
        return daily_series(replace(incidents, provenance=named), **counted, **dated)  # type: ignore[no-any-return, call-overload]
    bundles, ledger, provenance, places = gathered
    import pyarrow as pa

    pa.default_memory_pool().release_unused()  # what the sums were taken over through
    calendar = Calendar.of(provenance, **dated)  # type: ignore[arg-type]
    tally = count_bundles(bundles, ledger, calendar.days, calendar.missing, **counted)  # type: ignore[arg-type]
    counting = calendar.counting(measure, allocation, where, by, provenance)
    return panel_of(tally, counting, ledger, places_of(places, by))


def _as_frame(source: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any] | None:
    if isinstance(source, str | PathLike):
        return None
    import narwhals as nw

    frame = nw.from_native(source, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame | nw.LazyFrame) else None


def _gather(
    rows: Rows,
    measure: Measure,
    columns: Sequence[str],
    release: str | None,
    gone: set[str] | None,
    lists: Sequence[Input],
    by: Sequence[str],
    where: Where,
) -> tuple[Bundles, Ledger, Provenance, pd.DataFrame] | None:
    """Sum the sound rows and put the others through the checks; None if these must see all of them.

    Of the rows that are kept with a warning the first goes through the checks, which say it; the others are counted.
    """
    if gone is not None and rows.export is not ACLED:
        return None  # its reader refuses
    lying = _areas(rows)
    shared = shared_names(lying)
    unusual = {**rows.export.unusual(), **_of_shared(rows, lying, shared)}
    frame, checked_too = _also_checked(rows, gone or set(), unusual)
    plain = rows.sound & ~checked_too
    if rows.files > 1 and rows.export is GED and "source" in columns:
        return None  # each file's release tells it
    raws = rows.as_written(frame.filter(~plain))
    if any(raw.read == 0 or Sidecar.beside(raw).fault for raw in raws):
        return None
    checked = rows.export.check(raws, release=release, deletions=sorted(gone or ()), shared=shared)
    found = _sums(frame.filter(plain), rows, measure, columns)
    of_files = {f"rows of file {number}": rows.of_file(number) for number in range(rows.files * (rows.files > 1))}
    more = _numbers(frame.filter(plain), {**unusual, **of_files})
    count = int(found.column("records").to_numpy().sum())
    read = sum(raw.read for raw in raws) + count
    provenance = replace(
        checked.provenance,
        rows=read,
        area=area_in_words(lying, raws),
        inputs=_with_counted(checked.provenance.inputs, [more[name] for name in of_files] or [count], lists),
    )
    warnings = checked.ledger.warnings
    warnings = warnings.assign(records=warnings["records"] + [more.get(each, 0) for each in warnings["warning"]])
    ledger = replace(checked.ledger, read=read, used=checked.ledger.used + count, warnings=warnings)
    if by_district_alone(by):
        provider = checked.provenance.provider
        ledger = warn_of_districts(ledger, _of_districts(frame.filter(plain), rows, checked.table, where, provider))
    places = pd.concat(
        [
            place_sums(checked.table, columns),
            _place_sums(frame.filter(plain), rows, columns, checked.provenance.provider),
        ]
    )
    bundles = _bundles(found, rows, columns, provenance.provider, Bundles.of(checked.table, measure))
    return bundles, ledger, provenance, places


def _areas(rows: Rows) -> pd.DataFrame:
    """The countries and, of several, the first-order areas in them as far as the rows have them; index as written."""
    import narwhals as nw

    columns = {"country": "country", "admin1": rows.export.names["admin1"]}
    there = {name: nw.col(column).cast(nw.String) for name, column in columns.items() if column in rows.header}
    if "country" not in there:
        return pd.DataFrame()

    def occurring(*names: str) -> pd.DataFrame:
        told = collected(rows.frame.select(**{name: there[name] for name in names}).unique())
        written = pd.DataFrame({name: _texts(told, name) for name in names}, dtype="str")
        return table_as_meant(written).set_axis(written[names[-1]])

    countries = occurring("country")
    return occurring(*there) if len(countries) > 1 else countries


def _of_shared(rows: Rows, lying: pd.DataFrame, shared: Sequence[str]) -> dict[str, nw.Expr]:
    """Of which rows the warning speaks that their area has its name in several countries."""
    import narwhals as nw

    if not shared:
        return {}
    written = lying.index[lying["admin1"].isin(shared)].unique().tolist()
    return {SHARED: nw.col(rows.export.names["admin1"]).cast(nw.String).is_in(written).fill_null(value=False)}


def _also_checked(rows: Rows, gone: set[str], unusual: Mapping[str, nw.Expr]) -> tuple[nw.LazyFrame[Any], nw.Expr]:
    """The frame, and which of its sound rows go through the checks all the same.

    They are those that share their identifier with another row, those that are `gone` since, and of the others the
    first of every file, of every warning and of what tells something of the files.
    """
    import narwhals as nw

    frame, schema = rows.frame, rows.frame.collect_schema()
    chosen = nw.col("id").is_in(sorted(gone)).fill_null(value=False) if gone else nw.lit(value=False)
    identity = nw.col("id")
    if not schema["id"].is_integer():
        identity = nw.when(rows.plain_id).then(identity).otherwise(identity.str.strip_chars(string.whitespace))
    again = frame.select(**{_IDENTITY: identity}).group_by(_IDENTITY).agg(times=nw.len()).filter(nw.col("times") > 1)
    some = [each for each in collected(again.head(FEW + 1)).column(_IDENTITY).to_pylist() if each is not None]
    odd = _texts(collected(frame.filter(~rows.plain_id).select(id=nw.col("id").cast(nw.String)).unique()), "id")
    spaced = [text.strip() for text in odd if text.strip() != text.strip(string.whitespace)]
    if len(some) > FEW:
        shared = again.select(_IDENTITY, **{_SHARED: nw.lit(value=True)})
        frame = frame.with_columns(**{_IDENTITY: identity}).join(shared, on=_IDENTITY, how="left")
        chosen |= nw.col(_SHARED).fill_null(value=False)
        some = []
    if some or spaced:
        chosen |= nw.col("id").is_in([*some, *spaced]).fill_null(value=False)
    key = nw.col("row") if "row" in schema and "row" not in rows.header else nw.col("id").cast(nw.String)
    plain = rows.sound & ~chosen
    wanted = [*map(rows.of_file, range(rows.files)), *unusual.values(), *rows.export.telling(frame.filter(plain))]
    firsts = collected(
        frame.select(
            *(nw.when(plain & here).then(key).min().alias(f"first {number}") for number, here in enumerate(wanted))
        )
    )
    first = {value for column in firsts.columns for value in column.to_pylist()} - {None}
    if first:
        chosen |= key.is_in(sorted(first))
    return frame, chosen


def _sums(frame: nw.LazyFrame[Any], rows: Rows, measure: Measure, columns: Sequence[str]) -> pa.Table:
    """The one expression: rows alike in days, groups and whether they state the measure become one row of sums.

    Those of one day, whose sums are of whole numbers and the same in any order, come first, group by group, as memory
    likes it; those of several days are in order, else sums of their shares would differ from run to run in their last
    bit.
    """
    import narwhals as nw
    import pyarrow as pa

    days = {day: nw.col(day).cast(nw.Date) for day in DAYS}
    keys = {column: nw.col(name).cast(nw.String).fill_null("") for column, name in _grouped(rows, columns).items()}
    low, best, high = rows.export.amounts(measure)
    summed = (
        frame.select(**days, **keys, low=low, best=best, high=high)
        .with_columns(
            stated=~nw.col("best").is_null(),
            no_lower=~nw.col("best").is_null() & nw.col("low").is_null(),
            no_upper=~nw.col("best").is_null() & nw.col("high").is_null(),
            low=nw.when(~nw.col("best").is_null()).then(nw.coalesce("low", "best")),
            high=nw.when(~nw.col("best").is_null()).then(nw.coalesce("high", "best")),
        )
        .group_by(*days, *keys, "stated")
        .agg(
            nw.col(*PARTS).cast(nw.Float64).sum(),  # DuckDB sums whole numbers to decimals, slow to take over
            *(nw.when(name).then(1.0).otherwise(0.0).sum().alias(name) for name in _BOUNDLESS),
            records=nw.len(),
        )
    )
    parts = []
    for batch in batches_of(summed):  # there may be a fourth as many rows of sums as records: all are held narrow
        narrow = {name: batch.column(name) for name in (*days, "stated", *PARTS)}
        narrow |= {name: batch.column(name).dictionary_encode() for name in keys}
        narrow |= {name: batch.column(name).cast(pa.int32()) for name in (*_BOUNDLESS, "records")}
        kept = pa.RecordBatch.from_pydict(narrow)
        parts.append(kept.take(np.arange(len(kept))))  # a copy; a column left as it is keeps the whole batch
    return _ordered(parts, [*keys])


def _ordered(parts: list[pa.RecordBatch], keys: Sequence[str]) -> pa.Table:
    """The sums in their order, each column in one piece; `parts` is emptied, so that they are not held twice."""
    import pyarrow as pa

    table = pa.Table.from_batches(parts).unify_dictionaries()
    columns = dict(zip(table.column_names, table.columns, strict=True))
    parts.clear()
    del table

    def ranks(name: str) -> np.ndarray:
        cells = columns[name].combine_chunks()
        if not pa.types.is_dictionary(cells.type):
            return np.asarray(cells.to_numpy(zero_copy_only=False))
        place = np.argsort(np.argsort(cells.dictionary.to_numpy(zero_copy_only=False)))
        return np.asarray(place.astype(np.min_scalar_type(len(place)))[cells.indices.to_numpy()])  # few are sorted fast

    by = {name: ranks(name) for name in (*keys, *DAYS, "stated")}
    single = by["date_start"] == by["date_end"]
    order = []
    for rows, names in ((np.flatnonzero(single), keys), (np.flatnonzero(~single), list(by))):
        order.append(rows[np.lexsort([by[name][rows] for name in reversed(names)])] if names else rows)
    wanted = pa.array(np.concatenate(order))
    del by, order, single
    return pa.table({name: columns.pop(name).combine_chunks().take(wanted) for name in list(columns)})


def _numbers(frame: nw.LazyFrame[Any], unusual: Mapping[str, nw.Expr]) -> dict[str, int]:
    """How many rows there are of each unusual kind."""
    import narwhals as nw

    if not unusual:
        return {}
    found = collected(
        frame.select(**{name: nw.when(told).then(1).otherwise(0).sum() for name, told in unusual.items()})
    )
    return {name: int(found.column(name)[0].as_py() or 0) for name in unusual}


def _with_counted(inputs: Sequence[Input], counted: Sequence[int], lists: Sequence[Input]) -> tuple[Input, ...]:
    """What was read: files of records with the rows that were counted, not checked one by one; lists of deletions."""
    checked = [each for each in inputs if each.holds == "records"]
    records = [replace(each, rows=(each.rows or 0) + more) for each, more in zip(checked, counted, strict=True)]
    return (*records, *lists, *(each for each in inputs if each.holds != "records"))


def _bundles(found: pa.Table, rows: Rows, columns: Sequence[str], provider: str, checked: Bundles) -> Bundles:
    """The sums as bundles under the values of an incident table, and after them those of the checked records.

    Made column by column: of many sums there are not to be two whole tables at once.
    """
    keys = {**_all_keys(found, rows, columns, provider), "part_of": repeated("", len(found))}
    days = {day: found.column(day).to_numpy().astype("datetime64[us]") for day in DAYS}
    table = {day: np.concatenate([lain, checked.table[day].to_numpy()]) for day, lain in days.items()}
    table |= {name: pd.concat([texts, checked.table[name]], ignore_index=True) for name, texts in keys.items()}
    stated = found.column("stated").to_numpy()
    amounts = np.empty((len(PARTS), len(found) + len(checked.table)))
    for row, part in zip(amounts, PARTS, strict=True):
        row[: len(found)] = np.where(stated, found.column(part).to_numpy(), np.nan)
        row[len(found) :] = checked.amounts[part]
    return Bundles(
        pd.DataFrame(table, copy=False),
        pd.DataFrame(amounts.T, columns=list(PARTS), copy=False),
        *(np.concatenate([found.column(name), getattr(checked, name)]) for name in ("records", *_BOUNDLESS)),
    )


def _place_sums(frame: nw.LazyFrame[Any], rows: Rows, columns: Sequence[str], provider: str) -> pd.DataFrame:
    """What `places.place_sums` gives of an incident table, by the engine."""
    import narwhals as nw

    names = set(rows.header)
    degrees = {
        name: nw.col(name).cast(nw.Float64) if name in names else nw.lit(None, dtype=nw.Float64)
        for name in ("latitude", "longitude")
    }
    keys = {column: nw.col(name).cast(nw.String).fill_null("") for column, name in _grouped(rows, columns).items()}
    precision = nw.col("where_prec").cast(nw.String).fill_null("") if "where_prec" in names else nw.lit("")
    found = collected(
        frame.select(**keys, precision=precision, **degrees)
        .filter(~nw.col("latitude").is_null() & ~nw.col("longitude").is_null())
        .group_by(*keys, "precision")
        .agg(
            nw.col("latitude").sum(),
            nw.col("longitude").sum(),
            west=nw.col("longitude").min(),
            east=nw.col("longitude").max(),
            records=nw.len(),
        )
    )
    names_of_sums = ("records", "latitude", "longitude", "west", "east")
    numbers = {name: found.column(name).to_numpy().astype("float64") for name in names_of_sums}
    words = _all_keys(found, rows, columns, provider) | {"precision": _keys(found.column("precision"), {})}
    return pd.DataFrame(words).replace("", NOT_STATED).assign(**numbers)


def _of_districts(
    frame: nw.LazyFrame[Any], rows: Rows, checked: pd.DataFrame, where: Where, provider: str
) -> pd.DataFrame:
    """How many of the records that meet the conditions lie in each district of each first-order area."""
    import narwhals as nw

    columns = tuple(dict.fromkeys(("admin1", "admin2", *where)))
    keys = {column: nw.col(name).cast(nw.String).fill_null("") for column, name in _grouped(rows, columns).items()}
    if not {"admin1", "admin2"} <= keys.keys():
        return pd.DataFrame({"admin1": [], "admin2": [], "records": []})
    found = collected(frame.select(**keys).group_by(*keys).agg(records=nw.len()))
    told = pd.DataFrame(_all_keys(found, rows, columns, provider)).assign(records=found.column("records").to_numpy())
    lying = pd.concat([told, checked[list(columns)].assign(records=1)])
    lying = lying[matching_records(lying, where)]
    return lying.groupby(["admin1", "admin2"])["records"].sum().reset_index()


def _all_keys(found: pa.Table, rows: Rows, columns: Sequence[str], provider: str) -> dict[str, pd.Series]:
    """What records are grouped and filtered by, under the values of an incident table."""
    grouped = _grouped(rows, columns)
    return {
        column: _keys(found.column(column), rows.export.values.get(column, {}))
        if column in grouped
        else repeated(provider if column == "source" and column not in rows.export.names else "", found.num_rows)
        for column in columns
    }


def _grouped(rows: Rows, columns: Sequence[str]) -> dict[str, str]:
    """Columns of the incident table to those of the engine, as far as it has them."""
    names = rows.export.names
    return {column: names[column] for column in columns if names.get(column) in rows.header}


def _keys(cells: pa.ChunkedArray, values: Mapping[str, str]) -> pd.Series:
    """A column of few texts under the values of an incident table, each of which is read once."""
    coded = cells.combine_chunks().dictionary_encode()
    named = table_as_meant(pd.DataFrame({"value": pd.Series(coded.dictionary.to_pylist(), dtype="str")}))["value"]
    return pd.Series(composed(stripped(map_distinct(named, values))).array.take(coded.indices.to_numpy()), dtype="str")


def _texts(found: pa.Table, column: str) -> list[str]:
    return [text or "" for text in found.column(column).to_pylist()]
