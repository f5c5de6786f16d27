"""A file that holds daily series in, the one that is asked for out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from conflictts.series.daily import DailySeries
    from conflictts.truce.monitor import Monitor

Chosen = Mapping[str, Sequence[str]]
NEEDED = ("day", "best", "status")
STATUSES = ("observed", "provisional", "unobserved")


def read_series(path: str, chosen: Chosen, **labels: str) -> DailySeries:
    """One series as `conflictts series` or a report writes it; days not observed, or provisional, as missing."""
    return _series_of(_days_of(path), path, chosen, **({"area": _named(chosen)} if chosen else {}) | labels)


def later_days(path: str, chosen: Chosen, calm: Monitor) -> DailySeries:
    """The same of the days after a calm, named as theirs where the file has a series of the calm's name."""
    table = _days_of(path)
    names = {name for column in _keys(table) for name in table[column].unique()}
    named = {"area": _named(chosen)} if chosen and calm.area in names else {}
    return _series_of(table, path, chosen, measure=calm.measure, **named)


def _named(chosen: Chosen) -> str:
    return ", ".join(name for names in chosen.values() for name in names)


def _keys(table: pd.DataFrame) -> list[str]:
    """Columns that tell the series of a file apart."""
    from conflictts.incidents.table import FILTERS

    return [column for column in ("area", *FILTERS) if column in table]


def _days_of(path: str) -> pd.DataFrame:
    import pandas as pd

    from conflictts.errors import InputError
    from conflictts.incidents.formulas import table_as_meant

    try:
        table = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    except OSError as error:
        raise InputError(f"The series {path} cannot be read ({error.strerror or error}). Name it rightly.") from None
    except Exception as error:  # a packed file that is damaged raises what its way of packing does
        raise InputError(f"{path} is no CSV table ({error}). Write it with `conflictts series`.") from None
    missing = [name for name in NEEDED if name not in table]
    if missing or not len(table):
        what = f"has no column {', '.join(missing)}" if missing else "has no days"
        raise InputError(f"{path} {what}. It needs day, best and status; write it with `conflictts series`.")
    unknown = ~table["status"].isin(STATUSES)
    if unknown.any():
        raise InputError(
            f"{path}, row {int(unknown.argmax()) + 2}: status = {table['status'][unknown].iloc[0]!r}. It is one of "
            f"{', '.join(STATUSES)}."
        )
    return table_as_meant(table)


def _series_of(table: pd.DataFrame, path: str, chosen: Chosen, **labels: str) -> DailySeries:
    import pandas as pd

    from conflictts.errors import InputError
    from conflictts.series.daily import DailySeries

    table = _one_of(table, path, chosen)
    days = pd.to_datetime(table["day"], format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        at = days.index[days.isna()][0]
        raise InputError(f"{path}, row {at + 2}: day = {table['day'][at]!r} is not written as YYYY-MM-DD.")
    best = table["best"].where((table["status"] == "observed") & (table["best"] != ""))
    told = table["measure"].unique() if "measure" in table else []
    if len(told) > 1:
        raise InputError(
            f"{path} counts {told[0]!r} on some days and {told[1]!r} on others. Give one series of one measure."
        )
    words: dict[str, Any] = {"source": Path(path).name, "measure": "counts"} | labels
    words |= {"measure": str(told[0])} if len(told) else {}
    return DailySeries.from_counts(pd.Series(best.to_numpy(), pd.DatetimeIndex(days)), **words)


def _one_of(table: pd.DataFrame, path: str, chosen: Chosen) -> pd.DataFrame:
    """The days of the series that is chosen, or of the only one there is."""
    from conflictts.incidents.files import shorten

    keys = _keys(table)
    for column, names in chosen.items():
        if column not in keys:
            has = f"tells its series apart by {', '.join(keys)}" if keys else "holds one series. Leave --where out"
            raise typer.BadParameter(f"{path} has no column {column}; it {has}.", param_hint="--where")
        known = list(table[column].unique())
        if len(names) > 1 or names[0] not in known:
            wrong = "given twice, and a monitor follows one series" if len(names) > 1 else f"no series {names[0]!r}"
            raise typer.BadParameter(f"{column}: {wrong}. {path} has {shorten(known)}.", param_hint="--where")
        table = table[table[column] == names[0]]
    for column in keys:
        known = list(table[column].unique())
        if len(known) > 1:
            raise typer.BadParameter(
                f"{path} holds {len(known):,} series by {column}, and a monitor follows one: {shorten(known)}. Name "
                f"it, such as --where {column}={known[0]!r}.",
                param_hint="--where",
            )
    return table
