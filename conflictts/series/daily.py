"""Counts per covered day: incidents in, a gapless daily series out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, TooLittleData, UnknownNameError
from conflictts.incidents.table import Incidents, Provenance, Where, matching_records
from conflictts.series.allocation import ALLOCATIONS, Allocation, allocate

Measure = Literal["incidents", "deaths", "civilians", "combatants", "injured"]
Day: TypeAlias = str | date  # a Timestamp is a date
UNITS: dict[str, str] = {
    "incidents": "incidents",
    "deaths": "deaths",
    "civilians": "civilian deaths",
    "combatants": "combatant deaths",
    "injured": "people injured",
}
_LONGEST = 200 * 366  # days of coverage; beyond any conflict data set, so a typing error


@dataclass(frozen=True, slots=True, eq=False)
class DailySeries:
    """A measure per day over the days that a source covered.

    Attributes
    ----------
    table : DataFrame, shape (n_days, 5), gapless daily index
        ``low``, ``best``, ``high`` (the measure per day; NaN on unobserved days), ``incidents`` (records laid on the
        day, fractional where a record was spread), ``status`` ("observed", "provisional" or "unobserved").
    measure : str
        What is counted.
    unit : str
        The same in words, for labels.
    area : str
        Where, in words.
    source : str
        Who counted, and which vintage.
    allocation : str
        How records of several days were laid over their days; "none" where counts came as counts.
    allocated : float
        Share of the total (best) that comes from records of more than one day, 0 .. 1.
    no_lower_bound, no_upper_bound : int
        Records whose source states no lower (upper) bound. Their best figure stands in `low` (`high`) for it, so that
        `high` is then not a ceiling.
    account : DataFrame, columns outcome, records, best
        What became of every record, and of every unit of the measure, of the incident table.
    provenance : Provenance or None
        None where counts came as counts.
    draws : DataFrame, shape (n_days, n_draws), or None
        Whole-number allocations of the best figure, one column each; None unless asked for.
    """

    table: pd.DataFrame
    measure: str
    unit: str
    area: str
    source: str
    allocation: str
    allocated: float
    no_lower_bound: int
    no_upper_bound: int
    account: pd.DataFrame
    provenance: Provenance | None
    draws: pd.DataFrame | None = None

    @property
    def counts(self) -> pd.Series:
        """Best figure per day, NaN where unobserved. What figures show; tests use `settled`."""
        return self.table["best"]

    @property
    def settled(self) -> pd.Series:
        """Best figure per day, NaN where unobserved or still provisional. What fits and tests use."""
        return self.table["best"].where(self.table["status"] == "observed")

    @property
    def coverage(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last covered day."""
        return self.table.index[0], self.table.index[-1]

    @classmethod
    def from_counts(
        cls,
        counts: pd.Series,
        *,
        measure: str = "incidents",
        unit: str | None = None,
        area: str = "area not stated",
        source: str = "counts as given",
    ) -> DailySeries:
        """Make a series of daily counts that exist already, such as an office's table of violations.

        Parameters
        ----------
        counts : Series of shape (n_days,), daily DatetimeIndex without gaps
            Events or persons per day; NaN means that the day was not observed. Not modified.
        measure : str, default "incidents"
            What is counted; any word.
        unit : str, optional
            The same in words for labels; default by `measure`.
        area, source : str
            Where, and who counted; printed with every figure.

        Raises
        ------
        CoverageError
            If days are missing, repeated, not in order or not whole days.
        InputError
            If a count is negative, infinite or not a number.

        Examples
        --------
        >>> days = pd.date_range("2020-01-01", periods=3)
        >>> DailySeries.from_counts(pd.Series([2.0, np.nan, 0.0], days)).table["status"].tolist()
        ['observed', 'unobserved', 'observed']
        """
        index = _whole_days(counts)
        best = pd.to_numeric(counts, errors="coerce").astype("float64")
        unreadable = best.isna() & counts.notna()
        wrong = unreadable | (best < 0) | np.isinf(best)
        if wrong.any():
            raise InputError(
                f"{int(wrong.sum())} of {len(best)} daily counts are not counts, the first "
                f"{str(counts[wrong].iloc[0])!r} on {index[wrong.to_numpy()][0]:%Y-%m-%d}. "
                "Counts are 0 or more; use NaN for a day nobody observed."
            )
        table = pd.DataFrame({"low": best, "best": best, "high": best})
        table["incidents"] = best if measure == "incidents" else np.nan
        table["status"] = np.where(best.isna(), "unobserved", "observed")
        table.index = index
        account = pd.DataFrame({"outcome": ["counts as given"], "records": [len(best)], "best": [best.sum()]})
        return cls(
            table=table,
            measure=measure,
            unit=unit or UNITS.get(measure, measure),
            area=area,
            source=source,
            allocation="none",
            allocated=0.0,
            no_lower_bound=0,
            no_upper_bound=0,
            account=account,
            provenance=None,
        )

    def summary(self) -> pd.DataFrame:
        """Totals per calendar month, one row each: days observed, low, best, high, best per observed day."""
        month = self.table.index.to_period("M")
        totals = self.table[["low", "best", "high"]].groupby(month).sum(min_count=1)
        totals.insert(0, "days", self.table["best"].groupby(month).count())
        totals["per_day"] = totals["best"] / totals["days"].replace(0, np.nan)
        totals.index.name = "month"
        return totals


def daily_series(
    incidents: Incidents,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None = None,
    allocation: Allocation = "spread",
    where: Where | None = None,
) -> DailySeries:
    """Count incidents per day over the days the source covered.

    Parameters
    ----------
    incidents : Incidents
        Not modified. Details of other records (`part_of`) are never added.
    measure : {"incidents", "deaths", "civilians", "combatants", "injured"}
        What to count.
    coverage : (first, last), optional
        First and last day the source watched, inclusive. Required unless the source declares it; never guessed from
        the first and last record. Covered days without a record are 0.
    allocation : {"spread", "exact", "start", "midpoint"}, default "spread"
        How a record of several days is laid over them: equal shares; not at all, keeping only records of a single day;
        all on the first day; all on the middle day.
    where : mapping of column to value or values, optional
        Conditions on the incident table, all of which must hold.

    Returns
    -------
    DailySeries
        Its days add up to the records inside coverage, to 1e-9, in each of low, best and high. Where a record states
        no lower or upper bound its best figure is added instead, and the number of such records is stated.

    Raises
    ------
    CoverageError
        If no coverage is known, it is not a pair of days in order, or no record lies inside it.
    UnknownNameError
        If the measure, the allocation, or a column or value of `where` does not exist.
    TooLittleData
        If no record states the measure.

    Examples
    --------
    >>> import conflictts as ct
    >>> daily = ct.daily_series(ct.load_idlib_2019(), measure="civilians")
    >>> daily.summary().loc["2019-05", ["low", "best", "high"]].tolist()
    [165.0, 182.0, 183.0]
    """
    if measure not in UNITS:
        raise UnknownNameError(f"No measure {measure!r}. Choose one of {', '.join(UNITS)}.")
    if allocation not in ALLOCATIONS:
        raise UnknownNameError(f"No allocation {allocation!r}. Choose one of {', '.join(ALLOCATIONS)}.")
    days = _covered_days(coverage, incidents.provenance)
    table = incidents.table
    amounts = _amounts(table, measure)
    length = (table["date_end"] - table["date_start"]).dt.days + 1

    chosen = matching_records(table, where or {})
    detail = table["part_of"] != ""
    stated = amounts["best"].notna()
    dated = (length == 1) | (allocation != "exact")
    ledger = incidents.ledger
    if table.empty and ledger.n_quarantined:
        fault = ledger.quarantined.iloc[0]
        raise TooLittleData(
            f"All {ledger.read:,} rows of {fault['file']} are in quarantine, the first because {fault['column']} = "
            f"{fault['value'][:40]!r} is {fault['reason']}. See them all with conflictts check, and mend the file."
        )
    asked = chosen & ~detail
    if not (stated & asked).any():
        raise TooLittleData(
            f"None of the {int(asked.sum()):,} records{' with ' + _in_words(where) if where else ''} states "
            f"{UNITS[measure]}. Choose another measure, or a source that counts them."
        )
    if not (dated & stated & asked).any():
        raise TooLittleData(
            f"None of the {int((stated & asked).sum()):,} records is dated to one day, so allocation 'exact' leaves "
            "nothing to count. Use 'spread'."
        )
    outcome = pd.Series("counted", table.index)
    outcome[~dated] = "not dated to one day (allocation 'exact')"
    outcome[~stated] = f"{UNITS[measure]} not stated"
    outcome[detail] = "detail of a counted record"
    outcome[~chosen] = f"not {_in_words(where or {})}"
    counted = (outcome == "counted").to_numpy()

    numbers = amounts.fillna({"low": amounts["best"], "high": amounts["best"]}).loc[counted].to_numpy()
    origin = days[0]
    first = (table.loc[counted, "date_start"] - origin).dt.days.to_numpy()
    last = (table.loc[counted, "date_end"] - origin).dt.days.to_numpy()
    with_records = np.column_stack([numbers, np.ones(len(numbers))])
    sums, inside = allocate(first, last, with_records, len(days), allocation=allocation)
    if not inside.any():
        span = table.loc[counted]
        raise CoverageError(
            f"None of {counted.sum():,} records lies inside coverage {origin:%Y-%m-%d}..{days[-1]:%Y-%m-%d}; they lie "
            f"between {span['date_start'].min():%Y-%m-%d} and {span['date_end'].max():%Y-%m-%d}. Correct `coverage`."
        )
    _assert_nothing_lost(sums, inside, with_records)

    frame = pd.DataFrame(sums, index=days, columns=["low", "best", "high", "incidents"])
    frame["status"] = "observed"
    frame.index.name = "day"
    touched = inside > 0
    counted_rows = amounts.loc[counted]
    long = length[counted].to_numpy() > 1
    best_inside = numbers[:, 1] * inside
    total = best_inside.sum()
    provenance = incidents.provenance
    return DailySeries(
        table=frame,
        measure=measure,
        unit=UNITS[measure],
        area=f"{provenance.area}{', ' + _in_words(where) if where else ''}",
        source=f"{provenance.provider}, {provenance.vintage}",
        allocation=allocation,
        allocated=float(best_inside[long].sum() / total) if total > 0 else 0.0,
        no_lower_bound=int((counted_rows["low"].isna().to_numpy() & touched).sum()),
        no_upper_bound=int((counted_rows["high"].isna().to_numpy() & touched).sum()),
        account=_account(outcome, amounts["best"], numbers[:, 1], inside),
        provenance=provenance,
    )


def _whole_days(counts: pd.Series) -> pd.DatetimeIndex:
    index = counts.index
    if not isinstance(index, pd.DatetimeIndex) or len(index) == 0:
        raise CoverageError(
            f"Daily counts need an index of dates, met {len(index)} rows indexed by {index.dtype}. "
            "Use pd.to_datetime on the dates and set them as the index."
        )
    if index.hasnans:
        raise CoverageError(f"{int(index.isna().sum())} of {len(index)} dates are blank. Give every count its day.")
    if index.tz is not None or (index != index.normalize()).any():
        raise CoverageError("Daily counts need whole days without a time zone. Use .tz_localize(None).normalize().")
    whole = pd.date_range(index[0], index[-1], freq="D", unit="us")
    if len(whole) != len(index) or (whole != index).any():
        missing = whole.difference(index)
        what = f"{len(missing)} days are missing, the first {missing[0]:%Y-%m-%d}" if len(missing) else "they repeat"
        if index[0] > index[-1] or (not index.is_monotonic_increasing and not index.has_duplicates):
            what = "they are not in order"
        raise CoverageError(
            f"Daily counts must have every day from first to last once and in order: {what}. Sort them, and put NaN on "
            "days that were not observed and 0 on days that were quiet."
        )
    return whole.rename("day")


def _covered_days(coverage: tuple[Day, Day] | None, provenance: Provenance) -> pd.DatetimeIndex:
    declared = coverage or provenance.coverage
    if declared is None:
        raise CoverageError(
            f"{provenance.provider} does not say which days it covered. Declare them: coverage=(first, last)."
        )
    first, last = pair_of_days(declared, "coverage")
    if (last - first).days >= _LONGEST:
        raise CoverageError(
            f"Coverage {first:%Y-%m-%d}..{last:%Y-%m-%d} is {(last - first).days + 1:,} days long, more than "
            f"{_LONGEST:,}. Correct the years."
        )
    return pd.date_range(first, last, freq="D", unit="us", name="day")


def whole_day(value: object, name: str) -> pd.Timestamp:
    """Read a date as a whole day; the hour is dropped.

    Raises
    ------
    CoverageError
        If it is no date, or has a time zone.
    """
    try:
        day = pd.NaT if isinstance(value, (int, float)) else pd.Timestamp(value)
    except (ValueError, TypeError):
        day = pd.NaT
    if day is pd.NaT:
        raise CoverageError(f"{name} = {value!r} is not a date. Write YYYY-MM-DD.")
    if day.tz is not None:
        raise CoverageError(f"{name} = {value!r} has a time zone, and days here have none. Give the plain date.")
    return day.normalize()


def pair_of_days(pair: tuple[Day, Day], name: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Read (first, last) as two whole days in order.

    Raises
    ------
    CoverageError
        If it is not a pair of dates, or ends before it starts.
    """
    if isinstance(pair, str) or len(pair) != 2:
        raise CoverageError(f"{name} = {pair!r} is not a pair of dates. Give (first, last).")
    first, last = (whole_day(value, name) for value in pair)
    if first > last:
        raise CoverageError(f"{name} {first:%Y-%m-%d}..{last:%Y-%m-%d} ends before it starts. Give (first, last).")
    return first, last


def _amounts(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    if measure == "incidents":
        return pd.DataFrame(1.0, table.index, ["low", "best", "high"])
    blank = pd.Series(np.nan, table.index)
    return pd.DataFrame({part: table.get(f"{measure}_{part}", blank) for part in ("low", "best", "high")})


def _assert_nothing_lost(sums: np.ndarray, inside: np.ndarray, amounts: np.ndarray) -> None:
    for column in range(amounts.shape[1]):
        records, days = math.fsum(inside * amounts[:, column]), math.fsum(sums[:, column])
        if abs(records - days) > 1e-9 * max(1.0, abs(records)):
            raise AssertionError(f"days add up to {days!r}, records inside coverage to {records!r}")


def _account(outcome: pd.Series, best: pd.Series, counted_best: np.ndarray, inside: np.ndarray) -> pd.DataFrame:
    whole, partly, outside = inside >= 1, (inside > 0) & (inside < 1), inside == 0
    lines = [("counted", int(whole.sum()), float(counted_best[whole].sum()))]
    if partly.any():
        part = counted_best[partly] * inside[partly]
        lines.append(("counted for its days inside coverage", int(partly.sum()), float(part.sum())))
        lines.append(("  the same records' days outside", 0, float(counted_best[partly].sum() - part.sum())))
    if outside.any():
        lines.append(("outside coverage", int(outside.sum()), float(counted_best[outside].sum())))
    for reason in outcome[outcome != "counted"].unique():
        rows = outcome == reason
        lines.append((reason, int(rows.sum()), float(best[rows].sum())))
    return pd.DataFrame(lines, columns=["outcome", "records", "best"])


def _in_words(where: Where) -> str:
    """{"admin1": ["Idlib", "Hama"]} -> "admin1 Idlib or Hama"."""

    def either(values: str | Sequence[str]) -> str:
        return values if isinstance(values, str) else " or ".join(values)

    return ", ".join(f"{column} {either(values)}" for column, values in where.items())
