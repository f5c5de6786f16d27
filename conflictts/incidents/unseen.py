"""Text of records in, text safe to look at out: nothing in it hides, or turns round what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

MARK = "\u200e"  # LEFT-TO-RIGHT MARK: no width, and a letter of this direction to all that lays text out
# From right to left, with their signs: Hebrew to Arabic, their forms in print, scripts added later
_LETTERS = "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_BETWEEN = "[ \u00a0\\d\u200c-\u200e\u2010-\u2015\u2018\u2019'.-]*"  # what may stand between two words of a name
_STRONG = f"[{_LETTERS}\u061c\u200f]"
_RUN = f"{_STRONG}(?:{_BETWEEN}{_STRONG}+)*"
RIGHT_TO_LEFT = re.compile(f"[{_LETTERS}]")
_RUNS = re.compile(f"{MARK}?({_RUN}){MARK}?")
_NUMBERED = re.compile(rf"{MARK}?({_RUN}[ \u00a0-]\d+){MARK}?")  # a name alone that ends with its number
_UNSEEN = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f"
)
_ALWAYS = re.compile(f"[{_UNSEEN}]")
_WITH_MARKS = re.compile(f"[{_UNSEEN}\u061c\u200c-\u200f]")
_THAT_NEED_THEM = re.compile(  # Hebrew to the Vedic signs, Indic letters added later, those below, pictures
    f"[{_LETTERS}\u0900-\u1cff\ua800-\uabff\U00011000-\U00011fff\U0001f000-\U0001faff]"
)


def visible(text: str, form: Callable[[int], str] = "⟨U+{:04X}⟩".format) -> str:
    """Show the characters that are not seen, and act on what is, by their numbers; all others stay.

    Shown are the embeddings, overrides and isolates of direction, control characters other than the tab and the ends of
    lines, zero-width and soft breaks, separators of lines and paragraphs, fillers, tags, annotations and halves of
    surrogates. The joiners (U+200C, U+200D), which Persian, Kurdish and the scripts of India spell with, and the
    marks U+200E, U+200F and U+061C, which honest Arabic text holds and which reach no further than their neighbours,
    stay in a text with letters of such scripts, and are shown in any other: there they do nothing but make two names
    look alike.

    Parameters
    ----------
    text : str
    form : callable, optional
        How the number of a character is written.

    Examples
    --------
    >>> visible("Idlib\\u202eabc"), visible("Idlib\\u200d")
    ('Idlib⟨U+202E⟩abc', 'Idlib⟨U+200D⟩')
    """
    unseen = _ALWAYS if _THAT_NEED_THEM.search(text) else _WITH_MARKS
    return unseen.sub(lambda found: form(ord(found[0])), text.replace("\r\n", "\n"))


def set_apart(text: str, begin: str = MARK, end: str = MARK) -> str:
    """Put words from right to left between two signs that keep numbers beside them in their place.

    Without them a number after an Arabic name is read as a part of it, and stands on its other side. Words of one name,
    with the spaces, hyphens and figures between them, stand together. A number at the end is of the name where the text
    is that name alone; in a sentence it may be a count.

    Examples
    --------
    >>> set_apart("in حي 12, 3", "<bdi>", "</bdi>"), set_apart("حي 12", "<bdi>", "</bdi>")
    ('in <bdi>حي</bdi> 12, 3', '<bdi>حي 12</bdi>')
    """
    alone = _NUMBERED.fullmatch(text)
    if alone:
        return f"{begin}{alone[1]}{end}"
    return _RUNS.sub(lambda found: f"{begin}{found[1]}{end}", text)
