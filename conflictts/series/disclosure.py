"""A daily series in, weeks and places out that may be shown to anyone: small cells withheld, the others rounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from conflictts.errors import InputError, TooLittleData
from conflictts.incidents.table import Incidents, Where, matching_records
from conflictts.series.counting import NOT_STATED
from conflictts.series.daily import DailySeries
from conflictts.series.measures import PARTS, Measure, amounts_of
from conflictts.series.panel import DailyPanel

SMALLEST, LEAST = 5, 3  # the usual threshold of agencies, and the least that hides anything
GRID = 10  # cells of a map per degree: 0.1 degree, about 11 km
CELL = "place"  # the column that holds a record's cell of the grid while places are counted
OF_PERSONS = ("deaths", "civilians", "combatants", "injured")


@dataclass(frozen=True, slots=True, eq=False)
class SafeWeeks:
    """Whole weeks, Monday to Sunday, as anyone may see them.

    Everything else that an anonymised report states is computed from these two tables, so it tells nothing beyond them.

    Attributes
    ----------
    weeks : DataFrame, index Mondays, columns status and count
        ``status`` is "shown" (`count` is the toll to the nearest multiple of `k`), "withheld" (NaN: a toll or a number
        of incidents from 1 to ``k - 1``) or "not observed" (NaN: some day was not watched, or is provisional).
    stretches : DataFrame, columns first, last, withheld, count
        Runs of weeks, first and last Monday, without overlap: how many of them are withheld, and their toll together,
        to the nearest multiple of `k`; NaN where only one is.
    """

    weeks: pd.DataFrame
    stretches: pd.DataFrame
    k: int
    measure: str
    unit: str

    def total(self, first: pd.Timestamp, last: pd.Timestamp) -> float:
        """Toll of the weeks from one Monday to another, between which whole stretches lie: a multiple of `k`.

        A withheld week that stands alone in its stretch counts as half of `k`, as any other figure would tell it.
        """
        shown = float(self.weeks.loc[first:last, "count"].sum())
        inside = self.stretches[(self.stretches["first"] >= first) & (self.stretches["last"] <= last)]
        withheld = inside["count"].where(inside["withheld"] != 1, self.k / 2).sum()
        return float(_rounded(shown + withheld, self.k))

    def surely(self, first: pd.Timestamp, last: pd.Timestamp) -> float:
        """The least that the weeks from one Monday to another can hold, by all that is told of them."""
        below = self.k // 2
        shown = self.weeks.loc[first:last, "count"]
        inside = self.stretches[(self.stretches["first"] >= first) & (self.stretches["last"] <= last)]
        least = [_least_told(int(number), self.k) for number in inside["withheld"]]
        withheld = inside["count"].where(inside["count"] > least)
        return float((shown[shown > 0] - below).sum() + (withheld.dropna() - below).clip(lower=0).sum())

    def filled(self) -> pd.Series:
        """Toll per week, NaN where not observed; each withheld week has an even share of those of its stretch."""
        counts = self.weeks["count"].copy()
        for row in self.stretches.to_dict("records"):
            part = self.weeks.loc[row["first"] : row["last"], "status"] == "withheld"
            toll = self.k / 2 if row["withheld"] == 1 else row["count"]
            counts.loc[part.index[part]] = toll / max(row["withheld"], 1)
        return counts


def withhold_small_weeks(daily: DailySeries, *, k: int = SMALLEST, cuts: Iterable[pd.Timestamp] = ()) -> SafeWeeks:
    """Add days up to whole weeks, withhold those with few incidents or a small toll, and round the others.

    Parameters
    ----------
    daily : DailySeries
        Of records `with_toll`.
    k : int, default 5
        Tolls and numbers of incidents from 1 to ``k - 1`` are withheld; what is shown is a multiple of `k`. At least 3.
    cuts : iterable of Timestamp
        Mondays that begin a new stretch; totals can be had from one cut to another.

    Raises
    ------
    InputError
        If `k` is under 3.
    TooLittleData
        If no whole week is covered.

    Notes
    -----
    Each shown figure is rounded by itself, and the withheld weeks of a stretch are told together and only where there
    are two or more, never as so little or so much that any of them could not be each of 1 to ``k - 1``. Every withheld
    week can therefore still be any of these values, whatever is subtracted from whatever.

    References
    ----------
    Hundepool et al. (2024), Handbook on Statistical Disclosure Control, 2nd edition, chapter 5 (threshold rule,
    conventional rounding, disclosure by differencing). Office for National Statistics, Policy on protecting
    confidentiality in tables of birth and death statistics.

    Examples
    --------
    >>> import conflictts as ct
    >>> weeks = withhold_small_weeks(ct.daily_series(ct.load_idlib_2019(), measure="civilians")).weeks
    >>> weeks["count"].iloc[3:5].tolist(), weeks["status"].iloc[-1]
    ([25.0, 40.0], 'withheld')
    """
    require_threshold(k)
    first, last = daily.coverage
    if sunday_before(last) < monday_after(first):
        raise TooLittleData(
            f"No whole week, Monday to Sunday, lies inside coverage {first:%Y-%m-%d}..{last:%Y-%m-%d}, and only whole "
            "weeks are shown. Widen `coverage`."
        )
    whole = daily.table.loc[monday_after(daily.coverage[0]) : sunday_before(daily.coverage[1])]
    mondays = pd.DatetimeIndex(whole.index[::7])
    toll, incidents = (whole[name].to_numpy().reshape(-1, 7).sum(axis=1) for name in ("best", "incidents"))
    watched = (whole["status"].to_numpy() == "observed").reshape(-1, 7).all(axis=1)
    begins = pd.DatetimeIndex(sorted({*mondays[:1], *(cut for cut in cuts if cut in mondays)}))
    stretch = np.searchsorted(begins, mondays, side="right") - 1
    counts, small, together = weeks_told(toll, incidents, watched, stretch, k, persons=daily.measure in OF_PERSONS)
    status = np.select([small, watched], ["withheld", "shown"], "not observed")
    ends = [mondays[stretch == number][-1] for number in range(len(begins))]
    withheld = [int(small[stretch == number].sum()) for number in range(len(begins))]
    return SafeWeeks(
        weeks=pd.DataFrame({"status": status, "count": counts}, index=mondays),
        stretches=pd.DataFrame({"first": begins, "last": ends, "withheld": withheld, "count": together}),
        k=k,
        measure=daily.measure,
        unit=daily.unit,
    )


def weeks_told(
    toll: np.ndarray, incidents: np.ndarray, watched: np.ndarray, stretch: np.ndarray, k: int, *, persons: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a reader is told of weeks: all that depends on their tolls, and nothing else may.

    Parameters
    ----------
    toll, incidents : ndarray of float, shape (n_weeks,)
    watched : ndarray of bool, shape (n_weeks,)
    stretch : ndarray of int, shape (n_weeks,)
        Number of each week's stretch, from 0.
    persons : bool
        Whether the toll is of persons, of whom a single incident may hold any number.

    Returns
    -------
    counts : ndarray of float, shape (n_weeks,)
        NaN where withheld or not watched.
    small : ndarray of bool, shape (n_weeks,)
        Whether withheld.
    together : ndarray of float, shape (n_stretches,)
        Toll of the withheld weeks of each stretch, NaN where there is only one.
    """
    small = watched & (_small(toll, k) | (_small(incidents, k) & (toll > 1e-9)))
    counts = np.where(watched & ~small, _rounded(np.nan_to_num(toll), k), np.nan)
    parts = [small & (stretch == number) for number in range(stretch[-1] + 1)]
    together = [_told_together(float(toll[part].sum()), int(part.sum()), k, persons=persons) for part in parts]
    return counts, small, np.array(together)


def _told_together(toll: float, withheld: int, k: int, *, persons: bool) -> float:
    """The toll of withheld weeks, so rounded that each of them may still be any of 1 .. k - 1.

    A withheld week holds one at least. One of few incidents may hold any number of persons, so only a small sum of
    these tells something of a single week; a number of incidents that is withheld is k - 1 at most.
    """
    if withheld < 2:
        return 0.0 if withheld == 0 else np.nan
    most = np.inf if persons else k * ((1 + k // 2 + (withheld - 1) * (k - 1)) // k)
    return min(max(float(_rounded(toll, k)), _least_told(withheld, k)), most)


def _least_told(withheld: int, k: int) -> float:
    """The least sum of so many withheld weeks that is told: one of them may then still be ``k - 1``."""
    above = (k - 1) // 2  # how far a whole number may lie above the multiple that it is rounded to
    return float(k * -(-(k - 1 - above + withheld - 1) // k))


def with_toll(incidents: Incidents, measure: Measure, where: Where) -> Incidents:
    """The same records, those of nobody as if they did not state it: so they add no incident to a cell.

    A record of one massacre among many of nobody must not be shown because these are many. Where none counts anything,
    they are given as they are.
    """
    table = incidents.table
    toll = amounts_of(table, measure)["best"]
    if not ((toll > 0) & matching_records(table, where)).any():
        return incidents
    told_of = OF_PERSONS if measure == "deadly incidents" else (measure,)
    figures = [f"{kind}_{part}" for kind in told_of for part in PARTS if f"{kind}_{part}" in table]
    return replace(incidents, table=table.assign(**table[figures].mask(toll == 0)))


def safe_places(panel: DailyPanel, safe: SafeWeeks) -> pd.DataFrame:
    """Toll per cell of the map over the weeks that were watched, where it and its number of incidents reach `k`.

    Parameters
    ----------
    panel : DailyPanel
        Of records whose `place` is a cell, as from `on_grid`.
    safe : SafeWeeks
        Of the same records.

    Returns
    -------
    DataFrame, columns latitude, longitude (centre of the cell, degrees), count (a multiple of `k`)
        Most first. Cells of fewer are left out, and not numbered. As many cells are told as can be without the least
        that they can hold together passing the least that the weeks shown can hold: so places tell nothing of a
        withheld week.
    """
    k, rows = safe.k, []
    seen = safe.weeks.index[safe.weeks["status"] != "not observed"]
    for key in panel:
        table = panel[key].table
        by_week = (
            table[["best", "incidents"]].groupby(table.index - pd.to_timedelta(table.index.day_of_week, "D")).sum()
        )
        toll, incidents = by_week.reindex(seen).sum()
        if key != NOT_STATED and min(toll, incidents) >= k:
            latitude, longitude = str(key).split()
            rows.append((float(latitude), float(longitude), float(_rounded(toll, k))))
    places = pd.DataFrame(rows, columns=["latitude", "longitude", "count"])
    places = places.sort_values(["count", "latitude", "longitude"], ascending=[False, True, True], ignore_index=True)
    shown = safe.weeks["count"].dropna()
    room = float((shown[shown > 0] - k // 2).sum())
    return places[(places["count"] - k // 2).cumsum() <= room].reset_index(drop=True)


def on_grid(incidents: Incidents) -> Incidents:
    """The same records with the centre of their cell as their `place`; blank where the source gives no coordinates."""
    table = incidents.table
    if "latitude" not in table or "longitude" not in table:
        return replace(incidents, table=table.assign(**{CELL: ""}))
    known = table["latitude"].notna() & table["longitude"].notna()
    cells = [
        f"{_centre(latitude):.1f} {_centre(longitude):.1f}" if here else ""
        for latitude, longitude, here in zip(table["latitude"], table["longitude"], known, strict=True)
    ]
    return replace(incidents, table=table.assign(**{CELL: pd.Series(cells, table.index, dtype="str")}))


def _centre(degrees: float) -> float:
    return float(np.floor(degrees * GRID + 0.5)) / GRID + 0.0  # no minus zero


def require_threshold(k: int) -> None:
    """Raise InputError where a threshold would hide nothing."""
    if k < LEAST:
        raise InputError(
            f"Cells of fewer than {k} are to be withheld: that hides nothing. Give {LEAST} or more; {SMALLEST} is "
            "usual."
        )


def monday_after(day: pd.Timestamp) -> pd.Timestamp:
    """The day itself where it is a Monday, else the next one."""
    return day + pd.Timedelta(days=-day.day_of_week % 7)


def sunday_before(day: pd.Timestamp) -> pd.Timestamp:
    """The day itself where it is a Sunday, else the last one."""
    return day - pd.Timedelta(days=(day.day_of_week + 1) % 7)


def _small(values: np.ndarray, k: int) -> np.ndarray:
    """Above 0, and under k; sums of shares of one record may miss a whole number by the last bits."""
    return (values > 1e-9) & (values < k - 1e-9)


def _rounded(values: np.ndarray | float, k: int) -> np.ndarray:
    """To the nearest multiple, halves upwards."""
    return k * np.floor(np.asarray(values) / k + 0.5 + 1e-12)
