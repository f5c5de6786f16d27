"""GeoJSON of areas: read as it is meant, and hostile files refused in one sentence that says why."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conflictts as ct
from conflictts.errors import InputError
from conflictts.incidents import outlines as module

SQUARE = [[36, 35], [37, 35], [37, 36], [36, 36], [36, 35]]
HOLE = [[36.2, 35.2], [36.4, 35.2], [36.4, 35.4], [36.2, 35.4], [36.2, 35.2]]


def feature(coordinates, kind="Polygon", **properties):
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": {"NAME": "Idlib", **properties}, "geometry": geometry}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


@pytest.fixture
def read(tmp_path):
    def read(told, key="NAME"):
        path = tmp_path / "areas.geojson"
        path.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
        return ct.read_outlines(path, key=key)

    return read


def area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def test_borders_run_counterclockwise_and_holes_clockwise_however_written(read):
    for outer, hole in ((SQUARE, HOLE), (SQUARE[::-1], HOLE[::-1]), (SQUARE[::-1], HOLE)):
        ((border, inner),) = read(collection(feature([outer, hole]))).areas["Idlib"]
        assert (area(border), area(inner)) == (pytest.approx(1), pytest.approx(-0.04))


def test_parts_of_one_name_are_one_area_and_those_without_outline_none(read):
    east = [[x + 5, y] for x, y in SQUARE]
    bare = {"type": "Feature", "properties": {"NAME": "Hama"}, "geometry": None}
    parts = feature([[SQUARE], [HOLE]], "MultiPolygon")
    found = read(collection(parts, feature([east]), bare, feature([east], NAME=7)))
    assert {name: len(polygons) for name, polygons in found.areas.items()} == {"Idlib": 3, "7": 1}


def test_a_name_is_that_of_the_records_however_its_accents_are_written(read):
    written = "Me\u0301naka"
    assert list(read(collection(feature([SQUARE], NAME=written))).areas) == ["M\u00e9naka"]


def test_heights_a_mark_and_gzip(tmp_path):
    told = json.dumps(collection(feature([[[x, y, 120.5] for x, y in SQUARE]])))
    path = tmp_path / "areas.geojson.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + told.encode()))
    assert ct.read_outlines(path, key="NAME").areas["Idlib"][0][0].shape == (5, 2)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param(b"{", "is not JSON", id="cut off"),
        pytest.param(b"[" * 200_000, "is nested deeper", id="deep"),
        pytest.param(b"\xff\xfe\x00", "is not UTF-8", id="no text"),
        pytest.param(b'{"a": NaN}', "NaN is no number", id="NaN"),
        pytest.param([], "is not a GeoJSON FeatureCollection", id="list"),
        pytest.param({"type": "FeatureCollection"}, "has no list of features", id="no features"),
        pytest.param(collection(), "holds no polygon", id="empty"),
        pytest.param(collection(3), "no feature, number 1", id="number"),
        pytest.param(collection(feature([SQUARE], NAME=None)), "whose property 'NAME' is no name", id="no name"),
        pytest.param(collection({"type": "Feature", "properties": None}), "it has none", id="no properties"),
        pytest.param(collection(feature([36, 35], "Point")), "of type 'Point'", id="point"),
        pytest.param(
            collection({**feature([SQUARE]), "geometry": "Polygon"}),
            "of type 'no object: Polygon'",
            id="text for geometry",
        ),
        pytest.param(collection(feature("x")), "hold 'x' where a list is due", id="text for coordinates"),
        pytest.param(collection(feature([["36", "35"]])), "the position '36'", id="text for position"),
        pytest.param(collection(feature([[[True, 1]] * 4])), r"the position '\[True, 1\]'", id="truth for a degree"),
        pytest.param(collection(feature([[[1, [2]]] * 4])), r"position '\[1, \[2\]\]'", id="list for a degree"),
        pytest.param(collection(feature([SQUARE[:-1]])), "a ring of 4 points that is not closed", id="open"),
        pytest.param(collection(feature([SQUARE[:1] * 2])), "a ring of 2 points", id="two points"),
        pytest.param(collection(feature([[]])), "a ring of 0 points", id="no points"),
        pytest.param(collection(feature([[[10**400, 1]] * 4])), "inf, inf, which is no longitude", id="endless"),
        pytest.param(collection(feature([[[4e5, 5e6]] * 4])), "400000, 5e[+]06, which is no longitude", id="metres"),
        pytest.param(
            collection(feature([[[179, 0], [-179, 0], [-179, 1], [179, 0]]])), "leaps over the 180th", id="180"
        ),
        pytest.param(collection(feature([SQUARE]), crs={"name": "EPSG:3857"}), "coordinate system .*3857", id="crs"),
    ],
)
def test_hostile_file_is_refused_with_the_reason(read, told, said):
    with pytest.raises(InputError, match=said):
        read(told)


def test_too_much_is_refused(read, monkeypatch):
    monkeypatch.setattr(module, "MAX_POINTS", 9)
    with pytest.raises(InputError, match="more than 9 points"):
        read(collection(feature([SQUARE, HOLE])))
    monkeypatch.setattr(module, "MAX_FILE", 1 << 20)
    with pytest.raises(InputError, match="holds more than 1 MB"):
        read(b" " * (1 << 20) + b"{}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(part=JSON, where=st.sampled_from(["features", "feature", "geometry", "coordinates", "ring", "position", "name"]))
def test_no_file_ends_in_anything_but_outlines_or_a_refusal(tmp_path_factory, part, where):
    ring = [*SQUARE[:2], part, *SQUARE[2:]] if where == "position" else part if where == "ring" else SQUARE
    one = feature(part if where == "coordinates" else [ring])
    one = one | {"geometry": part} if where == "geometry" else one
    one = one | {"properties": {"NAME": part}} if where == "name" else one
    told = collection(part if where == "feature" else one)
    told = told | {"features": part} if where == "features" else told
    path = tmp_path_factory.getbasetemp() / "hostile.geojson"
    path.write_text(json.dumps(told))
    try:
        found = ct.read_outlines(path, key="NAME")
    except InputError:
        return
    assert all(np.isfinite(ring).all() for polygons in found.areas.values() for rings in polygons for ring in rings)
