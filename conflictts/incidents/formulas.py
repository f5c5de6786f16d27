"""Cells that a spreadsheet would run as formulas in, harmless text out; and back, when the file is read again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

MARK = "'"  # a spreadsheet's own sign that what follows is text
_FORMULA = re.compile(r"[=@\uff1d\uff20\t\r]|[+\-\uff0b\uff0d](?![\d.]+$)")  # wide signs, as of East Asia, too


def harmless(cell: Any) -> Any:
    """Put the mark before text that a spreadsheet would run; anything else stays.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-5"), harmless("- 5")
    ("'=1+1", '-5', "'- 5")
    """
    return MARK + cell if isinstance(cell, str) and _FORMULA.match(cell) else cell


def as_meant(cell: str) -> str:
    """Take the mark away again: only where `harmless` would have put it.

    Examples
    --------
    >>> as_meant("'=1+1"), as_meant("'ayn"), as_meant("-5")
    ('=1+1', "'ayn", '-5')
    """
    return cell[1:] if cell[:1] == MARK and _FORMULA.match(cell, 1) else cell


def names_as_meant(header: Iterable[str]) -> tuple[str, ...]:
    """The same for the names of columns."""
    return tuple(as_meant(name) for name in header)


def table_as_meant(table: pd.DataFrame) -> pd.DataFrame:
    """The same for every cell of a table's columns of text; the table itself where no cell has it."""
    changed = {name: _column_as_meant(column) for name, column in table.items() if _has_mark(column)}
    return table.assign(**changed) if changed else table


def _has_mark(column: pd.Series) -> bool:
    import pyarrow as pa
    import pyarrow.compute

    if column.dtype != "str":
        return False
    begins = pa.compute.starts_with(pa.array(column, pa.large_string()), MARK)  # half the time of pandas
    return pa.compute.any(begins).as_py() is True


def _column_as_meant(column: pd.Series) -> pd.Series:
    marked = column.str.startswith(MARK).to_numpy(dtype=bool)
    meant = pd.Series([as_meant(cell) for cell in column[marked]], column.index[marked], dtype="str")
    return column.mask(marked, meant)
