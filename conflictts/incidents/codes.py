"""The codes of a coded press catalogue and the names of columns in, words out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

CODES = {  # of actors and events, where a page or a figure names them
    "government_or_russia": "government or Russia",
    "government": "government",
    "russia": "Russia",
    "armed_groups": "armed groups",
    "unknown": "unknown",
    "airstrike": "air strike",
    "shelling": "shelling",
    "explosion": "explosion",
    "ground_clash": "ground clash",
    "area_day_total": "total of a day and area",
}
PLACES = frozenset(("admin1", "admin2", "place"))  # columns whose groups lie somewhere
GROUPS = {  # what one group of another column is called, and several
    "event_type": ("event type", "event types"),
    "perpetrator": ("perpetrator", "perpetrators"),
    "target": ("target", "targets"),
    "source": ("source", "sources"),
    "reporting_body": ("reporting body", "reporting bodies"),
}
_CODE = rf"(?:{'|'.join(CODES)})"
_SEVERAL = rf"{_CODE}(?:(?:, | or ){_CODE})+"
_CODES = re.compile(  # several in a row, one that is no word of a sentence, or one that is all
    rf"(?<![\w./=-])(?:{_SEVERAL}|[a-z]+(?:_[a-z]+)+)(?![\w/=-]|\.\w|\()|\A{_CODE}\Z"
)


def codes_in_words(text: str) -> str:
    """Write known codes in a text as words; those of others stay.

    Examples
    --------
    >>> [codes_in_words(text) for text in ("russia, armed_groups", "perpetrator government_or_russia", "police_force")]
    ['Russia, armed groups', 'perpetrator government or Russia', 'police_force']
    """
    return _CODES.sub(lambda met: _in_words(re.split("(, | or )", met[0])), text)


def _in_words(parts: list[str]) -> str:
    """Codes and what stands between them."""
    said = [CODES.get(part, part) for part in parts]
    if " or " in parts:
        said[::2] = told_apart(said[::2])
    return "".join(said)


def told_apart(values: Sequence[str]) -> list[str]:
    """Values that are to be joined by "or", in quotation marks where one of several holds an "or" itself."""
    unclear = len(values) > 1 and any(" or " in value for value in values)
    return [f"“{value}”" if unclear else value for value in values]


def columns_in_words(columns: Iterable[str]) -> str:
    """event_type, admin1 -> event type and admin1."""
    return " and ".join(column.replace("_", " ") for column in columns)


def groups_in_words(by: Sequence[str]) -> tuple[str, str]:
    """What one group of a panel is called, and several.

    Examples
    --------
    >>> [groups_in_words(by) for by in (["perpetrator"], ["admin1", "admin2"], ["admin1", "perpetrator"])]
    [('perpetrator', 'perpetrators'), ('area', 'areas'), ('group', 'groups')]
    """
    if PLACES.issuperset(by):
        return "area", "areas"
    return GROUPS.get(by[0], ("group", "groups")) if len(by) == 1 else ("group", "groups")
