"""Totals told by others, held against the series."""

from __future__ import annotations

from os import PathLike

import numpy as np
import pandas as pd

from conflictts.errors import InputError
from conflictts.incidents.files import read_raw_records, require_columns
from conflictts.series.daily import DailySeries

_REQUIRED = ("claim_id", "measure", "period_start", "period_end", "low", "best", "high", "wording", "reporting_body")
_MEASURES = {"civilians_killed": "civilians", "people_killed": "deaths", "combatants_killed": "combatants"}
_MEASURES["civilians_injured"] = "injured"


def read_claims(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a table of claims: a body's total for a measure over a period.

    Parameters
    ----------
    path : path-like
        CSV with columns claim_id, measure, period_start, period_end, low, best, high, wording, reporting_body and any
        others, which are kept.

    Returns
    -------
    DataFrame
        One row per claim. `measure` is the series measure it speaks of where there is one ("civilians"), else as
        written; a blank `high` means that no upper bound was stated.

    Raises
    ------
    InputError
        If the file cannot be read, or a claim has a date or number that is none; every breach is named.
    """
    raw = read_raw_records(path)
    require_columns(raw, _REQUIRED, kind="a table of claims")
    claims = raw.table.copy()
    breaches = [f"row {row}: {reason}" for row, reason in raw.malformed["reason"].items()]
    for column in ("period_start", "period_end"):
        days = pd.to_datetime(claims[column], format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
        breaches += _breaches(claims[column], days.isna(), column, "is not a date written as YYYY-MM-DD")
        claims[column] = days
    for column in ("low", "best", "high"):
        number = pd.to_numeric(claims[column].where(claims[column] != ""), errors="coerce").astype("float64")
        wrong = (claims[column] != "") & ~(np.isfinite(number) & (number >= 0))
        breaches += _breaches(claims[column], wrong, column, "is not a number of 0 or more")
        claims[column] = number
    reversed_ = claims["period_end"] < claims["period_start"]
    breaches += _breaches(raw.table["period_end"], reversed_, "period_end", "lies before period_start")
    if breaches:
        more = f"; and {len(breaches) - 5} more" if len(breaches) > 5 else ""
        raise InputError(f"{raw.name} has claims that cannot be used: {'; '.join(breaches[:5])}{more}. Mend them.")
    claims["measure"] = claims["measure"].replace(_MEASURES)
    return claims.reset_index(drop=True)


def hold_claims(daily: DailySeries, claims: pd.DataFrame, *, slack_days: int = 3) -> pd.DataFrame:
    """Hold claims against a series: what was claimed, what the series counts in the same period, and their ratio.

    Coverage, not chance, separates a claim from a catalogue, so there is no test of significance here.

    Parameters
    ----------
    daily : DailySeries
    claims : DataFrame
        As from `read_claims`.
    slack_days : int, default 3
        A claim is "within" if its range meets the series' range with either end of the period moved by so many days:
        bodies rarely say at which hour a period begins or ends.

    Returns
    -------
    DataFrame, one row per claim on the series' measure whose period lies inside its coverage
        The claim's own columns, then ``counted_low``, ``counted_best``, ``counted_high`` (sums of the series over the
        period), ``ratio`` (counted best / claimed best) and ``verdict``: the series counts "below", "within" or
        "above" the claimed range; or the period was "not observed throughout" and nothing is held. Ordered by period.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> held = ct.hold_claims(ct.daily_series(case, measure="civilians"), case.claims).set_index("claim_id")
    >>> held.loc["CLM-081", ["counted_low", "counted_best", "counted_high", "ratio"]].astype(float).round(2).tolist()
    [644.0, 699.0, 740.0, 0.72]
    """
    first, last = daily.coverage
    speaks = (claims["measure"] == daily.measure) & (claims["period_start"] >= first) & (claims["period_end"] <= last)
    held = claims[speaks].sort_values(["period_start", "period_end", "claim_id"], ignore_index=True)
    table = daily.table[["low", "best", "high"]]
    slack = pd.Timedelta(days=slack_days)
    counted, verdicts = [], []
    for claim in held.itertuples():
        sums = table.loc[claim.period_start : claim.period_end].sum()
        if table.loc[claim.period_start : claim.period_end].isna().any(axis=None):
            counted.append(np.full(3, np.nan))
            verdicts.append("not observed throughout")
            continue
        counted.append(sums.to_numpy())
        inner = table.loc[claim.period_start + slack : claim.period_end - slack, "low"].sum()
        outer = table.loc[claim.period_start - slack : claim.period_end + slack, "high"].sum()
        low, high = claim.low, np.inf if np.isnan(claim.high) else claim.high
        verdicts.append("below" if outer < low else "above" if inner > high else "within")
    columns = ["counted_low", "counted_best", "counted_high"]
    held[columns] = np.array(counted).reshape(-1, 3)
    held["ratio"] = held["counted_best"] / held["best"].replace(0, np.nan)
    held["verdict"] = pd.Series(verdicts, held.index, dtype="str")
    return held


def _breaches(text: pd.Series, wrong: pd.Series, column: str, reason: str) -> list[str]:
    return [f"row {row}: {column} {value[:40]!r} {reason}" for row, value in text[wrong].items()]
