"""Where the areas of a panel lie, told by the coordinates of their records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from conflictts.series.counting import NOT_STATED, groups_of

COARSE = 1  # decimals of degrees that are told of an area, about 11 km: not where a single event was


def by_district_alone(by: Sequence[str]) -> bool:
    """Whether districts of one name in several first-order areas are one group."""
    return "admin2" in by and "admin1" not in by


def place_sums(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sums of coordinates of an incident table.

    Returns
    -------
    DataFrame
        The columns of `by`, ``precision``, ``records`` with both coordinates, the sums of their ``latitude`` and
        ``longitude``, and the least and largest longitude, ``west`` and ``east``; one row for each of the keys and
        precisions that occur together.
    """
    keys, group = groups_of(table.assign(precision=table["location_precision"]), (*by, "precision"))
    latitude, longitude = (table[name].to_numpy() for name in ("latitude", "longitude"))
    known = ~(np.isnan(latitude) | np.isnan(longitude))
    group, latitude, longitude = group[known], latitude[known], longitude[known]
    weights = {"records": np.ones(len(group)), "latitude": latitude, "longitude": longitude}
    sums = {name: np.bincount(group, weights=each, minlength=len(keys)) for name, each in weights.items()}
    west, east = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
    np.minimum.at(west, group, longitude)
    np.maximum.at(east, group, longitude)
    return keys.assign(**sums, west=west, east=east)[sums["records"] > 0]


def places_of(sums: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The mean coordinates of each area's best-placed records.

    Parameters
    ----------
    sums : DataFrame
        From `place_sums`; keys and precisions may stand in it several times.

    Returns
    -------
    DataFrame, index the columns of `by`
        ``latitude`` and ``longitude`` in degrees, rounded to a tenth; ``precision`` of the records they are taken from,
        as the source states it (the lowest number is the best, unstated the worst); ``records``, how many. Records
        without an area, and areas on both sides of the 180th meridian, have no place.
    """
    how = {"records": "sum", "latitude": "sum", "longitude": "sum", "west": "min", "east": "max"}
    added = sums.groupby([*by, "precision"], as_index=False, sort=True).agg(how)
    added = added[(added["east"] - added["west"] <= 180) & (added[list(by)] != NOT_STATED).all(axis=1)]
    rank = pd.to_numeric(added["precision"], errors="coerce").fillna(np.inf)
    best = added.assign(rank=rank).sort_values("rank", kind="stable").drop_duplicates(list(by)).set_index(list(by))
    for degrees in ("latitude", "longitude"):
        best[degrees] = (best[degrees] / best["records"]).round(COARSE)
    return best.sort_index()[["latitude", "longitude", "precision", "records"]].astype({"records": "int64"})
