"""Who told of the days before a truce's date and who of those after it: other tellers are not less violence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, TooLittleData, UnknownNameError, require_kind
from conflictts.incidents.codes import columns_in_words
from conflictts.incidents.table import Incidents, Where, matching_records
from conflictts.series.counting import NOT_STATED, counted_area
from conflictts.series.daily import UNITS, DailySeries, Day, Measure, pair_of_days
from conflictts.series.measures import amounts_of
from conflictts.series.numerals import so_many
from conflictts.series.percent import percent
from conflictts.truce.period import Truce

COLUMNS = "reporting_body", "perpetrator"
MIN_RECORDS = 10  # on each side, for a mix to be compared
MIN_CHANGE = 0.2  # of the shares; below, a change of mix is not worth a warning


@dataclass(frozen=True, slots=True, eq=False)
class SourceMix:
    """Shares of each reporting body and each perpetrator before and after a truce's date.

    Attributes
    ----------
    truce : Truce
    window : (Timestamp, Timestamp)
    measure : str
    area : str
        Of the source, and what the records were chosen by.
    source : str
        Provider and vintage.
    table : DataFrame
        One row per column and value: ``column``, ``value``, ``records_before``, ``records_after``, ``toll_before``,
        ``toll_after`` (best figures; for "incidents" the records), ``share_before``, ``share_after`` (of the toll),
        ``rate_ratio`` (toll per day after / before; NaN where nothing was told before). Largest toll first.
    changes : DataFrame, index column
        ``mix_change`` (half the sum of the absolute differences of the shares: 0 the same mix, 1 nobody in common),
        ``count_change`` (how far the toll per day moved, as a share of the larger side), ``records_before``,
        ``records_after`` and ``warned``.
    warnings : tuple of str
        One per column that no record states, that is too thin to say, or whose mix changed more than the count; and one
        per value with a fifth of the toll on one side that no record names on the other.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> mix = ct.source_mix(case, case.truces["TRC-5"], measure="civilians", window=("2019-04-30", "2019-11-06"))
    >>> mix.changes.loc["perpetrator", ["mix_change", "count_change"]].astype(float).round(2).tolist()
    [0.48, 0.84]
    >>> mix.warnings[0][:60]
    '“government_or_russia”, with 44% of the toll before the date'
    """

    truce: Truce
    window: tuple[pd.Timestamp, pd.Timestamp]
    measure: str
    area: str
    source: str
    table: pd.DataFrame
    changes: pd.DataFrame
    warnings: tuple[str, ...]

    def summary(self) -> pd.DataFrame:
        """One row per column and value: records, toll and share on each side, and the ratio of rates."""
        return self.table


def source_mix(
    incidents: Incidents,
    truce: Truce,
    *,
    measure: Measure,
    window: tuple[Day, Day],
    daily: DailySeries | None = None,
    where: Where | None = None,
) -> SourceMix:
    """Compare who told of the violence, and who was named for it, before and after a truce's date.

    A record counts on the side of its first day. Details of other records are left out, as in the daily series.

    Parameters
    ----------
    incidents : Incidents
    truce : Truce
    measure : {"incidents", "deadly incidents", "deaths", "civilians", "combatants", "injured"}
    window : (first, last)
        Days to compare, inclusive, around the truce's first day; those of the effect.
    daily : DailySeries, optional
        The effect's series. Its unobserved and provisional days are then left out, with the records that begin on them;
        otherwise every day of the window counts as observed.
    where : mapping of column to value or values, optional
        Conditions on the incident table, all of which must hold.

    Returns
    -------
    SourceMix
        It warns where the mix changed more than the count: then part of that may be one of who tells.

    Raises
    ------
    CoverageError
        If the window does not hold the truce's first day and a day before it, or a side of it no observed day.
    UnknownNameError
        If the measure does not exist.
    TooLittleData
        If no record of the window states the measure.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> mix = ct.source_mix(case, case.truces["TRC-5"], measure="civilians", window=("2019-04-30", "2019-11-06"))
    >>> mix.changes.index.tolist()
    ['reporting_body', 'perpetrator']
    """
    require_kind(incidents, Incidents, "incidents")
    require_kind(truce, Truce, "truce")
    if measure not in UNITS:
        raise UnknownNameError(f"No measure {measure!r}. Choose one of {', '.join(UNITS)}.")
    first, last = pair_of_days(window, "window")
    if not first < truce.effective <= last:
        raise CoverageError(
            f"The window {first:%Y-%m-%d}..{last:%Y-%m-%d} must hold the truce's first day, "
            f"{truce.effective:%Y-%m-%d}, and a day before it."
        )
    table = incidents.table
    table = table[matching_records(table, where or {}) & (table["part_of"] == "")]
    observed = pd.date_range(first, last)
    if daily is not None:
        observed = observed[daily.settled.reindex(observed).notna()]
    table = table[table["date_start"].isin(observed)]
    toll = amounts_of(table, measure)["best"]
    table, toll = table[toll.notna()], toll.dropna()
    if toll.sum() == 0:
        raise TooLittleData(
            f"No record between {first:%Y-%m-%d} and {last:%Y-%m-%d} tells of any {UNITS[measure]}. Check the window "
            "and the area."
        )
    after = (table["date_start"] >= truce.effective).to_numpy()
    days = int((observed < truce.effective).sum()), int((observed >= truce.effective).sum())
    if min(days) == 0:
        raise CoverageError(
            f"Between {first:%Y-%m-%d} and {last:%Y-%m-%d} {so_many(days[0], 'day')} before the truce and {days[1]} "
            "after it are observed and settled; each side needs one. Widen the window."
        )
    parts, changes, warnings = [], {}, []
    for column in COLUMNS:
        part = _mix(table[column].replace("", NOT_STATED), toll, after, days)
        part.insert(0, "column", column)
        parts.append(part)
        changes[column], told = _change(part, column, days)
        warnings += told
    return SourceMix(
        truce=truce,
        window=(first, last),
        measure=measure,
        area=counted_area(incidents.provenance.area, where or {}),
        source=f"{incidents.provenance.provider}, {incidents.provenance.vintage}",
        table=pd.concat(parts, ignore_index=True),
        changes=pd.DataFrame.from_dict(changes, orient="index").rename_axis("column"),
        warnings=tuple(warnings),
    )


def _mix(names: pd.Series, toll: pd.Series, after: np.ndarray, days: tuple[int, int]) -> pd.DataFrame:
    values = sorted(set(names))
    part = pd.DataFrame({"value": values})
    for side, chosen in (("before", ~after), ("after", after)):
        part[f"records_{side}"] = names[chosen].value_counts().reindex(values, fill_value=0).to_numpy()
        part[f"toll_{side}"] = toll[chosen].groupby(names[chosen]).sum().reindex(values, fill_value=0.0).to_numpy()
    for side in ("before", "after"):
        total = part[f"toll_{side}"].sum()
        part[f"share_{side}"] = part[f"toll_{side}"] / total if total > 0 else np.nan
    part["rate_ratio"] = (part["toll_after"] / days[1]) / (part["toll_before"].replace(0, np.nan) / days[0])
    order = (part["toll_before"] + part["toll_after"]).sort_values(ascending=False, kind="stable").index
    columns = ["value", "records_before", "records_after", "toll_before", "toll_after", "share_before", "share_after"]
    return part.loc[order, [*columns, "rate_ratio"]]


def _change(part: pd.DataFrame, column: str, days: tuple[int, int]) -> tuple[dict[str, float | int | bool], list[str]]:
    n_before, n_after = int(part["records_before"].sum()), int(part["records_after"].sum())
    before, after = part["toll_before"].sum() / days[0], part["toll_after"].sum() / days[1]
    mix = float((part["share_after"] - part["share_before"]).abs().sum() / 2) if before > 0 and after > 0 else np.nan
    count = float(abs(after - before) / max(before, after))
    word = columns_in_words([column])
    warnings = []
    if (part["value"] == NOT_STATED).all():
        mix = np.nan
        warnings.append(f"no record states its {word}, so whether their shares changed cannot be told")
    elif min(n_before, n_after) < MIN_RECORDS:
        warnings.append(
            f"too few records to compare the shares of each {word} ({n_before} before the date, {n_after} after; "
            f"{MIN_RECORDS} on each side are needed)"
        )
    elif np.isnan(mix):
        side = "before" if before == 0 else "after"
        warnings.append(f"the toll {side} the date is 0, so there are no shares of each {word} to compare")
    elif mix > count and mix > MIN_CHANGE:
        warnings.append(
            f"the shares of each {word} changed more than the count: {percent(mix)} of the toll went from one to "
            f"another, while the toll per day changed by {percent(count)}"
        )
        if column == "reporting_body":
            warnings[-1] += "; part of the change may be one of who tells, not of what happened"
    if min(n_before, n_after) >= MIN_RECORDS:
        for side, other in (("before", "after"), ("after", "before")):
            gone = part[(part[f"share_{side}"] >= MIN_CHANGE) & (part[f"records_{other}"] == 0)]
            warnings += [
                f"“{value}”, with {percent(share)} of the toll {side} the date, is named as {word} by no counted "
                f"record {other} it: the naming may have changed, not the violence"
                for value, share in gone[["value", f"share_{side}"]].itertuples(index=False)
                if value != NOT_STATED
            ]
    figures: dict[str, float | int | bool] = {
        "mix_change": mix,
        "count_change": count,
        "records_before": n_before,
        "records_after": n_after,
        "warned": bool(warnings),
    }
    return figures, warnings
