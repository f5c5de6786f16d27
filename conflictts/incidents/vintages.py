"""Two downloads of one source in, what was added, removed and changed between them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import require_kind
from conflictts.incidents.table import COLUMNS, Incidents

PERSONS = ("civilians", "deaths")
LEAST_COMMON = 0.5  # of the smaller vintage's identifiers, below which two files are hardly two vintages


@dataclass(frozen=True, slots=True, eq=False)
class VintageComparison:
    """What changed between two vintages of the same records.

    Attributes
    ----------
    added, removed : DataFrame, columns of the incident table
        Records whose incident_id stands only in the new vintage, and only in the old one.
    changed : DataFrame, columns incident_id, column, old, new
        One row per cell that differs, in the order of the new vintage. Two blanks are equal.
    by_month : DataFrame, index month (its first day), columns added, removed, changed, civilians, deaths
        Records by the month of date_start (of the new vintage for those in both), gapless; `civilians` and `deaths`
        are best figures, new less old, in persons, of the records that count (no `part_of`); NaN throughout where
        no such record of one vintage states them, for what is not stated differs by no number.
    by_column : DataFrame, columns column and records
        In how many records each column changed, most first.
    same : int
        Records in both vintages that are equal in every column.
    names : (str, str)
        Provider, vintage and, if it is known, day of retrieval, old and new.
    warnings : tuple of str
        Why these may not be two downloads of one source: other providers, or hardly a record in common.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import conflictts as ct
    >>> new = ct.load_idlib_2019()
    >>> old = replace(new, table=new.table[new.table["date_start"] < "2019-12-01"])
    >>> changed = ct.compare_vintages(old, new)
    >>> len(changed.added), len(changed.removed), changed.same
    (46, 0, 275)
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    changed: pd.DataFrame
    by_month: pd.DataFrame
    by_column: pd.DataFrame
    same: int
    names: tuple[str, str]
    warnings: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One line each for the records that are the same, changed, added and removed."""
        changed = self.changed["incident_id"].nunique()
        rows = [("same", self.same), ("changed", changed), ("added", len(self.added)), ("removed", len(self.removed))]
        return pd.DataFrame(rows, columns=["outcome", "records"])


def compare_vintages(old: Incidents, new: Incidents) -> VintageComparison:
    """Compare two downloads of one source, record by record and cell by cell.

    Parameters
    ----------
    old, new : Incidents
        Matched on incident_id, so that identifiers must be the source's own, the same in both. Not modified.

    Returns
    -------
    VintageComparison

    See Also
    --------
    find_duplicates : for two sources, whose identifiers have nothing in common.

    Notes
    -----
    Whether a finding survives is told by the same analysis of both vintages, with coverage and window declared and not
    left to what each vintage holds (see the example). Look at the estimates and what is said of them, not at whether
    two intervals overlap: both vintages are mostly the same records, so their intervals are not independent, and no
    test of the one against the other can be made of them.

    Examples
    --------
    What would the bundled case have said of the truce of 31 August before every 14th of its records, and the details
    of larger tolls, became known?

    >>> import conflictts as ct
    >>> from dataclasses import replace
    >>> new = ct.load_idlib_2019()
    >>> whole = new.table[new.table["part_of"] == ""]
    >>> old = replace(new, table=whole.drop(index=whole.index[::14]))
    >>> ct.compare_vintages(old, new).summary().set_index("outcome")["records"].to_dict()
    {'same': 190, 'changed': 0, 'added': 131, 'removed': 0}
    >>> for vintage in (old, new):
    ...     daily = ct.daily_series(vintage, measure="civilians", coverage=new.provenance.coverage)
    ...     effect = ct.estimate_truce_effect(daily, new.truces["TRC-5"], window=("2019-04-30", "2019-11-06"))
    ...     print(f"rate ratio {effect.rate_ratio:.2f} ({effect.lower:.2f} to {effect.upper:.2f})")
    rate ratio 0.14 (0.07 to 0.28)
    rate ratio 0.15 (0.07 to 0.32)
    """
    require_kind(old, Incidents, "old")
    require_kind(new, Incidents, "new")
    before, after = (incidents.table.set_index("incident_id", drop=False) for incidents in (old, new))
    common = after.index[after.index.isin(before.index)]
    was, now = before.loc[common], after.loc[common]
    changed = _changed_cells(was, now)
    added, removed = after.loc[~after.index.isin(before.index)], before.loc[~before.index.isin(after.index)]
    touched = now[now["incident_id"].isin(changed["incident_id"])]
    by_column = changed.groupby("column", sort=True).size().rename("records").reset_index()
    return VintageComparison(
        added=added.reset_index(drop=True),
        removed=removed.reset_index(drop=True),
        changed=changed,
        by_month=_by_month(before, after, {"added": added, "removed": removed, "changed": touched}),
        by_column=by_column.sort_values("records", ascending=False, kind="stable", ignore_index=True),
        same=len(common) - len(touched),
        names=(_name(old), _name(new)),
        warnings=_not_one_source(old, new, len(common)),
    )


def _not_one_source(old: Incidents, new: Incidents, n_common: int) -> tuple[str, ...]:
    one, other = old.provenance.provider, new.provenance.provider
    warnings = [f"the providers are not the same: {one} and {other}"] if one != other else []
    smaller = min(len(old.table), len(new.table))
    if n_common < LEAST_COMMON * smaller:
        found = "no incident_id stands" if n_common == 0 else f"only {n_common:,} of {smaller:,} identifiers stand"
        warnings.append(
            f"{found} in both files: these may be two sources, or other days or areas of one. What one source tells of "
            "another's events is found by find_duplicates"
        )
    return tuple(warnings)


def _changed_cells(was: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Cells that differ, of two tables with the same index."""
    cells = []
    for place, column in enumerate(COLUMNS):
        differs = ((was[column] != now[column]) & ~(was[column].isna() & now[column].isna())).to_numpy(dtype=bool)
        cells.append(
            pd.DataFrame(
                {
                    "row": differs.nonzero()[0],
                    "place": place,
                    "incident_id": now["incident_id"].to_numpy()[differs],
                    "column": column,
                    "old": was[column][differs].astype(object).to_numpy(),
                    "new": now[column][differs].astype(object).to_numpy(),
                }
            ).astype({"incident_id": "str", "column": "str", "old": object, "new": object})
        )
    long = pd.concat(cells, ignore_index=True).sort_values(["row", "place"], ignore_index=True)
    return long[["incident_id", "column", "old", "new"]]


def _by_month(before: pd.DataFrame, after: pd.DataFrame, outcomes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    days = pd.concat([before["date_start"], after["date_start"]])
    if days.empty:
        months = pd.DatetimeIndex([], name="month")
    else:
        months = pd.date_range(_month(days).min(), _month(days).max(), freq="MS", name="month", unit="us")
    table = pd.DataFrame(index=months)
    for outcome, records in outcomes.items():
        counted = _month(records["date_start"]).value_counts()
        table[outcome] = counted.reindex(months, fill_value=0).astype("int64")
    for kind in PERSONS:
        totals = [_totals(records[records["part_of"] == ""], f"{kind}_best", months) for records in (before, after)]
        table[kind] = totals[1] - totals[0]
    return table


def _totals(counted: pd.DataFrame, column: str, months: pd.DatetimeIndex) -> pd.Series:
    if len(counted) and counted[column].isna().all():
        return pd.Series(np.nan, months)
    return counted[column].groupby(_month(counted["date_start"])).sum().reindex(months, fill_value=0.0)


def _month(days: pd.Series) -> pd.Series:
    return days - pd.to_timedelta(days.dt.day - 1, unit="D")


def _name(incidents: Incidents) -> str:
    provenance = incidents.provenance
    known = provenance.release or provenance.sha256
    name = f"{provenance.provider}, {provenance.vintage}" if known else provenance.provider
    return f"{name}, retrieved {provenance.retrieved_on:%Y-%m-%d}" if provenance.retrieved_on is not None else name
