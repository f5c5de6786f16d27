"""A column of text as its distinct values, so that each value is read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE = 1000  # rows by which it is told whether values recur; a shorter column is not worth taking apart
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")  # Arabic-Indic, Persian, decimal separator


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """A column of text as its distinct values, stripped, and the place of each row's value among them.

    Most columns of an export hold few values many times over; a check looks at each value once. A column whose values
    seldom recur counts as having a value of its own in each row: its `codes` are None.
    """

    codes: npt.NDArray[np.intp] | None
    values: pd.Series

    @classmethod
    def of(cls, text: pd.Series) -> Distinct:
        """Take a column of str apart."""
        column = _as_arrow(text)
        sample = column.slice(0, max(_SAMPLE, len(column) // 16))
        if len(column) < _SAMPLE or 2 * len(sample.unique()) > len(sample):
            return cls(None, stripped(text).reset_index(drop=True))
        coded = column.dictionary_encode().combine_chunks()
        return cls(coded.indices.to_numpy().astype(np.intp), stripped(pd.Series(coded.dictionary, dtype="str")))

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


def stripped(text: pd.Series) -> pd.Series:
    """A column of str without the spaces around its values; itself, and no copy, where there are none."""
    return text if _inked(_as_arrow(text)) else text.str.strip()


def composed(text: pd.Series) -> pd.Series:
    """A column of str with every letter and its marks as one sign (NFC): names that look alike are then alike.

    Itself, and no copy, where they are so already.
    """
    import pyarrow as pa
    import pyarrow.compute

    column = _as_arrow(text)
    if all(_letters(chunk).max(initial=0) < 128 for chunk in column.chunks):  # as most columns are, and quickly told
        return text
    others = column.filter(pa.compute.invert(pa.compute.string_is_ascii(column))).unique()
    if others.equals(pa.compute.utf8_normalize(others, form="NFC")):
        return text
    return pd.Series(pa.compute.utf8_normalize(column, form="NFC"), text.index, dtype="str")


def _letters(chunk: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all values, one after the other."""
    _, offsets, letters = chunk.buffers()
    ends = np.frombuffer(offsets, np.int64, len(chunk) + 1, 8 * chunk.offset)
    return np.frombuffer(letters or b"", np.uint8)[ends[0] : ends[-1]]


def _inked(column: pa.ChunkedArray) -> bool:
    """Whether every value is blank or begins and ends with visible ASCII, which no stripping takes off."""
    import pyarrow as pa
    import pyarrow.compute

    first, last = np.full((2, len(column)), ord("x"), dtype=np.uint8)
    begins = 0
    for chunk in column.chunks:
        _, offsets, letters = chunk.buffers()
        here = slice(begins, begins := begins + len(chunk))
        ends = np.frombuffer(offsets, np.int64, len(chunk) + 1, 8 * chunk.offset)
        if ends[-1]:
            codes = np.frombuffer(letters, np.uint8)
            codes.take(ends[:-1], out=first[here], mode="clip")  # of a blank value any letter
            codes.take(ends[1:] - 1, out=last[here], mode="clip")
    bare = (first - 33 < 94) & (last - 33 < 94)  # below 33 it wraps to the top
    if bare.all():
        return True
    blank = pa.compute.equal(column, "").to_numpy()
    return bool((bare | blank).all())


def repeated(value: str, count: int) -> pd.Series:
    """A column of one text, shape (count,)."""
    import pyarrow as pa

    return pd.Series(pa.repeat(pa.scalar(value, pa.large_string()), count), dtype="str")


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
    numbers = numbers_at_once(values)  # several times as fast, and right where every value is a number
    if numbers is not None:
        return pd.Series(numbers, values.index)
    return pd.to_numeric(values.where(values != ""), errors="coerce").astype("float64")


def numbers_at_once(text: pd.Series) -> npt.NDArray[np.float64] | None:
    """A column of str as float64, or None if any value is no number."""
    import pyarrow as pa
    import pyarrow.compute

    column = _as_arrow(text)
    whole = pa.compute.all(pa.compute.ascii_is_decimal(column)).as_py()  # read in half the time
    try:
        numbers = column.cast(pa.int64() if whole else pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(numbers.to_numpy(), dtype="float64")  # never a read-only view


def _as_arrow(text: pd.Series) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array(pa.array(text, pa.large_string()))
