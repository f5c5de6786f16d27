"""Incidents in, sums per group and covered day out, with an account of every record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from conflictts.errors import CoverageError, InputError, TooLittleData, UnknownNameError
from conflictts.incidents.codes import codes_in_words, columns_in_words, told_apart
from conflictts.incidents.table import FILTERS, Ledger, Where, matching_records
from conflictts.series.allocation import (
    ALLOCATIONS,
    DRAWN_UNITS,
    Allocation,
    DrawnUnit,
    add_pieces,
    draw_allocations,
    lay_out,
    some_at_a_time,
)
from conflictts.series.measures import UNITS, Measure, amounts_of

NOT_STATED = "not stated"  # the name of the group of records whose key is blank
SUMS = ("low", "best", "high", "incidents")
COUNTED = "counted"


@dataclass(frozen=True, slots=True, eq=False)
class Bundles:
    """Records alike in all that counting looks at, as one row with their sums; or each record by itself.

    Attributes
    ----------
    table : DataFrame, shape (n_bundles, ...)
        ``date_start``, ``date_end``, ``part_of`` and the columns that are filtered on or grouped by, as in an incident
        table.
    amounts : DataFrame, shape (n_bundles, 3), columns low, best, high
        Sums, the best figure standing in for a bound that is not stated; NaN where the measure is not stated.
    records, no_lower, no_upper : ndarray of int, shape (n_bundles,)
        How many records, and for how many of them the measure is stated without a lower (upper) bound.
    """

    table: pd.DataFrame
    amounts: pd.DataFrame
    records: np.ndarray
    no_lower: np.ndarray
    no_upper: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, measure: Measure) -> Bundles:
        """Take each record of an incident table by itself."""
        amounts = amounts_of(table, measure)
        stated = amounts["best"].notna()
        no_lower, no_upper = (np.asarray(stated & amounts[part].isna(), dtype=np.int64) for part in ("low", "high"))
        bounded = amounts.fillna({"low": amounts["best"], "high": amounts["best"]}).where(stated)
        return cls(table, bounded, np.ones(len(table), dtype=np.int64), no_lower, no_upper)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of one group or many over the same days.

    Attributes
    ----------
    days : DatetimeIndex, shape (n_days,)
    sums : ndarray of float, shape (4, n_groups, n_days)
        low, best, high and incidents; NaN on days not observed.
    draws : ndarray of float, shape (n_groups, n_days, n_draws), or None
        NaN on days not observed.
    keys : DataFrame of str, shape (n_groups, n_by)
        The values that make each group; one row without columns where nothing was grouped.
    kept : ndarray of int, shape (n_groups,)
        Positions of the groups in `all_keys`.
    account : DataFrame, columns key (position in `all_keys`), outcome, records, best
    all_keys : DataFrame of str
        The keys of every record read, also of groups without a counted record; its index holds the positions.
    allocated : ndarray of float, shape (n_groups,)
        Share of the best total that comes from records of more than one day.
    no_lower_bound, no_upper_bound : ndarray of int, shape (n_groups,)
    """

    days: pd.DatetimeIndex
    sums: np.ndarray
    draws: np.ndarray | None
    keys: pd.DataFrame
    kept: np.ndarray
    account: pd.DataFrame
    all_keys: pd.DataFrame
    allocated: np.ndarray
    no_lower_bound: np.ndarray
    no_upper_bound: np.ndarray

    def part(self, groups: slice) -> Tally:
        """Some of the groups, by position; `all_keys` is empty."""
        kept = self.kept[groups]
        return replace(
            self,
            sums=self.sums[:, groups],
            draws=None if self.draws is None else self.draws[groups],
            keys=self.keys.iloc[groups],
            kept=kept,
            account=self.account[self.account["key"].isin(kept)],
            all_keys=self.all_keys.iloc[:0],
            allocated=self.allocated[groups],
            no_lower_bound=self.no_lower_bound[groups],
            no_upper_bound=self.no_upper_bound[groups],
        )


def count_bundles(
    bundles: Bundles,
    ledger: Ledger,
    days: pd.DatetimeIndex,
    missing: np.ndarray,
    *,
    measure: Measure,
    allocation: Allocation,
    where: Where,
    by: Sequence[str],
    draws: int | None = None,
    drawn_unit: DrawnUnit = "persons",
    rng: np.random.Generator | None = None,
) -> Tally:
    """Count records per group and day, all groups at once.

    Parameters
    ----------
    bundles : Bundles
        Each record by itself, where draws are asked for.
    ledger : Ledger
        Of the records, to say what became of them where none is left to count.
    days : DatetimeIndex, shape (n_days,)
        Every covered day.
    missing : ndarray of bool, shape (n_days,)
        Days not observed: declared gaps, and days after the source's last.
    measure, allocation, where, by, draws, drawn_unit, rng
        As in `daily_series`; `by` may be empty.
    """
    table, amounts, records = bundles.table, bundles.amounts, bundles.records
    outcome = _outcomes(bundles, ledger, measure, allocation, where)
    all_keys, key = groups_of(table, by)
    counted = (outcome == COUNTED).to_numpy()
    group, kept = pd.factorize(key[counted], sort=True)

    numbers = np.empty((len(SUMS), len(group))).T
    for column, name in enumerate(amounts):
        numbers[:, column] = amounts[name].to_numpy()[counted]
    numbers[:, -1] = records[counted]
    first, last = ((table[column][counted] - days[0]).dt.days.to_numpy() for column in ("date_start", "date_end"))
    inside, lost = np.empty((2, len(first)))
    sums = np.zeros((len(SUMS), len(kept), len(days)))  # memory that no piece falls into is never touched
    for some in some_at_a_time(first, last, len(days)):
        layout = lay_out(first[some], last[some], len(days), allocation=allocation)
        inside[some], lost[some] = layout.share_on(~missing), layout.share_on(missing)
        add_pieces(sums, layout, numbers[some], group[some])
    if not inside.any():
        raise _nothing_inside(table[["date_start", "date_end"]][counted], records[counted], lost, days)
    _assert_nothing_lost(sums, missing, inside, numbers, group)
    sums[:, :, missing] = np.nan
    best, touched, several = numbers[:, 1], inside > 0, last > first

    def per_group(chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.bincount(group[chosen], weights=weights[chosen], minlength=len(kept))

    total = per_group(touched, best * inside)
    return Tally(
        days=days,
        sums=sums,
        draws=_draws(first, last, best, group, len(kept), missing, draws, drawn_unit, rng),
        keys=all_keys.loc[kept].reset_index(drop=True),
        kept=kept,
        account=_account(outcome, amounts["best"].to_numpy(), records, key, inside, lost),
        all_keys=all_keys,
        allocated=per_group(several, best * inside) / np.where(total > 0, total, 1.0),
        no_lower_bound=per_group(touched, bundles.no_lower[counted]).astype(np.int64),
        no_upper_bound=per_group(touched, bundles.no_upper[counted]).astype(np.int64),
    )


def where_in_words(where: Where) -> str:
    """{"admin1": ["Idlib", "Hama"]} -> "admin1 Idlib or Hama", codes of a press catalogue in words."""

    def either(values: str | Sequence[str]) -> str:
        return " or ".join(
            told_apart([codes_in_words(each) for each in ([values] if isinstance(values, str) else values)])
        )

    return ", ".join(f"{columns_in_words([column])} {either(values)}" for column, values in where.items())


def counted_area(area: str, where: Where) -> str:
    """The source's area and the conditions on its records, as far as they are known."""
    return ", ".join(part for part in (area, where_in_words(where)) if part)


def require_known(measure: Measure, allocation: Allocation, by: Sequence[str]) -> None:
    """Raise UnknownNameError unless there are such a measure, such an allocation and such columns, each named once."""
    if measure not in UNITS:
        raise UnknownNameError(f"No measure {measure!r}. Choose one of {', '.join(UNITS)}.")
    if allocation not in ALLOCATIONS:
        raise UnknownNameError(f"No allocation {allocation!r}. Choose one of {', '.join(ALLOCATIONS)}.")
    for column in by:
        if column not in FILTERS:
            raise UnknownNameError(f"No column {column!r} to group by. Choose one of {', '.join(FILTERS)}.")
    if len(set(by)) < len(by):
        raise UnknownNameError(f"by = {', '.join(by)} names a column twice. Name each once.")


def require_drawable(
    allocation: Allocation, draws: int | None, drawn_unit: DrawnUnit, rng: np.random.Generator | None
) -> None:
    """Raise unless draws can be made so; see `daily_series`."""
    if drawn_unit not in DRAWN_UNITS:
        raise UnknownNameError(f"No drawn_unit {drawn_unit!r}. Choose one of {', '.join(DRAWN_UNITS)}.")
    if draws is None:
        return
    if draws < 2:
        raise InputError(f"draws = {draws} do not vary. Give 2 or more, such as 20.")
    if allocation != "spread":
        raise InputError(
            f"Draws vary the days of spread records, and allocation {allocation!r} fixes them. Use spread."
        )
    if rng is None:
        raise InputError("draws need a source of chance: rng=np.random.default_rng(1). The same seed draws the same.")


def groups_of(table: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Keys of all groups in order, and the group of each record."""
    if not by:
        return pd.DataFrame(index=pd.RangeIndex(1)), np.zeros(len(table), dtype=np.int64)
    key, names = np.zeros(len(table), dtype=np.int64), []
    for column in by:  # each value is compared once
        code, values = table[column].factorize()
        place, named = pd.Series(values, dtype="str").replace("", NOT_STATED).factorize(sort=True)
        key = key * len(named) + place[code]
        names.append(named)
    group, found = pd.factorize(key, sort=True)
    places = np.unravel_index(found, [len(named) for named in names])
    keys = {column: named.take(place) for column, named, place in zip(by, names, places, strict=True)}
    return pd.DataFrame(keys, dtype="str"), group


def all_stated(keys: pd.Index) -> np.ndarray:
    """Which groups are named by every column; the others gather the records that do not say.

    Examples
    --------
    >>> all_stated(pd.MultiIndex.from_tuples([("Homs", "Markaz"), ("Homs", NOT_STATED)])).tolist()
    [True, False]
    """
    named: np.ndarray = (keys.to_frame(index=False) != NOT_STATED).all(axis=1).to_numpy()
    return named


def _outcomes(bundles: Bundles, ledger: Ledger, measure: Measure, allocation: Allocation, where: Where) -> pd.Series:
    """What becomes of each bundle before any day is looked at, in words; refuses where nothing is left to count."""
    table, records, words = bundles.table, bundles.records, where_in_words(where)
    chosen = matching_records(table, where)
    detail = table["part_of"] != ""
    stated = bundles.amounts["best"].notna()
    dated = (table["date_start"] == table["date_end"]) | (allocation != "exact")
    if table.empty and ledger.n_quarantined:
        fault = ledger.quarantined.iloc[0]
        raise TooLittleData(
            f"All {ledger.read:,} rows of {fault['file']} are in quarantine, the first because "
            f"{fault['column']} = {fault['value'][:40]!r} is {fault['reason']}. See them all with conflictts check, "
            "and mend the file."
        )
    asked = chosen & ~detail
    if not (stated & asked).any():
        raise TooLittleData(
            f"None of the {records[asked].sum():,} records{' with ' + words if where else ''} states {UNITS[measure]}. "
            "Choose another measure, or a source that counts them."
        )
    if not (dated & stated & asked).any():
        raise TooLittleData(
            f"None of the {records[stated & asked].sum():,} records is dated to one day, so allocation 'exact' leaves "
            "nothing to count. Use 'spread'."
        )
    within = _within_counted(table, asked & stated & dated)
    reasons = {
        f"not {words}": ~chosen,
        "detail of a counted record": detail & within,
        "detail of a record that is not counted": detail & ~within,
        f"{UNITS[measure]} not stated": ~stated,
        "not dated to one day (allocation 'exact')": ~dated,
    }
    outcome = np.select(list(reasons.values()), list(range(len(reasons))), default=-1)
    return pd.Series(pd.Categorical.from_codes(outcome + 1, [COUNTED, *reasons]), table.index)


def _within_counted(table: pd.DataFrame, counted: pd.Series) -> pd.Series:
    """Which records are details of a counted one, or details of such details."""
    within = pd.Series(False, table.index)
    if (table["part_of"] != "").any():
        more = counted
        while more.any():
            more = table["part_of"].isin(table["incident_id"][more]) & ~within
            within |= more
    return within


def _nothing_inside(
    table: pd.DataFrame, records: np.ndarray, lost: np.ndarray, days: pd.DatetimeIndex
) -> CoverageError:
    found = f"they lie between {table['date_start'].min():%Y-%m-%d} and {table['date_end'].max():%Y-%m-%d}"
    if lost.any():
        found = f"{records[lost > 0].sum():,} of them lie on days not observed"
    return CoverageError(
        f"None of {records.sum():,} records lies inside coverage {days[0]:%Y-%m-%d}..{days[-1]:%Y-%m-%d}; {found}. "
        "Correct `coverage`."
    )


def _assert_nothing_lost(
    sums: np.ndarray, missing: np.ndarray, inside: np.ndarray, amounts: np.ndarray, group: np.ndarray
) -> None:
    """Of every group: the observed days add up to the records' shares on them."""
    observed = (~missing).astype(float)
    for column, name in enumerate(SUMS):
        days = sums[column] @ observed
        records = np.bincount(group, weights=inside * amounts[:, column], minlength=len(days))
        wrong = np.abs(records - days) > 1e-9 * np.maximum(1.0, np.abs(records))
        if wrong.any():
            k = int(wrong.argmax())
            raise AssertionError(f"{name}: days add up to {days[k]!r}, records inside coverage to {records[k]!r}")


def _draws(
    first: np.ndarray,
    last: np.ndarray,
    best: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    missing: np.ndarray,
    draws: int | None,
    drawn_unit: DrawnUnit,
    rng: np.random.Generator | None,
) -> np.ndarray | None:
    if draws is None or rng is None:
        return None
    broken = (best % 1 != 0) & (drawn_unit == "persons")
    if broken.any():
        raise InputError(
            f"{int(broken.sum()):,} of {len(best):,} records count in fractions, the first {best[broken][0]:g}; draws "
            "lay out whole persons. Round them in the source, or use drawn_unit='records'."
        )
    drawn = draw_allocations(
        first, last, best, group, n_groups=n_groups, n_days=len(missing), draws=draws, drawn_unit=drawn_unit, rng=rng
    )
    drawn[:, missing] = np.nan
    return drawn


def _account(
    outcome: pd.Series, best: np.ndarray, records: np.ndarray, key: np.ndarray, inside: np.ndarray, lost: np.ndarray
) -> pd.DataFrame:
    """One line per group and outcome; `inside` and `lost` (on days not observed) are shares of the counted records."""
    columns: dict[str, list[np.ndarray]] = {"key": [], "outcome": [], "records": [], "best": []}
    for label, keys, part, number in _outcome_lines(outcome, best, records, key, inside, lost):
        present = np.flatnonzero(np.bincount(keys))
        n = np.bincount(keys, weights=number).astype(np.int64)
        columns["key"].append(present)
        columns["outcome"].append(np.full(len(present), label, dtype=object))
        columns["records"].append(n[present] * (not label.startswith(" ")))
        columns["best"].append(np.bincount(keys, weights=part)[present])
    account = pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})
    return account.astype({"outcome": "str"}).sort_values("key", kind="stable", ignore_index=True)


def _outcome_lines(
    outcome: pd.Series, best: np.ndarray, records: np.ndarray, key: np.ndarray, inside: np.ndarray, lost: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Each outcome, and the group, the amount and the number of the records that met it, one outcome at a time."""
    counted = (outcome == COUNTED).to_numpy()
    here, amount, number = key[counted], best[counted], records[counted]
    partly, nowhere = (inside > 0) & (inside < 1), inside == 0
    outside = 1 - inside - lost
    whole = inside >= 1
    yield COUNTED, here[whole], amount[whole], number[whole]
    # The indented lines go on about the records of the line above; thirds do not add up to 1.
    yield from (
        (label, here[rows], (amount * share)[rows], number[rows])
        for label, rows, share in (
            ("counted for its days inside coverage", partly, inside),
            ("  the same records' days outside", partly & (outside > 1e-12), outside),
            ("  the same records' days not observed", partly & (lost > 0), lost),
        )
    )
    for label, rows in (("on days not observed", nowhere & (lost > 0)), ("outside coverage", nowhere & (lost == 0))):
        yield label, here[rows], amount[rows], number[rows]
    codes = outcome.cat.codes.to_numpy()
    for code, reason in enumerate(outcome.cat.categories[1:], start=1):
        mine = codes == code
        yield reason, key[mine], np.nan_to_num(best[mine]), records[mine]
