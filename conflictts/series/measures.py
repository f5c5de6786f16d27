"""What can be counted in an incident table: low, best and high of each record."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

Measure = Literal["incidents", "deadly incidents", "deaths", "civilians", "combatants", "injured"]
UNITS: dict[str, str] = {
    "incidents": "incidents",
    "deadly incidents": "deadly incidents",
    "deaths": "deaths",
    "civilians": "civilian deaths",
    "combatants": "combatant deaths",
    "injured": "people injured",
}
PARTS = ("low", "best", "high")


def amounts_of(table: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """What each record adds to the measure.

    Parameters
    ----------
    table : DataFrame
        An incident table.
    measure : str
        A key of `UNITS`. A "deadly incident" is a record of which someone died: surely (low), by the best figure, at
        most (high); see `_deadly`.

    Returns
    -------
    DataFrame, shape (n_records, 3), columns low, best, high
        Records or persons; NaN where the source does not state it.
    """
    if measure == "incidents":
        return pd.DataFrame(1.0, table.index, list(PARTS))
    if measure == "deadly incidents":
        return _deadly(table)
    blank = pd.Series(np.nan, table.index)
    return pd.DataFrame({part: table.get(f"{measure}_{part}", blank) for part in PARTS})


def _deadly(table: pd.DataFrame) -> pd.DataFrame:
    """Whether someone died of each record, by its low, best and high figures: 1, 0, or NaN where it does not say.

    A dead civilian or combatant makes a record deadly, whatever its deaths say. That nobody died is told by deaths of
    0, or by civilians and combatants both of 0: of one side alone the other may have died. It is not sure that someone
    died where the low figure of civilians is 0 and nothing is more. A record that is deadly by its best figure is
    deadly at most, bounds stated or not.
    """
    deaths, civilians, combatants = (amounts_of(table, side) for side in ("deaths", "civilians", "combatants"))
    found = pd.DataFrame(np.nan, table.index, list(PARTS))
    for part in PARTS:
        sides = pd.concat([civilians[part], combatants[part]], axis=1)
        died = (deaths[part] > 0) | (sides > 0).any(axis=1)
        nobody = (deaths[part] == 0) | (sides == 0).all(axis=1)
        found[part] = np.select([died, nobody], [1.0, 0.0], np.nan)
    by_best = found["best"] == 1
    combatants_alone = (combatants["best"] > 0) & combatants["low"].isna()  # how many of them surely is not stated
    not_surely = found["low"].isna() & (civilians["low"] == 0) & ~combatants_alone
    found.loc[not_surely, "low"] = 0.0
    found.loc[by_best, "high"] = 1.0
    return found
