"""A GeoJSON file of areas in, the outline of each out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn
from unicodedata import normalize

import numpy as np

from conflictts.errors import InputError, require_path
from conflictts.incidents.files import shorten
from conflictts.incidents.packing import unpacked

MAX_FILE = 100 << 20  # bytes; the second-order areas of the whole world, simplified for a map, are a tenth of that
MAX_POINTS = 2_000_000
WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")  # how a file may say what GeoJSON takes for granted
SIMPLIFY = "Simplify it (mapshaper.org does)"
EXPORT = "Export it as GeoJSON (RFC 7946)"
Polygon = tuple[np.ndarray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The outlines of areas.

    Attributes
    ----------
    file : str
        Name of the file that they come from.
    areas : mapping of str to tuple of polygons
        Each polygon is a tuple of closed rings, arrays of shape (n_points, 2) of longitude and latitude in WGS84
        degrees: its outer border counterclockwise, then its holes clockwise.

    Examples
    --------
    >>> import conflictts as ct, numpy as np
    >>> square = np.array([[36, 35], [37, 35], [37, 36], [36, 36], [36, 35]])
    >>> ct.Outlines("drawn by hand", {"Idlib": ((square,),)})
    <Outlines: 1 areas of drawn by hand, 5 points>
    """

    file: str
    areas: Mapping[str, tuple[Polygon, ...]]

    def __repr__(self) -> str:
        points = sum(len(ring) for polygons in self.areas.values() for polygon in polygons for ring in polygon)
        return f"<Outlines: {len(self.areas)} areas of {self.file}, {points:,} points>"


def read_outlines(path: str | PathLike[str], *, key: str) -> Outlines:
    """Read the outlines of areas from a GeoJSON file.

    Parameters
    ----------
    path : path-like
        A FeatureCollection of polygons and multipolygons in WGS84 degrees, plain, gzip or zip.
    key : str
        The property of each feature that names its area as the records do. Features of one name are one area.

    Returns
    -------
    Outlines
        Features without a geometry are left out.

    Raises
    ------
    InputError
        If the file is no such GeoJSON; if a feature lacks the property, a ring is not closed, lies outside the degrees
        there are, or leaps over the 180th meridian, at which RFC 7946 wants polygons cut.

    References
    ----------
    RFC 7946, The GeoJSON Format (sections 3.1.6 and 3.1.9).

    Examples
    --------
    >>> import json
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import conflictts as ct
    >>> square = [[[36, 35], [37, 35], [37, 36], [36, 36], [36, 35]]]
    >>> geometry = {"type": "Polygon", "coordinates": square}
    >>> feature = {"type": "Feature", "properties": {"NAME": "Idlib"}, "geometry": geometry}
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "areas.geojson")
    ...     _ = path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    ...     ct.read_outlines(path, key="NAME")
    <Outlines: 1 areas of areas.geojson, 5 points>
    """
    require_path(path, "path")
    path = Path(path)
    read = _Reader(path.name, key)
    with unpacked(path) as stream:
        content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        read.refuse(f"holds more than {MAX_FILE >> 20} MB, more than a map can show", SIMPLIFY)
    return Outlines(path.name, read.areas(content))


@dataclass(slots=True)
class _Reader:
    """Reads one file, of which messages speak."""

    name: str
    key: str
    points: int = 0

    def refuse(self, what: str, do: str) -> NoReturn:
        raise InputError(f"{self.name} {what}. {do}.") from None

    def areas(self, content: bytes) -> dict[str, tuple[Polygon, ...]]:
        try:
            told = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
        except RecursionError:
            self.refuse("is nested deeper than any GeoJSON", EXPORT)
        except UnicodeDecodeError:
            self.refuse("is not UTF-8 text", EXPORT)
        except ValueError as error:
            self.refuse(f"is not JSON ({str(error)[:100]})", EXPORT)
        if not isinstance(told, dict) or told.get("type") != "FeatureCollection":
            self.refuse("is not a GeoJSON FeatureCollection", EXPORT)
        features = told.get("features")
        if not isinstance(features, list):
            self.refuse("has no list of features", EXPORT)
        system = json.dumps(told.get("crs"))
        if told.get("crs") is not None and not any(known in system for known in WGS84):
            self.refuse(f"has the coordinate system {system[:80]}", "Export it in WGS84 degrees (EPSG:4326)")
        found: dict[str, list[Polygon]] = {}
        for number, feature in enumerate(features, start=1):
            area = self.area_of(feature, number)
            found.setdefault(area, []).extend(self.polygons_of(feature.get("geometry"), f"{number} ({area[:40]})"))
        found = {area: polygons for area, polygons in found.items() if polygons}
        if not found:
            self.refuse("holds no polygon", "Give outlines of areas")
        return {area: tuple(polygons) for area, polygons in found.items()}

    def area_of(self, feature: Any, number: int) -> str:
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            self.refuse(f"has an entry that is no feature, number {number}", EXPORT)
        properties = feature.get("properties")
        value = properties.get(self.key) if isinstance(properties, dict) else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            names = shorten([str(name) for name in properties]) if isinstance(properties, dict) else "none"
            self.refuse(
                f"has a feature, number {number}, whose property {self.key!r} is no name",
                f"Choose another property; it has {names or 'none'}",
            )
        return normalize("NFC", str(value).strip())

    def polygons_of(self, geometry: Any, where: str) -> Iterator[Polygon]:
        if geometry is None:
            return
        kind = geometry.get("type") if isinstance(geometry, dict) else f"no object: {geometry}"
        if kind not in ("Polygon", "MultiPolygon"):
            self.refuse(
                f"has a feature, number {where}, of type {str(kind)[:40]!r} and not Polygon or MultiPolygon",
                "Give outlines of areas",
            )
        coordinates = geometry.get("coordinates")
        for polygon in self.listed([coordinates] if kind == "Polygon" else coordinates, where):
            rings = [self.ring(ring, where) for ring in self.listed(polygon, where)]
            if rings:
                yield tuple(
                    ring if (_area(ring) > 0) == (place == 0) else ring[::-1] for place, ring in enumerate(rings)
                )

    def listed(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            self.refuse(
                f"has a feature, number {where}, whose coordinates hold {str(value)[:40]!r} where a list is due",
                EXPORT,
            )
        return value

    def ring(self, positions: Any, where: str) -> np.ndarray:
        mend = "Mend it (in QGIS: Fix geometries), and export it again"
        listed = self.listed(positions, where)
        self.points += len(listed)
        if self.points > MAX_POINTS:
            self.refuse(f"has more than {MAX_POINTS:,} points", SIMPLIFY)
        for position in listed:
            if (
                not isinstance(position, list)
                or len(position) < 2
                or any(type(x) not in (int, float) for x in position)
            ):
                self.refuse(f"has a feature, number {where}, with the position {str(position)[:60]!r}", mend)
        try:
            ring = np.array([position[:2] for position in listed], dtype="float64").reshape(-1, 2)
        except OverflowError:
            ring = np.full((1, 2), math.inf)
        outside = ~((np.abs(ring[:, 0]) <= 180) & (np.abs(ring[:, 1]) <= 90))
        if outside.any():
            x, y = ring[outside][0]
            self.refuse(
                f"has a feature, number {where}, with the position {x:g}, {y:g}, which is no longitude and latitude",
                "Export it in WGS84 degrees (EPSG:4326)",
            )
        if len(ring) < 4 or (ring[0] != ring[-1]).any():
            self.refuse(f"has a feature, number {where}, with a ring of {len(ring)} points that is not closed", mend)
        if (np.abs(np.diff(ring[:, 0])) > 180).any():
            self.refuse(
                f"has a feature, number {where}, that leaps over the 180th meridian",
                "Cut it there into a MultiPolygon, as RFC 7946 asks (ogr2ogr -wrapdateline does)",
            )
        return ring


def _area(ring: np.ndarray) -> float:
    """Above 0 where the ring runs counterclockwise."""
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")
