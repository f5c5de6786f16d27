"""Words for numbers of people in English and French: the table that `parse_quantity` looks up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from conflictts.errors import InputError
from conflictts.incidents.phrases import extended, write_plainly

Qualifier = Literal["exact", "at_least", "about", "nearly", "between", "up_to", "fewer_than", "indefinite"]

# Phrases about one or two numbers; {} stands for a number. Hyphens between letters are written as spaces.
_WORDINGS: dict[Qualifier, tuple[str, ...]] = {
    "exact": ("exactly {}", "a total of {}", "exactement {}", "un total de {}", "{} au total", "{} in total"),
    "at_least": (
        *("at least {}", "{} at least", "a minimum of {}", "no fewer than {}", "no less than {}", "not less than {}"),
        *("more than {}", "over {}", "just over {}", "well over {}", "slightly more than {}", "upwards of {}"),
        *("in excess of {}", "{} or more", "{} and more", "{}+", ">{}", "≥{}", ">={}"),
        *("au moins {}", "{} au moins", "au minimum {}", "un minimum de {}", "pas moins de {}"),
        *("plus de {}", "un peu plus de {}", "bien plus de {}", "{} ou plus", "{} et plus"),
    ),
    "about": (
        *("about {}", "around {}", "some {}", "approximately {}", "approx. {}", "approx {}", "roughly {}", "circa {}"),
        *("ca. {}", "c. {}", "an estimated {}", "{} or so", "~{}", "≈{}"),
        *("environ {}", "{} environ", "autour de {}", "aux alentours de {}", "approximativement {}", "à peu près {}"),
        *("quelque {}", "quelques {}"),
    ),
    "nearly": (
        *("nearly {}", "almost {}", "just under {}"),
        *("près de {}", "pres de {}", "presque {}", "un peu moins de {}"),
    ),
    "between": (
        *("between {} and {}", "from {} to {}", "{} to {}", "{}-{}"),
        *("entre {} et {}", "de {} à {}", "{} à {}"),
    ),
    "up_to": (
        *("up to {}", "as many as {}", "at most {}", "no more than {}", "not more than {}", "≤{}", "<={}"),
        *("jusqu'à {}", "au plus {}", "au maximum {}", "pas plus de {}"),
    ),
    "fewer_than": ("fewer than {}", "less than {}", "<{}", "moins de {}"),
}

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITES = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize"),
    *("quatorze", "quinze", "seize", "dix sept", "dix huit", "dix neuf"),
)
_DIZAINES = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}


def _english_numbers() -> dict[str, int]:
    numbers = {word: value for value, word in enumerate(_UNITS)}
    for ten, word in enumerate(_TENS, start=2):
        numbers[word] = 10 * ten
        numbers |= {f"{word} {_UNITS[unit]}": 10 * ten + unit for unit in range(1, 10)}
    return numbers


def _french_numbers() -> dict[str, int]:
    """0-99 as said in France, and the tens of Belgium and Switzerland: septante, huitante, nonante."""
    words = _UNITES
    numbers = {word: value for value, word in enumerate(words)} | {"zero": 0, "une": 1}
    for ten, word in (_DIZAINES | {70: "septante", 80: "huitante", 90: "nonante"}).items():
        numbers |= {word: ten, f"{word} et un": ten + 1, f"{word} et une": ten + 1}
        numbers |= {f"{word} {words[unit]}": ten + unit for unit in range(2, 10)}
    numbers |= {f"soixante {words[unit]}": 60 + unit for unit in range(10, 20) if unit != 11}
    numbers |= {"soixante et onze": 71, "quatre vingts": 80, "quatre vingt": 80, "quatre vingt une": 81}
    numbers |= {f"quatre vingt {words[unit]}": 80 + unit for unit in range(1, 20)}
    return numbers | {"cent": 100, "mille": 1000}


def _plurals() -> dict[str, int]:
    """Plurals without a number, each for one of its unit: the convention of ACLED (10, 12, 100 "and so on")."""
    english = {"tens": 10, "dozens": 12, "scores": 20, "hundreds": 100, "thousands": 1000}
    after_several = {"dozen": 12, "hundred": 100, "thousand": 1000}
    french = {"dizaines": 10, "douzaines": 12, "centaines": 100, "milliers": 1000}
    plurals = english | french
    for several in ("several", "many", "a few"):
        plurals |= {f"{several} {word}": least for word, least in (english | after_several).items()}
    for several in ("des", "plusieurs", "quelques", "de nombreuses", "de nombreux"):
        plurals |= {f"{several} {word}": least for word, least in french.items()}
    plurals |= {f"{plural} of thousands": plurals[plural] * 1000 for plural in ("tens", "hundreds")}
    for several in ("", "des ", "plusieurs ", "quelques "):
        plurals |= {f"{several}dizaines de milliers": 10_000, f"{several}centaines de milliers": 100_000}
    return plurals


@dataclass(frozen=True, slots=True)
class QuantityWords:
    """The words `parse_quantity` knows. English and French to begin with; `extended` adds others.

    Attributes
    ----------
    wordings : mapping of str to str
        Phrase about one or two numbers, each written ``{}`` -> how it is read ("at least {}" -> "at_least").
    numbers : mapping of str to int
        The numbers 0 to 99 in words, and those that stand for themselves without "a" or "one" before them ("cent").
    multipliers : mapping of str to int
        Words that multiply the number before them ("thousand", "dozen"); a smaller number may follow.
    collectives : mapping of str to int
        Words that count by themselves and are meant loosely ("trentaine"): read as "about" unless told otherwise.
    plurals : mapping of str to int
        Phrases without any number ("dozens") -> the least that is taken, with no upper bound. The convention is
        ACLED's: 10 for tens, 12 for dozens, 100 for hundreds.
    nouns : mapping of str to str
        Words after the number that do not change it ("civilians") -> their language. The injured and the fighters are
        left out on purpose, so that "12 injured" in a column of deaths is an error.
    """

    wordings: Mapping[str, Qualifier]
    numbers: Mapping[str, int]
    multipliers: Mapping[str, int]
    collectives: Mapping[str, int]
    plurals: Mapping[str, int]
    nouns: Mapping[str, str]

    def __post_init__(self) -> None:
        write_plainly(self)
        known = get_args(Qualifier)
        for wording, qualifier in self.wordings.items():
            wanted = 2 if qualifier == "between" else 1
            if qualifier not in known or qualifier == "indefinite" or wording.count("{}") != wanted:
                raise InputError(
                    f"Cannot add the wording {wording!r} as {qualifier!r}. Write {{}} for each number (two for "
                    f"'between', else one) and read it as one of {', '.join(known[:-1])}."
                )

    def extended(self, **tables: Mapping[str, Any]) -> QuantityWords:
        """The same words and more; a phrase that is known already takes its new meaning.

        Parameters
        ----------
        **tables : mapping
            Attribute -> phrases to add.

        Returns
        -------
        QuantityWords

        Raises
        ------
        InputError
            If there is no such table, or a wording has the wrong number of gaps.

        Examples
        --------
        >>> import conflictts as ct
        >>> german = ct.QUANTITY_WORDS.extended(wordings={"mindestens {}": "at_least"}, numbers={"zwölf": 12})
        >>> ct.parse_quantity("mindestens zwölf", words=german).low
        12.0
        """
        return extended(self, tables)


QUANTITY_WORDS = QuantityWords(
    wordings={wording: qualifier for qualifier, wordings in _WORDINGS.items() for wording in wordings},
    numbers=_english_numbers() | _french_numbers(),
    multipliers={"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "millions": 10**6}
    | {"douzaine": 12, "douzaines": 12, "cent": 100, "cents": 100, "mille": 1000},
    collectives={"dizaine": 10, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40}
    | {"cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000}
    | {"dizaines": 10, "centaines": 100, "milliers": 1000},
    plurals=_plurals(),
    nouns=dict.fromkeys(("people", "persons", "civilians", "civilian", "dead", "deaths", "killed", "fatalities"), "en")
    | dict.fromkeys(("personnes", "personne", "civils", "civil", "morts", "mort", "tués", "tué", "décès"), "fr"),
)
