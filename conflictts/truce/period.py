"""A truce: when it was announced, in force, and over; and which days lie before, during and after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from conflictts.errors import CoverageError, require_kind
from conflictts.series.daily import whole_day

KIND_OF_TRUCE = {"truce", "ceasefire", "cease-fire", "armistice", "memorandum", "agreement"}


@dataclass(frozen=True, slots=True)
class Truce:
    """A truce or ceasefire; dates may be given as text.

    Attributes
    ----------
    effective : Timestamp
        First day in force. This whole day counts as part of the truce.
    announced : Timestamp or None
        Day of the announcement.
    ended : Timestamp or None
        First day no longer in force; None where nobody ended it.
    name : str
        How figures and tables call it; default "truce of <effective>".
    brokers, scope, source_url, note : str
        Who arranged it, what it covers, where that is said, what else to know.

    Raises
    ------
    CoverageError
        If a date cannot be read, or the truce ends before it begins.

    Examples
    --------
    >>> import conflictts as ct
    >>> ct.Truce("2019-08-31", announced="2019-08-30").name
    'truce of 31 August 2019'
    """

    effective: pd.Timestamp
    announced: pd.Timestamp | None = None
    ended: pd.Timestamp | None = None
    name: str = ""
    brokers: str = ""
    scope: str = ""
    source_url: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for attribute in ("effective", "announced", "ended"):
            value = getattr(self, attribute)
            blank = value is None or value == "" or pd.isna(value)
            object.__setattr__(self, attribute, None if blank else whole_day(value, attribute))
        if self.effective is None:
            raise CoverageError("A truce needs the first day it was in force. Give effective='YYYY-MM-DD'.")
        if self.ended is not None and self.ended <= self.effective:
            raise CoverageError(
                f"A truce effective on {self.effective:%Y-%m-%d} cannot have ended on {self.ended:%Y-%m-%d}. "
                "`ended` is the first day no longer in force."
            )
        if not self.name:
            named = f"truce of {self.effective.day} {self.effective:%B %Y}"
            object.__setattr__(self, "name", named)

    @property
    def phrase(self) -> str:
        """What follows "the" in a sentence: truce of 31 August 2019, Sochi memorandum, or truce “spring”."""
        said = self.name.casefold().split()
        return self.name if ": " not in self.name and KIND_OF_TRUCE & set(said) else f"truce “{self.name}”"

    def __repr__(self) -> str:
        dates = [f"{self.effective:%Y-%m-%d}"]
        for attribute in ("announced", "ended"):
            day = getattr(self, attribute)
            dates += [f"{attribute}={day:%Y-%m-%d}"] if day is not None else []
        return f"Truce({', '.join(dates)})"


Truces: TypeAlias = Truce | Iterable[Truce] | Mapping[str, Truce]


def listed(truces: Truces, name: str = "truces") -> tuple[Truce, ...]:
    """One truce or several, by name or not, as a tuple.

    Raises
    ------
    InputError
    """
    several = truces.values() if isinstance(truces, Mapping) else truces
    given = (several,) if isinstance(several, str) or not isinstance(several, Iterable) else tuple(several)
    for each in given:
        require_kind(each, Truce, name)
    return given


def truce_periods(days: pd.DatetimeIndex, truce: Truce) -> pd.Series:
    """Label days "before", "during" or "after" a truce; with no end, there is no "after".

    Parameters
    ----------
    days : DatetimeIndex of shape (n_days,)
    truce : Truce

    Returns
    -------
    Series of str, shape (n_days,)

    Examples
    --------
    >>> import pandas as pd
    >>> import conflictts as ct
    >>> truce = ct.Truce("2019-08-31", ended="2019-09-02")
    >>> ct.truce_periods(pd.date_range("2019-08-30", "2019-09-02"), truce).tolist()
    ['before', 'during', 'during', 'after']
    """
    require_kind(days, pd.DatetimeIndex, "days")
    require_kind(truce, Truce, "truce")
    period = pd.Series("during", days)
    period[days < truce.effective] = "before"
    if truce.ended is not None:
        period[days >= truce.ended] = "after"
    return period
