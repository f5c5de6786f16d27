"""A column of text as its distinct values, so that each value is read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")  # Arabic-Indic, Persian, decimal separator


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """A column of text as its distinct values, stripped, and the place of each row's value among them.

    Most columns of an export hold few values many times over; a check looks at each value once. A column that was not
    read as categories counts as having a value of its own in each row: its `codes` are None.
    """

    codes: npt.NDArray[np.intp] | None
    values: pd.Series

    @classmethod
    def of(cls, text: pd.Series) -> Distinct:
        """Take a column of str, or of categories of str, apart."""
        if isinstance(text.dtype, pd.CategoricalDtype):
            values = pd.Series(text.cat.categories, dtype="str").str.strip()
            return cls(text.cat.codes.to_numpy().astype(np.intp), values)
        return cls(None, text.str.strip().reset_index(drop=True))

    def rows(self, per_value: pd.Series | npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is known for each distinct value, given for each row."""
        known = np.asarray(per_value)
        return known.copy() if self.codes is None else known[self.codes]  # never a read-only view

    def text_rows(self, per_value: pd.Series) -> pd.Series:
        """The same for text."""
        return per_value if self.codes is None else pd.Series(per_value.array.take(self.codes), dtype="str")

    def row_of(self, place: int) -> int:
        """The first row that has the value in that place."""
        return place if self.codes is None else int((self.codes == place).argmax())

    @property
    def text(self) -> pd.Series:
        """The column again, stripped."""
        return self.text_rows(self.values)


def map_distinct(text: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    """Replace whole values of a column of text, spaces around them aside; others stay."""
    distinct = Distinct.of(text)
    changed = replace(distinct, values=distinct.values.replace(dict(mapping)).astype("str"))
    return changed.text.set_axis(text.index)


def plain_digits(values: pd.Series) -> pd.Series:
    """Arabic-Indic and Persian digits as 0 to 9."""
    return values if values.str.isascii().all() else values.str.translate(DIGITS)


def as_numbers(values: pd.Series) -> pd.Series:
    """Text as float64, NaN where it is blank or no number."""
    import pyarrow as pa
    import pyarrow.compute

    try:  # several times as fast, and right where every value is a number
        numbers = pa.compute.cast(pa.array(values, pa.large_string()), pa.float64())
        return pd.Series(numbers.to_numpy(zero_copy_only=False), values.index)
    except pa.ArrowInvalid:
        return pd.to_numeric(values.where(values != ""), errors="coerce").astype("float64")
