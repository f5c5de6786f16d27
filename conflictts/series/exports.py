"""What the readers tell of a row of an export, told of all rows at once by the engine that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from conflictts.incidents import acled, ucdp
from conflictts.incidents.checks import BEST_ABOVE, LOW_ABOVE, form_of
from conflictts.incidents.distinct import Distinct, map_distinct, stripped
from conflictts.incidents.files import RawRecords
from conflictts.incidents.splitting import Form, Numbers, arrow_type
from conflictts.incidents.table import DEGREES, MOST, Incidents
from conflictts.series.measures import PARTS, Measure

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

_PLAIN_ID = "^[0-9A-Za-z][!-~]*$"
_PLAIN_COUNT, _PLAIN_TIME = (r"^[0-9]{1,9}(\.0)?$", 9), ("^[0-9]{0,11}$", 11)  # and how many digits that is


class Export(Protocol):
    """One kind of export. In the engine its rows have the columns ``id``, ``date_start``, ``date_end`` and others.

    Attributes
    ----------
    needed : tuple of str
        Columns without which a file is none, or is read whole.
    names : mapping of str to str
        Column of the incident table -> the column in the engine, if the file has it.
    values : mapping of str to mapping of str to str
        Of such a column, what its values stand for.
    """

    needed: ClassVar[tuple[str, ...]]
    names: ClassVar[Mapping[str, str]]
    values: ClassVar[Mapping[str, Mapping[str, str]]]

    def wanted(self, header: tuple[str, ...]) -> dict[str, Form]:
        """The columns that checks look at."""
        ...

    def forms(self, header: tuple[str, ...], columns: Sequence[str]) -> dict[str, Form]:
        """The columns that counting takes, `columns` of the incident table among them, as they are split."""
        ...

    def held(self, forms: Mapping[str, Form]) -> dict[str, pa.DataType]:
        """The columns that the engine is handed, but for ``row`` and ``odd``."""
        ...

    def prepared(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Those columns, of columns as they are split; what is not in its form is odd."""
        ...

    def conditions(self, names: AbstractSet[str]) -> Iterator[nw.Expr]:
        """What holds of a row that the checks find no fault with, its identifier aside; null counts as not."""
        ...

    def unusual(self) -> dict[str, nw.Expr]:
        """What the checks warn of -> whether they do. Never null."""
        ...

    def telling(self, sound: nw.LazyFrame[Any]) -> list[nw.Expr]:
        """Of which sound rows one must go through the checks because it tells something of the file."""
        ...

    def amounts(self, measure: Measure) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
        """Low, best and high of each row as `measures.amounts_of` gives them."""
        ...

    def check(
        self, raws: Sequence[RawRecords], *, release: str | None, deletions: Sequence[str], shared: Sequence[str]
    ) -> Incidents:
        """Let the reader check rows, file by file."""
        ...


class _Ged:
    needed: ClassVar[tuple[str, ...]] = (*ucdp.REQUIRED, "adm_1")
    names: ClassVar[Mapping[str, str]] = ucdp.NAMES
    values: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "date_precision": ucdp.DATE_PRECISION,
        "event_type": ucdp.EVENT_TYPE,
    }
    _beside = ("adm_1", "country", "code_status", "where_prec")  # texts that are looked at, whatever is asked for

    def wanted(self, header: tuple[str, ...]) -> dict[str, Form]:
        return ucdp.wanted_columns(header)

    def forms(self, header: tuple[str, ...], columns: Sequence[str]) -> dict[str, Form]:
        texts = {"id", *self._beside, *(self.names.get(column) for column in columns)}
        return {name: form for name, form in self.wanted(header).items() if form != "text" or name in texts}

    def held(self, forms: Mapping[str, Form]) -> dict[str, pa.DataType]:
        return {name: arrow_type(form) for name, form in forms.items()}

    def prepared(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def conditions(self, names: AbstractSet[str]) -> Iterator[nw.Expr]:
        import narwhals as nw

        named = nw.col("adm_1").cast(nw.String).fill_null("")
        yield self._nameless() | named.str.contains(r"^ *[!-&(-~\p{L}]")
        first, last = nw.col("date_start"), nw.col("date_end")
        yield first <= last
        for day in (first, last):
            yield day == day.cast(nw.Date)
        sides = [nw.col(side).cast(nw.Float64) for side in ("deaths_a", "deaths_b")]
        yield from (side >= 0 for side in sides)
        yield sides[0] + sides[1] <= MOST
        yield from _within(self.wanted(tuple(sorted(names))))
        if "code_status" in names:
            yield nw.col("code_status").cast(nw.String).fill_null("").is_in(["", "Clear"])

    def unusual(self) -> dict[str, nw.Expr]:
        import narwhals as nw

        low, best, high = (nw.col(part) for part in PARTS)
        return {
            LOW_ABOVE.format("deaths"): (low > best).fill_null(value=False),
            BEST_ABOVE.format("deaths"): (best > high).fill_null(value=False),
            ucdp.NO_AREA: self._nameless(),
        }

    def telling(self, sound: nw.LazyFrame[Any]) -> list[nw.Expr]:  # noqa: ARG002
        return []

    def amounts(self, measure: Measure) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
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

    def check(
        self,
        raws: Sequence[RawRecords],
        *,
        release: str | None,
        deletions: Sequence[str],  # noqa: ARG002
        shared: Sequence[str],
    ) -> Incidents:
        return ucdp.ucdp_incidents(raws, release=release, shared=shared)

    @staticmethod
    def _nameless() -> nw.Expr:
        import narwhals as nw

        return nw.col("adm_1").cast(nw.String).fill_null("").str.contains(r"^[ \t\r\n]*$")


class _Acled:
    needed: ClassVar[tuple[str, ...]] = acled.REQUIRED
    names: ClassVar[Mapping[str, str]] = {
        **{name: column for name, column in acled.NAMES.items() if form_of(name) == "text"},
        "date_precision": "date_precision",
        "location_precision": "where_prec",
    }
    values: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def wanted(self, header: tuple[str, ...]) -> dict[str, Form]:
        return acled.wanted_columns(header)

    def forms(self, header: tuple[str, ...], columns: Sequence[str]) -> dict[str, Form]:
        beside = (*acled.BESIDE, *DEGREES, "time_precision", "geo_precision", "admin1")
        taken = {*acled.REQUIRED, *beside} - {"event_type"}
        taken |= {acled.NAMES[column] for column in columns if column in acled.NAMES}
        return {name: form for name, form in self.wanted(header).items() if name in taken}

    def held(self, forms: Mapping[str, Form]) -> dict[str, pa.DataType]:
        day, number = arrow_type("days"), arrow_type(Numbers(0, MOST))
        held = {"id": arrow_type("text"), "date_start": day, "date_end": day, "date_precision": arrow_type("text")}
        held |= {"fatalities": number, "on_civilians": number, "timestamp": number}
        as_they_are = [name for name in forms if name not in (*_TAKEN, *held)]
        held |= {_RENAMED.get(name, name): arrow_type(forms[name]) for name in as_they_are}
        return held

    def prepared(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa
        import pyarrow.compute

        cells: dict[str, pa.Array] = dict(zip(batch.schema.names, batch.columns, strict=True))
        odd = cells["odd"].to_numpy(zero_copy_only=False).copy()

        def figures(name: str, form: tuple[str, int]) -> pa.Array:
            pattern, digits = form
            decimal = pa.compute.all(pa.compute.ascii_is_decimal(cells[name])).as_py()
            if decimal and pa.compute.max(pa.compute.binary_length(cells[name])).as_py() <= digits:
                return cells[name].cast(pa.int64()).cast(pa.float64())  # a third of the time, the same
            plain = pa.compute.match_substring_regex(cells[name], pattern)
            np.logical_or(odd, ~plain.to_numpy(zero_copy_only=False), out=odd)
            stated = pa.compute.and_(plain, pa.compute.not_equal(cells[name], ""))
            return pa.compute.if_else(stated, cells[name], None).cast(pa.float64())

        dates, date = _taken_apart(cells["event_date"])
        distinct, day = Distinct.of(dates), acled.days_of(dates)
        np.logical_or(odd, distinct.rows(day.isna())[date], out=odd)
        written, degree = _taken_apart(
            cells.get("time_precision", pa.repeat(pa.scalar("", pa.large_string()), len(odd)))
        )
        precision = map_distinct(acled.precision_of(pd.DataFrame({"date_precision": written})), acled.DATE_PRECISION)
        known = list(dict.fromkeys(acled.DATE_PRECISION.values()))
        kind = pd.Index(known).get_indexer(pd.Index(precision))
        np.logical_or(odd, (kind < 0)[degree], out=odd)
        firsts, lasts = np.empty((2, len(known), len(dates)), dtype="datetime64[us]")
        for row, name in enumerate(known):
            named = pd.Series(name, dates.index, dtype="str")
            firsts[row], lasts[row] = acled.spans_of(dates, day.fillna(pd.Timestamp(0)), named)
        first, last = (pa.array(days[np.maximum(kind, 0)[degree], date]) for days in (firsts, lasts))
        count = figures("fatalities", _PLAIN_COUNT)
        on_civilians = np.zeros(len(odd), dtype=bool)
        if "civilian_targeting" in cells:
            texts, place = _taken_apart(cells["civilian_targeting"])
            folded = stripped(texts).str.casefold()
            on_civilians = (folded == acled.CIVILIANS).to_numpy()[place]
            np.logical_or(odd, ~folded.isin([acled.CIVILIANS, ""]).to_numpy()[place], out=odd)
        made = {
            "id": cells["event_id_cnty"],
            "date_start": first,
            "date_end": last,
            "date_precision": pa.array(precision, pa.large_string()).take(pa.array(degree)),
            "fatalities": count,
            "on_civilians": pa.compute.if_else(pa.array(on_civilians), count, None),
            "timestamp": figures("timestamp", _PLAIN_TIME)
            if "timestamp" in cells
            else pa.nulls(len(odd), pa.float64()),
        }
        kept = {_RENAMED.get(name, name): cell for name, cell in cells.items() if name not in (*_TAKEN, *made)}
        return pa.record_batch({**made, **kept, "odd": odd})

    def conditions(self, names: AbstractSet[str]) -> Iterator[nw.Expr]:
        import narwhals as nw

        yield ~nw.col("fatalities").is_null()
        yield from _within(
            {"fatalities": Numbers(0, MOST), **{name: form_of(name) for name in DEGREES if name in names}}
        )

    def unusual(self) -> dict[str, nw.Expr]:
        import narwhals as nw

        conventional = [float(number) for number in acled.CONVENTIONS if number != "0"]
        best = nw.col("fatalities")
        return {
            acled.CONVENTIONAL: best.is_in(conventional).fill_null(value=False),
            acled.ZERO: (best == 0).fill_null(value=False),
        }

    def telling(self, sound: nw.LazyFrame[Any]) -> list[nw.Expr]:
        import narwhals as nw

        newest = sound.select(nw.col("timestamp").max()).collect("pyarrow").to_native().column(0)[0].as_py()
        return [] if newest is None else [(nw.col("timestamp") == newest).fill_null(value=False)]

    def amounts(self, measure: Measure) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
        import narwhals as nw

        if measure == "incidents":
            return nw.lit(1.0), nw.lit(1.0), nw.lit(1.0)
        if measure in ("combatants", "injured"):
            none = nw.lit(None, dtype=nw.Float64)
            return none, none, none
        if measure == "deadly incidents":
            died = nw.col("fatalities") > 0
            deadly = nw.when(died).then(1.0).otherwise(0.0)
            return deadly, deadly, nw.when(died).then(1.0)
        best = nw.col("fatalities" if measure == "deaths" else "on_civilians")
        return best, best, nw.when(~best.is_in([float(number) for number in acled.CONVENTIONS])).then(best)

    def check(
        self, raws: Sequence[RawRecords], *, release: str | None, deletions: Sequence[str], shared: Sequence[str]
    ) -> Incidents:
        found = acled.acled_incidents(raws, deletions=deletions, shared=shared)
        return replace(found, provenance=replace(found.provenance, release=release or found.provenance.release))


_TAKEN = ("event_id_cnty", "event_date", "time_precision", "civilian_targeting")  # no columns of the engine's
_RENAMED = {"geo_precision": "where_prec"}
GED: Export = _Ged()
ACLED: Export = _Acled()


def export_of(header: set[str]) -> Export | None:
    """The kind of a file with these columns, told as `read_incidents` tells it; None for what is read whole."""
    if header.issuperset(ucdp.REQUIRED):
        return GED if header.issuperset(GED.needed) else None
    return ACLED if header.issuperset(ACLED.needed) else None


def soundness(export: Export, schema: Mapping[str, nw.dtypes.DType]) -> tuple[nw.Expr, nw.Expr]:
    """What can be told of a row by itself, never null.

    Whether its identifier is of visible ASCII, so that it is the same however it is read; and whether the checks find
    no fault with the row.
    """
    import narwhals as nw

    plain_id = nw.col("id") >= 0 if schema["id"].is_integer() else nw.col("id").str.contains(_PLAIN_ID)
    sound = nw.all_horizontal(plain_id, *export.conditions(set(schema)), ignore_nulls=False)
    return plain_id.fill_null(value=False), sound.fill_null(value=False)


def _taken_apart(cells: pa.Array) -> tuple[pd.Series, np.ndarray]:
    """The values of a column of text, as they are written, and the place of each cell's among them."""
    coded = cells.dictionary_encode()
    return pd.Series(coded.dictionary.to_pandas(), dtype="str"), coded.indices.to_numpy()


def _within(forms: Mapping[str, Form]) -> Iterator[nw.Expr]:
    """Whether figures are within their bounds, or blank.

    NaN is not finite, and not otherwise to be found: Parquet's statistics leave it out, by which DuckDB takes a
    comparison for true of all of a file's numbers, and ``isnan`` for false (duckdb/duckdb#25521).
    """
    import narwhals as nw

    for column, form in forms.items():
        if isinstance(form, Numbers):
            figure = nw.col(column).cast(nw.Float64)
            within = figure.is_finite() & (figure >= form.least) & (figure <= form.most)
            yield figure.is_null() | (within & (figure.round(0) == figure) if form.whole else within)
