"""Phrases as people write them, made plain enough to be looked up in a table of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

from conflictts.errors import InputError

Words = TypeVar("Words", bound=Any)

LONGEST = 200  # characters; a quantity or a date that needs more is a sentence
_SHOWN = 80
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2043\ufe63\uff0d", "-"))
_ALEFS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ـ": None})
_HARAKAT = re.compile("[\u064b-\u0652\u0670]")


def plain(text: str) -> str:
    """Write a phrase in one way: lower case, plain digits, spaces and apostrophes; Arabic without vowel signs.

    Digits of every script become 0-9, but signs that only look like digits (², ①) stay and are found in no table.
    The long dashes – and — become `` - ``; the hyphen stays as it is.

    Examples
    --------
    >>> plain("  Près\\u00a0d’une  trentaine")
    "près d'une trentaine"
    >>> plain("٣١ آب ٢٠١٩")
    '31 اب 2019'
    """
    characters = []
    for character in unicodedata.normalize("NFC", text).casefold():
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            characters.append(str(digit))
        elif unicodedata.category(character) != "Cf":
            characters.append(character)
    written = "".join(characters).translate(_APOSTROPHES).translate(_DASHES).translate(_ALEFS)
    written = re.sub("\\s*[\u2012-\u2015\u2212]\\s*", " - ", _HARAKAT.sub("", written))
    return " ".join(written.split())


def spaced(phrase: str) -> str:
    """Write hyphens before a letter as spaces and the French d' and l' as words; `phrase` is plain already.

    Examples
    --------
    >>> spaced("plus d'une quatre-vingt-dix-septième"), spaced("23-31")
    ('plus de une quatre vingt dix septième', '23-31')
    """
    apart = re.sub(r"(?<=\w)-(?=[^\W\d_])", " ", phrase)
    return re.sub(r"\bl'", "le ", re.sub(r"\bd'", "de ", apart))


def quoted(text: str) -> str:
    """The phrase as it stands in an error: on one line, and never longer than a line."""
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


def require_phrase(text: object, *, kind: str) -> str:
    """Return `text` if it can be a phrase at all: text, not blank, not a page.

    Raises
    ------
    InputError
        Naming what was met.
    """
    if not isinstance(text, str):
        raise InputError(f"Expected {kind} in words or figures, met {text!r} ({type(text).__name__}). Give it as text.")
    if len(text) > LONGEST:
        raise InputError(
            f"Expected {kind}, met {len(text):,} characters beginning {quoted(text)}. Give the phrase alone, at most "
            f"{LONGEST} characters."
        )
    if not plain(text):
        raise InputError(f"Expected {kind}, met blank text {quoted(text)}. Leave out what is not stated.")
    return text


def fillings(phrase: str, template: str) -> Iterator[tuple[str, ...]]:
    """Every way to read `phrase` as `template`, whose one or two gaps are written ``{}``.

    Examples
    --------
    >>> list(fillings("between a hundred and one and two hundred", "between {} and {}"))
    [('a hundred', 'one and two hundred'), ('a hundred and one', 'two hundred')]
    >>> list(fillings("at least 12", "at least {}"))
    [('12',)]
    """
    before, *joints, after = template.split("{}")
    if len(phrase) <= len(before) + len(after) or not (phrase.startswith(before) and phrase.endswith(after)):
        return
    inside = phrase[len(before) : len(phrase) - len(after)]
    if not joints:
        yield (inside.strip(),)
        return
    (joint,) = joints
    at = inside.find(joint)
    while at >= 0:
        left, right = inside[:at].strip(), inside[at + len(joint) :].strip()
        if left and right:
            yield left, right
        at = inside.find(joint, at + 1)


def write_plainly(words: Any) -> None:
    """Make every table of a dataclass unchangeable, with its phrases as plain as the text that meets them."""
    for each in fields(words):
        table = getattr(words, each.name)
        plainly = MappingProxyType({spaced(plain(phrase)): value for phrase, value in table.items()})
        object.__setattr__(words, each.name, plainly)


def extended(words: Words, tables: Mapping[str, Mapping[str, Any]]) -> Words:
    """The same words and more; a word that is known already takes its new meaning."""
    names = [each.name for each in fields(words)]
    unknown = sorted(set(tables) - set(names))
    if unknown:
        raise InputError(f"No table of words named {unknown[0]!r}. Choose from {', '.join(names)}.")
    return replace(words, **{name: {**getattr(words, name), **more} for name, more in tables.items()})
