"""Counts per covered day: incidents in, a gapless daily series out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
import pandas as pd

from conflictts.errors import require_kind
from conflictts.incidents.checks import warn_of_districts
from conflictts.incidents.table import Incidents, Provenance, Where, matching_records
from conflictts.series.allocation import Allocation, DrawnUnit
from conflictts.series.counting import (
    SUMS,
    Bundles,
    Tally,
    count_bundles,
    counted_area,
    require_drawable,
    require_known,
)
from conflictts.series.coverage import Day as Day
from conflictts.series.coverage import after_the_source, covered_days, in_gaps
from conflictts.series.coverage import pair_of_days as pair_of_days
from conflictts.series.coverage import whole_day as whole_day
from conflictts.series.given import Corrections, Given, Rule, daily_counts, daily_increments
from conflictts.series.measures import UNITS as UNITS
from conflictts.series.measures import Measure as Measure
from conflictts.series.reporting import LAG_UNKNOWN, ReportingLag, provisional_days

if TYPE_CHECKING:
    from conflictts.series.panel import DailyPanel

NO_AREA = "area not stated"


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
        Allocations of the best figure drawn by chance, one column each (NaN on unobserved days); None unless asked for.
        Their spread by month stands in `summary`.
    reporting_lag : str
        How long days stay provisional, in words, or "not known": then no day is marked provisional.
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
    reporting_lag: str = LAG_UNKNOWN

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
        gaps: Iterable[tuple[Day, Day]] = (),
        measure: str = "incidents",
        unit: str | None = None,
        area: str = NO_AREA,
        source: str = "counts as given",
    ) -> DailySeries:
        """Make a series of daily counts that exist already, such as an office's table of violations.

        Parameters
        ----------
        counts : Series of shape (n_days,), daily DatetimeIndex without holes but for declared gaps
            Events or persons per day; NaN means that the day was not observed. Not modified.
        gaps : iterable of (first, last), optional
            Days nobody observed, inclusive; they may be absent. Counts given for them are not counted, and accounted
            for.
        measure : str, default "incidents"
            What is counted; any word.
        unit : str, optional
            The same in words for labels; default by `measure`.
        area, source : str
            Where, and who counted; printed with every figure.

        Raises
        ------
        CoverageError
            If days outside the gaps are missing, or days are repeated, not in order or not whole days.
        InputError
            If a count is negative, infinite or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> import pandas as pd
        >>> import conflictts as ct
        >>> days = pd.date_range("2020-01-01", periods=3)
        >>> ct.DailySeries.from_counts(pd.Series([2.0, np.nan, 0.0], days)).table["status"].tolist()
        ['observed', 'unobserved', 'observed']
        """
        given = daily_counts(counts, gaps)
        return cls._given(given, measure=measure, unit=unit, area=area, source=source, allocation="none")

    @classmethod
    def from_cumulative(
        cls,
        totals: pd.Series,
        *,
        rule: Rule = "spread",
        corrections: Corrections = "refuse",
        start: Day | None = None,
        measure: str = "deaths",
        unit: str | None = None,
        area: str = NO_AREA,
        source: str = "running totals as given",
    ) -> DailySeries:
        """Make a series from running totals, such as a bulletin's "killed since the beginning of the year".

        Parameters
        ----------
        totals : Series, index of days of report in order, not necessarily every day
            The total up to and including that day; a blank one is no report. Not modified.
        rule : {"spread", "report_day"}, default "spread"
            Where the difference of two totals goes: equally on the days after the first of them, or all on the day of
            the second.
        corrections : {"refuse", "unobserved", "take_back"}, default "refuse"
            What a total below the one before means: an error; the days since the one before are unobserved; or the
            difference is taken back from the latest increments before it. Each stands in the account with its day.
        start : date, optional
            First day that the totals count. Without it the first total only sets the level, and the series begins on
            the day after.
        measure, unit, area, source : str
            As in `from_counts`.

        Raises
        ------
        CoverageError
            If days repeat, are not in order or not whole days, or there is only one total.
        InputError
            If a total is not a number of 0 or more, or falls and `corrections` is "refuse".

        Examples
        --------
        >>> import pandas as pd
        >>> import conflictts as ct
        >>> days = pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-04"])
        >>> ct.DailySeries.from_cumulative(pd.Series([100, 106, 107], days)).counts.tolist()
        [3.0, 3.0, 1.0]
        """
        given = daily_increments(totals, rule=rule, corrections=corrections, start=start)
        return cls._given(given, measure=measure, unit=unit, area=area, source=source, allocation=rule)

    @classmethod
    def _given(
        cls, given: Given, *, measure: str, unit: str | None, area: str, source: str, allocation: str
    ) -> DailySeries:
        best = given.best
        table = pd.DataFrame({"low": best, "best": best, "high": best})
        table["incidents"] = best if measure == "incidents" else np.nan
        table["status"] = np.where(best.isna(), "unobserved", "observed")
        return cls(
            table=table,
            measure=measure,
            unit=unit or UNITS.get(measure, measure),
            area=area,
            source=source,
            allocation=allocation,
            allocated=given.allocated,
            no_lower_bound=0,
            no_upper_bound=0,
            account=given.account,
            provenance=None,
        )

    def summary(self) -> pd.DataFrame:
        """Totals per calendar month, one row each.

        Returns
        -------
        DataFrame
            ``days`` (observed, provisional ones included), ``provisional`` (those), ``low``, ``best``, ``high``,
            ``per_day`` (best per observed day); with draws also ``drawn_least`` and ``drawn_most``, the spread between
            the draws' totals.
        """
        month = self.table.index.to_period("M")
        totals = self.table[["low", "best", "high"]].groupby(month).sum(min_count=1)
        totals.insert(0, "days", self.table["best"].groupby(month).count())
        totals.insert(1, "provisional", (self.table["status"] == "provisional").groupby(month).sum())
        totals["per_day"] = totals["best"] / totals["days"].replace(0, np.nan)
        if self.draws is not None:
            drawn = self.draws.groupby(month).sum(min_count=1)
            totals["drawn_least"], totals["drawn_most"] = drawn.min(axis=1), drawn.max(axis=1)
        totals.index.name = "month"
        return totals


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """What the series of one counting have in common."""

    measure: Measure
    unit: str
    area: str
    source: str
    allocation: Allocation
    by: tuple[str, ...]
    status: np.ndarray
    reporting_lag: str
    provenance: Provenance


@overload
def daily_series(
    incidents: Incidents,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    where: Where | None = None,
    by: None = None,
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    draws: int | None = None,
    drawn_unit: DrawnUnit = "persons",
    rng: np.random.Generator | None = None,
) -> DailySeries: ...
@overload
def daily_series(
    incidents: Incidents,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    where: Where | None = None,
    by: str | Sequence[str],
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    draws: int | None = None,
    drawn_unit: DrawnUnit = "persons",
    rng: np.random.Generator | None = None,
) -> DailyPanel: ...
def daily_series(
    incidents: Incidents,
    *,
    measure: Measure,
    coverage: tuple[Day, Day] | None = None,
    gaps: Iterable[tuple[Day, Day]] = (),
    allocation: Allocation = "spread",
    where: Where | None = None,
    by: str | Sequence[str] | None = None,
    lag: ReportingLag | int | None = None,
    retrieved_on: Day | None = None,
    draws: int | None = None,
    drawn_unit: DrawnUnit = "persons",
    rng: np.random.Generator | None = None,
) -> DailySeries | DailyPanel:
    """Count incidents per day over the days the source covered.

    Parameters
    ----------
    incidents : Incidents
        Not modified. Details of other records (`part_of`) are never added, not even where that record is not counted,
        since it names another body or place, or states no such measure; `account` tells how many these are.
    measure : {"incidents", "deadly incidents", "deaths", "civilians", "combatants", "injured"}
        What to count. A deadly incident is a record of one death or more, on whatever side it is stated.
    coverage : (first, last), optional
        First and last day the source watched, inclusive. Required unless the source declares it; never guessed from
        the first and last record. Covered days without a record are 0. Days after the last that the source itself
        claims to cover (`provenance.data_through`) are unobserved, NaN, and `source` says so.
    gaps : iterable of (first, last), optional
        Covered days on which the source did not watch after all, inclusive: NaN, never 0. What records lay there is not
        counted, and stands in the account.
    allocation : {"spread", "exact", "start", "midpoint"}, default "spread"
        How a record of several days is laid over them: equal shares; not at all, keeping only records of a single day;
        all on the first day; all on the middle day.
    where : mapping of column to value or values, optional
        Conditions on the incident table, all of which must hold.
    by : str or sequence of str, optional
        Columns of the incident table; gives a `DailyPanel`, one series for each of their values that occur together.
        Areas of one name are one series: name what holds them too (``["admin1", "admin2"]``), and count one country at
        a time where the ledger warns that several have an area of one name. By ``"admin2"`` alone the panel's ledger
        warns of districts whose name several first-order areas have.
    lag : ReportingLag or int, optional
        How late records come in, or the number of days for which a day stays provisional. Without it no day is
        provisional, and `reporting_lag` says that the lag is not known.
    retrieved_on : date, optional
        When the records were downloaded; default as the source's provenance says. Needed with `lag`.
    draws : int, optional
        Number of allocations to draw beside the spread one, each by chance.
    drawn_unit : {"persons", "records"}, default "persons"
        What falls on a day of its own in a draw. Persons: each of a record of several days falls on one of its days,
        independently of the others, as in a toll that was told for a week. Records: all of a record fall on one of its
        days, as in a massacre whose day is not known; the dating is then less sure, and intervals are wider. Use it
        where a source's long records are single events, or where the finding must stand the harder assumption.
    rng : Generator, optional
        Source of chance for the draws.

    Returns
    -------
    DailySeries, or DailyPanel with `by`
        The days add up to the records inside coverage, to 1e-9, in each of low, best and high. Where a record states
        no lower or upper bound its best figure is added instead, and the number of such records is stated.

    Raises
    ------
    CoverageError
        If no coverage is known, it is not a pair of days in order, or no record lies inside it; if it reaches beyond
        the day of retrieval, begins after the source's last day, or a gap lies outside it.
    UnknownNameError
        If the measure, the allocation, the drawn unit, or a column or value of `where` or `by` does not exist.
    TooLittleData
        If no record states the measure.
    InputError
        If draws are asked for without `rng`, with another allocation than "spread", or of fractions.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians", gaps=[("2019-06-01", "2019-06-10")])
    >>> daily.summary().loc["2019-05":"2019-06", ["days", "best"]].astype(int).to_numpy().tolist()
    [[31, 182], [20, 93]]
    >>> panel = ct.daily_series(case, measure="civilians", by="perpetrator")
    >>> panel["russia"].summary().loc["2019-05", "best"]
    np.float64(23.0)
    """
    require_kind(incidents, Incidents, "incidents")
    by = (by,) if isinstance(by, str) else tuple(by or ())
    require_known(measure, allocation, by)
    require_drawable(allocation, draws, drawn_unit, rng)
    where = where or {}
    calendar = Calendar.of(incidents.provenance, coverage, gaps, lag, retrieved_on)
    tally = count_bundles(
        Bundles.of(incidents.table, measure), incidents.ledger, calendar.days, calendar.missing, measure=measure,
        allocation=allocation, where=where, by=by, draws=draws, drawn_unit=drawn_unit, rng=rng,
    )  # fmt: skip
    counting = calendar.counting(measure, allocation, where, by, incidents.provenance)
    if not by:
        return series_of(tally, 0, counting)
    from conflictts.series.panel import panel_of
    from conflictts.series.places import by_district_alone, place_sums, places_of

    ledger = incidents.ledger
    if by_district_alone(by):
        counted = incidents.table[matching_records(incidents.table, where or {})]
        lying = counted.groupby(["admin1", "admin2"]).size().rename("records").reset_index()
        ledger = warn_of_districts(ledger, lying)
    return panel_of(tally, counting, ledger, places_of(place_sums(incidents.table, by), by))


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The covered days, which of them nobody watched, and which are provisional.

    Attributes
    ----------
    days : DatetimeIndex, shape (n_days,)
    missing, provisional : ndarray of bool, shape (n_days,)
    reporting_lag : str
        How long days stay provisional, in words.
    ended : bool
        Whether some of the days come after the source's last.
    """

    days: pd.DatetimeIndex
    missing: np.ndarray
    provisional: np.ndarray
    reporting_lag: str
    ended: bool

    @classmethod
    def of(
        cls,
        provenance: Provenance,
        coverage: tuple[Day, Day] | None,
        gaps: Iterable[tuple[Day, Day]],
        lag: ReportingLag | int | None,
        retrieved_on: Day | None,
    ) -> Calendar:
        """Make it from what the caller declares and, where the caller does not, the source."""
        days = covered_days(coverage or provenance.coverage, provenance.provider)
        unwatched = after_the_source(days, provenance)
        missing = in_gaps(days, gaps) | unwatched
        provisional, words = provisional_days(days, lag, retrieved_on or provenance.retrieved_on)
        return cls(days, missing, provisional, words, bool(unwatched.any()))

    def counting(
        self, measure: Measure, allocation: Allocation, where: Where, by: tuple[str, ...], provenance: Provenance
    ) -> Counting:
        """Say what the series of one counting have in common."""
        return Counting(
            measure=measure,
            unit=UNITS[measure],
            area=counted_area(provenance.area, where),
            source=f"{provenance.provider}, {provenance.vintage}"
            + (f", which ends on {provenance.data_through:%Y-%m-%d}" if self.ended else ""),
            allocation=allocation,
            by=by,
            status=np.select([self.missing, self.provisional], ["unobserved", "provisional"], "observed"),
            reporting_lag=self.reporting_lag,
            provenance=provenance,
        )


def series_of(tally: Tally, position: int, counting: Counting) -> DailySeries:
    """Wrap the counts of one group."""
    table = pd.DataFrame(tally.sums[:, position].T, index=tally.days, columns=list(SUMS), copy=True)
    table["status"] = pd.Series(counting.status, tally.days, dtype="str")
    group = [f"{column} {value}" for column, value in tally.keys.iloc[position].items()]
    lines = tally.account[tally.account["key"] == tally.kept[position]]
    return DailySeries(
        table=table,
        measure=counting.measure,
        unit=counting.unit,
        area=", ".join([counting.area, *group]),
        source=counting.source,
        allocation=counting.allocation,
        allocated=float(tally.allocated[position]),
        no_lower_bound=int(tally.no_lower_bound[position]),
        no_upper_bound=int(tally.no_upper_bound[position]),
        account=lines.drop(columns="key").reset_index(drop=True),
        provenance=counting.provenance,
        draws=None if tally.draws is None else pd.DataFrame(tally.draws[position], index=tally.days),
        reporting_lag=counting.reporting_lag,
    )
