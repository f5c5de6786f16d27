"""Records of several days laid over their days. Arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Allocation = Literal["spread", "exact", "start", "midpoint"]
DrawnUnit = Literal["persons", "records"]
AT_ONCE = 2**20  # pieces that are laid out at a time, some 50 MB
DRAWN_UNITS: tuple[DrawnUnit, ...] = ("persons", "records")
ALLOCATIONS: tuple[Allocation, ...] = ("spread", "exact", "start", "midpoint")
IN_WORDS = {"spread": "equal shares", "exact": "single days alone", "start": "first day", "midpoint": "middle day"}


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The covered days on which each record lies: one piece per record and day.

    Attributes
    ----------
    record : ndarray of int, shape (n_pieces,)
        Position of the record, in order.
    day : ndarray of int, shape (n_pieces,)
        Day number, 0 .. n_days - 1; pieces outside are left out.
    parts : ndarray of int, shape (n_records,)
        Into how many equal parts each record was divided, those outside included.
    """

    record: np.ndarray
    day: np.ndarray
    parts: np.ndarray

    def share_on(self, chosen: np.ndarray) -> np.ndarray:
        """Share of each record, 0 .. 1, that lies on the chosen days (ndarray of bool, shape (n_days,))."""
        return np.asarray(np.bincount(self.record[chosen[self.day]], minlength=len(self.parts)) / self.parts)


def lay_out(first: np.ndarray, last: np.ndarray, n_days: int, *, allocation: Allocation) -> Layout:
    """Lay records over days numbered 0 .. n_days - 1.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_records,)
        First and last day of each record, inclusive, as day numbers; they may lie outside 0 .. n_days - 1.
    n_days : int
        Days covered.
    allocation : {"spread", "exact", "start", "midpoint"}
        "spread" gives every day of a record an equal share; "start" and "midpoint" give all to one day; "exact" is
        "start" for records that the caller has already reduced to those of one day.
    """
    length = last - first + 1
    if allocation == "spread":
        begin, end = np.maximum(first, 0), np.minimum(last, n_days - 1)
        covered = np.maximum(end - begin + 1, 0)
    else:
        begin = first + (length - 1) // 2 if allocation == "midpoint" else first
        covered = ((begin >= 0) & (begin < n_days)).astype(np.int64)
        length = np.ones_like(length)
    # One piece per record and covered day; most records have one day, so this stays linear in the records.
    record = np.repeat(np.arange(len(first)), covered)
    step = np.arange(len(record)) - np.repeat(np.cumsum(covered) - covered, covered)
    return Layout(record=record, day=np.repeat(begin, covered) + step, parts=length)


def some_at_a_time(first: np.ndarray, last: np.ndarray, n_days: int) -> Iterator[slice]:
    """The records in their order, as many at a time as make about `AT_ONCE` pieces; see `lay_out`."""
    upto = np.cumsum(np.minimum(last - first + 1, n_days))
    ends = np.searchsorted(upto, np.arange(AT_ONCE, upto[-1] if len(upto) else 0, AT_ONCE), side="right")
    bounds = np.unique([0, *ends, len(first)])
    yield from map(slice, bounds[:-1].tolist(), bounds[1:].tolist())


def add_pieces(sums: np.ndarray, layout: Layout, amounts: np.ndarray, group: np.ndarray) -> None:
    """Add the pieces to the sums of their group and day.

    Each is added by itself, in order, so that records laid out some at a time give the same to the last bit.

    Parameters
    ----------
    sums : ndarray of float, shape (n_measures, n_groups, n_days)
        Contiguous; what the pieces are added to.
    amounts : ndarray of float, shape (n_records, n_measures)
        What each record adds, no NaN.
    group : ndarray of int, shape (n_records,)
        Group of each record, 0 .. n_groups - 1.
    """
    cell = group[layout.record] * sums.shape[2] + layout.day
    for row, column in zip(sums.reshape(len(sums), -1), amounts.T, strict=True):
        np.add.at(row, cell, (column / layout.parts)[layout.record])


def draw_allocations(
    first: np.ndarray,
    last: np.ndarray,
    amounts: np.ndarray,
    group: np.ndarray,
    *,
    n_groups: int,
    n_days: int,
    draws: int,
    drawn_unit: DrawnUnit,
    rng: np.random.Generator,
) -> np.ndarray:
    """Lay whole persons, or whole records, over the days of their records, each on a day drawn by chance.

    The persons of a record fall on its days independently of each other and with equal chances, so that the counts of
    its days are multinomial; or all of them fall on one of its days. What falls outside the covered days is not
    counted. Only records of several days are drawn; the others are the same in every draw.

    Parameters
    ----------
    first, last, group : ndarray of int, shape (n_records,)
        As in `lay_out` and `sum_pieces`.
    amounts : ndarray of float, shape (n_records,)
        What each record adds: whole numbers, where persons are drawn.
    draws : int
        How many allocations.
    drawn_unit : {"persons", "records"}

    Returns
    -------
    ndarray of float, shape (n_groups, n_days, draws)
    """
    single = (last == first) & (first >= 0) & (first < n_days)
    n_cells = n_groups * n_days
    fixed = np.bincount(group[single] * n_days + first[single], weights=amounts[single], minlength=n_cells)
    unit = np.flatnonzero(last > first)
    weight = amounts[unit]
    if drawn_unit == "persons":
        unit = np.repeat(unit, weight.astype(np.int64))
        weight = np.ones(len(unit))
    begin, length, row = first[unit], (last - first + 1)[unit], group[unit] * n_days
    drawn = np.empty((n_cells, draws))
    for column in range(draws):
        day = begin + rng.integers(length)
        inside = (day >= 0) & (day < n_days)
        drawn[:, column] = fixed + np.bincount((row + day)[inside], weights=weight[inside], minlength=n_cells)
    return drawn.reshape(n_groups, n_days, draws)
