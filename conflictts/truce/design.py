"""Which days a comparison uses, and the columns of its regression: step, weekday, erosion or trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

Model = Literal["level", "level+erosion", "level+trend"]
MODELS: tuple[Model, ...] = get_args(Model)
SLOPES: dict[str, str] = {"level+erosion": "erosion", "level+trend": "trend"}


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The days used and their regressors, as arrays.

    Attributes
    ----------
    names : tuple of str
        "intercept", "truce", then "erosion" or "trend" if the model has one, then "weekday_1" ... "weekday_6".
    matrix : ndarray, shape (n_used_days, n_columns)
    slow : ndarray, shape (n_calendar_days, n_slow)
        The slow columns (all but the weekdays) for every day of the window.
    used : ndarray of int, shape (n_used_days,)
        Positions in the window of the days used.
    after : ndarray of bool, shape (n_used_days,)
        Whether a used day lies after the date.
    counts : ndarray, shape (n_used_days,)
    offset : ndarray, shape (n_calendar_days,)
        Known part of the log mean.
    no_weekdays : str
        Why a weekday profile that was asked for is not among the columns, or "".
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    slow: np.ndarray
    used: np.ndarray
    after: np.ndarray
    counts: np.ndarray
    offset: np.ndarray
    no_weekdays: str = ""

    @property
    def n_slow(self) -> int:
        """Columns that vary slowly against a week."""
        return int(self.slow.shape[1])

    @property
    def has_weekdays(self) -> bool:
        """Whether a weekday profile is among the columns."""
        return len(self.names) > self.n_slow

    def without_truce(self) -> np.ndarray:
        """The matrix of the same days had there been no truce: no step and no erosion, the trend goes on."""
        matrix = self.matrix.copy()
        matrix[:, 1] = 0.0
        if "erosion" in self.names:
            matrix[:, 2] = 0.0
        return matrix

    def frame(self, days: pd.DatetimeIndex) -> pd.DataFrame:
        """The matrix with names and dates; `days` is the window."""
        return pd.DataFrame(self.matrix, index=days[self.used], columns=list(self.names))


def make_design(
    counts: np.ndarray,
    *,
    first_after: int,
    day_of_week: np.ndarray,
    model: Model,
    weekday: bool,
    transition: int = 0,
    offset: np.ndarray | None = None,
) -> Design:
    """Lay out the regression of a window.

    Parameters
    ----------
    counts : ndarray, shape (n_calendar_days,)
        NaN on days not to use.
    first_after : int
        Position of the truce's first day.
    day_of_week : ndarray of int, shape (n_calendar_days,)
        Monday 0.
    model : {"level", "level+erosion", "level+trend"}
    weekday : bool
        Ask for a weekday profile. It is left out where a day of the week has no counts at all, or one day holds over
        half of a side's: that day would be taken for the habit of its weekday, on the other side too.
    transition : int
        Days on each side of the date to leave out.
    offset : ndarray, shape (n_calendar_days,), optional
    """
    position = np.arange(len(counts))
    after = position >= first_after
    keep = ~np.isnan(counts) & ((position < first_after - transition) | (position >= first_after + transition))
    used = np.flatnonzero(keep)
    weeks = (position - first_after) / 7
    slow = [np.ones(len(counts)), after.astype(float)]
    names = ["intercept", "truce"]
    if model in SLOPES:
        slow.append(weeks * after if model == "level+erosion" else weeks)
        names.append(SLOPES[model])
    y = counts[used]
    columns = [column[used] for column in slow]
    no_weekdays = _why_no_weekdays(y, after[used], day_of_week[used]) if weekday else ""
    if weekday and not no_weekdays:
        columns += [(day_of_week[used] == k).astype(float) for k in range(1, 7)]
        names += [f"weekday_{k}" for k in range(1, 7)]
    return Design(
        names=tuple(names),
        matrix=np.column_stack(columns),
        slow=np.column_stack(slow),
        used=used,
        after=after[used],
        counts=y,
        offset=np.zeros(len(counts)) if offset is None else offset,
        no_weekdays=no_weekdays,
    )


def story_of_one_day(counts: np.ndarray) -> bool:
    """Whether one of several days holds over half of their counts; NaN where not used."""
    seen = counts[~np.isnan(counts)]
    return bool(len(seen) > 1 and seen.max() > seen.sum() / 2)


def _why_no_weekdays(counts: np.ndarray, after: np.ndarray, day_of_week: np.ndarray) -> str:
    if not (np.bincount(day_of_week, weights=counts, minlength=7) > 0).all():
        return "one day of the week has no counts at all, so no weekday profile was fitted"
    if story_of_one_day(counts[~after]) or story_of_one_day(counts[after]):
        return "no weekday profile was fitted, since it would take the single day for the habit of its weekday"
    return ""
