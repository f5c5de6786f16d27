"""Areas lie where their best-placed records lie, told no closer than a tenth of a degree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import conflictts as ct


def panel_of(idlib: ct.Case, rows: list[tuple[str, float, float, str]]) -> ct.DailyPanel:
    table = idlib.table.iloc[: len(rows)].reset_index(drop=True)
    columns = ("admin1", "latitude", "longitude", "location_precision")
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        table[column] = pd.Series(values, dtype=table[column].dtype)
    return ct.daily_series(replace(idlib, table=table), measure="incidents", by="admin1")


def test_mean_of_the_best_placed_records_alone(idlib):
    rows = [
        ("A", 35.0, 36.0, "1"), ("A", 35.26, 36.5, "1"), ("A", 0.0, 0.0, "10"),
        ("B", 10.0, -20.0, ""), ("B", 11.04, -21.0, "4"),
        ("C", np.nan, 5.0, "1"),
        ("", 1.0, 1.0, "1"),
        ("F", -17.0, 179.9, "1"), ("F", -17.0, -179.9, "1"),
    ]  # fmt: skip
    places = panel_of(idlib, rows).places
    assert places.loc["A"].tolist() == [35.1, 36.2, "1", 2]
    assert places.loc["B"].tolist() == [11.0, -21.0, "4", 1]
    assert list(places.index) == ["A", "B"]  # C has no degrees, records without an area none, F lies on both sides


def test_of_several_columns_and_of_a_source_without_coordinates(idlib):
    panel = ct.daily_series(idlib, measure="civilians", by=["admin1", "perpetrator"])
    assert list(panel.places.index.names) == ["admin1", "perpetrator"]
    assert panel.places["records"].sum() == idlib.table[["latitude", "longitude"]].notna().all(axis=1).sum()
    bare = replace(idlib, table=idlib.table.assign(latitude=np.nan))
    assert ct.daily_series(bare, measure="civilians", by="admin1").places.empty


@pytest.mark.parametrize("by", ["admin1", "place"])
def test_places_are_no_closer_than_a_tenth(idlib, by):
    places = ct.daily_series(idlib, measure="civilians", by=by).places[["latitude", "longitude"]]
    pd.testing.assert_frame_equal(places, places.round(1))
