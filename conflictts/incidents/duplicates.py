"""Incidents of one or two sources in, pairs that tell the same event out, each with its reason; nothing is merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from conflictts.errors import require_kind, require_within
from conflictts.incidents.candidates import candidates
from conflictts.incidents.likeness import ALIKE, Side, haversine, scored_pairs
from conflictts.incidents.table import Incidents

MIN_SCORE = 78.0
TOLLS = (("civilians_best", "civilians"), ("deaths_best", "deaths"), ("combatants_best", "fighters"))
PAIR_COLUMNS = (
    "id_a", "id_b", "score", "days_apart", "km_apart", "name_likeness", "civilians_apart", "deaths_apart", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """Pairs of records that seem to tell the same event; nothing is merged.

    Attributes
    ----------
    pairs : DataFrame, shape (n_pairs, 9)
        ``id_a, id_b, score, days_apart, km_apart, name_likeness, civilians_apart, deaths_apart, reason``, best first.
        `days_apart` lie between the two spans (0 where they touch); `civilians_apart` and `deaths_apart`
        are best of b - best of a in persons, NaN where either states none; `reason` says it in words.
    compared : int
        Pairs that were near enough in time and place to be scored.
    left_out : DataFrame, columns reason, records
        Records that took no part: details, and spans too long to tell one event from another.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> found = ct.find_duplicates(invented.incidents, invented.second)
    >>> print(found.pairs.loc[0, "reason"])
    days overlap; names agree (Umm Bsirta | Umm Bsirrta), 0.7 km apart; 8 against 8 deaths; an actor in common
    """

    pairs: pd.DataFrame
    compared: int
    left_out: pd.DataFrame

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

    At 78 points the same place and day with an actor in common stand whatever the tolls, and the same place a day apart
    needs tolls that agree; the next village on the same day does not suffice.

    Measured with details included, one to one, on the bundled catalogue against UCDP GED for greater Idlib, by a list
    that two readers judged by hand (``tests/incidents/data/idlib_ucdp_pairs.csv``: every catalogue record of its days;
    140 pairs are true for both, 22 that either doubts count neither way; they agree in 195 of 202 judgements, Cohen's
    kappa 0.93, at best, since the second saw the first's): precision 0.99 and recall 0.96 (66 of 67 found, of 69) on
    26 April to 15 June 2019, by which the weights were set, and 0.99 and 0.99 (70 of 71, of 71; 95 % intervals from
    0.92) on 8 August to 30 November 2019, which was held out. After a first sight of those days three things changed:
    regions count less, full likeness begins at 0.9 and not 0.92 (no pair changed by it), and one judgement was mended.
    With the doubted pairs that were found counted as wrong, precision is 0.95 on all days. At `min_score` 86 it is 1.00
    and recall 0.91; with ``match="all"`` 0.89 and 0.97. Where more events a day share fewer places it errs more: 0.75
    and 0.83 on 28 simulated events a day at 120 places (``benchmarks/duplicates.py``).

    References
    ----------
    Fellegi & Sunter (1969), A theory for record linkage, JASA 64(328), 1183-1210 (additive scores by field, and
    blocking); the weights here are set by judgement, not estimated.

    Examples
    --------
    >>> import numpy as np
    >>> import conflictts as ct
    >>> invented = ct.simulate_incidents(np.random.default_rng(1), told_twice=0.5)
    >>> found = ct.find_duplicates(invented.incidents, invented.second)
    >>> len(found.pairs) > 0.8 * len(invented.pairs)
    True
    """
    require_kind(a, Incidents, "a")
    if b is not None:
        require_kind(b, Incidents, "b")
    require_within("max_days", max_days, 0, 60)
    require_within("max_km", max_km, 1, 500)
    require_within("max_span_days", max_span_days, 1, 366)
    require_within("min_score", min_score, 0, 100)
    table_b = a.table if b is None else b.table
    rows_a, left_a = _taking_part(a.table, details, max_span_days)
    rows_b, left_b = _taking_part(table_b, details, max_span_days)
    left = left_a if b is None else pd.concat([left_a, left_b]).groupby("reason", as_index=False, sort=False).sum()
    side_a, side_b = Side(rows_a), Side(rows_b)
    compared, kept = 0, []
    for i, j in candidates(side_a, side_b, max_days, max_km):
        if b is None:
            i, j = i[i < j], j[i < j]
        km = haversine(side_a, side_b, i, j)
        near = ~(km > max_km)
        compared += int(near.sum())
        scored = scored_pairs(side_a, side_b, i[near], j[near], km[near], max_days, max_km, min_score)
        kept.append(scored[scored["score"] >= min_score])
    found = pd.concat(kept, ignore_index=True)
    found = found.drop_duplicates(["i", "j"])
    ids_a, ids_b = rows_a["incident_id"].iloc[found["i"]], rows_b["incident_id"].iloc[found["j"]]
    found["ids"] = [min(pair) + "\n" + max(pair) for pair in zip(ids_a, ids_b, strict=True)]  # whatever order rows have
    found = found.sort_values(["score", "km_apart", "ids"], ascending=[False, True, True], ignore_index=True)
    if b is None:
        ids = rows_a["incident_id"]
        found = found[~one_contains_other(ids.iloc[found["i"]], ids.iloc[found["j"]], a.table)]
    if match == "one_to_one":
        found = found[_best_only(found["i"].to_numpy(), found["j"].to_numpy(), one_table=b is None)]
    pairs = _in_words(found.reset_index(drop=True), rows_a, rows_b)
    return Duplicates(pairs=pairs, compared=compared, left_out=left)


def _taking_part(table: pd.DataFrame, details: str, max_span_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    detail = (table["part_of"] != "") & (details == "exclude")
    long = ((table["date_end"] - table["date_start"]).dt.days >= max_span_days) & ~detail
    left = [("details of another record", int(detail.sum())), (f"of more than {max_span_days} days", int(long.sum()))]
    return table[~detail & ~long], pd.DataFrame(left, columns=["reason", "records"])


def one_contains_other(ids: pd.Series, others: pd.Series, table: pd.DataFrame) -> np.ndarray:
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
