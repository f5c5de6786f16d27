"""Dates and quantities as people write them in, ISO dates and numbers out.

Plain dates and numbers are read here. Whatever is neither goes to `dates.parse_period` and `quantities.parse_quantity`;
where these cannot read it either, the row is at fault with their reason.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from conflictts.errors import ConflictTSError, InputError
from conflictts.incidents.dates import YEARS, parse_period
from conflictts.incidents.distinct import Distinct, plain_digits
from conflictts.incidents.phrases import quoted
from conflictts.incidents.quantities import DecimalMark, parse_quantity
from conflictts.incidents.table import COUNTS, DAYS, DEGREES

Fault = tuple[str, pd.Series, pd.Series]  # column, value as written, reason or blank

_DECIMAL = re.compile(r"[+-]?[0-9]+[.,](?![0-9]{3}$)[0-9]+")  # never thousands: of these there are three figures
SPLIT_BY_CHANCE = 8  # dates of either kind; that all of eight have a day of 12 or less is chance once in 1,700 times
EXCHANGED = (
    "{}: all dates as YYYY-MM-DD have a day up to 12, and all others one above; a spreadsheet may have taken the first "
    "kind for dates with day and month exchanged, and left the others as text: hold some against the source"
)

_HOUR = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"  # read over: a record has days
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _HOUR)
_ORDERED = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})" + _HOUR)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.(?![0-9]{3}$)[0-9]+)?")  # 1.200 may be 1200, and goes to parse_quantity


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """First and last day of each record as ISO text, its precision, the faults met, and what to tell the user."""

    first: pd.Series
    last: pd.Series
    precision: pd.Series
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Quantities:
    """Columns of numbers as text that replace or join those of the records, the faults met, and remarks."""

    columns: Mapping[str, pd.Series]
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def read_periods(
    records: pd.DataFrame,
    *,
    rows: pd.Index,
    names: Mapping[str, str],
    file: str,
    day_first: bool | None,
    reference_date: pd.Timestamp | None,
) -> Periods:
    """Read `date_start`, and `date_end` where there is one, into first and last days.

    Raises
    ------
    InputError
        If dates such as 3/4/2019 occur, no order of day and month is declared, and no row of the file tells it, or two
        rows tell different orders.
    """
    columns = [column for column in DAYS if column in records]
    written = {column: Distinct.of(records[column]) for column in columns}
    plain = {column: plain_digits(distinct.values) for column, distinct in written.items()}
    remarks: tuple[str, ...] = ()
    if day_first is None and (told := _order_of_days(written, plain, rows, names, file)) is not None:
        day_first, row = told
        order = "the day" if day_first else "the month"
        remarks = (f"dates such as 3/4/2019 are read with {order} first, as told by {row}; `day_first` declares it",)
    remarks += tuple(EXCHANGED.format(names.get(column, column)) for column in columns if _exchanged(plain[column]))
    readings = {
        column: pd.DataFrame(
            [_period(value, day_first, reference_date) for value in plain[column]],
            columns=["first", "last", "precision", "reason"],
            dtype="str",
        )
        for column in columns
    }
    spread = {
        column: {part: pd.Series(written[column].rows(readings[column][part].to_numpy()), dtype="str") for part in
                 ("first", "last", "precision", "reason")}
        for column in columns
    }  # fmt: skip
    start = spread["date_start"]
    first, last, precision = start["first"], start["last"], start["precision"]
    if "date_end" in columns:
        end = spread["date_end"]
        stated = written["date_end"].text != ""
        last = last.where(~stated, end["last"])
        precision = precision.where(~stated | (first == last), "range")
    faults = tuple((column, written[column].text, spread[column]["reason"]) for column in columns)
    return Periods(first, last, precision, faults, remarks)


def read_quantities(records: pd.DataFrame, *, decimal_mark: DecimalMark | None = None) -> Quantities:
    """Read the columns of counts: numbers stay, quantities in words become low, best and high.

    A comma in a degree is read as its decimal mark, since no degree has thousands.
    """
    columns: dict[str, pd.Series] = {}
    for name in (name for name in DEGREES if name in records):
        distinct = Distinct.of(records[name])
        written = plain_digits(distinct.values)
        with_comma = written.str.fullmatch(r"[+-]?[0-9]{1,3},[0-9]+").astype(bool)
        plain = distinct.values.where(~with_comma, written.str.replace(",", "."))
        columns[name] = pd.Series(distinct.rows(plain.to_numpy()), dtype="str")
    faults: list[Fault] = []
    remarks: list[str] = []
    for column in (name for name in COUNTS if name in records):
        distinct = Distinct.of(records[column])
        written = plain_digits(distinct.values)
        mark = decimal_mark
        if mark is None and (told := _told_mark(written)) is not None:
            mark, example = told
            if written.str.contains(r"[0-9][.,][0-9]{3}(?![0-9])").any():
                remarks.append(
                    f"{column}: the mark {mark!r} is read as that of decimals, as told by {example!r}; `decimal_mark` "
                    "declares it"
                )
        readings = pd.DataFrame(
            [_quantity(value, mark) for value in written], columns=["low", "best", "high", "in_words", "reason"]
        )
        spread = {part: pd.Series(distinct.rows(readings[part].to_numpy())) for part in readings}
        kind, _, part = column.rpartition("_")
        own = part if part in ("low", "best", "high") else "best"
        columns[column] = spread[own].astype("str")
        faults.append((column, distinct.text, spread["reason"].astype("str")))
        for bound in ("low", "high"):
            name = f"{kind}_{bound}"
            if own == "best" and name in COUNTS and name not in records and readings["in_words"].any():
                columns[name] = spread[bound].where(spread["in_words"].astype(bool), "").astype("str")
        bound_alone = readings["in_words"].astype(bool) & (readings["best"] == "")
        if own == "best" and f"{kind}_high" not in columns and bound_alone.any():
            count, example = int(distinct.rows(bound_alone).sum()), distinct.values[bound_alone].iloc[0]
            remarks.append(
                f"{column}: {example!r} and the like ({count:,} in all) state an upper bound alone, which no column "
                "takes up, and are read as not stated"
            )
    return Quantities(columns, tuple(faults), tuple(remarks))


def _told_mark(values: pd.Series) -> tuple[DecimalMark, str] | None:
    """The mark of values such as 3.0 or 2.25, and one of them; None where they have both marks, or there are none."""
    decimal = [value for value in values if _DECIMAL.fullmatch(value)]
    marks: set[DecimalMark] = {"," if "," in value else "." for value in decimal}
    return (marks.pop(), decimal[0]) if len(marks) == 1 else None


def _order_of_days(
    written: Mapping[str, Distinct], plain: Mapping[str, pd.Series], rows: pd.Index, names: Mapping[str, str], file: str
) -> tuple[bool, str] | None:
    """Whether the day is first, and a row that allows no other order; None where no such date occurs."""
    seen: dict[str, list[str]] = {"day": [], "month": [], "either": []}
    for column, values in plain.items():
        for place, value in enumerate(values):
            if (order := _allowed_order(value)) and len(seen[order]) < 2:
                row = rows[written[column].row_of(place)]
                seen[order].append(f"row {row}: {names.get(column, column)} = {written[column].values[place]!r}")
    if seen["day"] and seen["month"]:
        raise InputError(
            f"{file} writes some dates with the day first and some with the month first: {seen['day'][0]}, "
            f"{seen['month'][0]}. Make them alike, best as YYYY-MM-DD, or declare day_first=True or False: the others "
            "then go to quarantine."
        )
    if seen["day"] or seen["month"]:
        return bool(seen["day"]), (seen["day"] or seen["month"])[0]
    if seen["either"]:
        raise InputError(
            f"{file} writes dates whose day and month cannot be told apart: {', '.join(seen['either'])}. No row "
            "settles it. Declare day_first=True if 3/4/2019 is 3 April there, day_first=False if it is 4 March."
        )
    return None


def _exchanged(values: pd.Series) -> bool:
    """Whether dates are split as by a spreadsheet that took 3/4/2019 the wrong way round and left 31/8/2019 as text."""
    distinct = set(values)
    days = [int(match[3]) for value in distinct if (match := _ISO.fullmatch(value))]
    orders = [_allowed_order(value) for value in distinct if _ORDERED.fullmatch(value)]
    of_one_order = len(set(orders)) == 1 and orders[0] in ("day", "month")
    return len(days) >= SPLIT_BY_CHANCE and max(days) <= 12 and len(orders) >= SPLIT_BY_CHANCE and of_one_order


def _allowed_order(value: str) -> str:
    match = _ORDERED.fullmatch(value)
    if match is None:
        return ""
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    least, most = sorted((first, second))
    # a date that will not be read, such as 31/2/2019, tells nothing of the others
    if not YEARS[0] <= year <= YEARS[1] or not 1 <= least <= 12 or not least < most <= monthrange(year, least)[1]:
        return ""
    return "either" if max(first, second) <= 12 else "day" if first > 12 else "month"


def _period(value: str, day_first: bool | None, reference_date: pd.Timestamp | None) -> tuple[str, str, str, str]:
    if value == "":
        return "", "", "", ""
    if match := _ISO.fullmatch(value):
        return _day(int(match[1]), int(match[2]), int(match[3]), value)
    if match := _ORDERED.fullmatch(value):
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if day_first or first == second else (second, first)
        return _day(int(match[4]), month, day, value)
    try:
        period = parse_period(value, reference_date=reference_date, day_first=day_first)
    except ConflictTSError as error:
        return value, value, "", _why(error, value)
    return f"{period.first:%Y-%m-%d}", f"{period.last:%Y-%m-%d}", str(period.precision), ""


def _day(year: int, month: int, day: int, value: str) -> tuple[str, str, str, str]:
    if not YEARS[0] <= year <= YEARS[1]:
        return value, value, "", f"the year {year} is outside {YEARS[0]}..{YEARS[1]}, or of another calendar"
    iso = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        pd.Timestamp(iso)
    except ValueError:
        return value, value, "", "no such day in the calendar"
    return iso, iso, "day", ""


def _quantity(value: str, decimal_mark: DecimalMark | None) -> tuple[str, str, str, bool, str]:
    if value == "" or _NUMBER.fullmatch(value):
        return value, value, value, False, ""
    try:
        quantity = parse_quantity(value, decimal_mark=decimal_mark)
    except ConflictTSError as error:
        return value, value, value, False, _why(error, value)
    low, best, high = (_as_count(bound) for bound in (quantity.low, quantity.best, quantity.high))
    return low, best, high, True, ""


def _as_count(number: float | None) -> str:
    return "" if number is None or number != number else f"{round(number)}"


def _why(error: ConflictTSError, value: str) -> str:
    """The reason alone: the ledger names the value beside it, and one remedy serves many rows."""
    reason = str(error).partition(". Write it")[0]
    return reason.replace(f"Cannot read {quoted(value)} as", "cannot be read as", 1)
