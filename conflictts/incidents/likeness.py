"""Two records in, points for how alike they are out: days, places, tolls and actors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from conflictts.incidents.placenames import REGION_MARK, place_similarity, read_place_name
from conflictts.incidents.table import DAYS

DAY_POINTS, PLACE_POINTS, TOLL_POINTS, ACTOR_POINTS = 25, 50, 20, 5
ALIKE = (0.78, 0.9)  # likeness of names that counts as none, and as full
SAME_SITE_KM = 2.0
REGION = 0.6  # share of the points for a name where both are regions
NOT_STATED = 0.4  # share of the points where one side states no toll, no actor
EARTH_KM = 6371.0


class Side:
    """The columns of one source as arrays."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Take the columns that are compared, and read each name of a place once."""
        self.start, self.end = (table[name].to_numpy().astype("datetime64[D]").astype("int64") for name in DAYS)
        latitude, longitude = (np.radians(table[name].to_numpy(dtype=float)) for name in ("latitude", "longitude"))
        self.sited = ~np.isnan(latitude + longitude)
        flat = np.cos(latitude)
        self.xyz = np.column_stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)])
        self.latitude, self.longitude = latitude, longitude
        self.name, self.names = pd.factorize(table["place"])
        read = [read_place_name(name) for name in self.names]
        self.named = np.array([bool(name.places) for name in read], dtype=bool)
        self.region = np.array([name.is_region for name in read], dtype=bool)
        self.area = table["admin1"].map(_area_key).to_numpy(dtype=str)
        self.actor, actors = pd.factorize(table["perpetrator"] + " " + table["target"])
        self.actors = [frozenset(text.replace("_", " ").casefold().split()) - {"of", "or", "and"} for text in actors]
        self.tolls = _tolls(table)

    def __len__(self) -> int:
        return len(self.start)


def _area_key(name: str) -> str:
    """Idlib and Idlib Governorate are one; "North" names nothing but itself."""
    return min(read_place_name(name).keys, default=name.casefold()).removesuffix(REGION_MARK)


def _tolls(table: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lower and upper end of civilians and of all dead; a blank end is the best figure."""
    ends = {}
    for kind in ("civilians", "deaths"):
        low, best, high = (table[f"{kind}_{part}"] for part in ("low", "best", "high"))
        ends[kind] = (low.fillna(best), high.fillna(best))
    fighters = table["combatants_best"]
    all_dead = []
    for civilians, deaths in zip(ends["civilians"], ends["deaths"], strict=True):
        added = (civilians.fillna(0) + fighters.fillna(0)).where(civilians.notna() | fighters.notna())
        all_dead.append(deaths.fillna(added).to_numpy(dtype=float))
    low, high = (end.to_numpy(dtype=float) for end in ends["civilians"])
    return [(low, high), (all_dead[0], all_dead[1])]


def scored_pairs(
    a: Side, b: Side, i: np.ndarray, j: np.ndarray, km: np.ndarray, max_days: int, max_km: float, min_score: float
) -> pd.DataFrame:
    """Score candidates; those that cannot reach `min_score` whatever their names are left out before names are read."""
    apart = np.maximum(np.maximum(a.start[i] - b.end[j], b.start[j] - a.end[i]), 0)
    longest = np.maximum(a.end[i] - a.start[i], b.end[j] - b.start[j])
    day = (1 - apart / (max_days + 1)) / (1 + longest / 14)
    toll = _toll_share(a, b, i, j)
    actor = _pairwise(_share_of_actors(a, b), a.actor[i], b.actor[j])
    close = np.clip((max_km - km) / max(max_km - SAME_SITE_KM, 1e-9), 0, 1)
    others = DAY_POINTS * day + TOLL_POINTS * toll + ACTOR_POINTS * actor
    sited = ~np.isnan(km)
    possible = others + PLACE_POINTS * np.where(sited, (close + 1) / 2, 1.0) >= min_score
    i, j, km, apart, close, others, sited, actor = (
        column[possible] for column in (i, j, km, apart, close, others, sited, actor)
    )
    alike = _pairwise(lambda one, other: place_similarity(a.names[one], b.names[other]), a.name[i], b.name[j])
    alike = np.where(a.named[a.name[i]] & b.named[b.name[j]], alike, np.nan)
    name = np.clip((alike - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0, 1)
    name *= np.where(a.region[a.name[i]] & b.region[b.name[j]], REGION, 1.0)
    both = np.column_stack([name, np.where(sited, close, np.nan)])
    stated = ~np.isnan(both)
    place = np.where(stated, both, 0).sum(axis=1) / np.maximum(stated.sum(axis=1), 1)
    score = (others + PLACE_POINTS * place).round(1)
    return pd.DataFrame(
        {"i": i, "j": j, "score": score, "days_apart": apart, "km_apart": km, "name_likeness": alike, "actor": actor}
    )


def haversine(a: Side, b: Side, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Kilometres between the sites of records i of `a` and j of `b`; NaN where one is not stated."""
    half_lat, half_lon = (b.latitude[j] - a.latitude[i]) / 2, (b.longitude[j] - a.longitude[i]) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(a.latitude[i]) * np.cos(b.latitude[j]) * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))


def _toll_share(a: Side, b: Side, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    shares = []
    for (low_a, high_a), (low_b, high_b) in zip(a.tolls, b.tolls, strict=True):
        larger = np.maximum(low_a[i], low_b[j])
        smaller = np.minimum(np.maximum(low_a, high_a)[i], np.maximum(low_b, high_b)[j])
        ratio = np.where(larger <= smaller, 1.0, smaller / np.maximum(larger, 1))
        telling = 0.7 + 0.3 * np.clip(np.log10(np.maximum(larger, 1)), 0, 1)
        shares.append(np.where(np.isnan(ratio + larger + smaller), np.nan, ratio * telling))
    best = np.fmax(*shares)
    return np.where(np.isnan(best), NOT_STATED, best)


def _share_of_actors(a: Side, b: Side) -> Callable[[int, int], float]:
    def share(one: int, other: int) -> float:
        if not a.actors[one] or not b.actors[other]:
            return NOT_STATED
        return float(bool(a.actors[one] & b.actors[other]))

    return share


def _pairwise(compare: Callable[[int, int], float], code_a: np.ndarray, code_b: np.ndarray) -> np.ndarray:
    """Compare each combination of codes that occurs once, and hand the answers back to all that have it."""
    combined = code_a.astype("int64") << 32 | code_b
    distinct, back = np.unique(combined, return_inverse=True)
    answers = [compare(int(code >> 32), int(code & 0xFFFFFFFF)) for code in distinct]
    return np.array(answers, dtype=float)[back]
