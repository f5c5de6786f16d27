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
        most (high), each judged by that figure of the record's own deaths.

    Returns
    -------
    DataFrame, shape (n_records, 3), columns low, best, high
        Records or persons; NaN where the source does not state it.
    """
    if measure == "incidents":
        return pd.DataFrame(1.0, table.index, list(PARTS))
    if measure == "deadly incidents":
        deaths = amounts_of(table, "deaths")
        return (deaths > 0).astype("float64").where(deaths.notna())
    blank = pd.Series(np.nan, table.index)
    return pd.DataFrame({part: table.get(f"{measure}_{part}", blank) for part in PARTS})
