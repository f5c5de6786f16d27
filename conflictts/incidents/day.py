"""A day as a caller gives it in, a Timestamp at its midnight out."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd


def read_day(value: object) -> pd.Timestamp:
    """Read a day; text only as YYYY-MM-DD, because 01/06/2023 is two days, and "June" is none.

    Raises
    ------
    TypeError
        If it is neither text nor a date.
    ValueError
        If the text is no day written so, or the date is missing or has a time zone.

    Examples
    --------
    >>> read_day("2023-06-01")
    Timestamp('2023-06-01 00:00:00')
    """
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("not written as YYYY-MM-DD")
    if not hasattr(value, "astype") and not isinstance(value, str | date):  # numpy.datetime64 has astype
        raise TypeError("neither text nor a date")
    day = pd.Timestamp(value)
    if pd.isna(day):
        raise ValueError("no day")
    if day.tz is not None:
        raise ValueError("with a time zone")
    return day.normalize()
