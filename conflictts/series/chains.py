"""Claims of one body over time: increments of chained totals, and how much of them the series holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, UnknownNameError, require_kind
from conflictts.series.claims import hold_claims, require_claims
from conflictts.series.daily import DailySeries, Day, pair_of_days, whole_day

_CHAIN = ["reporting_body", "measure", "period_start"]

MIN_SHARE_TOLD = 0.5  # of the days on a side that claims must tell of, to speak for its coverage


@dataclass(frozen=True, slots=True, eq=False)
class ClaimChains:
    """Totals that a body told from one start day on, taken apart.

    Attributes
    ----------
    increments : DataFrame, one row per link of a chain, in order of body, measure, start and end
        ``claim_id`` ("CLM-028 less CLM-014"), ``reporting_body``, ``measure``, ``since`` (first day of the chain),
        ``period_start``, ``period_end`` (first and last day of the increment), ``low``, ``best``, ``high`` (the
        increment; NaN = not stated), ``total_low``, ``total_best``, ``total_high`` (of the chain up to then),
        ``claims`` (names of the claims that tell that total) and ``link``: "consistent", "falls" (the best figure
        falls, though the claimed ranges allow that nobody died) or "contradictory" (the claimed ranges exclude it).
        The columns are those of a table of claims, so that `hold_claims` takes it.
    contradictions : DataFrame, one row per pair of claims that cannot both hold
        ``reporting_body``, ``measure``, ``since``, ``earlier``, ``earlier_end``, ``at_least`` (what the earlier claim
        says at the least), ``later``, ``later_end``, ``at_most`` (what the later one says at the most, which is less).

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> chains = ct.chain_claims(case.claims[case.claims["measure"] == "civilians"])
    >>> chains.contradictions[["earlier", "at_least", "later", "at_most"]].head(2).values.tolist()
    [['CLM-014', 230.0, 'CLM-016', 226.0], ['CLM-017', 250.0, 'CLM-016', 226.0]]
    """

    increments: pd.DataFrame
    contradictions: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row per chain: links, last day, last total, links that fall or contradict, contradictory pairs."""
        chain = self.increments.rename(columns={"since": "period_start", "period_start": "first"}).groupby(_CHAIN)
        pairs = self.contradictions.groupby(["reporting_body", "measure", "since"]).size()
        pairs.index.names = _CHAIN
        summary = chain.agg(links=("best", "size"), until=("period_end", "max"))
        summary["total"] = chain["total_best"].agg(lambda totals: totals.iloc[-1])  # "last" passes over one not stated
        for fault in ("falls", "contradictory"):
            summary[fault] = chain["link"].agg(lambda links, fault=fault: int((links == fault).sum()))
        summary["contradictory_pairs"] = pairs.reindex(summary.index).fillna(0).astype("int64")
        return summary.reset_index().rename(columns={"period_start": "since"})


@dataclass(frozen=True, slots=True, eq=False)
class CoverageRatio:
    """How much of what others claim a series holds, over time.

    Attributes
    ----------
    daily : DailySeries
    table : DataFrame, one row per claim
        As from `hold_claims`: counted sums, ``ratio`` with ``ratio_low`` and ``ratio_high``, status and verdict; and
        ``chained``, whether the body tells other totals from the same first day on.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> ratio = ct.coverage_ratio(daily, case.claims, body="White Helmets")
    >>> ratio.table.loc[ratio.table["claim_id"] == "CLM-025", ["counted_best", "best", "verdict"]]
       counted_best   best verdict
    2         182.0  272.0   below
    """

    daily: DailySeries
    table: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row per claim: body, period, claimed best, counted best, ratio with its range."""
        columns = ["reporting_body", "claim_id", "period_start", "period_end", "best", "counted_best"]
        return self.table[[*columns, "ratio", "ratio_low", "ratio_high"]].reset_index(drop=True)


def chain_claims(claims: pd.DataFrame) -> ClaimChains:
    """Take apart the totals that a body tells from one start day on: "since late April 230, 360, 470 ...".

    Claims of one body, measure and first day make a chain if they end on two days or more. An increment is the total
    up to one end less the total up to the end before; its least is the later floor less the earlier ceiling and its
    most the later ceiling less the earlier floor, at least 0 each where the ranges allow that. "More than 360" after
    "more than 230" thus bounds nothing: its increment has a best figure, a least of 0 and no most. Where several claims
    end on one day, the total runs from the lowest to the highest that was told, and its best figure is the median of
    theirs; if they exclude each other that is named. A chain that falls keeps its negative increment. (A number of
    people displaced at the time may fall rightly; a number of people killed since a day may not.)

    Parameters
    ----------
    claims : DataFrame
        As from `read_claims`. Whether the claims of one body speak of the same thing (all sides, one side) is for the
        reader to see to: filter first.

    Returns
    -------
    ClaimChains

    Examples
    --------
    >>> import conflictts as ct
    >>> claims = ct.load_idlib_2019().claims
    >>> chains = ct.chain_claims(claims[claims["claim_id"].isin(["CLM-014", "CLM-053", "CLM-078"])])
    >>> chains.increments[["claim_id", "low", "best", "high"]].values.tolist()[1:]
    [['CLM-053 less CLM-014', 0.0, 452.0, 452.0], ['CLM-078 less CLM-053', 361.0, 361.0, 361.0]]
    """
    require_claims(claims, "reporting_body")
    links: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    for key, told in claims.groupby(_CHAIN, sort=True):
        if told["period_end"].nunique() < 2:
            continue
        chain = dict(zip(("reporting_body", "measure", "since"), key, strict=True))
        links += _links(told, chain)
        pairs += _contradictions(told, chain)
    increments = pd.DataFrame(links, columns=list(_LINK_TYPES)).astype(_LINK_TYPES)
    return ClaimChains(increments, pd.DataFrame(pairs, columns=list(_PAIR_TYPES)).astype(_PAIR_TYPES))


def coverage_ratio(
    daily: DailySeries,
    claims: pd.DataFrame,
    *,
    body: str | Sequence[str] | None = None,
) -> CoverageRatio:
    """Say how much of a body's claims the series holds, over time.

    Parameters
    ----------
    daily : DailySeries
    claims : DataFrame
        As from `read_claims`.
    body : str or sequence of str, optional
        Reporting bodies to keep; default all. Bodies count different things: read one at a time.

    Returns
    -------
    CoverageRatio

    Raises
    ------
    UnknownNameError
        If no claim is told by such a body.
    CoverageError
        If none of the claims speaks of the series' measure inside its coverage.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> ratio = ct.coverage_ratio(ct.daily_series(case, measure="civilians"), case.claims, body="SOHR")
    >>> table = ratio.table.set_index("claim_id")
    >>> table.loc[["CLM-014", "CLM-081", "CLM-098"], "ratio"].round(2).tolist()
    [0.52, 0.72, 1.22]
    """
    require_kind(daily, DailySeries, "daily")
    require_claims(claims, "reporting_body")
    bodies = [body] if isinstance(body, str) else list(body) if body is not None else None
    known = claims["reporting_body"].unique()
    unknown = [name for name in bodies or [] if name not in known]
    if unknown:
        raise UnknownNameError(f"No claim is told by {unknown[0]!r}. Choose from {', '.join(map(str, known))}.")
    chosen = claims if bodies is None else claims[claims["reporting_body"].isin(bodies)]
    held = hold_claims(daily, chosen)
    if held.empty:
        first, last = daily.coverage
        raise CoverageError(
            f"None of {len(chosen)} claims{' by ' + ' or '.join(bodies) if bodies else ''} speaks of {daily.unit} "
            f"inside {first:%Y-%m-%d}..{last:%Y-%m-%d}. See `account_for_claims` for what becomes of each."
        )
    ends = held.groupby(_CHAIN)["period_end"].transform("nunique")
    return CoverageRatio(daily, held.assign(chained=ends > 1))


def compare_coverage(
    daily: DailySeries, claims: pd.DataFrame, day: Day, *, window: tuple[Day, Day] | None = None
) -> pd.DataFrame:
    """Say per body how much of its claims the series holds before a day and from it on, and which way that biases.

    If a series holds the share a of the true toll before a truce and b after it, the ratio of its rates is b / a times
    the true one. Against a body's claims that factor above 1 means that the fall in the series is smaller than the fall
    in the body's own figures (an underestimate of it), below 1 that it is larger. Bodies disagree on the sign.

    Parameters
    ----------
    daily : DailySeries
    claims : DataFrame
        As from `read_claims`.
    day : date
        First day of "after". Claims that end on it count as before: totals "until" a day are told on that day.
    window : (first, last), optional
        Only claims whose period lies inside; default all days covered. Choose that of the effect in question.

    Returns
    -------
    DataFrame, one row per body whose settled claims tell of at least half the days on either side, indexed by body
        ``claims_before``, ``claims_after`` (how many were used), ``days_before``, ``days_after`` (how many days they
        tell of), ``before``, ``after`` (counted / claimed, best figures; NaN where nobody is claimed), ``factor``
        (after / before) and ``fall`` ("understated", "overstated", "unbiased" or "not known"). On each side the longest
        claims that do not overlap are added up; of several over one period the median is taken. A claim on a few days
        says nothing of the coverage of months.

    Raises
    ------
    CoverageError
        If `day` is no date, or `window` no pair of dates.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> daily = ct.daily_series(case, measure="civilians")
    >>> found = ct.compare_coverage(daily, case.claims, "2019-08-31", window=("2019-04-30", "2019-11-06"))
    >>> found.loc[["SOHR", "White Helmets"], ["before", "after", "fall"]].round(2).values.tolist()
    [[0.72, 1.22, 'understated'], [0.75, 0.35, 'overstated']]
    """
    require_kind(daily, DailySeries, "daily")
    require_claims(claims, "reporting_body")
    first, last = pair_of_days(window, "window") if window is not None else daily.coverage
    cut = whole_day(day, "day")
    held = hold_claims(daily, claims)
    known = (held["status"] == "observed") & held["best"].notna()  # a claim of 0 is one
    held = held[(held["period_start"] >= first) & (held["period_end"] <= last) & known]
    begins, ends = held["period_start"], held["period_end"]
    sides = {"before": held[ends <= cut], "after": held[(begins >= cut) & (ends > cut)]}
    asked = {"before": (cut - first).days, "after": (last - cut).days + 1}
    rows = {}
    for body in held["reporting_body"].unique():
        chosen = {side: _apart(told[told["reporting_body"] == body]) for side, told in sides.items()}
        told_of = {side: int(told["days"].sum()) for side, told in chosen.items()}
        if any(told_of[side] < MIN_SHARE_TOLD * asked[side] or not told_of[side] for side in sides):
            continue
        row: dict[str, Any] = {f"claims_{side}": len(told) for side, told in chosen.items()}
        row |= {f"days_{side}": days for side, days in told_of.items()}
        claimed = {side: told["best"].sum() or np.nan for side, told in chosen.items()}
        row |= {side: told["counted_best"].sum() / claimed[side] for side, told in chosen.items()}
        row["factor"] = row["after"] / row["before"] if row["before"] > 0 else np.nan
        row["fall"] = _fall(row["factor"])
        rows[body] = row
    columns = ["claims_before", "claims_after", "days_before", "days_after", "before", "after", "factor", "fall"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("reporting_body").sort_index()


_LINK_TYPES = {
    **dict.fromkeys(("claim_id", "reporting_body", "measure"), "str"),
    **dict.fromkeys(("since", "period_start", "period_end"), "datetime64[us]"),
    **dict.fromkeys(("low", "best", "high", "total_low", "total_best", "total_high"), "float64"),
    **dict.fromkeys(("claims", "link"), "str"),
}
_PAIR_TYPES = {
    **dict.fromkeys(("reporting_body", "measure"), "str"),
    "since": "datetime64[us]",
    "earlier": "str",
    "earlier_end": "datetime64[us]",
    "at_least": "float64",
    "later": "str",
    "later_end": "datetime64[us]",
    "at_most": "float64",
}


def _links(told: pd.DataFrame, chain: dict[str, Any]) -> list[dict[str, Any]]:
    """The increments of one chain, the first from its first day."""
    nobody = {"total_low": 0.0, "total_best": 0.0, "total_high": 0.0, "claims": ""}
    before, begin, links = nobody, chain["since"], []
    for end, same_day in told.groupby("period_end", sort=True):
        names = ", ".join(same_day["claim_id"])
        total = {
            "total_low": same_day["low"].min(skipna=False),  # one claim without a bound leaves the total without
            "total_best": same_day["best"].median(),
            "total_high": same_day["high"].max(skipna=False),
            "claims": names,
        }
        low, best, high = _increment(before, total)
        links.append(
            chain
            | total
            | {"claim_id": f"{names} less {before['claims']}" if before["claims"] else names}
            | {"period_start": begin, "period_end": end, "low": low, "best": best, "high": high}
            | {"link": "contradictory" if high < 0 else "falls" if best < 0 else "consistent"}
        )
        before, begin = total, end + pd.Timedelta(days=1)
    return links


def _increment(before: dict[str, Any], total: dict[str, Any]) -> tuple[float, float, float]:
    """Range of the difference of two totals, of which a NaN bound says nothing; people killed are 0 or more."""
    most = total["total_high"] - _floor(before["total_low"])
    least = _floor(total["total_low"]) - before["total_high"]
    if not most < 0:
        least = max(0.0, least) if least == least else 0.0
    return least, total["total_best"] - before["total_best"], most


def _floor(low: float) -> float:
    return 0.0 if np.isnan(low) else low


def _contradictions(told: pd.DataFrame, chain: dict[str, Any]) -> list[dict[str, Any]]:
    """Pairs of claims of which the later ends below what the earlier says at the least; same-day pairs both ways."""
    pairs = []
    rows = list(told.sort_values(["period_end", "claim_id"]).itertuples())
    for one, two in combinations(rows, 2):
        ways = [(one, two), (two, one)] if one.period_end == two.period_end else [(one, two)]
        for earlier, later in ways:
            if later.high < earlier.low:
                pairs.append(
                    chain
                    | {"earlier": earlier.claim_id, "earlier_end": earlier.period_end, "at_least": earlier.low}
                    | {"later": later.claim_id, "later_end": later.period_end, "at_most": later.high}
                )
    return pairs


def _apart(told: pd.DataFrame) -> pd.DataFrame:
    """The longest claims that do not overlap; of several over one period the median figure."""
    periods = told.groupby(["period_start", "period_end"], as_index=False)[["counted_best", "best"]].median()
    periods["days"] = (periods["period_end"] - periods["period_start"]).dt.days + 1
    kept: list[Any] = []
    for period in periods.sort_values(["days", "period_start"], ascending=[False, True]).itertuples():
        if all(period.period_start > other.period_end or period.period_end < other.period_start for other in kept):
            kept.append(period)
    return periods.loc[[period.Index for period in kept]]


def _fall(factor: float) -> str:
    if np.isnan(factor) or factor == 1:
        return "unbiased" if factor == 1 else "not known"
    return "understated" if factor > 1 else "overstated"
