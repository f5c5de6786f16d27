"""What changed at a truce, from weeks that may be shown to anyone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import TooLittleData
from conflictts.series.daily import DailySeries, Day
from conflictts.series.disclosure import SafeWeeks, monday_after, sunday_before
from conflictts.series.numerals import so_many
from conflictts.truce.negbin import fit_negbin
from conflictts.truce.period import Truce
from conflictts.truce.window import choose_window

MIN_WEEKS_BEFORE, MIN_WEEKS_AFTER = 4, 3
WEEK = pd.Timedelta(weeks=1)
STEP = np.array([0.0, 1.0])
LEVEL = 0.95  # of the interval


@dataclass(frozen=True, slots=True)
class Sides:
    """The whole weeks on either side of a truce's first day; the week that it cuts is on neither.

    Attributes
    ----------
    before, after : (Timestamp, Timestamp)
        First and last Monday; the last lies before the first where there is no whole week.
    """

    before: tuple[pd.Timestamp, pd.Timestamp]
    after: tuple[pd.Timestamp, pd.Timestamp]

    @property
    def cuts(self) -> tuple[pd.Timestamp, ...]:
        """The Mondays with which either side, and what follows it, begins."""
        return tuple(monday for first, last in (self.before, self.after) for monday in (first, last + WEEK))


def sides_of(daily: DailySeries, truce: Truce, window: tuple[Day, Day] | None = None) -> Sides:
    """The whole weeks of a window, chosen as by `estimate_truce_effect`, on either side of a truce's first day."""
    first, last = choose_window(daily, truce, window)
    one = pd.Timedelta(days=1)
    return Sides(
        before=(monday_after(first), sunday_before(truce.effective - one) - 6 * one),
        after=(monday_after(truce.effective), sunday_before(last) - 6 * one),
    )


@dataclass(frozen=True, slots=True, eq=False)
class SafeEffect:
    """Rates before and after a truce's first day, and their ratio, as anyone may see them.

    Attributes
    ----------
    sides : DataFrame, index before and after, columns first, last, weeks, withheld, total, per_week
        First and last Monday, weeks observed, how many of them are withheld, toll (a multiple of the threshold).
    rate_ratio, lower, upper : float
        After over before by the tolls in `sides`, and the ends of its interval: negative binomial regression of the
        weeks' rounded tolls on a step, with a covariance for weeks that remember each other.
    """

    truce: Truce
    sides: pd.DataFrame
    rate_ratio: float
    lower: float
    upper: float
    level: float


def safe_effect(safe: SafeWeeks, truce: Truce, sides: Sides) -> SafeEffect:
    """Compare the weeks on either side of a truce's first day.

    Parameters
    ----------
    safe : SafeWeeks
        With the cuts of `sides`.

    Raises
    ------
    TooLittleData
        If a side has too few weeks, or too little of a toll for what is withheld and rounded in it.
    """
    rows = [_side(safe, first, last) for first, last in (sides.before, sides.after)]
    table = pd.DataFrame(rows, index=["before", "after"])
    for name, least in (("before", MIN_WEEKS_BEFORE), ("after", MIN_WEEKS_AFTER)):
        weeks, surely = int(table.loc[name, "weeks"]), safe.surely(*(sides.before, sides.after)[name == "after"])
        if weeks < least:
            raise TooLittleData(
                f"Only {so_many(weeks, 'observed whole week')}, Monday to Sunday, {name} the truce; at least {least} "
                "are needed for a ratio that tells nothing of single records. Widen the window or the coverage."
            )
        if surely < 2 * safe.k:
            raise TooLittleData(
                f"Too few {safe.unit} in {weeks} whole weeks {name} the truce: where cells of fewer than {safe.k} are "
                f"withheld, {2 * safe.k} must be sure on each side. Widen the window or the area, or choose a measure "
                "with more counts."
            )
    filled = safe.filled()
    used = pd.concat([filled.loc[first:last] for first, last in (sides.before, sides.after)]).dropna()
    after = np.asarray(used.index >= sides.after[0], dtype=float)
    number = np.asarray((used.index - used.index[0]).days // 7)
    fit = fit_negbin(used.to_numpy(), np.column_stack([np.ones(len(used)), after]), slow_columns=2, day=number)
    ratio = float(table.loc["after", "per_week"] / table.loc["before", "per_week"])
    factor = float(np.exp(fit.half_width(STEP, LEVEL)))
    return SafeEffect(truce, table, ratio, ratio / factor, ratio * factor, LEVEL)


def _side(safe: SafeWeeks, first: pd.Timestamp, last: pd.Timestamp) -> dict[str, object]:
    status = safe.weeks.loc[first:last, "status"]
    weeks = int((status != "not observed").sum())
    total = safe.total(first, last)
    return {
        "first": first,
        "last": last,
        "weeks": weeks,
        "withheld": int((status == "withheld").sum()),
        "total": total,
        "per_week": total / weeks if weeks else np.nan,
    }
