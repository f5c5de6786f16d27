"""Incidents of one or two sources in, pairs that tell the same event out; merged only when asked, and reversibly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from conflictts.errors import InputError, UnknownNameError
from conflictts.incidents.placenames import place_similarity, read_place_name
from conflictts.incidents.table import COLUMNS, DAYS, Incidents, Ledger, Provenance

DAY_POINTS, PLACE_POINTS, TOLL_POINTS, ACTOR_POINTS = 25, 50, 20, 5
MIN_SCORE = 78.0
ALIKE = (0.78, 0.9)  # likeness of names that counts as none, and as full
SAME_SITE_KM = 2.0
REGION = 0.6  # share of the points for a name where both are regions
NOT_STATED = 0.4  # share of the points where one side states no toll, no actor
EARTH_KM = 6371.0
_BINS, _CELLS = 1 << 18, 1 << 14
_CHUNK = 1 << 21  # candidates scored at a time
_NEIGHBOURS = [(x * _CELLS + y) * _CELLS + z for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]
TOLLS = (("civilians_best", "civilians"), ("deaths_best", "deaths"), ("combatants_best", "fighters"))
PAIR_COLUMNS = (
    "id_a", "id_b", "score", "days_apart", "km_apart", "name_likeness", "civilians_apart", "deaths_apart", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """Pairs of records that seem to tell the same event; nothing is merged.

    Attributes
    ----------
    pairs : DataFrame, columns id_a, id_b, score, days_apart, km_apart, name_likeness, civilians_apart, deaths_apart,
            reason
        Best first. `days_apart` lie between the two spans (0 where they touch); `civilians_apart` and `deaths_apart`
        are best of b - best of a in persons, NaN where either states none; `reason` says it in words.
    compared : int
        Pairs that were near enough in time and place to be scored.
    left_out : DataFrame, columns reason, records
        Records that took no part: details, and spans too long to tell one event from another.
    min_score : float
        Least score of a pair, of 100.
    """

    pairs: pd.DataFrame
    compared: int
    left_out: pd.DataFrame
    min_score: float

    def summary(self) -> pd.DataFrame:
        """Pairs by ten points of score, best first, with their mean distances."""
        grade = (self.pairs["score"] // 10 * 10).clip(upper=90).astype("int64")
        grouped = self.pairs.groupby(grade.rename("score_from"), sort=True)
        table = grouped.agg(
            pairs=("id_a", "size"), days_apart=("days_apart", "mean"), km_apart=("km_apart", "mean")
        )  # fmt: skip
        return table.sort_index(ascending=False).reset_index()


def find_duplicates(
    a: Incidents,
    b: Incidents | None = None,
    *,
    max_days: int = 1,
    max_km: float = 25.0,
    max_span_days: int = 31,
    min_score: float = MIN_SCORE,
    details: Literal["exclude", "include"] = "exclude",
    match: Literal["one_to_one", "all"] = "one_to_one",
) -> Duplicates:
    """Find records of two sources, or within one, that tell the same event.

    Parameters
    ----------
    a, b : Incidents
        Without `b`, the records of `a` are compared among themselves. Not modified.
    max_days : int, default 1
        Most days between the two spans, 0 to 60.
    max_km : float, default 25
        Most kilometres between two sites, 1 to 500. Where a record has no coordinates its candidates are those of the
        same ``admin1`` or with a place name of the same consonants.
    max_span_days : int, default 31
        Records of more days are not compared: a year holds too many events.
    min_score : float, default 78
        Least score of a pair, of 100; lower finds more and errs more.
    details : {"exclude", "include"}
        Whether records that detail another record (``part_of``) take part. A detail is never paired with a total
        that contains it.
    match : {"one_to_one", "all"}
        Each record in its best pair only, the best pairs first; or every pair that reaches `min_score`.

    Returns
    -------
    Duplicates

    Raises
    ------
    InputError
        If an option lies outside its bounds.

    Notes
    -----
    The score adds four parts, at most 100 points:

    - day, 25: full where the spans touch, falling by ``1 / (max_days + 1)`` a day; divided by ``1 + (n - 1) / 14`` for
      a span of n days, which touches much by chance.
    - place, 50: half for the name (`place_similarity`: none up to 0.78, full from 0.9), half for the haversine
      distance (full up to 2 km, none at `max_km`); all for the one that can be compared. Half of all points, because
      on one day many places are hit and few of them twice. The same region ("Idlib province") has 0.6 of a name's
      points, because it holds many events.
    - toll, 20: smaller / larger of the nearest bounds, 1 where the ranges touch; times 0.7 for one death up to 1 from
      ten on, because ones agree by chance. Civilians or all dead, whichever agree better; 0.4 of the points where not
      stated.
    - actors, 5: a word in common. Sources attribute so differently that more would harm.

    At 78 points the same place and day stand whatever the tolls, and the same place a day apart needs tolls that
    agree; the next village on the same day does not suffice.

    Measured with details included, one to one, on the bundled catalogue against UCDP GED for greater Idlib, by a list
    judged by hand (``tests/incidents/data/idlib_ucdp_pairs.csv``: every catalogue record of its days, 144 true pairs,
    15 unsure ones left out): precision 0.97 and recall 0.94 (66 of 68 found, of 70) on 26 April to 15 June 2019, by
    which the weights were set, and 0.99 and 0.97 (72 of 73, of 74) on 8 August to 30 November 2019, which was held
    out. After that first sight (71 of 74, of 73) three things changed: regions count less, full likeness begins at 0.9
    and not 0.92 (no pair changed by it), and one judgement was mended. At `min_score` 86 precision is 1.00 and recall
    0.89; with ``match="all"`` 0.89 and 0.96. Where more events a day share fewer places it errs more: 0.75 and 0.83 on
    28 simulated events a day at 120 places (``benchmarks/duplicates.py``).

    References
    ----------
    Fellegi & Sunter (1969), A theory for record linkage, JASA 64(328), 1183-1210 (additive scores by field, and
    blocking); the weights here are set by judgement, not estimated.

    Examples
    --------
    >>> from conflictts.incidents.simulate import simulate_incidents
    >>> invented = simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> found = find_duplicates(invented.incidents, invented.second)
    >>> len(found.pairs) > 0.8 * len(invented.pairs)
    True
    """
    _require_within("max_days", max_days, 0, 60)
    _require_within("max_km", max_km, 1, 500)
    _require_within("max_span_days", max_span_days, 1, 366)
    _require_within("min_score", min_score, 0, 100)
    table_b = a.table if b is None else b.table
    rows_a, left_a = _taking_part(a.table, details, max_span_days)
    rows_b, left_b = _taking_part(table_b, details, max_span_days)
    left = left_a if b is None else pd.concat([left_a, left_b]).groupby("reason", as_index=False, sort=False).sum()
    side_a, side_b = _Side(rows_a), _Side(rows_b)
    compared, kept = 0, []
    for i, j in _candidates(side_a, side_b, max_days, max_km):
        if b is None:
            i, j = i[i < j], j[i < j]
        km = _haversine(side_a, side_b, i, j)
        near = ~(km > max_km)
        compared += int(near.sum())
        scored = _score(side_a, side_b, i[near], j[near], km[near], max_days, max_km, min_score)
        kept.append(scored[scored["score"] >= min_score])
    found = pd.concat(kept, ignore_index=True)
    found = found.drop_duplicates(["i", "j"])
    found = found.sort_values(["score", "km_apart", "i", "j"], ascending=[False, True, True, True], ignore_index=True)
    if b is None:
        ids = rows_a["incident_id"]
        found = found[~_one_contains_other(ids.iloc[found["i"]], ids.iloc[found["j"]], a.table)]
    if match == "one_to_one":
        found = found[_best_only(found["i"].to_numpy(), found["j"].to_numpy(), one_table=b is None)]
    pairs = _in_words(found.reset_index(drop=True), rows_a, rows_b)
    return Duplicates(pairs=pairs, compared=compared, left_out=left, min_score=float(min_score))


def _require_within(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise InputError(f"{name} = {value:g} lies outside {lowest:g}..{highest:g}. Give a value within.")


def _taking_part(table: pd.DataFrame, details: str, max_span_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    detail = (table["part_of"] != "") & (details == "exclude")
    long = ((table["date_end"] - table["date_start"]).dt.days >= max_span_days) & ~detail
    left = [("details of another record", int(detail.sum())), (f"of more than {max_span_days} days", int(long.sum()))]
    return table[~detail & ~long], pd.DataFrame(left, columns=["reason", "records"])


class _Side:
    """The columns of one source as arrays."""

    def __init__(self, table: pd.DataFrame) -> None:
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
    return min(read_place_name(name).keys, default=name.casefold()).rstrip("0")


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


def _candidates(a: _Side, b: _Side, max_days: int, max_km: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions of records near in time, and near in place, or of one area or name where a site is unknown."""
    width = max_days + 1
    cell_a, cell_b = (_cells(side, max_km) for side in (a, b))
    sited_a, sited_b = np.flatnonzero(a.sited), np.flatnonzero(b.sited)
    yield from _joined(a, b, sited_a, sited_b, cell_a[sited_a], cell_b[sited_b], width, _NEIGHBOURS)
    for (rows_a, keys_a), (rows_b, keys_b) in (_by_area(a, b), _by_name(a, b)):
        lost_a, lost_b = ~a.sited[rows_a], ~b.sited[rows_b]
        for at_a, at_b in ((lost_a, np.ones_like(lost_b)), (~lost_a, lost_b)):
            yield from _joined(a, b, rows_a[at_a], rows_b[at_b], keys_a[at_a], keys_b[at_b], width, [0])


def _cells(side: _Side, max_km: float) -> np.ndarray:
    cell = np.floor(np.nan_to_num(side.xyz) * (EARTH_KM / max_km)).astype("int64") + _CELLS // 2
    return np.asarray((cell[:, 0] * _CELLS + cell[:, 1]) * _CELLS + cell[:, 2])


def _by_area(a: _Side, b: _Side) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    code, _ = pd.factorize(np.concatenate([a.area, b.area]))
    known_a, known_b = np.flatnonzero(a.area != ""), np.flatnonzero(b.area != "")
    return (known_a, code[: len(a)][known_a]), (known_b, code[len(a) :][known_b])


def _by_name(a: _Side, b: _Side) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    codes: dict[str, int] = {}

    def spread(side: _Side) -> tuple[np.ndarray, np.ndarray]:
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
    a: _Side, b: _Side, rows_a: np.ndarray, rows_b: np.ndarray, keys_a: np.ndarray, keys_b: np.ndarray, width: int,
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
        cuts = np.searchsorted(np.cumsum(lengths[hit]), np.arange(_CHUNK, int(lengths.sum()), _CHUNK))
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


def _score(
    a: _Side, b: _Side, i: np.ndarray, j: np.ndarray, km: np.ndarray, max_days: int, max_km: float, min_score: float
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


def _haversine(a: _Side, b: _Side, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    half_lat, half_lon = (b.latitude[j] - a.latitude[i]) / 2, (b.longitude[j] - a.longitude[i]) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(a.latitude[i]) * np.cos(b.latitude[j]) * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))


def _toll_share(a: _Side, b: _Side, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    shares = []
    for (low_a, high_a), (low_b, high_b) in zip(a.tolls, b.tolls, strict=True):
        larger = np.maximum(low_a[i], low_b[j])
        smaller = np.minimum(np.maximum(low_a, high_a)[i], np.maximum(low_b, high_b)[j])
        ratio = np.where(larger <= smaller, 1.0, smaller / np.maximum(larger, 1))
        telling = 0.7 + 0.3 * np.clip(np.log10(np.maximum(larger, 1)), 0, 1)
        shares.append(np.where(np.isnan(ratio + larger + smaller), np.nan, ratio * telling))
    best = np.fmax(*shares)
    return np.where(np.isnan(best), NOT_STATED, best)


def _share_of_actors(a: _Side, b: _Side) -> Callable[[int, int], float]:
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


def _one_contains_other(ids: pd.Series, others: pd.Series, table: pd.DataFrame) -> np.ndarray:
    """Whether one of the pair is a detail, or a detail of a detail, of the other."""
    above = {one: total for one, total in zip(table["incident_id"], table["part_of"], strict=True) if total}

    def totals(incident: str) -> set[str]:
        seen: set[str] = set()
        while (incident := above.get(incident, "")) and incident not in seen:
            seen.add(incident)
        return seen

    inside = [one in totals(other) or other in totals(one) for one, other in zip(ids, others, strict=True)]
    return np.array(inside, dtype=bool)


def _best_only(i: np.ndarray, j: np.ndarray, *, one_table: bool) -> np.ndarray:
    taken_a: set[int] = set()
    taken_b = taken_a if one_table else set()
    best = np.zeros(len(i), dtype=bool)
    for position, (one, other) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        if one not in taken_a and other not in taken_b:
            best[position] = True
            taken_a.add(one)
            taken_b.add(other)
    return best


def _in_words(found: pd.DataFrame, a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    told = ["place", *(column for column, _ in TOLLS)]
    one, other = (
        side.iloc[found[at]].reset_index(drop=True)[["incident_id", *told]] for side, at in ((a, "i"), (b, "j"))
    )
    pairs = found.assign(id_a=one["incident_id"], id_b=other["incident_id"])
    for kind in ("civilians", "deaths"):
        pairs[f"{kind}_apart"] = other[f"{kind}_best"] - one[f"{kind}_best"]
    records = zip(*(table.to_dict("records") for table in (found, one[told], other[told])), strict=True)
    reasons = [
        "; ".join(part for part in (_days(pair), _place(pair, x, y), _toll(x, y), _actors(pair)) if part)
        for pair, x, y in records
    ]
    pairs["reason"] = pd.Series(reasons, dtype="str")
    return pairs[list(PAIR_COLUMNS)]


def _days(row: dict[str, float]) -> str:
    apart = int(row["days_apart"])
    return "days overlap" if apart == 0 else f"{apart} {'day' if apart == 1 else 'days'} apart"


def _place(row: dict[str, float], one: dict[str, str], other: dict[str, str]) -> str:
    words = []
    if not np.isnan(row["name_likeness"]):
        agreement = "agree" if row["name_likeness"] >= ALIKE[1] else "differ"
        agreement = "are alike" if ALIKE[0] < row["name_likeness"] < ALIKE[1] else agreement
        words.append(f"names {agreement} ({one['place']} | {other['place']})")
    words.append("a site is not stated" if np.isnan(row["km_apart"]) else f"{row['km_apart']:.1f} km apart")
    return ", ".join(words)


def _toll(one: dict[str, float], other: dict[str, float]) -> str:
    for kind, name in TOLLS:
        if not np.isnan(one[kind]) and not np.isnan(other[kind]):
            return f"{one[kind]:.0f} against {other[kind]:.0f} {name}"
    return "tolls cannot be compared"


def _actors(row: dict[str, float]) -> str:
    return "an actor in common" if row["actor"] == 1 else ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MergedIncidents(Incidents):
    """Incidents in which pairs of records stand as one; usable wherever incidents are.

    Attributes
    ----------
    merges : DataFrame, columns of `Duplicates.pairs`, then kept and gone
        One row per merge: the pair, the incident_id that stands for both, and the one that it replaced.
    sources : tuple of Incidents
        What was merged, exactly as it was given: the merge undone.
    prefer : {"a", "b"}
        Whose best figures, dates and words stand where both state them.
    """

    merges: pd.DataFrame
    sources: tuple[Incidents, ...]
    prefer: Literal["a", "b"]


def merge_duplicates(
    a: Incidents, b: Incidents | None, pairs: pd.DataFrame, *, prefer: Literal["a", "b"]
) -> MergedIncidents:
    """Let one record stand for each pair, and keep what is needed to undo it.

    Parameters
    ----------
    a, b : Incidents
        The sources that were compared; `b` is None where the records of one were. Not modified.
    pairs : DataFrame, columns id_a and id_b
        As from `find_duplicates`, after a person has looked at it and struck out what is not one event.
    prefer : {"a", "b"}
        Whose record stands: its identifier, dates, site, words and best figures, the other's only where it is blank.

    Returns
    -------
    MergedIncidents
        All records of `a`, then those of `b`, less one for each pair. ``low`` is the smaller and ``high`` the larger of
        both; a low that is blank beside a best is that best, a high that is blank beside a figure stays blank: no upper
        bound was stated. The ledger excludes each record that was merged into another, by name, so that used +
        quarantined + excluded is what both sources read. Details of a record that is gone become details of the one
        that stands for it, and a record merged with a detail stays a detail: its total holds it already.

    Raises
    ------
    InputError
        If an identifier stands in both sources, or in more than one pair, or a pair is a detail and its total.
    UnknownNameError
        If a pair names a record that does not exist, or `prefer` is neither "a" nor "b".

    See Also
    --------
    undo_merges : takes some merges back, or all.

    Examples
    --------
    >>> from conflictts.incidents.simulate import simulate_incidents
    >>> invented = simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> a, b = invented.incidents, invented.second
    >>> merged = merge_duplicates(a, b, invented.pairs, prefer="a")
    >>> len(merged.table) == len(a.table) + len(b.table) - len(invented.pairs) == merged.ledger.used
    True
    """
    if prefer not in ("a", "b"):
        raise UnknownNameError(f"prefer = {prefer!r} names no source. Choose 'a' or 'b'.")
    sources = (a,) if b is None else (a, b)
    _require_mergeable(a.table, (a if b is None else b).table, pairs, one_table=b is None)
    union = pd.concat([source.table for source in sources], ignore_index=True)
    kept, gone = (pairs[f"id_{side}"].to_numpy() for side in (("a", "b") if prefer == "a" else ("b", "a")))
    row_of = pd.Series(union.index, union["incident_id"])
    at_kept, at_gone = row_of.loc[kept].to_numpy(), row_of.loc[gone].to_numpy()
    merged = union.copy()
    one, other = union.iloc[at_kept].reset_index(drop=True), union.iloc[at_gone].reset_index(drop=True)
    for column, values in _merge_values(one, other).items():
        merged[column] = merged[column].mask(merged.index.isin(at_kept), pd.Series(values.to_numpy(), at_kept))
    merged = merged.drop(index=at_gone).reset_index(drop=True)
    stands_for = dict(zip(gone, kept, strict=True))
    merged["part_of"] = pd.Series([stands_for.get(total, total) for total in merged["part_of"]], dtype="str")
    merges = pairs.reset_index(drop=True).assign(kept=kept, gone=gone)
    return MergedIncidents(
        table=merged,
        ledger=_ledger_of_both(sources, len(merged), kept, gone),
        provenance=a.provenance if b is None else _provenance_of_both(a.provenance, b.provenance),
        merges=merges,
        sources=sources,
        prefer=prefer,
    )


def undo_merges(merged: MergedIncidents, incident_ids: Collection[str] | None = None) -> MergedIncidents:
    """Take merges back: the records stand as they did before.

    Parameters
    ----------
    merged : MergedIncidents
        Not modified.
    incident_ids : collection of str, optional
        Identifiers of the records whose merges are undone, kept or gone; default all.

    Returns
    -------
    MergedIncidents
        From the same sources with the other merges only. With none left its table is that of the sources, one after
        the other; each source as it was given is in ``merged.sources``.

    Raises
    ------
    UnknownNameError
        If an identifier stands in no merge.
    """
    pairs = merged.merges.drop(columns=["kept", "gone"])
    if incident_ids is None:
        pairs = pairs.iloc[:0]
    else:
        unknown = sorted(set(incident_ids) - set(merged.merges["kept"]) - set(merged.merges["gone"]))
        if unknown:
            raise UnknownNameError(
                f"No merge holds {unknown[0]!r} ({len(unknown)} unknown of {len(incident_ids)} given). Take "
                f"identifiers from the columns kept and gone of `merges`, which has {len(pairs)} rows."
            )
        pairs = pairs[~(merged.merges["kept"].isin(incident_ids) | merged.merges["gone"].isin(incident_ids))]
    a, *rest = merged.sources
    return merge_duplicates(a, rest[0] if rest else None, pairs, prefer=merged.prefer)


def _require_mergeable(a: pd.DataFrame, b: pd.DataFrame, pairs: pd.DataFrame, *, one_table: bool) -> None:
    lacking = [column for column in ("id_a", "id_b") if column not in pairs]
    if lacking:
        raise InputError(f"The pairs lack the column {lacking[0]}. Give a table as from find_duplicates.")
    shared = [] if one_table else sorted(set(a["incident_id"]) & set(b["incident_id"]))
    if shared:
        raise InputError(
            f"{len(shared)} identifiers stand in both sources, the first {shared[0]!r}, so that they would no longer "
            "name one record. Put a prefix before those of one source; for two downloads of one source there is "
            "compare_vintages."
        )
    for side, table in (("id_a", a), ("id_b", b)):
        unknown = pairs.loc[~pairs[side].isin(table["incident_id"]), side]
        if len(unknown):
            raise UnknownNameError(
                f"{len(unknown)} of {len(pairs)} pairs name a record that source {side[-1]} lacks, the first "
                f"{unknown.iloc[0]!r}. Give the sources in the order in which they were compared."
            )
    ids = pd.concat([pairs["id_a"], pairs["id_b"]], ignore_index=True)
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(
            f"{twice.iloc[0]!r} stands in {int((ids == twice.iloc[0]).sum())} pairs, but a record can be merged once. "
            "Keep one of them, or find pairs with match='one_to_one'."
        )
    if one_table:
        inside = _one_contains_other(pairs["id_a"], pairs["id_b"], a)
        if inside.any():
            first = pairs[inside].iloc[0]
            raise InputError(
                f"One of {first['id_a']!r} and {first['id_b']!r} details the other, whose total holds it already. "
                "Strike that pair out."
            )


def _merge_values(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The record preferred and the other, row by row, into one."""
    merged = pd.DataFrame(index=one.index)
    together = {"site": ["latitude", "longitude", "location_precision"], "days": ["date_start", "date_end"]}
    unsited = one["latitude"].isna() | one["longitude"].isna()
    for column in COLUMNS:
        if column in (*together["days"], "date_precision", "incident_id"):
            merged[column] = one[column]
        elif column in together["site"]:
            merged[column] = one[column].mask(unsited, other[column])
        elif one[column].dtype == "float64":
            merged[column] = one[column].fillna(other[column])
        else:
            merged[column] = one[column].mask(one[column] == "", other[column])
    for kind in ("deaths", "civilians"):
        lows = [side[f"{kind}_low"].fillna(side[f"{kind}_best"]) for side in (one, other)]
        highs = [side[f"{kind}_high"] for side in (one, other)]
        open_ended = [
            side[f"{kind}_high"].isna() & (side[f"{kind}_best"].notna() | side[f"{kind}_low"].notna())
            for side in (one, other)
        ]
        merged[f"{kind}_low"] = np.fmin(*lows)
        merged[f"{kind}_high"] = np.fmax(*highs).mask(open_ended[0] | open_ended[1])
    return merged


def _ledger_of_both(sources: tuple[Incidents, ...], used: int, kept: np.ndarray, gone: np.ndarray) -> Ledger:
    merges = pd.DataFrame(
        {"filter": [f"{lost} merged into {stands}" for stands, lost in zip(kept, gone, strict=True)], "records": 1}
    ).astype({"filter": "str", "records": "int64"})
    ledgers = [source.ledger for source in sources]
    quarantined = [ledger.quarantined for ledger in ledgers]
    if len(quarantined) == 2 and set(quarantined[0]["file"]) & set(quarantined[1]["file"]):
        quarantined[1] = quarantined[1].assign(file=quarantined[1]["file"] + " (second source)")
    return Ledger(
        read=sum(ledger.read for ledger in ledgers),
        used=used,
        quarantined=_stacked(quarantined),
        rejected=_stacked([ledger.rejected for ledger in ledgers]).fillna(""),
        excluded=_stacked([*(ledger.excluded for ledger in ledgers), merges]),
        warnings=_stacked([ledger.warnings for ledger in ledgers]),
    )


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One below the other; empty ones would only blur the types."""
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _provenance_of_both(a: Provenance, b: Provenance) -> Provenance:
    def both(one: str, other: str) -> str:
        return one if one == other else "; ".join(part for part in (one, other) if part)

    def earlier(one: pd.Timestamp | None, other: pd.Timestamp | None) -> pd.Timestamp | None:
        return None if one is None or other is None else min(one, other)

    coverage = None
    if a.coverage and b.coverage:
        first, last = max(a.coverage[0], b.coverage[0]), min(a.coverage[1], b.coverage[1])
        coverage = (first, last) if first <= last else None
    return replace(
        a,
        provider=both(a.provider, b.provider),
        files=(*a.files, *b.files),
        sha256=(*a.sha256, *b.sha256),
        rows=a.rows + b.rows,
        area=both(a.area, b.area),
        licence=both(a.licence, b.licence),
        citation=both(a.citation, b.citation),
        release=both(*(part.release or part.vintage if part.sha256 else part.release or "" for part in (a, b))) or None,
        coverage=coverage,
        retrieved_on=earlier(a.retrieved_on, b.retrieved_on),
        data_through=earlier(a.data_through, b.data_through),
        caveat=both(a.caveat, b.caveat),
        query=both(a.query, b.query),
    )
