"""Phrases about days and periods: known spans, dates there and back in three languages, and errors."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conflictts.errors import ConflictTSError, InputError
from conflictts.incidents.dates import DATE_WORDS, PARTS, parse_period

REPORT = "2019-11-06"  # a Wednesday

# Rules marked UCDP are those of the GED codebook, Appendix 2; the rest follow the table in `parse_period`.
KNOWN = [
    pytest.param("16 May 2025", "2025-05-16", "2025-05-16", "day", id="ACLED's form"),
    pytest.param("2023-02-16", "2023-02-16", "2023-02-16", "day", id="ISO"),
    pytest.param("2019-08-31 00:00:00", "2019-08-31", "2019-08-31", "day", id="midnight of a spreadsheet"),
    pytest.param("2019-08-31T00:00:00.000000", "2019-08-31", "2019-08-31", "day", id="midnight of a data frame"),
    pytest.param("2019/8/31", "2019-08-31", "2019-08-31", "day", id="year first"),
    pytest.param("May 16, 2025", "2025-05-16", "2025-05-16", "day", id="American"),
    pytest.param("on the 16th of May 2025", "2025-05-16", "2025-05-16", "day", id="ordinal"),
    pytest.param("16-May-2025", "2025-05-16", "2025-05-16", "day", id="hyphens"),
    pytest.param("2025 May 16", "2025-05-16", "2025-05-16", "day", id="year, month, day"),
    pytest.param("31 Aug. 2019", "2019-08-31", "2019-08-31", "day", id="abbreviated"),
    pytest.param("le 1er septembre 2019", "2019-09-01", "2019-09-01", "day", id="1er"),
    pytest.param("5 déc. 2019", "2019-12-05", "2019-12-05", "day", id="abrégé"),
    pytest.param("Saturday 31 August 2019", "2019-08-31", "2019-08-31", "day", id="weekday that agrees"),
    pytest.param("samedi 31 août 2019", "2019-08-31", "2019-08-31", "day", id="jour qui s'accorde"),
    pytest.param("31.08.2019", "2019-08-31", "2019-08-31", "day", id="no month 31"),
    pytest.param("13/04/2019", "2019-04-13", "2019-04-13", "day", id="no month 13"),
    pytest.param("04/13/2019", "2019-04-13", "2019-04-13", "day", id="no month 13, month first"),
    pytest.param("05/05/2019", "2019-05-05", "2019-05-05", "day", id="the same either way"),
    pytest.param("May 2019", "2019-05-01", "2019-05-31", "month", id="month"),
    pytest.param("2019-02", "2019-02-01", "2019-02-28", "month", id="ISO month"),
    pytest.param("février 2020", "2020-02-01", "2020-02-29", "month", id="leap month"),
    pytest.param("au mois d’août 2019", "2019-08-01", "2019-08-31", "month", id="au mois d'août"),
    pytest.param("2019", "2019-01-01", "2019-12-31", "year", id="year"),
    pytest.param("late August 2019", "2019-08-15", "2019-08-31", "approx", id="late (UCDP)"),
    pytest.param("fin août 2019", "2019-08-15", "2019-08-31", "approx", id="fin"),
    pytest.param("à la fin du mois d'août 2019", "2019-08-15", "2019-08-31", "approx", id="à la fin du mois"),
    pytest.param("the end of February 2019", "2019-02-15", "2019-02-28", "approx", id="end of"),
    pytest.param("early August 2019", "2019-08-01", "2019-08-15", "approx", id="early"),
    pytest.param("beginning of August 2019", "2019-08-01", "2019-08-15", "approx", id="beginning of"),
    pytest.param("au début de septembre 2019", "2019-09-01", "2019-09-15", "approx", id="au début de"),
    pytest.param("mid-October 2019", "2019-10-10", "2019-10-20", "approx", id="mid"),
    pytest.param("à la mi-octobre 2019", "2019-10-10", "2019-10-20", "approx", id="mi"),
    pytest.param("first half of May 2019", "2019-05-01", "2019-05-15", "range", id="first half"),
    pytest.param("seconde moitié de mai 2019", "2019-05-16", "2019-05-31", "range", id="seconde moitié"),
    pytest.param("around 2 July 2019", "2019-07-01", "2019-07-03", "approx", id="around (UCDP)"),
    pytest.param("vers le 1er juillet 2019", "2019-06-30", "2019-07-02", "approx", id="vers, across months"),
    pytest.param("30 April to 30 August 2019", "2019-04-30", "2019-08-30", "range", id="range"),
    pytest.param("du 30 avril au 30 août 2019", "2019-04-30", "2019-08-30", "range", id="du au"),
    pytest.param("between 30 April and 2 May 2019", "2019-04-30", "2019-05-02", "range", id="between"),
    pytest.param("2019-04-30 to 2019-08-30", "2019-04-30", "2019-08-30", "range", id="range of ISO"),
    pytest.param("2-5 August 2019", "2019-08-02", "2019-08-05", "range", id="days of one month"),
    pytest.param("August 2–5, 2019", "2019-08-02", "2019-08-05", "range", id="days of one month, American"),
    pytest.param("du 2 au 5 août 2019", "2019-08-02", "2019-08-05", "range", id="jours d'un mois"),
    pytest.param("April–August 2019", "2019-04-01", "2019-08-31", "range", id="months, en dash"),
    pytest.param("d'avril à août 2019", "2019-04-01", "2019-08-31", "range", id="mois"),
    pytest.param("2018-2019", "2018-01-01", "2019-12-31", "range", id="years"),
    pytest.param("20 December to 5 January 2020", "2019-12-20", "2020-01-05", "range", id="over New Year"),
    pytest.param("20 December 2019 to 5 January", "2019-12-20", "2020-01-05", "range", id="over New Year, year first"),
    pytest.param("late April to early May 2019", "2019-04-15", "2019-05-15", "approx", id="loose ends"),
    pytest.param("٣١ آب ٢٠١٩", "2019-08-31", "2019-08-31", "day", id="Arabic-Indic digits"),
    pytest.param("31 آب/أغسطس 2019", "2019-08-31", "2019-08-31", "day", id="month by both its names"),
    pytest.param("٣١/٨/٢٠١٩", "2019-08-31", "2019-08-31", "day", id="Arabic figures"),
    pytest.param("السبت 31 آب 2019", "2019-08-31", "2019-08-31", "day", id="Arabic weekday"),
    pytest.param("في شهر أيّار 2019", "2019-05-01", "2019-05-31", "month", id="with vowel signs"),
    pytest.param("أواخر آب 2019", "2019-08-15", "2019-08-31", "approx", id="late in Arabic"),
    pytest.param("منتصف تشرين الأول 2019", "2019-10-10", "2019-10-20", "approx", id="mid in Arabic"),
    pytest.param("من 30 نيسان إلى 30 آب 2019", "2019-04-30", "2019-08-30", "range", id="range in Arabic"),
    pytest.param("بين 2 و5 آب 2019", "2019-08-02", "2019-08-05", "range", id="between in Arabic"),
]

RELATIVE = [
    pytest.param("today", "2019-11-06", "2019-11-06", "day", id="today"),
    pytest.param("hier", "2019-11-05", "2019-11-05", "day", id="hier"),
    pytest.param("avant-hier", "2019-11-04", "2019-11-04", "day", id="avant-hier"),
    pytest.param("أمس", "2019-11-05", "2019-11-05", "day", id="yesterday in Arabic"),
    pytest.param("Monday", "2019-11-04", "2019-11-04", "day", id="Monday"),
    pytest.param("lundi", "2019-11-04", "2019-11-04", "day", id="lundi"),
    pytest.param("Wednesday", "2019-11-06", "2019-11-06", "day", id="the day of the report"),
    pytest.param("mercredi dernier", "2019-10-30", "2019-10-30", "day", id="mercredi dernier"),
    pytest.param("last week", "2019-10-28", "2019-11-03", "week", id="last week (UCDP)"),
    pytest.param("la semaine dernière", "2019-10-28", "2019-11-03", "week", id="la semaine dernière"),
    pytest.param("الأسبوع الماضي", "2019-10-28", "2019-11-03", "week", id="last week in Arabic"),
    pytest.param("this week", "2019-11-04", "2019-11-06", "week", id="this week ends today"),
    pytest.param("last weekend", "2019-11-02", "2019-11-03", "range", id="last weekend"),
    pytest.param("le week-end dernier", "2019-11-02", "2019-11-03", "range", id="le week-end dernier"),
    pytest.param("le mois dernier", "2019-10-01", "2019-10-31", "month", id="le mois dernier"),
    pytest.param("this month", "2019-11-01", "2019-11-06", "month", id="this month ends today"),
    pytest.param("l'année dernière", "2018-01-01", "2018-12-31", "year", id="l'année dernière"),
    pytest.param("3 November", "2019-11-03", "2019-11-03", "day", id="this year's"),
    pytest.param("20 November", "2018-11-20", "2018-11-20", "day", id="last year's"),
    pytest.param("29 février", "2016-02-29", "2016-02-29", "day", id="the last leap day"),
    pytest.param("late August", "2019-08-15", "2019-08-31", "approx", id="late August"),
    pytest.param("début septembre", "2019-09-01", "2019-09-15", "approx", id="début septembre"),
    pytest.param("mi-octobre", "2019-10-10", "2019-10-20", "approx", id="mi-octobre"),
    pytest.param("around 2 July", "2019-07-01", "2019-07-03", "approx", id="around 2 July"),
    pytest.param("November", "2019-11-01", "2019-11-30", "month", id="the running month"),
    pytest.param("20 December to 5 January", "2018-12-20", "2019-01-05", "range", id="over New Year"),
    pytest.param("Saturday 31 August", "2019-08-31", "2019-08-31", "day", id="weekday and date"),
]

REFUSED = [
    pytest.param("03/04/2019", "3 April or 4 March 2019", id="ambiguous order"),
    pytest.param("31 September 2019", "September 2019 has no day 31", id="31 September"),
    pytest.param("2019-02-29", "February 2019 has no day 29", id="29 February"),
    pytest.param("31 September", "no year before 2019-11-06 has such a day", id="31 September of any year"),
    pytest.param("2019-13-01", "no month 13", id="month 13"),
    pytest.param("13/13/2019", "no month 13", id="month 13 either way"),
    pytest.param("3019-08-31", "3019 is outside 1900..2100", id="year 3019"),
    pytest.param("Sunday 31 August 2019", "2019-08-31 was a Saturday", id="weekday that disagrees"),
    pytest.param("30 August 2019 to 30 April 2019", "ends on 2019-04-30, before it begins on 2019-08-30", id="falls"),
    pytest.param("7 November", "2019-11-07 lies just after the reference date 2019-11-06", id="tomorrow or last year"),
    pytest.param("31 آب/أيلول 2019", "no such wording", id="two months"),
    pytest.param("03/04/19", "no such wording", id="two-digit year"),
    pytest.param("Aug-19", "may be 19 August, or August of the year 19", id="a month as spreadsheets write it"),
    pytest.param("16 May 25", "no such wording", id="two-digit year in words"),
    pytest.param("2019-08-31 14:30", "no such wording", id="time of day"),
    pytest.param("20190831", "no such wording", id="digits without marks"),
    pytest.param("43708", "no such wording", id="serial number of a spreadsheet"),
    pytest.param("early 2019", "no such wording", id="part of a year"),
    pytest.param("summer 2019", "no such wording", id="season"),
    pytest.param("since May", "no such wording", id="open end"),
    pytest.param("last Monday", "no such wording", id="two Mondays in English"),
    pytest.param("around May 2019", "no such wording", id="around a month"),
    pytest.param("2 to 5", "no such wording", id="days of no month"),
    pytest.param("2018 to May 2019", "no such wording", id="ends of two scales"),
    pytest.param("1 to 5 to 8 May 2019", "no such wording", id="three ends"),
    pytest.param("32 May 2019", "no such wording", id="day 32"),
    pytest.param("كانون 2019", "no such wording", id="half a month's name"),
    pytest.param("the", "no such wording", id="nothing said"),
    pytest.param("", "blank", id="empty"),
    pytest.param("x" * 10**6, "1,000,000 characters", id="a page"),
]

ENGLISH = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
FRENCH = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
LEVANTINE = (
    *("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران"),
    *("تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
)
TRANSLITERATED = (
    *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
    *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
DAYS = st.dates(dt.date(1900, 1, 2), dt.date(2100, 12, 30))


def spellings(day: dt.date) -> list[str]:
    """The day as written in four calendars of names, in figures, and abbreviated."""
    months = [names[day.month - 1] for names in (ENGLISH, FRENCH, LEVANTINE, TRANSLITERATED)]
    written = [f"{day.day} {month} {day.year}" for month in months]
    arabic = written[2].translate(ARABIC_DIGITS)
    american = f"{months[0]} {day.day}, {day.year}"
    return [*written, arabic, american, written[0].upper(), day.isoformat(), f"{day.day} {months[0][:3]}. {day.year}"]


def assert_reads(text: str, first: str, last: str, precision: str, **options: object) -> None:
    period = parse_period(text, **options)
    assert (str(period.first.date()), str(period.last.date())) == (first, last)
    assert (period.precision, period.text) == (precision, text)


@pytest.mark.parametrize(("text", "first", "last", "precision"), KNOWN)
@pytest.mark.parametrize("reference", [None, "1999-01-01", "2050-12-31"])
def test_phrases_that_say_all_need_no_reference_date(text, first, last, precision, reference):
    assert_reads(text, first, last, precision, reference_date=reference)


@pytest.mark.parametrize(("text", "first", "last", "precision"), RELATIVE)
def test_relative_phrases(text, first, last, precision):
    assert_reads(text, first, last, precision, reference_date=REPORT)


@pytest.mark.parametrize(("text", "first", "last", "precision"), RELATIVE)
def test_relative_phrases_fail_without_a_reference_date(text, first, last, precision):
    with pytest.raises(InputError, match=f"{re.escape(repr(text))}.*reference_date"):
        parse_period(text)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_refused(text, why):
    with pytest.raises(InputError, match=re.escape(why)) as caught:
        parse_period(text, reference_date=REPORT)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["a while ago", "sometime in 2019"])
def test_errors_quote_the_phrase(text):
    with pytest.raises(ConflictTSError, match=f"'{text}'"):
        parse_period(text)


@pytest.mark.parametrize(
    ("day_first", "first"),
    [pytest.param(True, "2019-04-03", id="day first"), pytest.param(False, "2019-03-04", id="month")],
)
@pytest.mark.parametrize("mark", "/.-")
def test_a_declared_order_settles(day_first, first, mark):
    assert_reads(mark.join(["03", "04", "2019"]), first, first, "day", day_first=day_first)


@pytest.mark.parametrize(("text", "day_first"), [("13/04/2019", False), ("04/13/2019", True)])
def test_a_date_against_the_declared_order_is_refused(text, day_first):
    with pytest.raises(InputError, match=f"'{text}'.*no month 13"):
        parse_period(text, day_first=day_first)


@pytest.mark.parametrize(
    "reference",
    [
        dt.date(2019, 11, 6),
        dt.datetime(2019, 11, 6, 23, 59),
        pd.Timestamp("2019-11-06 12:00"),
        pd.Timestamp("2019-11-06 23:00", tz="Asia/Damascus"),
    ],
)
def test_reference_dates_may_be_of_any_kind(reference):
    assert_reads("hier", "2019-11-05", "2019-11-05", "day", reference_date=reference)


@pytest.mark.parametrize("reference", ["06/11/2019", "2019-02-30", "1492-01-01", pd.NaT, 20191106])
def test_reference_dates_that_are_none(reference):
    with pytest.raises(InputError, match=re.escape(repr(reference))):
        parse_period("hier", reference_date=reference)


@given(day=DAYS)
def test_a_day_written_in_any_language_is_read_back(day):
    for written in spellings(day):
        period = parse_period(written)
        assert period.first == period.last == pd.Timestamp(day)
        assert period.precision == "day"


@given(day=DAYS, day_first=st.booleans())
def test_figures_in_a_declared_order_are_read_back(day, day_first):
    written = f"{day:%d/%m/%Y}" if day_first else f"{day:%m/%d/%Y}"
    assert parse_period(written, day_first=day_first).first == pd.Timestamp(day)


@given(ends=st.lists(DAYS, min_size=2, max_size=2, unique=True).map(sorted))
def test_a_range_written_in_any_language_is_read_back(ends):
    for start, end in zip(*map(spellings, ends), strict=True):
        for written in (f"{start} to {end}", f"du {start} au {end}", f"من {start} إلى {end}", f"{start} – {end}"):
            period = parse_period(written)
            assert (period.first, period.last) == tuple(map(pd.Timestamp, ends))
            assert period.precision == "range"


@given(day=DAYS, word=st.sampled_from(sorted(DATE_WORDS.parts)), names=st.sampled_from([ENGLISH, FRENCH, LEVANTINE]))
def test_parts_lie_within_their_month(day, word, names):
    period = parse_period(f"{word} {names[day.month - 1]} {day.year}")
    first, last = PARTS[DATE_WORDS.parts[word]]
    assert period.first <= period.last
    assert {period.first.to_period("M"), period.last.to_period("M")} == {pd.Timestamp(day).to_period("M")}
    assert (period.first.day, period.last.day) == (first, min(last, pd.Timestamp(day).days_in_month))


@given(
    day=st.dates(dt.date(1950, 1, 1), dt.date(2050, 1, 1)),
    weeks=st.integers(-2000, 2000),
    phrase=st.sampled_from(["hier", "Monday", "lundi dernier", "last week", "this week", "last weekend", "avant-hier"]),
)
def test_shifting_the_reference_date_by_weeks_shifts_the_answer(day, weeks, phrase):
    shift = dt.timedelta(weeks=weeks)
    before, after = (parse_period(phrase, reference_date=reference) for reference in (day, day + shift))
    assert (after.first - before.first, after.last - before.last) == (shift, shift)
    assert before.first <= before.last <= pd.Timestamp(day)


@given(day=DAYS, later=st.integers(0, 340))
def test_a_day_without_its_year_is_the_latest_before_the_report(day, later):
    report = day + dt.timedelta(days=later)
    assume(report.year <= 2100 and (day.month, day.day) != (2, 29))
    for written in (f"{day.day} {ENGLISH[day.month - 1]}", f"{day.day} {LEVANTINE[day.month - 1]}"):
        assert parse_period(written, reference_date=report).first == pd.Timestamp(day)


WORDS = (
    *("the", "of", "to", "from", "5", "2019", "-", "/", ","),
    *("May", "août", "late", "mi", "آب", "2019-08-31", "last week", "lundi", "31"),
)


@given(text=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_any_text_is_read_or_refused(text):
    try:
        period = parse_period(text, reference_date=REPORT)
    except ConflictTSError:
        return
    assert period.first <= period.last
    assert period.first == period.first.normalize()


def test_words_are_added_without_changing_the_original():
    more = DATE_WORDS.extended(
        months={"Ağustos": 8, "Eylül": 9},
        parts={"sonu": "late"},
        relative={"dün": ("day", -1)},
        ranges={"{} ile {} arası": "range"},
    )
    assert_reads("31 Ağustos 2019", "2019-08-31", "2019-08-31", "day", words=more)
    assert_reads("sonu Ağustos 2019", "2019-08-15", "2019-08-31", "approx", words=more)
    assert_reads("dün", "2019-11-05", "2019-11-05", "day", words=more, reference_date=REPORT)
    assert_reads("2 Ağustos ile 5 Eylül 2019 arası", "2019-08-02", "2019-09-05", "range", words=more)
    with pytest.raises(InputError, match="Ağustos"):
        parse_period("31 Ağustos 2019")


@pytest.mark.parametrize(
    ("tables", "why"), [({"seasons": {"summer": 6}}, "seasons.*months"), ({"ranges": {"since {}": "range"}}, "since")]
)
def test_words_that_cannot_be_added(tables, why):
    with pytest.raises(InputError, match=why):
        DATE_WORDS.extended(**tables)


def test_the_table_of_words_cannot_be_changed():
    with pytest.raises(TypeError):
        DATE_WORDS.months["brumaire"] = 10
