"""Two sources in, pairs of records near in time and place out, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from conflictts.incidents.likeness import EARTH_KM, Side
from conflictts.incidents.placenames import read_place_name

CHUNK = 1 << 21  # candidates given at a time
_BINS, _CELLS = 1 << 18, 1 << 14
_NEIGHBOURS = [(x * _CELLS + y) * _CELLS + z for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]


def candidates(a: Side, b: Side, max_days: int, max_km: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of records near in time, and near in place, or of one area or name where a site is unknown."""
    width = max_days + 1
    cell_a, cell_b = (_cells(side, max_km) for side in (a, b))
    sited_a, sited_b = np.flatnonzero(a.sited), np.flatnonzero(b.sited)
    yield from _joined(a, b, sited_a, sited_b, cell_a[sited_a], cell_b[sited_b], width, _NEIGHBOURS)
    for by_name, ((rows_a, keys_a), (rows_b, keys_b)) in enumerate((_by_area(a, b), _by_name(a, b))):
        lost_a, lost_b = ~a.sited[rows_a], ~b.sited[rows_b]
        for at_a, at_b in ((lost_a, np.ones_like(lost_b)), (~lost_a, lost_b)):
            for i, j in _joined(a, b, rows_a[at_a], rows_b[at_b], keys_a[at_a], keys_b[at_b], width, [0]):
                if by_name:  # alternative names may meet twice, and an area has given its pairs already
                    i, j = np.divmod(np.unique(i * len(b) + j), len(b))
                    new = (a.area[i] != b.area[j]) | (a.area[i] == "")
                    i, j = i[new], j[new]
                yield i, j


def _cells(side: Side, max_km: float) -> np.ndarray:
    cell = np.floor(np.nan_to_num(side.xyz) * (EARTH_KM / max_km)).astype("int64") + _CELLS // 2
    return np.asarray((cell[:, 0] * _CELLS + cell[:, 1]) * _CELLS + cell[:, 2])


def _by_area(a: Side, b: Side) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    code, _ = pd.factorize(np.concatenate([a.area, b.area]))
    known_a, known_b = np.flatnonzero(a.area != ""), np.flatnonzero(b.area != "")
    return (known_a, code[: len(a)][known_a]), (known_b, code[len(a) :][known_b])


def _by_name(a: Side, b: Side) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    codes: dict[str, int] = {}

    def spread(side: Side) -> tuple[np.ndarray, np.ndarray]:
        of_name = [[codes.setdefault(key, len(codes)) for key in read_place_name(name).keys] for name in side.names]
        lengths = np.array([len(keys) for keys in of_name], dtype="int64")
        flat = np.array([key for keys in of_name for key in keys], dtype="int64")
        begin = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        rows = np.repeat(np.arange(len(side)), lengths[side.name])
        return rows, flat[_ranges(begin[side.name], lengths[side.name])]

    return spread(a), spread(b)


def _ranges(begin: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """begin[0], begin[0] + 1, ... for lengths[0] numbers, then the same from begin[1], and so on."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(begin - ends + lengths, lengths))


def _joined(
    a: Side, b: Side, rows_a: np.ndarray, rows_b: np.ndarray, keys_a: np.ndarray, keys_b: np.ndarray, width: int,
    offsets: list[int],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Pairs whose keys differ by an offset and whose spans lie less than `width` days apart, each once, in chunks.

    Time is cut into bins of `width` days; a record of `b` stands in every bin that it could share with a record of `a`.
    """
    first_a, first_b = a.start // width, (b.start - width + 1) // width
    at_a, bin_a = _over_bins(first_a[rows_a], a.end[rows_a] // width)
    at_b, bin_b = _over_bins(first_b[rows_b], (b.end[rows_b] + width - 1) // width)
    key_a = keys_a[at_a] * _BINS + bin_a + _BINS // 2
    key_b = keys_b[at_b] * _BINS + bin_b + _BINS // 2
    order = np.argsort(key_b, kind="stable")
    key_b, at_b = key_b[order], at_b[order]
    for offset in offsets:
        sought = key_a + offset * _BINS
        left = np.searchsorted(key_b, sought, "left")
        lengths = np.searchsorted(key_b, sought, "right") - left
        hit = np.flatnonzero(lengths)
        cuts = np.searchsorted(np.cumsum(lengths[hit]), np.arange(CHUNK, int(lengths.sum()), CHUNK))
        for part in np.split(hit, cuts):
            i = np.repeat(rows_a[at_a[part]], lengths[part])
            j = rows_b[at_b[_ranges(left[part], lengths[part])]]
            bins = np.repeat(bin_a[part], lengths[part])
            once = bins == np.maximum(first_a[i], first_b[j])  # spans of several bins meet in several: count the first
            apart = np.maximum(a.start[i] - b.end[j], b.start[j] - a.end[i])
            near = once & (apart < width)
            yield i[near], j[near]


def _over_bins(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = last - first + 1
    return np.repeat(np.arange(len(first)), lengths), _ranges(first, lengths)
