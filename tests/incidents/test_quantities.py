"""Phrases about numbers of people: known readings, the bundled claims, number words there and back, and errors."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import conflictts
from conflictts.errors import ConflictTSError, InputError
from conflictts.incidents.quantities import QUANTITY_WORDS, Quantity, parse_quantity

NONE = math.nan
CLAIMS = Path(conflictts.__file__).parent / "data" / "idlib_2019" / "claims.csv"

# The table of the bundled case (its README, "Quantities") and readings worked by hand from the same rules.
KNOWN = [
    pytest.param("12", 12, 12, 12, "exact", id="figures"),
    pytest.param("at least 12", 12, 12, NONE, "at_least", id="at least"),
    pytest.param("more than 12", 12, 12, NONE, "at_least", id="more than"),
    pytest.param("au moins 12", 12, 12, NONE, "at_least", id="au moins"),
    pytest.param("plus de 12", 12, 12, NONE, "at_least", id="plus de"),
    pytest.param("12+", 12, 12, NONE, "at_least", id="plus sign"),
    pytest.param("12 ou plus", 12, 12, NONE, "at_least", id="ou plus"),
    pytest.param("around 50", 45, 50, 55, "about", id="around"),
    pytest.param("about 50", 45, 50, 55, "about", id="about"),
    pytest.param("some 50", 45, 50, 55, "about", id="some"),
    pytest.param("environ 50", 45, 50, 55, "about", id="environ"),
    pytest.param("quelque 50", 45, 50, 55, "about", id="quelque"),
    pytest.param("une trentaine", 27, 30, 33, "about", id="trentaine"),
    pytest.param("deux centaines", 180, 200, 220, "about", id="centaines with a number"),
    pytest.param("un millier", 900, 1000, 1100, "about", id="millier"),
    pytest.param("about 265", 239, 265, 292, "about", id="halves of a person go up"),
    pytest.param("nearly 1,000", 950, 975, 999, "nearly", id="nearly"),
    pytest.param("almost 1,000", 950, 975, 999, "nearly", id="almost"),
    pytest.param("nearly a thousand", 950, 975, 999, "nearly", id="nearly a thousand"),
    pytest.param("près de 1 000", 950, 975, 999, "nearly", id="près de, no-break space"),
    pytest.param("près d’une centaine", 95, 98, 99, "nearly", id="près d’une"),
    pytest.param("presque 400", 380, 390, 399, "nearly", id="presque"),
    pytest.param("nearly 10", 9, 9, 9, "nearly", id="nearly never exceeds N - 1"),
    pytest.param("between 23 and 31", 23, 27, 31, "between", id="between"),
    pytest.param("entre 23 et 31", 23, 27, 31, "between", id="entre"),
    pytest.param("23-31", 23, 27, 31, "between", id="hyphen"),
    pytest.param("23–31", 23, 27, 31, "between", id="en dash"),
    pytest.param("23 to 31", 23, 27, 31, "between", id="to"),
    pytest.param("de 23 à 31", 23, 27, 31, "between", id="de à"),
    pytest.param("between 500 and 1,000", 500, 750, 1000, "between", id="thousands not shared"),
    pytest.param("between 23 and 30", 23, 27, 30, "between", id="midpoint of a half goes up"),
    pytest.param("between a hundred and one and two hundred", 101, 151, 200, "between", id="and inside a number"),
    pytest.param("up to 50", NONE, NONE, 50, "up_to", id="up to"),
    pytest.param("jusqu'à 50", NONE, NONE, 50, "up_to", id="jusqu'à"),
    pytest.param("fewer than 50", NONE, NONE, 49, "fewer_than", id="fewer than"),
    pytest.param("moins de 50", NONE, NONE, 49, "fewer_than", id="moins de"),
    # ACLED's convention for plurals without a number: 10, 12, 100 "and so on".
    pytest.param("tens", 10, 10, NONE, "indefinite", id="tens"),
    pytest.param("dozens", 12, 12, NONE, "indefinite", id="dozens"),
    pytest.param("several dozen", 12, 12, NONE, "indefinite", id="several dozen"),
    pytest.param("hundreds", 100, 100, NONE, "indefinite", id="hundreds"),
    pytest.param("des dizaines de morts", 10, 10, NONE, "indefinite", id="dizaines"),
    pytest.param("plusieurs centaines", 100, 100, NONE, "indefinite", id="centaines"),
    pytest.param("hundreds of thousands", 100_000, 100_000, NONE, "indefinite", id="hundreds of thousands"),
    pytest.param("des dizaines de milliers", 10_000, 10_000, NONE, "indefinite", id="dizaines de milliers"),
]

WHOLE = [
    *((word, 12) for word in ("12.0", "12,00", "twelve", "Douze", "a dozen", "une douzaine", "١٢", "۱۲", " 12 ")),
    *((word, 1043) for word in ("1043", "1,043", "1 043", "1\u202f043", "1.043", "1'043", "1’043", "1.043,00")),
    *((word, 1_234_567) for word in ("1,234,567", "1.234.567", "1 234 567", "1,234,567.00", "١٬٢٣٤٬٥٦٧")),
    *((word, 6) for word in ("half a dozen", "une demi-douzaine")),
    *((word, 312) for word in ("three hundred and twelve", "three hundred twelve", "trois cent douze")),
    *(("a thousand", 1000), ("mille", 1000), ("mille deux cents", 1200), ("fifteen hundred", 1500)),
    *(("quatre-vingt-dix-sept", 97), ("nonante-sept", 97), ("soixante et onze", 71), ("soixante-dix", 70)),
    *(("deux cents", 200), ("deux cent un", 201), ("quatre-vingts", 80), ("vingt et une", 21), ("vingt-deux", 22)),
    *(("two thousand and five", 2005), ("240 thousand", 240_000), ("deux cent mille", 200_000)),
    *(("1.5 million", 1_500_000), ("1,5 million", 1_500_000), ("half a million", 500_000)),
    *(("zero", 0), ("0", 0), ("100,000,000", 100_000_000)),
    *(("800 civilians", 800), ("12 people killed", 12), ("douze civils tués", 12)),
]

# Not a quantity of people, or more than one reading: the second item must stand in the message.
REFUSED = [
    pytest.param("12.5", "12.5 is no whole number", id="half a person"),
    pytest.param("1,5", "1.5 is no whole number", id="decimal comma"),
    pytest.param("0.043", "0.043 is no whole number", id="no group begins with zero"),
    pytest.param("12.000", "may be 12 or 12,000", id="a point before three zeros"),
    pytest.param("more than 180.000", "may be 180 or 180,000", id="the same within a phrase"),
    pytest.param("two to three hundred", "may be 2 or 200", id="shared multiplier"),
    pytest.param("deux à trois centaines", "may be 2 or 200", id="shared collective"),
    pytest.param("10-15,000", "may be 10 or 10,000", id="shared thousands"),
    pytest.param("entre 10 et 15 000 morts", "may be 10 or 10,000", id="milliers partagés"),
    pytest.param("31-23", "ends at 23, below its beginning at 31", id="falling range"),
    pytest.param("100,000,001", "above 100,000,000", id="too many"),
    pytest.param("9" * 150, "above 100,000,000", id="more digits than a float holds"),
    pytest.param("nearly one", "nearly 1", id="nearly one"),
    pytest.param("fewer than 0", "fewer than 0", id="fewer than nobody"),
    pytest.param("1,00,000", "no such wording", id="grouped otherwise"),
    pytest.param("1.200 thousand", "no such wording", id="three decimals or a group"),
    pytest.param("12²", "no such wording", id="footnote"),
    pytest.param("-5", "no such wording", id="negative"),
    pytest.param("3/4", "no such wording", id="fraction"),
    pytest.param("1e3", "no such wording", id="exponent"),
    pytest.param("nan", "no such wording", id="nan"),
    pytest.param("None", "no such wording", id="None"),
    pytest.param("a", "no such wording", id="article"),
    pytest.param("thousand", "no such wording", id="a number is missing"),
    pytest.param("several", "no such wording", id="several"),
    pytest.param("civilians", "no such wording", id="noun alone"),
    pytest.param("12 injured", "no such wording", id="injured are not killed"),
    pytest.param("12 including 3 children", "no such wording", id="a sentence"),
    pytest.param("at least about 50", "no such wording", id="two qualifiers"),
    pytest.param("at least dozens", "no such wording", id="qualified plural"),
    pytest.param("twenty thirty", "no such wording", id="two numbers"),
    pytest.param("two thousand thousand", "no such wording", id="multiplied twice"),
    pytest.param("zero thousand", "no such wording", id="zero thousand"),
    pytest.param("", "blank", id="empty"),
    pytest.param(" \u200f\n", "blank", id="invisible"),
    pytest.param("x" * 10**6, "1,000,000 characters", id="a page"),
]

# Claims whose numbers rest on something other than their wording.
OTHER_READINGS = {
    "CLM-001": "±10 % of 15 is 13.5 to 16.5; the table rounds the low down, elsewhere (CLM-007) halves go up",
}
NOT_QUANTITIES = {
    "CLM-022": "'third of them' is a share of another claim's number",
    "CLM-036": "'780 ... more than 610' is a sum of two sides",
    "CLM-040": "'859 ... 723' is a sum of two sides",
}


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize(("text", "low", "best", "high", "qualifier"), KNOWN)
def test_known_phrases(text, low, best, high, qualifier):
    quantity = parse_quantity(text)
    assert quantity.qualifier == qualifier
    assert quantity.text == text
    assert all(map(same, (quantity.low, quantity.best, quantity.high), (low, best, high)))


@pytest.mark.parametrize(("text", "number"), WHOLE)
def test_whole_numbers(text, number):
    assert parse_quantity(text) == Quantity(number, number, number, "exact", text)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_refused(text, why):
    with pytest.raises(InputError, match=re.escape(why)) as caught:
        parse_quantity(text)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["third of them", "12 ou 15", "a handful"])
def test_errors_quote_the_phrase(text):
    with pytest.raises(ConflictTSError, match=f"'{text}'"):
        parse_quantity(text)


@pytest.mark.parametrize("text", [12, None, math.nan])
def test_only_text_is_read(text):
    with pytest.raises(InputError, match=str(text)):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("12.000", ".", 12),
        ("12.000", ",", 12_000),
        ("12,000", ",", 12),
        ("12,000", ".", 12_000),
        ("1.234,00", ",", 1234),
    ],
)
def test_a_declared_decimal_mark_settles(text, mark, number):
    assert parse_quantity(text, decimal_mark=mark).best == number


@pytest.mark.parametrize(("text", "mark"), [("1.043", "."), ("1,043", ","), ("1.234.567", "."), ("1,234.00", ",")])
def test_figures_against_the_declared_mark_are_refused(text, mark):
    with pytest.raises(InputError, match=re.escape(text)):
        parse_quantity(text, decimal_mark=mark)


def bundled_claims() -> list[dict[str, str]]:
    with CLAIMS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("claim", bundled_claims(), ids=lambda claim: claim["claim_id"])
def test_the_bundled_claims_are_read_as_they_were_coded(claim):
    if claim["claim_id"] in NOT_QUANTITIES:
        with pytest.raises(InputError, match=re.escape(claim["wording"])):
            parse_quantity(claim["wording"])
        return
    quantity = parse_quantity(claim["wording"])
    coded = [float(claim[column] or "nan") for column in ("low", "best", "high")]
    agrees = all(map(same, (quantity.low, quantity.best, quantity.high), coded))
    assert agrees is (claim["claim_id"] not in OTHER_READINGS)


def test_the_bundled_claims_are_all_there():
    named = {claim["claim_id"] for claim in bundled_claims()}
    assert len(named) == 136
    assert {*OTHER_READINGS, *NOT_QUANTITIES} <= named


UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_english(n: int) -> str:
    """British spelling, written independently of the library's table."""
    if n < 20:
        return UNITS[n]
    if n < 100:
        return TENS[n // 10] + (f"-{UNITS[n % 10]}" if n % 10 else "")
    unit, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    rest = n % unit
    joint = " and " if 0 < rest < 100 else " "
    return f"{in_english(n // unit)} {name}" + (joint + in_english(rest) if rest else "")


UNITES = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept"),
    *("huit", "neuf", "dix", "onze", "douze", "treize", "quatorze", "quinze", "seize"),
)


def in_french(n: int, *, last: bool = True) -> str:
    """Spelling of 1990 without its extra hyphens; vingt and cent take an s at the end only."""
    if n < 17:
        return UNITES[n]
    if n < 20:
        return f"dix-{UNITES[n - 10]}"
    if n < 100:
        ten, rest = (n // 10, n % 10) if n // 10 not in (7, 9) else (n // 10 - 1, n % 10 + 10)
        word = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante", 8: "quatre-vingt"}[ten]
        if rest == 0:
            return word + ("s" if ten == 8 and last else "")
        joint = " et " if rest in (1, 11) and ten != 8 else "-"
        return f"{word}{joint}{in_french(rest)}"
    if n < 1000:
        times, rest = divmod(n, 100)
        cents = "cent" if times == 1 else f"{UNITES[times]} cent" + ("s" if rest == 0 and last else "")
        return cents + (f" {in_french(rest, last=last)}" if rest else "")
    times, rest = divmod(n, 1000)
    mille = "mille" if times == 1 else f"{in_french(times, last=False)} mille"
    return mille + (f" {in_french(rest)}" if rest else "")


@pytest.mark.parametrize("spell", [in_english, in_french])
def test_every_number_below_a_thousand_is_read_back(spell):
    assert [parse_quantity(spell(n)).best for n in range(1000)] == list(range(1000))


@given(n=st.integers(0, 999_999))
def test_larger_numbers_are_read_back(n):
    for written in (in_english(n), in_french(n), str(n), f"{n:,}", f"{n:,}".replace(",", "\u202f")):
        assert parse_quantity(written) == Quantity(n, n, n, "exact", written)


@given(n=st.integers(2, 50_000_000), wording=st.sampled_from(sorted(QUANTITY_WORDS.wordings)))
def test_bounds_are_ordered_whole_and_hold_the_number(n, wording):
    quantity = parse_quantity(wording.replace("{}", str(n)))
    stated = [value for value in (quantity.low, quantity.best, quantity.high) if not math.isnan(value)]
    assert stated == sorted(stated)
    assert all(value == int(value) >= 0 for value in stated)
    if quantity.qualifier not in ("nearly", "fewer_than"):
        assert min(stated) <= n <= max(stated)
    else:
        assert max(stated) == n - 1


@given(
    text=st.text(max_size=60) | st.lists(st.sampled_from(["12", "a", "and", "1.5", "-", "mille", "of"])).map(" ".join)
)
def test_any_text_is_read_or_refused(text):
    try:
        quantity = parse_quantity(text)
    except ConflictTSError:
        return
    assert quantity.text == text


def test_words_are_added_without_changing_the_original():
    more = QUANTITY_WORDS.extended(
        wordings={"mindestens {}": "at_least", "zwischen {} und {}": "between"},
        numbers={"zwölf": 12, "zwei-und-zwanzig": 22},
        multipliers={"dutzend": 12},
        plurals={"dozens": 24},
        nouns={"zivilisten": "de"},
    )
    assert parse_quantity("mindestens Zwölf Zivilisten", words=more).low == 12
    assert parse_quantity("zwischen zwölf und zwei-und-zwanzig", words=more).best == 17
    assert parse_quantity("dozens", words=more).low == 24
    assert parse_quantity("dozens").low == 12
    with pytest.raises(InputError, match="mindestens"):
        parse_quantity("mindestens 12")


def test_the_table_of_words_cannot_be_changed():
    with pytest.raises(TypeError):
        QUANTITY_WORDS.plurals["dozens"] = 24
    with pytest.raises(AttributeError):
        QUANTITY_WORDS.plurals = {}


def test_a_plural_that_two_tables_know_otherwise_is_refused():
    torn = QUANTITY_WORDS.extended(numbers={"dozens": 24})
    with pytest.raises(InputError, match=r"24 to 24 \(exact\) or 12 to nan \(indefinite\)"):
        parse_quantity("dozens", words=torn)


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"qualifiers": {"mindestens": "at_least"}}, "qualifiers.*wordings"),
        ({"wordings": {"mindestens": "at_least"}}, "mindestens"),
        ({"wordings": {"von {}": "between"}}, "von"),
        ({"wordings": {"etwa {}": "roughly"}}, "roughly"),
        ({"wordings": {"viele {}": "indefinite"}}, "indefinite"),
    ],
)
def test_words_that_cannot_be_added(tables, why):
    with pytest.raises(InputError, match=why):
        QUANTITY_WORDS.extended(**tables)


def test_a_quantity_cannot_be_changed():
    quantity = parse_quantity("12")
    with pytest.raises(AttributeError):
        quantity.low = 11
    assert replace(quantity, low=11.0) != quantity
