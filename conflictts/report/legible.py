"""A page in, the same page out, in which no character hides, or turns round what stands beside it."""

from __future__ import annotations

import re

from conflictts.incidents.unseen import RIGHT_TO_LEFT, set_apart, visible

_PARTS = re.compile(
    r"(<style.*?</style>|<script.*?</script>|<svg .*?</svg>|<title>.*?</title>|<[^>]+>)",  # between them is text
    re.DOTALL,
)
_OWN = ("<style", "<script")  # what no record enters


def legible(page: str) -> str:
    """Show unseen characters by their numbers, and keep words from right to left apart from what follows them.

    Parameters
    ----------
    page : str
        A page of HTML, finished but for this.

    Returns
    -------
    str
        As `visible` shows it, tags too. Words from right to left stand in <bdi>: in an element of a record's own text
        (translate="no") all of it, so that a name in two scripts is laid out in the direction it begins in. The file
        it is made from, and the numbers beside the page, hold the text as it was.

    Examples
    --------
    >>> legible("<p>Idlib\\u202e, إدلب: 12</p>")
    '<p>Idlib⟨U+202E⟩, <bdi>إدلب</bdi>: 12</p>'
    """
    parts = _PARTS.split(page)
    return "".join(_legible(part, parts[place - 1] if place else "") for place, part in enumerate(parts))


def _legible(part: str, before: str) -> str:
    if part.startswith(_OWN):
        return part
    text = visible(part)
    if part.startswith("<"):
        return text
    if 'translate="no"' in before and not before.startswith("<pre") and RIGHT_TO_LEFT.search(text):
        return f"<bdi>{text}</bdi>"
    return set_apart(text, "<bdi>", "</bdi>")
