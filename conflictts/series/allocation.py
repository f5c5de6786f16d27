"""Records of several days laid over their days. Arrays in, arrays out."""

from __future__ import annotations

from typing import Literal

import numpy as np

Allocation = Literal["spread", "exact", "start", "midpoint"]
ALLOCATIONS: tuple[Allocation, ...] = ("spread", "exact", "start", "midpoint")


def allocate(
    first: np.ndarray, last: np.ndarray, amounts: np.ndarray, n_days: int, *, allocation: Allocation
) -> tuple[np.ndarray, np.ndarray]:
    """Lay the amounts of records over days numbered 0 .. n_days - 1.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_records,)
        First and last day of each record, inclusive, as day numbers; they may lie outside 0 .. n_days - 1.
    amounts : ndarray of float, shape (n_records, n_measures)
        What each record adds, no NaN.
    n_days : int
        Days covered.
    allocation : {"spread", "exact", "start", "midpoint"}
        "spread" gives every day of a record an equal share; "start" and "midpoint" give all to one day; "exact" is
        "start" for records that the caller has already reduced to those of one day.

    Returns
    -------
    daily : ndarray of float, shape (n_days, n_measures)
        Sums per day.
    inside : ndarray of float, shape (n_records,)
        Share of each record that fell on covered days, 0 .. 1. ``daily.sum(0)`` equals ``inside @ amounts``.
    """
    length = last - first + 1
    if allocation == "spread":
        begin, end = np.maximum(first, 0), np.minimum(last, n_days - 1)
        covered = np.maximum(end - begin + 1, 0)
    else:
        begin = first + (length - 1) // 2 if allocation == "midpoint" else first
        covered = ((begin >= 0) & (begin < n_days)).astype(np.int64)
        length = np.ones_like(length)
    # One entry per record and covered day; most records have one day, so this stays linear in the records.
    record = np.repeat(np.arange(len(first)), covered)
    step = np.arange(len(record)) - np.repeat(np.cumsum(covered) - covered, covered)
    day = np.repeat(begin, covered) + step
    daily = np.zeros((n_days, amounts.shape[1]))
    for column in range(amounts.shape[1]):
        shares = amounts[record, column] / length[record]
        daily[:, column] = np.bincount(day, weights=shares, minlength=n_days) if len(day) else 0.0
    return daily, covered / length
