"""Downloads of one source on different days in, how late its records come in out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, TooLittleData, require_kind, require_mapping
from conflictts.incidents.table import Incidents
from conflictts.series.coverage import Day, whole_day

LAG_UNKNOWN = "not known"
COMPLETE = 0.95  # the share of the final count from which on a day counts as settled
MIN_LATE = 10  # records that a later vintage added; with fewer there is no curve to speak of
# Weak normal priors (centre, standard deviation) on logit(late), log(scale in days), log(shape): they keep the fit
# finite where all records came at once or hardly any, and weigh next to nothing against 100 records.
_PRIORS = np.array([[0.0, 3.0], [np.log(7.0), 2.0], [0.0, 1.0]])
_STARTS = _PRIORS[:, 0] + np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [-2.0, -1.0, 0.0]])  # of the search for the best
_STEP = 1e-4  # of central differences on those scales, which are of order 1


@dataclass(frozen=True, slots=True, eq=False)
class ReportingLag:
    """What share of the final count of a day has been reported, by the days that have passed since.

    Attributes
    ----------
    table : DataFrame, shape (longest + 1, 3), index age (days since the event, from 0)
        ``share`` of the final count, 0 .. 1, with ``lower`` and ``upper`` (NaN where the curve was declared).
    level : float
        Confidence level of lower and upper.
    records, late : int
        Records that the estimate rests on, and those of them that the first vintage did not have yet; 0 if declared.
    vintages : tuple of Timestamp
        Days of retrieval; empty if declared.
    """

    table: pd.DataFrame
    level: float
    records: int
    late: int
    vintages: tuple[pd.Timestamp, ...]

    @property
    def days(self) -> int:
        """Age in days at which a day is settled: 95 % are reached by the lower end, or by a declared share.

        Where even the oldest age of the table does not reach it, that age.
        """
        return int(self.table.index[self._reached[0] if len(self._reached) else -1])

    @property
    def _reached(self) -> np.ndarray:
        """Positions in the table at which that share is surely reached."""
        lower = self.table["lower"]
        return np.flatnonzero((self.table["share"] if lower.isna().all() else lower) >= COMPLETE)

    @property
    def words(self) -> str:
        """How long days stay provisional, and why, for footers and reports."""
        basis = f"estimated from {len(self.vintages)} vintages" if self.vintages else "declared"
        told = "is in" if len(self._reached) else "may not be in even"
        return f"{COMPLETE:.0%} of the final count {told} after {self.days} days ({basis})"

    @classmethod
    def declared(cls, shares: Mapping[int, float]) -> ReportingLag:
        """Take a lag curve that the source states or experience suggests.

        Parameters
        ----------
        shares : mapping of int to float
            Age in days -> share of the final count reported by then, 0 .. 1, never falling; straight lines between.

        Raises
        ------
        InputError
            If there is no age, or the shares fall, lie outside 0 .. 1 or never reach 0.95.

        Examples
        --------
        >>> import conflictts as ct
        >>> ct.ReportingLag.declared({0: 0.5, 10: 1.0}).days
        9
        """
        require_kind(shares, Mapping, "shares", "Give a dict from ages in days to shares, such as {0: 0.5, 14: 1.0}.")
        ages, given = sorted(shares), [float(shares[age]) for age in sorted(shares)]
        sound = bool(ages) and ages[0] >= 0 and all(np.diff(given) >= 0) and given[0] >= 0 and given[-1] <= 1
        if not sound or given[-1] < COMPLETE:
            raise InputError(
                f"shares = {dict(shares)!r} is no lag curve. Give ages of 0 days or more with shares of the final "
                f"count between 0 and 1 that never fall and reach {COMPLETE:g}, such as {{0: 0.5, 14: 1.0}}."
            )
        age = np.arange(ages[-1] + 1)
        table = pd.DataFrame({"share": np.interp(age, ages, given, left=0.0)}, pd.RangeIndex(len(age), name="age"))
        return cls(table.assign(lower=np.nan, upper=np.nan), np.nan, 0, 0, ())

    def summary(self) -> pd.DataFrame:
        """The share at the ages 0, 1, 2, 4, 7, 14, 30, 60, 90 and 180 days, as far as the table goes."""
        return self.table.loc[self.table.index.isin([0, 1, 2, 4, 7, 14, 30, 60, 90, 180])]


def estimate_reporting_lag(
    vintages: Mapping[Day, Incidents], *, longest: int = 180, level: float = 0.95
) -> ReportingLag:
    """Estimate how late a source's records come in, from downloads on two or more days.

    A vintage shows which records were known on its day. So the lag of a record is known only to lie between two
    vintages, or below the first that has it; and records later than the last vintage are seen in none. Both are in the
    likelihood: a record of day t, first seen in vintage k and retrieved on R_k, contributes
    (F(R_k − t) − F(R_k−1 − t)) / F(R_last − t). F is a discrete Weibull law with a share of its own for the day
    itself; its interval is widened where records of one day come in together.

    Parameters
    ----------
    vintages : mapping of day to Incidents
        The day of retrieval -> what was retrieved; identifiers must be the source's own, the same in all, and all must
        ask for the same first day: what a vintage's window leaves out would be taken for late. Records of several days
        and details of other records are left aside, as are records that the last vintage has dropped.
    longest : int, default 180
        Days up to this age at the first vintage are used, and the table ends here. Later additions, such as a yearly
        revision, are no reporting lag.
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    ReportingLag
        Of records, not of persons. The final count is what the fitted law says will ever be reported: what no
        vintage is old enough to show is not known to it, so that a lag beyond the span of the vintages rests on the
        law alone. In simulations the 95 % interval held a geometric curve in 93–98 %, and a mixture of quick and slow
        records, which the law does not contain, in 86–97 % (benchmarks/README.md).

    Raises
    ------
    TooLittleData
        If there are fewer than two vintages, or the later ones add fewer than 10 records.
    InputError
        If `longest` or `level` is out of bounds, or two vintages are of one day.
    CoverageError
        If a vintage has records of days after its retrieval.

    References
    ----------
    Lawless (1994), Canadian Journal of Statistics 22(1), 15-31 (reporting delays under right truncation); Nakagawa &
    Osaki (1975), IEEE Transactions on Reliability R-24(5), 300-301 (discrete Weibull law).

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), lag_days=3, week_share=0, month_share=0)
    >>> vintages = {}
    >>> for day in ("2019-04-01", "2019-04-15", "2019-05-01"):
    ...     known = invented.incidents.table.loc[(invented.truth["reported_on"] <= day).to_numpy()]
    ...     vintages[day] = ct.Incidents(known, invented.incidents.ledger, invented.incidents.provenance)
    >>> lag = ct.estimate_reporting_lag(vintages)
    >>> bool(lag.table.loc[2, "lower"] < 1 - 0.75**3 < lag.table.loc[2, "upper"])
    True
    """
    require_mapping(vintages, Incidents, "vintages", "days of retrieval")
    if not 0 < level < 1:
        raise InputError(f"level = {level!r} is not between 0 and 1. Give a share such as 0.95.")
    if longest < 1:
        raise InputError(f"longest = {longest!r} is no age in days. Give 1 or more, such as 180.")
    tables = {whole_day(day, "retrieved"): incidents.table for day, incidents in vintages.items()}
    if len(tables) < len(vintages):
        raise InputError(f"{len(vintages)} vintages of {len(tables)} days of retrieval. Give one vintage for each day.")
    retrieved = sorted(tables)
    cells = _first_seen(retrieved, [tables[day] for day in retrieved], longest)
    late = int(cells.loc[cells["since"] >= 0, "records"].sum())
    if late < MIN_LATE:
        raise TooLittleData(
            f"{len(retrieved)} vintages, of which the later add {late} records to days no more than {longest} days "
            f"before the first; a lag needs two vintages and {MIN_LATE} late records. Give vintages of more days, or "
            "declare the lag: ReportingLag.declared({0: 0.5, 14: 1.0})."
        )
    table = _curve(cells, longest, level)
    return ReportingLag(table, level, int(cells["records"].sum()), late, tuple(retrieved))


def provisional_days(
    days: pd.DatetimeIndex, lag: ReportingLag | int | None, retrieved_on: Day | None
) -> tuple[np.ndarray, str]:
    """Say which days are too recent for their count to be final, and the reason in words.

    Parameters
    ----------
    days : DatetimeIndex, shape (n_days,)
        Every covered day.
    lag : ReportingLag or int, optional
        In days if a number. None: not known, so that no day is called provisional.

    Returns
    -------
    provisional : ndarray of bool, shape (n_days,)
    words : str

    Raises
    ------
    CoverageError
        If the lag is known and the day of retrieval is not, or the days reach beyond it.
    InputError
        If the lag is negative.
    """
    if retrieved_on is None and lag is not None:
        raise CoverageError("A lag counts from the day of retrieval, which is not known. Give retrieved_on=day.")
    none = np.zeros(len(days), dtype=bool)
    if retrieved_on is None:
        return none, LAG_UNKNOWN
    retrieved = whole_day(retrieved_on, "retrieved_on")
    if retrieved < days[-1]:
        raise CoverageError(
            f"Coverage ends on {days[-1]:%Y-%m-%d}, but the records were retrieved on {retrieved:%Y-%m-%d}: the days "
            "after would count as quiet. End coverage no later."
        )
    if lag is None:
        return none, LAG_UNKNOWN
    if isinstance(lag, ReportingLag):
        settled_after, words = lag.days, lag.words
    elif lag < 0:
        raise InputError(f"lag = {lag} is no number of days. Give 0 or more, or a ReportingLag.")
    else:
        settled_after, words = lag, f"{lag} {'day' if lag == 1 else 'days'}, declared"
    return np.asarray((retrieved - days).days < settled_after), f"{words}; retrieved on {retrieved:%Y-%m-%d}"


def _first_seen(retrieved: list[pd.Timestamp], tables: list[pd.DataFrame], longest: int) -> pd.DataFrame:
    """Records by day and first vintage that has them: columns day, since, until, last (ages in days), records.

    The lag is more than `since` (negative: nothing excluded) and at most `until`; records later than `last` are unseen.
    """
    if len(retrieved) < 2:
        return pd.DataFrame({"day": [], "since": [], "until": [], "last": [], "records": []})
    for day, table in zip(retrieved, tables, strict=True):
        if (table["date_start"] > day).any():
            raise CoverageError(
                f"The vintage of {day:%Y-%m-%d} has records of later days, the last of "
                f"{table['date_start'].max():%Y-%m-%d}. Correct its day of retrieval."
            )
    final = tables[-1]
    final = final[(final["date_start"] == final["date_end"]) & (final["part_of"] == "")]
    recent = final["date_start"] >= retrieved[0] - pd.Timedelta(days=longest)
    final = final[recent & (final["date_start"] <= retrieved[-1])]
    number = pd.Series(len(tables) - 1, final.index)
    for k in range(len(tables) - 2, -1, -1):
        known = final["incident_id"].isin(tables[k]["incident_id"])
        number[known & (final["date_start"] <= retrieved[k])] = k  # a day may have been corrected since
    grouped = pd.DataFrame({"day": final["date_start"], "vintage": number}).value_counts().rename("records")
    cells = grouped.reset_index().sort_values(["day", "vintage"], ignore_index=True)
    on = pd.Series(retrieved)
    until, before = on[cells["vintage"]], on.shift()[cells["vintage"]]
    since = (before.reset_index(drop=True) - cells["day"]).dt.days
    return cells.assign(
        since=since.fillna(-1).clip(lower=-1),
        until=(until.reset_index(drop=True) - cells["day"]).dt.days,
        last=(retrieved[-1] - cells["day"]).dt.days,
    )


def _reported(age: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Share reported at an age of so many days; 0 before the day itself."""
    late = 1 / (1 + np.exp(-parameters[0]))
    scale, shape = np.exp(parameters[1]), np.exp(np.clip(parameters[2], -3, 3))
    return np.where(age < 0, 0.0, 1 - late * np.exp(-((np.maximum(age, 0) / scale) ** shape)))


def _curve(cells: pd.DataFrame, longest: int, level: float) -> pd.DataFrame:
    """Fit the law; share, lower and upper at ages 0 .. longest."""
    from scipy.optimize import minimize
    from scipy.special import expit, logit, ndtri

    since, until, last, records = (
        cells[column].to_numpy(dtype=float) for column in ("since", "until", "last", "records")
    )
    day = cells["day"].factorize()[0]

    def by_day(parameters: np.ndarray) -> np.ndarray:
        """Log-likelihood of each day's records."""
        seen = _reported(until, parameters) - _reported(since, parameters)
        each = np.log(np.maximum(seen, 1e-300)) - np.log(np.maximum(_reported(last, parameters), 1e-300))
        return np.bincount(day, weights=records * each)

    def price(parameters: np.ndarray) -> float:
        misfit = (parameters - _PRIORS[:, 0]) / _PRIORS[:, 1]
        return float(misfit @ misfit / 2 - by_day(parameters).sum())

    tried = [minimize(price, start, method="BFGS", options={"gtol": 1e-4}) for start in _STARTS]
    best = min(tried, key=lambda found: float(found.fun)).x
    scores = _slopes(by_day, best)
    curvature = _slopes(lambda at: _slopes(lambda p: np.array([price(p)]), at)[0], best)
    if not (np.isfinite(curvature).all() and np.linalg.eigvalsh((curvature + curvature.T) / 2).min() > 0):
        raise TooLittleData(
            f"No lag law could be fitted to {records.sum():g} records: late ones of few ages do not tell how it goes "
            "on. Give more vintages, or declare the lag: ReportingLag.declared({0: 0.5, 14: 1.0})."
        )
    covariance = np.linalg.inv(curvature)
    # Records of one day may come in together: their scores then vary more than the information says.
    covariance *= max(1.0, float(np.trace(covariance @ scores.T @ scores)) / len(best))

    age = np.arange(longest + 1)
    share = np.clip(_reported(age, best), 1e-12, 1 - 1e-12)
    slopes = _slopes(lambda p: _reported(age, p), best) / (share * (1 - share))[:, None]  # on the logit scale
    spread = ndtri(0.5 + level / 2) * np.sqrt(np.einsum("ij,jk,ik->i", slopes, covariance, slopes))
    centre = logit(share)
    curve = {"share": share, "lower": expit(centre - spread), "upper": expit(centre + spread)}
    return pd.DataFrame(curve, pd.RangeIndex(longest + 1, name="age"))


def _slopes(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """Central differences: shape (n_values, n_parameters)."""
    steps = _STEP * np.eye(len(at))
    return np.stack([(function(at + step) - function(at - step)) / (2 * _STEP) for step in steps], axis=-1)
