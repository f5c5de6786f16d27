"""Names of places as different sources spell them in, how alike they are out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

ARTICLES = frozenset({
    "al", "el", "ul", "as", "es", "ash", "esh", "ad", "ed", "adh", "an", "en", "ar", "er", "at", "et", "ath",
    "az", "ez", "the", "la", "le", "les",
})  # fmt: skip
# What a source adds to say what kind of place it is; another source leaves it out.
KINDS_OF_PLACE = frozenset({
    "town", "village", "city", "camp", "market", "outskirts", "edge", "surroundings", "vicinity", "displaced",
    "farm", "farmland", "road", "hospital", "area", "medical", "point", "training", "eastern", "western",
    "northern", "southern", "east", "west", "north", "south", "of", "hill", "mountain", "sector", "in", "ville",
    "marche",
})  # fmt: skip
# A name with one of these is that of a region: "Idlib province" is not Idlib.
REGIONS = frozenset({
    "province", "provinces", "governorate", "governorates", "region", "regions", "countryside", "district",
    "districts", "elsewhere", "plain", "muhafazah", "areas", "places",
})  # fmt: skip
REGION_MARK = "0000"  # no name ends so: doubled signs are folded
# Letters that transliterations from Arabic exchange, applied in this order. Arabic has three short vowels and two
# diphthongs, which each source writes in its own way.
_LETTERS = (
    ("c", "k"), ("kh", "x"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("sh", "c"), ("ph", "f"), ("q", "k"), ("y", "i"),
    ("w", "u"), ("e", "i"), ("o", "u"), ("ai", "i"), ("au", "u"),
)  # fmt: skip
CONSONANTS_WEIGHT = 2 / 3  # the script writes no short vowels, so that sources agree on consonants
SEVERAL = 0.6  # likeness left where one record names several places and the other one of them


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A name read: the places it stands for, each under its alternative names, folded.

    Attributes
    ----------
    places : tuple of tuple of (str, str)
        One tuple per place; in it, for each alternative name, its folded spelling and its consonants.
    """

    places: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def keys(self) -> frozenset[str]:
        """The consonants of every alternative: names of one place nearly always share one."""
        return frozenset(consonants for names in self.places for _, consonants in names)

    @property
    def is_region(self) -> bool:
        """Whether it names nothing smaller than a region, which holds many events a day."""
        return bool(self.places) and all(key.endswith(REGION_MARK) for key in self.keys)


@lru_cache(maxsize=1 << 16)
def read_place_name(name: str) -> PlaceName:
    """Fold a name: no accents, articles, kinds of place or doubled letters, one letter for each exchanged group.

    Parameters
    ----------
    name : str
        As a source writes it; "A and B" and "A, B" are two places, "A/B", "A (B)" and "A near B" one under two names.

    Returns
    -------
    PlaceName
        Without places if the name is blank or holds only kinds of place.

    Examples
    --------
    >>> read_place_name("Maarat al-Numaan town") == read_place_name("Maarat al-Numan")
    True
    """
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter) and letter not in "'’ʿʾ`´‘")
    text = text.split("other than")[0].replace("between ", "")
    added = " / ".join(re.findall(r"\(([^)]*)\)", text))
    text = re.sub(r"\([^)]*\)", " ", text)
    parts = [part for part in re.split(r",|\band\b|&", text) if part.strip()]
    if len(parts) == 1 and added:
        parts = [f"{parts[0]} / {added}"]
    places = []
    for part in parts:
        names = dict.fromkeys(folded for other in re.split(r"/|\bnear\b", part) if (folded := _fold(other))[0])
        if names:
            places.append(tuple(names))
    return PlaceName(tuple(places))


@lru_cache(maxsize=1 << 18)
def place_similarity(one: str, other: str) -> float:
    """How alike two names of places are, from 0 to 1.

    Returns
    -------
    float
        Likeness (`difflib`: 2 x letters in common / letters) of the folded spellings, one third, and of their
        consonants, two thirds, for the most alike of all places and alternatives; times 0.6 where one names several
        places and the other does not. 0 if either is blank.

    Examples
    --------
    >>> place_similarity("Basqala", "Bsaqla town") > 0.85, place_similarity("Kafr Nabl", "Kafr Ruma") < 0.75
    (True, True)
    """
    a, b = read_place_name(one), read_place_name(other)
    best = 0.0
    for names in a.places:
        for others in b.places:
            for spelling, consonants in names:
                for spelling_b, consonants_b in others:
                    written, heard = _alike(spelling, spelling_b), _alike(consonants, consonants_b)
                    best = max(best, written + CONSONANTS_WEIGHT * (heard - written))
    return best * SEVERAL if (len(a.places) > 1) != (len(b.places) > 1) else best


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if one.endswith(REGION_MARK) and other.endswith(REGION_MARK):
        one, other = one.removesuffix(REGION_MARK), other.removesuffix(REGION_MARK)
    one, other = sorted((one, other))  # the matcher's answer depends on the order
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _fold(name: str) -> tuple[str, str]:
    words = re.findall(r"\w+", name)
    own = [word for word in words if word not in ARTICLES | KINDS_OF_PLACE | REGIONS]
    if not own:
        return "", ""
    text = "".join(own)
    for letters, one in _LETTERS:
        text = text.replace(letters, one)
    text = re.sub(r"(.)\1+", r"\1", text)
    text = re.sub(r"(?<=.)[aiu]h?$", "", text)  # the feminine ending, as -a, -ah, -eh or not at all
    region = REGION_MARK if REGIONS.intersection(words) else ""
    return text + region, (re.sub(r"[aiu]", "", text) or text) + region
