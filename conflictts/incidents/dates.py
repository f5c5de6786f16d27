"""A date as reports word it ("late August 2019", "fin août", "٣١ آب") in, first and last possible day out."""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.datewords import DATE_WORDS, LAST_DAY, PARTS, DateWords, Part, Unit
from conflictts.incidents.phrases import fillings, plain, quoted, require_phrase, spaced

Precision = Literal["day", "week", "month", "year", "range", "approx"]

YEARS = (1900, 2100)  # a year outside is a slip of the keyboard
SOON = 7  # days after the reference date within which a yearless date may as well be this year's
_SHARP_PARTS = ("first_half", "second_half")


@dataclass(frozen=True, slots=True)
class Period:
    """The days a phrase stands for.

    Attributes
    ----------
    first, last : Timestamp
        First and last day, inclusive, at midnight and without a time zone.
    precision : str
        "day", "week", "month" or "year" where the words say so; "range" for two ends and for weekends and half months;
        "approx" where the words are loose ("late August", "around 2 July").
    text : str
        The phrase as it was given.

    Examples
    --------
    >>> import conflictts as ct
    >>> period = ct.parse_period("late August 2019")
    >>> period.first.date().isoformat(), period.last.date().isoformat(), period.precision
    ('2019-08-15', '2019-08-31', 'approx')
    """

    first: pd.Timestamp
    last: pd.Timestamp
    precision: Precision
    text: str


def parse_period(
    text: str,
    *,
    reference_date: str | dt.date | None = None,
    day_first: bool | None = None,
    words: DateWords = DATE_WORDS,
) -> Period:
    """Read a date or period as a report words it, in English, French or Arabic.

    ====================================================  ==============================  ===================
    phrase                                                days                            precision
    ====================================================  ==============================  ===================
    "16 May 2025", "May 16, 2025", "2019-08-31", "31 آب"  that day                        day
    "May 2019", "2019-05"; "2019"                         the month; the year             month; year
    "late August 2019", "end of", "fin août 2019"         15th to the last day [U]        approx
    "early", "beginning of", "début"                      1st to 15th                     approx
    "mid-October", "mi-octobre"                           10th to 20th                    approx
    "first half of", "second half of"                     1st to 15th; 16th to last       range
    "around 2 July 2019", "vers le 2 juillet 2019"        1 to 3 July [U]                 approx
    "30 April to 30 August 2019", "du 2 au 5 août 2019"   first to last of both ends      range
    "yesterday", "hier"                                   the day before the reference    day
    "Monday", "lundi"                                     the last Monday, or reference   day
    "lundi dernier"                                       the last before the reference   day
    "last week", "la semaine dernière"                    previous Monday to Sunday [U]   week
    "last weekend", "last month", "last year"             the previous one                range, month, year
    "this week", "this month", "this year"                its beginning to the reference  week, month, year
    ====================================================  ==============================  ===================

    A date without a year is the latest that begins on or before the reference date; one that would begin within a week
    after it is an error. A weekday beside a date must agree with it. Not read: seasons, which differ between sources
    and hemispheres, and "last Monday", which English uses for two different days.

    Parameters
    ----------
    text : str
        The phrase, and no more than the phrase.
    reference_date : date, Timestamp or str as YYYY-MM-DD, optional
        The day of the report. Relative and yearless phrases need it.
    day_first : bool, optional
        Whether figures such as 03/04/2019 begin with the day. Without it, only those with one reading are read.
    words : DateWords
        The words to know; see `DateWords.extended`.

    Returns
    -------
    Period
        With ``first <= last``.

    Raises
    ------
    InputError
        If the phrase is unknown, ambiguous, needs a reference date that is not given, or names a day that does not
        exist; it is quoted and never guessed.

    References
    ----------
    [U] After Högbladh, UCDP GED Codebook 19.1, Appendix 2, as this project's design reports it; the appendix itself
    was not at hand to be held against. All other spans are this library's own and stand in `PARTS`.

    Examples
    --------
    >>> import conflictts as ct
    >>> period = ct.parse_period("fin août 2019")
    >>> str(period.first.date()), str(period.last.date()), period.precision
    ('2019-08-15', '2019-08-31', 'approx')
    >>> str(ct.parse_period("lundi", reference_date="2019-11-06").first.date())
    '2019-11-04'
    """
    phrase = _without_midnight(plain(require_phrase(text, kind="a date or period")))
    reading = _Reading(text, _reference_day(reference_date), day_first, words)
    alone = reading.one(phrase)
    if alone is not None:
        return reading.resolve(alone, alone)
    ends = list(dict.fromkeys(reading.two(phrase)))
    if len(ends) != 1:
        why = "it can be divided in several ways" if ends else "no such wording is known"
        raise reading.failure(why)
    return reading.resolve(*ends[0])


@dataclass(frozen=True, slots=True)
class _When:
    """What a phrase says, before years and months that it leaves open are filled in."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    part: Part | None = None
    weekday: int | None = None
    around: bool = False
    relative: tuple[Unit, int] | None = None
    last: bool = False  # "lundi dernier"

    @property
    def scale(self) -> str:
        """Day, month or year: the two ends of a range are of one scale."""
        return "day" if self.day else "month" if self.month else "year"

    def span(self, year: int) -> tuple[dt.date, dt.date]:
        """First and last day in this year; ValueError if the calendar lacks them."""
        if self.month is None:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        if self.day is not None:
            day, margin = dt.date(year, self.month, self.day), dt.timedelta(days=int(self.around))
            return day - margin, day + margin
        first, last = PARTS[self.part] if self.part else (1, LAST_DAY)
        length = calendar.monthrange(year, self.month)[1]
        return dt.date(year, self.month, first), dt.date(year, self.month, min(last, length))


# What may stand together: W weekday, L "last", A around, P part, D day, M month, Y year, R relative.
_ORDERS = re.compile(r"R|WL?|[AW]?(DMY?|MDY?|YMD)|P?(MY?|YM)|Y")
_ENDS = re.compile(r"W?(DMY?|MDY?|YMD)|P?(MY?|YM)|Y|DY?")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One phrase being read."""

    text: str
    reference: dt.date | None
    day_first: bool | None
    words: DateWords

    def failure(self, why: str) -> InputError:
        return InputError(
            f"Cannot read {quoted(self.text)} as a date or period: {why}. Write it like '16 May 2025', '2019-08-31' or "
            "'late August 2019', or add its words with `DATE_WORDS.extended`."
        )

    def one(self, phrase: str, allowed: re.Pattern[str] = _ORDERS) -> _When | None:
        """Read a phrase that has a single end; None if it is none."""
        figures = self.figures(phrase)
        if figures is not None:
            return figures
        found = self.tokens(spaced(phrase))
        if found is None:
            return None
        said = "".join(kind for kind, _ in found)
        said_once = re.sub("M+", "M", said)  # آب/أغسطس: one month by both its names
        if len({value for kind, value in found if kind == "M"}) > 1 or not allowed.fullmatch(said_once):
            return None
        values = dict(found)
        return _When(
            year=values.get("Y"),
            month=values.get("M"),
            day=values.get("D"),
            part=values.get("P"),
            weekday=values.get("W"),
            around="A" in values,
            relative=values.get("R"),
            last="L" in values,
        )

    def two(self, phrase: str) -> Iterator[tuple[_When, _When]]:
        """Every way to read a phrase as a range of two ends."""
        for template in self.words.ranges:
            for left, right in fillings(phrase, template):
                first, last = self.one(left, _ENDS), self.one(right, _ENDS)
                if first is None or last is None:
                    continue
                if first.month is None and first.year is None:
                    first = replace(first, month=last.month)  # 2 to 5 August
                elif last.month is None and last.day:
                    last = replace(last, month=first.month)  # August 2 to 5
                if first.scale == last.scale and not (first.day and None in (first.month, last.month)):
                    yield first, last

    def figures(self, phrase: str) -> _When | None:
        """Dates in figures only: ISO, year first, or day and month in the order declared; never "Aug-19"."""
        iso = re.fullmatch(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?", phrase)
        if iso and (iso[4] or (iso[2] == "-" and len(iso[3]) == 2)):
            return self.checked(int(iso[1]), int(iso[3]), int(iso[4]) if iso[4] else None)
        by_spreadsheet = re.fullmatch(r"([^\W\d_]+)\.?-([0-2]\d|3[01])", phrase)
        if by_spreadsheet and by_spreadsheet[1] in self.words.months:
            month = calendar.month_name[self.words.months[by_spreadsheet[1]]]
            raise self.failure(
                f"it may be {int(by_spreadsheet[2])} {month}, or {month} of the year {by_spreadsheet[2]}"
            )
        numeric = re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", phrase)
        if not numeric:
            return None
        one, two, year = int(numeric[1]), int(numeric[3]), int(numeric[4])
        if self.day_first is None and one != two and one <= 12 and two <= 12:
            raise self.failure(
                f"it may be {one} {calendar.month_name[two]} or {two} {calendar.month_name[one]} {year}; "
                "say which with `day_first=True` or `day_first=False`"
            )
        first = two <= 12 if self.day_first is None else self.day_first
        return self.checked(year, two, one) if first else self.checked(year, one, two)

    def checked(self, year: int, month: int, day: int | None) -> _When:
        when = _When(year, month, day)
        if not 1 <= month <= 12:
            raise self.failure(f"there is no month {month}")
        if not YEARS[0] <= year <= YEARS[1]:
            raise self.failure(f"the year {year} is outside {YEARS[0]}..{YEARS[1]}")
        self.span_in(when, year)
        return when

    def span_in(self, when: _When, year: int) -> tuple[dt.date, dt.date]:
        try:
            return when.span(year)
        except ValueError as error:
            month = calendar.month_name[when.month or 0]
            raise self.failure(f"{month} {year} has no day {when.day}") from error

    def tokens(self, phrase: str) -> list[tuple[str, Any]] | None:
        """The phrase's words, each with its kind; None if one of them is unknown. Longer wordings come first."""
        written = re.sub(r"(?<=[^\W\d_])[./-]|,", " ", phrase).split()
        found: list[tuple[str, Any]] = []
        at = 0
        while at < len(written):
            for size in (4, 3, 2, 1):
                token = self.token(" ".join(written[at : at + size]))
                if token is not None and at + size <= len(written):
                    break
            else:
                return None
            found += [] if token[0] == "skip" else [token]
            at += size
        return found

    def token(self, written: str) -> tuple[str, Any] | None:
        tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
            ("R", self.words.relative),
            ("M", self.words.months),
            ("W", self.words.weekdays),
            ("P", self.words.parts),
        )
        for kind, table in tables:
            if written in table:
                return kind, table[written]
        role = self.words.roles.get(written)
        if role is not None:
            return {"around": "A", "last": "L", "skip": "skip"}[role], True
        if re.fullmatch(r"\d{4}", written) and YEARS[0] <= int(written) <= YEARS[1]:
            return "Y", int(written)
        day = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|er)?", written)
        return ("D", int(day[1])) if day and 1 <= int(day[1]) <= 31 else None

    def resolve(self, first: _When, last: _When) -> Period:
        """Fill in what the phrase leaves open, and check what it says twice."""
        if first.relative is not None:
            return self.relative(*first.relative)
        if first.weekday is not None and first.day is None:
            return self.weekday(first.weekday, before=first.last)
        start, end = self.years(first, last)
        if end < start:
            raise self.failure(f"it ends on {end}, before it begins on {start}")
        for when, day in ((first, start), (last, end)):
            if when.weekday not in (None, day.weekday()):
                raise self.failure(f"{day} was a {calendar.day_name[day.weekday()]}")
        return self.period(start, end, _precision(first, last))

    def years(self, first: _When, last: _When) -> tuple[dt.date, dt.date]:
        """First and last day, with the years that are not said: the latest that fit."""
        if first.year is not None and last.year is not None:
            return self.span_in(first, first.year)[0], self.span_in(last, last.year)[1]
        if last.year is not None:
            return self.span_backwards(first, last, last.year)
        if first.year is not None:
            start = self.span_in(first, first.year)[0]
            end = self.span_in(last, first.year)[1]
            return start, end if start <= end else self.span_in(last, first.year + 1)[1]
        reference = self.needed_reference("the year is not said")
        for year in range(reference.year + 1, reference.year - 9, -1):  # a 29 February is at most 8 years back
            try:
                start, end = self.span_backwards(first, last, year)
            except InputError:
                continue
            if start <= reference:
                return start, end
            if (start - reference).days <= SOON:
                raise self.failure(f"the year is not said, and {start} lies just after the reference date {reference}")
        raise self.failure(f"no year before {reference} has such a day")

    def span_backwards(self, first: _When, last: _When, year: int) -> tuple[dt.date, dt.date]:
        """A range whose end lies in `year`, and whose beginning may lie in the year before."""
        end = self.span_in(last, year)[1]
        start = self.span_in(first, year)[0]
        return (start, end) if start <= end else (self.span_in(first, year - 1)[0], end)

    def relative(self, unit: Unit, steps: int) -> Period:
        day = self.needed_reference("it is relative")
        if unit == "day":
            first = last = day + dt.timedelta(days=steps)
        elif unit in ("week", "weekend"):
            monday = day + dt.timedelta(days=7 * steps - day.weekday())
            first, last = monday + dt.timedelta(days=5 * (unit == "weekend")), monday + dt.timedelta(days=6)
        elif unit == "month":
            months = 12 * day.year + day.month - 1 + steps
            first, last = _When(month=months % 12 + 1).span(months // 12)
        else:
            first, last = _When().span(day.year + steps)
        last = min(last, day) if steps == 0 else last
        return self.period(first, last, "range" if unit == "weekend" else unit)

    def weekday(self, weekday: int, *, before: bool) -> Period:
        day = self.needed_reference("a weekday alone is relative")
        back = (day.weekday() - weekday) % 7
        then = day - dt.timedelta(days=7 if before and back == 0 else back)
        return self.period(then, then, "day")

    def needed_reference(self, why: str) -> dt.date:
        if self.reference is None:
            raise self.failure(f"{why} and no reference date is given; pass the report's day as `reference_date`")
        return self.reference

    def period(self, first: dt.date, last: dt.date, precision: Precision) -> Period:
        return Period(pd.Timestamp(first).as_unit("us"), pd.Timestamp(last).as_unit("us"), precision, self.text)


def _precision(first: _When, last: _When) -> Precision:
    if any(when.around or (when.part and when.part not in _SHARP_PARTS) for when in (first, last)):
        return "approx"
    if first != last or first.part:
        return "range"
    scales: dict[str, Precision] = {"day": "day", "month": "month", "year": "year"}
    return scales[first.scale]


def _without_midnight(phrase: str) -> str:
    """Leave out the 00:00:00 that spreadsheets and data frames write after a date."""
    return re.sub(r"(?<=\d)[ t]00:00(:00(\.0+)?)?$", "", phrase)


def _reference_day(reference: str | dt.date | None) -> dt.date | None:
    if reference is None:
        return None
    day = None
    if isinstance(reference, dt.date) and not pd.isna(reference):
        day = reference.date() if isinstance(reference, dt.datetime) else reference
    elif isinstance(reference, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", reference, re.ASCII):
        with contextlib.suppress(ValueError):
            day = dt.date.fromisoformat(reference)
    if day is None or not YEARS[0] <= day.year <= YEARS[1]:
        raise InputError(
            f"Cannot use {reference!r} as the reference date. Give a date, a Timestamp or text as YYYY-MM-DD, between "
            f"{YEARS[0]} and {YEARS[1]}."
        )
    return day
