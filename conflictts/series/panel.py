"""Many daily series of one measure, by place, perpetrator or kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.series.counting import SUMS, Tally
from conflictts.series.daily import Counting, DailySeries, series_of

Key: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DailyPanel(Mapping[Key, DailySeries]):
    """Daily series of many groups over the same days: a mapping from each group's key to its series.

    Attributes
    ----------
    table : DataFrame, shape (n_groups * n_days, n_by + 6)
        Long: the columns grouped by, then ``day`` and the columns of `DailySeries.table`; by group, then by day.
    by : tuple of str
        Columns grouped by. One gives keys of text, several give tuples; a blank value is the group "not stated".
    account : DataFrame, columns of `by`, then outcome, records, best
        What became of every record, also of groups of which none could be counted and which have no series.
    counting : Counting
        What all the series have in common: measure, unit, area, source, allocation, reporting_lag, provenance.
    """

    table: pd.DataFrame
    by: tuple[str, ...]
    account: pd.DataFrame
    counting: Counting
    _tally: Tally
    _position: dict[Key, int] = field(default_factory=dict)

    def __getitem__(self, key: Key) -> DailySeries:
        """The series of one group."""
        if key not in self._position:
            some = ", ".join(repr(known) for known in list(self)[:8])
            raise UnknownNameError(f"No group {key!r} by {', '.join(self.by)}. Among the {len(self)} are {some}.")
        return series_of(self._tally, self._position[key], self.counting)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a group."""
        return key in self._position

    def get(self, key: Key, default: Any = None) -> Any:
        """The series of one group, or `default` if there is no such group."""
        position = self._position.get(key)
        return default if position is None else series_of(self._tally, position, self.counting)

    def __iter__(self) -> Iterator[Key]:
        """Keys in order."""
        return iter(self._position)

    def __len__(self) -> int:
        """Number of groups."""
        return len(self._position)

    def __repr__(self) -> str:
        first, last = self._tally.days[[0, -1]]
        what = f"{self.counting.unit} by {', '.join(self.by)}"
        return f"<DailyPanel: {what}, {len(self)} groups, {first:%Y-%m-%d}..{last:%Y-%m-%d}>"

    def summary(self) -> pd.DataFrame:
        """One row per group: days observed, low, best, high, best per observed day, share allocated."""
        tally = self._tally
        totals = pd.DataFrame(np.nansum(tally.sums[:3], axis=2).T, columns=list(SUMS[:3]))
        observed = int((~np.isnan(tally.sums[0, 0])).sum())
        totals.insert(0, "days", observed)
        totals["per_day"] = totals["best"] / observed
        totals["allocated"] = tally.allocated
        return pd.concat([tally.keys, totals], axis=1).set_index(list(self.by))


def panel_of(tally: Tally, counting: Counting) -> DailyPanel:
    """Wrap the counts of all groups."""
    n_groups, n_days = tally.sums.shape[1:]
    group, day = np.repeat(np.arange(n_groups), n_days), np.tile(np.arange(n_days), n_groups)
    columns = {column: tally.keys[column].array.take(group) for column in counting.by}
    columns["day"] = tally.days.array.take(day)
    columns |= {name: sums.ravel() for name, sums in zip(SUMS, tally.sums, strict=True)}
    columns["status"] = pd.array(counting.status, dtype="str").take(day)
    table = pd.DataFrame(columns)
    keys: list[Key] = list(tally.keys.itertuples(index=False, name=None))
    if len(counting.by) == 1:
        keys = tally.keys[counting.by[0]].tolist()
    return DailyPanel(
        table=table,
        by=counting.by,
        account=_account(tally),
        _tally=tally,
        counting=counting,
        _position={key: position for position, key in enumerate(keys)},
    )


def _account(tally: Tally) -> pd.DataFrame:
    keys = tally.all_keys.loc[tally.account["key"]].reset_index(drop=True)
    return pd.concat([keys, tally.account.drop(columns="key")], axis=1)
