"""Words for days, months and parts of them in English, French and Arabic: the table that `parse_period` looks up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from conflictts.errors import InputError
from conflictts.incidents.phrases import extended, write_plainly

Part = Literal["early", "mid", "late", "first_half", "second_half"]
Role = Literal["around", "last", "skip"]
Unit = Literal["day", "week", "weekend", "month", "year"]

LAST_DAY = 31  # stands for the month's last day

# Days of the month that a part of it stands for, inclusive. "late" is after Appendix 2 of the UCDP GED codebook, at
# second hand; "early", its mirror image, and "mid", which overlaps both since none of the three has a sharp edge, are
# this library's own.
PARTS: Mapping[Part, tuple[int, int]] = MappingProxyType(
    {
        "early": (1, 15),
        "mid": (10, 20),
        "late": (15, LAST_DAY),
        "first_half": (1, 15),
        "second_half": (16, LAST_DAY),
    }
)

_MONTHS = (
    ("january", "jan", "janvier", "janv", "كانون الثاني", "يناير"),
    ("february", "feb", "février", "fevrier", "févr", "fév", "شباط", "فبراير"),
    ("march", "mar", "mars", "آذار", "مارس"),
    ("april", "apr", "avril", "avr", "نيسان", "أبريل", "ابريل"),
    ("may", "mai", "أيار", "مايو"),
    ("june", "jun", "juin", "حزيران", "يونيو"),
    ("july", "jul", "juillet", "juil", "تموز", "يوليو"),
    ("august", "aug", "août", "aout", "آب", "أغسطس"),
    ("september", "sep", "sept", "septembre", "أيلول", "سبتمبر"),
    ("october", "oct", "octobre", "تشرين الأول", "أكتوبر"),
    ("november", "nov", "novembre", "تشرين الثاني", "نوفمبر"),
    ("december", "dec", "décembre", "decembre", "déc", "كانون الأول", "ديسمبر"),
)
_WEEKDAYS = (
    ("monday", "lundi", "الاثنين", "الإثنين"),
    ("tuesday", "mardi", "الثلاثاء"),
    ("wednesday", "mercredi", "الأربعاء"),
    ("thursday", "jeudi", "الخميس"),
    ("friday", "vendredi", "الجمعة"),
    ("saturday", "samedi", "السبت"),
    ("sunday", "dimanche", "الأحد"),
)
_PART_WORDS: dict[Part, tuple[str, ...]] = {
    "early": ("early", "beginning", "start", "début", "debut", "au début", "أوائل", "مطلع", "بداية"),
    "mid": ("mid", "middle", "mi", "milieu", "au milieu", "منتصف", "أواسط"),
    "late": ("late", "end", "fin", "أواخر", "نهاية"),
    "first_half": ("first half", "première moitié"),
    "second_half": ("second half", "seconde moitié", "deuxième moitié"),
}
_RELATIVE: dict[tuple[Unit, int], tuple[str, ...]] = {
    ("day", 0): ("today", "aujourd'hui", "اليوم"),
    ("day", -1): ("yesterday", "hier", "أمس"),
    ("day", -2): ("day before yesterday", "avant-hier", "أول أمس"),
    ("week", 0): ("this week", "cette semaine", "هذا الأسبوع"),
    ("week", -1): ("last week", "semaine dernière", "semaine passée", "الأسبوع الماضي"),
    ("weekend", -1): ("last weekend", "last week-end", "week-end dernier", "weekend dernier"),
    ("month", 0): ("this month", "ce mois-ci", "هذا الشهر"),
    ("month", -1): ("last month", "mois dernier", "الشهر الماضي"),
    ("year", 0): ("this year", "cette année", "هذا العام"),
    ("year", -1): ("last year", "année dernière", "an dernier", "العام الماضي"),
}
_ROLES: dict[Role, tuple[str, ...]] = {
    "around": ("around", "about", "circa", "on or about", "vers", "environ", "autour", "aux alentours", "حوالي"),
    "last": ("dernier", "الماضي"),
    "skip": (
        *("the", "of", "on", "in", "month of", "le", "la", "à la", "en", "de", "du", "au mois de", "mois de", "année"),
        *("في", "يوم", "شهر", "عام", "سنة"),
    ),
}
_RANGES = (
    *("{} to {}", "from {} to {}", "{} through {}", "from {} through {}", "{} until {}", "from {} until {}"),
    *("between {} and {}", "{}-{}"),
    *("{} au {}", "du {} au {}", "{} à {}", "de {} à {}", "entre {} et {}"),
    *("{} إلى {}", "من {} إلى {}", "{} حتى {}", "من {} حتى {}", "بين {} و{}"),
)

Word = TypeVar("Word")


def _by_word(table: Mapping[Word, tuple[str, ...]]) -> dict[str, Word]:
    return {word: meaning for meaning, words in table.items() for word in words}


@dataclass(frozen=True, slots=True)
class DateWords:
    """The words `parse_period` knows. English, French and Arabic to begin with; `extended` adds others.

    Attributes
    ----------
    months : mapping of str to int
        Name -> 1-12. Arabic names are those of the Levant (آب) and the transliterated ones (أغسطس).
    weekdays : mapping of str to int
        Name -> 0-6, Monday = 0.
    parts : mapping of str to str
        Word -> a key of `PARTS`: "early", "mid", "late", "first_half", "second_half".
    relative : mapping of str to (str, int)
        Phrase -> unit ("day", "week", "weekend", "month", "year") and how many of them from the reference date's own.
    roles : mapping of str to str
        Word -> "around" (a day more on each side), "last" (after a weekday: before the reference date) or "skip" (says
        nothing: "the", "of").
    ranges : mapping of str to str
        Phrase with two ends, each written ``{}`` -> "range".
    """

    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    parts: Mapping[str, Part]
    relative: Mapping[str, tuple[Unit, int]]
    roles: Mapping[str, Role]
    ranges: Mapping[str, Literal["range"]]

    def __post_init__(self) -> None:
        write_plainly(self)
        wrong = [phrase for phrase in self.ranges if phrase.count("{}") != 2]
        if wrong:
            raise InputError(f"Cannot add the range {wrong[0]!r}. Write {{}} twice, once for each end.")

    def extended(self, **tables: Mapping[str, Any]) -> DateWords:
        """The same words and more; a word that is known already takes its new meaning.

        Parameters
        ----------
        **tables : mapping
            Attribute -> words to add.

        Returns
        -------
        DateWords

        Raises
        ------
        InputError
            If there is no such table, or a range has not two ends.

        Examples
        --------
        >>> import conflictts as ct
        >>> turkish = ct.DATE_WORDS.extended(months={"ağustos": 8})
        >>> ct.parse_period("31 Ağustos 2019", words=turkish).first.date().isoformat()
        '2019-08-31'
        """
        return extended(self, tables)


DATE_WORDS = DateWords(
    months=_by_word(dict(enumerate(_MONTHS, start=1))),
    weekdays=_by_word(dict(enumerate(_WEEKDAYS))),
    parts=_by_word(_PART_WORDS),
    relative=_by_word(_RELATIVE),
    roles=_by_word(_ROLES),
    ranges=dict.fromkeys(_RANGES, "range"),
)
