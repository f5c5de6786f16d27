"""A quantity as reports word it ("nearly a thousand", "une trentaine") in, lowest, best and highest number out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from conflictts.errors import InputError
from conflictts.incidents.phrases import fillings, plain, quoted, require_phrase, spaced
from conflictts.incidents.quantitywords import QUANTITY_WORDS, Qualifier, QuantityWords
from conflictts.incidents.table import MOST

DecimalMark = Literal[".", ","]

NOT_STATED = math.nan

_ONE = ("a", "an", "un", "une")
_HALF = ("half a", "half", "a half", "demi", "un demi", "une demi")
_JOINTS = ("and", "et")


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a phrase says about a number of people.

    Attributes
    ----------
    low, best, high : float
        Whole numbers of persons; NaN where the phrase states no such bound.
    qualifier : str
        How the phrase was read: "exact", "at_least", "about", "nearly", "between", "up_to", "fewer_than" or
        "indefinite".
    text : str
        The phrase as it was given.

    Examples
    --------
    >>> import conflictts as ct
    >>> quantity = ct.parse_quantity("at least 470")
    >>> quantity.low, quantity.best, quantity.high, quantity.qualifier
    (470.0, 470.0, nan, 'at_least')
    """

    low: float
    best: float
    high: float
    qualifier: Qualifier
    text: str


def parse_quantity(
    text: str, *, decimal_mark: DecimalMark | None = None, words: QuantityWords = QUANTITY_WORDS
) -> Quantity:
    """Read a number of people as a report words it, in English or French, in words or figures.

    ============================================  ====================  =================  ==================
    phrase                                        low                   best               high
    ============================================  ====================  =================  ==================
    "12", "twelve", "a dozen"                     12                    12                 12
    "at least 12", "more than 12", "plus de 12"   12                    12                 not stated
    "about 50", "environ 50", "une cinquantaine"  45 (0.9 N)            50                 55 (1.1 N)
    "nearly 1,000", "près de 1 000"               950 (0.95 N)          975 (0.975 N)      999 (N - 1)
    "between 23 and 31", "23-31", "de 23 à 31"    23                    27 (the midpoint)  31
    "up to 50", "jusqu'à 50"                      not stated            not stated         50
    "fewer than 50", "moins de 50"                not stated            not stated         49
    "dozens", "des centaines"                     12, 100               12, 100            not stated
    ============================================  ====================  =================  ==================

    Fractions of a person are rounded, halves up. "Nearly N" never exceeds N - 1.

    Parameters
    ----------
    text : str
        The phrase, and no more than the phrase. Words such as "civilians" may follow the number.
    decimal_mark : {".", ","}, optional
        The mark that separates decimals in the source; the other one then groups thousands. Without it, three digits
        after a point or comma are thousands ("1.043", "1,043"), and one point before three zeros is an error, since
        "12.000" is 12 in one export and 12 000 in another.
    words : QuantityWords
        The words to know; see `QuantityWords.extended`.

    Returns
    -------
    Quantity

    Raises
    ------
    InputError
        If the phrase is unknown, can be read in two ways, or does not name a whole number from 0 to 100,000,000; it
        is quoted and never guessed.

    References
    ----------
    The table of the bundled case, ``conflictts/data/idlib_2019``, "Quantities" ("exact" to "between"). ACLED, "How are
    injuries and fatalities recorded?" (knowledge base): the most conservative number is taken, 10 for tens, 12 for
    dozens, 100 for hundreds.

    Examples
    --------
    >>> import conflictts as ct
    >>> ct.parse_quantity("nearly a thousand")
    Quantity(low=950.0, best=975.0, high=999.0, qualifier='nearly', text='nearly a thousand')
    >>> ct.parse_quantity("au moins quatre-vingt-dix-sept civils").best
    97.0
    """
    phrase = _without_nouns(spaced(plain(require_phrase(text, kind="a quantity"))), words)
    # By what they say, since a reading with NaN in it does not equal itself.
    found = {repr(reading): reading for reading in _readings(phrase, text, decimal_mark, words)}
    readings = [reading for reading in found.values() if isinstance(reading, Quantity)]
    if len(readings) == 1:
        return readings[0]
    if readings:
        ways = " or ".join(f"{reading.low:g} to {reading.high:g} ({reading.qualifier})" for reading in readings)
        raise InputError(f"The quantity {quoted(text)} can be read as {ways}. Write it in figures.")
    problems = [problem for problem in found.values() if isinstance(problem, str)]
    problem = problems[0] if problems else "no such wording is known"
    raise InputError(
        f"Cannot read {quoted(text)} as a quantity: {problem}. Write it "
        "like 'at least 12', 'nearly a thousand', 'entre 23 et 31', or add its words with `QUANTITY_WORDS.extended`."
    )


@dataclass(frozen=True, slots=True)
class _Number:
    value: Fraction
    loose: bool = False  # a collective such as "trentaine", meant as "about" where no other word says how


def _readings(
    phrase: str, text: str, decimal_mark: DecimalMark | None, words: QuantityWords
) -> Iterator[Quantity | str]:
    """Every way to read the phrase, and what is wrong with those that fail on their numbers."""
    number = _read_number(phrase, decimal_mark, words)
    if number is not None:
        yield _bounds("about" if number.loose else "exact", [number], text)
    if phrase in words.plurals:
        least = float(words.plurals[phrase])
        yield Quantity(least, least, NOT_STATED, "indefinite", text)
    for wording, qualifier in words.wordings.items():
        for filling in fillings(phrase, wording):
            numbers = [_read_number(gap, decimal_mark, words) for gap in filling]
            stated = [number for number in numbers if number is not None]
            if len(stated) < len(numbers):
                continue
            shared = _shared_multiplier(filling, stated, words)
            yield shared or _bounds(qualifier, stated, text)


def _bounds(qualifier: Qualifier, numbers: list[_Number], text: str) -> Quantity | str:
    for number in numbers:
        if number.value.denominator != 1:
            return f"{float(number.value):g} is no whole number of people"
        if number.value > MOST:
            return f"it is above {MOST:,}, which no record can count"
    n, last = int(numbers[0].value), int(numbers[-1].value)
    if last < n:
        return f"the range ends at {last:,}, below its beginning at {n:,}"
    if n < {"nearly": 2, "fewer_than": 1}.get(qualifier, 0):
        return f"there is no count that would be {qualifier.replace('_', ' ')} {n}"
    low, best, high = {
        "exact": (n, n, n),
        "at_least": (n, n, NOT_STATED),
        "about": (_round(n, 9, 10), n, _round(n, 11, 10)),
        "nearly": (min(_round(n, 19, 20), n - 1), min(_round(n, 39, 40), n - 1), n - 1),
        "between": (n, _round(n + last, 1, 2), last),
        "up_to": (NOT_STATED, NOT_STATED, n),
        "fewer_than": (NOT_STATED, NOT_STATED, n - 1),
    }[qualifier]
    return Quantity(float(low), float(best), float(high) if high == high else NOT_STATED, qualifier, text)


def _round(n: int, numerator: int, denominator: int) -> int:
    """Multiply by a fraction and round, halves up."""
    return (2 * n * numerator + denominator) // (2 * denominator)


def _without_nouns(phrase: str, words: QuantityWords) -> str:
    """Leave out "civilians killed" from the end of "dozens of civilians killed", and the "of" before it."""
    tokens = phrase.split()
    kept = len(tokens)
    while kept and tokens[kept - 1] in words.nouns:
        kept -= 1
    if kept < len(tokens) and kept and tokens[kept - 1] in ("of", "de"):
        kept -= 1
    return " ".join(tokens[:kept])


def _read_number(written: str, decimal_mark: DecimalMark | None, words: QuantityWords) -> _Number | None:
    """One number in figures or words; None if it is neither."""
    figures = _read_figures(written, decimal_mark)
    if figures is not None:
        return _Number(figures)
    if written in words.numbers:
        return _Number(Fraction(words.numbers[written]))
    tokens = written.split()
    if not tokens:
        return None
    if tokens[-1] in words.collectives and (len(tokens) > 1 or tokens[-1] not in words.plurals):
        times = _read_times(tokens[:-1], decimal_mark, words) if len(tokens) > 1 else Fraction(1)
        return None if times is None else _Number(times * words.collectives[tokens[-1]], loose=True)
    return _read_product(tokens, decimal_mark, words)


def _read_product(tokens: list[str], decimal_mark: DecimalMark | None, words: QuantityWords) -> _Number | None:
    """A number that is multiplied, and perhaps a smaller one added: "three hundred and twelve", "240 thousand"."""
    factors = [words.multipliers.get(token, 0) for token in tokens]
    factor = max(factors)
    if factor == 0:
        return None
    at = factors.index(factor)
    before, after = tokens[:at], tokens[at + 1 :]
    if not before and tokens[at] not in words.numbers:
        return None
    times = _read_times(before, decimal_mark, words) if before else Fraction(1)
    if times is None:
        return None
    if not after:
        return _Number(times * factor)
    rest = " ".join(after[1:] if after[0] in _JOINTS else after)
    added = None if rest.isdecimal() or times.denominator != 1 else _read_number(rest, decimal_mark, words)
    if added is None or added.loose or not 0 < added.value < factor:
        return None
    return _Number(times * factor + added.value)


def _read_times(tokens: list[str], decimal_mark: DecimalMark | None, words: QuantityWords) -> Fraction | None:
    """How many thousands, dozens or trentaines: "a", "half a", "240", "1.5", "three hundred"."""
    written = " ".join(tokens)
    if written in _ONE:
        return Fraction(1)
    if written in _HALF:
        return Fraction(1, 2)
    if re.fullmatch(r"[\d ]*\d[.,]\d{3,}", written):
        return None  # 1.200 thousand: 1,200 or 1,200,000
    number = _read_number(written, decimal_mark, words)
    return None if number is None or number.loose or number.value == 0 else number.value


def _read_figures(written: str, decimal_mark: DecimalMark | None) -> Fraction | None:
    """Figures, with thousands grouped by space, apostrophe, point or comma; None if it is not figures."""
    if re.fullmatch(r"\d+", written):
        return Fraction(written)
    grouped = re.fullmatch(r"([1-9]\d{0,2})(([ '\u066c.,])\d{3}(?:\3\d{3})*)(?:([.,])(\d+))?", written)
    decimal = re.fullmatch(r"(\d+)([.,])(\d+)", written)
    if grouped and grouped[3] != grouped[4] and not (decimal and decimal_mark == decimal[2]):
        if decimal_mark is not None and (grouped[3] == decimal_mark or grouped[4] not in (None, decimal_mark)):
            return None
        if decimal_mark is None and decimal and grouped[2] == ".000":
            raise InputError(
                f"{written!r} may be {int(decimal[1])} or {int(decimal[1]):,},000. Say which mark separates decimals: "
                "`decimal_mark='.'` or `decimal_mark=','`."
            )
        whole = grouped[1] + re.sub(r"\D", "", grouped[2])
        return Fraction(f"{whole}.{grouped[5] or 0}")
    if decimal and decimal_mark in (None, decimal[2]):
        return Fraction(f"{decimal[1]}.{decimal[3]}")
    return None


def _shared_multiplier(filling: tuple[str, ...], numbers: list[_Number], words: QuantityWords) -> str | None:
    """What is wrong with "two to three hundred", and with "10-15,000": the first number may be 2 or 200."""
    multipliers = {**words.collectives, **words.multipliers}
    *_, first, last = ("", *(gap.split()[-1] for gap in filling))
    in_thousands = re.fullmatch(r"\d{1,3}", filling[0]) and re.fullmatch(r"\d{1,3}[ '\u066c.,]000", filling[-1])
    if len(filling) < 2 or not (in_thousands or (last in multipliers and first not in multipliers)):
        return None
    multiplied = numbers[0].value * (1000 if in_thousands else multipliers[last])
    if not 0 < multiplied <= numbers[1].value:
        return None
    return f"its first number may be {int(numbers[0].value):,} or {int(multiplied):,}"
