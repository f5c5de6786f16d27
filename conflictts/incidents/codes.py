"""The codes of a coded press catalogue and the names of columns in, words out."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    return _CODES.sub(lambda met: "".join(CODES.get(part, part) for part in re.split("(, | or )", met[0])), text)


def columns_in_words(columns: Iterable[str]) -> str:
    """event_type, admin1 -> event type and admin1."""
    return " and ".join(column.replace("_", " ") for column in columns)
