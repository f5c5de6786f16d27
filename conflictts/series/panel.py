"""Many daily series of one measure, by place, perpetrator or kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from conflictts.errors import UnknownNameError
from conflictts.incidents.table import Ledger
from conflictts.series.counting import SUMS, Tally
from conflictts.series.daily import Counting, DailySeries, series_of

Key: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DailyPanel(Mapping[Key, DailySeries]):
    """Daily series of many groups over the same days: a mapping from each group's key to its series.

    The counts are held once, in one array; the series of a group and the long table are made when they are asked for.

    Attributes
    ----------
    by : tuple of str
        Columns grouped by. One gives keys of text, several give tuples; a blank value is the group "not stated".
    account : DataFrame, columns of `by`, then outcome, records, best
        What became of every record, also of groups of which none could be counted and which have no series.
    counting : Counting
        What all the series have in common: measure, unit, area, source, allocation, reporting_lag, provenance.
    ledger : Ledger
        What became of every row that was read: used + quarantined + excluded = read.
    places : DataFrame, index the columns of `by`
        Where the areas lie by the coordinates of their records, as `places_of` tells it; without those that have none.

    Examples
    --------
    >>> import conflictts as ct
    >>> case = ct.load_idlib_2019()
    >>> panel = ct.daily_series(case, measure="civilians", by="perpetrator")
    >>> panel
    <DailyPanel: civilian deaths by perpetrator, 5 groups, 2019-04-20..2020-01-15>
    >>> float(panel["russia"].counts.sum())
    151.0
    """

    by: tuple[str, ...]
    account: pd.DataFrame
    counting: Counting
    ledger: Ledger
    places: pd.DataFrame
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

    @property
    def days(self) -> pd.DatetimeIndex:
        """Every covered day, shape (n_days,)."""
        return self._tally.days

    @property
    def sums(self) -> np.ndarray:
        """``low``, ``best``, ``high`` and ``incidents``, shape (4, n_groups, n_days), groups in the order of the keys.

        NaN on unobserved days. The array itself, not a copy.
        """
        return self._tally.sums

    @property
    def table(self) -> pd.DataFrame:
        """Long, made anew: the columns grouped by, ``day``, and the columns of `DailySeries.table`; by group, then day.

        Shape (n_groups * n_days, n_by + 6).
        """
        n_groups, n_days = self.sums.shape[1:]
        group, day = np.repeat(np.arange(n_groups), n_days), np.tile(np.arange(n_days), n_groups)
        columns = {column: self._tally.keys[column].array.take(group) for column in self.by}
        columns["day"] = self.days.array.take(day)
        columns |= {name: sums.ravel() for name, sums in zip(SUMS, self.sums, strict=True)}
        columns["status"] = pd.array(self.counting.status, dtype="str").take(day)
        return pd.DataFrame(columns)

    def summary(self) -> pd.DataFrame:
        """One row per group: days observed, low, best, high, best per observed day, share allocated."""
        tally = self._tally
        totals = pd.DataFrame(np.nansum(tally.sums[:3], axis=2).T, columns=list(SUMS[:3]))
        observed = int((~np.isnan(tally.sums[0, 0])).sum())
        totals.insert(0, "days", observed)
        totals["per_day"] = totals["best"] / observed
        totals["allocated"] = tally.allocated
        return pd.concat([tally.keys, totals], axis=1).set_index(list(self.by))


def panel_of(tally: Tally, counting: Counting, ledger: Ledger, places: pd.DataFrame) -> DailyPanel:
    """Wrap the counts of all groups."""
    keys: list[Key] = list(tally.keys.itertuples(index=False, name=None))
    if len(counting.by) == 1:
        keys = tally.keys[counting.by[0]].tolist()
    return DailyPanel(
        by=counting.by,
        account=_account(tally),
        _tally=tally,
        counting=counting,
        ledger=ledger,
        places=places,
        _position={key: position for position, key in enumerate(keys)},
    )


def _account(tally: Tally) -> pd.DataFrame:
    keys = tally.all_keys.loc[tally.account["key"]].reset_index(drop=True)
    return pd.concat([keys, tally.account.drop(columns="key")], axis=1)
